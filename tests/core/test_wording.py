"""Times as staff read them: by their clinic's clock on pages, by that of tables elsewhere."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

import pytest

from reminders.core.wording import StaffClock, dated_time, day_and_time, time_of_day
from tests.builders import NEW_YORK, local

TZ = ZoneInfo(NEW_YORK)


@pytest.mark.parametrize(
    ("civil", "language", "near", "far"),
    [
        ("2027-03-16 14:05", "en", "Tue Mar 16, 2:05 PM", "Tue Mar 16 2027, 2:05 PM"),
        ("2027-03-16 14:05", "en-US", "Tue Mar 16, 2:05 PM", "Tue Mar 16 2027, 2:05 PM"),
        ("2027-03-16 14:05", "es", "Tue 16 Mar, 14:05", "Tue 16 Mar 2027, 14:05"),
        ("2027-03-16 14:05", "", "Tue 16 Mar 14:05", "Tue 16 Mar 2027 14:05"),
        ("2027-03-16 12:00", "en", "Tue Mar 16, noon", "Tue Mar 16 2027, noon"),
        ("2027-03-16 00:00", "en", "midnight (Mon to Tue Mar 16)", "midnight (Mon to Tue Mar 16 2027)"),
        ("2027-03-16 00:00", "es", "midnight (Mon to Tue 16 Mar)", "midnight (Mon to Tue 16 Mar 2027)"),
        ("2027-03-16 00:00", "", "Tue 16 Mar 00:00", "Tue 16 Mar 2027 00:00"),
    ],
)
def test_a_clinics_language_decides_how_its_staff_are_told_times(
    civil: str, language: str, near: str, far: str
) -> None:
    at = local(civil)
    assert (day_and_time(at, TZ, language), dated_time(at, TZ, language)) == (near, far)
    clock = StaffClock(TZ, language)
    assert (clock.moment(at), clock.dated(at)) == (near, far)


def test_a_time_alone_and_a_day_alone_follow_the_same_language() -> None:
    assert [time_of_day(time(18, 30), language) for language in ("en", "es", "")] == ["6:30 PM", "18:30", "18:30"]
    at = local("2027-03-16 18:30")
    assert [StaffClock(TZ, language).date(at) for language in ("en", "es")] == ["Mar 16", "16 Mar"]
