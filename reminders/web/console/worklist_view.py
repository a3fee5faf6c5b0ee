"""The worklist as its pages show it: each task in words, with what one press can do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminders.core.check_ins import MOST, Concern
from reminders.core.escalations import Escalation
from reminders.core.ids import TaskId
from reminders.core.retention import ERASED
from reminders.core.staff import Actor, Right
from reminders.core.tasks import (
    CAN_BE_CONFIRMED,
    CAN_GET_A_RIDE,
    OUTCOMES,
    TITLES,
    Outcome,
    TaskKind,
    how_it_ended,
    told,
)
from reminders.services.read_worklist import TaskLine
from reminders.services.work_tasks import standing_of
from reminders.web.console.labels import INTENTS, URGENCIES
from reminders.web.console.times import Times, When

MINUTES_IN_HOUR = 60
HOURS_TOLD = 48
SAID_BY_TITLE = frozenset({TaskKind.ADDRESS_FAULT, TaskKind.NO_CONSENT, TaskKind.NO_WINDOW})
CONCERNS: Mapping[Concern, str] = {
    Concern.RED_FLAG: "These words may mean danger.",
    Concern.HIGH_SCORE: "This score is one that the clinic wants to hear of at once.",
    Concern.JUMP: "This score is much worse than the one before.",
}
CONFIRMED, RIDE = "confirmed", "ride"


@dataclass(frozen=True, slots=True)
class Press:
    """A button that resolves a task at once: what it sends, and what it says."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a red flag says beside everything else."""

    code: str
    why: str
    is_taken: bool
    taken_by: str
    has_reached_patient: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One task of the worklist. `name` is what its address names it by; `presses` are empty for who may only read."""

    key: str
    title: str
    action: str
    urgency: str
    tone: str
    who: str
    patient_key: str
    phone: str
    visit: When | None
    words: str
    inbound_key: str
    corrected: str
    """How somebody read these words since, where a person did."""
    why: str
    age: str
    due: str
    is_overdue: bool
    owner: str
    is_mine: bool
    may_work: bool
    presses: Sequence[Press]
    alarm: Alarm | None
    notes: Sequence[str]
    ended: str


def items(
    lines: Sequence[TaskLine], who: Actor, climbs: Mapping[TaskId, Escalation], now: datetime, times: Times
) -> tuple[list[Item], list[Item]]:
    """Return the alarms that stand on top, and everything else, each in the order of the morning list."""
    every = [item(line, who, climbs.get(line.id), now, times) for line in lines]
    return [one for one in every if one.alarm], [one for one in every if not one.alarm]


def item(line: TaskLine, who: Actor, climb: Escalation | None, now: datetime, times: Times) -> Item:
    """Return one task as it is shown to somebody."""
    task = line.task
    urgency, tone = URGENCIES[task.urgency]
    may_work = who.may(Right.WORK, task.clinic_id)
    return Item(
        key=line.id.hex,
        title=TITLES[task.kind],
        action=line.next_action,
        urgency=urgency,
        tone=tone,
        who=line.name or "",
        patient_key=str(task.patient_id) if task.patient_id is not None else "",
        phone=line.phone or "",
        visit=times.moment(line.starts_at, line.clock) if line.starts_at is not None else None,
        words=_words(line),
        inbound_key=str(task.inbound_id) if task.inbound_id is not None else "",
        corrected=_corrected(line),
        why=line.why if task.kind not in SAID_BY_TITLE else "",
        age=_age(now - task.opened_at) if task.opened_at else "",
        due=told(line.due_at, now),
        is_overdue=task.resolved_at is None and line.due_at < now,
        owner=task.owner or "",
        is_mine=(task.owner or "").casefold() == who.name.casefold(),
        may_work=may_work,
        presses=presses(line) if may_work else (),
        alarm=_alarm(line, climb),
        notes=(task.note or "").splitlines(),
        ended=how_it_ended(standing_of(task), line.clock),
    )


def _words(line: TaskLine) -> str:
    """Return what the patient wrote; of an alarm that no text raised, what they wrote on their page.

    Of a text that is kept no longer it is nothing: what stands in its place nobody said.
    """
    if line.said is not None:
        return line.said.text if line.said.text and line.said.text != ERASED else ""
    is_from_page = line.task.kind is TaskKind.ESCALATION and line.task.inbound_id is None
    return (line.task.note or "").partition("\n")[0] if is_from_page else ""


def _corrected(line: TaskLine) -> str:
    made = line.corrected
    if made is None:
        return ""
    means = ", ".join(INTENTS[one][0] for one in made.intents)
    score = f", {made.score} of {MOST}" if made.score is not None else ""
    return f"{made.made_by} corrected how this was read: {means}{score}."


def presses(line: TaskLine) -> tuple[Press, ...]:
    """Return the ways in which one press ends a task: what staff most often learn of it comes first."""
    task = line.task
    is_of_one = task.appointment_id is not None and task.patient_id is not None
    found = []
    if is_of_one and task.kind in CAN_BE_CONFIRMED:
        found.append(Press(CONFIRMED, "Comes"))
    if is_of_one and task.kind in CAN_GET_A_RIDE:
        found.append(Press(RIDE, "Ride arranged"))
    outcomes = (Outcome.REACHED, Outcome.NOT_REACHED) if task.patient_id is not None else (Outcome.DONE,)
    return (*found, *(Press(one, PRESSED[one]) for one in (*outcomes, Outcome.NOT_NEEDED)))


PRESSED: Mapping[Outcome, str] = {
    Outcome.DONE: "Done",
    Outcome.REACHED: "Reached",
    Outcome.NOT_REACHED: "Nobody reached",
    Outcome.NOT_NEEDED: "Not needed",
}
CHOICES = tuple((outcome.value, words) for outcome, words in OUTCOMES.items())


def _alarm(line: TaskLine, climb: Escalation | None) -> Alarm | None:
    task = line.task
    if task.kind is not TaskKind.ESCALATION or task.resolved_at is not None:
        return None
    return Alarm(
        code=climb.code if climb is not None else "",
        why=CONCERNS[climb.concern if climb is not None else Concern.RED_FLAG],
        is_taken=task.acknowledged_by is not None,
        taken_by=task.acknowledged_by or "",
        has_reached_patient=climb is not None and climb.is_patient_told,
    )


def _age(passed: timedelta) -> str:
    minutes = max(0, int(passed.total_seconds()) // 60)
    hours = minutes // MINUTES_IN_HOUR
    if minutes < MINUTES_IN_HOUR:
        return f"{minutes} min"
    return f"{hours} h" if hours < HOURS_TOLD else f"{hours // 24} days"
