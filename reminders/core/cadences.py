"""Cadences: which touches an appointment gets, when each is due, and until when it is useful.

Two kinds of offset (requirements 4 and 5): `Civil` is wall-clock time in the clinic's zone ("one day before at
10:00"); `Elapsed` is real time ("24 hours after the end"). Every number here is a default of the product; a clinic's
own file may change it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from reminders.core.patients import NO_OVERRIDE, Channel, Override, Recipient
from reminders.core.transport import RidePolicy
from reminders.core.windows import civil, local_day

NO_TIME = timedelta(0)
TEN = time(10)


class Anchor(StrEnum):
    """The instants that offsets count from."""

    VERSION = "version"
    """When this version of the appointment became known."""
    START = "start"
    ARRIVAL = "arrival"
    FASTING = "fasting"
    """The start of the solids fast."""
    END = "end"
    """The actual end where known, else start + duration + recovery."""
    DUE = "due"
    """The step's own due time; for expiries only."""


@dataclass(frozen=True, slots=True)
class Elapsed:
    """A point at a fixed real-time distance from an anchor; negative is before it."""

    anchor: Anchor
    by: timedelta = NO_TIME


@dataclass(frozen=True, slots=True)
class Civil:
    """A wall-clock time, some calendar days from an anchor's day, in the clinic's zone."""

    anchor: Anchor
    days: int
    at: time = TEN


Offset = Elapsed | Civil


class Phase(StrEnum):
    """The part of an appointment's life in which a step makes sense."""

    NOTICE = "notice"
    BEFORE = "before"
    AFTER = "after"
    SERIES = "series"
    REBOOK = "rebook"


class QuestionKind(StrEnum):
    """What we can ask a patient, or their escort (the pick-up), and await an answer to."""

    CONFIRM = "confirm"
    RIDE = "ride"
    CHECK_IN = "check_in"
    PICK_UP = "pick_up"


@dataclass(frozen=True, slots=True)
class Step:
    """One touch of a cadence. `rank` orders the text of merged touches: the lowest leads."""

    key: str
    phase: Phase
    due: Offset
    expires: Offset
    rank: int
    asks: QuestionKind | None = None
    is_first_only: bool = False
    is_alone_in_between: bool = False
    """Only where no other appointment of the patient starts between the end and the due time."""
    is_enabled: bool = True
    recipient: Recipient = Recipient.PATIENT
    channels: tuple[Channel, ...] = (Channel.SMS, Channel.EMAIL)


@dataclass(frozen=True, slots=True)
class Cadence:
    """The plan of touches for one type of appointment, and the clinical distances its texts speak of."""

    steps: tuple[Step, ...]
    arrive_early: timedelta = timedelta(minutes=15)
    recovery_short: timedelta = timedelta(minutes=40)
    recovery_long: timedelta = timedelta(minutes=60)
    solids_fast: timedelta = timedelta(hours=8)
    liquids_fast: timedelta = timedelta(hours=2)
    driving_ban: timedelta = timedelta(hours=24)
    rebook_weeks: int | None = None
    ride_policy: RidePolicy = RidePolicy.ADULT_PRESENT
    unread: frozenset[str] = frozenset()
    """Steps that the clinic's document names and this release cannot read: what is planned for them stays as it is."""

    def step(self, key: str) -> Step | None:
        """Return a step by its key."""
        for step in self.steps:
            if step.key == key:
                return step
        return None

    def recovery(self, duration: timedelta) -> timedelta:
        """Return the time on site after an infusion: longer beyond 90 minutes (ketwell.com; domain A3)."""
        return self.recovery_short if duration <= LONG_INFUSION else self.recovery_long


DISTANCES = tuple(item.name for item in fields(Cadence) if isinstance(item.default, timedelta))
"""The clinical distances: lengths of time that a clinic, or staff for one patient, may change."""
LONG_INFUSION = timedelta(minutes=90)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def _before(key: str, days: int, expires: Offset, rank: int, asks: QuestionKind | None) -> Step:
    return Step(key, Phase.BEFORE, Civil(Anchor.START, days), expires, rank, asks)


def _start(hours: float) -> Elapsed:
    return Elapsed(Anchor.START, hours * HOUR)


def _end(hours: float) -> Elapsed:
    return Elapsed(Anchor.END, hours * HOUR)


