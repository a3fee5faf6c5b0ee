"""Failpoints: named places where a test may let a process die, stall or fail, one at each boundary of a message's life.

Compiled in so that what is tested is what runs; without `arm` each is one look at an empty dictionary. The names are
those of the crash table that `tests/chaos` walks through.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from dataclasses import dataclass
from enum import StrEnum

STALL_SECONDS = 3600.0


class Failpoint(StrEnum):
    """Where something may go wrong, in the order in which a message passes."""

    PLAN_BEFORE_COMMIT = "plan.before_commit"
    PLAN_COMMITTED = "plan.committed"
    HINT = "hint"
    TASK_BEGUN = "task.begun"
    CLAIMED = "claimed"
    INTENT_BEFORE_COMMIT = "intent.before_commit"
    INTENT_COMMITTED = "intent.committed"
    CALL_LEAVES = "call.leaves"
    """The request is about to be written."""
    CALL_ANSWERED = "call.answered"
    OUTCOME_BEFORE_COMMIT = "outcome.before_commit"
    OUTCOME_COMMITTED = "outcome.committed"
    RESOLVE_BEFORE_COMMIT = "resolve.before_commit"
    RECEIPT_ARRIVED = "receipt.arrived"
    RECEIPT_STORED = "receipt.stored"
    RECEIPT_BEFORE_COMMIT = "receipt.before_commit"
    """It is being applied."""


class Harm(StrEnum):
    """What happens there."""

    KILL = "kill"
    STOP = "stop"
    """The process freezes until somebody lets it go on (SIGSTOP)."""
    STALL = "stall"
    FAIL = "fail"


class FailpointError(Exception):
    """What a failpoint raises that is armed to fail."""


@dataclass
class _Armed:
    harm: Harm
    left: int


_SPEC = re.compile(r"(?P<name>[a-z._]+)=(?P<harm>[a-z]+)(@(?P<at>[1-9][0-9]*))?")
_armed: dict[Failpoint, _Armed] = {}
_lock = threading.Lock()


def arm(text: str) -> None:
    """Arm what `name=harm@n,…` says: harm is done when the place is reached for the n-th time, once.

    The text is a test's. Raises ValueError for a name or harm that does not exist.
    """
    found: dict[Failpoint, _Armed] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        spec = _SPEC.fullmatch(part)
        if spec is None:
            raise ValueError(f"{part!r}: wanted is name=harm or name=harm@n")
        found[Failpoint(spec["name"])] = _Armed(Harm(spec["harm"]), int(spec["at"] or 1))
    _armed.clear()
    _armed.update(found)


def reach(failpoint: Failpoint) -> None:
    """Do nothing, unless a test armed this place."""
    if _armed and (harm := _due(failpoint)) is not None:
        _do(harm, failpoint)


def _due(failpoint: Failpoint) -> Harm | None:
    with _lock:
        armed = _armed.get(failpoint)
        if armed is None:
            return None
        armed.left -= 1
        return armed.harm if armed.left == 0 else None


def _do(harm: Harm, failpoint: Failpoint) -> None:
    match harm:
        case Harm.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        case Harm.STOP:
            os.kill(os.getpid(), signal.SIGSTOP)
        case Harm.STALL:
            time.sleep(STALL_SECONDS)
        case Harm.FAIL:
            raise FailpointError(failpoint)
