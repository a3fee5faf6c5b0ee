"""What T3, T4 and T5 share: events that follow one another while a load leaves, and how long each silences it.

The measure is the longest time without an accepted text from an event to the next one, while plenty is due.
"""

from __future__ import annotations

import random
import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.chaos.checker import check
from tests.chaos.experiments import Report, tell
from tests.chaos.load import write_schedule
from tests.chaos.logs import Promise, Rules, Seen, Stored, Text
from tests.chaos.stack import Stack
from tests.chaos.t01_random_kills import settle

Pause = Callable[[float], None]
Event = Callable[[Pause], None]
"""Breaks something, waits by the pause it is given, and mends it again."""
SEGMENTS = 2
"""Of the text that the load sends: the pace of a sender is counted in them."""
JUDGED = 0.95
"""A silence counts until so much of the load has left: after that little is due."""
REVIVE_EVERY = 0.5


@dataclass(frozen=True, slots=True)
class Span:
    """One event: when it began and when all was mended, in machine time."""

    name: str
    began_at: datetime
    mended_at: datetime


@dataclass(slots=True)
class Nemesis:
    """Does one event after another, each kind equally often, in an order that the seed decides."""

    stack: Stack
    events: Mapping[str, Event]
    count: int
    rest: float
    """Seconds between two events, on average."""
    done: list[Span] = field(default_factory=list)
    ended_alone: Counter[str] = field(default_factory=Counter)

    def rage(self) -> None:
        """Do them all."""
        chance = random.Random(self.stack.setup.seed)  # noqa: S311 - repeatable on purpose, guards nothing
        kinds = list(self.events)
        names = [kinds[number % len(kinds)] for number in range(self.count)]
        chance.shuffle(names)
        self.pause(self.rest)
        for number, name in enumerate(names, start=1):
            began_at = _now()
            self.events[name](self.pause)
            self.done.append(Span(name, began_at, _now()))
            tell(f"seed {self.stack.setup.seed}: event {number} of {self.count}: {name}")
            self.pause(chance.uniform(0.5, 1.5) * self.rest)

    def pause(self, seconds: float) -> None:
        """Wait, and start again what ended by itself, as a supervisor would."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, REVIVE_EVERY))
            self.look()

    def look(self) -> None:
        """Start again what ended by itself."""
        self.ended_alone.update(name.partition("#")[0] for name in self.stack.revive())


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has ended: its three logs, and what was done to it."""

    stack: Stack
    promises: Sequence[Promise]
    seen: Seen
    stored: Stored
    nemesis: Nemesis
    seconds: float

    def report(self, experiment: str, figures: Mapping[str, object], faults: Sequence[str]) -> Report:
        """Judge it by its logs, with more figures and faults of the experiment's own."""
        setup, nemesis = self.stack.setup, self.nemesis
        rules = Rules(timedelta(seconds=setup.grace), timedelta(seconds=setup.list_lag))
        verdict = check(self.promises, self.seen, self.stored, rules)
        more = {
            "events": dict(Counter(span.name for span in nemesis.done)),
            "calls": len(self.seen.calls),
            "restarted after they ended by themselves": dict(nemesis.ended_alone),
            **figures,
        }
        return Report(experiment, setup.seed, verdict, len(nemesis.done), self.seconds, more, faults)


def pace(reminders: int, *, seconds: float) -> Mapping[str, str]:
    """Return the setting by which so many texts leave evenly in so much time."""
    return {"REMINDERS_SEGMENTS_PER_SECOND": f"{max(reminders * SEGMENTS / seconds, 1.0):.2f}"}


def run_events(stack: Stack, events: Mapping[str, Event], *, reminders: int, count: int, rest: float) -> Run:
    """Import, start, do all events, wait until everything has ended, and read the logs."""
    began = time.monotonic()
    promises = write_schedule(stack.folder / "schedule.csv", reminders)
    stack.run_command("import", str(stack.folder / "schedule.csv"))
    stack.start()
    nemesis = Nemesis(stack, events, count, rest)
    nemesis.rage()
    tell(f"seed {stack.setup.seed}: all events after {time.monotonic() - began:.0f} s; {dict(stack.states())}")
    settle(stack, nemesis.look)
    seen, stored = stack.evidence()
    return Run(stack, promises, seen, stored, nemesis, time.monotonic() - began)


def silences(spans: Sequence[Span], texts: Sequence[Text], *, is_from_mending: bool = False) -> dict[str, list[float]]:
    """Return, by kind of event, the longest silence after each, in seconds; those after most has left are not there.

    A silence begins with the event (or with its mending) at the earliest, and belongs to the last event before it ends.
    """
    accepted = sorted(text.at for text in texts)
    found: dict[str, list[float]] = defaultdict(list)
    if not accepted:
        return found
    judged_until = accepted[int(len(accepted) * JUDGED) - 1]
    for number, span in enumerate(spans):
        since = span.mended_at if is_from_mending else span.began_at
        until = min(spans[number + 1].began_at if number + 1 < len(spans) else judged_until, judged_until)
        if since < until:
            found[span.name].append(_longest(accepted, since, until))
    return found


def _longest(accepted: Sequence[datetime], since: datetime, until: datetime) -> float:
    place, last, longest = bisect_right(accepted, since), since, timedelta(0)
    while last < until and place < len(accepted):
        longest = max(longest, accepted[place] - last)
        last, place = accepted[place], place + 1
    return longest.total_seconds()


def summary(found: Mapping[str, Sequence[float]]) -> dict[str, str]:
    """Return the worst and the middle silence of each kind, in seconds."""
    return {
        name: f"worst {max(values):.1f}, middle {sorted(values)[len(values) // 2]:.1f}"
        for name, values in sorted(found.items())
        if values
    }


def too_long(found: Mapping[str, Sequence[float]], *, most: float) -> list[str]:
    """Return a fault for each kind of event after which it was silent for longer than that."""
    worst = {name: max(values, default=0.0) for name, values in found.items()}
    return [f"silent for {value:.0f} s after {name}" for name, value in sorted(worst.items()) if value > most]
