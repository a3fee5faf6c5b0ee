"""Session ends: when a session really ended, as staff say it.

An early discharge or an overrun moves everything that counts from the end (requirement 13).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from reminders.core.appointments import Appointment, AppointmentStatus
from reminders.core.errors import InputError
from reminders.core.instants import as_utc
from reminders.core.windows import civil, local_day
from reminders.core.wording import dated_time

LATEST = timedelta(days=7)
"""A session that ended so long after its start is a slip of the pen."""
ON_THE_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
WANTED = "the clinic's clock such as 15:40, or a time with its zone such as 2027-03-05T15:40-05:00, is wanted"
OFF_IN_WORDS = {AppointmentStatus.CANCELLED: "is cancelled", AppointmentStatus.NOSHOW: "is marked as a no-show"}


def read_end(said: str | None, appointment: Appointment, *, now: datetime) -> datetime:
    """Return the UTC instant that staff mean by a clock time, an ISO time with its zone, or nothing, which is now.

    Raises InputError for what is no time, for a session that is off, and for an end that cannot be.
    """
    name, start, tz = appointment.external_id, appointment.starts_at, appointment.booking.tz
    if appointment.status in OFF_IN_WORDS:
        raise InputError([f"{name} {OFF_IN_WORDS[appointment.status]}: there is no end to record"])
    end = _this_minute(start, now) if said is None else _meant(said, appointment)
    told, began = dated_time(end, tz), f"its start on {dated_time(start, tz)}"
    if end < start:
        raise InputError([f"{name}: {told} is before {began}"])
    if end > now:
        raise InputError([f"{name}: {told} is in the future; it is {dated_time(now, tz)} now"])
    if end > start + LATEST:
        raise InputError([f"{name}: {told} is more than {LATEST.days} days after {began}"])
    return end


def _this_minute(start: datetime, now: datetime) -> datetime:
    """Return now without its seconds, which nobody means, unless they are all there was of the session."""
    return max(now.replace(second=0, microsecond=0), min(start, now))


def _meant(said: str, appointment: Appointment) -> datetime:
    clock = ON_THE_CLOCK.fullmatch(said)
    if clock is not None:
        return _on_the_clock(time(int(clock[1]), int(clock[2])), appointment)
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InputError([f"--at: found {said!r}; {WANTED}"])
    return as_utc(found)


def _on_the_clock(at: time, appointment: Appointment) -> datetime:
    """Read a clock on the session's own day, or on the day after where that is earlier than the start."""
    start, tz = appointment.starts_at, appointment.booking.tz
    on = local_day(start, tz)
    same_day = civil(on, at, tz)
    # Of a time that happens twice that night, `civil` takes the first; the session may have begun between the two.
    second = datetime.combine(on, at, tz).replace(fold=1).astimezone(UTC)
    later = (same_day, second, civil(on + timedelta(days=1), at, tz))
    return next((moment for moment in later if moment >= start), same_day)
