"""What a text makes of the ride home under each policy (domain A3; replies 2.5, 2.6 and section 5, lines 11 to 13)."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from reminders.core.cadences import DEFAULT_CADENCE
from reminders.core.replies.intents import Intent
from reminders.core.rides import OF_RIDES, RidePolicy, RideState, ride_after

HAS, HIRED, NEEDS, SELF = Intent.HAS_RIDE, Intent.HIRED_RIDE, Intent.NEEDS_RIDE, Intent.SELF_DRIVE
PRESENT, ESCORTED, HIRE_OK = RidePolicy
A, N, H, S = RideState.ARRANGED, RideState.NEEDED, RideState.HIRED, RideState.SELF

TABLE: dict[frozenset[Intent], tuple[RideState | None, RideState | None, RideState | None]] = {
    frozenset(): (None, None, None),
    frozenset({HAS}): (A, A, A),
    frozenset({HIRED}): (H, H, A),
    frozenset({HIRED, HAS}): (H, A, A),  # "uber with my sister"
    frozenset({NEEDS}): (N, N, N),
    frozenset({NEEDS, HAS}): (N, N, N),  # "no ride yet, maybe my son"
    frozenset({NEEDS, HIRED}): (H, H, N),
    frozenset({NEEDS, HIRED, HAS}): (H, N, N),
    frozenset({SELF}): (S, S, S),
    frozenset({SELF, HAS}): (S, S, S),
    frozenset({SELF, HIRED}): (S, S, S),
    frozenset({SELF, NEEDS}): (S, S, S),
    frozenset({SELF, HAS, HIRED}): (S, S, S),
    frozenset({SELF, HAS, NEEDS}): (S, S, S),
    frozenset({SELF, HIRED, NEEDS}): (S, S, S),
    frozenset({SELF, HAS, HIRED, NEEDS}): (S, S, S),
}


def test_the_table_names_everything_that_a_text_can_say_of_a_ride() -> None:
    every = chain.from_iterable(combinations(OF_RIDES, size) for size in range(len(OF_RIDES) + 1))
    assert set(TABLE) == {frozenset(some) for some in every}


@pytest.mark.parametrize("said", TABLE, ids=lambda said: "+".join(sorted(said)) or "nothing")
def test_the_worst_that_a_text_says_of_the_ride_counts(said: frozenset[Intent]) -> None:
    assert tuple(ride_after(said, policy) for policy in (PRESENT, ESCORTED, HIRE_OK)) == TABLE[said]


@pytest.mark.parametrize("policy", RidePolicy)
def test_what_else_a_text_says_changes_nothing_of_the_ride(policy: RidePolicy) -> None:
    others = [intent for intent in Intent if intent not in OF_RIDES]
    for said in TABLE:
        assert ride_after([*said, *others], policy) is ride_after(said, policy)


@pytest.mark.parametrize("policy", RidePolicy)
def test_nobody_is_ever_let_drive_themselves(policy: RidePolicy) -> None:
    assert all(ride_after(said, policy) is S for said in TABLE if SELF in said)


def test_an_adult_has_to_be_there_unless_the_clinic_says_otherwise() -> None:
    assert DEFAULT_CADENCE.ride_policy is PRESENT
