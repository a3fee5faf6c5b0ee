"""Shares: how many rows of each list a page has that cannot have them all, and which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol, TypeVar


class Starting(Protocol):
    """What begins at an instant."""

    @property
    def starts_at(self) -> datetime:
        """The instant, in UTC."""


_Session = TypeVar("_Session", bound=Starting)


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


def nearest(sessions: Sequence[_Session], share: int, *, now: datetime) -> list[_Session]:
    """Return as many sessions of a day, in their order: the next ones to come, then those that began last."""
    ahead = [item for item in sessions if item.starts_at > now][:share]
    over = [item for item in sessions if item.starts_at <= now]
    return [*over[len(over) - min(len(over), share - len(ahead)) :], *ahead]
