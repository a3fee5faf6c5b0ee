"""How far clocks may be apart before nothing leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminders.core.clock_sanity import (
    MOST_DATABASE_SKEW,
    MOST_PROVIDER_SKEW,
    NOISE,
    ClockFault,
    clock_fault,
    correction,
)

NONE, TICK = timedelta(0), timedelta(milliseconds=1)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("sign", [1, -1], ids=["ahead", "behind"])
@pytest.mark.parametrize(
    ("database", "provider", "fault"),
    [
        (NONE, None, None),
        (NONE, NONE, None),
        (MOST_DATABASE_SKEW, None, None),
        (MOST_DATABASE_SKEW + TICK, None, ClockFault.DATABASE),
        (MOST_DATABASE_SKEW + TICK, MOST_DATABASE_SKEW, ClockFault.DATABASE),
        (NONE, MOST_PROVIDER_SKEW, None),
        (NONE, MOST_PROVIDER_SKEW + TICK, ClockFault.PROVIDER),
        (MOST_DATABASE_SKEW, MOST_PROVIDER_SKEW + MOST_DATABASE_SKEW, None),
        (MOST_DATABASE_SKEW, -MOST_PROVIDER_SKEW, ClockFault.PROVIDER),
        (HOUR, HOUR, ClockFault.DATABASE),
    ],
)
def test_which_clocks_disagree(
    database: timedelta, provider: timedelta | None, fault: ClockFault | None, sign: int
) -> None:
    assert clock_fault(sign * database, None if provider is None else sign * provider) is fault


@pytest.mark.parametrize(
    ("skew", "added"),
    [(NONE, NONE), (NOISE, NONE), (-NOISE, NONE), (NOISE + TICK, NOISE + TICK), (-timedelta(seconds=4),) * 2],
)
def test_all_workers_go_by_the_clock_of_the_database(skew: timedelta, added: timedelta) -> None:
    assert correction(skew) == added
