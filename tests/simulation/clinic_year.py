"""A year of three clinics over the real services on a real database, in a few minutes, with every invariant checked.

    python3 -m tests.simulation.clinic_year [--patients 400] [--days 365] [--seed 1] [--database URL]

Time goes from event to event: what the life does next, or what the database says is due next. Nothing sleeps.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

from sqlalchemy import Select, func, select

from reminders.core.delivery import WAITING, MessageState
from reminders.core.patients import Channel
from reminders.core.reminders import ReminderState
from reminders.store import ledger, rows
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.simulation.checker import Breach, Checker, Rule
from tests.simulation.desk import Desk
from tests.simulation.facts import Contradicted, Fact, MessageIs, Over, Part, ReminderIs, TaskIs
from tests.simulation.life import Life
from tests.simulation.town import Site, Town, sites
from tests.world import World

BEGINS = datetime(2027, 1, 1, 14, 0, tzinfo=UTC)
OUTAGE = timedelta(hours=30)
SOON = timedelta(seconds=20)
MOST_STALLS = 5_000
"""Looks in a row at what is overdue and does not move: an outage at the clinic's pace takes far fewer."""


AHEAD = timedelta(seconds=2)


def _firsts() -> Select[Any]:
    """Return the first instant of each kind of work."""
    reminder, message, appointment = rows.reminder.c, rows.message.c, rows.appointment.c
    is_planned = reminder.state == ReminderState.PLANNED
    waits = message.state.in_([MessageState.DUE, MessageState.HELD])
    ends = message.state.in_([*WAITING, MessageState.UNKNOWN])
    firsts = {
        "dispatch": select(func.min(reminder.due_at)).where(is_planned),
        "reminders": select(func.min(reminder.expires_at)).where(is_planned),
        "sms": select(func.min(message.due_at)).where(waits, message.channel == Channel.SMS),
        "email": select(func.min(message.due_at)).where(waits, message.channel == Channel.EMAIL),
        "messages": select(func.min(message.expires_at)).where(ends),
        "watch": select(func.min(appointment.watch_at)).where(appointment.watch_at.is_not(None)),
    }
    return select(*(first.scalar_subquery().label(name) for name, first in firsts.items()))


FIRSTS = _firsts()


class StuckError(AssertionError):
    """Something is due, and nothing the workers do settles it."""


