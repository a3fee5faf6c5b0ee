"""What Today shows, made from a reading: clinics, days, visits, the worklist and the strip above them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

from reminders.bootstrap import Facts
from reminders.core.appointments import AppointmentStatus, Meant
from reminders.core.conversation.beside import is_of_another
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
from reminders.services.read_worklist import Pressing
from reminders.web.console.asked import Asked
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
    """One message or reply at a glance; without `text` where its words are not kept.

    `of` is the start of the session that a reply was for, where it is another than the one beside which it stands.
    """

    what: str
    state: str
    tone: str
    at: When
    text: str = ""
    of: When | None = None


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
        """What changes where something happened about it: short, for there is one in every row."""
        said = "".join(one.at.words + one.state for one in (self.message, self.reply) if one)
        return f"{crc32(f'{self.is_confirmed:d}{self.ride}{self.status}{said}'.encode()):x}"


@dataclass(frozen=True, slots=True)
class Turn:
    """Where one page of a list stands in it: from which place to which, and what the addresses beside it ask for.

    The addresses are empty where there is no such page.
    """

    first: int
    last: int
    count: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Day:
    """The visits of one civil day: those to come, and those of today that are over. `count` counts all there are.

    A day that is not `is_told` shows its counts alone, and leads to its own page. There its pages are turned.
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
    turn: Turn

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
    """The whole page. `switch` names the clinics to choose from; `heading` says what is shown of what was asked for.

    `waiting` counts the open tasks, and `turn` those of them that pages are turned of: all but the alarms that stand
    above each page. `alarms_elsewhere` counts those that do not, and are on other pages than this.
    """

    strip: Strip
    places: Sequence[Place]
    alarms: Sequence[Item]
    items: Sequence[Item]
    done: Sequence[Item]
    switch: Sequence[tuple[str, str]]
    asked: Asked
    heading: str
    waiting: int
    turn: Turn
    alarms_elsewhere: int


def today(reading: TodayReading, who: Actor, facts: Facts, asked: Asked, *, speed: float) -> Today:
    """Return what the page shows to somebody."""
    times, found = times_of(days.clinic for days in reading.clinics), reading.worklist
    alarms, others = items(found.lines, who, reading.climbs, reading.now, times)
    _, done = items(found.done, who, {}, reading.now, times)
    return Today(
        strip=_strip(reading, facts, speed, times),
        places=[_place(days, reading.now, asked) for days in reading.clinics],
        alarms=alarms,
        items=others,
        done=done,
        switch=[(clinic.slug, clinic.sender) for clinic in reading.every] if len(reading.every) > 1 else [],
        asked=asked,
        heading=_written(asked.day) if asked.day is not None else "Today",
        waiting=found.waiting,
        turn=_tasks_turned(found, asked),
        alarms_elsewhere=found.alarms - len(alarms),
    )


def _tasks_turned(found: Pressing, asked: Asked) -> Turn:
    last = found.first + len(found.lines) - found.above - 1
    before, after = (asked.beside(tasks_from=key) if key is not None else "" for key in (found.before, found.after))
    return Turn(found.first, last, found.waiting - found.above, before, after)


def _place(days: ClinicDays, now: datetime, asked: Asked) -> Place:
    clinic = days.clinic
    zone, times = now.astimezone(clinic.tz).strftime("%Z"), Times(clinic.clock)
    return Place(clinic.slug, clinic.sender, zone, [_one_day(day, now, times, asked) for day in days.days])


def _one_day(day: SessionDay, now: datetime, times: Times, asked: Asked) -> Day:
    before, after = (asked.beside(sessions_from=key) if key is not None else "" for key in (day.before, day.after))
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
        turn=Turn(day.first, day.first + len(day.lines) - 1, day.count, before, after),
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
    intent = Intent(last.kind) if last.kind else None
    state, tone = INTENTS[intent] if intent is not None else ("not yet read", "calm")
    of = _of_another(line, last.meant, intent, times)
    if of is not None and tone == "good":
        tone = "calm"  # beside this session it is no good news
    text = last.text if last.text and last.text != ERASED else ""
    shown = text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"
    return Said(what="Reply", state=state, tone=tone, at=times.moment(last.at), text=shown, of=of)


def _of_another(line: AppointmentLine, meant: Meant | None, intent: Intent | None, times: Times) -> When | None:
    """Return the start of the session that a reply was for, where that must be told beside this one."""
    here = line.appointment_id
    if meant is None or not is_of_another(meant.id, here, intent=intent, is_confirmed=line.is_confirmed):
        return None
    return times.moment(meant.starts_at, times.in_zone(ZoneInfo(meant.timezone)))


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
