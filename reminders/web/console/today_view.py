"""What Today shows, made from a reading: clinics, days, visits, the worklist and the strip above them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from reminders.bootstrap import Facts
from reminders.core.appointments import AppointmentStatus
from reminders.core.delivery import MessageState
from reminders.core.labels import REASONS, RIDES, title
from reminders.core.reminders import Reason
from reminders.core.replies import Intent
from reminders.core.retention import ERASED
from reminders.core.staff import Actor
from reminders.core.transport import RideState
from reminders.core.windows import local_day
from reminders.services.read_status import AppointmentLine
from reminders.services.read_today import ClinicDays, Ledger, SessionDay, TodayReading
from reminders.web.console.labels import INTENTS, MESSAGE_STATES, PAUSED, STATUSES
from reminders.web.console.times import Times, When, times_of
from reminders.web.console.worklist_view import Item, items

DAY = timedelta(days=1)
SOON = timedelta(days=2)
LONGEST_QUOTE = 90
MARKED_BY = 12
"""How many characters of its id tell a session from any other on the page."""
SAID_BY_STATE = frozenset({Reason.UNDELIVERED, Reason.TOO_LATE, Reason.PROVIDER_REFUSED})


@dataclass(frozen=True, slots=True)
class Said:
    """One message or reply at a glance; without `text` where its words are not kept."""

    what: str
    state: str
    tone: str
    at: When
    text: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """One appointment at a glance; times are in its own zone."""

    key: str
    patient_key: str
    time: When
    zone: str
    """Its zone, where that is not the clinic's own."""
    name: str
    status: str
    tone: str
    is_coming: bool
    open_tone: str
    """How loudly to say that an answer is missing: quietly while the visit is far off."""
    is_confirmed: bool
    has_ride: bool
    ride: str
    """What was last said of the ride home, in words."""
    message: Said | None
    reply: Said | None
    paused: str
    """Why no reminders go out about it, in a word or two; empty while they do."""

    @property
    def mark(self) -> str:
        """What changes where something happened about it."""
        said = "".join(one.at.words + one.state for one in (self.message, self.reply) if one)
        return f"{self.is_confirmed:d}{self.ride}{self.status}{said}"


@dataclass(frozen=True, slots=True)
class Day:
    """The visits of one civil day: those to come, and those of today that are over. `count` counts all there are.

    A day that is not `is_told` shows its counts alone, and leads to its own page.
    """

    key: str
    title: str
    visits: Sequence[Visit]
    over: Sequence[Visit]
    count: int
    count_over: int
    open_confirmations: int
    open_rides: int
    is_closed: bool
    is_told: bool

    @property
    def left_out(self) -> int:
        """How many are not shown of a day that is told."""
        return max(0, self.count - len(self.visits) - len(self.over)) if self.is_told else 0


@dataclass(frozen=True, slots=True)
class Place:
    """One clinic's days; `zone` is the clinic's own, as its clock says it now."""

    slug: str
    name: str
    zone: str
    days: Sequence[Day]


@dataclass(frozen=True, slots=True)
class Strip:
    """The state of the service in one line. The ledger's part is there where it was counted."""

    time: When
    zone: str
    is_simulated: bool
    speed: float
    allow_list: str
    is_allow_list_off: bool
    ledger: LedgerLine | None
    simulator_url: str


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """What became of everything that was ever to be said."""

    is_balanced: bool
    broken: Sequence[str]
    planned: int
    waiting: int
    delivered: int


@dataclass(frozen=True, slots=True)
class Today:
    """The whole page. `switch` names the clinics to choose from, with those that are shown marked.

    `waiting` counts the open tasks; `is_whole` says that more rows are shown than usual. `on` is the day that is shown
    alone, as its address has it, and empty where there is none; `heading` says what is shown.
    """

    strip: Strip
    places: Sequence[Place]
    alarms: Sequence[Item]
    items: Sequence[Item]
    done: Sequence[Item]
    switch: Sequence[tuple[str, str]]
    chosen: str
    span: str
    on: str
    heading: str
    waiting: int
    is_whole: bool


def today(
    reading: TodayReading,
    who: Actor,
    facts: Facts,
    *,
    chosen: str,
    span: str,
    on: date | None,
    is_whole: bool,
    speed: float,
) -> Today:
    """Return what the page shows to somebody."""
    times = times_of(days.clinic for days in reading.clinics)
    alarms, others = items(reading.tasks, who, reading.climbs, reading.now, times)
    _, done = items(reading.done, who, {}, reading.now, times)
    return Today(
        strip=_strip(reading, facts, speed, times),
        places=[_place(days, reading.now) for days in reading.clinics],
        alarms=alarms,
        items=others,
        done=done,
        switch=[(clinic.slug, clinic.sender) for clinic in reading.every] if len(reading.every) > 1 else [],
        chosen=chosen,
        span=span,
        on=on.isoformat() if on is not None else "",
        heading=_written(on) if on is not None else "Today",
        waiting=reading.waiting,
        is_whole=is_whole,
    )


