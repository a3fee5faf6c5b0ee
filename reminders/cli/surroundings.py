"""What surrounds a command: the environment, the broker of a running service, the services opened for it."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from reminders.supervisor import broker_url, read_state

if TYPE_CHECKING:
    from reminders.bootstrap import Services

PREFIX = "REMINDERS_"
ROOT = Path(__file__).resolve().parents[2]


def own_environment() -> dict[str, str]:
    """Return the environment of this process, which is handed on to those it starts."""
    return dict(os.environ)  # noqa: TID251 - handed on to other processes; what it means is for the settings to say


def data_dir(environment: Mapping[str, str]) -> Path:
    """Return the data folder that an environment names; the settings know the same default."""
    return Path(environment.get(f"{PREFIX}DATA_DIR") or "var").resolve()


def with_running_broker(environment: Mapping[str, str]) -> dict[str, str]:
    """Add the broker that a service running on this data folder brought, so that its workers hear of new work."""
    folder = data_dir(environment)
    socket = folder / "valkey" / "v.sock"
    if environment.get(f"{PREFIX}REDIS_URL") or read_state(folder) is None or not socket.exists():
        return dict(environment)
    return {**environment, f"{PREFIX}REDIS_URL": broker_url(socket)}


@contextmanager
def opened(arguments: Namespace, environment: Mapping[str, str]) -> Iterator[Services]:
    """Open the services for a command: those of this environment, or with `--demo` of the demo that is running.

    Raises SettingsError, or NotReadyError where no demo is running.
    """
    from reminders.bootstrap import open_services
    from reminders.cli.demo_pointer import demo_environment, temporary_folder

    is_demo = getattr(arguments, "demo", False)
    chosen = demo_environment(temporary_folder(environment)) if is_demo else with_running_broker(environment)
    services = open_services(chosen)
    try:
        yield services
    finally:
        services.close()
