"""The product's own texts, by language and step: what a clinic gets until it writes its own.

Kept to characters of the GSM-7 alphabet (no á, í, ó, ú: they would double the price), neutral on a lock screen, and
asking only for the words C and R and for digits (requirement 38).
"""

from __future__ import annotations

from collections.abc import Mapping

WEEKDAYS: Mapping[str, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "es": ("lun", "mar", "mié", "jue", "vie", "sab", "dom"),
}
MONTHS: Mapping[str, tuple[str, ...]] = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}
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
        "check_in_link": "How are you since your session? We would like to hear: {{phone}}.",
    },
    "es": {
        "confirm": "Responda C para confirmar o R para cambiarla.",
        "confirm_link": "Confirme o cambie aqui: {{link}}",
        "ride": "¿Quién le lleva a casa? Responda con su nombre.",
        "ride_link": "Cuéntenos quién le lleva a casa: {{link}}",
        "check_in": "¿Cuanto dolor tiene ahora, de 0 (nada) a 10 (el peor)? Responda con un solo numero.",
        "check_in_link": "¿Como se siente desde su cita? Cuéntenos: {{phone}}.",
    },
}
TEMPLATES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "booked": "{{sender}}: your session is booked for {{when}}. Questions: {{phone}}. Text STOP to opt out.",
        "moved": (
            "{{sender}}: your session has moved to {{when}}. The earlier time no longer holds. Questions: {{phone}}."
        ),
        "cancelled": "{{sender}}: your session on {{when}} is cancelled. Questions: {{phone}}.",
        "prep_first": (
            "{{sender}}: your first session is {{when}}; please arrive at {{arrive_at}}. An adult must take you home. "
            "Ask us about your medicines: {{phone}}. Text STOP to opt out."
        ),
        "remind_confirm": "{{sender}}: your session is {{when}}. {{question}} Text STOP to opt out.",
        "ride_check": (
            "{{sender}}: after your session {{when}} an adult must take you home, at about {{pick_up_at}}. {{question}}"
        ),
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
        "outcome_7d": "{{sender}}: a week after your sessions: {{question}} Questions: {{phone}}.",
        "outcome_14d": "{{sender}}: two weeks after your sessions: {{question}} Questions: {{phone}}.",
        "rebook": "{{sender}}: it may be time to plan your next session. Please call {{phone}}.",
    },
    "es": {
        "booked": "{{sender}}: su cita es {{when}}. Preguntas: {{phone}}. Escriba STOP para no recibir mas mensajes.",
        "moved": "{{sender}}: su cita cambia a {{when}}. La hora anterior ya no vale. Preguntas: {{phone}}.",
        "cancelled": "{{sender}}: su cita de {{when}} queda cancelada. Preguntas: {{phone}}.",
        "prep_first": (
            "{{sender}}: su primera cita es {{when}}; llegue a las {{arrive_at}}. Un adulto debe llevarle a casa. "
            "Pregunte por sus medicinas: {{phone}}. Escriba STOP para no recibir mas mensajes."
        ),
        "remind_confirm": "{{sender}}: su cita es {{when}}. {{question}} Escriba STOP para no recibir mas mensajes.",
        "ride_check": (
            "{{sender}}: tras su cita {{when}} un adulto debe llevarle a casa, sobre las {{pick_up_at}}. {{question}}"
        ),
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
        "outcome_7d": "{{sender}}: una semana después de sus citas: {{question}} Preguntas: {{phone}}.",
        "outcome_14d": "{{sender}}: dos semanas después de sus citas: {{question}} Preguntas: {{phone}}.",
        "rebook": "{{sender}}: puede ser hora de planear su siguiente cita. Llame al {{phone}}.",
    },
}
HELP_ANSWERS: Mapping[str, str] = {
    "en": "{{sender}}: for help call {{phone}}. Text STOP to opt out. Message and data rates may apply.",
    "es": "{{sender}}: para ayuda llame al {{phone}}. Escriba STOP para no recibir mas mensajes. Puede tener costo.",
}
