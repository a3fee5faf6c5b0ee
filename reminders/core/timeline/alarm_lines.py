"""Alarm lines: when staff were called about a patient, how far the climb went, and who took it over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reminders.core.check_ins import Concern
from reminders.core.instants import iso
from reminders.core.timeline.events import Event, EventKind
from reminders.core.timeline.history import History
from reminders.core.wording import many

CONCERNS: Mapping[Concern, str] = {
    Concern.RED_FLAG: "words that may mean danger",
    Concern.IDIOM: "words that are usually a figure of speech",
    Concern.HIGH_SCORE: "a high score",
    Concern.JUMP: "a score that rose by much",
}


def alarm_lines(history: History) -> Iterator[Event]:
    """Yield each alarm, and the moment at which somebody took it over."""
    for item in history.alarms:
        called = many(item.rung, "time") if item.rung else "nobody is named to call"
        told = "The patient was sent the emergency numbers." if item.is_patient_told else "No text could go out."
        yield Event(
            at=item.opened_at,
            kind=EventKind.ALARM,
            what=f"Staff called: {CONCERNS[item.concern]}",
            why=f"{told} Called: {called}.",
            state="open" if item.acknowledged_at is None else "taken over",
            facts={"concern": item.concern, "code": item.code, "calls": item.rung},
        )
        if item.acknowledged_at is not None:
            yield Event(
                at=item.acknowledged_at,
                kind=EventKind.ALARM,
                what=f"Taken over by {item.acknowledged_by}",
                why="Nobody else is called.",
                facts={"acknowledged_at": iso(item.acknowledged_at), "acknowledged_by": item.acknowledged_by},
            )
