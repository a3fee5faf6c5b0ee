"""Words that no text and no sender may hold (requirements 38 and 49), in English and Spanish.

Sources: a text names no drug, diagnosis, specialty or treatment (45 CFR 164.502(b), minimum necessary, as read by
VEText and the consultants of domain C5); carriers refuse campaigns that name a controlled substance, for good (Twilio
error 30941, domain C4); carriers take the words of `CARRIER_WORDS` for an opt-out or an opt-in of their own (Twilio's
default keywords, domain C3). The lists are ours, made for clinics that infuse ketamine for pain and mood.

Written without accents and in small letters. `*` stands for any ending; a space may also be a hyphen.
"""

from __future__ import annotations

from collections.abc import Mapping

BANNED: Mapping[str, tuple[str, ...]] = {
    "drug": (
        *(
            "ketamin*",
            "esketamin*",
            "spravato",
            "ketalar",
            "ketanest",
            "special k",
            "lidocain*",
            "midazolam",
            "propofol",
        ),
        *("magnesi*", "zofran", "ondansetron", "opioid*", "opiat*", "opiace*", "benzodiaz*", "buprenorphin*"),
        *("buprenorfin*", "suboxone", "methadon*", "metadona", "fentan*", "psilocybin*", "psilocibin*", "psychedelic*"),
        *("psicodelic*", "controlled substance*", "sustancia controlada", "narcotic*", "anesthetic*", "anestesico*"),
    ),
    "diagnosis": (
        *("depress*", "depres*", "deprim*", "anxiety", "ansiedad", "ptsd", "tept", "post traumatic*", "posttraumatic*"),
        *("postraumatic*", "bipolar*", "ocd", "obsessive*", "obsesiv*", "suicid*", "schizo*", "esquizo*", "psychos*"),
        *("psicosis", "chronic pain", "dolor cronico", "nerve pain", "neuropath*", "neuropat*", "crps", "sdrc"),
        *("fibromyalgi*", "fibromialgi*", "migraine*", "migrana*", "addict*", "adicc*", "adicto*", "alcoholi*"),
        *("diagnos*", "cancer", "mental illness", "enfermedad mental"),
    ),
    "specialty": (
        *("psychiatr*", "psiquiatr*", "psycholog*", "psicolog*", "anesthesi*", "anaesthesi*", "anestesi*"),
        *("mental health", "salud mental", "behavioral health", "behavioural health", "salud conductual"),
        *("pain clinic*", "pain center*", "pain centre*", "pain management", "pain medicine", "pain relief"),
        *("clinica del dolor", "clinica de dolor", "centro del dolor", "unidad del dolor", "manejo del dolor"),
        *("neurolog*", "oncolog*", "rehab*", "detox*", "desintoxicacion"),
    ),
    "treatment": (
        *("infusion*", "infuse*", "infundir", "iv therapy", "iv drip", "drip", "suero", "inject*", "inyec*", "sedat*"),
        *("sedacion", "nerve block*", "bloqueo nervioso", "treatment*", "tratamiento*", "therap*", "terapi*", "tms"),
        *("electroconvuls*", "booster infusion*", "microdos*"),
    ),
}
TO_A_THIRD = (
    *("session*", "sesion*", "infusion*", "treatment*", "tratamiento*", "therap*", "terapia*", "terapeut*"),
    *("procedure*", "procedimiento*", "patient*", "paciente*", "recover*", "recupera*"),
)
"""What a text to whoever fetches somebody may not say beside all that: it tells of an appointment, and no more."""
IN_A_SENDER = ("pain", "dolor", "mood", "keta*", "drug*", "droga*")
"""What a question may speak of ("How is your pain now?"), but not the name above every text on a lock screen."""
CARRIER_WORDS = ("yes", "y", "si", "no", "n", "cancel", "end", "quit")
"""STOP, START and HELP are theirs too, and may be named: they do what they say."""
