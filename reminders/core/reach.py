"""Reach: by which channel a message of staff's gets to one patient and when, or why it does not.

What the preview shows is what the gate will say when the message leaves, as far as it can be known before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from reminders.core.appointments import Appointment
from reminders.core.caps import WEEK
from reminders.core.clinics import Caps
from reminders.core.gate import LEAST_USEFUL_LIFE
from reminders.core.patients import Channel, Patient
from reminders.core.reminders import Reason
from reminders.core.windows import SendWindow, local_day, next_opening

LASTS = timedelta(hours=24)
"""How long after it may first leave a message of staff's is of use."""


@dataclass(frozen=True, slots=True)
class Posting:
    """How a message is to be sent.

    Of a group those are left out for whom a message to one patient is only noted: who is on hold, and who had enough
    messages already, unless `exceeds_caps`.
    """

    due_at: datetime
    window: SendWindow
    caps: Caps
    permits: Callable[[str], bool]
    """The allow-list."""
    channel: Channel | None = None
    overrides_quiet_hours: bool = False
    is_group: bool = False
    exceeds_caps: bool = False


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of one patient beside their record. `about` is the session that the message speaks of."""

    zone: ZoneInfo
    """Theirs: whose quiet hours hold."""
    about: Appointment | None = None
    pause: Reason | None = None
    lately: Sequence[datetime] = ()
    """When messages left to them in the last week, or are to leave."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What becomes of a message to one patient. `held_until` is the end of quiet hours; `notes` stop nothing."""

    channel: Channel | None
    expires_at: datetime
    left_out: Reason | None = None
    held_until: datetime | None = None
    notes: tuple[Reason, ...] = ()


def reach(patient: Patient, posting: Posting, known: Circumstances) -> Reach:
    """Decide about one patient. An opt-out, like a missing consent, is beyond what any posting can override."""
    channel, refusal = _channel(patient, posting)
    if refusal is not None:
        return Reach(None, posting.due_at + LASTS, refusal)
    noted = [known.pause] if known.pause is not None else []
    if not posting.exceeds_caps and _has_enough(posting, known):
        noted.append(Reason.CAP)
    if noted and posting.is_group:
        return Reach(channel, posting.due_at + LASTS, noted[0])
    return _timed(channel, posting, known, tuple(noted))


def _channel(patient: Patient, posting: Posting) -> tuple[Channel | None, Reason | None]:
    record = patient.record
    wanted = [posting.channel] if posting.channel is not None else list(Channel)
    reached = [channel for channel in wanted if record.address(channel)]
    if not reached:
        return None, Reason.NO_ADDRESS
    agreed = [channel for channel in reached if record.has_consent(channel)]
    if not agreed:
        return None, Reason.NO_CONSENT
    still_open = [channel for channel in agreed if patient.is_open(channel)]
    if not still_open:
        is_faulty = all(channel in patient.faulty for channel in agreed)
        return None, Reason.ADDRESS_FAULT if is_faulty else Reason.OPTED_OUT
    permitted = [channel for channel in still_open if posting.permits(record.address(channel) or "")]
    return (permitted[0], None) if permitted else (None, Reason.NOT_ON_ALLOW_LIST)


def _has_enough(posting: Posting, known: Circumstances) -> bool:
    on = local_day(posting.due_at, known.zone)
    of_the_day = sum(local_day(at, known.zone) == on for at in known.lately)
    of_the_week = sum(posting.due_at - WEEK < at <= posting.due_at for at in known.lately)
    return of_the_day >= posting.caps.per_day or of_the_week >= posting.caps.per_week


def _timed(channel: Channel | None, posting: Posting, known: Circumstances, notes: tuple[Reason, ...]) -> Reach:
    """Place a message: held through quiet hours, and of no use once the session that it speaks of has begun."""
    due = posting.due_at
    opens = due if posting.overrides_quiet_hours else next_opening(due, known.zone, posting.window)
    expires = (opens or due) + LASTS
    if known.about is not None and known.about.starts_at > due:
        expires = min(expires, known.about.starts_at)
    if opens is None or opens + LEAST_USEFUL_LIFE > expires:
        late = Reason.TOO_LATE if opens == due else Reason.QUIET_HOURS
        return Reach(channel, expires, late, notes=notes)
    return Reach(channel, expires, None, opens if opens > due else None, notes)
