"""`reminders preview`: the plan of a schedule file as a table a receptionist can read, or as JSON lines."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from reminders.cli.import_schedule import fault_line
from reminders.cli.tables import print_table
from reminders.core.errors import InputError, ScheduleError
from reminders.core.foresight import Touch
from reminders.core.instants import iso
from reminders.core.labels import REASONS, STEPS
from reminders.core.patients import Channel, Recipient
from reminders.core.reminders import ReminderState
from reminders.services.preview_schedule import Preview

DONE, BAD_INPUT = 0, 2
CHANNELS = {Channel.SMS: "text", Channel.EMAIL: "e-mail"}
SENT_AS = {
    ReminderState.PLANNED: "is sent",
    ReminderState.SUPPRESSED: "is not sent",
    ReminderState.EXPIRED: "is not sent",
}


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Print the plan of a file. Nothing of this installation is read: no database, no settings, no data folder.

    Raises ScheduleError and ClinicFileError with every fault, InputError for a time that cannot be read.
    """
    from reminders.bootstrap import preview_file

    now = _now(arguments.now)
    try:
        preview = preview_file(arguments.schedule, arguments.clinic, now=now, days=arguments.days)
    except ScheduleError as error:
        raise ScheduleError([f"{arguments.schedule}: {fault}" for fault in error.faults]) from None
    for fault in preview.faults:
        print(fault_line(arguments.schedule, fault), file=sys.stderr)
    if preview.faults and not arguments.partial:
        print("nothing is shown: correct the rows, or preview the good ones with --partial", file=sys.stderr)
        return BAD_INPUT
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
    for note in preview.notes:
        print(f"note: {note}")
    headings = ("When", "Patient", "Session", "Message", "By", "What happens")
    print_table(headings, _rows(preview), environment)
    print(_summary(preview.touches))


def _rows(preview: Preview) -> list[tuple[str, ...]]:
    return [
        (
            _at(touch.due_at, touch.tz),
            touch.entry.patient.name,
            f"{touch.entry.external_id}, {_at(touch.entry.booking.starts_at, touch.entry.booking.tz)}",
            STEPS.get(touch.step, touch.step),
            CHANNELS[touch.channel],
            _what_happens(touch, preview.crowded),
        )
        for touch in sorted(preview.touches, key=_reading_order)
    ]


def _reading_order(touch: Touch) -> tuple[datetime, str, str, bool]:
    """Put what goes along below the message that takes it."""
    message = touch.merged_into or f"{touch.entry.external_id}/{touch.step}"
    return touch.due_at, touch.entry.patient.external_id, message, touch.merged_into is not None


def _at(at: datetime, tz: ZoneInfo) -> str:
    return at.astimezone(tz).strftime("%a %d %b %H:%M")


def _what_happens(touch: Touch, crowded: Collection[str]) -> str:
    if touch.merged_into is not None:
        external_id, step = touch.merged_into.rsplit("/", 1)
        title = STEPS.get(step, step)
        return f"goes with '{title}'" + ("" if external_id == touch.entry.external_id else f" of {external_id}")
    if touch.state is ReminderState.PLANNED and f"{touch.entry.external_id}/{touch.step}" in crowded:
        return "gives way if all others are sent: enough messages"
    why = "" if touch.reason is None else f": {REASONS[touch.reason]}"
    to = " to the escort" if touch.recipient is Recipient.ESCORT and touch.reason is None else ""
    return SENT_AS[touch.state] + to + why


def _summary(touches: Sequence[Touch]) -> str:
    if not touches:
        return "Nothing falls due in this time."
    count = Counter(touch.state for touch in touches)
    parts = [f"{_many(count[ReminderState.PLANNED], 'message')} to {_people(touches)}"]
    if count[ReminderState.MERGED]:
        parts.append(f"{count[ReminderState.MERGED]} further reminders go with them")
    unsent = count[ReminderState.SUPPRESSED] + count[ReminderState.EXPIRED]
    if unsent:
        parts.append(f"{unsent} not sent")
    return "; ".join(parts) + ". Times are the reader's own; sessions are in the clinic's."


def _people(touches: Sequence[Touch]) -> str:
    people = {touch.entry.patient.external_id for touch in touches if touch.state is ReminderState.PLANNED}
    return _many(len(people), "patient")


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
