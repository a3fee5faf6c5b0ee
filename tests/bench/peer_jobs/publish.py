"""Puts jobs into a library's queue: at once, or each for a time of its own. A process in that library's environment."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from typing import Protocol, cast


class Jobs(Protocol):
    """A module of this folder."""

    def publish(self, numbers: Sequence[int]) -> None:
        """Queue the texts of these numbers, one job each."""
        ...

    def delay(self, dues: Sequence[tuple[int, float]]) -> None:
        """Queue each text for its time, in seconds since the epoch."""
        ...


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", help="the library's module in this folder")
    parser.add_argument("start", type=int, help="the number of the first text")
    parser.add_argument("count", type=int, help="how many")
    parser.add_argument("--first", type=float, help="when the first is due, in seconds since the epoch")
    parser.add_argument("--rate", type=float, default=1.0, help="how many are due in each second from then on")
    order = parser.parse_args()
    jobs = cast("Jobs", importlib.import_module(f"tests.bench.peer_jobs.{order.module}"))
    numbers = range(order.start, order.start + order.count)
    if order.first is None:
        jobs.publish(numbers)
    else:
        jobs.delay([(number, order.first + place / order.rate) for place, number in enumerate(numbers)])


if __name__ == "__main__":
    _main()
