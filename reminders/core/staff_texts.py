"""Texts to staff's own phones and mailboxes: nothing clinical, no names, in GSM-7, in the clinic's language.

Who reads along on a lock screen learns that somebody is on call, and nothing else (requirements 49 and 50).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reminders.core.clinics import Clinic
from reminders.core.content import language_of, render
from reminders.core.patients import Channel

NOTICE, TAKEN, CODES = "alert", "alert_taken", "alert_codes"
"""The kinds of message that staff get."""
CALLS: Mapping[str, Mapping[bool, str]] = {
    "en": {
        True: "{{sender}}: a patient needs you now. Open the worklist.",
        False: "{{sender}}: a patient needs you now, and no text can go to them. Open the worklist and phone.",
    },
    "es": {
        True: "{{sender}}: un paciente le necesita ahora. Abra la lista de tareas.",
        False: (
            "{{sender}}: un paciente le necesita ahora y no se le puede escribir. Abra la lista de tareas y llame."
        ),
    },
}
"""By whether the patient was sent the emergency numbers."""
WAYS: Mapping[str, Mapping[Channel, str]] = {
    "en": {
        Channel.SMS: "Reply {{code}} to take it over.",
        Channel.EMAIL: "Code {{code}}. Take it over here: {{link}}",
    },
    "es": {
        Channel.SMS: "Responda {{code}} para hacerse cargo.",
        Channel.EMAIL: "Código {{code}}. Hágase cargo aquí: {{link}}",
    },
}
SUBJECTS: Mapping[str, str] = {
    "en": "{{sender}}: a patient needs you now",
    "es": "{{sender}}: un paciente le necesita ahora",
}
TAKEN_OVER: Mapping[str, str] = {
    "en": "{{sender}}: {{code}} is taken over. Nothing more is sent about it.",
    "es": "{{sender}}: alguien se hizo cargo de {{code}}. No hace falta nada mas.",
}
OPEN_CODES: Mapping[str, tuple[str, str]] = {
    "en": (
        "{{sender}}: nobody reads texts to this number. Open now: {{codes}}. Reply one of them to take it over.",
        "{{sender}}: nobody reads texts to this number, and nothing is open for you. Please phone {{phone}}.",
    ),
    "es": (
        "{{sender}}: nadie lee los mensajes a este numero. Abierto ahora: {{codes}}. Responda uno para hacerse cargo.",
        "{{sender}}: nadie lee los mensajes a este numero y no hay nada abierto. Llame al {{phone}}.",
    ),
}


def notice(clinic: Clinic, channel: Channel, code: str, *, is_patient_told: bool, link: str) -> tuple[str, str]:
    """Return subject and body of the notice that calls somebody; the link is for e-mail, which nobody can answer."""
    language = language_of(clinic.language)
    values = {"sender": clinic.sender, "code": code, "link": link}
    body = f"{CALLS[language][is_patient_told]} {WAYS[language][channel]}"
    return render(SUBJECTS[language], values), render(body, values)


def taken_over(clinic: Clinic, code: str) -> tuple[str, str]:
    """Return subject and body of what those hear who were called, once somebody took over."""
    language = language_of(clinic.language)
    body = render(TAKEN_OVER[language], {"sender": clinic.sender, "code": code})
    return body.rstrip("."), body


def open_codes(clinic: Clinic, codes: Sequence[str]) -> str:
    """Return the answer to a text from staff that takes nothing over: what is open, or whom to phone."""
    some, none = OPEN_CODES[language_of(clinic.language)]
    values = {"sender": clinic.sender, "phone": clinic.phone, "codes": ", ".join(codes)}
    return render(some if codes else none, values)
