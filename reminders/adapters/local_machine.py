"""This machine as an examination sees it: Python, packages, time zones, disk, and the modes of files with secrets."""

from __future__ import annotations

import shutil
import stat
import sys
import zoneinfo
from collections.abc import Sequence
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from reminders.core.examination.facts import MachineFacts

PACKAGES = ("celery", "kombu", "redis", "sqlalchemy", "psycopg", "twilio")
_A_ZONE = "America/New_York"
_RELEASE = "# version "
_LINE = 200


class LocalMachineInspection:
    """Looks at the machine that this process runs on."""

    def __init__(self, data_dir: Path, files: Sequence[Path]) -> None:
        """Take the folder whose disk matters, and the files that hold secrets."""
        self._data_dir = data_dir
        self._files = tuple(files)

    def inspect(self) -> MachineFacts:
        """Look at everything; what cannot be read is None."""
        return MachineFacts(
            python=sys.version_info[:3],
            packages={name: _version(name) for name in PACKAGES},
            zones=_zones(),
            free_bytes=_free_bytes(self._data_dir),
            modes={str(path): _mode(path) for path in self._files},
        )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _zones() -> str | None:
    """Return the release of the data in force: zoneinfo looks in the system's folders first, then in the package."""
    for folder in zoneinfo.TZPATH:
        if (Path(folder) / _A_ZONE).is_file():
            return _release(Path(folder))
    try:
        return version("tzdata") if resources.files("tzdata").joinpath("zones").is_file() else None
    except (ModuleNotFoundError, PackageNotFoundError):
        return None


def _release(folder: Path) -> str:
    """Return the release that a system's folder names in its first line; empty where it names none."""
    try:
        with (folder / "tzdata.zi").open(encoding="utf-8", errors="replace") as file:
            first = file.readline(_LINE).strip()
    except OSError:
        return ""
    return first.removeprefix(_RELEASE) if first.startswith(_RELEASE) else ""


def _free_bytes(folder: Path) -> int | None:
    """Return what is free where a folder lies, or will lie."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None