def _place(days: ClinicDays, now: datetime) -> Place:
    clinic = days.clinic
    zone, times = now.astimezone(clinic.tz).strftime("%Z"), Times(clinic.clock)
    return Place(clinic.slug, clinic.sender, zone, [_one_day(day, now, times) for day in days.days])


def _one_day(day: SessionDay, now: datetime, times: Times) -> Day:
    ahead = [_visit(line, now, times) for line in day.lines if line.starts_at > now]
    over = [_visit(line, now, times) for line in day.lines if line.starts_at <= now]
    return Day(
        key=day.on.isoformat(),
        title=_title(day.on, local_day(now, ZoneInfo(day.timezone))),
        visits=ahead,
        over=over,
        count=day.count,
        count_over=day.count_over,
        open_confirmations=day.open_confirmations,
        open_rides=day.open_rides,
        is_closed=day.is_closed,
        is_told=day.is_told,
    )


def _title(on: date, current: date) -> str:
    near = {current - DAY: "Yesterday", current: "Today", current + DAY: "Tomorrow"}
    return f"{near[on]} · {_written(on)}" if on in near else _written(on)


def _written(on: date) -> str:
    return f"{on:%A} {on:%B} {on.day}"


def _visit(line: AppointmentLine, now: datetime, times: Times) -> Visit:
    clock = times.in_zone(ZoneInfo(line.timezone))
    status, tone = STATUSES[AppointmentStatus(line.status)]
    return Visit(
        key=line.appointment_id.hex[-MARKED_BY:],
        patient_key=str(line.patient_id),
        time=When(line.starts_at, clock.time(line.starts_at)),
        zone=times.foreign(line.starts_at, clock.tz).strip(),
        name=line.name,
        status=status,
        tone=tone,
        is_coming=line.status == AppointmentStatus.BOOKED and line.starts_at > now,
        open_tone="wait" if line.starts_at - now <= SOON else "calm",
        is_confirmed=line.is_confirmed,
        has_ride=line.ride is RideState.ARRANGED,
        ride=RIDES[line.ride],
        message=_message(line, times),
        reply=_reply(line, times),
        paused=PAUSED.get(line.paused_for, "") if line.paused_for is not None else "",
    )


def _message(line: AppointmentLine, times: Times) -> Said | None:
    last = line.last_message
    if last is None:
        return None
    state, tone = MESSAGE_STATES[MessageState(last.state)]
    reason = Reason(last.reason) if last.reason else None
    why = f": {REASONS[reason]}" if reason is not None and reason not in SAID_BY_STATE else ""
    return Said(what=title(last.kind), state=state + why, tone=tone, at=times.moment(last.at))


def _reply(line: AppointmentLine, times: Times) -> Said | None:
    last = line.last_reply
    if last is None:
        return None
    state, tone = INTENTS[Intent(last.kind)] if last.kind else ("not yet read", "calm")
    text = last.text if last.text and last.text != ERASED else ""
    shown = text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"
    return Said(what="Reply", state=state, tone=tone, at=times.moment(last.at), text=shown)


def _strip(reading: TodayReading, facts: Facts, speed: float, times: Times) -> Strip:
    return Strip(
        time=times.moment(reading.now),
        zone=reading.now.astimezone(times.own.tz).strftime("%Z"),
        is_simulated=facts.is_simulated,
        speed=speed,
        allow_list=_allow_list(facts),
        is_allow_list_off=facts.is_allow_list_off,
        ledger=_ledger(reading.ledger) if reading.ledger is not None else None,
        simulator_url=facts.simulator_url,
    )


def _ledger(found: Ledger) -> LedgerLine:
    waiting = (MessageState.DUE, MessageState.HELD, MessageState.CLAIMED, MessageState.SENDING, MessageState.UNKNOWN)
    return LedgerLine(
        is_balanced=found.is_balanced,
        broken=[name.replace("_", " ") for name, count in found.contradictions.items() if count],
        planned=found.reminders["planned"],
        waiting=sum(found.messages[state] for state in waiting),
        delivered=found.messages[MessageState.DELIVERED],
    )


def _allow_list(facts: Facts) -> str:
    if facts.is_allow_list_off:
        return "everybody"
    if not facts.allowed_count:
        return "nobody: nothing leaves"
    return f"{facts.allowed_count} {'address' if facts.allowed_count == 1 else 'addresses'} only"
