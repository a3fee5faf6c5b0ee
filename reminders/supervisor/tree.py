"""The process tree of ``reminders up`` and ``reminders demo``: one supervisor, children restarted one by one.

A single thread looks at every child ten times a second. Decisions are in ``children``, one child's life in ``watched``.
"""

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import FrameType

from reminders.supervisor import logs
from reminders.supervisor.children import Child, Phase, Timing, in_start_order, may_give_up, may_start, may_stop
from reminders.supervisor.lock import FolderLock
from reminders.supervisor.processes import end_stale
from reminders.supervisor.state import ChildState, write_state
from reminders.supervisor.watched import Folders, Watched


class EventKind(StrEnum):
    """What can happen to the tree."""

    STARTED = "started"
    READY = "ready"
    ENDED = "ended"
    HUNG = "hung"
    KILLED = "killed"
    FAILED = "failed"
    STOPPING = "stopping"
    STOPPED = "stopped"
    STALE = "stale"


@dataclass(frozen=True)
class Event:
    """Something that happened, with a sentence for people. ``child`` is None where it concerns the whole tree."""

    kind: EventKind
    child: str | None
    message: str

    @property
    def line(self) -> str:
        """The event as a line for the terminal (a failure brings several)."""
        return f"{self.child or 'supervisor'}: {self.message}"


