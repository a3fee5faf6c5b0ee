"""The schedule as a CSV file: nothing that a file can hold gets past the two ways of saying no."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from reminders.adapters.schedule_csv import cells
from reminders.adapters.schedule_csv.cells import WrongCellError
from reminders.core.errors import ScheduleError
from reminders.ports import ScheduleReading
from tests.adapters.csv_files import GOOD, HEADER, a_row, as_text, read

MODEST = settings(max_examples=60, deadline=None, database=None, derandomize=True)
ODD = st.sampled_from(['"', ",", "\n", "\r", "\x00", "\ufeff", "\u202e", "9", "+1", "T", "-", "@", "é", "٣", "=", " "])
ODD_CELL = st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.lists(ODD).map("".join))


def attempt(content: bytes) -> ScheduleReading | None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            return read(Path(folder), content)
        except ScheduleError:
            return None


@MODEST
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    attempt(content)


@MODEST
@given(st.binary(max_size=400))
def test_any_bytes_under_a_header_give_faults_with_lines(content: bytes) -> None:
    reading = attempt(HEADER.encode() + b"\n" + content)
    assert reading is not None
    assert all(fault.line >= 2 for fault in reading.faults)


@MODEST
@given(st.sampled_from(HEADER.split(",")), ODD_CELL)
def test_any_text_in_a_cell_is_a_value_or_a_fault_and_never_harms_the_neighbours(column: str, cell: str) -> None:
    other = a_row(external_id="other", patient_id="other")
    reading = attempt(as_text(a_row(**{column: cell}), other).encode())
    assert reading is not None
    assert "other" in {entry.external_id for _, entry in reading.entries}
    assert all(fault.line == 2 for fault in reading.faults)
    assert len(reading.entries) == (1 if reading.faults else 2)


@MODEST
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(GOOD, ODD_CELL)))
def test_faults_are_single_lines_that_a_terminal_can_show(changes: dict[str, str]) -> None:
    reading = attempt(as_text(a_row(**changes)).encode())
    assert reading is not None
    assert all(str(fault).isprintable() for fault in reading.faults)


def outcome(read: Callable[[], str]) -> str:
    try:
        return read()
    except WrongCellError:
        return "wrong"


@MODEST
@given(st.from_regex(cells.AMERICAN, fullmatch=True))
def test_a_plain_number_reads_as_the_same_number_with_signs(cell: str) -> None:
    spaced = f"{cell[:2]} ({cell[2:5]}) {cell[5:]}"
    assert outcome(lambda: cells.phone(cell, "US")) == outcome(lambda: cells.phone(spaced, "DE"))


@MODEST
@given(st.from_regex(cells.PLAIN_MAILBOX, fullmatch=True))
def test_a_plain_mailbox_reads_as_the_library_reads_it(cell: str) -> None:
    def whole() -> str:
        try:
            return validate_email(cell, check_deliverability=False, allow_smtputf8=False).normalized
        except EmailNotValidError:
            return "wrong"

    assert outcome(lambda: cells.email(cell)) == whole()


AMERICAN_PATTERNS = sorted(
    {
        kind.national_number_pattern
        for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[cells.AMERICA]
        if (about := phonenumbers.PhoneMetadata.metadata_for_region(region)) is not None
        for kind in (
            *(about.fixed_line, about.mobile, about.toll_free, about.premium_rate, about.shared_cost),
            *(about.personal_number, about.voip, about.pager, about.uan, about.voicemail),
        )
        if kind is not None and kind.national_number_pattern is not None
    }
)


@settings(MODEST, max_examples=300)
@given(
    st.one_of(
        st.sampled_from(AMERICAN_PATTERNS).flatmap(
            lambda pattern: st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True)
        ),
        st.from_regex(re.compile(r"[2-9][0-9]{9}"), fullmatch=True),
    ),
    st.integers(0, 999),
)
def test_all_numbers_of_an_american_block_are_of_one_kind(national: str, last: int) -> None:
    cell = f"+1{national[: -cells.BLOCK]}{last:0{cells.BLOCK}}"
    found = phonenumbers.parse(cell)
    kind = phonenumbers.number_type(found)
    if kind == phonenumbers.PhoneNumberType.UNKNOWN or kind in cells.PAID_BY_CALLER:
        assert outcome(lambda: cells.phone(cell, "US")) == "wrong"
    else:
        whole = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
        assert outcome(lambda: cells.phone(cell, "US")) == whole