MOVED = Step("moved", Phase.NOTICE, Elapsed(Anchor.VERSION), _start(0), rank=0)
CANCELLED = Step("cancelled", Phase.NOTICE, Elapsed(Anchor.VERSION), _start(0), rank=0)
BOOKED = Step("booked", Phase.NOTICE, Elapsed(Anchor.VERSION), _start(0), rank=12)
ASK_ESCORT = Step(
    "ask_escort",
    Phase.BEFORE,
    Civil(Anchor.START, -3),
    _start(-12),
    rank=1,
    asks=QuestionKind.PICK_UP,
    recipient=Recipient.ESCORT,
    channels=(Channel.SMS,),
)
"""Asks somebody whom a booking names and who never said a word about it, once for each version of the session."""
PICK_UP = Step(
    "pick_up",
    Phase.BEFORE,
    Civil(Anchor.START, -1),
    _end(0),
    rank=1,
    asks=QuestionKind.PICK_UP,
    recipient=Recipient.ESCORT,
    channels=(Channel.SMS,),
)
PICK_UP_OFF = Step(
    "pick_up_off",
    Phase.NOTICE,
    Elapsed(Anchor.VERSION),
    _end(0),
    rank=0,
    recipient=Recipient.ESCORT,
    channels=(Channel.SMS,),
)
"""For the escort: when and where to be, and that it is off. Only with their own consent (requirement 52). `pick_up`
asks whether they will be there where no ride is arranged yet."""

DEFAULT_STEPS = (
    MOVED,
    CANCELLED,
    PICK_UP_OFF,
    BOOKED,
    Step("prep_first", Phase.BEFORE, Civil(Anchor.START, -5), _start(-24), rank=8, is_first_only=True),
    _before("remind_confirm", -3, _start(-26), 4, QuestionKind.CONFIRM),
    _before("ride_check", -2, _start(-12), 3, QuestionKind.RIDE),
    _before("remind_final", -1, Elapsed(Anchor.FASTING), 1, None),
    Step(
        "day_of",
        Phase.BEFORE,
        Elapsed(Anchor.ARRIVAL, -2.5 * HOUR),
        Elapsed(Anchor.ARRIVAL, -0.75 * HOUR),
        rank=2,
        is_enabled=False,
    ),
    ASK_ESCORT,
    PICK_UP,
    Step("checkin_evening", Phase.AFTER, _end(4), Civil(Anchor.END, 1, time(12)), rank=5, is_first_only=True),
    Step("checkin_24h", Phase.AFTER, _end(24), _end(36), 6, QuestionKind.CHECK_IN, is_alone_in_between=True),
    Step("checkin_72h", Phase.AFTER, _end(72), _end(96), 7, QuestionKind.CHECK_IN, is_alone_in_between=True),
    Step("outcome_7d", Phase.SERIES, Civil(Anchor.END, 7), Elapsed(Anchor.DUE, 4 * DAY), 9, QuestionKind.CHECK_IN),
    Step("outcome_14d", Phase.SERIES, Civil(Anchor.END, 14), Elapsed(Anchor.DUE, 4 * DAY), 10, QuestionKind.CHECK_IN),
    Step("rebook", Phase.REBOOK, Civil(Anchor.START, 0), Elapsed(Anchor.DUE, 14 * DAY), rank=11),
)
DEFAULT_CADENCE = Cadence(DEFAULT_STEPS)


def overridden(cadence: Cadence, override: Override) -> Cadence:
    """Return a cadence as staff changed it for one patient."""
    if override is NO_OVERRIDE or override == NO_OVERRIDE:
        return cadence
    steps = tuple(_overridden(step, override) for step in cadence.steps)
    weeks = override.rebook_weeks or cadence.rebook_weeks
    distances: dict[str, Any] = dict(override.distances)
    return replace(cadence, **distances, steps=steps, rebook_weeks=weeks if override.is_rebooking else None)


def _overridden(step: Step, override: Override) -> Step:
    is_enabled = step.key in override.on or (step.is_enabled and step.key not in override.off)
    is_theirs = step.recipient is Recipient.PATIENT and bool(override.channels)
    return replace(step, is_enabled=is_enabled, channels=override.channels if is_theirs else step.channels)


@dataclass(frozen=True, slots=True)
class Anchors:
    """The instants of one appointment, all in UTC."""

    version: datetime
    start: datetime
    arrival: datetime
    fasting: datetime
    end: datetime

    def at(self, anchor: Anchor, due: datetime | None = None) -> datetime:
        """Return the instant of an anchor. `due` is needed only where an expiry counts from it."""
        if anchor is Anchor.DUE:
            if due is None:
                message = "a due time cannot count from itself"
                raise ValueError(message)
            return due
        found: datetime = getattr(self, anchor)
        return found


def anchors(
    starts_at: datetime, duration: timedelta, cadence: Cadence, *, versioned_at: datetime, ended_at: datetime | None
) -> Anchors:
    """Return the anchors of an appointment. Elapsed arithmetic throughout (requirement 5)."""
    return Anchors(
        version=versioned_at,
        start=starts_at,
        arrival=starts_at - cadence.arrive_early,
        fasting=starts_at - cadence.solids_fast,
        end=ended_at or starts_at + duration + cadence.recovery(duration),
    )


def instant(offset: Offset, base: Anchors, tz: ZoneInfo, *, due: datetime | None = None) -> datetime:
    """Return the UTC instant an offset names, with civil days and times read in `tz`."""
    anchored = base.at(offset.anchor, due)
    if isinstance(offset, Elapsed):
        return anchored + offset.by
    return civil(local_day(anchored, tz) + timedelta(days=offset.days), offset.at, tz)