class Supervisor:
    """Starts children in order, keeps each running, and leaves nothing running.

    ``on_event`` hears of every change; ``on_line(child, line)`` hears every line the children write, for a verbose
    terminal. ``lock`` is the folder's lock when the caller holds it already; without it ``run`` takes its own.
    """

    def __init__(
        self,
        children: Iterable[Child],
        *,
        data_dir: Path,
        on_event: Callable[[Event], None],
        on_line: Callable[[str, str], None] | None = None,
        timing: Timing | None = None,
        lock: FolderLock | None = None,
    ) -> None:
        """Check the children.

        Raises ValueError where their names or their order cannot work.
        """
        self._children = in_start_order(children)
        self._folders = Folders(data_dir.resolve())
        self._on_event = on_event
        self._on_line = on_line
        self._timing = timing or Timing()
        self._lock = lock
        self._watched: dict[str, Watched] = {}
        self._stop_requests = 0
        self._is_stopping = False
        self._exit_status = 0
        self._written: list[ChildState] | None = None
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_writer, False)

    def run(self) -> int:
        """Run the tree until it is asked to stop; call it once, from a thread that outlives it.

        Returns 0 after a wished stop and 1 when a child never became ready. Raises AlreadyRunningError where another
        supervisor has the folder. Linux kills the children when the thread that started them ends.
        """
        lock = contextlib.nullcontext() if self._lock else FolderLock(self._folders.data_dir)
        with lock, self._signals():
            self._folders.make()
            for pid in end_stale(self._folders.run, data_dir=self._folders.data_dir):
                self._tell(EventKind.STALE, None, f"ended process {pid}, left behind by a killed supervisor")
            self._watched = {child.name: Watched(child, self._folders) for child in self._children}
            try:
                while not self._is_over():
                    self._look()
                    self._pause()
            finally:
                self._leave_nothing()
        self._tell(EventKind.STOPPED, None, "everything has stopped")
        return self._exit_status

    def request_stop(self) -> None:
        """Ask for an orderly stop; asked again, kill at once. Safe in signal handlers and from other threads."""
        self._stop_requests += 1
        with contextlib.suppress(OSError):  # the pipe is full, so the loop is awake, or closed, so it is over
            os.write(self._wake_writer, b"\0")

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():  # only the main thread may take signals
            yield
            return

        def stop(_number: int, _frame: FrameType | None) -> None:
            self.request_stop()

        # An ignored hang-up stays ignored: that is how nohup asks to outlive the terminal. An ignored interrupt does
        # not, because a script's `&` sets it by habit and would leave no way to say Ctrl-C.
        may_hang_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
        taken = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if may_hang_up else (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, stop) for number in taken}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _pause(self) -> None:
        readable, _, _ = select.select([self._wake_reader], [], [], self._timing.tick)
        if readable:
            os.read(self._wake_reader, 64)

    def _is_over(self) -> bool:
        return self._is_stopping and all(watched.phase is Phase.STOPPED for watched in self._watched.values())

    def _look(self) -> None:
        now = time.monotonic()
        if self._stop_requests and not self._is_stopping:
            self._is_stopping = True
            self._tell(EventKind.STOPPING, None, "stopping; once more kills at once")
        for watched in self._watched.values():
            self._look_at(watched, now)
        if self._is_stopping:
            self._stop_the_free(now)
        self._follow_logs()
        self._write_state()

    def _look_at(self, watched: Watched, now: float) -> None:
        process = watched.process
        if process is None:
            if not self._is_stopping and now >= watched.may_start_at and may_start(watched.child, self._phases()):
                self._start(watched, now)
        elif process.has_ended():
            self._note_end(watched, now)
        elif watched.phase is Phase.STARTING:
            self._await_ready(watched, now)
        elif watched.phase is Phase.READY and not self._is_stopping:
            self._check_alive(watched, now)
        elif watched.phase is Phase.STOPPING and (now >= watched.kill_at or self._stop_requests > 1):
            self._tell(EventKind.KILLED, watched, "did not stop in time and is killed")
            self._note_end(watched, now)

    def _phases(self) -> dict[str, Phase]:
        return {name: watched.phase for name, watched in self._watched.items()}

    def _start(self, watched: Watched, now: float) -> None:
        logs.rotate(watched.log)
        process = watched.start(now)
        self._tell(EventKind.STARTED, watched, f"started as process {process.pid}")
        if watched.child.ready is None:
            self._await_ready(watched, now)

    def _await_ready(self, watched: Watched, now: float) -> None:
        child = watched.child
        if child.ready is None or _answers(child.ready):
            watched.become_ready(now, next_probe_at=now + self._timing.alive_every)
            self._tell(EventKind.READY, watched, "is ready")
        elif now - watched.started_at >= child.ready_seconds or self._may_give_up(watched, now):
            self._tell(EventKind.HUNG, watched, f"was not ready within {child.ready_seconds:g} s")
            self._note_end(watched, now)

    def _may_give_up(self, watched: Watched, now: float) -> bool:
        return may_give_up(
            was_ever_ready=watched.was_ever_ready,
            streak=watched.streak,
            waited=watched.waited(now),
            child=watched.child,
            timing=self._timing,
        )

    def _check_alive(self, watched: Watched, now: float) -> None:
        alive = watched.child.alive
        if alive is None or now < watched.next_probe_at:
            return
        watched.next_probe_at = now + self._timing.alive_every
        watched.misses = 0 if _answers(alive) else watched.misses + 1
        if watched.misses >= self._timing.alive_misses:
            self._tell(EventKind.HUNG, watched, f"did not answer {watched.misses} times in a row; killing it")
            self._note_end(watched, now)

    def _note_end(self, watched: Watched, now: float) -> None:
        """Clear away an ended (or hung) process and decide what becomes of its child."""
        status = watched.end()
        if self._is_stopping:
            watched.phase = Phase.STOPPED
            self._tell(EventKind.ENDED, watched, "has stopped")
            return
        back_off = self._timing.back_off
        watched.streak = back_off.streak(watched.streak, healthy_for=watched.healthy_for(now))
        watched.ready_at = None
        watched.phase = Phase.WAITING
        if self._may_give_up(watched, now):
            self._fail(watched, status)
            return
        delay = back_off.delay(watched.streak)
        watched.may_start_at = now + delay
        self._tell(EventKind.ENDED, watched, f"ended ({_in_words(status)}); starting it again in {delay:.1f} s")

    def _fail(self, watched: Watched, status: int | None) -> None:
        self._exit_status = 1
        self._is_stopping = True
        said = watched.last_lines()
        quote = "\n".join(["the end of its output:", *(f"  {line}" for line in said)]) if said else "it wrote nothing"
        reason = f"never became ready (last end: {_in_words(status)})"
        self._tell(EventKind.FAILED, watched, f"{reason}; {quote}\n  (all of it: {watched.log})")

    def _stop_the_free(self, now: float) -> None:
        """Ask each child to stop on which no running child depends any more."""
        for watched in self._watched.values():
            if watched.phase in (Phase.STOPPING, Phase.STOPPED):
                continue
            if watched.process is None:
                watched.phase = Phase.STOPPED
            elif self._stop_requests > 1 or may_stop(watched.child, self._children, self._phases()):
                watched.phase = Phase.STOPPING
                watched.kill_at = now + watched.child.stop_seconds
                watched.process.signal(watched.child.stop_signal)

    def _leave_nothing(self) -> None:
        for watched in self._watched.values():
            if watched.process:
                watched.process.kill()
        for watched in self._watched.values():
            watched.end()
        self._follow_logs(is_final=True)
        (self._folders.run / "state.json").unlink(missing_ok=True)
        # A late signal must not write into a file that got the number of our closed pipe.
        writer, self._wake_writer = self._wake_writer, -1
        os.close(writer)
        os.close(self._wake_reader)

    def _follow_logs(self, *, is_final: bool = False) -> None:
        for watched in self._watched.values():
            if self._on_line is not None:
                with contextlib.suppress(OSError):  # a terminal that went away is no reason to end
                    for line in watched.tail.lines(is_final=is_final):
                        self._on_line(watched.child.name, line)
            logs.rotate(watched.log, is_open=True)

    def _write_state(self) -> None:
        states = [watched.state for watched in self._watched.values()]
        if states != self._written:
            write_state(self._folders.run / "state.json", states)
            self._written = states

    def _tell(self, kind: EventKind, watched: Watched | None, message: str) -> None:
        name = watched.child.name if watched else None
        with contextlib.suppress(OSError):  # a terminal that went away is no reason to end
            self._on_event(Event(kind, name, message))


def _answers(probe: Callable[[], bool]) -> bool:
    try:
        return probe()
    except Exception:  # noqa: BLE001  a probe is foreign code that talks to a broken process: whatever it raises means no
        return False


def _in_words(status: int | None) -> str:
    if status is None:
        return "no process"
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}"
