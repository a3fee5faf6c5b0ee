"""The real stack, each of our processes separate, so that one at a time can be killed and started again.

PostgreSQL (or SQLite), Valkey and the simulated provider are servers of the test; `worker`, `beat` and `web` are our
own commands. A kill is SIGKILL of the process and everything it started.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Self

import httpx

from reminders.bootstrap import Services, open_services
from reminders.ports import Job
from reminders.services.read_status import is_alive
from reminders.services.sync_schedule import SyncOptions, sync_schedule
from tests.chaos.evidence import read_database, read_provider, read_states
from tests.chaos.load import CLOCK, write_clinic, write_schedule
from tests.chaos.logs import Promise, Seen, Stored
from tests.chaos.processes import ROOT, Commands, Launcher, Order, Part, bare_environment, nursery
from tests.journeys.programs import free_port
from tests.servers.postgres import Postgres, running_postgres
from tests.servers.valkey import running_valkey

ACCOUNT, TOKEN, SENDER = "AC" + "0" * 32, "simulated-auth-token", "+15005550006"
INTENT_FIRST = ("reminders", "worker", "--queues", "sms")
SEND_THEN_MARK = ("tests.chaos.naive_worker",)
"""What runs as a worker for texts: ours, or the control that the checker must convict."""
START_SECONDS = 90.0
TEMPORARY = ("due", "held", "claimed", "sending", "unknown", "planned")
"""States in which a message or reminder still waits for something."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How a stack is put together. Times are seconds; `faults` as the simulator's command line takes them.

    An address that is given is used instead of a server of our own: that is where a fault proxy comes in. `provider`
    makes one from the simulator's own address.
    """

    database: str = "postgres"
    sms_worker: tuple[str, ...] = INTENT_FIRST
    sms_workers: int = 4
    grace: int = 20
    list_lag: float = 1.0
    faults: str = ""
    seed: int = 1
    clock: str = CLOCK
    database_url: str | None = None
    redis_url: str | None = None
    provider: Callable[[str], str] = lambda url: url
    settings: Mapping[str, str] = field(default_factory=dict)
    """More variables for our processes."""
    is_forked: bool = False
    """Fork our processes from one that has imported everything, instead of running the commands."""
    hurry: Mapping[str, float] = field(default_factory=dict)
    """For forks only: shorter times than the service's own (see `nursery`)."""


