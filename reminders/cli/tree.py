"""The process tree of `up` and `demo`: its children, how each shows that it works, and when all are ready."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reminders.cli.parts import BEAT, FRESH, WORKER, beat_argv, worker_argv
from reminders.cli.surroundings import PREFIX, ROOT, data_dir
from reminders.cli.watch import WATCH
from reminders.core.errors import InputError, NotReadyError
from reminders.services.read_status import is_alive
from reminders.supervisor import (
    Child,
    EmbeddedValkey,
    Event,
    EventKind,
    FolderLock,
    Supervisor,
    answers_http,
    embedded_valkey,
)

if TYPE_CHECKING:
    from reminders.services.deps import Deps

WEB = "web"
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a server listens on all, it is asked at home
DRAIN_SECONDS = 30.0
"""How long a worker may take to record what the provider answered."""
START_SECONDS = 60.0


class Watch:
    """Hears of every child, and knows by its sign of life in the database whether it works."""

    def __init__(self, deps: Deps, when_ready: Callable[[], None]) -> None:
        """`when_ready` is called once, when all children are up for the first time."""
        self._deps = deps
        self._when_ready = when_ready
        self._started_at: dict[str, datetime] = {}
        self._waited_for: set[str] = set()

    def is_up(self, name: str) -> bool:
        """Say whether a process left a sign of life since its present start."""
        started_at = self._started_at.get(name)
        return started_at is not None and is_alive(self._deps, name, within=self._deps.clock.machine_now() - started_at)

    def is_working(self, name: str) -> bool:
        """Say whether a process left a sign of life of late; one that hangs does not."""
        try:
            return is_alive(self._deps, name, within=FRESH)
        except NotReadyError:
            return True  # the database is away, which no restart of a worker cures

    def run(self, children: Sequence[Child], lock: FolderLock, folder: Path, *, is_verbose: bool) -> int:
        """Run the tree until it is asked to stop; 1 where a child never became ready."""
        self._waited_for = {child.name for child in children}
        on_line = _show_line if is_verbose else None
        return Supervisor(children, data_dir=folder, on_event=self._hear, on_line=on_line, lock=lock).run()

    def _hear(self, event: Event) -> None:
        print(event.line, flush=True)
        if event.child is None:
            return
        if event.kind is EventKind.STARTED:
            self._started_at[event.child] = self._deps.clock.machine_now()
        elif event.kind is EventKind.READY and event.child in self._waited_for:
            self._waited_for.remove(event.child)
            if not self._waited_for:
                self._when_ready()


def _show_line(name: str, line: str) -> None:
    print(f"{name} | {line}", flush=True)


def broker_of(environment: Mapping[str, str], folder: Path) -> EmbeddedValkey | None:
    """Return the broker to start, None where the environment names one. Call it with the folder locked.

    Raises NoBrokerError where none can be started.
    """
    return None if environment.get(f"{PREFIX}REDIS_URL") else embedded_valkey(folder)


def service_children(
    environment: Mapping[str, str], watch: Watch, *, host: str, port: int, after: tuple[str, ...]
) -> list[Child]:
    """Return worker, beat and web as children that start after others, and the second watcher, which needs nobody."""
    own = child_environment(environment)
    answers = partial(answers_http, ANYWHERE.get(host, host), port, "/healthz")
    worker = Child(
        WORKER,
        worker_argv(),
        own,
        ready=partial(watch.is_up, WORKER),
        alive=partial(watch.is_working, WORKER),
        after=after,
        stop_seconds=DRAIN_SECONDS,
        ready_seconds=START_SECONDS,
    )
    beat = Child(
        BEAT,
        beat_argv(environment),
        own,
        ready=partial(watch.is_up, BEAT),
        alive=partial(watch.is_working, BEAT),
        after=after,
        ready_seconds=START_SECONDS,
    )
    web_argv = command("web", "--host", host, "--port", str(port))
    web = Child(WEB, web_argv, own, ready=answers, alive=answers, after=after, ready_seconds=START_SECONDS)
    # Nobody waits for it either: a watcher that cannot start is no reason not to send.
    watcher = Child(WATCH, command("watch"), own, alive=partial(watch.is_working, WATCH))
    return [worker, beat, web, watcher]


def command(*words: str) -> tuple[str, ...]:
    """Return the command line of one of our own commands."""
    return sys.executable, "-m", "reminders", *words


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a child is given: where our modules are, and a data folder that does not depend on where it runs."""
    path = ":".join(filter(None, [str(ROOT), environment.get("PYTHONPATH")]))
    return {**environment, "PYTHONPATH": path, f"{PREFIX}DATA_DIR": str(data_dir(environment))}


def refuse_taken_port(host: str, port: int) -> None:
    """Raise InputError where something else listens there, before anything is started."""
    if not is_free(host, port):
        raise InputError([f"--port: {port} on {host} is taken, or may not be used; name another with --port"])


def is_free(host: str, port: int) -> bool:
    """Say whether we could listen there."""
    try:
        _listen(host, port).close()
    except OSError:
        return False
    return True


def free_port(host: str) -> int:
    """Return a port that nobody listens on."""
    with _listen(host, 0) as listener:
        found: int = listener.getsockname()[1]
        return found


def _listen(host: str, port: int) -> socket.socket:
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)


def address(host: str, port: int) -> str:
    """Return how a browser on this machine reaches a server of ours."""
    shown = ANYWHERE.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
