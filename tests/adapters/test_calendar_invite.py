"""Calendar entries, read back by the library and as text."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from icalendar import Calendar

from reminders.adapters.calendar_invite import invite
from reminders.core.calendar_entries import CalendarEntry

START = datetime(2027, 3, 1, 9, tzinfo=timezone(timedelta(hours=-5)))


def an_invite(
    *,
    sequence: int = 1,
    organizer: str = "desk@clinic.example",
    location: str = "1 Main St",
    is_cancelled: bool = False,
) -> str:
    entry = CalendarEntry(
        uid="a1@clinic.example",
        starts_at=START,
        ends_at=START + timedelta(hours=2),
        summary="Riverside Clinic; you, é",
        location=location,
        organizer=organizer,
        sequence=sequence,
        is_cancelled=is_cancelled,
    )
    return invite(entry)


def test_an_entry_reads_back_as_it_was_meant() -> None:
    text = an_invite(sequence=4)
    read = Calendar.from_ical(text)
    assert isinstance(read, Calendar)
    [event] = read.events

    assert (str(read["METHOD"]), str(event["STATUS"]), event["SEQUENCE"]) == ("REQUEST", "CONFIRMED", 4)
    assert str(event["UID"]) == "a1@clinic.example"
    assert str(event["SUMMARY"]) == "Riverside Clinic; you, é"
    assert str(event["LOCATION"]) == "1 Main St"
    assert "DTSTART:20270301T140000Z\r\n" in text
    assert "DTEND:20270301T160000Z\r\n" in text


def test_a_cancellation_says_so_in_method_and_status() -> None:
    text = an_invite(is_cancelled=True)

    assert "METHOD:CANCEL\r\n" in text
    assert "STATUS:CANCELLED\r\n" in text


def test_the_same_version_makes_the_same_text_and_a_later_one_a_later_stamp() -> None:
    assert an_invite() == an_invite()
    assert stamp(an_invite(sequence=9)) < stamp(an_invite(sequence=10))


def stamp(text: str) -> str:
    [line] = [line for line in text.splitlines() if line.startswith("DTSTAMP:")]
    return line


@pytest.mark.parametrize(
    ("organizer", "wanted"),
    [
        ("desk@clinic.example", "ORGANIZER:mailto:desk@clinic.example"),
        ("Riverside <desk@clinic.example>", "ORGANIZER;CN=Riverside:mailto:desk@clinic.example"),
        ("Riverside Clinic", 'ORGANIZER;CN="Riverside Clinic":invalid:nomail'),
    ],
)
def test_an_organizer_is_an_address_a_name_or_both(organizer: str, wanted: str) -> None:
    assert wanted in an_invite(organizer=organizer).replace("\r\n ", "").replace('CN="Riverside":', "CN=Riverside:")


def test_lines_end_as_mail_servers_want_them_and_no_place_is_no_line() -> None:
    text = an_invite(location="")

    assert "LOCATION" not in text
    assert text.count("\n") == text.count("\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
