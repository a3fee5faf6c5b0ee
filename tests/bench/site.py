"""The place of a measurement: PostgreSQL that waits for its disk, Valkey, the provider, and our processes beside them.

What is measured is our own commands as they run in a clinic. A schedule is imported once, and each round begins with a
copy of that database.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from reminders.bootstrap import Services, open_services
from reminders.services.read_status import is_alive
from reminders.services.sync_schedule import SyncOptions, sync_schedule
from tests.bench.provider import Provider, running_provider
from tests.chaos.load import CLOCK, write_clinic, write_schedule
from tests.chaos.processes import Commands, Launcher, Order, Part, bare_environment
from tests.servers.postgres import Postgres, running_postgres
from tests.servers.valkey import running_valkey

START_SECONDS = 60.0
TICKS = os.sysconf("SC_CLK_TCK")
ENDED_WITHIN = 600.0
LAUNCHER: ContextVar[Launcher | None] = ContextVar("launcher", default=None)
"""Who starts our processes. A measurement runs the real commands; small runs that ask only whether it measures what it
says may take forks, which cost a start of Python less each."""


@dataclass(frozen=True, slots=True)
class Site:
    """Servers that run, and a database in which so many patients wait for one text each."""

    count: int
    folder: Path
    server: Postgres
    provider: Provider
    environment: Mapping[str, str]
    seed: str

    @contextmanager
    def round(self, **settings: str) -> Iterator[Round]:
        """Yield a round on a copy of the database; our processes end with it."""
        with (
            self.server.database(like=self.seed) as url,
            # The clock that was started in the round before goes on in its folder: this one begins again.
            tempfile.TemporaryDirectory(dir=self.folder) as data,
        ):
            own = {"REMINDERS_DATABASE_URL": url, "REMINDERS_DATA_DIR": data}
            environment = {**self.environment, **own, **settings}
            services = open_services(environment)
            made = Round(self, environment, services)
            try:
                yield made
            finally:
                made.stop()
                services.close()


@dataclass(slots=True)
class Round:
    """One measurement of ours."""

    site: Site
    environment: Mapping[str, str]
    services: Services
    parts: list[Part] = field(default_factory=list)

    def start(self, *commands: Sequence[str], signs: Sequence[str] = ()) -> None:
        """Start our commands, and wait for these signs of life."""
        clock = self.services.deps.clock
        began = clock.machine_now()
        for place, words in enumerate(commands):
            order = Order(words, self.environment, self.site.folder / f"log-{place}")
            part = Part(" ".join(words), order, launcher())
            part.start()
            self.parts.append(part)
        until = time.monotonic() + START_SECONDS
        while not all(self._is_alive(sign, clock.machine_now() - began) for sign in signs):
            assert time.monotonic() < until, f"not started; logs in {self.site.folder}"
            time.sleep(0.1)

    def stop(self) -> None:
        """Kill our processes."""
        for part in self.parts:
            part.kill()
        self.parts.clear()

    def execute(self, statement: str, **values: object) -> None:
        """Change the database by hand, before anything of ours runs."""
        with self.services.deps.store.transaction() as tx:
            tx.connection.execute(text(statement), values)

    def ask(self, statement: str) -> tuple[object, ...]:
        """Return the one row of an answer."""
        with self.services.deps.store.reading() as tx:
            return tuple(tx.connection.execute(text(statement)).one())

    def wait_for(self, is_over: Callable[[], bool], *, every: float = 0.2, seconds: float = ENDED_WITHIN) -> None:
        """Wait until something is over. Raises AssertionError where it takes too long."""
        until = time.monotonic() + seconds
        while not is_over():
            assert time.monotonic() < until, f"not over; logs in {self.site.folder}"
            time.sleep(every)

    def cpu(self) -> float:
        """Return the CPU seconds that our processes and both servers have used so far; the provider's are apart."""
        ours = [part.pid for part in self.parts if part.pid is not None]
        return sum(map(cpu_seconds, [*ours, self._server()]))

    def _server(self) -> int:
        """Return PostgreSQL's first process: all others are its children."""
        [backend] = self.ask("SELECT pg_backend_pid()")
        return int(_fields(Path(f"/proc/{backend}/stat"))[1])

    def _is_alive(self, sign: str, since: timedelta) -> bool:
        return is_alive(self.services.deps, sign, within=since)


@contextmanager
def running_site(count: int, *, clock: str = CLOCK) -> Iterator[Site]:
    """Yield a site where so many patients wait; the simulated clock stands two seconds before their texts are due."""
    with (
        tempfile.TemporaryDirectory(prefix="rbs") as name,
        running_postgres(is_durable=True) as server,
        running_valkey() as valkey,
        running_provider() as provider,
        server.database(is_bare=True) as seed,
    ):
        folder = Path(name)
        write_clinic(folder / "clinic.toml")
        environment = {
            **bare_environment(),
            **provider.environment,
            "REMINDERS_DATA_DIR": str(folder / "data"),
            "REMINDERS_CLINIC_FILE": str(folder / "clinic.toml"),
            "REMINDERS_SECRET_KEY": "of the bench alone and of nothing else at all",
            "REMINDERS_REDIS_URL": valkey.broker_url,
            "REMINDERS_ALLOW_LIST": "off",
            "REMINDERS_CLOCK": clock,
            "REMINDERS_PUBLIC_URL": "https://reminders.example",
            "REMINDERS_SEGMENTS_PER_SECOND": "1000000",  # what limits a run is this machine, not a sender's pace
        }
        _seed({**environment, "REMINDERS_DATABASE_URL": seed}, folder, count)
        yield Site(count, folder, server, provider, environment, seed)


def _seed(environment: Mapping[str, str], folder: Path, count: int) -> None:
    services = open_services(environment)
    try:
        services.prepare()
        schedule = folder / "schedule.csv"
        write_schedule(schedule, count)
        report = sync_schedule(services.deps, services.schedule_source(schedule), SyncOptions())
        assert report.is_applied, report.faults
    finally:
        services.close()


def launcher() -> Launcher:
    """Return who starts our processes."""
    return LAUNCHER.get() or Commands()


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of a process, of its children, and of those of them that have ended."""
    parents: dict[int, int] = {}
    spent: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = _fields(path)
        except OSError:
            continue  # it ended just now
        parents[int(path.parent.name)] = int(fields[1])
        spent[int(path.parent.name)] = sum(map(int, fields[11:15])) / TICKS
    return sum(seconds for each, seconds in spent.items() if _descends(each, pid, parents))


def _fields(path: Path) -> list[str]:
    """Return what stands behind the name in a process's line: it may hold spaces itself."""
    return path.read_text(encoding="utf-8").rpartition(")")[2].split()


def _descends(pid: int, root: int, parents: Mapping[int, int]) -> bool:
    while pid and pid != root:
        pid = parents.get(pid, 0)
    return pid == root
