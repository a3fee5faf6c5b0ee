"""What surrounds a command: the environment, where our code is, where data goes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

PREFIX = "REMINDERS_"
ROOT = Path(__file__).resolve().parents[2]


def own_environment() -> dict[str, str]:
    """Return the environment of this process, which is handed on to those it starts."""
    return dict(os.environ)  # noqa: TID251 - handed on to other processes; what it means is for the settings to say


def data_dir(environment: Mapping[str, str]) -> Path:
    """Return the data folder that an environment names; the settings know the same default."""
    return Path(environment.get(f"{PREFIX}DATA_DIR") or "var").resolve()
