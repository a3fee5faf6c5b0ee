"""Who decides: the name that is kept with what staff do from the command line."""

from __future__ import annotations

import getpass


def author(given: str | None = None) -> str:
    """Return the name that was given, else that of whoever is logged in."""
    if given is not None:
        return given
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have a number and no name
        return "command line"
