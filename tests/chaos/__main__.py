"""Chaos: the experiments that prove "nothing lost, nothing doubled" on the real stack.

    python3 -m tests.chaos T1                  50,000 reminders and 500 kills in 5 seeds, resumable
    python3 -m tests.chaos T1 --seed 3         one seed; a seed whose result is in the folder is not run again
    python3 -m tests.chaos T1 --forked         quicker: a restart costs no two seconds of imports
    python3 -m tests.chaos T1 --database sqlite
    python3 -m tests.chaos T1 --strategy send_then_mark    the control: it must be found guilty of hundreds
    python3 -m tests.chaos all --quick

Each seed prints what was planned, lost and doubled, and the history of some of the guilty; the exit status is 1 where
the verdict is bad. Everything runs on this machine: Celery, Valkey, PostgreSQL and a simulated provider.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENTS = {
    "T1": "t01_random_kills:t1",
    "T2": "t02_crash_points:t2",
    "T3": "t03_redis:t3",
    "T4": "t04_postgres:t4",
    "T5": "t05_provider:t5",
    "T6": "t06_hidden:t6",
    "T7": "t07_receipts:t7",
    "T8": "t08_clocks:t8",
    "T9": "t09_opt_out:t9",
    "T10": "t10_reference:t10",
    "T11": "t11_two_of_everything:t11",
}
"""Where each experiment is: a module here and its function, which takes Options and returns a Report for each seed."""
STRATEGIES = ("intent_first", "send_then_mark")
GOOD, BAD = 0, 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("experiment", choices=[*EXPERIMENTS, "all"], help="which experiment")
    add("--seed", type=int, help="this seed only")
    add("--seeds", type=int, help="so many seeds, from 1 on")
    add("--reminders", type=int, help="how many reminders a seed has (T8: clinics, T10: examples)")
    add("--kills", type=int, help="how many kills (or other events) a seed has")
    add("--database", choices=("postgres", "sqlite"), default="postgres")
    add("--strategy", choices=STRATEGIES, default=STRATEGIES[0], help="T1: how texts are sent")
    add("--forked", action="store_true", help="fork our processes from one that has imported everything: quicker")
    add("--folder", type=Path, default=ROOT / "var" / "chaos", help="where results and logs are kept")
    add("--quick", action="store_true", help="small sizes, one seed")
    add("--json", action="store_true", help="print the reports as JSON")
    return parser


def main() -> int:
    """Run an experiment, or all that are there; return 1 where a verdict is bad."""
    arguments = _parser().parse_args()
    from tests.chaos.experiments import Options, Report, table  # noqa: PLC0415 - the environment may not be complete yet

    options = Options(
        folder=arguments.folder.resolve(),
        seed=arguments.seed,
        seeds=arguments.seeds,
        reminders=arguments.reminders,
        kills=arguments.kills,
        database=arguments.database,
        strategy=arguments.strategy,
        is_quick=arguments.quick,
        is_forked=arguments.forked,
    )
    names = list(EXPERIMENTS) if arguments.experiment == "all" else [arguments.experiment]
    reports: list[Report] = []
    for name in names:
        module, _, function = EXPERIMENTS[name].partition(":")
        found = getattr(importlib.import_module(f"tests.chaos.{module}"), function)(options)
        reports += found
        if not arguments.json:
            print("\n".join(report.text for report in found), flush=True)  # noqa: T201 - a command's answer
    if arguments.json:
        print(json.dumps([report.document() for report in reports], indent=2, default=str))  # noqa: T201 - as above
    else:
        print(table(reports))  # noqa: T201 - as above
    return GOOD if all(report.is_good for report in reports) else BAD


if __name__ == "__main__":
    own = ROOT / ".venv" / "bin" / "python"
    if importlib.util.find_spec("sqlalchemy") is None:
        if not own.exists():
            sys.exit("the tools for tests are missing; set them up once: python3 -m reminders test -k promises")
        os.execv(own, [str(own), "-m", "tests.chaos", *sys.argv[1:]])  # noqa: S606 - no shell is the point
    # Told to end, it leaves by the doors of its own parts: else its workers would look for a database that is gone.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
