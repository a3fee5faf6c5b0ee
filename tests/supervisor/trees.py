"""Real process trees for the tests: small Python children, a supervisor in a thread or in a process of its own."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from reminders.supervisor import BackOff, Child, Event, EventKind, Supervisor, Timing

SHORT = Timing(back_off=BackOff(first=0.05, longest=0.4, forgiven_after=5.0), alive_every=0.1, start_tries=3, tick=0.02)
SECONDS = 8.0


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class Tree:
    """A supervisor in a thread, and all it said."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.events: list[Event] = []
        self.lines: list[tuple[str, str]] = []
        self.status: int | None = None
        self._supervisor: Supervisor | None = None
        self._thread: threading.Thread | None = None

    def run(self, *children: Child, timing: Timing = SHORT) -> None:
        self._supervisor = Supervisor(
            children,
            data_dir=self.data_dir,
            on_event=self.events.append,
            on_line=lambda name, line: self.lines.append((name, line)),
            timing=timing,
        )
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        assert self._supervisor
        self.status = self._supervisor.run()

    def ask_to_stop(self) -> None:
        assert self._supervisor
        self._supervisor.request_stop()

    def wait_for_end(self) -> int:
        assert self._thread
        self._thread.join(SECONDS)
        assert self.status is not None, "the supervisor did not end"
        return self.status

    def stop(self) -> int:
        self.ask_to_stop()
        return self.wait_for_end()

    def close(self) -> None:
        if self._thread and self._thread.is_alive():
            self.ask_to_stop()
            self.ask_to_stop()
            self._thread.join(SECONDS)

    def count(self, kind: EventKind, child: str) -> int:
        return sum(event.kind is kind and event.child == child for event in self.events)

    def wait_for(self, kind: EventKind, child: str, *, times: int = 1) -> None:
        wait_until(lambda: self.count(kind, child) >= times)

    def pid(self, child: str) -> int:
        words = [event.message for event in self.events if event.kind is EventKind.STARTED and event.child == child]
        return int(words[-1].rpartition(" ")[2])


class Outside:
    """A supervisor in a process of its own, so that it can be interrupted and killed."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._popen: subprocess.Popen[str] | None = None

    def run(self, children: str, *, ignoring: tuple[signal.Signals, ...] = ()) -> None:
        script = f"""
            import signal, sys
            for number in {[int(number) for number in ignoring]}:
                signal.signal(number, signal.SIG_IGN)
            from pathlib import Path
            from reminders.supervisor import *
            PY = (sys.executable, "-c")
            def sleeper(name, code="import time; time.sleep(600)", **more):
                return Child(name, (*PY, code), **more)
            try:
                status = Supervisor(
                    {children},
                    data_dir=Path({str(self.data_dir)!r}),
                    on_event=lambda event: print(event.line, flush=True),
                    timing=Timing(tick=0.02),
                ).run()
            except AlreadyRunningError as error:
                sys.exit(str(error))
            sys.exit(status)
        """
        self._popen = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def process(self) -> psutil.Process:
        assert self._popen
        return psutil.Process(self._popen.pid)

    def wait_for_descendants(self, count: int) -> list[psutil.Process]:
        def ready() -> bool:
            return len(self.process.children(recursive=True)) >= count and (self.data_dir / "run/state.json").exists()

        wait_until(ready)
        return self.process.children(recursive=True)

    def log(self, child: str) -> str:
        return (self.data_dir / f"logs/{child}.log").read_text()

    def signal(self, number: signal.Signals) -> None:
        assert self._popen
        self._popen.send_signal(number)

    def wait(self) -> tuple[int, str]:
        assert self._popen
        said, _ = self._popen.communicate(timeout=SECONDS)
        return self._popen.returncode, said

    def close(self) -> None:
        if self._popen and self._popen.poll() is None:
            self._popen.kill()
            self._popen.communicate()


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", textwrap.dedent(code))


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def are_running(processes: Iterable[psutil.Process]) -> bool:
    """Tell whether any of them is."""
    return any(is_running(process.pid) for process in processes)
