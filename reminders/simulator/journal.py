"""Keeps what happened as JSON lines, so that a restarted simulator still counts and shows it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

_ENCODER = json.JSONEncoder(separators=(",", ":"), default=str)


class Journal:
    """An append-only file of events; without a path it forgets everything."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: TextIO | None = None

    def past_events(self) -> Iterator[dict[str, object]]:
        """The events of earlier runs, in order. A line cut short by a crash is passed over."""
        if self._path is None or not self._path.exists():
            return
        with self._path.open(encoding="utf-8") as lines:
            for line in lines:
                try:
                    event = json.loads(line)
                except json.JSONDecodeError:
                    continue
                yield event

    def open(self) -> None:
        """Start appending."""
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8")

    def write(self, kind: str, event: Mapping[str, object]) -> None:
        """Append one event and hand it to the operating system at once, so that a killed process loses none."""
        if self._file is not None:
            self._file.write(_ENCODER.encode({"event": kind, **event}) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Stop appending."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def clear(self) -> None:
        """Forget the past too."""
        if self._file is not None:
            self._file.truncate(0)
