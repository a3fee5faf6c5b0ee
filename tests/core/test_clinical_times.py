"""Times in texts: when to come, to stop eating and to drive again, always on the safe side (requirement 5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from reminders.core.content import appointment_values
from tests.builders import a_clinic, an_appointment, local


def _values(start: str, *, minutes: int = 60, ended: str | None = None, language: str = "en") -> Mapping[str, str]:
    visit = an_appointment(
        local(start), duration=timedelta(minutes=minutes), ended_at=None if ended is None else local(ended)
    )
    return appointment_values(visit, a_clinic(), language=language)


def test_what_a_patient_reads_about_a_session() -> None:
    values = _values("2027-03-16 09:00")
    assert values["when"] == "Tue Mar 16, 9:00 AM"
    assert values["arrive_at"] == "8:45 AM"
    assert values["pick_up_at"] == "10:40 AM"
    assert values["solids_until"] == "Tue Mar 16, 1:00 AM"
    assert values["liquids_until"] == "Tue Mar 16, 7:00 AM"
    assert values["drive_after"] == "Wed Mar 17, 10:45 AM"


def test_times_in_spanish_are_on_a_24_hour_clock() -> None:
    values = _values("2027-03-16 15:00", language="es")
    assert values["when"] == "mar 16 mar, 15:00"
    assert values["liquids_until"] == "mar 16 mar, 13:00"


@pytest.mark.parametrize(
    ("start", "solids"),
    [
        ("2027-03-14 09:00", "midnight (Sat to Sun Mar 14)"),  # an hour is missing: earlier on the wall
        ("2027-11-07 09:00", "Sun Nov 7, 1:00 AM"),  # the second 1:00; who stops at the first is safe
        ("2027-11-07 08:30", "Sun Nov 7, 12:45 AM"),  # the first 1:30: the second would be too late
        ("2027-03-16 09:10", "Tue Mar 16, 1:00 AM"),  # 1:10, and eating ends earlier
        ("2027-03-16 03:00", "Mon Mar 15, 7:00 PM"),
    ],
)
def test_the_fast_begins_on_the_safe_side_and_names_its_day(start: str, solids: str) -> None:
    assert _values(start)["solids_until"] == solids


@pytest.mark.parametrize(
    ("start", "ended", "drive"),
    [
        ("2027-03-16 09:00", "2027-03-16 11:01", "Wed Mar 17, 11:15 AM"),
        ("2027-03-16 09:00", "2027-03-16 11:00", "Wed Mar 17, 11:00 AM"),
        ("2027-03-13 09:00", "2027-03-13 11:00", "Sun Mar 14, noon"),
        ("2027-11-06 09:00", "2027-11-06 11:00", "Sun Nov 7, 10:00 AM"),
        ("2027-11-05 23:00", "2027-11-06 01:30", "Sun Nov 7, 1:30 AM"),  # the first 1:30
        ("2027-11-06 00:00", "2027-11-06 02:15", "Sun Nov 7, 2:00 AM"),  # the second 1:15: the first is too early
    ],
)
def test_the_driving_ban_lasts_a_whole_day_of_real_time_and_is_rounded_up(start: str, ended: str, drive: str) -> None:
    assert _values(start, ended=ended)["drive_after"] == drive


def test_a_pick_up_after_midnight_names_its_day() -> None:
    assert _values("2027-03-16 21:00", minutes=240)["pick_up_at"] == "Wed Mar 17, 2:00 AM"
