"""Our processes as the harness starts and kills them: by their own command, or as a fork of the nursery."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[2]
ENDS_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Order:
    """What to start: a module and its words, such as `reminders worker --queues sms`."""

    words: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    hurry: Mapping[str, float] = field(default_factory=dict)


class Launcher(Protocol):
    """A way to start a process, in a session of its own."""

    def start(self, order: Order) -> int:
        """Start it; return its pid."""

    def has_ended(self, pid: int) -> bool:
        """Say whether a process that was started has ended."""


class Commands:
    """Starts the real command lines."""

    def __init__(self) -> None:
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, order: Order) -> int:
        """Start `python -m …`. Raises ValueError where it should hurry: our commands cannot."""
        if order.hurry:
            raise ValueError("a real command keeps its own times")
        argv = (sys.executable, "-m", *order.words)
        with order.log.open("ab") as output:
            process = subprocess.Popen(
                argv, env=order.environment, cwd=ROOT, stdout=output, stderr=output, start_new_session=True
            )
        self._processes[process.pid] = process
        return process.pid

    def has_ended(self, pid: int) -> bool:
        """Say so, and clear the dead process away."""
        return self._processes[pid].poll() is not None


class Forks:
    """Starts children of the nursery."""

    def __init__(self, nursery: subprocess.Popen[str]) -> None:
        self._nursery = nursery

    def start(self, order: Order) -> int:
        """Ask the nursery for a child."""
        request = {
            "words": list(order.words),
            "environment": dict(order.environment),
            "log": str(order.log),
            "hurry": dict(order.hurry),
        }
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(json.dumps(request) + "\n")
        self._nursery.stdin.flush()
        return int(self._nursery.stdout.readline())

    @staticmethod
    def has_ended(pid: int) -> bool:
        """Say so; the kernel clears them away."""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False


@contextmanager
def nursery() -> Iterator[Forks]:
    """Run a nursery; its children end with it."""
    argv = (sys.executable, "-m", "tests.chaos.nursery")
    process = subprocess.Popen(
        argv, cwd=ROOT, env=bare_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        yield Forks(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(ENDS_WITHIN)


def bare_environment() -> dict[str, str]:
    """Return the environment of a process that inherits no setting of ours."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TZ": "UTC"}


class Part:
    """One of our processes: how it is started, and which process it is now."""

    def __init__(self, name: str, order: Order, launcher: Launcher) -> None:
        self.name, self.order = name, order
        self.pid: int | None = None
        self._launcher = launcher

    def start(self) -> None:
        """Start it; it writes to its log."""
        self.pid = self._launcher.start(self.order)

    @property
    def has_ended(self) -> bool:
        """Say whether it ended without being killed by us."""
        return self.pid is not None and self._launcher.has_ended(self.pid)

    def kill(self) -> None:
        """Kill it and everything it started, at once, and wait until it is gone."""
        if self.pid is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        until = time.monotonic() + ENDS_WITHIN
        while not self._launcher.has_ended(self.pid):
            assert time.monotonic() < until, f"{self.name} outlives SIGKILL"
            time.sleep(0.005)
        self.pid = None