class Stack:
    """Everything that runs. Use it with `with`; `parts` are the processes that may be killed, by name."""

    def __init__(
        self, setup: Setup, folder: Path, *, postgres: Postgres | None = None, launcher: Launcher | None = None
    ) -> None:
        """Describe it; `postgres` is a running server in which a database of our own is made.

        `launcher` starts our processes, if something that does so runs already.
        """
        self.setup = setup
        self.folder = folder
        self.parts: dict[str, Part] = {}
        self.web_port = free_port()
        self.simulator_url = ""
        self.environment: dict[str, str] = {}
        self._postgres = postgres
        self._launcher = launcher
        self._exit = ExitStack()
        self._services: Services | None = None

    @property
    def services(self) -> Services:
        """The service's own rooms, opened in this process, for looking."""
        if self._services is None:
            self._services = open_services(self.environment)
            self._exit.callback(self._services.close)
        return self._services

    def __enter__(self) -> Self:
        """Start the servers, and make the database; our own processes wait for `start`."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / "logs").mkdir(exist_ok=True)
            write_clinic(self.folder / "clinic.toml")
            launcher = self._launcher or self._launcher_of_its_own()
            announced = self._start_simulator()
            self.environment = self._our_environment()
            self.parts = {name: self._part(name, launcher, *words) for name, words in self._commands().items()}
            self.services.prepare()
            announced.readline()
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing running."""
        self.halt()
        self._exit.close()

    def halt(self) -> None:
        """End our processes, so that the provider's log and the database's stand still while they are compared."""
        for part in self.parts.values():
            part.kill()

    def load(self, count: int) -> Sequence[Promise]:
        """Import a schedule of so many patients; return what that promised."""
        schedule = self.folder / "schedule.csv"
        promises = write_schedule(schedule, count)
        if self.setup.hurry:
            report = sync_schedule(self.services.deps, self.services.schedule_source(schedule), SyncOptions())
            assert report.is_applied, report.faults
        else:
            self.run_command("import", str(schedule))
        return promises

    def run_command(self, *words: str, seconds: float = 600.0) -> str:
        """Run one of our commands to its end; return what it printed. Raises AssertionError where it failed."""
        command = [sys.executable, "-m", "reminders", *words]
        done = subprocess.run(
            command, env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def start(self) -> None:
        """Start our processes, wait until each works, and let the clinic's time run."""
        began = self.services.deps.clock.machine_now()
        for part in self.parts.values():
            part.start()
        until = time.monotonic() + START_SECONDS
        while not self._all_work(since=(self.services.deps.clock.machine_now() - began).total_seconds()):
            assert time.monotonic() < until, f"not all of {', '.join(self.parts)} work; logs in {self.folder}"
            time.sleep(0.2)
        self.services.start_clock()

    def kill(self, name: str) -> None:
        """Kill a process of ours at this very moment, and start it again at once."""
        part = self.parts[name]
        part.kill()
        part.start()

    def revive(self) -> list[str]:
        """Start again what ended by itself, as a supervisor would; return its names."""
        ended = [part for part in self.parts.values() if part.has_ended]
        for part in ended:
            part.start()
        return [part.name for part in ended]

    def nudge(self) -> None:
        """Hint that doubtful outcomes be looked for at once, where a run is too short for the usual rounds."""
        if self.setup.hurry:
            self.services.deps.queue.hint([Job.RESOLVE_UNKNOWNS])

    def states(self) -> Mapping[str, int]:
        """Count messages by state, and `planned` reminders and `attempts`."""
        return read_states(self.services.deps.store)

    def is_settled(self) -> bool:
        """Say whether nothing waits for anything any more, delivery reports aside."""
        states = self.states()
        return not any(states.get(state) for state in TEMPORARY)

    def evidence(self) -> tuple[Seen, Stored]:
        """Read the provider's log and the database's."""
        return read_provider(self.simulator_url), read_database(self.services.deps.store)

    def _all_work(self, *, since: float) -> bool:
        signs = {name.partition("#")[0] for name in self.parts} - {"web"}
        deps = self.services.deps
        try:
            health = httpx.get(f"http://127.0.0.1:{self.web_port}/healthz", timeout=5)
        except httpx.HTTPError:
            return False
        is_new = timedelta(seconds=since)
        return health.is_success and all(is_alive(deps, sign, within=is_new) for sign in signs)

    def _launcher_of_its_own(self) -> Launcher:
        return self._exit.enter_context(nursery()) if self.setup.is_forked else Commands()

    def _start_simulator(self) -> IO[bytes]:
        """Start it; what it prints says when it answers."""
        port = free_port()
        argv = (
            *(sys.executable, "-m", "reminders.simulator", "--port", str(port), "--smtp-port", "0"),
            *("--account-sid", ACCOUNT, "--auth-token", TOKEN, "--seed", str(self.setup.seed)),
            *("--inbound-url", f"http://127.0.0.1:{self.web_port}/hooks/twilio/sms"),
            *("--list-lag", str(self.setup.list_lag), "--faults", self.setup.faults),
        )
        log = self._exit.enter_context((self.folder / "logs" / "simulator").open("wb"))
        simulator = subprocess.Popen(argv, env=bare_environment(), cwd=ROOT, stdout=subprocess.PIPE, stderr=log)
        self._exit.callback(simulator.wait, 10)
        self._exit.callback(simulator.kill)
        assert simulator.stdout is not None
        self.simulator_url = f"http://127.0.0.1:{port}"
        return self._exit.enter_context(simulator.stdout)

    def _our_environment(self) -> dict[str, str]:
        setup = self.setup
        address = self._exit.enter_context(self._database())
        redis_url = setup.redis_url or self._exit.enter_context(running_valkey()).broker_url
        return {
            **bare_environment(),
            "REMINDERS_DATA_DIR": str(self.folder / "data"),
            "REMINDERS_CLINIC_FILE": str(self.folder / "clinic.toml"),
            "REMINDERS_REDIS_URL": redis_url,
            "REMINDERS_ALLOW_LIST": "off",
            "REMINDERS_CLOCK": setup.clock,
            "REMINDERS_TWILIO_ACCOUNT_SID": ACCOUNT,
            "REMINDERS_TWILIO_AUTH_TOKEN": TOKEN,
            "REMINDERS_TWILIO_FROM": SENDER,
            "REMINDERS_TWILIO_BASE_URL": setup.provider(self.simulator_url),
            "REMINDERS_PUBLIC_URL": f"http://127.0.0.1:{self.web_port}",
            "REMINDERS_UNKNOWN_GRACE_SECONDS": str(setup.grace),
            "REMINDERS_SEGMENTS_PER_SECOND": "1000",  # what limits a run is this machine, not a sender's pace
            **({"REMINDERS_DATABASE_URL": address} if address else {}),
            **setup.settings,
        }

    def _database(self) -> AbstractContextManager[str]:
        """Make a database without tables; none where SQLite in the data folder serves."""
        if self.setup.database_url is not None or self.setup.database == "sqlite":
            return nullcontext(self.setup.database_url or "")
        server = self._postgres or self._exit.enter_context(running_postgres())
        return server.database(is_bare=True)

    def _commands(self) -> dict[str, tuple[str, ...]]:
        """Return the command line of each process; before `#` stands the name of its sign of life."""
        beat, web = ("reminders", "beat"), ("reminders", "web", "--port", str(self.web_port))
        always = {"beat": beat, "web": web}
        if self.setup.database == "sqlite":
            alone = INTENT_FIRST[:2] if self.setup.sms_worker == INTENT_FIRST else self.setup.sms_worker
            return {"worker": alone, **always}
        texting = {f"worker-sms#{n}": self.setup.sms_worker for n in range(1, self.setup.sms_workers + 1)}
        inbound, upkeep = ("--queues", "inbound"), ("--queues", "schedule,upkeep")
        return {
            **texting,
            "worker-inbound": ("reminders", "worker", *inbound),
            "worker-upkeep": ("reminders", "worker", *upkeep),
            **always,
        }

    def _part(self, name: str, launcher: Launcher, *words: str) -> Part:
        is_worker = "worker" in name
        log = self.folder / "logs" / name.replace("#", "-")
        return Part(name, Order(words, self.environment, log, self.setup.hurry if is_worker else {}), launcher)
