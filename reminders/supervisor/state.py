"""What the supervisor tells others about its children: ``run/state.json``, read by ``reminders status``."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from reminders.supervisor.children import Phase
from reminders.supervisor.lock import running_pid
from reminders.supervisor.processes import write_json


@dataclass(frozen=True)
class ChildState:
    """One child now. ``since`` is the UTC instant of its present start in ISO 8601, None while it is down."""

    name: str
    phase: Phase
    pid: int | None
    restarts: int
    since: str | None


@dataclass(frozen=True)
class TreeState:
    """A running supervisor and its children in the order they start."""

    pid: int
    children: tuple[ChildState, ...]


def write_state(path: Path, states: Iterable[ChildState]) -> None:
    """Replace the state file."""
    write_json(path, {"children": [asdict(state) for state in states]})


def read_state(data_dir: Path) -> TreeState | None:
    """Return the state of the supervisor that runs on this folder; None where none runs."""
    pid = running_pid(data_dir)
    path = data_dir / "run" / "state.json"
    if pid is None or not path.exists():  # a file left by a killed supervisor describes nobody
        return None
    rows = json.loads(path.read_text())["children"]
    return TreeState(
        pid=pid,
        children=tuple(ChildState(**{**row, "phase": Phase(row["phase"])}) for row in rows),
    )
