"""What 'Today and next' shows, made from the status: days, visits, worklist and the strip above them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from reminders.bootstrap import Facts
from reminders.core.appointments import AppointmentStatus
from reminders.core.clock_words import clock, moment
from reminders.core.delivery import MessageState
from reminders.core.labels import REASONS, RIDES, title
from reminders.core.reminders import Reason
from reminders.core.replies import Intent
from reminders.core.tasks import TITLES, TaskKind, told
from reminders.core.transport import RideState
from reminders.core.windows import local_day
from reminders.services.read_status import AppointmentLine, Status
from reminders.services.read_worklist import TaskLine
from reminders.web.console.labels import INTENTS, MESSAGE_STATES, PAUSED, STATUSES, URGENCIES

STAFF_LANGUAGE = "en"
DAY = timedelta(days=1)
SOON = timedelta(days=2)
MINUTES_IN_HOUR = 60
HOURS_TOLD = 48
SAID_BY_STATE = frozenset({Reason.UNDELIVERED, Reason.TOO_LATE, Reason.PROVIDER_REFUSED})
TO_PHONE = frozenset(
    {
        TaskKind.PHONE_PATIENT,
        TaskKind.ADDRESS_FAULT,
        TaskKind.NO_CONSENT,
        TaskKind.ESCALATION,
        TaskKind.WRONG_NUMBER,
        TaskKind.DECEASED,
        TaskKind.OPT_OUT_REQUEST,
    }
)
"""Writing cannot help, or must not: the address is closed, or somebody has to be spoken with."""
SAID_BY_TITLE = frozenset({TaskKind.ADDRESS_FAULT, TaskKind.NO_CONSENT, TaskKind.NO_WINDOW})


@dataclass(frozen=True, slots=True)
class Said:
    """One message or reply at a glance."""

    what: str
    state: str
    tone: str
    at: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """One appointment at a glance; times are in its own zone."""

    key: str
    time: str
    zone: str
    name: str
    patient: str
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


@dataclass(frozen=True, slots=True)
class Day:
    """The visits of one civil day."""

    key: str
    title: str
    visits: Sequence[Visit]
    open_confirmations: int
    open_rides: int
    is_closed: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One task of the worklist."""

    key: str
    title: str
    action: str
    urgency: str
    tone: str
    name: str
    patient: str
    visit: str
    words: str
    why: str
    age: str
    due: str
    is_overdue: bool
    owner: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The state of the service in one line."""

    time: str
    zone: str
    is_simulated: bool
    speed: float
    allow_list: str
    is_allow_list_off: bool
    is_balanced: bool
    broken: Sequence[str]
    planned: int
    waiting: int
    delivered: int
    simulator_url: str


@dataclass(frozen=True, slots=True)
class Today:
    """The whole page."""

    strip: Strip
    days: Sequence[Day]
    items: Sequence[Item]


def today(status: Status, facts: Facts, *, zone: ZoneInfo, speed: float) -> Today:
    """Return what the page shows; `zone` is the clinic's, in which the strip's clock runs."""
    lines = sorted(status.appointments, key=lambda line: _place(line, status.now))
    return Today(
        strip=_strip(status, facts, zone, speed),
        days=[_one_day(on, list(group), status.now) for on, group in groupby(lines, key=_day)],
        items=[_item(line, status.now) for line in status.tasks],
    )


def _day(line: AppointmentLine) -> date:
    return local_day(line.starts_at, ZoneInfo(line.timezone))


def _place(line: AppointmentLine, now: datetime) -> tuple[bool, date, datetime, str]:
    """Sort by day, those that are over last: the page is about today and next."""
    on = _day(line)
    return on < local_day(now, ZoneInfo(line.timezone)), on, line.starts_at, line.external_id


def _one_day(on: date, lines: Sequence[AppointmentLine], now: datetime) -> Day:
    visits = [_visit(line, now) for line in lines]
    awaited = [visit for visit in visits if visit.is_coming]
    return Day(
        key=on.isoformat(),
        title=_title(on, local_day(now, ZoneInfo(lines[0].timezone))),
        visits=visits,
        open_confirmations=sum(1 for visit in awaited if not visit.is_confirmed),
        open_rides=sum(1 for visit in awaited if not visit.has_ride),
        is_closed=any(line.is_on_closed_day for line in lines),
    )


def _title(on: date, current: date) -> str:
    near = {current - DAY: "Yesterday", current: "Today", current + DAY: "Tomorrow"}
    day = f"{on:%A} {on:%B} {on.day}"
    return f"{near[on]} · {day}" if on in near else day


def _visit(line: AppointmentLine, now: datetime) -> Visit:
    zone = ZoneInfo(line.timezone)
    status, tone = STATUSES[AppointmentStatus(line.status)]
    is_coming = line.status == AppointmentStatus.BOOKED and line.starts_at > now
    return Visit(
        key=str(line.appointment_id),
        time=clock(line.starts_at, zone, STAFF_LANGUAGE),
        zone=line.starts_at.astimezone(zone).strftime("%Z"),
        name=line.name,
        patient=line.patient,
        status=status,
        tone=tone,
        is_coming=is_coming,
        open_tone="wait" if line.starts_at - now <= SOON else "calm",
        is_confirmed=line.is_confirmed,
        has_ride=line.ride is RideState.ARRANGED,
        ride=RIDES[line.ride],
        message=_message(line, zone),
        reply=_reply(line, zone),
        paused=PAUSED.get(line.paused_for, "") if line.paused_for is not None else "",
    )


def _message(line: AppointmentLine, zone: ZoneInfo) -> Said | None:
    last = line.last_message
    if last is None:
        return None
    state, tone = MESSAGE_STATES[MessageState(last.state)]
    reason = Reason(last.reason) if last.reason else None
    why = f": {REASONS[reason]}" if reason is not None and reason not in SAID_BY_STATE else ""
    what = title(last.kind)
    return Said(what=what, state=state + why, tone=tone, at=moment(last.at, zone, STAFF_LANGUAGE))


def _reply(line: AppointmentLine, zone: ZoneInfo) -> Said | None:
    last = line.last_reply
    if last is None:
        return None
    state, tone = INTENTS[Intent(last.kind)] if last.kind else ("not yet read", "calm")
    at = moment(last.at, zone, STAFF_LANGUAGE)
    return Said(what="Reply", state=state, tone=tone, at=at, text=last.text or "")


def _item(line: TaskLine, now: datetime) -> Item:
    task = line.task
    urgency, tone = URGENCIES[task.urgency]
    return Item(
        key=str(task.id),
        title=TITLES[task.kind],
        action=line.next_action,
        urgency=urgency,
        tone=tone,
        name=line.name or "",
        patient=line.patient if line.patient and task.kind not in TO_PHONE else "",
        visit=_moment(line.starts_at, line.timezone),
        words=(line.said.text or "") if line.said is not None else "",
        why=REASONS[task.reason] if task.reason and task.kind not in SAID_BY_TITLE else "",
        age=_age(now - task.opened_at) if task.opened_at else "",
        due=told(line.due_at, now),
        is_overdue=line.due_at < now,
        owner=task.owner or "",
    )


def _moment(at: datetime | None, zone: str | None) -> str:
    return moment(at, ZoneInfo(zone), STAFF_LANGUAGE) if at is not None and zone is not None else ""


def _age(passed: timedelta) -> str:
    minutes = max(0, int(passed.total_seconds()) // 60)
    hours = minutes // MINUTES_IN_HOUR
    if minutes < MINUTES_IN_HOUR:
        return f"{minutes} min"
    return f"{hours} h" if hours < HOURS_TOLD else f"{hours // 24} days"


def _strip(status: Status, facts: Facts, zone: ZoneInfo, speed: float) -> Strip:
    messages = status.ledger.messages
    waiting = (MessageState.DUE, MessageState.HELD, MessageState.CLAIMED, MessageState.SENDING, MessageState.UNKNOWN)
    return Strip(
        time=moment(status.now, zone, STAFF_LANGUAGE),
        zone=status.now.astimezone(zone).strftime("%Z"),
        is_simulated=facts.is_simulated,
        speed=speed,
        allow_list=_allow_list(facts),
        is_allow_list_off=facts.is_allow_list_off,
        is_balanced=status.ledger.is_balanced,
        broken=[name.replace("_", " ") for name, count in status.ledger.contradictions.items() if count],
        planned=status.ledger.reminders["planned"],
        waiting=sum(messages[state] for state in waiting),
        delivered=messages[MessageState.DELIVERED],
        simulator_url=facts.simulator_url,
    )


def _allow_list(facts: Facts) -> str:
    if facts.is_allow_list_off:
        return "off: everybody may be written to"
    if not facts.allowed_count:
        return "empty: nothing leaves"
    return (
        "1 address may be written to"
        if facts.allowed_count == 1
        else f"{facts.allowed_count} addresses may be written to"
    )
