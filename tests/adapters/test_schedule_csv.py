"""The schedule as a CSV file: what good rows become, whatever a spreadsheet did to their looks."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reminders.adapters.schedule_csv import CsvDefaults, CsvScheduleSource
from reminders.core.appointments import AppointmentStatus, Booking, ScheduleEntry
from reminders.core.patients import PatientRecord
from reminders.ports import ScheduleReading
from tests.adapters.csv_files import HEADER, NEW_YORK, a_row, as_text, read, with_clinics, written
from tests.builders import a_clinic

DATA = Path(__file__).parents[1] / "data"
MINIMAL = "external_id,patient_id,patient_name,phone,starts_at,status"


def only(reading: ScheduleReading) -> ScheduleEntry:
    assert reading.faults == ()
    [(_, entry)] = reading.entries
    return entry


def test_a_full_row_becomes_a_patient_and_a_booking(tmp_path: Path) -> None:
    row = a_row(
        patient_timezone="America/Chicago",
        duration_minutes="240",
        appointment_type="pain_infusion",
        series_id="S1",
        series_number="2",
        escort_name="Sam Rivers",
        escort_phone="(212) 555-0102",
    )
    assert only(read(tmp_path, as_text(row))) == ScheduleEntry(
        external_id="A1",
        patient=PatientRecord(
            external_id="P1",
            name="Dana Rivers",
            phone="+12125550101",
            email="dana@example.org",
            language="en",
            timezone="America/Chicago",
            has_sms_consent=True,
            has_email_consent=True,
        ),
        booking=Booking(
            starts_at=datetime(2027, 3, 9, 15, 0, tzinfo=UTC),
            timezone="America/New_York",
            duration=timedelta(hours=4),
            appointment_type="pain_infusion",
            status=AppointmentStatus.BOOKED,
            series_id="S1",
            series_number=2,
            escort_name="Sam Rivers",
            escort_phone="+12125550102",
        ),
        line=2,
    )


def test_columns_that_are_left_out_have_defaults_and_no_consent(tmp_path: Path) -> None:
    entry = only(read(tmp_path, f"{MINIMAL}\nA1,P1,Dana Rivers,+12125550101,2027-03-09T10:00,booked\n"))
    assert entry.booking == Booking(
        starts_at=datetime(2027, 3, 9, 15, 0, tzinfo=UTC),
        timezone="America/New_York",
        duration=timedelta(hours=1),
        appointment_type="ketamine_infusion",
        status=AppointmentStatus.BOOKED,
    )
    assert entry.patient == PatientRecord(
        "P1", "Dana Rivers", "+12125550101", None, "en", None, has_sms_consent=False, has_email_consent=False
    )


def test_defaults_for_length_and_type_are_the_callers(tmp_path: Path) -> None:
    defaults = CsvDefaults("Asia/Tokyo", "ja", "JP", duration_minutes=90, appointment_type="infusion")
    row = f"{MINIMAL}\nA1,P1,Aiko,03-3201-3331,2027-03-09T10:00,booked\n"
    entry = only(read(tmp_path, row, defaults))
    assert (entry.booking.duration, entry.booking.appointment_type) == (timedelta(minutes=90), "infusion")
    assert (entry.patient.phone, entry.patient.language) == ("+81332013331", "ja")
    assert entry.booking.starts_at == datetime(2027, 3, 9, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "phone",
    ["+1 (212) 555-0101", "212-555-0101", "(212) 555.0101", "12125550101", " 2125550101 ", "212\u2011555\u20110101"],
)
def test_a_phone_number_may_be_written_as_people_write_it(tmp_path: Path, phone: str) -> None:
    assert only(read(tmp_path, as_text(a_row(phone=phone)))).patient.phone == "+12125550101"


@pytest.mark.parametrize(
    ("column", "cell", "attribute", "value"),
    [
        ("patient_name", "  Dana Rivers\u00a0", "name", "Dana Rivers"),
        ("patient_name", "Rivers, Dana", "name", "Rivers, Dana"),
        ("patient_name", 'Dana "Dee" Rivers', "name", 'Dana "Dee" Rivers'),
        ("patient_name", "Tra\u0302\u0300n", "name", "Trần"),
        ("patient_name", "=HYPERLINK(A1)", "name", "=HYPERLINK(A1)"),
        ("phone", "+44 20 7946 0958", "phone", "+442079460958"),
        ("email", "Dana@EXAMPLE.org", "email", "Dana@example.org"),
        ("email", "dana@bücher.example", "email", "dana@xn--bcher-kva.example"),
        ("language", "ES", "language", "es"),
        ("language", "es_mx", "language", "es-MX"),
        ("language", "ZH-hans-cn", "language", "zh-Hans-CN"),
        ("language", "", "language", "en"),
        ("consent_sms", "YES", "has_sms_consent", True),
        ("consent_sms", "no", "has_sms_consent", False),
        ("consent_email", "", "has_email_consent", False),
    ],
)
def test_what_belongs_to_the_patient_is_brought_into_one_form(
    tmp_path: Path, column: str, cell: str, attribute: str, value: object
) -> None:
    patient = only(read(tmp_path, as_text(a_row(**{column: cell})))).patient
    assert getattr(patient, attribute) == value


@pytest.mark.parametrize(
    ("column", "cell", "attribute", "value"),
    [
        ("status", "Cancelled", "status", AppointmentStatus.CANCELLED),
        ("starts_at", "2027-03-15T10:00:30", "starts_at", datetime(2027, 3, 15, 14, 0, 30, tzinfo=UTC)),
        ("timezone", "", "timezone", "America/New_York"),
        ("timezone", "America/Denver", "starts_at", datetime(2027, 3, 9, 17, 0, tzinfo=UTC)),
        ("duration_minutes", "7200", "duration", timedelta(days=5)),
        ("escort_phone", "2125550109", "escort_phone", "+12125550109"),
        ("escort_name", "Sam", "escort_name", "Sam"),
        ("series_id", "S9", "series_number", None),
    ],
)
def test_what_belongs_to_the_booking_is_brought_into_one_form(
    tmp_path: Path, column: str, cell: str, attribute: str, value: object
) -> None:
    booking = only(read(tmp_path, as_text(a_row(**{column: cell})))).booking
    assert getattr(booking, attribute) == value


def test_a_time_that_happens_twice_is_the_first_and_is_noted(tmp_path: Path) -> None:
    reading = read(tmp_path, as_text(a_row(starts_at="2027-11-07T01:30")))
    assert only(reading).booking.starts_at == datetime(2027, 11, 7, 5, 30, tzinfo=UTC)
    [note] = reading.notes
    assert "line 2, starts_at" in note
    assert "happens twice in America/New_York" in note


def test_a_time_that_a_clock_change_leaves_out_moves_forward_and_is_noted(tmp_path: Path) -> None:
    reading = read(tmp_path, as_text(a_row(starts_at="2027-03-14T02:30")))
    assert only(reading).booking.starts_at == datetime(2027, 3, 14, 7, 0, tzinfo=UTC)
    assert reading.faults == ()
    [note] = reading.notes
    assert "line 2, starts_at: '2027-03-14T02:30' does not exist in America/New_York" in note
    assert note.endswith("03:00 is taken")


def test_a_zone_that_never_changes_its_clocks_is_noted_once(tmp_path: Path) -> None:
    reading = read(tmp_path, as_text(a_row(timezone="EST"), a_row(external_id="A2", timezone="EST")))
    [note] = reading.notes
    assert "write America/New_York" in note


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: "\ufeff" + text, id="byte order mark"),
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="windows line ends"),
        pytest.param(lambda text: text.replace("\n", "\r"), id="old line ends"),
        pytest.param(lambda text: text.rstrip("\n"), id="no last line end"),
        pytest.param(lambda text: text + "\n\n  \n", id="blank lines at the end"),
        pytest.param(lambda text: text + "," * HEADER.count(",") + "\n,,\n", id="rows of only commas"),
        pytest.param(lambda text: "\n" + text, id="blank line first"),
        pytest.param(lambda text: text.replace(HEADER, HEADER.upper()), id="header in capitals"),
        pytest.param(lambda text: text.replace(HEADER, HEADER.replace(",", " , ")), id="header with spaces"),
    ],
)
def test_spreadsheets_may_dress_the_file_differently(tmp_path: Path, change: object) -> None:
    assert callable(change)
    assert only(read(tmp_path, change(as_text(a_row())))).external_id == "A1"


def test_lines_are_those_of_the_file_where_a_record_starts(tmp_path: Path) -> None:
    text = f"{HEADER},remark\n" + "\n".join(
        f'A{n},P{n},Dana,+1212555011{n},,,,2027-03-09T10:00,,,,booked,,,,,,,,"two\nlines"' for n in range(3)
    )
    assert [entry.line for _, entry in read(tmp_path, text).entries] == [2, 4, 6]


def test_unknown_columns_are_ignored_with_one_note_each(tmp_path: Path) -> None:
    text = f"{MINIMAL},e_mail,room,\nA1,P1,Dana,+12125550101,2027-03-09T10:00,booked,x,7,\n"
    reading = read(tmp_path, text)
    assert only(reading).patient.email is None
    assert reading.notes == (
        "column 'e_mail' is not known and is ignored (is email meant?)",
        "column 'room' is not known and is ignored",
        "column 9 has no name and is ignored",
    )


def test_a_file_without_rows_is_read_and_noted(tmp_path: Path) -> None:
    reading = read(tmp_path, HEADER)
    assert (reading.entries, reading.faults) == ((), ())
    assert reading.notes == ("the file has a header and no rows",)


def test_rows_of_one_patient_agree_when_they_are_only_written_differently(tmp_path: Path) -> None:
    second = a_row(external_id="A2", phone="212-555-0101", language="", email="dana@EXAMPLE.org", consent_sms="Yes")
    reading = read(tmp_path, as_text(a_row(), second))
    assert reading.faults == ()
    assert len(reading.entries) == 2


def test_each_clinic_brings_its_own_zone_country_and_language(tmp_path: Path) -> None:
    london = a_clinic(slug="london", timezone="Europe/London")
    defaults = with_clinics(london=london, york=NEW_YORK)
    rows = (
        a_row(clinic="london", timezone="", phone="+12125550101"),
        a_row(clinic="york", timezone="", patient_name="Someone else"),
    )
    reading = read(tmp_path, as_text(*rows), defaults)
    assert reading.faults == ()
    assert [(slug, entry.booking.timezone) for slug, entry in reading.entries] == [
        ("london", "Europe/London"),
        ("york", "America/New_York"),
    ]


def test_with_one_clinic_rows_need_not_name_it(tmp_path: Path) -> None:
    defaults = with_clinics(denver=a_clinic(slug="denver", timezone="America/Denver"))
    reading = read(
        tmp_path, as_text(a_row(timezone=""), a_row(external_id="A2", timezone="", clinic="denver")), defaults
    )
    assert [slug for slug, _ in reading.entries] == [None, "denver"]
    assert {entry.booking.timezone for _, entry in reading.entries} == {"America/Denver"}


def test_where_no_clinic_is_known_any_slug_is_passed_on(tmp_path: Path) -> None:
    reading = read(tmp_path, as_text(a_row(clinic="uptown")))
    assert [slug for slug, _ in reading.entries] == ["uptown"]


def test_the_file_is_read_as_it_stands_at_each_fetch(tmp_path: Path) -> None:
    source = CsvScheduleSource(written(tmp_path, as_text(a_row())), NEW_YORK)
    assert len(source.fetch().entries) == 1
    written(tmp_path, as_text(a_row(), a_row(external_id="A2")))
    assert len(source.fetch().entries) == 2


def test_the_name_of_the_source_does_not_follow_the_name_of_the_file(tmp_path: Path) -> None:
    assert {CsvScheduleSource(tmp_path / name, NEW_YORK).name for name in ("monday.csv", "tuesday.csv")} == {"csv"}


def test_the_sample_in_the_data_folder_has_no_faults() -> None:
    reading = CsvScheduleSource(DATA / "schedule.csv", NEW_YORK).fetch()
    assert (reading.faults, reading.notes) == ((), ())
    assert len(reading.entries) == 12
    assert len({entry.patient.external_id for _, entry in reading.entries}) == 6


def test_ten_thousand_rows_are_read_within_seconds(tmp_path: Path) -> None:
    rows = (
        a_row(
            external_id=f"A{n}",
            patient_id=f"P{n % 2000}",
            email=f"p{n % 2000}@example.org",
            phone=f"212555{n % 2000:04d}",
        )
        for n in range(10_000)
    )
    path = written(tmp_path, as_text(*rows))
    began = time.perf_counter()
    reading = CsvScheduleSource(path, NEW_YORK).fetch()
    assert len(reading.entries) == 10_000
    assert time.perf_counter() - began < 10, "about one second on a quiet machine"
