"""Words that several patients share are the very ones that each would have got alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from reminders.core.appointments import Appointment
from reminders.core.cadences import DEFAULT_STEPS, QuestionKind, Step
from reminders.core.content import Question, compose
from reminders.core.patients import NO_OVERRIDE, Addressee, Channel, Override
from reminders.core.segments import measure
from reminders.core.wordings import Wordings
from tests.builders import NOON, a_booking, a_clinic, a_patient, a_record, an_appointment

STARTS_AT = NOON + timedelta(days=14)
LINK = "https://reminders.example/r/x"
SESSIONS = (
    an_appointment(STARTS_AT),
    an_appointment(STARTS_AT + timedelta(hours=1)),
    an_appointment(STARTS_AT, duration=timedelta(minutes=120)),
    replace(an_appointment(), booking=a_booking(STARTS_AT, timezone="America/Denver")),
    an_appointment(STARTS_AT, ended_at=STARTS_AT + timedelta(minutes=75)),
    an_appointment(STARTS_AT, appointment_type="other"),
)
"""Each says something else in at least one text."""


def an_addressee(number: int, *, language: str = "en", override: Override = NO_OVERRIDE) -> Addressee:
    patient = a_patient(a_record(external_id=f"P{number}"))
    return Addressee(patient.id, f"+1202555{number:04d}", None, language, None, override)


def about(sessions: Sequence[Appointment], kind: QuestionKind | None, link: str = "") -> Question | None:
    return None if kind is None else Question(kind, tuple(sessions), link)


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("step", DEFAULT_STEPS, ids=lambda step: step.key)
@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=13, hours=20)])
def test_each_gets_what_it_would_get_alone(channel: Channel, step: Step, late: timedelta) -> None:
    clinic, key, asks = a_clinic(), step.key, step.asks
    wordings = Wordings(clinic, NOON + late)
    for number, session in enumerate([*SESSIONS, *SESSIONS]):
        for language in ("en", "es"):
            sessions, patient = [replace(session)], an_addressee(number, language=language)
            question = about(sessions, asks, LINK if channel is Channel.EMAIL else "")
            words, segments = wordings.of(key, sessions, patient, channel=channel, question=question)
            alone = compose(key, sessions, clinic, patient, channel=channel, now=NOON + late, question=question)
            assert words == alone
            assert segments == (measure(alone.body).segments if channel is Channel.SMS else 0)


def test_what_is_alike_is_put_together_once() -> None:
    wordings = Wordings(a_clinic(), NOON)

    def told(number: int, kind: QuestionKind | None = QuestionKind.CONFIRM) -> object:
        sessions = [an_appointment(STARTS_AT, external_id=f"A{number}")]
        patient, question = an_addressee(number), about(sessions, kind)
        return wordings.of("remind_confirm", sessions, patient, channel=Channel.SMS, question=question)

    assert told(1) is told(2)
    assert told(1, None) is told(2, None) is not told(1)


def test_what_is_one_patients_own_is_shared_with_nobody() -> None:
    wordings, sessions = Wordings(a_clinic(), NOON), [an_appointment(STARTS_AT)]
    early = Override(distances={"arrive_early": timedelta(hours=2)})
    other = an_appointment(STARTS_AT + timedelta(days=1), external_id="A2")

    def body(patient: Addressee, question: Question | None = None, step: str = "remind_final") -> str:
        return wordings.of(step, sessions, patient, channel=Channel.SMS, question=question).words.body

    assert body(an_addressee(1)) == body(an_addressee(2)) != body(an_addressee(1, override=early))
    asked = [body(an_addressee(1), about(some, QuestionKind.CONFIRM), "remind_confirm") for some in (sessions, [other])]
    assert asked[0] != asked[1]
    links = [body(an_addressee(1), about(sessions, QuestionKind.CONFIRM, f"{LINK}{n}"), "booked") for n in (1, 2)]
    assert links[0] != links[1]
