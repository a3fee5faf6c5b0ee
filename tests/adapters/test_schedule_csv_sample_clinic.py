"""The demo's clinic, read by the real reader: it must be a good schedule that has something due on every weekday."""

from __future__ import annotations

import tomllib
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

from reminders.core.appointments import AppointmentStatus, ScheduleEntry
from reminders.core.clinic_document import read_clinic
from reminders.core.ids import ClinicId
from reminders.simulator.sample_clinic import sample_schedule
from tests.adapters.csv_files import read
from tests.builders import an_id

ZONE = "America/New_York"
TZ = ZoneInfo(ZONE)
MONDAY = date(2027, 3, 1)
BEFORE_TEN = time(9, 58)
WEEKDAYS = [MONDAY + timedelta(days=day) for day in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)]
"""The clocks go forward on the Sunday after the second week."""


def at(on: date) -> datetime:
    return datetime.combine(on, BEFORE_TEN, TZ).astimezone(UTC)


def entries_of(folder: Path, now: datetime, timezone: str = ZONE) -> list[ScheduleEntry]:
    reading = read(folder, sample_schedule(now, timezone).csv_text)
    assert (reading.faults, reading.notes) == ((), ())
    return [entry for _, entry in reading.entries]


@pytest.mark.parametrize("now", WEEKDAYS, ids=str)
def test_some_reminders_by_text_fall_due_at_ten_on_every_weekday(tmp_path: Path, now: date) -> None:
    ahead = {now + timedelta(days=days) for days in (1, 2, 3)}
    due = [
        entry
        for entry in entries_of(tmp_path, at(MONDAY))
        if entry.booking.status is AppointmentStatus.BOOKED
        and entry.patient.has_sms_consent
        and entry.booking.starts_at.astimezone(TZ).date() in ahead
    ]
    assert len({entry.patient.external_id for entry in due}) >= 3


@pytest.mark.parametrize("now", [MONDAY + timedelta(days=day) for day in range(7)], ids=str)
def test_whatever_the_day_the_schedule_is_good_and_its_history_is_told(tmp_path: Path, now: date) -> None:
    instant = at(now)
    entries = entries_of(tmp_path, instant)
    past = Counter(entry.booking.status for entry in entries if entry.booking.starts_at < instant)
    coming = Counter(entry.booking.status for entry in entries if entry.booking.starts_at >= instant)
    assert past[AppointmentStatus.FULFILLED] > 20
    assert past[AppointmentStatus.CANCELLED] > 0
    assert past[AppointmentStatus.BOOKED] == 0
    assert coming[AppointmentStatus.BOOKED] > 20
    assert set(coming) <= {AppointmentStatus.BOOKED, AppointmentStatus.CANCELLED}


def test_sessions_lie_within_six_weeks_on_weekdays_from_eight_to_three(tmp_path: Path) -> None:
    starts = [entry.booking.starts_at.astimezone(TZ) for entry in entries_of(tmp_path, at(MONDAY))]
    assert min(starts).date() >= MONDAY - timedelta(weeks=3)
    assert max(starts).date() < MONDAY + timedelta(weeks=3)
    assert all(start.weekday() < 5 and time(8) <= start.time() <= time(15) for start in starts)


def test_the_clinic_never_has_more_than_four_patients_at_once(tmp_path: Path) -> None:
    bookings = [entry.booking for entry in entries_of(tmp_path, at(MONDAY))]
    busiest = max(
        sum(1 for other in bookings if other.starts_at <= one.starts_at < other.starts_at + other.duration)
        for one in bookings
    )
    assert busiest <= 4


def test_there_are_courses_of_six_boosters_and_long_infusions_on_consecutive_days(tmp_path: Path) -> None:
    courses: dict[str | None, list[ScheduleEntry]] = {}
    for entry in entries_of(tmp_path, at(MONDAY)):
        courses.setdefault(entry.booking.series_id, []).append(entry)
    kinds = Counter((entries[0].booking.appointment_type, len(entries)) for entries in courses.values())
    assert kinds[("ketamine_infusion", 6)] == 18
    assert kinds[("ketamine_booster", 1)] + kinds[("ketamine_booster", 2)] == 16
    assert kinds[("pain_infusion", 4)] + kinds[("pain_infusion", 5)] == 6


def test_the_patients_are_as_different_as_real_ones(tmp_path: Path) -> None:
    patients = {entry.patient.external_id: entry.patient for entry in entries_of(tmp_path, at(MONDAY))}.values()
    phones = Counter(patient.phone for patient in patients if patient.phone)
    assert len(patients) == 40
    assert [count for count in phones.values() if count > 1] == [2], "one couple shares a phone"
    assert sum(1 for patient in patients if patient.phone is None) == 4
    assert sum(1 for patient in patients if patient.email is None) == 7
    assert sum(1 for patient in patients if not (patient.has_sms_consent or patient.has_email_consent)) == 3
    assert Counter(patient.language for patient in patients) == {"en": 30, "es": 10}
    assert {patient.timezone for patient in patients} == {None, "America/Chicago", "America/Los_Angeles"}


def test_the_people_are_staff_on_call_and_the_patients_and_one_has_a_landline(tmp_path: Path) -> None:
    everybody = sample_schedule(at(MONDAY), ZONE).people
    people = [one for one in everybody if one["note"] != "staff on call"]
    assert len(everybody) == len(people) + 2
    patients = {entry.patient for entry in entries_of(tmp_path, at(MONDAY))}
    assert {(one["name"], one["phone"], one["email"]) for one in people} == {
        (patient.name, patient.phone, patient.email) for patient in patients
    }
    [landline] = [one for one in people if one["landline"]]
    assert "landline" in str(landline["note"])


def test_every_number_is_valid_and_set_aside_for_fiction() -> None:
    for one in sample_schedule(at(MONDAY), ZONE).people:
        if one["phone"]:
            assert str(one["phone"]).startswith("+121255501")
            assert phonenumbers.is_valid_number(phonenumbers.parse(str(one["phone"])))


def test_the_configuration_is_one_that_the_service_takes() -> None:
    document = tomllib.loads(sample_schedule(at(MONDAY), ZONE).clinic_toml)
    clinic = read_clinic(document["clinic"], clinic_id=ClinicId(an_id("sample")))
    assert (clinic.timezone, clinic.assume_fulfilled) == (ZONE, True)
    on_call = {one["phone"] for one in sample_schedule(at(MONDAY), ZONE).people if one["note"] == "staff on call"}
    assert {person.phone for rung in clinic.escalation for person in rung.people} == on_call


def test_two_demos_of_one_instant_are_the_same() -> None:
    assert sample_schedule(at(MONDAY), ZONE) == sample_schedule(at(MONDAY), ZONE)


def test_the_day_is_that_of_the_clinic_and_not_that_of_greenwich(tmp_path: Path) -> None:
    late_sunday = datetime(2027, 3, 7, 20, 0, tzinfo=UTC)
    entries = entries_of(tmp_path, late_sunday, "Asia/Tokyo")
    assert max(entry.booking.starts_at for entry in entries) > late_sunday + timedelta(days=18)
    assert {entry.booking.timezone for entry in entries} == {"Asia/Tokyo"}
