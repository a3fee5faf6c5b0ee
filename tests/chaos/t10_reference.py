"""T10: whatever happens to texts, in any order, what is stored equals what a reference says (`delivery_model`).

Hypothesis draws patients and acts (`delivery_machine`); after each act everything stored is compared, the ledger must
balance, and no text may have arrived twice unless the provider hid the first or reported it as not delivered.
"""

from __future__ import annotations

import logging
import signal
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import structlog
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.chaos.checker import LEFT, UNDER_WAY, Verdict
from tests.chaos.delivery_machine import DeliveryMachine, Figures
from tests.chaos.delivery_stored import StoredDeliveries
from tests.chaos.experiments import Options, Report, kept, tell
from tests.servers.sqlite import SqliteTemplate

STEPS, USUAL, QUICK = 60, 20_000, 50
"""Acts of an example, and examples of a seed."""
TOGETHER, BETWEEN_SEEDS = 50, 1_000_000
"""How many examples hypothesis draws in one go, each of which has its own seed; and how far apart ours are."""
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a disk in memory: where there is one, nothing waits for a real disk
LAST_LINES = 400
MOST_FAULTS = 3


def t10(options: Options) -> Sequence[Report]:
    """Run every seed that has no result yet; `--reminders` is the number of examples."""
    # Hypothesis takes a SystemExit for one more failure and goes on; only an interrupt ends it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    size = options.reminders or (QUICK if options.is_quick else USUAL)
    return [
        kept(options.folder / f"T10-{size}-seed{number}.json", lambda number=number: run_examples(size, number))  # type: ignore[misc]  # mypy does not infer a lambda with a default
        for number in options.all_seeds(1)
    ]


def run_examples(examples: int, number: int, *, is_simplified: bool = True) -> Report:
    """Draw so many examples, the same for the same seed, and judge; simplifying one that fails takes minutes."""
    began, figures, faults, done = time.monotonic(), Figures(), list[str](), 0
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as home:
        url = SqliteTemplate(Path(home)).copy(Path(home) / "examples.sqlite3")
        # Each warning that the service logs is one that the acts asked for.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        store = Store(url, Vault(["a secret of an experiment"]))
        stored = StoredDeliveries(store)
        try:
            while done < examples and len(faults) < MOST_FAULTS:
                some = min(TOGETHER, examples - done)
                phases = (Phase.generate, *((Phase.shrink,) if is_simplified else ()))
                faults += _run(store, stored, figures, _chosen(some, phases), number * BETWEEN_SEEDS + done)
                done += some
                tell(f"T10 seed {number}: {done} examples after {time.monotonic() - began:.0f} s")
        finally:
            stored.close()
            store.close()
    return _report(figures, faults, number, time.monotonic() - began)


def _chosen(examples: int, phases: Sequence[Phase]) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )


def _run(store: Store, stored: StoredDeliveries, figures: Figures, chosen: settings, number: int) -> list[str]:
    """Return what was wrong with the simplest example that shows it, if any does."""

    class Machine(DeliveryMachine):
        def __init__(self) -> None:
            super().__init__(store, stored, figures)

    seed(number)(Machine)
    try:
        run_state_machine_as_test(Machine, settings=chosen)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the experiment found
        lines = "".join(traceback.format_exception(error)).splitlines()
        return ["\n".join([f"examples of seed {number}:", *lines[-LAST_LINES:]])]
    return []


def _report(figures: Figures, faults: Sequence[str], number: int, seconds: float) -> Report:
    ends = dict(figures.ends)
    planned = sum(ends.values())
    verdict = Verdict(
        planned=planned,
        terminal=planned - sum(n for state, n in ends.items() if state in UNDER_WAY),
        left_to_staff=sum(n for state, n in ends.items() if state not in UNDER_WAY | LEFT),
        duplicates=len(figures.unavoidable),
        unavoidable=list(figures.unavoidable),
        ends=ends,
    )
    deaths = sum(n for act, n in figures.acts.items() if act.startswith("death"))
    told = {"examples": figures.examples, "acts": sum(figures.acts.values()), **figures.sums, **figures.acts}
    return Report("T10", number, verdict, deaths, seconds, told, faults)
