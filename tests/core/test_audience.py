from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest

from reminders.core.appointments import AppointmentStatus
from reminders.core.audience import OnePatient, Visitors, describe, from_document, is_meant, pick, span, to_document
from reminders.core.errors import InputError
from tests.builders import a_patient, a_record, an_appointment, local

TUESDAY, WEDNESDAY, FRIDAY = date(2027, 3, 2), date(2027, 3, 3), date(2027, 3, 5)
TOMORROW = Visitors(WEDNESDAY, WEDNESDAY)
MORNING = an_appointment(local("2027-03-03 09:30"))
NARROW = Visitors(
    TUESDAY, FRIDAY, not_before=time(9), before=time(12), appointment_type="x", is_unconfirmed=True, lacks_ride=True
)


@pytest.mark.parametrize(
    ("audience", "changes", "is_in"),
    [
        (TOMORROW, {}, True),
        (Visitors(TUESDAY, TUESDAY), {}, False),
        (Visitors(TUESDAY, FRIDAY), {}, True),
        (replace(TOMORROW, before=time(9, 30)), {}, False),
        (replace(TOMORROW, before=time(9, 31)), {}, True),
        (replace(TOMORROW, not_before=time(9, 30)), {}, True),
        (replace(TOMORROW, not_before=time(9, 31)), {}, False),
        (replace(TOMORROW, appointment_type="ketamine_infusion"), {}, True),
        (replace(TOMORROW, appointment_type="consultation"), {}, False),
        (replace(TOMORROW, is_unconfirmed=True), {}, True),
        (replace(TOMORROW, is_unconfirmed=True), {"confirmed_version": 1}, False),
        (replace(TOMORROW, is_unconfirmed=True), {"confirmed_version": 1, "version": 2}, True),
        (replace(TOMORROW, is_unconfirmed=True), {"status": AppointmentStatus.ARRIVED}, False),
        (replace(TOMORROW, lacks_ride=True), {}, True),
        (replace(TOMORROW, lacks_ride=True), {"ride_version": 1}, False),
        (TOMORROW, {"status": AppointmentStatus.ARRIVED}, True),
        (TOMORROW, {"status": AppointmentStatus.FULFILLED}, True),
        (TOMORROW, {"status": AppointmentStatus.CANCELLED}, False),
        (TOMORROW, {"status": AppointmentStatus.NOSHOW}, False),
    ],
)
def test_who_is_meant(audience: Visitors, changes: dict[str, Any], *, is_in: bool) -> None:
    assert is_meant(audience, an_appointment(local("2027-03-03 09:30"), **changes)) is is_in


def test_a_day_is_the_day_where_the_session_is() -> None:
    late = an_appointment(local("2027-03-03 22:30", "America/Los_Angeles"))
    there = replace(late, booking=replace(late.booking, timezone="America/Los_Angeles"))
    assert is_meant(TOMORROW, there)
    assert not is_meant(TOMORROW, late), "in New York it is Thursday by then"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kathmandu", "America/New_York"])
@pytest.mark.parametrize("at", ["2027-03-03 00:00", "2027-03-03 23:59"])
def test_every_session_of_the_days_lies_within_the_span_that_is_looked_through(zone: str, at: str) -> None:
    begins, ends = span(TOMORROW)
    assert begins <= local(at, zone) < ends


def test_who_comes_twice_gets_one_message_about_the_first_session() -> None:
    other = a_patient(a_record("P2"))
    sessions = [
        an_appointment(local("2027-03-03 15:00"), external_id="A2"),
        MORNING,
        an_appointment(local("2027-03-03 08:00"), external_id="A3", patient=other),
    ]
    found = pick(TOMORROW, sessions)
    assert [item.external_id for item in found.values()] == ["A3", "A1"]


@pytest.mark.parametrize(
    ("audience", "count", "words"),
    [
        (OnePatient("P1"), 1, "one patient"),
        (TOMORROW, 14, "tomorrow’s sessions at North: 14 patients"),
        (replace(TOMORROW, before=time(12)), 1, "tomorrow’s sessions at North, before noon: 1 patient"),
        (
            Visitors(TUESDAY, TUESDAY, not_before=time(13, 30)),
            0,
            "today’s sessions at North, from 1:30 PM on: 0 patients",
        ),
        (Visitors(FRIDAY, FRIDAY), None, "sessions on Fri Mar 5 at North"),
        (Visitors(TUESDAY - timedelta(days=1), TUESDAY - timedelta(days=1)), None, "yesterday’s sessions at North"),
        (
            NARROW,
            2,
            (
                "sessions from Tue Mar 2 to Fri Mar 5 at North, 9:00 AM to noon, type x, not confirmed, without a ride:"
                " 2 patients"
            ),
        ),
    ],
)
def test_an_audience_is_told_back(audience: Visitors | OnePatient, count: int | None, words: str) -> None:
    assert describe(audience, place="North", today=TUESDAY, count=count) == words


def test_without_a_today_days_are_named_by_the_calendar() -> None:
    assert describe(TOMORROW, place="North", today=None) == "sessions on Wed Mar 3 at North"


@pytest.mark.parametrize("audience", [OnePatient("P1"), TOMORROW, NARROW])
def test_what_is_stored_is_what_was_meant(audience: Visitors | OnePatient) -> None:
    assert from_document(to_document(audience)) == audience


@pytest.mark.parametrize(
    "parts",
    [
        {"last": TUESDAY},
        {"last": WEDNESDAY + timedelta(days=63)},
        {"last": WEDNESDAY, "not_before": time(12), "before": time(12)},
    ],
)
def test_what_nobody_can_be_in_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Visitors(WEDNESDAY, **parts)
