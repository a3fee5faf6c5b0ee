"""Shares: how many rows of each list a page has that cannot have them all, and which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol


class Starting(Protocol):
    """What begins at an instant."""

    @property
    def starts_at(self) -> datetime:
        """The instant, in UTC."""


def fair_share(sizes: Sequence[int], total: int) -> int:
    """Return how many rows each list may have for all to have `total`: what short lists leave is the long ones'."""
    rest = total
    for place, size in enumerate(sorted(sizes)):
        share = rest // (len(sizes) - place)
        if size > share:
            return max(1, share)
        rest -= size
    return total


def told_days(sizes: Mapping[date, int], *, near: date, room: int) -> set[date]:
    """Return the days whose rows a page shows: all where they are few together, else those up to a day that is near."""
    has_room = sum(sizes.values()) <= room
    return {day for day in sizes if has_room or day <= near}


def start_of(sessions: Sequence[Starting], share: int, *, now: datetime) -> int:
    """Return the index from which a day's sessions, in their order, are shown where so many can be.

    The next ones to come are, and in the room that they leave those that began last.
    """
    over = sum(item.starts_at <= now for item in sessions)
    return max(0, min(over, len(sessions) - share))
