from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reminders.core.canaries import EVERY, Canary, Stop, canary_id, last_through, stuck_at

NOW = datetime(2027, 3, 1, 12, 0, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def a_canary(age: int, *, called: bool = True, received: bool = True, heard: bool = True, told: bool = True) -> Canary:
    """A canary that began so many seconds ago and came so far."""
    begun = NOW - age * SECOND
    at = begun + SECOND
    return Canary(
        canary_id(begun), begun, at if called else None, received, at if heard else None, at if told else None
    )


@pytest.mark.parametrize(
    ("canary", "stop"),
    [
        (a_canary(40, called=False, received=False, heard=False, told=False), Stop.CALL),
        (a_canary(40, received=False, heard=False, told=False), Stop.RECEIPT),
        (a_canary(40, heard=False, told=False), Stop.HEARING),
        (a_canary(40, told=False), Stop.TELLING),
        (a_canary(40), None),
    ],
)
def test_a_canary_stops_before_the_step_it_did_not_take(canary: Canary, stop: Stop | None) -> None:
    assert canary.stop(is_told_outside=True) is stop
    assert stuck_at([canary], is_told_outside=True, machine_now=NOW) is (stop or Stop.BEGIN)


def test_where_nobody_outside_is_to_be_told_a_canary_that_was_heard_of_is_through() -> None:
    heard = a_canary(40, told=False)
    assert heard.stop(is_told_outside=False) is None
    assert last_through([heard], is_told_outside=False) == heard.begun_at
    assert last_through([heard], is_told_outside=True) is None


def test_one_that_still_flies_or_is_long_gone_tells_nothing_of_where_others_are_stuck() -> None:
    flying = a_canary(3, called=False, received=False, heard=False, told=False)
    gone = a_canary(400, called=False, received=False, heard=False, told=False)
    stuck = a_canary(70, received=False, heard=False, told=False)
    assert stuck_at([flying, stuck, gone], is_told_outside=True, machine_now=NOW) is Stop.RECEIPT
    assert stuck_at([flying, gone], is_told_outside=True, machine_now=NOW) is Stop.BEGIN
    assert stuck_at([], is_told_outside=True, machine_now=NOW) is Stop.BEGIN


def test_two_that_begin_a_canary_in_one_minute_begin_the_same_and_the_next_minute_has_another() -> None:
    minute = NOW.replace(second=0)
    assert canary_id(minute) == canary_id(minute + EVERY - SECOND)
    assert canary_id(minute) != canary_id(minute + EVERY)
