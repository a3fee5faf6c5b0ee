"""Looking out: what waits is looked for often, and nearly always nothing old is there.

PostgreSQL keeps what was taken in its indexes for as long as somebody else's snapshot might see it: a report or a
backup makes every look walk past all of it. So a process that looked at everything, and found nothing old, looks for a
while only at what has come since: for longer, the longer the look took.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

WHOLE_EVERY = 5.0
"""Seconds (machine time) after which everything is looked at again: others give back and make what is old."""
WHOLE_AT_LEAST_EVERY = 10.0
"""The same where a look takes long: so late is found at most what another process gave back."""
REST_PER_SECOND = 1000
"""A look at everything may cost a thousandth of the time, no more."""
OLD_AFTER = timedelta(seconds=10)
"""What fell due so long ago (machine time) is old: few things wait so long, and whoever brings one back looks anew."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """When everything was looked at (monotonic) and is to be again, and before which time nothing was waiting then."""

    at: float
    until: float
    old_before: datetime


@dataclass(slots=True)
class Lookout:
    """What one process remembers of its whole looks, by what was looked for."""

    seen: dict[str, _Seen] = field(default_factory=dict)

    def since(self, what: str, *, at: float) -> datetime | None:
        """Return from when on it is enough to look; None where it is time to look at everything."""
        seen = self.seen.get(what)
        return seen.old_before if seen is not None and seen.at <= at < seen.until else None

    def saw_everything(
        self, what: str, first: datetime | None, *, at: float, took: float, old_before: datetime
    ) -> None:
        """Remember a look at everything that began `at` and took so many seconds, by when the first falls due.

        Not one that saw something old.
        """
        if first is None or first >= old_before:
            rest = min(max(WHOLE_EVERY, took * REST_PER_SECOND), WHOLE_AT_LEAST_EVERY)
            self.seen[what] = _Seen(at, at + rest, old_before)

    def forget(self, *, but: str | None = None) -> None:
        """Look at everything next time, `but` for what this does not concern: something old may have come to wait."""
        kept = self.seen.get(but) if but is not None else None
        self.seen.clear()
        if but is not None and kept is not None:
            self.seen[but] = kept
