"""The schedule as a CSV file: every fault by name, with the line and column a person looks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from reminders.adapters.schedule_csv import CsvScheduleSource
from reminders.core.errors import ScheduleError
from reminders.ports import Fault
from tests.adapters.csv_files import GOOD, HEADER, NEW_YORK, a_row, as_text, read, with_clinics

DATA = Path(__file__).parents[1] / "data"
OTHER = a_row(external_id="B1", patient_id="Q1")

CELL_FAULTS = [
    ("external_id", "", "the cell is blank; each row needs it"),
    ("external_id", "A" * 201, "has 201 characters; at most 200 fit"),
    ("patient_id", " ", "the cell is blank"),
    ("patient_name", "", "the cell is blank"),
    ("patient_name", "Dana\tRivers", r"'Dana\tRivers' has a control character"),
    ("patient_name", "Dana\nRivers", r"'Dana\nRivers' has a control character"),
    ("patient_name", "Dana\x00", r"'Dana\x00' has a control character"),
    ("patient_name", "Dana \u202egnp", r"'Dana \u202egnp' has a control character"),
    ("patient_name", "D" * 201, "has 201 characters"),
    ("starts_at", "", "the cell is blank"),
    ("starts_at", "3/9/2027 10:00", "'3/9/2027 10:00' is no date and time; write YYYY-MM-DDTHH:MM"),
    ("starts_at", "2027-03-09 10:00", "is no date and time"),
    ("starts_at", "2027-03-09", "is no date and time"),
    ("starts_at", "٢٠٢٧-03-09T10:00", "is no date and time"),
    ("starts_at", "2027-03-09T10:00Z", "carries an offset; write the clinic's wall clock"),
    ("starts_at", "2027-03-09T10:00-05:00", "carries an offset"),
    ("starts_at", "2027-02-29T10:00", "does not exist (day is out of range for month)"),
    ("starts_at", "2027-03-09T24:30", "does not exist (hour must be in 0..23)"),
    ("starts_at", "1999-12-31T10:00", "lies in the year 1999; years from 2000 to 2100 are read"),
    ("starts_at", "2101-01-01T10:00", "lies in the year 2101"),
    ("timezone", "America/NewYork", "'America/NewYork' is no time zone; did you mean America/New_York?"),
    ("timezone", "Los Angeles", "did you mean America/Los_Angeles?"),
    ("timezone", "../../etc/passwd", "is no time zone; write it as Continent/City"),
    ("patient_timezone", "Chicgo", "did you mean America/Chicago?"),
    ("patient_timezone", "localtime", "'localtime' is no time zone"),
    ("status", "", "the cell is blank"),
    (
        "status",
        "canceled",
        "'canceled' is no status; write one of booked, arrived, fulfilled, cancelled, noshow; is canc",
    ),
    ("status", "confirmed", "'confirmed' is no status"),
    ("phone", "555-0101", "'555-0101' is no valid phone number; write it with its area code"),
    ("phone", "12", "'12' is no valid phone number"),
    ("phone", "()", "'()' is no phone number"),
    ("phone", "1-800-FLOWERS", "'1-800-FLOWERS' is no phone number; write digits only"),
    ("phone", "2.12555E+09", "the spreadsheet turned the number into '2.12555E+09'; format the column as text"),
    ("phone", "12125550101.0", "the spreadsheet turned the number into '12125550101.0'"),
    ("phone", "+1 900 234 5678", "is a premium or service number"),
    ("phone", "+999123456789", "is no phone number"),
    ("email", "dana", "'dana' is no e-mail address"),
    ("email", "dana@example", "'dana@example' is no e-mail address"),
    ("email", "dana@@example.org", "is no e-mail address"),
    ("email", "dana rivers@example.org", "is no e-mail address"),
    ("email", "Dana <dana@example.org>", "is no e-mail address"),
    ("language", "English", "'English' is no language code; write en"),
    ("language", "xx", "'xx' is no language code; write two letters"),
    ("language", "en-", "'en-' is no language code"),
    ("duration_minutes", "0", "'0' is no duration; write whole minutes, 1 to 7200"),
    ("duration_minutes", "7201", "is no duration"),
    ("duration_minutes", "-60", "is no duration"),
    ("duration_minutes", "60.0", "is no duration"),
    ("duration_minutes", "1 hour", "is no duration"),
    ("appointment_type", "k\x07", "has a control character"),
    ("series_number", "2", "'2' stands without a series_id; name the series, or leave both blank"),
    ("consent_sms", "maybe", "'maybe' is neither yes nor no; write yes or no; blank is no"),
    ("consent_email", "1", "'1' is neither yes nor no"),
    ("escort_phone", "12345", "'12345' is no valid phone number"),
    ("escort_name", "S" * 201, "has 201 characters"),
]


@pytest.mark.parametrize(
    ("column", "cell", "phrase"), CELL_FAULTS, ids=[f"{column}-{cell[:25]!r}" for column, cell, _ in CELL_FAULTS]
)
def test_a_faulty_cell_is_one_line_and_costs_one_row(tmp_path: Path, column: str, cell: str, phrase: str) -> None:
    reading = read(tmp_path, as_text(OTHER, a_row(**{column: cell})))
    [fault] = reading.faults
    assert (fault.line, fault.column) == (3, column)
    assert str(fault).startswith(f"line 3, {column}: ")
    assert phrase in str(fault)
    assert [entry.external_id for _, entry in reading.entries] == ["B1"]


PAIRED_FAULTS = [
    ({"phone": "", "email": "", "consent_sms": "no", "consent_email": "no"}, "phone", "phone and email are both blank"),
    ({"phone": ""}, "consent_sms", "consent is yes and phone is blank; fill in phone, or write no"),
    ({"email": ""}, "consent_email", "consent is yes and email is blank"),
    ({"series_id": "S1", "series_number": "0"}, "series_number", "'0' is no place in a series"),
    ({"series_id": "S1", "series_number": "two"}, "series_number", "'two' is no place in a series"),
]


@pytest.mark.parametrize(("changes", "column", "phrase"), PAIRED_FAULTS)
def test_cells_that_need_each_other_are_looked_at_together(
    tmp_path: Path, changes: dict[str, str], column: str, phrase: str
) -> None:
    [fault] = read(tmp_path, as_text(a_row(**changes))).faults
    assert (fault.line, fault.column) == (2, column)
    assert phrase in str(fault)


def test_a_row_shows_all_its_faults_in_the_order_of_its_columns(tmp_path: Path) -> None:
    reading = read(tmp_path, as_text(a_row(status="here", phone="1", email="x", patient_name="", timezone="Mars")))
    assert [fault.column for fault in reading.faults] == ["patient_name", "phone", "email", "timezone", "status"]


def test_what_was_found_is_cut_and_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    [fault] = read(tmp_path, as_text(a_row(status="\x1b[31m" + "x" * 150))).faults
    assert "\x1b" not in str(fault)
    assert len(fault.found) < 80


SHAPE_FAULTS = [
    ("A1,P1,Dana", "", "too few cells: 3; the header has 19"),
    ("," * 19 + "x", "", "too many cells: 20; the header has 19"),
    ('A1,"Dana" Rivers,x', "", "text follows a closing quote; put the whole cell in quotes"),
    ('A1,P1,"Dana,x', "", 'a quote opens and is never closed; close it, or write ""'),
    ("A1," + "x" * 140_000, "", "a cell has more than 64 kB"),
    ("x" * 70_000 + "," * 18, "", "a cell has more than 64 kB"),
]


@pytest.mark.parametrize(("line", "column", "phrase"), SHAPE_FAULTS, ids=[line[:8] for line, _, _ in SHAPE_FAULTS])
def test_a_misshapen_line_costs_only_itself(tmp_path: Path, line: str, column: str, phrase: str) -> None:
    reading = read(tmp_path, as_text(a_row()) + line + "\n" + as_text(OTHER).split("\n", 1)[1])
    [fault] = reading.faults
    assert (fault.line, fault.column) == (3, column)
    assert phrase in str(fault)
    assert [(entry.external_id, entry.line) for _, entry in reading.entries] == [("A1", 2), ("B1", 4)]


def test_an_open_quote_does_not_swallow_the_rest_of_a_long_file(tmp_path: Path) -> None:
    rows = [a_row(external_id=f"B{n}", patient_id=f"Q{n}") for n in range(200)]
    reading = read(tmp_path, as_text() + '"A1,P1\n' + as_text(*rows).split("\n", 1)[1])
    [fault] = reading.faults
    assert "line 2: a quote opens and is never closed" in str(fault)
    assert len(reading.entries) == 200


def test_a_quote_that_swallowed_a_line_is_suspected_where_cells_are_missing(tmp_path: Path) -> None:
    [fault] = read(tmp_path, as_text() + 'A1,"Dana\nA2,Dana"\n').faults
    assert fault.line == 2
    assert "a quote may be missing" in fault.wanted


def test_letters_of_another_encoding_are_a_fault_of_their_row(tmp_path: Path) -> None:
    content = as_text(OTHER, a_row(patient_name="María")).encode("latin-1")
    reading = read(tmp_path, content)
    [fault] = reading.faults
    assert (fault.line, fault.column) == (3, "patient_name")
    assert "is not UTF-8; save the file as 'CSV UTF-8 (comma delimited)'" in str(fault)
    assert [entry.external_id for _, entry in reading.entries] == ["B1"]


def test_an_id_that_stands_twice_is_a_fault_that_names_both_lines(tmp_path: Path) -> None:
    reading = read(tmp_path, as_text(a_row(), OTHER, a_row(starts_at="2027-04-01T10:00")))
    [fault] = reading.faults
    assert (fault.line, fault.column) == (4, "external_id")
    assert "'A1' stands on line 2 and again on line 4" in str(fault)
    assert [entry.external_id for _, entry in reading.entries] == ["B1"]


def test_an_id_that_stands_twice_is_seen_beside_another_fault(tmp_path: Path) -> None:
    reading = read(tmp_path, as_text(a_row(), a_row(status="here")))
    assert [fault.column for fault in reading.faults] == ["external_id", "status"]
    assert reading.entries == ()


def test_one_id_in_two_clinics_is_no_fault(tmp_path: Path) -> None:
    defaults = with_clinics(east=NEW_YORK, west=NEW_YORK)
    reading = read(tmp_path, as_text(a_row(clinic="east"), a_row(clinic="west", patient_name="Somebody")), defaults)
    assert reading.faults == ()


def test_a_clinic_that_is_named_and_the_same_one_left_out_are_one_clinic(tmp_path: Path) -> None:
    reading = read(tmp_path, as_text(a_row(clinic="east"), a_row()), with_clinics(east=NEW_YORK))
    assert [fault.column for fault in reading.faults] == ["external_id"]


DISPUTES = [
    ("patient_name", "Dana Brook", "'Dana Brook' on line 4, 'Dana Rivers' on line 2"),
    ("phone", "+12125550102", "'+12125550102' on line 4, '+12125550101' on line 2"),
    ("email", "d@example.org", "'d@example.org' on line 4, 'dana@example.org' on line 2"),
    ("language", "es", "'es' on line 4, 'en' on line 2"),
    ("patient_timezone", "America/Chicago", "'America/Chicago' on line 4, blank on line 2"),
    ("consent_sms", "no", "'no' on line 4, 'yes' on line 2"),
    ("consent_email", "", "'no' on line 4, 'yes' on line 2"),
]


@pytest.mark.parametrize(("column", "cell", "phrase"), DISPUTES)
def test_rows_of_one_patient_that_disagree_name_both_lines_and_none_is_used(
    tmp_path: Path, column: str, cell: str, phrase: str
) -> None:
    third = a_row(external_id="A3", status="here")
    reading = read(tmp_path, as_text(a_row(), OTHER, a_row(external_id="A2", **{column: cell}), third))
    fault, _ = reading.faults
    assert (fault.line, fault.column) == (4, column)
    assert fault.found == phrase
    assert [entry.external_id for _, entry in reading.entries] == ["B1"]


@pytest.mark.parametrize(("clinic", "phrase"), [("", "the cell is blank"), ("north", "'north' is no clinic here")])
def test_with_several_clinics_each_row_names_a_known_one(tmp_path: Path, clinic: str, phrase: str) -> None:
    defaults = with_clinics(east=NEW_YORK, west=NEW_YORK)
    reading = read(tmp_path, as_text(a_row(clinic=clinic)), defaults)
    assert reading.faults == (Fault(2, "clinic", phrase, "write one of east, west"),)
    assert reading.entries == ()


def test_with_one_clinic_another_name_is_a_fault(tmp_path: Path) -> None:
    [fault] = read(tmp_path, as_text(a_row(clinic="north")), with_clinics(east=NEW_YORK)).faults
    assert fault.column == "clinic"


def test_the_file_of_faults_in_the_data_folder_gives_a_line_for_each() -> None:
    reading = CsvScheduleSource(DATA / "schedule_faults.csv", NEW_YORK).fetch()
    assert [fault.line for fault in reading.faults] == [*range(3, 23), 24, 25, 26, 27]
    assert len({fault.found for fault in reading.faults}) == len(reading.faults) - 2, "three cells are blank"
    assert [entry.external_id for _, entry in reading.entries] == ["F-27"]


UNREADABLE = [
    pytest.param(b"", ["the file is empty"], id="empty"),
    pytest.param(b"\n\n,,\n", ["the file is empty"], id="blank"),
    pytest.param(
        HEADER.encode("utf-16"), ["line 1: the file is UTF-16 text; save the file as 'CSV UTF-8"], id="utf-16"
    ),
    pytest.param(HEADER.encode("utf-16-le"), ["line 1: the file is no UTF-8 text"], id="utf-16 without a mark"),
    pytest.param(b"PK\x03\x04rest", ["line 1: the file is a workbook (.xlsx or .ods)"], id="workbook"),
    pytest.param(HEADER.replace(",", ";").encode(), ["separated by semicolons, not by commas"], id="semicolons"),
    pytest.param(HEADER.replace(",", "\t").encode(), ["separated by tabs, not by commas"], id="tabs"),
    pytest.param(",".join(GOOD.values()).encode(), ["line 1: no header found, but 'A1,P1,Dana Rivers"], id="no header"),
    pytest.param(b'"external_id,status\nx', ["line 1: a quote opens and is never closed"], id="open quote"),
    pytest.param(b"external_id,status,\xe9", ["line 1: the header is not UTF-8"], id="header of another encoding"),
    pytest.param((HEADER + ",phone,room,Room").encode(), ["names 'phone' 2 times", "names 'room' 2 times"], id="twice"),
    pytest.param((HEADER + ",x" * 182).encode(), ["201 columns; a schedule has at most 200"], id="too wide"),
    pytest.param(
        b"patient_id,patient name,starts_at",
        [
            "column external_id is missing",
            "column patient_name is missing (is it 'patient_name'?)",
            "column status is missing",
            "columns phone and email are missing",
        ],
        id="missing columns",
    ),
    pytest.param(b"x" * (32 * 1024 * 1024 + 1), ["larger than 32 MB"], id="too large"),
    pytest.param(HEADER.encode() + b"\nx" * 120_001, ["more than 120,000 rows"], id="too many rows"),
    pytest.param(HEADER.encode() + b'\nx,"a' * 120_001, ["more than 120,000 rows"], id="too many faults"),
    pytest.param(HEADER.encode() + b"\n" * 1_048_577, ["more than 1,048,576 lines"], id="too many lines"),
]


@pytest.mark.parametrize(("content", "phrases"), UNREADABLE)
def test_a_file_that_cannot_be_understood_says_why_in_a_line_each(
    tmp_path: Path, content: bytes, phrases: list[str]
) -> None:
    with pytest.raises(ScheduleError) as caught:
        read(tmp_path, content)
    assert len(caught.value.faults) == len(phrases)
    for fault, phrase in zip(caught.value.faults, phrases, strict=True):
        assert phrase in fault
        assert "\n" not in fault


def test_fifty_thousand_rows_are_read(tmp_path: Path) -> None:
    assert len(read(tmp_path, HEADER + "\nx" * 50_000).faults) == 50_000


def test_several_clinics_need_the_column(tmp_path: Path) -> None:
    text = as_text(a_row(), header=HEADER.removesuffix(",clinic"))
    with pytest.raises(ScheduleError, match="line 1: column clinic is missing; there are several: east, west"):
        read(tmp_path, text, with_clinics(east=NEW_YORK, west=NEW_YORK))


def test_a_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "nothing.csv"
    with pytest.raises(ScheduleError, match="cannot be read: No such file or directory"):
        CsvScheduleSource(path, NEW_YORK).fetch()


def test_a_folder_is_no_schedule(tmp_path: Path) -> None:
    with pytest.raises(ScheduleError, match="Is a directory"):
        CsvScheduleSource(tmp_path, NEW_YORK).fetch()


def test_a_path_that_cannot_be_is_a_fault_too() -> None:
    with pytest.raises(ScheduleError, match="null byte"):
        CsvScheduleSource(Path("a\x00b"), NEW_YORK).fetch()
