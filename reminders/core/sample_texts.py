"""Texts of a clinic as a patient nobody is would read them: what those who write texts look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from uuid import UUID

from reminders.core.answer_texts import ANSWER_KEYS, ANSWER_TEMPLATES
from reminders.core.appointments import Appointment, AppointmentStatus, Booking
from reminders.core.cadences import QuestionKind, Step
from reminders.core.clinics import Clinic
from reminders.core.content import OF_A_TIME, Question, clinic_values, compose, language_of, render
from reminders.core.conversation.answers import AnswerKind, write_answer
from reminders.core.ids import AppointmentId, PatientId
from reminders.core.patients import Channel, Patient, PatientRecord, Recipient
from reminders.core.plan_words import EVERY_KIND, cadences_of
from reminders.core.segments import TextSize, measure
from reminders.core.text_sizes import ASKS_AGAIN
from reminders.core.texts import TEMPLATES
from reminders.core.windows import from_local, local_day

DAY = timedelta(days=1)
AT = time(10, 30)
LENGTH = timedelta(hours=1)
SAMPLE_ID = UUID(int=0)
VARIANTS: Mapping[str, str] = {
    "": "in time",
    "_late": "when the fast has begun",
    "_last": "when clear liquids are over too",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A text as it would arrive, and what it costs."""

    body: str
    size: TextSize


def text_keys(step: str) -> list[str]:
    """Return the keys of a step's texts."""
    return [f"{step}{ending}" for ending in VARIANTS] if step in OF_A_TIME else [step]


def text_steps(clinic: Clinic) -> dict[str, tuple[str, Step]]:
    """Return every text of a clinic's plan by its key, with a kind of session that has its step."""
    found: dict[str, tuple[str, Step]] = {}
    for kind, step in _steps(clinic):
        for key in text_keys(step.key):
            found.setdefault(key, (kind, step))
    return found


def _steps(clinic: Clinic) -> Iterator[tuple[str, Step]]:
    for kind, cadence in cadences_of(clinic).items():
        for step in cadence.steps:
            yield kind, step
            if step.key == "checkin_72h":
                yield kind, ASKS_AGAIN


def languages_of(step: Step, clinic: Clinic) -> list[str]:
    """Return the languages in which a step is told, the clinic's own first; an escort's we do not know."""
    every = every_language(clinic)
    return every[:1] if step.recipient is Recipient.ESCORT else every


def text_of(clinic: Clinic, key: str, language: str) -> str:
    """Return the words of a text as they are written: the clinic's own, else the product's."""
    own = clinic.templates.get(language, {}).get(key)
    ours = ANSWER_TEMPLATES if key in ANSWER_KEYS else TEMPLATES
    return own if own is not None else ours[language].get(key, "")


def sample_answer(clinic: Clinic, key: str, language: str, *, now: datetime) -> Sample:
    """Return an automatic answer as a patient with a session in a few days would read it. Raises ContentError."""
    kind = next(kind for kind in AnswerKind if kind.key == key)
    asks = QuestionKind.CONFIRM if kind is AnswerKind.MOVED else None
    body, _ = write_answer(clinic, [kind], language=language, about={kind: [_session("", clinic, now)]}, asks=asks)
    return Sample(body, measure(body))


def sample_snippet(clinic: Clinic, text: str) -> Sample:
    """Return a text for staff to answer with as it would arrive. Raises ContentError."""
    body = render(text, clinic_values(clinic))
    return Sample(body, measure(body))


def every_language(clinic: Clinic) -> list[str]:
    """Return the languages in which we write, the clinic's own first."""
    home = language_of(clinic.language)
    return [home, *(language for language in TEMPLATES if language != home)]


def with_text(clinic: Clinic, key: str, language: str, text: str) -> Clinic:
    """Return a clinic with another text; an empty one gives the product's own back."""
    texts = {name: words for name, words in clinic.templates.get(language, {}).items() if name != key}
    mine = {**texts, key: text} if text else texts
    return replace(clinic, templates={**clinic.templates, language: mine})


def sample(clinic: Clinic, key: str, language: str, *, now: datetime) -> Sample:
    """Return a text as a patient with a session in a few days would read it. Raises ContentError, KeyError."""
    kind, step = text_steps(clinic)[key]
    session = _session("" if kind == EVERY_KIND else kind, clinic, now)
    question = Question(step.asks, (session,)) if step.asks else None
    told_at = _told_at(key, session, clinic)
    words = compose(
        step.key, [session], clinic, _patient(language), channel=Channel.SMS, now=told_at, question=question
    )
    return Sample(words.body, measure(words.body))


def _told_at(key: str, session: Appointment, clinic: Clinic) -> datetime:
    """Return when this text is the one: a notice says another thing once the fast has begun."""
    cadence = clinic.cadence(session.booking.appointment_type)
    if key.endswith("_late"):
        return session.starts_at - cadence.solids_fast
    return session.starts_at if key.endswith("_last") else session.starts_at - 3 * DAY


def _session(kind: str, clinic: Clinic, now: datetime) -> Appointment:
    on = local_day(now, clinic.tz) + 3 * DAY
    start = from_local(datetime.combine(on, AT), clinic.tz)
    booking = Booking(start, clinic.timezone, LENGTH, kind, AppointmentStatus.BOOKED)
    return Appointment(AppointmentId(SAMPLE_ID), "", PatientId(SAMPLE_ID), booking, version=1, versioned_at=now)


def _patient(language: str) -> Patient:
    record = PatientRecord(
        external_id="",
        name="",
        phone=None,
        email=None,
        language=language,
        timezone=None,
        has_sms_consent=True,
        has_email_consent=True,
    )
    return Patient(PatientId(SAMPLE_ID), record)
