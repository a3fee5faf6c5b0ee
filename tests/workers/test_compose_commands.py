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

from reminders.cli import main
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from reminders.store.vital_signs import last_beats
from tests.architecture.sources import ROOT
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

SERVICES: Mapping[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
LASTING = sorted(set(OURS) - {"migrate"})
SIGNED_AS = {name: service["healthcheck"]["test"][-1] for name, service in OURS.items() if "healthcheck" in service}
"""The names by which they leave signs of life."""
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


def without_a_sign(surroundings: dict[str, str], port: str) -> list[str]:
    """Return the services that show nowhere yet that they work: the web by answering, the others in the database."""
    store = Store(surroundings["REMINDERS_DATABASE_URL"], Vault([surroundings["REMINDERS_SECRET_KEY"]]))
    with store.reading() as tx:
        beats = last_beats(tx)
    store.close()
    with socket.socket() as probe:
        is_open = probe.connect_ex(("127.0.0.1", int(port))) == 0
    return [name for name in LASTING if not (is_open if name == "web" else SIGNED_AS[name] in beats)]


def is_healthy(name: str, surroundings: dict[str, str], port: str) -> bool:
    """Ask as a container does; all that ask `reminders` differ by a name, so only one starts a Python of its own."""
    test = arguments(OURS[name]["healthcheck"]["test"][1:], port)
    if name not in {"web", "beat"}:
        return main(test[3:], surroundings) == 0
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
        until = time.monotonic() + PATIENCE
        while missing := without_a_sign(surroundings, port):
            logs = {name: (tmp_path / f"{name}.log").read_text()[-2000:] for name in missing}
            assert time.monotonic() < until, logs
            time.sleep(0.1)
        assert [name for name in LASTING if not is_healthy(name, surroundings, port)] == []
        assert all(process.poll() is None for process in processes.values())
    # uvicorn stops in good order and then passes the signal on to itself.
    assert {process.returncode for process in processes.values()} <= {0, -signal.SIGTERM}
