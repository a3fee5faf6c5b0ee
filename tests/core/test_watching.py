"""When a missing ride and a missing outcome become somebody's task (requirements 8 and 13; domain A3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.appointments import AppointmentStatus
from reminders.core.clinics import Clinic
from reminders.core.conditions import Case, Telling, case_of
from reminders.core.patients import Override
from reminders.core.pauses import NO_PAUSES, Pauses
from reminders.core.tasks import Resolver, TaskKind, Urgency, key_of
from reminders.core.watching import (
    LONG_OVER,
    next_watch,
    outcome_wanted_at,
    over_by,
    ride_wanted_at,
    tasks_due,
)
from tests.builders import a_clinic, a_patient, an_appointment, local, shown

LONG_BEFORE = local("2027-01-04 12:00")
THURSDAY = "2027-03-25 10:00"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RIDE, OUTCOME = TaskKind.RIDE_WANTED, TaskKind.MARK_OUTCOME
BOOKED, ARRIVED = AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED


def a_case(
    start: str | datetime = THURSDAY,
    *,
    now: datetime = LONG_BEFORE,
    status: AppointmentStatus = BOOKED,
    minutes: int = 60,
    versioned_at: datetime = LONG_BEFORE,
    ended_at: datetime | None = None,
    has_ride: bool = False,
    is_confirmed: bool = False,
    clinic: Clinic | None = None,
    pauses: Pauses = NO_PAUSES,
    override: Override | None = None,
) -> Case:
    appointment = an_appointment(
        local(start) if isinstance(start, str) else start,
        duration=timedelta(minutes=minutes),
        status=status,
        versioned_at=versioned_at,
        ended_at=ended_at,
        ride_version=1 if has_ride else None,
        confirmed_version=1 if is_confirmed else None,
    )
    patient = replace(a_patient(), override=override) if override else a_patient()
    return case_of(appointment, patient, clinic or a_clinic(), siblings=(), telling=Telling(), now=now, pauses=pauses)


def wanted(start: str, *closed: str, clinic: Clinic | None = None) -> str:
    """Return when the ride becomes a task, in New York, with these days closed."""
    pauses = Pauses(days=frozenset(map(date.fromisoformat, closed)))
    moment = ride_wanted_at(a_case(start, pauses=pauses, clinic=clinic))
    assert moment is not None
    return shown(moment)


def due(case: Case) -> dict[TaskKind, Urgency]:
    return {item.kind: item.urgency for item in tasks_due(case)}


# ----- the ride


@pytest.mark.parametrize(
    ("start", "moment"),
    [
        ("2027-03-25 10:00", "2027-03-24 14:00"),  # Thursday: Wednesday at two
        ("2027-03-25 02:00", "2027-03-24 14:00"),  # twelve hours before is exactly then
        ("2027-03-25 01:59", "2027-03-24 13:59"),  # a minute earlier the question itself is over
        ("2027-03-25 00:30", "2027-03-24 12:30"),
        ("2027-03-22 10:00", "2027-03-19 14:00"),  # Monday: Friday at two
        ("2027-03-22 00:30", "2027-03-19 14:00"),
        ("2027-03-21 10:00", "2027-03-19 14:00"),  # Sunday
        ("2027-03-23 10:00", "2027-03-22 14:00"),
        ("2027-03-15 10:00", "2027-03-12 14:00"),  # over the night in which the clock goes forward
        ("2027-03-15 00:30", "2027-03-12 14:00"),
        ("2027-03-14 10:00", "2027-03-12 14:00"),  # on that Sunday itself
        ("2027-11-08 10:00", "2027-11-05 14:00"),  # over the night in which it goes back
        ("2027-11-07 01:30", "2027-11-05 14:00"),
    ],
)
def test_a_missing_ride_is_a_task_at_two_on_the_last_open_day_or_when_the_question_ends(
    start: str, moment: str
) -> None:
    assert wanted(start) == moment


@pytest.mark.parametrize(
    ("start", "moment"),
    [
        ("2027-03-14 01:30", "2027-03-13 13:30"),
        ("2027-03-14 03:00", "2027-03-13 14:00"),  # twelve hours before in elapsed time, eleven on the wall
        ("2027-03-14 03:30", "2027-03-13 14:00"),
        ("2027-11-07 01:30", "2027-11-06 13:30"),  # the first of the two
        ("2027-11-07 02:30", "2027-11-06 14:00"),
    ],
)
def test_twelve_hours_are_elapsed_and_two_oclock_is_civil_in_a_clinic_that_is_staffed_every_day(
    start: str, moment: str
) -> None:
    assert wanted(start, clinic=replace(a_clinic(), open_days=frozenset(range(7)))) == moment


@pytest.mark.parametrize(
    ("start", "closed", "moment"),
    [
        ("2027-03-25 10:00", ["2027-03-24"], "2027-03-23 14:00"),
        ("2027-03-25 10:00", ["2027-03-25"], "2027-03-24 14:00"),  # the session's own day is not asked
        ("2027-03-22 10:00", ["2027-03-19"], "2027-03-18 14:00"),
        ("2027-03-30 10:00", ["2027-03-26", "2027-03-29"], "2027-03-25 14:00"),  # Easter
        ("2027-03-25 10:00", [f"2027-03-{day:02}" for day in range(8, 25)], "2027-03-24 10:00"),  # too long: a day
    ],
)
def test_closed_days_bring_the_task_forward(start: str, closed: list[str], moment: str) -> None:
    assert wanted(start, *closed) == moment


def test_the_clinics_own_closures_and_open_days_count_like_those_of_staff() -> None:
    closed = replace(a_clinic(), closures=frozenset({date(2027, 3, 24)}))
    assert wanted(THURSDAY, clinic=closed) == "2027-03-23 14:00"
    tuesdays = replace(a_clinic(), open_days=frozenset({1}))
    assert wanted(THURSDAY, clinic=tuesdays) == "2027-03-23 14:00"
    assert wanted(THURSDAY, clinic=replace(a_clinic(), open_days=frozenset())) == "2027-03-24 10:00"


def test_the_moment_is_in_the_zone_of_the_place() -> None:
    case = a_case()
    there = replace(case.appointment, booking=replace(case.appointment.booking, timezone="America/Los_Angeles"))
    moment = ride_wanted_at(replace(case, appointment=there))
    assert moment is not None
    assert shown(moment, "America/Los_Angeles") == "2027-03-24 14:00"


def test_a_missing_ride_is_normal_first_and_urgent_in_the_last_day_and_over_with_the_start() -> None:
    start = "2027-03-22 10:00"  # a Monday
    table = [
        ("2027-03-19 13:59", {}),
        ("2027-03-19 14:00", {RIDE: Urgency.NORMAL}),
        ("2027-03-21 09:59", {RIDE: Urgency.NORMAL}),
        ("2027-03-21 10:00", {RIDE: Urgency.HIGH}),
        ("2027-03-22 09:59", {RIDE: Urgency.HIGH}),
        ("2027-03-22 10:00", {}),
    ]
    assert [(at, due(a_case(start, now=local(at), is_confirmed=True))) for at, _ in table] == table


def test_a_session_booked_after_the_moment_lacks_its_ride_at_once() -> None:
    case = a_case(now=local("2027-03-25 09:50"), versioned_at=local("2027-03-25 09:50"))
    assert due(case) == {RIDE: Urgency.HIGH}


@pytest.mark.parametrize(
    "case",
    [
        a_case(has_ride=True),
        a_case(status=ARRIVED),
        a_case(status=AppointmentStatus.CANCELLED),
        a_case(status=AppointmentStatus.NOSHOW),
        a_case(status=AppointmentStatus.FULFILLED),
        a_case(override=Override(off=frozenset({"ride_check"}))),
    ],
    ids=["arranged", "arrived", "cancelled", "no-show", "fulfilled", "not asked"],
)
def test_nobody_asks_for_a_ride_that_is_arranged_or_not_needed(case: Case) -> None:
    assert ride_wanted_at(case) is None
    assert RIDE not in due(replace(case, now=case.base.start - MINUTE))


def test_an_override_may_ask_for_a_ride_where_the_clinic_does_not() -> None:
    base = a_clinic().cadence("x")
    silent = replace(base, steps=tuple(replace(step, is_enabled=False) for step in base.steps))
    clinic = a_clinic(cadences={"*": silent})
    assert ride_wanted_at(a_case(clinic=clinic)) is None
    assert ride_wanted_at(a_case(clinic=clinic, override=Override(on=frozenset({"ride_check"})))) is not None


def test_a_ride_is_wanted_whatever_was_said_or_could_be() -> None:
    held = Pauses(patients=frozenset({a_patient().id}))
    assert ride_wanted_at(a_case(pauses=held)) == ride_wanted_at(a_case())


# ----- the outcome


@pytest.mark.parametrize(
    ("minutes", "end"), [(60, "11:40"), (90, "12:10"), (91, "12:31"), (240, "15:00"), (900, "2027-03-26 02:00")]
)
@pytest.mark.parametrize("status", [BOOKED, ARRIVED])
def test_an_outcome_is_wanted_when_start_duration_and_recovery_are_over(
    status: AppointmentStatus, minutes: int, end: str
) -> None:
    at = local(end if " " in end else f"2027-03-25 {end}")
    assert outcome_wanted_at(a_case(status=status, minutes=minutes)) == at
    assert due(a_case(status=status, minutes=minutes, now=at - MINUTE)).get(OUTCOME) is None
    assert due(a_case(status=status, minutes=minutes, now=at)) == {OUTCOME: Urgency.NORMAL}


def test_an_actual_end_goes_before_the_reckoned_one() -> None:
    assert outcome_wanted_at(a_case(ended_at=local("2027-03-25 13:05"))) == local("2027-03-25 13:05")


def test_an_outcome_is_wanted_too_where_it_is_assumed() -> None:
    assert due(a_case(clinic=a_clinic(assume_fulfilled=True), now=local("2027-03-25 12:00"))) == {
        OUTCOME: Urgency.NORMAL
    }


@pytest.mark.parametrize("status", [s for s in AppointmentStatus if not s.is_coming])
def test_a_marked_outcome_is_not_asked_for(status: AppointmentStatus) -> None:
    case = a_case(status=status, now=local("2027-03-25 12:00"))
    assert (due(case), next_watch(case)) == ({}, None)


def test_what_was_long_over_when_we_first_heard_of_it_is_no_task() -> None:
    end = local("2027-03-25 11:40")
    for known_at, kinds in [(end + LONG_OVER - MINUTE, {OUTCOME}), (end + LONG_OVER, set())]:
        case = a_case(versioned_at=known_at, now=known_at)
        assert set(due(case)) == kinds
        assert next_watch(case) is None


def test_however_long_we_were_away_what_we_knew_before_is_asked_about() -> None:
    assert set(due(a_case(now=local("2027-05-25 12:00")))) == {OUTCOME}


# ----- when to look


def test_one_look_leads_to_the_next() -> None:
    case, seen = a_case("2027-03-22 10:00"), []
    while (at := next_watch(case)) is not None:
        case = replace(case, now=at)
        seen.append((shown(at), {kind.value: urgency.value for kind, urgency in due(case).items()}))
    assert seen == [
        ("2027-03-19 14:00", {"ride_wanted": "normal", "unconfirmed": "normal"}),
        ("2027-03-21 10:00", {"ride_wanted": "high", "unconfirmed": "normal"}),
        ("2027-03-22 11:40", {"mark_outcome": "normal"}),
    ]


def test_a_ride_and_an_answer_leave_only_the_outcome_to_look_for() -> None:
    case = a_case(has_ride=True, is_confirmed=True)
    assert next_watch(case) == case.base.end


ZONES = st.sampled_from(["America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia"])


@given(
    start=st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31)),  # noqa: DTZ001 - hypothesis bounds are naive
    zone=ZONES,
    open_days=st.frozensets(st.integers(0, 6)),
    ago=st.timedeltas(timedelta(0), timedelta(days=30)),
)
def test_the_ride_is_wanted_before_the_start_and_looks_change_nothing_between(
    start: datetime, zone: str, open_days: frozenset[int], ago: timedelta
) -> None:
    begins = start.replace(tzinfo=UTC)
    made = an_appointment(begins, versioned_at=begins - timedelta(days=40))
    made = replace(made, booking=replace(made.booking, timezone=zone))
    clinic = replace(a_clinic(timezone=zone), open_days=open_days)
    case = case_of(made, a_patient(), clinic, siblings=(), telling=Telling(), now=begins - ago)
    moment, at = ride_wanted_at(case), next_watch(case)
    assert moment is not None
    assert begins - timedelta(days=17) < moment <= begins - 12 * HOUR
    local_moment = moment.astimezone(ZoneInfo(zone))
    assert moment in {begins - 12 * HOUR, begins - DAY} or (local_moment.hour, local_moment.minute) == (14, 0)
    assert at is not None
    assert at > case.now
    quiet = replace(case, now=max(case.now, min(at - MINUTE, begins - MINUTE)))
    if at > case.now + MINUTE and case.now < begins:
        assert due(quiet) == due(case)


# ----- what ends a task


def test_a_missing_ride_ends_with_the_answer_the_move_the_cancellation_or_the_session() -> None:
    booked = a_case(now=local("2027-03-25 09:00"))
    key = key_of(RIDE, booked.appointment.id, 1)
    moved = replace(booked, appointment=replace(booked.appointment, version=2))
    table = [
        (booked, None),
        (a_case(has_ride=True), Resolver.PATIENT),
        (a_case(status=AppointmentStatus.CANCELLED), Resolver.SCHEDULE),
        (moved, Resolver.SCHEDULE),
        (replace(booked, now=booked.base.end), Resolver.TIME),
    ]
    assert [over_by(RIDE, key, case) for case, _ in table] == [by for _, by in table]
    assert over_by(RIDE, f"{key}:link", booked) is None
    assert over_by(RIDE, f"{key}:link", moved) is Resolver.SCHEDULE
    assert over_by(RIDE, f"{RIDE}:another key", moved) is None, "whose version nobody knows"


@pytest.mark.parametrize("status", AppointmentStatus)
def test_a_missing_outcome_ends_when_it_is_marked(status: AppointmentStatus) -> None:
    case = a_case(status=status, now=local("2027-03-26 09:00"))
    by = over_by(OUTCOME, key_of(OUTCOME, case.appointment.id, 1), case)
    assert by is (None if status.is_coming else Resolver.SCHEDULE)


@pytest.mark.parametrize("kind", [TaskKind.REPLY_UNCLEAR, TaskKind.RESCHEDULE, TaskKind.NOT_DELIVERED])
def test_what_a_reply_or_a_message_was_about_stays_for_a_person(kind: TaskKind) -> None:
    moved = replace(a_case().appointment, version=2)
    assert over_by(kind, f"{kind}:{moved.id}", replace(a_case(), appointment=moved)) is None
