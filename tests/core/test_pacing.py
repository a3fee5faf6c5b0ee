"""Requirement 18 and the retry budget: what may leave now, in segments, and what must wait for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.pacing import (
    LEAST_BURST,
    MOST_SAVED_RETRIES,
    RETRIES_AT_REST,
    RETRIES_PER_SECOND,
    WITHOUT_BROKER,
    Bucket,
    Grant,
    Pace,
    again_share,
    first_share,
    is_counted,
    is_worth_storing,
    retries_after,
    retries_left,
    take,
)
from tests.builders import NOON

SECOND = timedelta(seconds=1)
PACE = Pace(rate=10.0, burst=40.0)


def test_a_bucket_holds_a_second_s_worth_and_never_less_than_the_longest_text() -> None:
    assert Pace.of(100.0) == Pace(100.0, 100.0)
    assert Pace.of(1.0) == Pace(1.0, LEAST_BURST)
    assert Pace.of(100.0).slowed(WITHOUT_BROKER) == Pace(50.0, 100.0)


@pytest.mark.parametrize(
    ("tokens", "sizes", "count", "wait"),
    [
        (40.0, [], 0, 0.0),
        (40.0, [1] * 40, 40, 0.0),
        (40.0, [1] * 41, 40, 0.1),
        (5.0, [3, 3], 1, 0.1),
        (5.0, [6, 1], 0, 0.1),
        (0.0, [24], 0, 2.4),
        (-10.0, [1], 0, 1.1),
    ],
)
def test_what_may_leave_and_how_long_the_next_waits(tokens: float, sizes: list[int], count: int, wait: float) -> None:
    left, grant = take(Bucket(tokens, NOON), sizes, PACE, machine_now=NOON)
    assert grant == Grant(count, timedelta(seconds=wait))
    assert left == Bucket(tokens - sum(sizes[:count]), NOON)


@pytest.mark.parametrize(
    ("tokens", "passed", "filled"), [(0.0, 2.0, 20.0), (39.0, 2.0, 40.0), (7.0, -3600.0, 7.0), (90.0, 1.0, 90.0)]
)
def test_time_fills_up_to_the_burst_and_a_clock_that_goes_back_adds_nothing(
    tokens: float, passed: float, filled: float
) -> None:
    later = NOON + passed * SECOND
    assert Bucket(tokens, NOON).filled(PACE, machine_now=later) == Bucket(filled, later)


@given(st.lists(st.tuples(st.integers(0, 5_000), st.lists(st.integers(1, 24), max_size=30)), max_size=30))
def test_never_more_leaves_than_burst_and_rate_allow(rounds: list[tuple[int, list[int]]]) -> None:
    bucket, now, spent = Bucket(PACE.burst, NOON), NOON, 0
    for passed, sizes in rounds:
        now += timedelta(milliseconds=passed)
        bucket, grant = take(bucket, sizes, PACE, machine_now=now)
        spent += sum(sizes[: grant.count])
        assert bucket.tokens > -1e-6
    assert spent <= PACE.burst + (now - NOON).total_seconds() * PACE.rate + 1e-6


@given(st.lists(st.integers(1, 24), min_size=1, max_size=30), st.floats(0, 40))
def test_whoever_waits_as_long_as_told_may_leave(sizes: list[int], tokens: float) -> None:
    left, grant = take(Bucket(tokens, NOON), sizes, PACE, machine_now=NOON)
    if grant.count < len(sizes):
        later = NOON + grant.wait + timedelta(microseconds=1)
        assert take(left, sizes[grant.count :], PACE, machine_now=later)[1].count >= 1


def test_second_tries_are_paid_for_by_first_ones() -> None:
    rest = retries_left(None, machine_now=NOON, speed=1.0)
    assert rest == Bucket(RETRIES_AT_REST, NOON)
    assert retries_after(rest, first=100, again=0).tokens == RETRIES_AT_REST + 10
    assert retries_after(rest, first=0, again=50).tokens == 0
    assert retries_after(rest, first=1_000_000, again=0).tokens == MOST_SAVED_RETRIES


@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_an_empty_budget_fills_up_to_its_rest_by_itself_in_the_clinic_s_time(speed: float) -> None:
    empty = Bucket(0.0, NOON)
    assert retries_left(empty, machine_now=NOON + SECOND, speed=speed).tokens == min(
        RETRIES_AT_REST, RETRIES_PER_SECOND * speed
    )
    assert retries_left(empty, machine_now=NOON + 1000 * SECOND, speed=speed).tokens == RETRIES_AT_REST
    saved = Bucket(400.0, NOON)
    assert retries_left(saved, machine_now=NOON + SECOND, speed=speed).tokens == 400.0


@given(st.integers(0, 5_000), st.integers(1, 50))
def test_second_tries_stay_near_a_tenth_of_first_ones(first: int, at_once: int) -> None:
    bucket, again = Bucket(RETRIES_AT_REST, NOON), 0
    for done in range(0, first, at_once):
        left = retries_left(bucket, machine_now=NOON, speed=1.0)
        wanted = min(at_once, int(left.tokens))
        again += wanted
        bucket = retries_after(left, first=min(at_once, first - done), again=wanted)
    assert again <= first * 0.1 + RETRIES_AT_REST


@pytest.mark.parametrize(
    ("limit", "paid", "alone", "beside", "again"),
    [
        (1, 50.0, 1, 1, 0),
        (7, 50.0, 7, 7, 0),
        (8, 50.0, 8, 7, 1),
        (100, 50.0, 100, 88, 12),
        (100, 5.9, 100, 88, 5),
        (100, 0.0, 100, 88, 0),
        (100, -3.0, 100, 88, 0),
    ],
)
def test_an_eighth_is_kept_for_second_tries_that_are_paid_for(
    limit: int, paid: float, alone: int, beside: int, again: int
) -> None:
    left = Bucket(paid, NOON)
    assert first_share(limit, wants_again=False) == alone
    assert first_share(limit, wants_again=True) == beside
    assert again_share(limit, left, first=beside, wants_again=True) == again
    assert again_share(limit, left, first=0, wants_again=False) == 0
    assert again_share(limit, left, first=0, wants_again=True) == max(0, min(limit, int(paid)))


@pytest.mark.parametrize(
    ("stored", "first", "wants_again", "expected"),
    [
        (None, 0, False, False),
        (None, 1, False, True),
        (0.0, 0, False, False),
        (0.0, 5, False, True),
        (MOST_SAVED_RETRIES, 5, False, False),
        (MOST_SAVED_RETRIES, 0, True, True),
        (None, 0, True, True),
    ],
)
def test_the_budget_is_counted_only_where_it_may_change(
    stored: float | None, first: int, *, wants_again: bool, expected: bool
) -> None:
    held = None if stored is None else Bucket(stored, NOON)
    assert is_counted(held, first=first, wants_again=wants_again) is expected


@pytest.mark.parametrize(
    ("stored", "after", "first", "again", "expected"),
    [
        (None, 50.0, 0, 0, False),
        (None, 50.1, 1, 0, True),
        (50.0, 50.0, 3, 0, False),
        (50.0, 50.3, 3, 0, True),
        (50.0, 49.0, 0, 1, True),
        (50.0, 52.0, 0, 0, False),
    ],
)
def test_what_became_of_the_budget_is_kept_only_where_something_left(
    stored: float | None, after: float, first: int, again: int, *, expected: bool
) -> None:
    held = None if stored is None else Bucket(stored, NOON)
    assert is_worth_storing(held, Bucket(after, NOON), first=first, again=again) is expected
