"""Python's collector of cycles, held off while a large schedule is in hand.

That makes millions of small things, of which most are kept until the end and none refers to itself: the collector would
look at all of them again and again, for a tenth of the time, and find nothing. What is no longer needed goes at once
even so.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MANY = 50_000
"""Young things through which the collector looks in a few milliseconds."""


@contextmanager
def held_off() -> Iterator[None]:
    """Let the collector rest until the block ends; it stays at rest where somebody else had stopped it before."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            # All that is young would be looked at as soon as it works again: frozen and thawed, it counts as old.
            # Few are not worth it: what somebody froze for good is counted one by one, which takes longer.
            if gc.get_count()[0] > MANY and not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()
