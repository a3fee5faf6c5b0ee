"""One supervisor per data folder.

Two of them would mean two brokers writing one append-only file and two beats. The lock is the kernel's (flock), so it
ends with its holder however that dies, and no number in a file has to be trusted.
"""

import contextlib
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

# A look by `running_pid` holds the lock for an instant; a start must not be refused for that.
_PATIENCE_SECONDS = 0.3


class AlreadyRunningError(RuntimeError):
    """Another supervisor runs on this data folder."""

    def __init__(self, data_dir: Path, pid: int | None) -> None:
        """Name the folder and, where known, the process."""
        holder = "another process" if pid is None else f"process {pid}"
        super().__init__(f"{data_dir} is already in use by {holder}; stop that one first or set REMINDERS_DATA_DIR")
        self.pid = pid


class FolderLock:
    """Holds a data folder for this process while the ``with`` block runs."""

    def __init__(self, data_dir: Path) -> None:
        """Name the folder; nothing is taken yet."""
        self._data_dir = data_dir.resolve()
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        """Take the folder.

        Raises AlreadyRunningError where somebody else has it.
        """
        path = _path(self._data_dir)
        for folder in (self._data_dir, path.parent):  # one by one: parents made on the way would be open to all
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _take(descriptor, patience=_PATIENCE_SECONDS):
            pid = _recorded_pid(descriptor)
            os.close(descriptor)
            raise AlreadyRunningError(self._data_dir, pid)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the folder back; the file stays, because removing it would race with the next to open it."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def running_pid(data_dir: Path) -> int | None:
    """Return the process number of the supervisor that runs on this folder, or None."""
    try:
        descriptor = os.open(_path(data_dir), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        is_free = _take(descriptor, patience=0)
        return None if is_free else _recorded_pid(descriptor)
    finally:
        os.close(descriptor)


def _path(data_dir: Path) -> Path:
    return data_dir / "run" / "lock"


def _take(descriptor: int, *, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)


def _recorded_pid(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
    return int(text) if text.isdecimal() else None
