"""How an examination writes durations, sizes and versions for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))
_LEAST_OF_A_UNIT = 2
_THOUSAND = 1000


def span(time: timedelta) -> str:
    """Return a duration in its largest unit of which there are two, such as `90 s` and `3 h`."""
    seconds = abs(time.total_seconds())
    for length, unit in _UNITS:
        if seconds >= _LEAST_OF_A_UNIT * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004 - two figures are enough


def ahead(skew: timedelta) -> str:
    """Return how far a clock is off this machine's."""
    if abs(skew) < timedelta(milliseconds=50):
        return "as this machine's"
    return f"{span(skew)} {'ahead of' if skew > timedelta(0) else 'behind'} this machine's"


def size(number: int) -> str:
    """Return a size in bytes in decimal units."""
    amount = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < _THOUSAND:
            return f"{amount:.0f} {unit}"
        amount /= _THOUSAND
    return f"{amount:.1f} TB"


def version_text(version: Sequence[int]) -> str:
    """Return a version with dots."""
    return ".".join(map(str, version))
