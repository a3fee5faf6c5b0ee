"""Import of a schedule: read, compare, store and plan; again unchanged; and again with one row of twenty moved.

Each is a process of its own over one PostgreSQL, so that its peak of memory is its own. A second of a core is a second
of that process or of the server: they take turns. Beside it the same rows go bare from one database to another (COPY).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import psycopg
from sqlalchemy import make_url

from reminders.adapters.random_ids import RandomIdentity
from reminders.adapters.schedule_csv import CsvDefaults, CsvScheduleSource
from reminders.core.appointments import ChangeKind
from reminders.services.sync_schedule import SyncOptions, sync_schedule
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.bench.figures import Figure
from tests.bench.options import Options
from tests.bench.schedule_file import write_schedule
from tests.bench.server_seconds import server_seconds
from tests.builders import NEW_YORK
from tests.servers.postgres import Postgres, running_postgres
from tests.world import World

FEWEST_A_SECOND = 2000.0
MOST_MB = 300.0
FASTER_UNCHANGED = 10.0
MOVED_EVERY = 20
COPIED = ("patient", "consent_event", "appointment", "appointment_version", "reminder")
"""The tables that an import fills, apart from tasks and the feed."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one import cost: seconds of its own process, of the server, and by the clock; its peak of memory; counts."""

    seconds: float
    server_seconds: float
    wall_seconds: float
    peak_mb: float
    added: int
    moved: int
    unchanged: int
    faults: int
    reminders: int

    @property
    def core_seconds(self) -> float:
        """What one core would need for both."""
        return self.seconds + self.server_seconds


@dataclass(frozen=True, slots=True)
class Round:
    """The three imports, and how long the bare copy took."""

    first: Run
    again: Run
    moved: Run
    bare_seconds: float


def measure(options: Options) -> Sequence[Figure]:
    """Import so many rows into an empty database, some times over."""
    count = options.size(100_000, 10_000)
    with running_postgres(is_durable=True) as server, tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("first.csv", "moved.csv")]
        write_schedule(files[0], count)
        write_schedule(files[1], count, moved_every=MOVED_EVERY)
        rounds = [_round(server, *files) for _ in range(options.times(3, 2))]
    return _figures(count, rounds)


def _round(server: Postgres, first: Path, moved: Path) -> Round:
    with server.database() as url:
        runs = [_run(url, file) for file in (first, first, moved)]
        with server.database() as other:
            return Round(runs[0], runs[1], runs[2], _copied(url, other))


def _figures(count: int, rounds: Sequence[Round]) -> Sequence[Figure]:
    first = [count / item.first.core_seconds for item in rounds]
    notes: dict[str, float | str] = {"rows": count, "reminders": rounds[0].first.reminders}
    notes |= {
        "server's share": sum(item.first.server_seconds / item.first.core_seconds for item in rounds) / len(rounds)
    }
    bare = [count / item.bare_seconds for item in rounds]
    again = [count / item.again.core_seconds for item in rounds]
    moved = [count / item.moved.core_seconds for item in rounds]
    peak = [max(run.peak_mb for run in (item.first, item.again, item.moved)) for item in rounds]
    fault = next((said for item in rounds if (said := fault_of(count, item))), "")
    return [
        Figure("import", "first", "/s a core", first, at_least=FEWEST_A_SECOND, notes=notes, fault=fault),
        Figure("import", "first, beside a bare copy", "/s", first, bare, "COPY"),
        Figure("import", "unchanged", "/s a core", again, first, "the first", at_least=FASTER_UNCHANGED),
        Figure("import", "5 % moved", "/s a core", moved, first, "the first"),
        Figure("import", "peak of memory", "MB", peak, at_most=MOST_MB),
    ]


def fault_of(count: int, found: Round) -> str:
    """Say what is lost or doubled, if anything."""
    expected = {
        "added": (found.first.added, count),
        "unchanged": (found.again.unchanged, count),
        "moved": (found.moved.moved, -(-count // MOVED_EVERY)),
        "unmoved": (found.moved.unchanged, count + -count // MOVED_EVERY),
        "faults": (found.first.faults, 0),
        "reminders of the same again": (found.again.reminders, 0),
    }
    return ", ".join(f"{name} {is_} instead of {wanted}" for name, (is_, wanted) in expected.items() if is_ != wanted)


def _run(url: str, file: Path) -> Run:
    command = [sys.executable, "-m", "tests.bench.importing", url, str(file)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Run(**json.loads(done.stdout))


def _copied(source: str, target: str) -> float:
    """Copy every row that the import made, and return the seconds that writing took."""
    seconds = 0.0
    with _driver(source) as reading, _driver(target) as writing:
        for name in ("clinic", *COPIED):
            data = b"".join(_copy_out(reading, name))
            begun = perf_counter()
            with writing.cursor().copy(f'COPY "{name}" FROM STDIN'.encode()) as copying:
                copying.write(data)
            writing.commit()
            seconds += perf_counter() - begun
    return seconds


def _copy_out(connection: psycopg.Connection[Any], name: str) -> Iterator[bytes]:
    with connection.cursor().copy(f'COPY "{name}" TO STDOUT'.encode()) as copying:
        yield from (bytes(block) for block in copying)


@contextmanager
def _driver(url: str) -> Iterator[psycopg.Connection[Any]]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection:
        yield connection


def import_once(url: str, file: Path) -> Run:
    """Import a file as `reminders import` does, and say what it cost."""
    store = Store(url, Vault(["only for this"]))
    world = World(store)
    world.change(identity=RandomIdentity())
    source = CsvScheduleSource(file, CsvDefaults(NEW_YORK, "en", "US"))
    before, begun, used = server_seconds(store), perf_counter(), process_time()
    report = sync_schedule(world.deps, source, SyncOptions())
    seconds, wall = process_time() - used, perf_counter() - begun
    served = server_seconds(store) - before
    kinds: Mapping[ChangeKind, int] = {kind: report.count(kind) for kind in ChangeKind}
    store.close()
    return Run(
        seconds=seconds,
        server_seconds=served,
        wall_seconds=wall,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        added=kinds[ChangeKind.ADDED],
        moved=kinds[ChangeKind.MOVED],
        unchanged=kinds[ChangeKind.UNCHANGED],
        faults=len(report.faults),
        reminders=report.reminders_added,
    )


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(import_once(sys.argv[1], Path(sys.argv[2])))))
