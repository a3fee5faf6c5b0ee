"""How the worklist and a single task of it read on a terminal, wide or narrow. Pure: lines in, nothing printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from reminders.cli.tables import BOLD, GAP, NARROWEST, RED, fold, lay_out, paint, width
from reminders.core.delivery import MessageState
from reminders.core.labels import INTENTS, MESSAGE_STATES, REASONS, title
from reminders.core.reminders import Reason
from reminders.core.tasks import GROUP_TITLES, TITLES, Standing, Urgency, how_it_ended, proofs, told
from reminders.core.wording import StaffClock, dated_time, day_and_time, many
from reminders.services.read_worklist import Heard, Line, TaskLine, Worklist

HEADINGS = ("ID", "Urgency", "Due", "Patient", "Session", "Owner")
URGENCIES: Mapping[Urgency, str] = {Urgency.HIGH: "now", Urgency.NORMAL: "today", Urgency.LOW: "later"}
MARGIN = 8
WIDE = 100
"""From this width on there is room for whole names."""
NARROW_NAME, WIDE_NAME, NARROW_OWNER = 18, 30, 9
MOST_SAID, MOST_SAID_IN_A_PIPE = 110, 300
NOTHING = "Nothing needs a person just now."


def listing(shown: Worklist, wide: int | None, environment: Mapping[str, str]) -> list[str]:
    """Return the list: a line of columns for each task, below it what was said and what to do, under its group."""
    if not shown.lines:
        return [NOTHING]
    name, owner = (NARROW_NAME, NARROW_OWNER) if wide is not None and wide < WIDE else (WIDE_NAME, WIDE_NAME)
    cells = [_cells(line, shown.now, name=name, owner=owner) for line in shown.lines]
    rows = [parts[0] for parts in lay_out([HEADINGS, *cells], None)]
    found = [paint(rows[0], BOLD, environment)]
    tasks = zip(shown.lines, rows[1:], strict=True)
    for group, some in groupby(tasks, key=lambda pair: pair[0].group):
        members = list(some)
        found += ["", paint(f"{GROUP_TITLES[group]} ({len(members)})", BOLD, environment)]
        for line, row in members:
            is_late = line.due_at < shown.now
            found += [paint(row, RED, environment) if is_late else row, *_details(line, wide)]
    return [*found, "", _summary(shown)]


def _cells(line: TaskLine, now: datetime, *, name: int, owner: int) -> tuple[str, ...]:
    start = day_and_time(line.starts_at, ZoneInfo(line.timezone)) if line.starts_at is not None else ""
    return (
        line.short_id,
        URGENCIES[line.task.urgency],
        told(line.due_at, now),
        cut(line.name or "", name),
        start,
        cut(line.task.owner or "", owner),
    )


def _details(line: TaskLine, wide: int | None) -> list[str]:
    """Return what it is about, with the words that led to it, and what to do: each a paragraph of its own."""
    limit = None if wide is None else max(wide - MARGIN, NARROWEST)
    paragraphs = [TITLES[line.task.kind] + _because(line) + _quoted(line.said, wide), line.next_action]
    folded = ([text] if limit is None else fold(text, limit) for text in paragraphs)
    return [" " * MARGIN + part for parts in folded for part in parts]


def _because(line: TaskLine) -> str:
    return f" ({line.why})" if line.why else ""


def _quoted(said: Heard | None, wide: int | None) -> str:
    if said is None:
        return ""
    return f": {_words(said, MOST_SAID_IN_A_PIPE if wide is None else MOST_SAID)}{_understood(said)}"


def _words(said: Heard, most: int) -> str:
    """Return what was written, in quotation marks; a photo and what does not open say what they are."""
    if said.text is None:
        return "a text that cannot be opened"
    photos = f"{many(said.media_count, 'picture')}" if said.media_count else ""
    text = f"“{cut(' '.join(said.text.split()), most)}”" if said.text.strip() else "" if photos else "an empty text"
    return " with ".join(filter(None, (text, photos)))


def _understood(said: Heard) -> str:
    return f" \N{EN DASH} {', '.join(INTENTS[intent] for intent in said.intents)}" if said.intents else ""


def _summary(shown: Worklist) -> str:
    late = sum(1 for line in shown.lines if line.due_at < shown.now)
    nobodys = sum(1 for line in shown.lines if line.task.owner is None)
    parts = [
        many(len(shown.lines), "task"),
        f"{late} overdue" if late else "",
        f"{nobodys} nobody's" if nobodys else "",
    ]
    return ", ".join(filter(None, parts))


def cut(text: str, most: int) -> str:
    """Return a text in at most so many columns, with an ellipsis where it was longer."""
    if width(text) <= most:
        return text
    while width(text) >= most:
        text = text[:-1]
    return text.rstrip() + "…"


def story(line: TaskLine, now: datetime, wide: int | None, environment: Mapping[str, str]) -> list[str]:
    """Return the whole of one task: whose, until when, what was said and why we think so, and what was done."""
    task, tz = line.task, ZoneInfo(line.timezone)
    facts = [
        ("Patient", _patient(line)),
        ("Session", f"{line.session} on {dated_time(line.starts_at, tz)}" if line.starts_at is not None else ""),
        ("Due", f"{told(line.due_at, now)}: {dated_time(line.due_at, tz)} ({URGENCIES[task.urgency]})"),
        ("Opened", dated_time(task.opened_at, tz) if task.opened_at is not None else ""),
        ("Why", line.why),
        ("Owner", task.owner or "nobody yet"),
        ("Taken", _taken(line, tz)),
        (
            "Resolved",
            how_it_ended(Standing(resolved_at=task.resolved_at, resolved_by=task.resolved_by), StaffClock(tz)),
        ),
        ("Next", line.next_action if task.resolved_at is None else ""),
        ("Message", _message(line.about_message, tz)),
        ("Last message", _message(line.last_message, tz)),
    ]
    if task.resolved_at is not None:
        facts = [fact for fact in facts if fact[0] != "Due"]
    head = paint(f"{line.short_id}{GAP}{TITLES[task.kind]}", BOLD, environment)
    return [head, *_facts(facts, wide), *_heard(line, tz, wide), *_notes(task.note, wide)]


def _patient(line: TaskLine) -> str:
    where = f", {line.clinic}" if line.clinic is not None else ""
    return f"{line.name} ({line.patient}){where}" if line.name is not None else ""


def _taken(line: TaskLine, tz: ZoneInfo) -> str:
    task = line.task
    return f"by {task.acknowledged_by} on {dated_time(task.acknowledged_at, tz)}" if task.acknowledged_at else ""


def _message(item: Line | None, tz: ZoneInfo) -> str:
    if item is None:
        return ""
    why = f" ({REASONS[Reason(item.reason)]})" if item.reason is not None else ""
    return f"{title(item.kind)}, {MESSAGE_STATES[MessageState(item.state)]}{why}, {dated_time(item.at, tz)}"


def _heard(line: TaskLine, tz: ZoneInfo, wide: int | None) -> list[str]:
    said = line.said
    if said is None:
        return []
    read = [f"“{item.words}”: {INTENTS[item.intent]} ({item.rule})" for item in proofs(said.text, said.understood)]
    known = read or ([", ".join(INTENTS[intent] for intent in said.intents)] if said.intents else [])
    facts = [
        ("They wrote", f"{_words(said, len(said.text or '') + 1)}, {dated_time(said.at, tz)}"),
        *(("" if place else "Understood", text) for place, text in enumerate(known)),
        ("Done", said.decision),
    ]
    return ["", *_facts(facts, wide)]


def _notes(note: str | None, wide: int | None) -> list[str]:
    if not note:
        return []
    lines = note.splitlines()
    return ["", *_facts([("" if place else "Notes", text) for place, text in enumerate(lines)], wide)]


def _facts(facts: Iterable[tuple[str, str]], wide: int | None) -> list[str]:
    """Return names and values below each other; long values are folded under themselves."""
    known: Sequence[tuple[str, str]] = [fact for fact in facts if fact[1]]
    margin = 14
    found = []
    for name, value in known:
        parts = [value] if wide is None else fold(value, max(wide - margin, NARROWEST))
        found += [f"{name:<{margin}}{parts[0]}", *(" " * margin + part for part in parts[1:])]
    return found
