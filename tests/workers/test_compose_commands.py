"""The commands of docker-compose.yml start, do their work and answer their own health checks, without Docker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.sources import ROOT
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

SERVICES: Mapping[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
LASTING = sorted(set(OURS) - {"migrate"})
PATIENCE = 90.0


@pytest.fixture
def surroundings(postgres: Postgres, valkey: Valkey, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a container, with servers of our own in place of its neighbours."""
    with postgres.database(is_bare=True) as url:
        yield {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": str(ROOT),
            "REMINDERS_DATABASE_URL": url,
            "REMINDERS_REDIS_URL": valkey.broker_url,
            "REMINDERS_DATA_DIR": str(tmp_path / "data"),
            "REMINDERS_SECRET_KEY": "a secret that only these tests know and nobody else",
        }


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def arguments(words: list[str], port: str) -> list[str]:
    """The container's own words, with our Python, our port and this machine's loopback in them."""
    own = [str(word).replace("8000", port).replace("0.0.0.0", "127.0.0.1") for word in words]  # noqa: S104 - replaced
    return [sys.executable, *own[1:]] if own[0] == "python" else [sys.executable, "-m", "reminders", *own]


@contextmanager
def running(name: str, surroundings: dict[str, str], port: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments(OURS[name]["command"], port), env=surroundings, cwd=ROOT, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def is_healthy(name: str, surroundings: dict[str, str], port: str) -> bool:
    test = arguments(OURS[name]["healthcheck"]["test"][1:], port)
    return (
        subprocess.run(test, env=surroundings, cwd=ROOT, capture_output=True, timeout=30, check=False).returncode == 0
    )


def test_every_service_of_ours_is_one_image_with_its_own_command() -> None:
    assert len({service["image"] for service in OURS.values()}) == 1
    commands = [tuple(service["command"]) for service in OURS.values()]
    assert len(set(commands)) == len(commands)


def test_every_command_starts_and_answers_its_own_health_check(surroundings: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    migrated = subprocess.run(
        arguments(OURS["migrate"]["command"], port), env=surroundings, cwd=ROOT, capture_output=True, check=False
    )
    assert migrated.returncode == 0, migrated.stderr.decode()
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(running(name, surroundings, port, tmp_path / f"{name}.log")) for name in LASTING
        }
        waiting, until = set(LASTING), time.monotonic() + PATIENCE
        while waiting and time.monotonic() < until:
            time.sleep(1.0)
            first = min(waiting)  # one at a time: each check starts a Python of its own
            waiting -= {first} if is_healthy(first, surroundings, port) else set()
        logs = {name: (tmp_path / f"{name}.log").read_text()[-2000:] for name in waiting}
        assert not waiting, logs
        assert all(process.poll() is None for process in processes.values())
    # uvicorn stops in good order and then passes the signal on to itself.
    assert {process.returncode for process in processes.values()} <= {0, -signal.SIGTERM}
