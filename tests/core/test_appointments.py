"""Requirements 1 and 2 and the guards of an import: what a new reading of the schedule does to what we hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.appointments import (
    AppointmentStatus,
    Booking,
    Change,
    ChangeKind,
    Known,
    ScheduleDiff,
    ScheduleEntry,
    cancels_too_much,
    diff,
    newcomers,
)
from reminders.core.patients import PatientRecord
from tests.builders import NOON, a_booking, a_record, an_appointment, an_entry

SOON = NOON + timedelta(days=3)
DAY = timedelta(days=1)
CANCELLED = AppointmentStatus.CANCELLED


def of_kind(found: ScheduleDiff, kind: ChangeKind) -> tuple[Change, ...]:
    return tuple(change for change in found.changes if change.kind is kind)


def held(booking: Booking | None = None, *, patient: PatientRecord | None = None, is_missing: bool = False) -> Known:
    return Known(patient or a_record(), booking or a_booking(SOON), is_missing)


def only_kind(known: Known | None, entry: ScheduleEntry) -> ChangeKind:
    [change] = diff({} if known is None else {entry.external_id: known}, [entry], now=NOON).changes
    assert change.before == known
    assert change.entry == entry
    return change.kind


def test_a_row_that_we_do_not_hold_is_added() -> None:
    assert only_kind(None, an_entry()) is ChangeKind.ADDED


def test_a_row_that_comes_already_cancelled_is_added_and_cancels_nothing() -> None:
    entry = an_entry(booking=a_booking(SOON, status=CANCELLED))
    found = diff({}, [entry], now=NOON)
    assert of_kind(found, ChangeKind.CANCELLED) == ()
    assert len(of_kind(found, ChangeKind.ADDED)) == 1


def test_the_same_row_again_changes_nothing_wherever_it_stands_in_the_file() -> None:
    found = diff({"A1": held()}, [an_entry(booking=a_booking(SOON), line=99)], now=NOON)
    assert found.effective == ()
    assert found.missing == ()
    assert [change.kind for change in found.changes] == [ChangeKind.UNCHANGED]


def test_another_start_is_a_move() -> None:
    assert only_kind(held(), an_entry(booking=a_booking(SOON + timedelta(minutes=30)))) is ChangeKind.MOVED


def test_one_instant_named_in_another_zone_is_no_move() -> None:
    assert only_kind(held(), an_entry(booking=a_booking(SOON, timezone="America/Chicago"))) is ChangeKind.CHANGED


def test_a_cancellation_outranks_the_move_it_comes_with() -> None:
    assert only_kind(held(), an_entry(booking=a_booking(SOON + DAY, status=CANCELLED))) is ChangeKind.CANCELLED


def test_what_is_cancelled_already_is_not_cancelled_again() -> None:
    cancelled = a_booking(SOON, status=CANCELLED)
    assert only_kind(held(cancelled), an_entry(booking=cancelled)) is ChangeKind.UNCHANGED


def test_a_cancelled_appointment_that_is_booked_again_is_a_change() -> None:
    assert only_kind(held(a_booking(SOON, status=CANCELLED)), an_entry(booking=a_booking(SOON))) is ChangeKind.CHANGED


@pytest.mark.parametrize(
    "status", [AppointmentStatus.ARRIVED, AppointmentStatus.FULFILLED, AppointmentStatus.NOSHOW], ids=str
)
def test_an_outcome_is_a_change(status: AppointmentStatus) -> None:
    assert only_kind(held(), an_entry(booking=a_booking(SOON, status=status))) is ChangeKind.CHANGED


@pytest.mark.parametrize(
    "booking",
    [
        a_booking(SOON, duration=timedelta(minutes=90)),
        a_booking(SOON, appointment_type="pain_infusion"),
        a_booking(SOON, series_id="S1"),
        a_booking(SOON, series_id="S1", series_number=2),
        replace(a_booking(SOON), escort_name="Sam"),
        replace(a_booking(SOON), escort_phone="+12125550102"),
    ],
    ids=["duration", "type", "series", "number", "escort", "escort's phone"],
)
def test_any_other_word_of_the_booking_is_a_change(booking: Booking) -> None:
    assert only_kind(held(), an_entry(booking=booking)) is ChangeKind.CHANGED


@pytest.mark.parametrize(
    "patient",
    [
        a_record(name="Dana Brook"),
        a_record(phone=None),
        a_record(email="other@example.org"),
        a_record(language="es"),
        a_record(timezone="America/Chicago"),
        a_record(has_sms_consent=False),
        a_record("P2"),
    ],
    ids=["name", "phone", "email", "language", "zone", "consent", "another patient"],
)
def test_any_word_about_the_patient_is_a_change(patient: PatientRecord) -> None:
    assert only_kind(held(), an_entry(patient=patient, booking=a_booking(SOON))) is ChangeKind.CHANGED


def test_a_row_that_comes_back_is_a_change_so_that_it_stops_being_missing() -> None:
    assert only_kind(held(is_missing=True), an_entry(booking=a_booking(SOON))) is ChangeKind.CHANGED


def test_a_coming_booking_that_the_file_leaves_out_is_missing_and_not_cancelled() -> None:
    found = diff({"B": held(), "A": held(), "A1": held()}, [an_entry(booking=a_booking(SOON))], now=NOON)
    assert found.missing == ("A", "B")
    assert of_kind(found, ChangeKind.CANCELLED) == ()


@pytest.mark.parametrize("status", [status for status in AppointmentStatus if not status.is_coming], ids=str)
def test_what_is_over_or_off_may_be_left_out(status: AppointmentStatus) -> None:
    assert diff({"A": held(a_booking(SOON, status=status))}, [], now=NOON).missing == ()


@pytest.mark.parametrize(("starts_in", "missing"), [(timedelta(seconds=1), ("A",)), (timedelta(0), ()), (-DAY, ())])
def test_what_has_begun_may_be_left_out(starts_in: timedelta, missing: tuple[str, ...]) -> None:
    assert diff({"A": held(a_booking(NOON + starts_in))}, [], now=NOON).missing == missing


def test_changes_keep_the_order_of_the_schedule() -> None:
    entries = [an_entry(name, booking=a_booking(SOON)) for name in ("C", "A", "B")]
    found = diff({}, entries, now=NOON)
    assert [change.entry.external_id for change in of_kind(found, ChangeKind.ADDED)] == ["C", "A", "B"]


def reading_that_cancels(count: int, *, of: int) -> tuple[dict[str, Known], ScheduleDiff]:
    known = {f"A{n}": held() for n in range(of)}
    rows = [
        an_entry(name, booking=a_booking(SOON, status=CANCELLED if n < count else AppointmentStatus.BOOKED))
        for n, name in enumerate(known)
    ]
    return known, diff(known, rows, now=NOON)


@pytest.mark.parametrize(
    ("count", "of", "waits"), [(0, 0, False), (0, 5, False), (1, 5, False), (2, 9, True), (2, 10, False), (1, 1, True)]
)
def test_a_reading_waits_only_above_a_fifth_of_cancels(count: int, of: int, *, waits: bool) -> None:
    known, found = reading_that_cancels(count, of=of)
    assert cancels_too_much(found, known, now=NOON) is waits


def test_cancels_of_the_past_do_not_make_a_reading_wait() -> None:
    past = a_booking(NOON - DAY)
    known = {"old": held(past), **{f"A{n}": held() for n in range(5)}}
    found = diff(known, [an_entry("old", booking=replace(past, status=CANCELLED))], now=NOON)
    assert len(of_kind(found, ChangeKind.CANCELLED)) == 1
    assert not cancels_too_much(found, known, now=NOON)


def test_missing_rows_do_not_make_a_reading_wait() -> None:
    known = {f"A{n}": held() for n in range(5)}
    assert not cancels_too_much(diff(known, [], now=NOON), known, now=NOON)


def test_a_version_is_its_start_type_and_status() -> None:
    booking = a_booking(SOON)
    assert booking.same_version(replace(booking, duration=DAY, escort_name="Sam", series_id="S1", timezone="UTC"))
    assert not booking.same_version(a_booking(SOON + DAY))
    assert not booking.same_version(a_booking(SOON, appointment_type="pain_infusion"))
    assert not booking.same_version(a_booking(SOON, status=CANCELLED))


def test_a_confirmation_and_a_ride_count_for_their_version_only() -> None:
    assert an_appointment(version=2, confirmed_version=2).is_confirmed
    assert not an_appointment(version=2, confirmed_version=1).is_confirmed
    assert an_appointment(version=2, ride_version=2).has_ride
    assert not an_appointment(version=2, ride_version=1).has_ride
    assert not an_appointment().is_confirmed
    assert not an_appointment().has_ride


def test_an_appointment_answers_for_its_booking() -> None:
    appointment = an_appointment(SOON, status=AppointmentStatus.ARRIVED)
    assert (appointment.starts_at, appointment.status) == (SOON, AppointmentStatus.ARRIVED)


@pytest.mark.parametrize("status", list(AppointmentStatus), ids=str)
def test_a_status_is_never_both_coming_and_off(status: AppointmentStatus) -> None:
    assert not (status.is_coming and status.is_off)


BOOKINGS = st.builds(
    a_booking,
    st.datetimes(datetime(2027, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001  # hypothesis wants naive bounds
    status=st.sampled_from(AppointmentStatus),
)
SCHEDULES = st.dictionaries(st.sampled_from("ABCDEFGH"), BOOKINGS)


@given(SCHEDULES, SCHEDULES)
def test_every_row_has_one_change_and_applying_it_leaves_nothing_to_do(
    before: dict[str, Booking], after: dict[str, Booking]
) -> None:
    known = {name: held(booking) for name, booking in before.items()}
    entries = [an_entry(name, booking=booking) for name, booking in after.items()]
    found = diff(known, entries, now=NOON)
    assert [change.entry for change in found.changes] == entries
    assert not set(found.missing) & set(after)
    applied = known | {entry.external_id: Known(entry.patient, entry.booking) for entry in entries}
    assert diff(applied, entries, now=NOON).effective == ()


def test_newcomers_are_those_of_whom_nothing_was_known_and_whose_sessions_were_nobody_elses() -> None:
    new, known, heir = (a_record(name) for name in ("P1", "P2", "P3"))
    entries = [
        an_entry("A1", patient=new),
        an_entry("A2", patient=known),
        an_entry("A3", patient=heir),
        an_entry("A4", patient=heir),
        an_entry("A5", patient=new),
    ]
    found = diff({"A3": held(patient=known)}, entries, now=NOON)
    fresh, rest = newcomers(found, ["P2"])
    assert {name: [entry.external_id for entry in rows] for name, rows in fresh.items()} == {"P1": ["A1", "A5"]}
    assert [change.entry.external_id for change in rest.changes] == ["A2", "A3", "A4"]
    assert rest.missing == found.missing
    assert rest.effective == rest.changes


def test_where_nobody_is_new_everything_is_left_as_it_is() -> None:
    found = diff({"A1": held()}, [an_entry(booking=a_booking(SOON))], now=NOON)
    assert newcomers(found, ["P1"]) == ({}, found)
