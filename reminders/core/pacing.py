"""Pacing: how many messages may leave a sender now, in segments, and how many of them may be second tries.

A bucket fills with time and is emptied by what leaves. The same arithmetic runs in the broker (a script on its own
clock) and, at half the rate, in the database when the broker is gone: what cannot be counted does not leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

LEAST_BURST = 25.0
"""The longest text has 1,600 characters, up to 24 segments: a smaller bucket could never let it go."""
WITHOUT_BROKER = 0.5
"""The share of the rate that holds while the broker is gone and buckets are counted in the database."""
RETRY_SHARE = 0.1
"""Second tries that each first try pays for (reliability, section 5)."""
MOST_SAVED_RETRIES = 10_000.0
RETRIES_AT_REST = 50.0
RETRIES_PER_SECOND = 0.5
"""A clinic that sends ten texts a day may still try each of them again: the bucket fills up to its rest by itself."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a sender may send: segments a second of machine time, and how many at once after a pause."""

    rate: float
    burst: float

    @classmethod
    def of(cls, rate: float) -> Pace:
        """Return the pace whose bucket holds a second's worth, and never less than the longest text."""
        return cls(rate, max(rate, LEAST_BURST))

    def slowed(self, share: float) -> Pace:
        """Return the same pace at a share of its rate."""
        return Pace(self.rate * share, self.burst)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Tokens as they stood at an instant of machine time."""

    tokens: float
    at: datetime

    def filled(self, pace: Pace, *, machine_now: datetime) -> Bucket:
        """Return it with what time has added; a clock that went back adds nothing."""
        passed = max(0.0, (machine_now - self.at).total_seconds())
        return Bucket(max(self.tokens, min(pace.burst, self.tokens + passed * pace.rate)), machine_now)

    def spent(self, tokens: float) -> Bucket:
        """Return it with so much less."""
        return Bucket(self.tokens - tokens, self.at)


@dataclass(frozen=True, slots=True)
class Grant:
    """How many of those that asked may leave, in their order, and how long the next must wait (machine time)."""

    count: int
    wait: timedelta


def take(bucket: Bucket, sizes: Sequence[int], pace: Pace, *, machine_now: datetime) -> tuple[Bucket, Grant]:
    """Let as many leave, in order, as there are tokens for."""
    filled = bucket.filled(pace, machine_now=machine_now)
    count, used = 0, 0
    for size in sizes:
        if used + size > filled.tokens:
            break
        count, used = count + 1, used + size
    missing = 0.0 if count == len(sizes) else sizes[count] - (filled.tokens - used)
    return filled.spent(used), Grant(count, timedelta(seconds=missing / pace.rate))


def retries_left(bucket: Bucket | None, *, machine_now: datetime, speed: float) -> Bucket:
    """Return how many second tries are paid for; a bucket that nobody used yet is at rest."""
    if bucket is None:
        return Bucket(RETRIES_AT_REST, machine_now)
    return bucket.filled(Pace(RETRIES_PER_SECOND * speed, RETRIES_AT_REST), machine_now=machine_now)


def retries_back(bucket: Bucket, count: int) -> Bucket:
    """Return the bucket with what was taken for second tries that never reached the provider."""
    return Bucket(min(MOST_SAVED_RETRIES, bucket.tokens + count), bucket.at)


def retries_after(bucket: Bucket, *, first: int, again: int) -> Bucket:
    """Return the bucket after so many first tries paid in and so many second tries were paid for."""
    return Bucket(min(MOST_SAVED_RETRIES, bucket.tokens + first * RETRY_SHARE) - again, bucket.at)


KEPT_FOR_RETRIES = 8
"""Of so many messages that are taken together one is a second try, where such wait and are paid for."""


def first_share(limit: int, *, wants_again: bool) -> int:
    """Return how many first tries may be taken: a backlog of them must not keep second ones until they expire."""
    return limit - (limit // KEPT_FOR_RETRIES if wants_again else 0)


def again_share(limit: int, left: Bucket, *, first: int, wants_again: bool) -> int:
    """Return how many second tries may be taken beside so many first ones: what is paid for, where there is room."""
    return max(0, min(limit - first, int(left.tokens))) if wants_again else 0


def is_counted(stored: Bucket | None, *, first: int, wants_again: bool) -> bool:
    """Say whether the budget may change: first tries pay into it until it is full."""
    return wants_again or (first > 0 and (stored is None or stored.tokens < MOST_SAVED_RETRIES))


def is_worth_storing(stored: Bucket | None, after: Bucket, *, first: int, again: int) -> bool:
    """Say whether what became of the budget is to be kept."""
    return again > 0 or (first > 0 and (stored is None or after.tokens > stored.tokens))
