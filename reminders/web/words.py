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
    wishes: str
    days: str
    weekdays: tuple[str, ...]
    parts_of_day: str
    parts: Mapping[str, str]
    own_words: str
    ask: str
    too_long: str
    calendar: str
    moved: str
    moved_text: str
    ride_title: str
    ride_text: str
    ride: str
    ride_any: str
    has_ride: str
    need_ride: str
    hired: str
    ride_wanted: str
    hired_wanted: str
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
        wishes="When would suit you? Tick what you like, or nothing.",
        days="Days",
        weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
        parts_of_day="Time of day",
        parts={"morning": "Morning", "midday": "Around noon", "afternoon": "Afternoon"},
        own_words="In your own words, days and times only",
        ask="Ask for another time",
        too_long="That is too long: at most 200 letters, please. Nothing was sent yet.",
        calendar="Add to my calendar",
        moved="Your session was moved",
        moved_text="It is now at this time. The earlier one no longer holds.",
        ride_title="Your ride home",
        ride_text="Please do not drive yourself.",
        ride="An adult I know takes me home",
        ride_any="My ride is arranged",
        has_ride="Your ride is arranged.",
        need_ride="I need help with a ride",
        hired="I take a taxi or a hired car",
        ride_wanted="You have no ride yet. We will call you about it.",
        hired_wanted="A hired car alone is not enough here. We will call you about your ride.",
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
        wishes="¿Cuándo le viene bien? Marque lo que quiera, o nada.",
        days="Días",
        weekdays=("Lunes", "Martes", "Miércoles", "Jueves", "Viernes"),
        parts_of_day="Hora del día",
        parts={"morning": "Por la mañana", "midday": "Hacia mediodía", "afternoon": "Por la tarde"},
        own_words="Con sus palabras, solo días y horas",
        ask="Pedir otra hora",
        too_long="Es demasiado largo: 200 letras como mucho, por favor. Aún no se ha enviado nada.",
        calendar="Añadir a mi calendario",
        moved="Su cita ha cambiado",
        moved_text="Ahora es a esta hora. La anterior ya no vale.",
        ride_title="Su vuelta a casa",
        ride_text="Por favor, no conduzca usted.",
        ride="Me lleva a casa un adulto que conozco",
        ride_any="Ya tengo quien me lleve",
        has_ride="Ya tiene quien le lleve.",
        need_ride="Necesito ayuda para volver a casa",
        hired="Tomo un taxi o un coche de alquiler",
        ride_wanted="Todavía no tiene quien le lleve. Le llamaremos por ello.",
        hired_wanted="Aquí no basta con un coche de alquiler. Le llamaremos por su vuelta a casa.",
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