@dataclass(slots=True)
class Outcome:
    """What a life came to."""

    checker: Checker
    sent: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    tasks: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    sessions: int = 0
    people: int = 0
    days: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Automated messages by patient and day (of the clinic's zone)."""
    seconds: float = 0.0


class ClinicYear:
    """One life, from the first import to the last reminder."""

    def __init__(
        self,
        store: Store,
        *,
        patients: int,
        days: int,
        seed: int,
        begins: datetime = BEGINS,
        looks: int = 12,
        dead_numbers: float = 0.0,
    ) -> None:
        self.outcome = Outcome(Checker())
        self._town = Town(sites())
        rng = Random(seed)  # noqa: S311 - a life to live again
        self._life = Life(self._town, rng, begins=begins, days=days, dead_numbers=dead_numbers)
        self._world = World(store, *(dict(site.document) for site in self._town.sites), now=begins)
        self._desk = self._life.desk = Desk(self._world, self._town, self._tell)
        self._away_until: datetime | None = None
        self._stalls = 0
        self._life.settle(patients)
        self._install(days, begins, looks)

    def _tell(self, fact: Fact) -> None:
        self.outcome.checker.hear(fact)

    def _install(self, days: int, begins: datetime, looks: int) -> None:
        """Put on the agenda what the installation itself goes through: outages, new decisions, and our own looks."""
        span = timedelta(days=days)
        for share, lasts in ((0.4, OUTAGE), (0.7, timedelta(hours=3))):
            self._life.plan(begins + share * span, partial(self._go_away, lasts))
        riverside, saguaro, _ = self._town.sites
        changes: tuple[tuple[float, Site, dict[str, Any]], ...] = (
            (0.5, riverside, {"window": {"monday": "10:00-19:00"}, "cadence": {"*": {"off": ["ride_check"]}}}),
            (0.55, saguaro, {"cadence": {"*": {"rebook_weeks": 4, "on": ["day_of"]}}}),
            (0.8, riverside, {"window": {}, "cadence": {"*": {"off": []}}}),
        )
        for share, site, parts in changes:
            at = begins + share * span
            self._life.plan(at, partial(self._decide, site, parts), needs_service=True)
        for place in range(looks):
            self._life.plan(begins + (place + 0.37) / looks * span, self._desk.replan, needs_service=True)

    def _go_away(self, lasts: timedelta) -> None:
        self._away_until = self._world.clock.now() + lasts
        self._life.plan(self._away_until, self._come_back)

    def _come_back(self) -> None:
        self._away_until = None

    def _decide(self, site: Site, parts: Mapping[str, Any]) -> None:
        site.document = {**site.document, **parts}
        monday = parts.get("window", {}).get("monday")
        if monday is not None:
            opens, closes = (datetime.strptime(end, "%H:%M").time() for end in monday.split("-"))  # noqa: DTZ007 - a clock time
            site.week = (((opens, closes),), *site.week[1:])
        elif "window" in parts:
            site.week = (site.week[1], *site.week[1:])
        site.rebook_weeks = parts["cadence"]["*"].get("rebook_weeks", site.rebook_weeks)
        self._desk.apply(site)

    def run(self) -> Outcome:
        """Live it, then judge what is left."""
        began = monotonic()
        for site in self._town.sites:
            self._tell(site.fact())
        for file in sorted(self._town.files):
            self._desk.read(file, is_first=True)
        while (at := self._next()) is not None:
            self._world.at(max(at, self._world.clock.now()))
            self._life.live(self._world.clock.now(), away_until=self._away_until)
            if self._away_until is None:
                self._work(self._dues())
            self.outcome.steps += 1
        self._desk.replan()
        self._close()
        self.outcome.seconds = monotonic() - began
        return self.outcome

    def _next(self) -> datetime | None:
        now = self._world.clock.now()
        due = min(self._dues().values(), default=None) if self._away_until is None else None
        if due is not None and due <= now:
            self._stalls += 1
            due = now + SOON
        elif due is not None:
            self._stalls = 0
        if self._stalls > MOST_STALLS:
            raise StuckError(f"at {now} something is overdue and stays so")
        return min((at for at in (due, self._life.next_at) if at is not None), default=None)

    def _dues(self) -> dict[str, datetime]:
        """Return when each kind of work is due next, as far as there is any."""
        with self._world.store.reading() as tx:
            found = tx.connection.execute(FIRSTS).one()
        return {name: at for name, at in found._asdict().items() if at is not None}

    def _work(self, dues: Mapping[str, datetime]) -> None:
        now = self._world.clock.now()
        self._desk.work({name for name, at in dues.items() if at <= now + AHEAD})
        for left, tag, provider_id in self._desk.left():
            self.outcome.sent[f"{left.kind} ({left.origin}, {left.channel})"] += 1
            if left.origin == "reminder" and left.recipient == "patient":
                self.outcome.days[left.person or "", f"{left.at:%Y-%m-%d}"] += 1
            if left.channel == "sms":
                self._desk.deliver(tag, provider_id, left.address, is_dead=self._life.is_dead(left.address))
            self._life.hears(left, self._desk.text)
        self._desk.hear_receipts()

    def _close(self) -> None:
        """Tell how everything ended."""
        world = self._world
        names = {
            row.id: row.external_id for row in world.all(select(rows.appointment.c.id, rows.appointment.c.external_id))
        }
        for row in world.all(select(rows.reminder)):
            part = Part(names[row.appointment_id], row.version, row.step)
            state, reason = row.state.value, row.reason.value if row.reason else None
            self._tell(ReminderIs(part, row.recipient.value, row.channel.value, state, reason))
            self.outcome.ends[f"reminder {state}{f': {reason}' if reason else ''}"] += 1
        for row in world.all(select(rows.message)):
            about, reason = names.get(row.appointment_id), row.reason.value if row.reason else None
            self._tell(MessageIs(str(row.id), about, row.origin.value, row.kind, row.state.value, reason))
            self.outcome.ends[f"message {row.state.value}{f': {reason}' if reason else ''}"] += 1
        for row in world.all(select(rows.task)):
            self._tell(TaskIs(row.kind.value, names.get(row.appointment_id), str(row.message_id)))
            self.outcome.tasks[row.kind.value] += 1
        with world.store.reading() as tx:
            for name, count in ledger.read(tx).contradictions.items():
                if count:
                    self._tell(Contradicted(f"{name}: {count}"))
        self.outcome.people = len(self._town.people)
        self.outcome.sessions = sum(map(len, self._town.files.values()))
        self._tell(Over(world.clock.now()))


def table(outcome: Outcome) -> str:
    """Return what happened as lines for a person."""
    checker = outcome.checker
    broken = Counter(breach.rule for breach in checker.breaches)
    lines = [
        f"{outcome.people} patients, {outcome.sessions} sessions, {outcome.steps} steps, {outcome.seconds:.1f} s",
        *_section("messages that left", outcome.sent),
        *_section("how everything ended", outcome.ends),
        *_section("tasks", outcome.tasks),
        *_section("days of a patient with so many messages", Counter(map(str, outcome.days.values()))),
        *_section("over a cap, as they may be", checker.over_cap),
        *_section("carried by a held message past their own use", checker.carried_late),
        "",
        f"{'invariant':<56}{'checked':>10}{'broken':>10}",
        *(f"{rule.value:<56}{checker.checked[rule]:>10}{broken[rule]:>10}" for rule in Rule),
    ]
    return "\n".join(lines)


def _section(title: str, counts: Counter[str]) -> list[str]:
    return ["", f"{title}: {counts.total()}", *(f"  {name:<54}{n:>10}" for name, n in sorted(counts.items()))]


def shown(breaches: Sequence[Breach], most: int = 12) -> str:
    """Return the first breaches of each rule as lines."""
    seen: Counter[Rule] = Counter()
    lines = []
    for breach in breaches:
        seen[breach.rule] += 1
        if seen[breach.rule] <= most:
            lines.append(f"BROKEN {breach.rule.name} at {breach.at}: {breach.what}")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one life and print its table; 1 where an invariant broke."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.simulation.clinic_year", description=__doc__)
    parser.add_argument("--patients", type=int, default=400)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dead-numbers", type=float, default=0.0, help="share of texts at which a number goes dead")
    parser.add_argument("--database", help="an empty database; the default is a file that is thrown away")
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="clinic-year-", dir=_in_memory()) as folder:
        store = Store(given.database or f"sqlite:///{folder}/year.sqlite3", Vault(["only for this"]))
        rows.metadata.create_all(store.engine)
        outcome = ClinicYear(
            store, patients=given.patients, days=given.days, seed=given.seed, dead_numbers=given.dead_numbers
        ).run()
        store.close()
    sys.stdout.write(f"{table(outcome)}\n{shown(outcome.checker.breaches)}\n")
    return 1 if outcome.checker.breaches else 0


def _in_memory() -> Path | None:
    """Return a folder in memory where there is one: what a crash would cost is of no interest here."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder made in it has a name of its own
    return memory if memory.is_dir() else None


if __name__ == "__main__":
    sys.exit(main())
