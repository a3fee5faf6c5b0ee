"""Wordings: what several patients are to read word for word is put together once for all of them.

Of a day's reminders most are alike: the same touch about sessions that begin at the same time.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import is_
from typing import NamedTuple

from reminders.core.appointments import Appointment
from reminders.core.clinics import Clinic
from reminders.core.content import Question, Words, compose
from reminders.core.patients import NO_OVERRIDE, Addressee, Channel
from reminders.core.segments import measure


class Wording(NamedTuple):
    """The words of a message, and as how many segments they are billed: none but texts are."""

    words: Words
    segments: int


@dataclass(frozen=True, slots=True)
class Wordings:
    """The words of one clinic's touches at one moment, as `compose` puts them together."""

    clinic: Clinic
    now: datetime
    _made: dict[Hashable, Wording] = field(default_factory=dict)

    def of(
        self,
        step: str,
        sessions: Sequence[Appointment],
        patient: Addressee,
        *,
        channel: Channel,
        question: Question | None,
    ) -> Wording:
        """Return the words of one touch: see `compose`."""
        told = _told(sessions, patient, question)
        key = None if told is None else (step, channel, *told)
        found = None if key is None else self._made.get(key)
        if found is None:
            words = compose(step, sessions, self.clinic, patient, channel=channel, now=self.now, question=question)
            found = Wording(words, measure(words.body).segments if channel is Channel.SMS else 0)
            if key is not None:
                self._made[key] = found
        return found


def _told(
    sessions: Sequence[Appointment], patient: Addressee, question: Question | None
) -> tuple[Hashable, ...] | None:
    """Return all that the words depend on besides step and channel; None where they are this patient's alone."""
    if patient.override is not NO_OVERRIDE:
        return None
    if question is None:
        return patient.language, None, *map(_shown, sessions)
    is_own = question.link or len(question.about) != len(sessions) or not all(map(is_, question.about, sessions))
    return None if is_own else (patient.language, question.kind, *map(_shown, sessions))


def _shown(session: Appointment) -> Hashable:
    """Return what a text can show of a session."""
    booking = session.booking
    return booking.starts_at, booking.timezone, booking.duration, booking.appointment_type, session.ended_at
