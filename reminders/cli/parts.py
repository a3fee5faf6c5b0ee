"""The commands that a container runs: one process each, and the questions about them."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from reminders.cli.argument_types import QUEUES
from reminders.cli.opening import opened
from reminders.cli.surroundings import ROOT, data_dir

if TYPE_CHECKING:
    from reminders.bootstrap import Services

DONE, NOT_POSSIBLE = 0, 1
FRESH = timedelta(seconds=90)
"""How old a sign of life may be: nine of a worker's own beats."""
BEAT, WORKER = "beat", "worker"


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Run or ask about one part of the service."""
    match arguments.command:
        case "web":
            return _serve(arguments)
        case "worker":
            return become(worker_argv(arguments.queues, concurrency=arguments.concurrency), environment)
        case "beat":
            return become(beat_argv(environment), environment)
        case "migrate":
            with opened(arguments, environment) as services:
                return _migrate(services)
        case _:
            with opened(arguments, environment) as services:
                return _tell_health(services, arguments.name)


def worker_argv(queues: Sequence[str] = QUEUES, *, concurrency: int = 8) -> tuple[str, ...]:
    """Return the command line of a worker. Workers need no gossip: what they share is the database."""
    name = WORKER if set(queues) == set(QUEUES) else f"{WORKER}-{queues[-1]}"
    served = ("-Q", ",".join(queues), "-P", "threads", "-c", str(concurrency), "-l", "INFO", "-n", name)
    return *_celery(), "worker", *served, "--without-gossip", "--without-mingle", "--without-heartbeat"


def beat_argv(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the command line of the ticker; its small file of last ticks lies in the data folder."""
    folder = data_dir(environment) / "run"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return *_celery(), "beat", "-s", str(folder / "celerybeat-schedule"), "-l", "INFO", "--pidfile="


def _celery() -> tuple[str, ...]:
    return sys.executable, "-m", "celery", "-A", "workers.app"


def become(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Replace this process by another program of ours, run from where its modules are."""
    os.chdir(ROOT)
    os.execve(argv[0], list(argv), {**environment, "REMINDERS_DATA_DIR": str(data_dir(environment))})  # noqa: S606 - no shell is the point


def _serve(arguments: Namespace) -> int:
    from reminders.cli.serving import serve

    serve("reminders.web.app:create_app", host=arguments.host, port=arguments.port)
    return DONE


def _migrate(services: Services) -> int:
    print("database migrated" if services.migrate() else "database is up to date")
    return DONE


def _tell_health(services: Services, name: str) -> int:
    from reminders.services.read_status import is_alive

    if is_alive(services.deps, name, within=FRESH):
        return DONE
    print(f"{name}: no sign of life in the last {FRESH.seconds} s", file=sys.stderr)
    return NOT_POSSIBLE
