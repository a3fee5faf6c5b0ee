"""What the pages of batches show, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from reminders.core.delivery import IN_FLIGHT, LEFT, MessageState
from reminders.core.labels import CHANNELS, REASONS
from reminders.core.staff import Actor, Right
from reminders.services.read_batches import BatchLine, BatchReading
from reminders.web.console.labels import MESSAGE_STATES
from reminders.web.console.times import When
from reminders.web.console.write_view import LANGUAGES, at_clinic


@dataclass(frozen=True, slots=True)
class Line:
    """One batch at a glance."""

    id: str
    words: str
    clinic: str
    author: str
    made: When
    leaves: When | None
    number: int
    arrived: int
    left: int
    left_out: int
    is_over: bool
    stopped: str


@dataclass(frozen=True, slots=True)
class Row:
    """One person of a batch."""

    patient: str
    name: str
    channel: str
    state: str
    tone: str
    why: str


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch with its people. `counts` are (words, tone, number)."""

    line: Line
    texts: tuple[tuple[str, str], ...]
    reason: str
    counts: tuple[tuple[str, str, int], ...]
    rows: tuple[Row, ...]
    more: int
    left_out: tuple[tuple[str, str, str], ...]
    waiting: int
    may_stop: bool


def shown_line(line: BatchLine) -> Line:
    """Return a batch as one line."""
    mailing, clinic = line.mailing, line.clinic
    stopped = ""
    if mailing.stopped_at is not None:
        at = at_clinic(mailing.stopped_at, clinic)
        stopped = Markup("stopped by {}, {}").format(mailing.stopped_by, at)
    return Line(
        id=str(mailing.id),
        words=line.words,
        clinic=clinic.sender,
        author=mailing.author,
        made=at_clinic(mailing.made_at, clinic),
        leaves=None if mailing.due_at <= mailing.made_at else at_clinic(mailing.due_at, clinic),
        number=line.number,
        arrived=line.counts.get(MessageState.DELIVERED, 0),
        left=sum(line.counts.get(state, 0) for state in LEFT | IN_FLIGHT),
        left_out=len(mailing.left_out),
        is_over=line.is_over,
        stopped=stopped,
    )


def shown_batch(found: BatchReading, who: Actor) -> Batch:
    """Return a batch with everybody it was for."""
    line, mailing = found.line, found.line.mailing
    rows = tuple(
        Row(
            patient=str(person.id),
            name=person.name,
            channel=CHANNELS[item.channel],
            state=MESSAGE_STATES[item.state][0],
            tone=MESSAGE_STATES[item.state][1],
            why="" if item.reason is None else REASONS[item.reason],
        )
        for person, item in found.sent
    )
    left_out = sorted((person.name, REASONS[reason], str(person.id)) for person, reason in found.left_out)
    return Batch(
        line=shown_line(line),
        texts=tuple((LANGUAGES.get(language, language), text) for language, text in mailing.texts.items()),
        reason=mailing.override_reason or "",
        counts=_counts(line.counts),
        rows=rows,
        more=line.number - len(rows),
        left_out=tuple(left_out),
        waiting=line.waiting,
        may_stop=line.waiting > 0 and who.may(Right.WRITE, mailing.clinic_id),
    )


def _counts(counts: Mapping[MessageState, int]) -> tuple[tuple[str, str, int], ...]:
    """Return numbers by what staff call a state: several of ours are one to them."""
    found: dict[tuple[str, str], int] = {}
    for state in MessageState:
        if counts.get(state):
            found[MESSAGE_STATES[state]] = found.get(MESSAGE_STATES[state], 0) + counts[state]
    return tuple((words, tone, number) for (words, tone), number in found.items())
