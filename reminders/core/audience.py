"""Audience: to whom staff write at once, as a value that can be applied to a schedule and told back in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from reminders.core.appointments import Appointment, AppointmentStatus
from reminders.core.clock_words import NOON, day
from reminders.core.errors import InputError
from reminders.core.ids import PatientId

DAY = timedelta(days=1)
EASTERNMOST, WESTERNMOST = timedelta(hours=14), timedelta(hours=12)
"""How far civil time is ahead of UTC, and behind it, anywhere."""
MOST_DAYS = 62
ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class OnePatient:
    """One patient, by the clinic's own id."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Visitors:
    """Everybody with a session on some days, narrowed down. Days and times are civil time where the session is.

    `before` is the first time that is no longer meant, `not_before` the first that is.
    """

    first: date
    last: date
    not_before: time | None = None
    before: time | None = None
    appointment_type: str | None = None
    is_unconfirmed: bool = False
    lacks_ride: bool = False

    def __post_init__(self) -> None:
        """Refuse what nobody can be in. Raises InputError."""
        if self.last < self.first:
            raise InputError([f"days: found {self.first} to {self.last}; the first day comes first"])
        if self.last - self.first > MOST_DAYS * DAY:
            raise InputError([f"days: found {self.first} to {self.last}; at most {MOST_DAYS} days can be written to"])
        if self.not_before is not None and self.before is not None and self.before <= self.not_before:
            raise InputError([f"times: found {self.not_before:%H:%M} to {self.before:%H:%M}; the earlier comes first"])


Audience = OnePatient | Visitors


def span(audience: Visitors) -> tuple[datetime, datetime]:
    """Return UTC instants between which every session of these days starts, in whatever zone it is."""
    begins = datetime.combine(audience.first, time(), UTC) - EASTERNMOST
    return begins, datetime.combine(audience.last + DAY, time(), UTC) + WESTERNMOST


def is_meant(audience: Visitors, session: Appointment) -> bool:
    """Say whether a session is one of those; a session that is off never is."""
    starts = session.starts_at.astimezone(session.booking.tz)
    at = starts.time().replace(tzinfo=None)
    return (
        not session.status.is_off
        and audience.first <= starts.date() <= audience.last
        and (audience.not_before is None or at >= audience.not_before)
        and (audience.before is None or at < audience.before)
        and audience.appointment_type in {None, session.booking.appointment_type}
        and not (audience.is_unconfirmed and (session.is_confirmed or session.status is not AppointmentStatus.BOOKED))
        and not (audience.lacks_ride and session.has_ride)
    )


def pick(audience: Visitors, sessions: Iterable[Appointment]) -> dict[PatientId, Appointment]:
    """Return one session for each patient who is meant, the first of theirs, in order of time."""
    found: dict[PatientId, Appointment] = {}
    for session in sorted(sessions, key=lambda item: (item.starts_at, item.external_id)):
        if is_meant(audience, session):
            found.setdefault(session.patient_id, session)
    return found


def describe(audience: Audience, *, place: str, today: date | None, count: int | None = None) -> str:
    """Tell an audience back: "tomorrow's sessions at North, before noon: 14 patients".

    `today` is the clinic's; None names days by the calendar only.
    """
    if isinstance(audience, OnePatient):
        return "one patient"
    parts = [f"{_days(audience, today)} at {place}", *_narrowed(audience)]
    people = "" if count is None else f": {count} {'patient' if count == 1 else 'patients'}"
    return ", ".join(parts) + people


def _days(audience: Visitors, today: date | None) -> str:
    first, last = audience.first, audience.last
    if first != last:
        return f"sessions from {day(first, ENGLISH)} to {day(last, ENGLISH)}"
    near = {} if today is None else {today - DAY: "yesterday’s", today: "today’s", today + DAY: "tomorrow’s"}
    return f"{near[first]} sessions" if first in near else f"sessions on {day(first, ENGLISH)}"


def _narrowed(audience: Visitors) -> list[str]:
    since, before = audience.not_before, audience.before
    times = None
    if since is not None and before is not None:
        times = f"{_clock(since)} to {_clock(before)}"
    elif since is not None:
        times = f"from {_clock(since)} on"
    elif before is not None:
        times = f"before {_clock(before)}"
    parts = [
        times,
        None if audience.appointment_type is None else f"type {audience.appointment_type.replace('_', ' ')}",
        "not confirmed" if audience.is_unconfirmed else None,
        "without a ride" if audience.lacks_ride else None,
    ]
    return [part for part in parts if part is not None]


def _clock(at: time) -> str:
    return "noon" if at == NOON else f"{(at.hour - 1) % 12 + 1}:{at.minute:02d} {'AM' if at < NOON else 'PM'}"


def to_document(audience: Audience) -> dict[str, Any]:
    """Return an audience as plain values, to be stored."""
    if isinstance(audience, OnePatient):
        return {"patient": audience.external_id}
    return {
        "first": audience.first.isoformat(),
        "last": audience.last.isoformat(),
        "not_before": None if audience.not_before is None else audience.not_before.isoformat(),
        "before": None if audience.before is None else audience.before.isoformat(),
        "appointment_type": audience.appointment_type,
        "is_unconfirmed": audience.is_unconfirmed,
        "lacks_ride": audience.lacks_ride,
    }


def from_document(document: Mapping[str, Any]) -> Audience:
    """Return the audience that `to_document` wrote."""
    if "patient" in document:
        return OnePatient(document["patient"])
    times = {key: document[key] for key in ("not_before", "before")}
    return Visitors(
        first=date.fromisoformat(document["first"]),
        last=date.fromisoformat(document["last"]),
        appointment_type=document["appointment_type"],
        is_unconfirmed=document["is_unconfirmed"],
        lacks_ride=document["lacks_ride"],
        **{key: None if text is None else time.fromisoformat(text) for key, text in times.items()},
    )
