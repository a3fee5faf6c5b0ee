"""What patients said, or did not, and becomes somebody's task: an answer that never came, and each kind of no ride."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reminders.core.appointments import AppointmentStatus
from reminders.core.conditions import Case
from reminders.core.patients import Override
from reminders.core.tasks import Resolver, TaskKind, Urgency, key_of
from reminders.core.transport import RideState
from reminders.core.watching import answer_wanted_at, over_by, ride_task, ride_urgency
from tests.builders import local
from tests.core.test_watching import ARRIVED, DAY, HOUR, MINUTE, RIDE, THURSDAY, a_case, due

SILENT = TaskKind.UNCONFIRMED

# ----- the answer


@pytest.mark.parametrize(
    ("start", "moment"),
    [
        ("2027-03-25 10:00", "2027-03-24 14:00"),  # Thursday: Wednesday at two
        ("2027-03-25 00:30", "2027-03-24 14:00"),
        ("2027-03-22 10:00", "2027-03-19 14:00"),  # Monday: Friday at two
    ],
)
def test_a_missing_answer_is_a_task_at_two_on_the_last_open_day_until_the_session_begins(
    start: str, moment: str
) -> None:
    case = a_case(start, has_ride=True)
    assert answer_wanted_at(case) == local(moment)
    assert due(replace(case, now=local(moment) - MINUTE)) == {}
    assert due(replace(case, now=local(moment))) == {SILENT: Urgency.NORMAL}
    assert due(replace(case, now=case.base.start)) == {}


@pytest.mark.parametrize(
    "case",
    [
        a_case(is_confirmed=True),
        a_case(status=ARRIVED),
        a_case(status=AppointmentStatus.CANCELLED),
        a_case(status=AppointmentStatus.NOSHOW),
        a_case(override=Override(off=frozenset({"remind_confirm"}))),
        a_case(versioned_at=local("2027-03-24 08:00")),
    ],
    ids=["confirmed", "arrived", "cancelled", "no-show", "not asked", "booked when it was too late to ask"],
)
def test_nobody_asks_for_an_answer_that_is_given_or_was_never_wanted(case: Case) -> None:
    assert answer_wanted_at(case) is None
    assert SILENT not in due(replace(case, now=case.base.start - MINUTE))


def test_a_missing_answer_ends_with_the_answer_the_move_the_cancellation_or_the_session() -> None:
    booked = a_case(now=local("2027-03-25 09:00"))
    key = key_of(SILENT, booked.appointment.id, 1)
    table = [
        (booked, None),
        (a_case(is_confirmed=True), Resolver.PATIENT),
        (a_case(status=AppointmentStatus.CANCELLED), Resolver.SCHEDULE),
        (replace(booked, appointment=replace(booked.appointment, version=2)), Resolver.SCHEDULE),
        (replace(booked, now=booked.base.end), Resolver.TIME),
    ]
    assert [over_by(SILENT, key, case) for case, _ in table] == [by for _, by in table]


# ----- the ride


@pytest.mark.parametrize("state", RideState)
def test_whatever_is_no_ride_is_somebodys_task(state: RideState) -> None:
    assert (
        ride_task(state)
        is {
            RideState.NEEDED: RIDE,
            RideState.HIRED: RIDE,
            RideState.SELF: TaskKind.SELF_DRIVE,
            RideState.ARRANGED: None,
        }[state]
    )


def test_a_missing_ride_is_urgent_in_the_last_day_and_a_patient_at_the_wheel_always() -> None:
    start = local(THURSDAY)
    urgencies = [
        (ago, ride_urgency(kind, start, now=start - ago))
        for kind, ago in [(RIDE, 25 * HOUR), (RIDE, DAY), (TaskKind.SELF_DRIVE, 9 * DAY)]
    ]
    assert urgencies == [(25 * HOUR, Urgency.NORMAL), (DAY, Urgency.HIGH), (9 * DAY, Urgency.HIGH)]


@pytest.mark.parametrize("kind", [TaskKind.SELF_DRIVE, TaskKind.ESCORT_DECLINED])
def test_what_else_is_wrong_with_a_ride_ends_like_a_missing_one(kind: TaskKind) -> None:
    booked = a_case(now=local("2027-03-25 09:00"))
    key = key_of(kind, booked.appointment.id, 1)
    assert over_by(kind, key, booked) is None
    assert over_by(kind, key, a_case(has_ride=True)) is Resolver.PATIENT
    moved = replace(booked, appointment=replace(booked.appointment, version=2))
    assert over_by(kind, key, moved) is Resolver.SCHEDULE
    assert over_by(kind, key, replace(booked, now=booked.base.end)) is Resolver.TIME
