"""The product's own texts, by language and step: what a clinic gets until it writes its own.

Kept to characters of the GSM-7 alphabet (no á, í, ó, ú: they would double the price), neutral on a lock screen, and
asking only for the words C and R and for digits (requirement 38). `TEMPLATES` are the usual texts; `SHORT_TEMPLATES`
are for clinics that write under the exemption from consent: at most 160 characters, each with who we are, whom to call
and how to stop (domain C1). Keys are the steps of a cadence; `…_late` replaces a notice when the solids fast has begun,
`…_last` when clear liquids are over too.
"""

from __future__ import annotations

from collections.abc import Mapping

from reminders.core.transport import RidePolicy

FALLBACK_LANGUAGE = "en"
WEEKDAYS: Mapping[str, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "es": ("lun", "mar", "mié", "jue", "vie", "sab", "dom"),
}
MONTHS: Mapping[str, tuple[str, ...]] = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}
MIDNIGHTS: Mapping[str, str] = {
    "en": "midnight ({before} to {day})",
    "es": "medianoche ({before} a {day})",
}
"""A midnight that nobody can take for the one before or after."""
SPANS: Mapping[str, str] = {
    "en": "{first} to {last}, {clock} each day",
    "es": "{first} a {last}, {clock} cada dia",
}
MORE: Mapping[str, str] = {"en": "{first} and {count} more", "es": "{first} y {count} mas"}
"""Several sessions where there is no room to name them."""
SUBJECTS: Mapping[str, str] = {
    "en": "A message from {{sender}}",
    "es": "Un mensaje de {{sender}}",
}
QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "confirm": "Reply C to confirm or R to change.",
        "confirm_link": "Confirm or change it here: {{link}}",
        "ride": "Who will take you home? Please reply with their name.",
        "ride_link": "Tell us about your ride here: {{link}}",
        "check_in": "How is your pain now, from 0 (none) to 10 (worst)? Reply with one number.",
        "check_in_link": "How is your pain now, from 0 (none) to 10 (worst)? Press one number here: {{link}}",
        "pick_up": "Reply C if you will be there, R if you cannot.",
        "pick_up_link": "Please tell us whether you will be there: {{phone}}.",
    },
    "es": {
        "confirm": "Responda C para confirmar o R para cambiarla.",
        "confirm_link": "Confirme o cambie aqui: {{link}}",
        "ride": "¿Quién le lleva a casa? Responda con su nombre.",
        "ride_link": "Cuéntenos quién le lleva a casa: {{link}}",
        "check_in": "¿Cuanto dolor tiene ahora, de 0 (nada) a 10 (el peor)? Responda con un solo numero.",
        "check_in_link": "¿Cuanto dolor tiene ahora, de 0 (nada) a 10 (el peor)? Pulse un numero aqui: {{link}}",
        "pick_up": "Responda C si va a venir, R si no puede.",
        "pick_up_link": "Cuéntenos si va a venir: {{phone}}.",
    },
}
ABOUT: Mapping[str, Mapping[str, str]] = {
    "en": {
        "confirm": "{{sessions}}: {{question}}",
        "ride": "{{sessions}}: {{question}}",
        "check_in": "After {{sessions}}: {{question}}",
        "pick_up": "{{sessions}}: {{question}}",
    },
    "es": {
        "confirm": "{{sessions}}: {{question}}",
        "ride": "{{sessions}}: {{question}}",
        "check_in": "Tras {{sessions}}: {{question}}",
        "pick_up": "{{sessions}}: {{question}}",
    },
}
"""A question about other sessions than its text's: "Reply C" under Wednesday's text must not confirm Friday unsaid."""
RIDE_RULES: Mapping[str, Mapping[RidePolicy, str]] = {
    "en": {
        RidePolicy.ADULT_PRESENT: "An adult must take you home",
        RidePolicy.ADULT_OR_ESCORTED_HIRE: "An adult must go home with you",
        RidePolicy.HIRE_OK: "You need a ride home",
    },
    "es": {
        RidePolicy.ADULT_PRESENT: "Un adulto debe llevarle a casa",
        RidePolicy.ADULT_OR_ESCORTED_HIRE: "Un adulto debe ir con usted a casa",
        RidePolicy.HIRE_OK: "Necesita transporte a casa",
    },
}
"""What a clinic wants of the ride home, as `{{ride_rule}}`: a sentence without its stop, so that a time may follow."""
BRIEF_RIDE_RULES: Mapping[str, Mapping[RidePolicy, str]] = {
    "en": {
        RidePolicy.ADULT_PRESENT: "Bring an adult",
        RidePolicy.ADULT_OR_ESCORTED_HIRE: "Bring an adult",
        RidePolicy.HIRE_OK: "Bring a ride",
    },
    "es": {
        RidePolicy.ADULT_PRESENT: "Con un adulto",
        RidePolicy.ADULT_OR_ESCORTED_HIRE: "Con un adulto",
        RidePolicy.HIRE_OK: "Con transporte",
    },
}
"""The same where there is hardly room, as `{{ride_brief}}`."""
TEMPLATES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "booked": "{{sender}}: your session is booked for {{when}}. Questions: {{phone}}. Text STOP to opt out.",
        "booked_late": (
            "{{sender}}: your session is booked for {{when}}. {{ride_rule}} at about {{pick_up_at}}. "
            "Clear liquids only, until {{liquids_until}}. If you have eaten since {{solids_until}} call us: {{phone}}. "
            "Text STOP to opt out."
        ),
        "booked_last": (
            "{{sender}}: your session is booked for {{when}}. {{ride_rule}} at about {{pick_up_at}}. "
            "If you have eaten since {{solids_until}} or had a drink since {{liquids_until}} call us: {{phone}}. "
            "Text STOP to opt out."
        ),
        "moved": (
            "{{sender}}: your session has moved to {{when}}. The earlier time no longer holds. Questions: {{phone}}."
        ),
        "moved_late": (
            "{{sender}}: your session has moved to {{when}}. {{ride_rule}} at about {{pick_up_at}}. "
            "Clear liquids only, until {{liquids_until}}. If you have eaten since {{solids_until}} call us: {{phone}}."
        ),
        "moved_last": (
            "{{sender}}: your session has moved to {{when}}. {{ride_rule}} at about {{pick_up_at}}. "
            "If you have eaten since {{solids_until}} or had a drink since {{liquids_until}} call us: {{phone}}."
        ),
        "cancelled": "{{sender}}: your session on {{when}} is cancelled. Questions: {{phone}}.",
        "prep_first": (
            "{{sender}}: your first session is {{when}}; please arrive at {{arrive_at}}. {{ride_rule}}. "
            "Ask us about your medicines: {{phone}}. Text STOP to opt out."
        ),
        "remind_confirm": "{{sender}}: your session is {{when}}. {{question}} Text STOP to opt out.",
        "ride_check": ("{{sender}}: your session is {{when}}. {{ride_rule}} at about {{pick_up_at}}. {{question}}"),
        "remind_final": (
            "{{sender}}: your session is {{when}}, please arrive at {{arrive_at}}. No food after {{solids_until}}, "
            "clear liquids until {{liquids_until}}. Bring your ride; no driving until {{drive_after}}. "
            "{{question}} Questions: {{phone}}."
        ),
        "day_of": (
            "{{sender}}: see you today at {{arrive_at}}. Bring your ride home. {{question}} Questions: {{phone}}."
        ),
        "checkin_evening": (
            "{{sender}}: we hope you are resting. No driving until {{drive_after}}. If you feel unwell call {{phone}}, "
            "in an emergency {{emergency}}."
        ),
        "checkin_24h": "{{sender}}: {{question}} If you feel unwell call {{phone}}, in an emergency {{emergency}}.",
        "checkin_72h": "{{sender}}: {{question}} If you feel unwell call {{phone}}, in an emergency {{emergency}}.",
        "checkin_nudge": (
            "{{sender}}: we would still like to hear from you. {{question}} If you feel unwell call {{phone}}, in an "
            "emergency {{emergency}}."
        ),
        "outcome_7d": "{{sender}}: a week after your sessions: {{question}} Questions: {{phone}}.",
        "outcome_14d": "{{sender}}: two weeks after your sessions: {{question}} Questions: {{phone}}.",
        "rebook": "{{sender}}: it may be time to plan your next session. Please call {{phone}}.",
        "ask_escort": (
            "{{sender}}: somebody you know would like you to take them home from an appointment on {{pick_up_at}}. "
            "May we text you about it, and will you be there? {{question}} Text STOP for no texts."
        ),
        "pick_up": (
            "{{sender}}: thank you for helping. Pick-up: about {{pick_up_at}}. Place: {{place}}. {{question}} "
            "Questions: {{phone}}. Text STOP to opt out."
        ),
        "pick_up_off": (
            "{{sender}}: thank you for helping. The pick-up {{pick_up_at}} is not needed any more. "
            "Questions: {{phone}}. Text STOP to opt out."
        ),
    },
    "es": {
        "booked": "{{sender}}: su cita es {{when}}. Preguntas: {{phone}}. Escriba STOP para no recibir mas mensajes.",
        "booked_late": (
            "{{sender}}: su cita es {{when}}. {{ride_rule}}, sobre las {{pick_up_at}}. Solo liquidos "
            "claros, hasta {{liquids_until}}. Si ha comido después de {{solids_until}} llame al {{phone}}. Escriba "
            "STOP para no recibir mas mensajes."
        ),
        "booked_last": (
            "{{sender}}: su cita es {{when}}. {{ride_rule}}, sobre las {{pick_up_at}}. Si ha comido "
            "después de {{solids_until}} o bebido después de {{liquids_until}} llame al {{phone}}. Escriba STOP para "
            "no recibir mas mensajes."
        ),
        "moved": "{{sender}}: su cita cambia a {{when}}. La hora anterior ya no vale. Preguntas: {{phone}}.",
        "moved_late": (
            "{{sender}}: su cita cambia a {{when}}. {{ride_rule}}, sobre las {{pick_up_at}}. Solo "
            "liquidos claros, hasta {{liquids_until}}. Si ha comido después de {{solids_until}} llame al {{phone}}."
        ),
        "moved_last": (
            "{{sender}}: su cita cambia a {{when}}. {{ride_rule}}, sobre las {{pick_up_at}}. Si ha "
            "comido después de {{solids_until}} o bebido después de {{liquids_until}} llame al {{phone}}."
        ),
        "cancelled": "{{sender}}: su cita de {{when}} queda cancelada. Preguntas: {{phone}}.",
        "prep_first": (
            "{{sender}}: su primera cita es {{when}}; llegue a las {{arrive_at}}. {{ride_rule}}. "
            "Pregunte por sus medicinas: {{phone}}. Escriba STOP para no recibir mas mensajes."
        ),
        "remind_confirm": "{{sender}}: su cita es {{when}}. {{question}} Escriba STOP para no recibir mas mensajes.",
        "ride_check": ("{{sender}}: su cita es {{when}}. {{ride_rule}}, sobre las {{pick_up_at}}. {{question}}"),
        "remind_final": (
            "{{sender}}: su cita es {{when}}, llegue a las {{arrive_at}}. No coma después de {{solids_until}}; "
            "liquidos claros hasta {{liquids_until}}. Venga con quien le lleve; no conduzca hasta {{drive_after}}. "
            "{{question}} Preguntas: {{phone}}."
        ),
        "day_of": (
            "{{sender}}: le esperamos hoy a las {{arrive_at}}. Venga con quien le lleve. {{question}} "
            "Preguntas: {{phone}}."
        ),
        "checkin_evening": (
            "{{sender}}: esperamos que descanse. No conduzca hasta {{drive_after}}. Si se siente mal llame al "
            "{{phone}}, en una emergencia al {{emergency}}."
        ),
        "checkin_24h": "{{sender}}: {{question}} Si se siente mal llame al {{phone}}, emergencias {{emergency}}.",
        "checkin_72h": "{{sender}}: {{question}} Si se siente mal llame al {{phone}}, emergencias {{emergency}}.",
        "checkin_nudge": (
            "{{sender}}: nos gustaria saber de usted. {{question}} Si se siente mal llame al {{phone}}, emergencias "
            "{{emergency}}."
        ),
        "outcome_7d": "{{sender}}: una semana después de sus citas: {{question}} Preguntas: {{phone}}.",
        "outcome_14d": "{{sender}}: dos semanas después de sus citas: {{question}} Preguntas: {{phone}}.",
        "rebook": "{{sender}}: puede ser hora de planear su siguiente cita. Llame al {{phone}}.",
        "ask_escort": (
            "{{sender}}: alguien que usted conoce quiere que le lleve a casa tras una cita el {{pick_up_at}}. ¿Podemos "
            "escribirle sobre esto, y va a venir? {{question}} Escriba STOP para no recibir mensajes."
        ),
        "pick_up": (
            "{{sender}}: gracias por ayudar. Recogida: sobre {{pick_up_at}}. Lugar: {{place}}. {{question}} "
            "Preguntas: {{phone}}. Escriba STOP para no recibir mas mensajes."
        ),
        "pick_up_off": (
            "{{sender}}: gracias por ayudar. La recogida {{pick_up_at}} ya no hace falta. Preguntas: {{phone}}. "
            "Escriba STOP para no recibir mas mensajes."
        ),
    },
}
SHORT_QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "confirm": "Reply C to confirm, R to change.",
        "ride": "Who takes you home? Reply a name.",
        "check_in": "Pain now, 0 (none) to 10 (worst)? Reply a number.",
        "pick_up": "Reply C if you come, R if not.",
    },
    "es": {
        "confirm": "Responda C: confirmar, R: cambiar.",
        "ride": "¿Quién le lleva a casa? Responda.",
        "check_in": "¿Dolor ahora, de 0 (nada) a 10 (peor)? Responda.",
        "pick_up": "Responda C si viene, R si no.",
    },
}
SHORT_TEMPLATES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "booked": "{{sender}}: session booked {{when}}. {{question}} Call {{phone}}. STOP to end",
        "booked_late": (
            "{{sender}}: {{when}}. {{ride_brief}}. Clear liquids to {{liquids_until}}. {{question}} Ate today? Call "
            "{{phone}}. STOP to end"
        ),
        "booked_last": (
            "{{sender}}: {{when}}. {{ride_rule}}. {{question}} Ate or drank today? Call {{phone}}. STOP to end"
        ),
        "moved": "{{sender}}: session moved to {{when}}. {{question}} Call {{phone}}. STOP to end",
        "moved_late": (
            "{{sender}}: now {{when}}. {{ride_brief}}. Clear liquids to {{liquids_until}}. {{question}} Ate today? "
            "Call {{phone}}. STOP to end"
        ),
        "moved_last": (
            "{{sender}}: moved to {{when}}. {{ride_rule}}. {{question}} Ate or drank today? Call {{phone}}. STOP to end"
        ),
        "cancelled": "{{sender}}: session {{when}} is cancelled. {{question}} Call {{phone}}. STOP to end",
        "prep_first": (
            "{{sender}}: first session {{when}}. {{ride_rule}}. {{question}} Medicines? Ask us: {{phone}}. STOP to end"
        ),
        "remind_confirm": "{{sender}}: session {{when}}. {{question}} Call {{phone}}. STOP to end",
        "ride_check": ("{{sender}}: {{when}}. {{ride_rule}}. {{question}} Call {{phone}}. STOP to end"),
        "remind_final": (
            "{{sender}}: {{when}}. No food after {{solids_until}}, clear liquids to {{liquids_until}}. Bring a ride. "
            "{{question}} {{phone}}. STOP to end"
        ),
        "day_of": "{{sender}}: see you today {{arrive_at}}. Bring a ride. {{question}} Call {{phone}}. STOP to end",
        "checkin_evening": (
            "{{sender}}: no driving until {{drive_after}}. {{question}} Unwell? Call {{phone}}, emergency "
            "{{emergency}}. STOP to end"
        ),
        "checkin_24h": "{{sender}}: {{question}} Unwell? {{phone}}, emergency {{emergency}}. STOP to end",
        "checkin_72h": "{{sender}}: {{question}} Unwell? {{phone}}, emergency {{emergency}}. STOP to end",
        "checkin_nudge": "{{sender}}: {{question}} Unwell? {{phone}}, emergency {{emergency}}. STOP to end",
        "outcome_7d": "{{sender}}: a week on. {{question}} Call {{phone}}. STOP to end",
        "outcome_14d": "{{sender}}: two weeks on. {{question}} Call {{phone}}. STOP to end",
        "rebook": "{{sender}}: time to plan your next session? {{question}} Call {{phone}}. STOP to end",
    },
    "es": {
        "booked": "{{sender}}: su cita es {{when}}. {{question}} Tel. {{phone}}. STOP para baja",
        "booked_late": (
            "{{sender}}: {{when}}. {{ride_brief}}. Liquidos claros hasta {{liquids_until}}. {{question}} "
            "¿Ha comido? Llame {{phone}}. STOP para baja"
        ),
        "booked_last": (
            "{{sender}}: {{when}}. {{ride_brief}}. {{question}} ¿Ha comido o bebido? Llame {{phone}}. STOP para baja"
        ),
        "moved": "{{sender}}: su cita cambia a {{when}}. {{question}} Tel. {{phone}}. STOP para baja",
        "moved_late": (
            "{{sender}}: cambia a {{when}}. {{ride_brief}}. Liquidos claros hasta {{liquids_until}}. {{question}} "
            "¿Ha comido? Llame {{phone}}. STOP para baja"
        ),
        "moved_last": (
            "{{sender}}: cambia a {{when}}. {{ride_brief}}. {{question}} ¿Ha comido o bebido? Llame "
            "{{phone}}. STOP para baja"
        ),
        "cancelled": "{{sender}}: su cita {{when}} queda cancelada. {{question}} Tel. {{phone}}. STOP para baja",
        "prep_first": (
            "{{sender}}: primera cita {{when}}. {{ride_brief}}. {{question}} ¿Medicinas? Llame {{phone}}. "
            "STOP para baja"
        ),
        "remind_confirm": "{{sender}}: cita {{when}}. {{question}} Tel. {{phone}}. STOP para baja",
        "ride_check": "{{sender}}: {{when}}. {{ride_brief}}. {{question}} Tel. {{phone}}. STOP para baja",
        "remind_final": (
            "{{sender}}: {{when}}. No coma tras {{solids_until}}; liquidos claros hasta {{liquids_until}}. "
            "{{ride_brief}}. {{question}} {{phone}}. STOP para baja"
        ),
        "day_of": "{{sender}}: hoy a las {{arrive_at}}. {{ride_brief}}. {{question}} Tel. {{phone}}. STOP para baja",
        "checkin_evening": (
            "{{sender}}: no conduzca hasta {{drive_after}}. {{question}} ¿Se siente mal? Llame {{phone}}, emergencia "
            "{{emergency}}. STOP para baja"
        ),
        "checkin_24h": "{{sender}}: {{question}} ¿Se siente mal? {{phone}}, emergencia {{emergency}}. STOP para baja",
        "checkin_72h": "{{sender}}: {{question}} ¿Se siente mal? {{phone}}, emergencia {{emergency}}. STOP para baja",
        "checkin_nudge": "{{sender}}: {{question}} ¿Se siente mal? {{phone}}, emergencia {{emergency}}. STOP para baja",
        "outcome_7d": "{{sender}}: una semana después. {{question}} Tel. {{phone}}. STOP para baja",
        "outcome_14d": "{{sender}}: dos semanas después. {{question}} Tel. {{phone}}. STOP para baja",
        "rebook": "{{sender}}: ¿hora de otra cita? {{question}} Tel. {{phone}}. STOP para baja",
    },
}
