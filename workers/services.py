"""The services of this process, opened on first use and never carried across a fork."""

from __future__ import annotations

import os

from reminders.bootstrap import Services, open_services

_opened: dict[int, Services] = {}


def services() -> Services:
    """Return the services of this process."""
    process = os.getpid()
    if process not in _opened:
        _opened.clear()
        _opened[process] = open_services()
    return _opened[process]
