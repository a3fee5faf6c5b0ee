"""The service as a program of its own: `up` or `demo` in a real process tree, watched from outside."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import psutil

from reminders.cli import main

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 40.0


def wait_for(condition: Callable[[], bool], *, seconds: float = PATIENCE, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain: {what}"
        time.sleep(0.1)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Program:
    """A `reminders` command that runs until it is stopped."""

    def __init__(self, words: tuple[str, ...], environment: Mapping[str, str], log: Path) -> None:
        self.environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}
        self.log = log
        with log.open("wb") as output:
            self.process = psutil.Popen(
                [sys.executable, "-m", "reminders", *words],
                env=self.environment,
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def wait_to_say(self, words: str, *, seconds: float = PATIENCE) -> None:
        def has_said() -> bool:
            assert self.process.poll() is None, self.said
            return words in self.said

        wait_for(has_said, seconds=seconds, what=words)

    def ask(self, *words: str) -> tuple[int, str]:
        """Run another command in the same environment; return its exit status and what it printed.

        It runs in this process: it must not cost a start of Python, while the program that is waited for needs the
        machine.
        """
        with redirect_stdout(StringIO()) as said, redirect_stderr(StringIO()) as complained:
            status = main(words, self.environment)
        assert said.getvalue(), complained.getvalue()
        return status, said.getvalue()

    def ask_here(self, *words: str) -> tuple[int, Any]:
        """Run another command likewise; return its exit status and its JSON."""
        status, said = self.ask(*words, "--json")
        return status, json.loads(said)

    def status(self, *words: str) -> Any:  # noqa: ANN401 - JSON
        status, told = self.ask_here("status", *words)
        assert status == 0, told
        return told

    def stop(self) -> int:
        """Press Ctrl-C; return the exit status once nothing that was started is left."""
        started = self.process.children(recursive=True)
        self.process.send_signal(signal.SIGINT)
        status: int = self.process.wait(timeout=PATIENCE)
        _, left = psutil.wait_procs(started, timeout=1)
        assert not left, f"still running: {left}"
        return status


@contextmanager
def running(*words: str, environment: Mapping[str, str], log: Path) -> Iterator[Program]:
    program = Program(words, environment, log)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            started = program.process.children(recursive=True)
            program.process.kill()
            for process in started:
                process.kill()
            psutil.wait_procs([program.process, *started], timeout=5)


def texts(simulator_url: str) -> list[dict[str, Any]]:
    """All texts that reached the outside world, oldest first."""
    found: list[dict[str, Any]] = httpx.get(f"{simulator_url}/control/messages").json()["messages"]
    return found


def type_text(simulator_url: str, phone: str, body: str) -> None:
    """Type a text on a simulated phone."""
    httpx.post(f"{simulator_url}/control/text", json={"from": phone, "body": body}).raise_for_status()
