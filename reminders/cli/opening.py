"""Opening the services for a command: of this environment, or of the demo that is running."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reminders.cli.demo_pointer import demo_environment, temporary_folder
from reminders.cli.surroundings import PREFIX, data_dir
from reminders.supervisor import broker_url, read_state

if TYPE_CHECKING:
    from reminders.bootstrap import Services


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

    is_demo = getattr(arguments, "demo", False)
    chosen = demo_environment(temporary_folder(environment)) if is_demo else with_running_broker(environment)
    services = open_services(chosen)
    try:
        yield services
    finally:
        services.close()
