"""Memory of what runs all the time, with nothing to come and with very many reminders to come.

A reminder is a row and nothing else: neither a worker nor the ticker nor the broker may hold it in memory. Two sets of
our own processes run side by side, each with a broker and a database of its own.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from redis import Redis

from reminders.bootstrap import open_services
from reminders.services.read_status import is_alive
from tests.bench.figures import Figure
from tests.bench.many_rows import fill
from tests.bench.options import Options
from tests.bench.site import launcher
from tests.builders import NOON
from tests.chaos.load import write_clinic
from tests.chaos.processes import Order, Part, bare_environment
from tests.servers.postgres import Postgres, running_postgres
from tests.servers.valkey import Valkey, running_valkey

MOST = 1.05
Commands = Mapping[str, Sequence[str]]
"""Commands of ours by the sign of life that they leave."""
COMMANDS: Commands = {"worker": ("reminders", "worker"), "beat": ("reminders", "beat")}
WITHOUT_A_SIGN = frozenset({"web"})
STARTS_WITHIN = 240.0
SECONDS, QUICK_SECONDS = 30.0, 15.0
"""How long both run before they are weighed: every sweep but the slowest has come round."""
MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Weight:
    """What was weighed, in MB: our processes together, and what the broker says that it holds."""

    ours: float
    broker: float


@dataclass(frozen=True, slots=True)
class Running:
    """Our processes, and the broker that they use."""

    parts: Sequence[Part]
    valkey: Valkey
    database: str

    def weigh(self) -> Weight:
        """Weigh them."""
        with Redis.from_url(self.valkey.redis_url) as client:
            told = cast("Mapping[str, int]", client.info("memory"))
        return Weight(sum(_resident(part.pid) for part in self.parts if part.pid is not None), told["used_memory"] / MB)


def measure(options: Options) -> Sequence[Figure]:
    """Weigh both, side by side, some times over."""
    count = options.size(500_000, 50_000)
    return measured(count, rounds=options.times(3, 1), seconds=QUICK_SECONDS if options.is_quick else SECONDS)


def measured(count: int, *, rounds: int, seconds: float) -> Sequence[Figure]:
    """Weigh with so many reminders to come, and with none, after so many seconds."""
    with running_postgres(is_durable=True) as server:
        found = [_round(server, count, seconds) for _ in range(rounds)]
    notes = {"reminders to come": count}
    ours = [[few.ours for few, _ in found], [many.ours for _, many in found]]
    broker = [[few.broker for few, _ in found], [many.broker for _, many in found]]
    return [
        Figure("memory", "worker and ticker", "MB", ours[1], ours[0], "with none", at_most=MOST, notes=notes),
        Figure("memory", "broker", "MB", broker[1], broker[0], "with none", at_most=MOST),
    ]


def _round(server: Postgres, count: int, seconds: float) -> tuple[Weight, Weight]:
    with ExitStack() as stack:
        both = [stack.enter_context(running(server, reminders, COMMANDS)) for reminders in (0, count)]
        time.sleep(seconds)
        few, many = [item.weigh() for item in both]
        return few, many


@contextmanager
def running(
    server: Postgres, reminders: int, commands: Commands, *, clock: str = f"{NOON.isoformat()}@1"
) -> Iterator[Running]:
    """Yield these commands of ours as they run, with a broker and a database of their own and so many reminders."""
    with (
        tempfile.TemporaryDirectory(prefix="rbm") as name,
        server.database(is_bare=True) as url,
        running_valkey() as valkey,
    ):
        folder = Path(name)
        write_clinic(folder / "clinic.toml")
        environment = {
            **bare_environment(),
            "REMINDERS_DATABASE_URL": url,
            "REMINDERS_REDIS_URL": valkey.broker_url,
            "REMINDERS_DATA_DIR": str(folder / "data"),
            "REMINDERS_CLINIC_FILE": str(folder / "clinic.toml"),
            "REMINDERS_SECRET_KEY": "of the bench alone and of nothing else",
            "REMINDERS_TWILIO_BASE_URL": "http://127.0.0.1:9",
            "REMINDERS_CLOCK": clock,
        }
        orders = {sign: Order(words, environment, folder / sign) for sign, words in commands.items()}
        parts = [Part(sign, order, launcher()) for sign, order in orders.items()]
        try:
            _start(parts, environment, reminders)
            yield Running(parts, valkey, url)
        finally:
            for part in parts:
                part.kill()


def _start(parts: Sequence[Part], environment: Mapping[str, str], reminders: int) -> None:
    """Prepare the database and start our processes; return when each has left its sign of life."""
    services = open_services(environment)
    services.prepare()
    if reminders:
        fill(services.deps.store, reminders=reminders, now=NOON)
    clock = services.deps.clock
    began = clock.machine_now()
    for part in parts:
        part.start()
    until = time.monotonic() + STARTS_WITHIN
    signs = [part.name for part in parts if part.name not in WITHOUT_A_SIGN]
    while not all(is_alive(services.deps, sign, within=clock.machine_now() - began) for sign in signs):
        assert time.monotonic() < until, f"not started; their logs lie at {parts[0].order.log.parent}"
        time.sleep(0.1)
    services.close()


def _resident(pid: int) -> float:
    """Return the memory in use by a process and its children, in MB."""
    status = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return int(status[1]) * os.sysconf("SC_PAGE_SIZE") / MB + sum(_resident(int(child)) for child in children)
