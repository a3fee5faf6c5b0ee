"""What the patient's pages say, in each language we write texts in. Nothing here is clinical (requirement 49)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageWords:
    """The words of the page of one visit."""

    title: str
    when: str
    arrive: str
    going_home: str
    place: str
    is_confirmed: str
    confirm: str
    confirm_after_all: str
    change: str
    change_wanted: str
    ride_title: str
    ride_text: str
    ride: str
    has_ride: str
    need_ride: str
    ride_wanted: str
    press_again: str
    questions: str


PAGE: Mapping[str, PageWords] = {
    "en": PageWords(
        title="Your session",
        when="When",
        arrive="Please arrive at",
        going_home="Going home at about",
        place="Where",
        is_confirmed="You confirmed this time.",
        confirm="Confirm",
        confirm_after_all="I can come at this time after all",
        change="I need another time",
        change_wanted="You asked for another time. We will call you; until then this time stays yours.",
        ride_title="Your ride home",
        ride_text="Please do not drive yourself.",
        ride="My ride is arranged",
        has_ride="Your ride is arranged.",
        need_ride="I have no ride",
        ride_wanted="You have no ride yet. We will call you about it.",
        press_again="That did not reach us. Please press the button once more, or call us.",
        questions="Questions? Please call",
    ),
    "es": PageWords(
        title="Su cita",
        when="Cuándo",
        arrive="Llegue a las",
        going_home="Vuelta a casa sobre las",
        place="Dónde",
        is_confirmed="Ha confirmado esta hora.",
        confirm="Confirmar",
        confirm_after_all="Al final puedo venir a esta hora",
        change="Necesito otra hora",
        change_wanted="Ha pedido otra hora. Le llamaremos; hasta entonces esta hora sigue siendo suya.",
        ride_title="Su vuelta a casa",
        ride_text="Por favor, no conduzca usted.",
        ride="Ya tengo quien me lleve",
        has_ride="Ya tiene quien le lleve.",
        need_ride="No tengo quien me lleve",
        ride_wanted="Todavía no tiene quien le lleve. Le llamaremos por ello.",
        press_again="No nos ha llegado. Pulse el botón otra vez o llámenos, por favor.",
        questions="¿Preguntas? Llame al",
    ),
}


@dataclass(frozen=True, slots=True)
class CheckInWords:
    """The words of the page of one check-in; `ends` say what the least and the greatest number mean."""

    title: str
    about: str
    question: str
    ends: Mapping[int, str]
    thanks: str
    answered: str
    unwell: str
    emergency: str
    press_again: str


CHECK_IN: Mapping[str, CheckInWords] = {
    "en": CheckInWords(
        title="How are you?",
        about="After your session on",
        question="How is your pain now?",
        ends={0: "none", 10: "worst"},
        thanks="Thank you, we have your answer.",
        answered="You pressed",
        unwell="If you feel unwell call",
        emergency="in an emergency",
        press_again=PAGE["en"].press_again,
    ),
    "es": CheckInWords(
        title="¿Cómo está?",
        about="Tras su cita de",
        question="¿Cuánto dolor tiene ahora?",
        ends={0: "nada", 10: "el peor"},
        thanks="Gracias, tenemos su respuesta.",
        answered="Ha pulsado",
        unwell="Si se siente mal llame al",
        emergency="en una emergencia al",
        press_again=PAGE["es"].press_again,
    ),
}
