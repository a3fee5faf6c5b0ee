"""A thread: everything about one phone that decides what a text from it can mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from reminders.core.appointments import Appointment
from reminders.core.cadences import QuestionKind
from reminders.core.consent import Source
from reminders.core.ids import AppointmentId, PatientId
from reminders.core.transport import RidePolicy
from reminders.core.windows import local_day

SESSION_LASTS = timedelta(hours=16)
"""How long after its start a session counts as this day's, where midnight comes sooner."""


class Way(StrEnum):
    """How a patient's words came: by text, or by the line for them on the patient's own page."""

    SMS = "sms"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """What one message asked and nobody answered, about which versions of which appointments.

    One question may be about several: the days of a run, or all sessions that one text names. `id` is that of its
    first row.
    """

    kind: QuestionKind
    about: tuple[tuple[AppointmentId, int], ...]
    id: UUID | None = None
    patient_id: PatientId | None = None

    @property
    def appointment_ids(self) -> frozenset[AppointmentId]:
        """The appointments it is about, whatever their version is by now."""
        return frozenset(key for key, _ in self.about)


@dataclass(frozen=True, slots=True)
class Thread:
    """What a reply falls into. `patients` are all whom this phone may belong to; none means that we do not know it.

    `upcoming` are their appointments that are booked and start after now, `past` those that began in the last weeks,
    newest first. `last` is what the newest message asked that is still open, one question of each kind; `older` the
    same of the messages before it, newest first. `policies` says which ride home each appointment needs.
    """

    patients: tuple[PatientId, ...] = ()
    upcoming: tuple[Appointment, ...] = ()
    past: tuple[Appointment, ...] = ()
    last: tuple[OpenQuestion, ...] = ()
    older: tuple[tuple[OpenQuestion, ...], ...] = ()
    is_person_last: bool = False
    """Whether staff wrote last, in their own words: then a bare yes or number may answer them, and nothing we asked."""
    unheard: frozenset[AppointmentId] = frozenset()
    """Visits of whose present time the patient does not know: what they last heard of them was another."""
    policies: Mapping[AppointmentId, RidePolicy] = field(default_factory=dict)
    language: str = "en"
    is_opted_out: bool = False
    opted_out_by: Source | None = None
    has_stopped_since: bool = False
    """Whether a later text opted out, and was read before this one."""
    is_toll_free: bool = False
    """Whether our own number is one from which YES subscribes nobody (requirement 36)."""
    answers_last_hour: int = 0
    """Automatic answers to this phone."""
    provider_answers_keywords: bool = False
    """Whether the provider replies to HELP and STOP by itself."""
    is_crisis_told: bool = False
    """Whether the text with emergency numbers went out for what is still open with staff."""
    is_score_asked_again: bool = False
    """Whether we asked once more for a single number since the open check-in."""
    is_page: bool = False
    """Whether this was written on the patient's own page: the answer stands there, and no text carries it."""
    takes_idioms_seriously: bool = False
    """Whether this clinic wants to hear at once of "this pain is killing me"."""

    @property
    def is_shared(self) -> bool:
        """Say whether more than one patient of this phone is expected to answer: then no word tells who wrote."""
        asked = {item.patient_id for item in self.questions if item.patient_id is not None}
        return len({item.patient_id for item in self.upcoming} | asked) > 1

    @property
    def questions(self) -> tuple[OpenQuestion, ...]:
        """All that is open, newest first."""
        return self.last + tuple(item for items in self.older for item in items)

    def question(self, kind: QuestionKind) -> OpenQuestion | None:
        """Return the newest open question of a kind."""
        return next((item for item in self.questions if item.kind is kind), None)

    def current(self, question: OpenQuestion) -> list[Appointment]:
        """Return what a question is about and that did not move since."""
        return [item for item in self.upcoming if (item.id, item.version) in question.about]

    def moved(self, question: OpenQuestion) -> list[Appointment]:
        """Return what a question was about and that is now booked for another time."""
        same = {item.id for item in self.current(question)}
        return [item for item in self.upcoming if item.id in question.appointment_ids and item.id not in same]

    def soon(self, now: datetime, within: timedelta) -> list[Appointment]:
        """Return what starts within a span from now."""
        return [item for item in self.upcoming if item.starts_at <= now + within]

    def today(self, now: datetime) -> Appointment | None:
        """Return the session of this day: to come, under way, or over since a few hours; None on other days.

        Its own calendar day, in the zone of its place, and in the night after it until `SESSION_LASTS` has passed.
        """
        return next((item for item in (*self.past, *self.upcoming) if _is_of_the_day(item, now)), None)

    @property
    def owner(self) -> PatientId | None:
        """Return who wrote, where that is sure."""
        if self.is_shared:
            return None
        expected = {item.patient_id for item in self.upcoming} | {item.patient_id for item in self.questions}
        known = expected - {None}
        return next(iter(known)) if len(known) == 1 else self._only

    @property
    def _only(self) -> PatientId | None:
        return self.patients[0] if len(self.patients) == 1 else None


def _is_of_the_day(item: Appointment, now: datetime) -> bool:
    if item.status.is_off:
        return False
    zone = item.booking.tz
    is_just_over = timedelta(0) <= now - item.starts_at <= SESSION_LASTS
    return is_just_over or local_day(now, zone) == local_day(item.starts_at, zone)
