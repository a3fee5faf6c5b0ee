"""`reminders preview`: the plan of a schedule file as a table a receptionist can read, or as JSON lines."""

from __future__ import annotations

import gc
import json
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter

from reminders.cli.faults import fault_line
from reminders.cli.tables import BOLD, lay_out, paint, print_table, room
from reminders.core.errors import InputError, ScheduleError
from reminders.core.foresight import Touch
from reminders.core.instants import iso
from reminders.core.labels import REASONS, STEPS
from reminders.core.patients import Channel, Recipient
from reminders.core.reminders import ReminderState
from reminders.core.wording import many
from reminders.services.preview_schedule import Preview

DONE, BAD_INPUT = 0, 2
CHANNELS = {Channel.SMS: "by text", Channel.EMAIL: "by e-mail"}


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Print the plan of a file. Nothing of this installation is read: no database, no settings, no data folder.

    Raises ScheduleError and ClinicFileError with every fault, InputError for a time that cannot be read.
    """
    from reminders.offline import preview_file

    now = _now(arguments.now)
    gc.disable()  # a year's schedule makes millions of small things, and all of them are kept until the end
    try:
        preview = preview_file(
            arguments.schedule, arguments.clinic, now=now, days=arguments.days, marks_crowded=not arguments.json
        )
    except ScheduleError as error:
        raise ScheduleError([f"{arguments.schedule}: {fault}" for fault in error.faults]) from None
    finally:
        gc.enable()
    for fault in preview.faults:
        print(fault_line(arguments.schedule, fault), file=sys.stderr)
    if preview.faults and not arguments.partial:
        print("nothing is shown: correct the rows, or preview the good ones with --partial", file=sys.stderr)
        return BAD_INPUT
    for note in preview.notes:
        # With --json standard output is for a program.
        print(f"note: {note}", file=sys.stderr if arguments.json else sys.stdout)
    if arguments.json:
        sys.stdout.write("".join(f"{json.dumps(to_line(touch), ensure_ascii=False)}\n" for touch in preview.touches))
    else:
        _show(preview, environment)
    return BAD_INPUT if preview.faults else DONE


def _now(text: str | None) -> datetime | None:
    """Read the time to plan from. Raises InputError."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        wanted = "a date and time with its zone, such as 2027-03-01T09:00:00-05:00 or 2027-03-01T14:00:00Z, is wanted"
        raise InputError([f"--now: found {text!r}; {wanted}"])
    return found


def to_line(touch: Touch) -> dict[str, object]:
    """Return one touch for programs. `due_at` and `expires_at` are UTC, `due_local` is the reader's own clock."""
    return {
        "appointment": touch.entry.external_id,
        "step": touch.step,
        "recipient": touch.recipient.value,
        "channel": touch.channel.value,
        "due_at": iso(touch.due_at),
        "due_local": touch.due_at.astimezone(touch.tz).isoformat(timespec="seconds"),
        "expires_at": iso(touch.expires_at),
        "state": touch.state.value,
        # A merged one names its message instead of a reason.
        "reason": touch.reason.value if touch.reason is not None and touch.merged_into is None else None,
        "merged_into": touch.merged_into,
    }


def _show(preview: Preview, environment: Mapping[str, str]) -> None:
    touches = sorted(preview.touches, key=_reading_order)
    wide = room()
    if wide is None:
        rows = [(f"{_local(touch):%a %d %b} {cells[0]}", *cells[1:]) for touch, cells in _rows(touches, preview)]
        print_table(("When", "Patient", "Session", "Message", "What happens"), rows, environment)
    else:
        _show_days(_rows(touches, preview), wide, environment)
    print(_summary(touches))


def _show_days(rows: Sequence[tuple[Touch, tuple[str, ...]]], wide: int, environment: Mapping[str, str]) -> None:
    """Print a paragraph for each day, which leaves a narrow terminal room for the rest."""
    laid_out = lay_out([cells for _, cells in rows], wide)
    days = [_local(touch).date() for touch, _ in rows]
    for on, group in groupby(zip(days, laid_out, strict=True), key=itemgetter(0)):
        print(paint(f"{on:%A %d %B %Y}", BOLD, environment))
        print(*(line for _, lines in group for line in lines), sep="\n", end="\n\n")


def _rows(touches: Sequence[Touch], preview: Preview) -> list[tuple[Touch, tuple[str, ...]]]:
    return [(touch, _row(touch, preview.crowded)) for touch in touches]


def _row(touch: Touch, crowded: Collection[str]) -> tuple[str, ...]:
    booking = touch.entry.booking
    start = booking.starts_at.astimezone(booking.tz)
    return (
        f"{_local(touch):%H:%M}{_zone(touch)}",
        touch.entry.patient.name,
        f"{touch.entry.external_id} {start:%a %d %b}",
        STEPS.get(touch.step, touch.step),
        _what_happens(touch, crowded),
    )


def _reading_order(touch: Touch) -> tuple[date, datetime, str, str, bool]:
    """Put what goes along below the message that takes it."""
    message = touch.merged_into or touch.name
    is_along = touch.merged_into is not None
    return _local(touch).date(), touch.due_at, touch.entry.patient.external_id, message, is_along


def _local(touch: Touch) -> datetime:
    return touch.due_at.astimezone(touch.tz)


def _zone(touch: Touch) -> str:
    """Name the reader's zone where their clock differs from the clinic's, or a time would look like a mistake."""
    there = touch.due_at.astimezone(touch.entry.booking.tz)
    return "" if there.utcoffset() == _local(touch).utcoffset() else f" {_local(touch):%Z}"


def _what_happens(touch: Touch, crowded: Collection[str]) -> str:
    if touch.merged_into is not None:
        external_id, step = touch.merged_into.rsplit("/", 1)
        title = STEPS.get(step, step)
        return f"with '{title}'" + ("" if external_id == touch.entry.external_id else f" of {external_id}")
    if touch.state is not ReminderState.PLANNED:
        return "not sent" + ("" if touch.reason is None else f": {REASONS[touch.reason]}")
    if touch.name in crowded:
        return f"{CHANNELS[touch.channel]}, if not too many go out before"
    return CHANNELS[touch.channel] + (" to the escort" if touch.recipient is Recipient.ESCORT else "")


def _summary(touches: Sequence[Touch]) -> str:
    if not touches:
        return "Nothing falls due in this time."
    count = Counter(touch.state for touch in touches)
    parts = [f"{many(count[ReminderState.PLANNED], 'message')} to {_people(touches)}"]
    if count[ReminderState.MERGED]:
        parts.append(f"{many(count[ReminderState.MERGED], 'further reminder')} in the same messages")
    unsent = count[ReminderState.SUPPRESSED] + count[ReminderState.EXPIRED]
    if unsent:
        parts.append(f"{unsent} not sent")
    return "; ".join(parts) + ". Times are those where the reader lives."


def _people(touches: Sequence[Touch]) -> str:
    people = {touch.entry.patient.external_id for touch in touches if touch.state is ReminderState.PLANNED}
    return many(len(people), "patient")
