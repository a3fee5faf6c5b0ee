"""How `reminders status --demo` finds the demo: a small file of this user's that holds the demo's environment."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from reminders.cli.surroundings import data_dir
from reminders.core.errors import NotReadyError
from reminders.supervisor import running_pid

FOLDER_PREFIX = "reminders-demo-"
OWNER_ONLY = stat.S_IRUSR | stat.S_IWUSR
NONE_RUNS = "no demo is running; start one with: python3 -m reminders demo"


def temporary_folder(environment: Mapping[str, str]) -> Path:
    """Return where this user's temporary files go."""
    return Path(environment.get("TMPDIR") or tempfile.gettempdir()).resolve()


def _path(place: Path) -> Path:
    return place / f"{FOLDER_PREFIX}{os.getuid()}.json"


def demo_environment(place: Path) -> dict[str, str]:
    """Return the environment of the demo that is running. Raises NotReadyError where none is."""
    environment = _read(place)
    if environment is None or running_pid(data_dir(environment)) is None:
        raise NotReadyError(NONE_RUNS)
    return environment


def point_at_demo(environment: Mapping[str, str], place: Path) -> None:
    """Let other commands find this demo, the newest where there are several. Raises OSError."""
    descriptor, draft = tempfile.mkstemp(prefix=FOLDER_PREFIX, dir=place)  # made for its owner only
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(dict(environment), file)
    Path(draft).replace(_path(place))


def forget_demo(folder: Path, place: Path) -> None:
    """Take the pointer away if it is to this demo."""
    environment = _read(place)
    if environment is not None and data_dir(environment) == folder.resolve():
        _path(place).unlink(missing_ok=True)


def clear_killed_demo(place: Path) -> None:
    """Remove the temporary folder of the last demo if that was killed and could not do it."""
    environment = _read(place)
    if environment is None:
        return
    folder = data_dir(environment)
    is_temporary = folder.parent == place and folder.name.startswith(FOLDER_PREFIX)
    if is_temporary and folder.exists() and running_pid(folder) is None:
        shutil.rmtree(folder, ignore_errors=True)
        _path(place).unlink(missing_ok=True)


def _read(place: Path) -> dict[str, str] | None:
    """Read the pointer; one that others could have written is none: it says where data goes."""
    try:
        descriptor = os.open(_path(place), os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    with os.fdopen(descriptor, encoding="utf-8") as file:
        found = os.fstat(descriptor)
        if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) != OWNER_ONLY:
            return None
        try:
            content = json.load(file)
        except ValueError:
            return None
    return content if isinstance(content, dict) else None
