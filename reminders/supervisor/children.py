"""What the supervisor is told about its children, and its decisions about them as plain functions.

All durations are seconds, because they meet only the monotonic clock and the operating system.
"""

import re
import signal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter

_FILE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


class Phase(StrEnum):
    """Where a child is in its life."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Child:
    """One program to keep running.

    ``env`` is laid over the supervisor's own environment. ``ready`` and ``alive`` must answer within about a second;
    an exception counts as no. Without ``ready`` a child is ready once started. ``stop_signal`` goes to the child alone,
    so that it can bring its own children down; ``stop_seconds`` later its whole process group is killed.
    ``after`` names the children that must be ready before this one starts and that stop only once it has stopped.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    after: tuple[str, ...] = ()
    alive: Callable[[], bool] | None = None
    ready_seconds: float = 30.0


@dataclass(frozen=True)
class BackOff:
    """How long to wait before a child that ended is started again."""

    first: float = 0.2
    longest: float = 10.0
    forgiven_after: float = 30.0

    def streak(self, streak: int, *, healthy_for: float) -> int:
        """Count the ends in a row, this one included; a long healthy life wipes the slate."""
        return 1 if healthy_for >= self.forgiven_after else streak + 1

    def delay(self, streak: int) -> float:
        """Return the wait after that many ends in a row."""
        # The exponent is bounded because a child may fail for months and a float does not grow for ever.
        return min(self.longest, self.first * 2.0 ** min(streak - 1, 32))


@dataclass(frozen=True)
class Timing:
    """The supervisor's patience; the defaults are for real use, tests bring shorter ones."""

    back_off: BackOff = field(default_factory=BackOff)
    alive_every: float = 10.0
    alive_misses: int = 3
    start_tries: int = 5
    tick: float = 0.1


def in_start_order(children: Iterable[Child]) -> list[Child]:
    """Sort children so that each comes after those it needs.

    Raises ValueError on a name that is no file name, a name used twice, an unknown or circular ``after``.
    """
    by_name: dict[str, Child] = {}
    for child in children:
        if not _FILE_NAME.fullmatch(child.name):
            msg = f"child name {child.name!r} must be lower-case letters, digits, '-' and '_'"
            raise ValueError(msg)
        if child.name in by_name:
            msg = f"two children are named {child.name!r}"
            raise ValueError(msg)
        by_name[child.name] = child
    for child in by_name.values():
        unknown = sorted(set(child.after) - by_name.keys())
        if unknown:
            msg = f"{child.name!r} starts after {', '.join(unknown)}, which is not among the children"
            raise ValueError(msg)
    try:
        order = list(TopologicalSorter({name: child.after for name, child in by_name.items()}).static_order())
    except CycleError as error:
        msg = f"children wait for each other: {' after '.join(error.args[1])}"
        raise ValueError(msg) from error
    return [by_name[name] for name in order]


def may_start(child: Child, phases: Mapping[str, Phase]) -> bool:
    """Tell whether everything the child needs is ready."""
    return all(phases[name] is Phase.READY for name in child.after)


def may_stop(child: Child, children: Iterable[Child], phases: Mapping[str, Phase]) -> bool:
    """Tell whether nothing that needs the child is still running."""
    return all(phases[other.name] is Phase.STOPPED for other in children if child.name in other.after)


def may_give_up(*, was_ever_ready: bool, streak: int, waited: float, child: Child, timing: Timing) -> bool:
    """Tell whether a child that was never ready has had its chance.

    One that was ready before is started again for ever: its fault is not in how it was set up.
    """
    return not was_ever_ready and (streak >= timing.start_tries or waited >= child.ready_seconds)
