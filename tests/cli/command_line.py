"""The command line as a person meets it, on a data folder of its own; time stands at a Monday morning in New York."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reminders.cli import main

DATA = Path(__file__).resolve().parents[1] / "data"
SCHEDULE = DATA / "schedule.csv"
FAULTS = DATA / "schedule_faults.csv"
MONDAY = "2027-03-01T09:00:00-05:00"


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - whatever JSON the command printed
        return json.loads(self.out)


class CommandLine:
    """Runs commands in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str] | None) -> None:
        self.folder = folder
        self._capsys = capsys
        self.environment = {
            "REMINDERS_DATA_DIR": str(folder / "data"),
            "REMINDERS_CLOCK": f"{MONDAY}@1",
            "REMINDERS_ALLOW_LIST": "off",
            "TMPDIR": str(folder),
        }

    def migrate(self) -> None:
        """Make the database, whoever listens."""
        assert main(["migrate"], self.environment) == 0

    def run(self, *words: str | Path) -> Said:
        assert self._capsys is not None
        self._capsys.readouterr()
        status = main([str(word) for word in words], self.environment)
        captured = self._capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return Said(status, captured.out, captured.err)

    def ledger(self) -> Any:  # noqa: ANN401 - JSON
        return self.run("status", "--json").document["ledger"]

    def schedule(self, *changes: tuple[str, str], name: str = "changed.csv") -> Path:
        """Write the sample schedule with each first text replaced by the second."""
        text = SCHEDULE.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path
