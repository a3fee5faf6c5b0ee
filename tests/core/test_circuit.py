"""Requirement 21: when a provider account is left alone, and what opens it to everybody again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.circuit import (
    LAST,
    LEAST_PROBE_GAP,
    LIMIT_PAUSE,
    LIMIT_PROBE_EVERY,
    MOST_AFTER_LIMIT,
    MOST_IN_A_ROW,
    MOST_OF_LAST,
    NOTE_GOOD_EVERY,
    PROBE_EVERY,
    SPAN,
    Call,
    Cause,
    Circuit,
    Passage,
    Result,
)
from reminders.core.delivery import Absent, Accepted, Blame, Outcome, Refusal, Rejected, Unknown
from tests.builders import NOON

SECOND = timedelta(seconds=1)
GOOD = Accepted("SM1", "queued")
REFUSED = Rejected(Refusal.ADDRESS, "21211", "")
OUT_OF_REACH = Absent("refused")
DOUBT = Unknown("no answer")
MISCONFIGURED = Absent("HTTP 401", blame=Blame.CONFIGURATION)
LIMITED = Absent("HTTP 429", blame=Blame.LIMIT)
ITS_OWN = Absent("begun too late", blame=Blame.MESSAGE)


def after(
    circuit: Circuit, *outcomes: Outcome, now: datetime = NOON, speed: float = 1.0, begun_at: datetime | None = None
) -> Circuit:
    """Return the circuit after calls that all end now."""
    calls = [Call(begun_at or now, begun_at or now, outcome) for outcome in outcomes]
    return circuit.after(calls, now=now, machine_now=now, speed=speed)


def opened(*, now: datetime = NOON, cause: Outcome = MISCONFIGURED, speed: float = 1.0) -> Circuit:
    return after(Circuit(), cause, now=now, speed=speed)


@pytest.mark.parametrize("bad", [OUT_OF_REACH, DOUBT], ids=["absent", "unknown"])
def test_ten_failures_in_a_row_open_it_and_nine_do_not(bad: Outcome) -> None:
    nine = after(Circuit(), *[bad] * (MOST_IN_A_ROW - 1))
    assert nine.passage(now=NOON) is Passage.ALL
    ten = after(nine, bad)
    assert (ten.cause, ten.opened_at) == (Cause.FAILURES, NOON)
    assert ten.passage(now=NOON) is Passage.NONE


def test_ten_of_the_last_twenty_open_it_though_never_two_in_a_row_fail() -> None:
    mixed: list[Outcome] = [OUT_OF_REACH, GOOD] * (LAST // 2)
    assert not after(Circuit(), *mixed[:-1]).is_open
    assert after(Circuit(), *mixed).cause is None, "opens with a failure, never with a success"
    assert after(Circuit(), *mixed, OUT_OF_REACH).cause is Cause.FAILURES


def test_fewer_than_ten_of_the_last_twenty_do_not_open_it() -> None:
    mixed: list[Outcome] = [OUT_OF_REACH, *[GOOD] * 2] * LAST
    assert sum(item is OUT_OF_REACH for item in mixed[:LAST]) < MOST_OF_LAST
    assert not after(Circuit(), *mixed).is_open


def test_timeouts_that_end_together_are_no_row_if_a_later_call_went_well() -> None:
    """Ten calls hang for ten seconds while others begin and end well: the provider is not down."""
    calm = after(Circuit(), GOOD, now=NOON + 5 * SECOND)
    hung = after(calm, *[DOUBT] * MOST_IN_A_ROW, now=NOON + 10 * SECOND, begun_at=NOON)
    assert not hung.is_open
    assert after(calm, *[DOUBT] * MOST_IN_A_ROW, now=NOON + 20 * SECOND, begun_at=NOON + 10 * SECOND).is_open


def test_failures_older_than_a_minute_count_no_more() -> None:
    nine = after(Circuit(), *[OUT_OF_REACH] * (MOST_IN_A_ROW - 1))
    assert after(nine, OUT_OF_REACH, now=NOON + SPAN).is_open
    assert not after(nine, OUT_OF_REACH, now=NOON + SPAN + SECOND).is_open


@pytest.mark.parametrize("fine", [GOOD, REFUSED], ids=["accepted", "refused for its own sake"])
def test_a_provider_that_answers_is_well_and_that_is_noted_now_and_then(fine: Outcome) -> None:
    calm = after(Circuit(), *[fine] * LAST)
    assert calm == Circuit(results=(Result(NOON, is_good=True),))
    soon, later = NOON + NOTE_GOOD_EVERY - SECOND, NOON + NOTE_GOOD_EVERY
    assert after(calm, fine, now=soon) == calm, "so that healthy workers write next to nothing"
    assert after(calm, fine, now=later) == Circuit(results=(Result(later, is_good=True),))
    nine = after(Circuit(), *[OUT_OF_REACH] * (MOST_IN_A_ROW - 1))
    assert not after(nine, fine, *[OUT_OF_REACH] * (MOST_IN_A_ROW - 9)).is_open


def test_what_is_a_message_s_own_fault_says_nothing_of_the_provider() -> None:
    nine = after(Circuit(), *[OUT_OF_REACH] * (MOST_IN_A_ROW - 1))
    assert after(nine, *[ITS_OWN] * LAST) == nine
    circuit = opened()
    assert after(circuit, ITS_OWN, now=NOON + SECOND) == circuit


def test_a_wrong_configuration_opens_it_at_once() -> None:
    assert opened() == Circuit(Cause.CONFIGURATION, NOON, NOON + PROBE_EVERY)


@pytest.mark.parametrize(
    ("wish", "pause"),
    [
        (None, LIMIT_PAUSE),
        (timedelta(seconds=90), timedelta(seconds=90)),
        (timedelta(0), LIMIT_PAUSE),
        (timedelta(hours=2), timedelta(hours=2)),
    ],
)
def test_too_many_requests_are_answered_by_the_silence_that_was_asked_for(
    wish: timedelta | None, pause: timedelta
) -> None:
    circuit = opened(cause=replace(LIMITED, retry_after=wish))
    assert circuit.cause is Cause.LIMIT
    assert circuit.passage(now=NOON + pause - timedelta(milliseconds=1)) is Passage.NONE
    assert circuit.passage(now=NOON + pause) is Passage.ONE


def test_a_longer_wish_prolongs_the_silence_and_a_shorter_one_does_not() -> None:
    first = opened(cause=replace(LIMITED, retry_after=60 * SECOND))
    longer = after(first, replace(LIMITED, retry_after=90 * SECOND), now=NOON + SECOND)
    assert longer.probe_at == NOON + 91 * SECOND
    assert after(longer, replace(LIMITED, retry_after=5 * SECOND), now=NOON + 2 * SECOND).probe_at == longer.probe_at


def test_one_probe_goes_through_and_the_next_only_later() -> None:
    circuit = opened()
    due = NOON + PROBE_EVERY
    assert circuit.passage(now=due) is Passage.ONE
    probing = circuit.probing(now=due, speed=1.0)
    assert probing.passage(now=due) is Passage.NONE
    assert probing.passage(now=due + PROBE_EVERY) is Passage.ONE


@pytest.mark.parametrize("fine", [GOOD, REFUSED], ids=["accepted", "refused for its own sake"])
def test_a_good_probe_closes_it_and_forgets_everything(fine: Outcome) -> None:
    closed = after(opened(), fine, now=NOON + PROBE_EVERY)
    assert closed == Circuit(results=(Result(NOON + PROBE_EVERY, is_good=True),))


def test_a_wait_that_was_asked_for_is_probed_again_soon() -> None:
    circuit = opened(cause=LIMITED)
    assert circuit.probe_at is not None
    probing = circuit.probing(now=circuit.probe_at, speed=1.0)
    assert probing.probe_at == circuit.probe_at + LIMIT_PROBE_EVERY, "a probe that is lost silences nobody for long"


def test_a_bad_probe_leaves_it_open_since_when_it_was() -> None:
    circuit = after(opened(cause=MISCONFIGURED), OUT_OF_REACH, now=NOON + PROBE_EVERY)
    assert (circuit.cause, circuit.opened_at) == (Cause.CONFIGURATION, NOON)


@pytest.mark.parametrize("begun_at", [NOON - SECOND, NOON])
def test_what_was_under_way_before_it_opened_does_not_close_it(begun_at: datetime) -> None:
    circuit = opened()
    assert after(circuit, GOOD, now=NOON + SECOND, begun_at=begun_at) == circuit


def test_a_worse_cause_takes_the_place_of_a_lesser_one_and_not_the_other_way_round() -> None:
    limited = opened(cause=LIMITED)
    worse = after(limited, MISCONFIGURED, now=NOON + SECOND)
    assert (worse.cause, worse.opened_at) == (Cause.CONFIGURATION, NOON + SECOND)
    assert after(worse, LIMITED, now=NOON + 2 * SECOND).cause is Cause.CONFIGURATION


@pytest.mark.parametrize("speed", [1.0, 60.0, 600.0, 86_400.0])
def test_a_fast_clock_makes_no_storm_of_probes(speed: float) -> None:
    for cause in (MISCONFIGURED, LIMITED, replace(LIMITED, retry_after=timedelta(0))):
        circuit = opened(cause=cause, speed=speed)
        assert circuit.probe_at is not None
        assert circuit.probe_at - NOON >= LEAST_PROBE_GAP * speed
    probing = opened(speed=speed).probing(now=NOON, speed=speed)
    assert probing.probe_at is not None
    assert probing.probe_at - NOON >= max(PROBE_EVERY, LEAST_PROBE_GAP * speed)


OUTCOMES = st.sampled_from([GOOD, REFUSED, OUT_OF_REACH, DOUBT, MISCONFIGURED, LIMITED, ITS_OWN])


@given(st.lists(OUTCOMES, max_size=60), st.integers(1, 60))
def test_it_does_not_matter_in_which_batches_calls_are_told(outcomes: list[Outcome], size: int) -> None:
    together, apart = after(Circuit(), *outcomes), Circuit()
    for first in range(0, len(outcomes), size):
        apart = after(apart, *outcomes[first : first + size])
    assert apart == together


@given(st.lists(OUTCOMES, max_size=60))
def test_it_is_open_exactly_while_it_has_a_cause_and_a_next_probe(outcomes: list[Outcome]) -> None:
    circuit = after(Circuit(), *outcomes)
    assert circuit.is_open == (circuit.opened_at is not None) == (circuit.probe_at is not None)
    assert len(circuit.results) <= LAST


def test_a_provider_that_fails_after_it_said_too_many_is_not_asked_every_second() -> None:
    circuit, probes = opened(cause=replace(LIMITED, retry_after=SECOND)), 0
    for seconds in range(1, 601):
        at = NOON + seconds * SECOND
        if circuit.passage(now=at) is Passage.ONE:
            circuit = after(circuit.probing(now=at, speed=1.0), DOUBT, now=at)
            probes += 1
            assert circuit.cause is (Cause.LIMIT if probes < MOST_AFTER_LIMIT else Cause.FAILURES)
    assert probes <= MOST_AFTER_LIMIT + 600 * SECOND / PROBE_EVERY


def test_one_that_a_clock_opened_that_was_ahead_is_tried_when_the_clock_is_right_again() -> None:
    circuit, at = opened(now=NOON + timedelta(hours=6)), NOON + 60 * SECOND
    assert circuit.passage(now=at) is Passage.ONE
    assert not after(circuit.probing(now=at, speed=1.0), GOOD, now=at).is_open
