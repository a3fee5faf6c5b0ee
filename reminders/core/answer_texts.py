"""What we answer to a reply, by language and kind: sentences after the clinic's name, which is put before them.

Short, because several may stand in one text of two parts; kept to the GSM-7 alphabet like all texts; neutral on a lock
screen. Nothing here advises, reassures or interprets (requirement 46), nothing sounds as if all were arranged while a
ride is not (requirement 43), and no word is offered that a carrier acts on (requirement 38). A clinic writes its own
under `[clinic.templates.en]` by these keys.
"""

from __future__ import annotations

from collections.abc import Mapping

ANSWER_TEMPLATES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "answer_confirmed": "Thank you, we expect you {{when}}.",
        "answer_declined": "We read that you cannot come {{when}}. We will call you; until then nothing changes.",
        "answer_reschedule": "We will call you about another time. Until then your booking {{when}} stays.",
        "answer_late": "Thank you, we told the team. Call {{phone}} if you need us.",
        "answer_ride_noted": "Thank you, we noted your ride home.",
        "answer_ride_needed": "You still need a ride home with an adult. We will call you about it.",
        "answer_self_drive": "You must not drive home. An adult must take you; we will call you about it.",
        "answer_hired": "A hired car alone is not enough: an adult must go with you. We will call you about it.",
        "answer_symptom": "Our team will read this. To talk to us call {{phone}}; in an emergency call {{emergency}}.",
        "answer_score": "Thank you, we noted it. To talk to us call {{phone}}; in an emergency call {{emergency}}.",
        "answer_score_unclear": "Thank you. To note it right we need one number, from 0 (none) to 10 (worst).",
        "answer_question": "Our team will read your message. For a quick answer call {{phone}}.",
        "opt_out_confirmed": "You will get no more messages. Text START to get them again. Questions: {{phone}}.",
        "answer_help": "For help call {{phone}}. Text STOP to opt out. Message and data rates may apply.",
        "answer_moved": "Your session is now {{when}}. {{question}}",
        "answer_crisis": (
            "If you are in danger or very unwell call {{emergency}} now. To talk to somebody at any hour: "
            "{{crisis_line}}. We told our team. Clinic: {{phone}}."
        ),
    },
    "es": {
        "answer_confirmed": "Gracias, le esperamos {{when}}.",
        "answer_declined": "Leemos que no puede venir {{when}}. Le llamaremos; hasta entonces nada cambia.",
        "answer_reschedule": "Le llamaremos para buscar otra hora. Hasta entonces sigue su cita {{when}}.",
        "answer_late": "Gracias, avisamos al equipo. Llame al {{phone}} si nos necesita.",
        "answer_ride_noted": "Gracias, anotamos quien le lleva a casa.",
        "answer_ride_needed": "Falta un adulto que le lleve a casa. Le llamaremos por eso.",
        "answer_self_drive": "No puede conducir a casa. Un adulto debe llevarle; le llamaremos por eso.",
        "answer_hired": "Un coche contratado no basta: un adulto debe ir con usted. Le llamaremos por eso.",
        "answer_symptom": "Nuestro equipo lo leera. Para hablar llame al {{phone}}; en emergencia al {{emergency}}.",
        "answer_score": "Gracias, lo anotamos. Para hablar llame al {{phone}}; en una emergencia al {{emergency}}.",
        "answer_score_unclear": "Gracias. Para anotarlo bien, necesitamos un solo numero, de 0 (nada) a 10 (el peor).",
        "answer_question": "Nuestro equipo leera su mensaje. Para una respuesta pronta llame al {{phone}}.",
        "opt_out_confirmed": "No le mandaremos mas mensajes. Escriba START para recibirlos. Preguntas: {{phone}}.",
        "answer_help": "Para ayuda llame al {{phone}}. Escriba STOP para no recibir mas mensajes. Puede tener costo.",
        "answer_moved": "Su cita es ahora {{when}}. {{question}}",
        "answer_crisis": (
            "Si esta en peligro o muy mal llame ya al {{emergency}}. Para hablar con alguien a cualquier hora: "
            "{{crisis_line}}. Avisamos al equipo. Clinica: {{phone}}."
        ),
    },
}
ANSWER_KEYS = frozenset(ANSWER_TEMPLATES["en"])
ANSWER_VALUES = frozenset({"sender", "phone", "emergency", "crisis_line", "when", "question"})
"""What an answer may speak of: a clinic's own that asks for more is refused with its file."""
WITHOUT_A_TIME: Mapping[str, Mapping[str, str]] = {
    "en": {
        "answer_confirmed": "Thank you, we expect you.",
        "answer_declined": "We read that you cannot come. We will call you; until then nothing changes.",
        "answer_reschedule": "We will call you about another time. Until then nothing changes.",
    },
    "es": {
        "answer_confirmed": "Gracias, le esperamos.",
        "answer_declined": "Leemos que no puede venir. Le llamaremos; hasta entonces nada cambia.",
        "answer_reschedule": "Le llamaremos para buscar otra hora. Hasta entonces nada cambia.",
    },
}
"""The same where no one session can be named."""
ON_THE_PAGE: Mapping[str, Mapping[str, str]] = {
    "en": {
        "opt_out_confirmed": "You will get no more messages from us. To get them again or to ask us call {{phone}}.",
        "answer_help": "For help call {{phone}}.",
    },
    "es": {
        "opt_out_confirmed": "No le mandaremos más mensajes. Para recibirlos o preguntar llame al {{phone}}.",
        "answer_help": "Para ayuda llame al {{phone}}.",
    },
}
"""What a patient's page answers in the place of a text that asks to be texted back."""
