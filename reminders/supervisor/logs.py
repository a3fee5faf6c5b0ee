"""The children's log files: rotated, followed for the terminal, quoted when a child fails.

Children write to their file themselves and not through a pipe of ours, so that a supervisor that is stopped by Ctrl-Z
or busy with a probe never blocks them.
"""

import os
import shutil
from collections import deque
from pathlib import Path

LIMIT_BYTES = 10 * 1024 * 1024
KEEP = 3
_CHUNK_BYTES = 256 * 1024


def rotate(log: Path, *, limit: int = LIMIT_BYTES, keep: int = KEEP, is_open: bool = False) -> bool:
    """Move a log that outgrew its limit to ``<log>.1`` and so on; tell whether it did.

    A log that its child still writes to (``is_open``) is copied and emptied instead: the child appends, so it goes on
    at the new end. Lines written between the copy and the emptying are lost, the price of a bound on the disk.
    """
    if not log.exists() or log.stat().st_size <= limit:
        return False
    for number in range(keep - 1, 0, -1):
        older = _numbered(log, number)
        if older.exists():
            older.replace(_numbered(log, number + 1))
    if is_open:
        shutil.copy(log, _numbered(log, 1))
        os.truncate(log, 0)
    else:
        log.replace(_numbered(log, 1))
    return True


def _numbered(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number}")


def last_lines(log: Path, *, start: int, count: int = 20) -> list[str]:
    """Return the last lines written after byte ``start``."""
    if not log.exists():
        return []
    size = log.stat().st_size
    with log.open("rb") as stream:
        stream.seek(max(0 if start > size else start, size - _CHUNK_BYTES))
        return [_text(line) for line in deque(stream, maxlen=count)]


class Tail:
    """Follows a log and gives its whole lines as they come."""

    def __init__(self, log: Path) -> None:
        """Begin at the present end."""
        self._log = log
        self._offset = log.stat().st_size if log.exists() else 0

    def lines(self, *, is_final: bool = False) -> list[str]:
        """Return what was written since the last call; ``is_final`` gives an unfinished line too."""
        if not self._log.exists():
            return []
        if self._log.stat().st_size < self._offset:  # rotated
            self._offset = 0
        with self._log.open("rb") as stream:
            stream.seek(self._offset)
            chunk = stream.read(_CHUNK_BYTES)
        # A single line longer than a chunk is given in pieces, else it would be waited for for ever.
        if not is_final and len(chunk) < _CHUNK_BYTES:
            chunk = chunk[: chunk.rfind(b"\n") + 1]
        self._offset += len(chunk)
        return [_text(line) for line in chunk.splitlines()]


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r\n")
