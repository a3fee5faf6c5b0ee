"""One child as the supervisor sees it over time: its process, its log, its record on disk."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from reminders.supervisor import logs, processes
from reminders.supervisor.children import Child, Phase
from reminders.supervisor.processes import Process
from reminders.supervisor.state import ChildState


@dataclass(frozen=True)
class Folders:
    """Where the supervisor keeps things: all inside the data folder, readable by their owner only."""

    data_dir: Path

    @property
    def run(self) -> Path:
        """Process records, state and lock."""
        return self.data_dir / "run"

    @property
    def logs(self) -> Path:
        """One log file per child."""
        return self.data_dir / "logs"

    def make(self) -> None:
        """Create what is missing."""
        for folder in (self.run, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@dataclass
class Watched:
    """A child and where it is in its life. Instants (``…_at``) are seconds of the monotonic clock."""

    child: Child
    folders: Folders
    phase: Phase = Phase.WAITING
    process: Process | None = None
    starts: int = 0
    streak: int = 0
    since: str | None = None
    may_start_at: float = 0.0
    started_at: float = 0.0
    first_started_at: float | None = None
    ready_at: float | None = None
    was_ever_ready: bool = False
    misses: int = 0
    next_probe_at: float = 0.0
    kill_at: float = 0.0
    tail: logs.Tail = field(init=False)
    _first_byte: int = field(init=False)

    def __post_init__(self) -> None:
        """Begin with an empty view of a log that is not too long."""
        logs.rotate(self.log)
        self.tail = logs.Tail(self.log)
        self._first_byte = self.log.stat().st_size if self.log.exists() else 0

    @property
    def log(self) -> Path:
        """Its log file."""
        return self.folders.logs / f"{self.child.name}.log"

    @property
    def record(self) -> Path:
        """Its process record."""
        return self.folders.run / f"{self.child.name}.pid"

    @property
    def state(self) -> ChildState:
        """What others may know of it."""
        pid = self.process.pid if self.process else None
        return ChildState(self.child.name, self.phase, pid, max(0, self.starts - 1), self.since)

    def start(self, now: float) -> Process:
        """Start it and record who it is."""
        process = processes.start(self.child, log=self.log, data_dir=self.folders.data_dir)
        self.process = process
        processes.write_record(self.record, process.pid)
        # The record was written at this instant, so its file time is the start in civil time: no clock is read for it.
        self.since = datetime.fromtimestamp(self.record.stat().st_mtime, UTC).isoformat(timespec="seconds")
        self.starts += 1
        self.started_at = now
        self.first_started_at = self.first_started_at or now
        self.phase = Phase.STARTING
        return process

    def become_ready(self, now: float, *, next_probe_at: float) -> None:
        """Note that it serves."""
        self.phase = Phase.READY
        self.ready_at = now
        self.was_ever_ready = True
        self.misses = 0
        self.next_probe_at = next_probe_at

    def end(self) -> int | None:
        """Kill what is left of it, forget it, and return its exit status; None where there was none."""
        if self.process is None:
            return None
        status = self.process.reap()
        self.process = None
        self.since = None
        self.record.unlink(missing_ok=True)
        return status

    def healthy_for(self, now: float) -> float:
        """Return the seconds since it became ready in its present life; 0 if it never did."""
        return 0.0 if self.ready_at is None else now - self.ready_at

    def waited(self, now: float) -> float:
        """Return the seconds since its very first start."""
        return 0.0 if self.first_started_at is None else now - self.first_started_at

    def last_lines(self) -> list[str]:
        """Return the end of what it wrote under this supervisor."""
        return logs.last_lines(self.log, start=self._first_byte)
