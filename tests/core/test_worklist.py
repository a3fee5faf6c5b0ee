"""The worklist's rules: until when, in which order, who may do what, and what settles a task by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest

from reminders.core.appointments import AppointmentStatus, Booking
from reminders.core.clinics import Clinic
from reminders.core.patients import Channel, PatientRecord
from reminders.core.pauses import Pauses
from reminders.core.replies import Intent
from reminders.core.tasks import (
    DUE_WITHIN,
    GROUP_TITLES,
    GROUPS,
    Group,
    Outcome,
    Proof,
    Resolver,
    Standing,
    TaskKind,
    Urgency,
    Verb,
    due_at,
    ended_by,
    ended_by_change,
    ended_by_record,
    group_of,
    how_it_ended,
    key_of,
    place,
    pressing,
    proofs,
    refusal,
    told,
    with_line,
)
from reminders.core.tasks.due import after_working
from reminders.core.wording import StaffClock
from tests.builders import NOON, a_booking, a_clinic, a_record, an_appointment, local, shown

CLINIC: Clinic = a_clinic()
HIGH, NORMAL, LOW = Urgency.HIGH, Urgency.NORMAL, Urgency.LOW
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CLOCK = StaffClock(CLINIC.tz)


def test_every_kind_of_every_urgency_is_due_some_time_and_stands_in_a_group() -> None:
    assert set(DUE_WITHIN) == set(product(TaskKind, Urgency))
    assert set(GROUPS) == set(TaskKind)
    assert set(GROUP_TITLES) == set(Group)
    assert set(GROUPS.values()) | {Group.LANDLINE} == set(Group)


@pytest.mark.parametrize(
    ("kind", "urgency", "opened", "due"),
    [
        (TaskKind.QUESTION, HIGH, "2027-03-02 12:00", "2027-03-02 12:30"),  # a Tuesday
        (TaskKind.QUESTION, NORMAL, "2027-03-02 12:00", "2027-03-03 12:00"),
        (TaskKind.QUESTION, LOW, "2027-03-02 12:00", "2027-03-05 12:00"),
        (TaskKind.QUESTION, HIGH, "2027-03-02 16:45", "2027-03-03 09:15"),
        (TaskKind.QUESTION, HIGH, "2027-03-02 03:00", "2027-03-02 09:30"),
        (TaskKind.QUESTION, HIGH, "2027-03-05 21:00", "2027-03-08 09:30"),  # Friday evening
        (TaskKind.QUESTION, NORMAL, "2027-03-05 12:00", "2027-03-08 12:00"),
        (TaskKind.ESCALATION, HIGH, "2027-03-06 03:00", "2027-03-06 03:10"),  # a matter of safety waits for no Monday
        (TaskKind.SYMPTOM, HIGH, "2027-03-05 21:00", "2027-03-06 09:00"),
        (TaskKind.SELF_DRIVE, HIGH, "2027-03-02 12:00", "2027-03-02 12:30"),
        (TaskKind.RUNNING_LATE, HIGH, "2027-03-02 12:00", "2027-03-02 12:10"),
        (TaskKind.QUESTION, NORMAL, "2027-03-12 12:00", "2027-03-15 12:00"),  # the clock goes forward in between
    ],
)
def test_a_task_is_due_in_working_time_and_safety_sooner(
    kind: TaskKind, urgency: Urgency, opened: str, due: str
) -> None:
    assert shown(due_at(kind, urgency, opened_at=local(opened), clinic=CLINIC)) == due


def test_days_on_which_nobody_works_do_not_count() -> None:
    opened = local("2027-03-02 16:45")
    by_file = replace(CLINIC, closures=frozenset({date(2027, 3, 3)}))
    by_staff = Pauses(days=frozenset({date(2027, 3, 4)}))
    assert (
        shown(due_at(TaskKind.QUESTION, HIGH, opened_at=opened, clinic=by_file, pauses=by_staff)) == "2027-03-05 09:15"
    )


def test_a_clinic_that_never_opens_still_has_a_due_time() -> None:
    never = replace(CLINIC, open_days=frozenset[int]())
    assert after_working(NOON, HOUR, never) == NOON + HOUR


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2027-03-02 13:00", "2027-03-02 13:00"),
        ("2027-03-02 11:00", "2027-03-03 12:00"),  # it had begun: that sets no limit
        ("2027-03-16 13:00", "2027-03-03 12:00"),
    ],
)
def test_the_start_of_its_session_comes_before_everything(start: str, due: str) -> None:
    found = due_at(TaskKind.UNCONFIRMED, NORMAL, opened_at=NOON, clinic=CLINIC, start=local(start))
    assert shown(found) == due


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (40 * MINUTE, "in 40 min"),
        (-12 * MINUTE, "overdue 12 min"),
        (timedelta(seconds=20), "now"),
        (timedelta(seconds=-20), "now"),
        (2 * HOUR + 5 * MINUTE, "in 2 h"),
        (-47 * HOUR, "overdue 47 h"),
        (72 * HOUR, "in 3 days"),
    ],
)
def test_how_long_there_is_still_reads_as_people_say_it(after: timedelta, words: str) -> None:
    assert told(NOON + after, NOON) == words


def test_the_morning_list_runs_as_the_front_desk_works() -> None:
    first_of_each = [
        TaskKind.ESCALATION,
        TaskKind.UNCONFIRMED,
        TaskKind.RIDE_WANTED,
        TaskKind.NOT_DELIVERED,
        TaskKind.CHECK_IN_UNANSWERED,
        TaskKind.QUESTION,
        TaskKind.PHONE_PATIENT,
        TaskKind.MARK_OUTCOME,
    ]
    groups = [group_of(kind, is_landline=False) for kind in first_of_each]
    assert [list(Group).index(group) for group in groups] == sorted(list(Group).index(group) for group in groups)
    assert group_of(TaskKind.ADDRESS_FAULT, is_landline=True) is Group.LANDLINE
    assert group_of(TaskKind.ADDRESS_FAULT, is_landline=False) is Group.UNDELIVERED
    assert group_of(TaskKind.QUESTION, is_landline=True) is Group.REPLIES


def test_in_a_group_the_most_urgent_stands_first_then_what_is_due_then_whose_session_is_next() -> None:
    places = [
        place(Group.NO_RIDE, HIGH, due=NOON + HOUR, at=NOON),
        place(Group.NO_RIDE, NORMAL, due=NOON, at=NOON),
        place(Group.NO_RIDE, NORMAL, due=NOON + HOUR, at=NOON),
        place(Group.NO_RIDE, NORMAL, due=NOON + HOUR, at=NOON + HOUR),
        place(Group.REPLIES, HIGH, due=NOON, at=NOON),
    ]
    assert places == sorted(places)


def test_in_one_list_the_most_urgent_stands_first_whatever_it_is_about() -> None:
    places = [
        pressing(HIGH, due=NOON + HOUR, at=NOON),
        pressing(NORMAL, due=NOON, at=NOON),
        pressing(NORMAL, due=NOON, at=NOON + HOUR),
    ]
    assert places == sorted(places)


OPEN = Standing()
TAKEN = Standing(acknowledged_at=NOON, acknowledged_by="Ana")
ENDED = replace(TAKEN, resolved_at=NOON, resolved_by="Ana", outcome=Outcome.REACHED)
SETTLED = Standing(resolved_at=NOON, resolved_by=Resolver.SCHEDULE)


@pytest.mark.parametrize(
    ("verb", "standing", "by", "reason"),
    [
        (Verb.TAKE, OPEN, "Ben", None),
        (Verb.TAKE, TAKEN, "Ben", "is taken already: Ana took it on Tue 02 Mar 2027 12:00"),
        (Verb.TAKE, TAKEN, "ana", None),
        (Verb.TAKE, ENDED, "Ben", "is resolved already: by Ana on Tue 02 Mar 2027 12:00, reached the patient"),
        (Verb.ASSIGN, TAKEN, "Ben", None),
        (Verb.ASSIGN, SETTLED, "Ben", "is resolved already: the schedule settled it on Tue 02 Mar 2027 12:00"),
        (Verb.DONE, TAKEN, "Ben", None),
        (Verb.DONE, ENDED, "Ana", "is resolved already: by Ana on Tue 02 Mar 2027 12:00, reached the patient"),
        (Verb.REOPEN, ENDED, "Ben", None),
        (Verb.REOPEN, TAKEN, "Ben", "is still open"),
    ],
)
def test_the_second_of_two_hears_who_was_first(verb: Verb, standing: Standing, by: str, reason: str | None) -> None:
    assert refusal(verb, standing, by=by, clock=CLOCK) == reason


def test_every_way_in_which_a_task_settles_by_itself_reads_as_words() -> None:
    for resolver in Resolver:
        assert "settled it on" in how_it_ended(replace(SETTLED, resolved_by=resolver), CLOCK)
    assert how_it_ended(OPEN, CLOCK) == ""


def test_notes_only_grow() -> None:
    once = with_line(None, "gave it to Lee", by="Kim", at=NOON, clock=CLOCK)
    assert once == "Tue 02 Mar 2027 12:00 Kim: gave it to Lee"
    assert with_line(once, "done", by="Lee", at=NOON + HOUR, clock=CLOCK) == f"{once}\nTue 02 Mar 2027 13:00 Lee: done"


def test_the_words_that_led_to_a_reading_are_shown_beside_their_rule() -> None:
    understood = '{"findings":[{"intent":"call_me","evidence":[{"start":4,"end":11,"rule":"call.me"}]}]}'
    assert proofs("pls call me", understood) == (Proof(Intent.CALL_ME, "call me", "call.me"),)
    assert proofs("pls call me", None) == proofs(None, understood) == ()


BOOKED = a_booking(NOON + 24 * HOUR)
MOVED = a_booking(NOON + 48 * HOUR)
FAULT, GIVEN = TaskKind.ADDRESS_FAULT, TaskKind.CONTACT_CHANGE
LATE, AGAIN = {TaskKind.RUNNING_LATE}, {TaskKind.DECLINED, TaskKind.RESCHEDULE}


@pytest.mark.parametrize(
    ("after", "kinds"),
    [
        (BOOKED, set()),
        (replace(BOOKED, appointment_type="other"), set()),
        (MOVED, LATE | AGAIN),
        (replace(BOOKED, status=AppointmentStatus.CANCELLED), LATE | AGAIN),
        (replace(BOOKED, status=AppointmentStatus.NOSHOW), LATE | AGAIN),
        (replace(BOOKED, status=AppointmentStatus.ARRIVED), LATE),
        (replace(BOOKED, status=AppointmentStatus.FULFILLED), LATE),
    ],
)
def test_a_new_time_answers_who_asked_for_one_and_an_arrival_who_was_late(after: Booking, kinds: set[TaskKind]) -> None:
    assert ended_by_change(BOOKED, after) == kinds


@pytest.mark.parametrize(
    ("after", "kinds"),
    [
        (a_record(language="es"), {}),
        (
            a_record(phone="+12025550199"),
            {Channel.SMS: {TaskKind.ADDRESS_FAULT, TaskKind.WRONG_NUMBER, TaskKind.CONTACT_CHANGE}},
        ),
        (
            a_record(email="new@example.org"),
            {Channel.EMAIL: {TaskKind.ADDRESS_FAULT}, Channel.SMS: {TaskKind.CONTACT_CHANGE}},
        ),
    ],
)
def test_a_corrected_address_settles_what_was_wrong_with_it(
    after: PatientRecord, kinds: dict[Channel, set[TaskKind]]
) -> None:
    assert ended_by_record(a_record(), after) == kinds


VISIT = an_appointment(version=2)


@pytest.mark.parametrize("kind", [TaskKind.UNCONFIRMED, TaskKind.SELF_DRIVE, TaskKind.ESCORT_DECLINED])
def test_what_a_session_still_lacks_is_asked_of_its_newest_version_only(kind: TaskKind) -> None:
    assert ended_by(kind, key_of(kind, VISIT.id, 2), VISIT) is None
    assert ended_by(kind, key_of(kind, VISIT.id, 1), VISIT) is Resolver.SCHEDULE


def test_a_yes_ends_what_is_unconfirmed_and_a_ride_whatever_lacked_one() -> None:
    confirmed, fetched = replace(VISIT, confirmed_version=2), replace(VISIT, ride_version=2)
    assert ended_by(TaskKind.UNCONFIRMED, key_of(TaskKind.UNCONFIRMED, VISIT.id, 2), confirmed) is Resolver.PATIENT
    for kind in (TaskKind.RIDE_WANTED, TaskKind.SELF_DRIVE, TaskKind.ESCORT_DECLINED):
        assert ended_by(kind, key_of(kind, VISIT.id, 2), fetched) is Resolver.PATIENT
        assert ended_by(kind, key_of(kind, VISIT.id, 2), confirmed) is None


@pytest.mark.parametrize("status", AppointmentStatus)
def test_who_is_late_is_so_until_the_schedule_says_more(status: AppointmentStatus) -> None:
    item = an_appointment(status=status)
    expected = None if status is AppointmentStatus.BOOKED else Resolver.SCHEDULE
    assert ended_by(TaskKind.RUNNING_LATE, "running_late:of-a-text", item) is expected
