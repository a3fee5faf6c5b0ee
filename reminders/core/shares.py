"""Shares: how many rows of each list a page has that cannot have them all, and which."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
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


def nearest(sessions: Sequence[_Session], share: int, *, now: datetime) -> list[_Session]:
    """Return as many sessions of a day, in their order: the next ones to come, then those that began last."""
    ahead = [item for item in sessions if item.starts_at > now][:share]
    over = [item for item in sessions if item.starts_at <= now]
    return [*over[len(over) - min(len(over), share - len(ahead)) :], *ahead]
