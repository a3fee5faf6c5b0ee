"""T1: SIGKILL at random moments of everything of ours, while the provider fails in 15 of 100 calls.

The kills are spread over the leaving of the load by progress, not by time, so that every one of them meets work.
"""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from tests.chaos.checker import check
from tests.chaos.experiments import Options, Report, kept, tell
from tests.chaos.logs import Rules
from tests.chaos.stack import INTENT_FIRST, SEND_THEN_MARK, TEMPORARY, Setup, Stack

FAULTS = (
    "accept_then_timeout=0.03,accept_then_500=0.02,accept_then_reset=0.02,error_500=0.02,reset=0.02,timeout=0.02,"
    "rate_429=0.02,callback_lost=0.05,callback_duplicate=0.1,callback_reversed=0.1,hang_seconds=30"
)
"""A call that hangs outlasts the patience of our client, which therefore decides."""
USUAL, QUICK = (10_000, 100, 5), (1_000, 10, 1)
"""Reminders and kills of a seed, and seeds."""
ON_SQLITE = (5_000, 50, 1)
SPREAD_OVER = 0.9
"""Which part of the load has begun to leave when the last kill comes."""
LONGEST_PAUSE = 15.0
"""A kill comes after so many seconds at the latest, however little moved."""
LOOK_EVERY = 0.25
SETTLES_WITHIN = 900.0
GRACE = 60
"""Seconds. A machine that is busy with other work held a request back for 24 s: a grace below that shows doubles which
the service's own ten minutes would not have made."""
TELL_EVERY = 20.0
NUDGE_EVERY = 0.5
LAST_RECEIPTS = 3.0


@dataclass(slots=True)
class Nemesis:
    """Who kills what, when: the same for the same seed, as far as the load moves alike."""

    stack: Stack
    kills: int
    load: int
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    ended_alone: Counter[str] = field(default_factory=Counter)

    def rage(self) -> None:
        """Kill until the number is full."""
        for number in range(self.kills):
            mark = (number + self.chance.random()) / self.kills * SPREAD_OVER * self.load
            self._await(mark)
            time.sleep(self.chance.uniform(0.0, LOOK_EVERY))
            name = self.chance.choice(list(self.stack.parts))
            self.stack.kill(name)
            self.done[name.partition("#")[0]] += 1

    def _await(self, mark: float) -> None:
        until = time.monotonic() + LONGEST_PAUSE
        while self.stack.states().get("attempts", 0) < mark and time.monotonic() < until:
            time.sleep(LOOK_EVERY)
            self.look()

    def look(self) -> None:
        """Start again what ended without being killed."""
        self.ended_alone.update(self.stack.revive())


def t1(options: Options) -> Sequence[Report]:
    """Run every seed that has no result yet."""
    usual_reminders, usual_kills, usual_seeds = QUICK if options.is_quick else USUAL
    if options.database == "sqlite" and not options.is_quick:
        usual_reminders, usual_kills, usual_seeds = ON_SQLITE
    reminders = options.reminders or usual_reminders
    kills = usual_kills if options.kills is None else options.kills
    return [_kept(options, reminders, kills, seed) for seed in options.all_seeds(usual_seeds)]


def _kept(options: Options, reminders: int, kills: int, seed: int) -> Report:
    name = f"T1-{options.database}-{options.strategy}-{reminders}-{kills}-seed{seed}"

    def run() -> Report:
        home = options.folder / name
        shutil.rmtree(home, ignore_errors=True)
        worker = SEND_THEN_MARK if options.strategy == "send_then_mark" else INTENT_FIRST
        setup = Setup(
            database=options.database,
            faults=FAULTS,
            seed=seed,
            sms_worker=worker,
            is_forked=options.is_forked,
            grace=GRACE,
        )
        with Stack(setup, home) as stack:
            return run_seed(stack, reminders=reminders, kills=kills)

    return kept(options.folder / f"{name}.json", run)


def run_seed(stack: Stack, *, reminders: int, kills: int) -> Report:
    """Import, start, kill, wait until everything has ended, and judge."""
    setup, began = stack.setup, time.monotonic()
    promises = stack.load(reminders)
    stack.start()
    started = time.monotonic()
    tell(f"seed {setup.seed}: {reminders} imported and all started after {started - began:.0f} s")
    nemesis = Nemesis(stack, kills, reminders, random.Random(setup.seed))  # noqa: S311 - repeatable on purpose
    nemesis.rage()
    raged = time.monotonic()
    tell(f"seed {setup.seed}: {kills} kills after {raged - started:.0f} s: {dict(nemesis.done)}")
    settle(stack, nemesis.look)
    stack.halt()
    seen, stored = stack.evidence()
    has_intents = setup.sms_worker == INTENT_FIRST
    rules = Rules(timedelta(seconds=setup.grace), timedelta(seconds=setup.list_lag), has_intents=has_intents)
    figures = {
        "import and start": f"{started - began:.0f} s",
        "under kills": f"{raged - started:.0f} s",
        "tail": f"{time.monotonic() - raged:.0f} s",
        "calls": len(seen.calls),
        "killed": dict(nemesis.done),
        "ended by themselves": dict(nemesis.ended_alone),
    }
    return Report("T1", setup.seed, check(promises, seen, stored, rules), kills, time.monotonic() - began, figures)


def settle(stack: Stack, look: Callable[[], None] = lambda: None, *, within: float = SETTLES_WITHIN) -> None:
    """Wait until everything has ended, or the patience has, and the last delivery reports are in."""
    until, tell_at, nudge_at = time.monotonic() + within, time.monotonic(), time.monotonic()
    while not stack.is_settled() and time.monotonic() < until:
        if time.monotonic() > tell_at:
            waiting = {state: number for state, number in stack.states().items() if state in TEMPORARY}
            tell(f"seed {stack.setup.seed}: waiting for {waiting}")
            tell_at += TELL_EVERY
        if time.monotonic() > nudge_at:
            stack.nudge()
            nudge_at += NUDGE_EVERY
        time.sleep(LOOK_EVERY)
        look()
    time.sleep(0.0 if stack.setup.hurry else LAST_RECEIPTS)
