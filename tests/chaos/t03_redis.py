"""T3: the broker dies, forgets, freezes, refuses for want of memory, and goes away without a word.

Nothing may be lost or doubled by any of it, and texts leave again within a minute of each event: the database is the
queue, and the broker only a convenience. Workers that end with it are started again, as our supervisor does.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from reminders.supervisor.valkey import redis_url, server_binary
from tests.chaos.experiments import Options, Report, kept
from tests.chaos.proxy import Proxy
from tests.chaos.recovery import Event, Pause, pace, run_events, silences, summary, too_long
from tests.chaos.stack import Setup, Stack
from tests.chaos.t01_random_kills import FAULTS

USUAL, QUICK = (20_000, 100), (600, 6)
"""Reminders and events."""
REST = 12.0
"""Seconds between events."""
FROZEN, WITHOUT_MEMORY, GONE = 30.0, 10.0, 3.0
MOST_SILENCE = 60.0
START_SECONDS = 10.0
MEAN_EVENT = (FROZEN + WITHOUT_MEMORY + 2 * GONE) / 6


class Broker:
    """A Valkey server of our own that keeps a file, as ours does, and can be treated badly."""

    def __init__(self, home: Path) -> None:
        """Take an empty folder with a short path."""
        self.socket = home / "s"
        self._home = home
        self._log = home / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        words = ("--port", "0", "--unixsocket", str(self.socket), "--dir", str(self._home), "--save", "")
        more = ("--appendonly", "yes", "--maxmemory-policy", "noeviction")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([server_binary(), *words, *more], stdout=log, stderr=log)
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            assert time.monotonic() < until, f"the broker does not start: {self._log.read_text()[-500:]}"
            time.sleep(0.02)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """Kill it at once."""
        self.send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(START_SECONDS)

    def forget(self) -> None:
        """Remove what it kept; it must not run."""
        shutil.rmtree(self._home / "appendonlydir", ignore_errors=True)

    def ask(self, *words: str) -> None:
        """Give it a command."""
        with Redis.from_url(redis_url(self.socket), socket_timeout=5) as client:
            client.execute_command(*words)

    def _answers(self) -> bool:
        try:
            self.ask("PING")
        except RedisError:
            return False
        return True


@contextmanager
def running_broker() -> Iterator[Broker]:
    """Yield a broker that runs."""
    home = Path(tempfile.mkdtemp(prefix="rvc"))  # short: a socket's path is at most 104 bytes
    broker = Broker(home)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()
        shutil.rmtree(home, ignore_errors=True)


def events(broker: Broker, proxy: Proxy, *, frozen: float = FROZEN) -> Mapping[str, Event]:
    """Return what can happen to a broker that is reached through a proxy."""

    def kill(pause: Pause) -> None:
        broker.kill()
        pause(GONE)
        broker.start()

    def restart_empty(pause: Pause) -> None:
        broker.kill()
        broker.forget()
        pause(GONE)
        broker.start()

    def flush(_: Pause) -> None:
        broker.ask("FLUSHALL")

    def freeze(pause: Pause) -> None:
        broker.send(signal.SIGSTOP)
        pause(frozen)
        broker.send(signal.SIGCONT)

    def run_out_of_memory(pause: Pause) -> None:
        broker.ask("CONFIG", "SET", "maxmemory", "1")
        pause(WITHOUT_MEMORY)
        broker.ask("CONFIG", "SET", "maxmemory", "0")

    def lose_connections(_: Pause) -> None:
        proxy.half_open()

    return {
        "kill -9": kill,
        "restart empty": restart_empty,
        "FLUSHALL": flush,
        f"SIGSTOP {frozen:g} s": freeze,
        "out of memory": run_out_of_memory,
        "half-open": lose_connections,
    }


def t3(options: Options) -> Sequence[Report]:
    """Run every seed that has no result yet."""
    usual_reminders, usual_events = QUICK if options.is_quick else USUAL
    reminders, count = options.reminders or usual_reminders, options.kills or usual_events
    return [_kept(options, reminders, count, seed) for seed in options.all_seeds(1)]


def _kept(options: Options, reminders: int, count: int, seed: int) -> Report:
    name = f"T3-{options.database}-{reminders}-{count}-seed{seed}"

    def run() -> Report:
        home = options.folder / name
        shutil.rmtree(home, ignore_errors=True)
        with running_broker() as broker, Proxy(broker.socket) as proxy:
            setup = Setup(
                database=options.database,
                faults=FAULTS,
                seed=seed,
                redis_url=f"redis://127.0.0.1:{proxy.port}/0",
                settings=pace(reminders, seconds=count * (REST + MEAN_EVENT)),
            )
            with Stack(setup, home) as stack:
                return run_seed(stack, events(broker, proxy), reminders=reminders, count=count)

    return kept(options.folder / f"{name}.json", run)


def run_seed(stack: Stack, kinds: Mapping[str, Event], *, reminders: int, count: int, rest: float = REST) -> Report:
    """Run one seed; a fault is a silence of more than a minute after an event."""
    run = run_events(stack, kinds, reminders=reminders, count=count, rest=rest)
    found = silences(run.nemesis.done, run.seen.texts)
    return run.report("T3", {"silence": summary(found)}, too_long(found, most=MOST_SILENCE))
