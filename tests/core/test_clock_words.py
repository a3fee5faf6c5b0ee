"""Times in words: safe however they are read, and short where there are many (requirement 5, domain E)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.clock_words import QUARTER, brief_moment, clock, moment, moments, not_after, not_before
from tests.builders import NEW_YORK, local

TZ = ZoneInfo(NEW_YORK)
ZONES = sorted(available_timezones() - {"Factory", "localtime"})
LONGEST_REPEAT = timedelta(hours=2)
"""Troll Station turns its clock back by two hours."""
TURNING_BACK = (
    ("America/New_York", datetime(2027, 11, 7, 6, 0, tzinfo=UTC)),
    ("Europe/Madrid", datetime(2027, 10, 31, 1, 0, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2027, 4, 3, 15, 0, tzinfo=UTC)),
    ("Antarctica/Troll", datetime(2027, 10, 31, 1, 0, tzinfo=UTC)),
    ("America/Havana", datetime(2027, 11, 7, 5, 0, tzinfo=UTC)),
    ("America/Santiago", datetime(2027, 4, 4, 3, 0, tzinfo=UTC)),
)
SOME_INSTANT = st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is the strategy's
NEAR_A_CHANGE = st.tuples(st.sampled_from(TURNING_BACK), st.integers(min_value=-5 * 3600, max_value=5 * 3600)).map(
    lambda drawn: (drawn[0][0], drawn[0][1] + timedelta(seconds=drawn[1]))
)
ANY = st.one_of(NEAR_A_CHANGE, st.tuples(st.sampled_from(ZONES), SOME_INSTANT))


def _readings(at: datetime, tz: ZoneInfo) -> list[datetime]:
    """Every instant, found by looking at each quarter around, that a wall clock shows as it shows `at`."""
    shown = at.astimezone(tz).replace(tzinfo=None)
    around = (at + quarter * QUARTER for quarter in range(-16, 17))
    return [other for other in around if other.astimezone(tz).replace(tzinfo=None) == shown]


@given(ANY)
def test_who_stops_eating_at_the_printed_time_never_stops_too_late(drawn: tuple[str, datetime]) -> None:
    tz, at = ZoneInfo(drawn[0]), drawn[1]
    printed = not_after(at, tz)
    assert max(_readings(printed, tz)) <= at
    assert at - printed < LONGEST_REPEAT + QUARTER


@given(ANY)
def test_who_drives_at_the_printed_time_never_drives_too_early(drawn: tuple[str, datetime]) -> None:
    tz, at = ZoneInfo(drawn[0]), drawn[1]
    printed = not_before(at, tz)
    assert min(_readings(printed, tz)) >= at
    assert printed - at < LONGEST_REPEAT + QUARTER


@pytest.mark.parametrize(
    ("at", "eat_until", "drive_from"),
    [  # 1:00 to 2:00 in the night of 7 November 2027 comes twice: at 5:00 and at 6:00 UTC
        ("04:50", "12:45 AM", "1:00 AM"),
        ("05:00", "12:45 AM", "1:00 AM"),
        ("05:30", "12:45 AM", "1:30 AM"),
        ("05:59", "12:45 AM", "2:00 AM"),
        ("06:00", "1:00 AM", "2:00 AM"),
        ("06:20", "1:15 AM", "2:00 AM"),
        ("07:00", "2:00 AM", "2:00 AM"),
    ],
)
def test_the_hour_that_comes_twice_is_printed_so_that_either_reading_is_safe(
    at: str, eat_until: str, drive_from: str
) -> None:
    instant = datetime.fromisoformat(f"2027-11-07T{at}+00:00")
    assert moment(not_after(instant, TZ), TZ, "en") == f"Sun Nov 7, {eat_until}"
    assert moment(not_before(instant, TZ), TZ, "en") == f"Sun Nov 7, {drive_from}"


@pytest.mark.parametrize(
    ("at", "english", "short", "spanish"),
    [
        ("00:00", "midnight (Mon to Tue Mar 16)", "midnight Mon/Tue", "medianoche (lun a mar 16 mar)"),
        ("00:30", "Tue Mar 16, 12:30 AM", "Tue 12:30 AM", "mar 16 mar, 0:30"),
        ("09:05", "Tue Mar 16, 9:05 AM", "Tue 9:05 AM", "mar 16 mar, 9:05"),
        ("12:00", "Tue Mar 16, noon", "Tue noon", "mar 16 mar, 12:00"),
        ("12:30", "Tue Mar 16, 12:30 PM", "Tue 12:30 PM", "mar 16 mar, 12:30"),
        ("23:59", "Tue Mar 16, 11:59 PM", "Tue 11:59 PM", "mar 16 mar, 23:59"),
    ],
)
def test_noon_and_midnight_cannot_be_taken_for_each_other(at: str, english: str, short: str, spanish: str) -> None:
    instant = local(f"2027-03-16 {at}")
    assert moment(instant, TZ, "en") == english
    assert brief_moment(instant, TZ, "en") == short
    assert moment(instant, TZ, "es") == spanish
    assert brief_moment(instant, TZ, "es") == f"mar {clock(instant, TZ, 'es')}"


@pytest.mark.parametrize(
    ("starts", "english", "spanish"),
    [
        (["22 09:00"], "Mon Mar 22, 9:00 AM", "lun 22 mar, 9:00"),
        (
            ["22 09:00", "23 09:00", "24 10:00"],
            "Mon Mar 22, 9:00 AM; Tue Mar 23, 9:00 AM; Wed Mar 24, 10:00 AM",
            "lun 22 mar, 9:00; mar 23 mar, 9:00; mié 24 mar, 10:00",
        ),
        (
            ["22 09:00", "23 09:00", "24 09:00", "25 09:00", "26 09:00"],
            "Mon Mar 22 to Fri Mar 26, 9:00 AM each day",
            "lun 22 mar a vie 26 mar, 9:00 cada dia",
        ),
        (
            ["22 09:00", "24 09:00", "26 09:00", "29 09:00"],
            "Mon Mar 22, Wed 24, Fri 26, Mon 29, 9:00 AM",
            "lun 22 mar, mié 24, vie 26, lun 29, 9:00",
        ),
        (
            ["22 09:00", "23 09:00", "24 09:00", "25 13:00", "29 09:00", "31 09:00"],
            "Mon Mar 22 to Wed Mar 24, 9:00 AM each day; Thu Mar 25, 1:00 PM; Mon Mar 29, Wed 31, 9:00 AM",
            "lun 22 mar a mié 24 mar, 9:00 cada dia; jue 25 mar, 13:00; lun 29 mar, mié 31, 9:00",
        ),
    ],
)
def test_many_sessions_are_named_briefly(starts: list[str], english: str, spanish: str) -> None:
    times = [local(f"2027-03-{start}").astimezone(TZ) for start in starts]
    assert moments(reversed(times), "en") == english
    assert moments(times, "es") == spanish


def test_a_run_over_a_clock_change_keeps_its_time_of_day_and_the_next_month_is_named() -> None:
    times = [local(f"2027-{day} 09:00").astimezone(TZ) for day in ("11-05", "11-06", "11-07", "11-08")]
    assert moments(times, "en") == "Fri Nov 5 to Mon Nov 8, 9:00 AM each day"
    apart = [local(f"2027-{day} 09:00").astimezone(TZ) for day in ("03-26", "03-29", "03-31", "04-02")]
    assert moments(apart, "en") == "Fri Mar 26, Mon 29, Wed 31, Fri Apr 2, 9:00 AM"
