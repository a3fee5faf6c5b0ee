"""Requirements 43, 52 and 57: what follows from words about the ride home."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reminders.core.conversation.actions import (
    Confirm,
    RecordRide,
    Say,
)
from reminders.core.conversation.answers import AnswerKind
from reminders.core.replies import Intent
from reminders.core.tasks import TaskKind
from reminders.core.transport import RidePolicy, RideState
from tests.core.conversations import (
    AFTER,
    ALONE,
    BEGUN,
    LATER,
    RIDE,
    SHARED,
    VISIT,
    a_reading,
    after,
    done,
    opened,
    told,
)

CONFIRMED = (Confirm(VISIT.id, VISIT.version),)
MOVED = replace(VISIT, version=2)


@pytest.mark.parametrize(
    ("intents", "policy", "state", "answer"),
    [
        ((Intent.HAS_RIDE,), RidePolicy.ADULT_PRESENT, RideState.ARRANGED, AnswerKind.RIDE_NOTED),
        ((Intent.NEEDS_RIDE,), RidePolicy.ADULT_PRESENT, RideState.NEEDED, AnswerKind.RIDE_NEEDED),
        ((Intent.HIRED_RIDE,), RidePolicy.ADULT_PRESENT, RideState.HIRED, AnswerKind.HIRED),
        ((Intent.HIRED_RIDE,), RidePolicy.HIRE_OK, RideState.ARRANGED, AnswerKind.RIDE_NOTED),
        ((Intent.SELF_DRIVE,), RidePolicy.HIRE_OK, RideState.SELF, AnswerKind.SELF_DRIVE),
        ((Intent.SELF_DRIVE, Intent.HAS_RIDE), RidePolicy.ADULT_PRESENT, RideState.SELF, AnswerKind.SELF_DRIVE),
    ],
)
def test_a_ride_is_judged_by_the_clinics_policy(
    intents: tuple[Intent, ...], policy: RidePolicy, state: RideState, answer: AnswerKind
) -> None:
    thread = replace(ALONE, last=(RIDE,), policies={VISIT.id: policy})
    assert after(a_reading(*intents), thread) == (RecordRide((VISIT,), state), Say(answer))


def test_yes_but_no_ride_is_two_facts_and_never_sounds_complete() -> None:
    found = after(a_reading(Intent.NEEDS_RIDE, Intent.CONFIRM))
    assert set(done(found)) == {*CONFIRMED, RecordRide((VISIT,), RideState.NEEDED)}
    assert told(found) == [AnswerKind.RIDE_NEEDED, AnswerKind.CONFIRMED]


def test_a_ride_for_an_earlier_time_is_none_for_the_new_but_a_missing_one_is_missing() -> None:
    thread = replace(ALONE, upcoming=(MOVED,), last=(RIDE,))
    assert opened(after(Intent.HAS_RIDE, thread)) == [TaskKind.REPLY_UNCLEAR]
    assert done(after(Intent.NEEDS_RIDE, thread)) == (RecordRide((MOVED,), RideState.NEEDED),)


def test_a_ride_that_cannot_be_tied_to_a_visit_goes_to_a_person() -> None:
    several = replace(ALONE, upcoming=(VISIT, LATER), last=())
    assert opened(after(Intent.SELF_DRIVE, several)) == [TaskKind.SELF_DRIVE]
    assert opened(after(Intent.NEEDS_RIDE, several)) == [TaskKind.RIDE_WANTED]
    assert opened(after(Intent.HAS_RIDE, SHARED)) == [TaskKind.REPLY_UNCLEAR]


def test_who_wants_to_drive_after_todays_session_is_heard_while_it_runs() -> None:
    assert done(after(Intent.SELF_DRIVE, replace(AFTER, last=()))) == (RecordRide((BEGUN,), RideState.SELF),)
