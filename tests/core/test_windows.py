"""Requirements 4, 7 and 8: civil time across clock changes, send windows, and where a due time goes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.windows import (
    DEFAULT_WINDOW,
    Opening,
    SendWindow,
    civil,
    closes_at,
    from_local,
    is_open,
    local_day,
    next_opening,
    place,
)
from tests.builders import NEW_YORK, local, shown

NY = ZoneInfo(NEW_YORK)
NIGHT = SendWindow(((Opening(time(20), time(2)),),) * 7)
LUNCH_BREAK = SendWindow(((Opening(time(14), time(18)), Opening(time(9), time(12))),) * 7)
NEVER_OPEN = SendWindow(((),) * 7)
ZONES = [
    NEW_YORK,
    "America/Phoenix",
    "America/St_Johns",
    "America/Santiago",
    "Europe/Dublin",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "UTC",
]

zones = st.one_of(st.sampled_from(ZONES), st.sampled_from(sorted(available_timezones()))).map(ZoneInfo)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31)).map(  # noqa: DTZ001 - hypothesis bounds are naive
    lambda naive: naive.replace(tzinfo=UTC, microsecond=0)
)
openings = st.builds(
    Opening,
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
)
windows = st.lists(st.lists(openings, max_size=2).map(tuple), min_size=7, max_size=7).map(
    lambda days: SendWindow(tuple(days))
)
ALWAYS_OPEN = SendWindow(((Opening(time(0), time(0)),),) * 7)


# ----- civil time


@pytest.mark.parametrize(
    ("zone", "wall", "instant"),
    [
        (NEW_YORK, "2027-03-14 02:30", "2027-03-14T07:00:00+00:00"),  # does not exist: forward to 03:00
        (NEW_YORK, "2027-03-14 02:00", "2027-03-14T07:00:00+00:00"),
        (NEW_YORK, "2027-03-14 01:59", "2027-03-14T06:59:00+00:00"),
        (NEW_YORK, "2027-03-14 03:00", "2027-03-14T07:00:00+00:00"),
        (NEW_YORK, "2027-11-07 01:30", "2027-11-07T05:30:00+00:00"),  # twice: the first
        (NEW_YORK, "2027-11-07 02:00", "2027-11-07T07:00:00+00:00"),
        ("Australia/Lord_Howe", "2027-10-03 02:15", "2027-10-02T15:30:00+00:00"),  # a gap of half an hour
        ("Australia/Lord_Howe", "2027-04-04 01:45", "2027-04-03T14:45:00+00:00"),  # a fold of half an hour
        ("Asia/Kolkata", "2027-03-14 02:30", "2027-03-13T21:00:00+00:00"),
        ("America/Phoenix", "2027-03-14 02:30", "2027-03-14T09:30:00+00:00"),
        ("Asia/Beirut", "2027-03-28 00:00", "2027-03-27T22:00:00+00:00"),  # midnight itself is missing
    ],
)
def test_a_missing_civil_time_moves_forward_and_a_double_one_is_the_first(zone: str, wall: str, instant: str) -> None:
    naive = datetime.fromisoformat(wall)
    assert from_local(naive, ZoneInfo(zone)).isoformat() == instant


@given(naive=st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31)), tz=zones)  # noqa: DTZ001 - as above
def test_a_civil_time_is_read_back_as_itself_or_is_the_end_of_a_gap(naive: datetime, tz: ZoneInfo) -> None:
    naive = naive.replace(microsecond=0)
    found = from_local(naive, tz)
    wall = found.astimezone(tz).replace(tzinfo=None)
    before = (found - timedelta(seconds=1)).astimezone(tz).replace(tzinfo=None)
    assert wall == naive or before < naive < wall
    assert found.tzinfo is UTC


@given(at=instants, tz=zones)
def test_of_two_instants_with_one_wall_time_the_first_is_meant(at: datetime, tz: ZoneInfo) -> None:
    assert from_local(at.astimezone(tz).replace(tzinfo=None), tz) <= at


def _clock_changes(tz: ZoneInfo) -> Iterator[datetime]:
    """Yield the first instants of a new offset, to the second."""
    some_days, low = timedelta(days=20), datetime(2026, 1, 1, tzinfo=UTC)  # less than Ramadan, when some clocks change
    while low.year <= 2030:
        high = low + some_days
        if low.astimezone(tz).utcoffset() != high.astimezone(tz).utcoffset():
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                middle -= timedelta(microseconds=middle.microsecond)
                is_before = middle.astimezone(tz).utcoffset() == low.astimezone(tz).utcoffset()
                low, high = (middle, high) if is_before else (low, middle)
            yield high
        low = high


@given(tz=zones)
def test_every_clock_change_of_a_zone_until_2030_is_read_right(tz: ZoneInfo) -> None:
    second = timedelta(seconds=1)
    for change in _clock_changes(tz):
        last = (change - second).astimezone(tz).replace(tzinfo=None)
        first = change.astimezone(tz).replace(tzinfo=None)
        assert from_local(last, tz) == change - second
        if first > last:  # a gap: what is inside does not exist
            assert from_local(last + second, tz) == from_local(first - second, tz) == from_local(first, tz) == change
        else:  # a fold: what is inside happens twice, and what follows it once
            assert from_local(first, tz) == change - (last - first) - second
            assert from_local(last + second, tz) == change + (last - first) + second


# ----- windows


def test_a_window_without_seven_days_is_refused() -> None:
    with pytest.raises(ValueError, match="7 days, not 2"):
        SendWindow(((), ()))


@pytest.mark.parametrize("day", range(1, 8))
def test_the_default_window_is_nine_to_twenty_and_from_noon_on_sunday(day: int) -> None:
    on = date(2027, 3, day)  # 1 March 2027 is a Monday
    opens = 12 if on.weekday() == 6 else 9
    for hour in range(24):
        assert is_open(civil(on, time(hour), NY), NY, DEFAULT_WINDOW) is (opens <= hour < 20)


def test_a_window_is_half_open() -> None:
    assert is_open(local("2027-03-02 09:00"), NY, DEFAULT_WINDOW)
    assert is_open(local("2027-03-02 19:59"), NY, DEFAULT_WINDOW)
    assert not is_open(local("2027-03-02 20:00"), NY, DEFAULT_WINDOW)


@pytest.mark.parametrize(
    ("wall", "expected"), [("19:59", False), ("20:00", True), ("23:59", True), ("01:59", True), ("02:00", False)]
)
def test_a_window_may_cross_midnight(wall: str, *, expected: bool) -> None:
    assert is_open(local(f"2027-03-02 {wall}"), NY, NIGHT) is expected


def _opening_after(wall: str, window: SendWindow = DEFAULT_WINDOW) -> str:
    found = next_opening(local(wall), NY, window)
    assert found is not None
    return shown(found)


def test_the_next_opening_skips_the_night_and_sunday_morning() -> None:
    assert _opening_after("2027-03-02 21:00") == "2027-03-03 09:00"
    assert _opening_after("2027-03-06 20:00") == "2027-03-07 12:00"
    assert _opening_after("2027-03-07 12:00") == "2027-03-07 12:00"


def test_the_next_opening_is_found_though_a_day_lists_its_spans_out_of_order() -> None:
    assert _opening_after("2027-03-02 08:00", LUNCH_BREAK) == "2027-03-02 09:00"
    assert _opening_after("2027-03-02 12:00", LUNCH_BREAK) == "2027-03-02 14:00"


def test_a_span_inside_the_spring_gap_does_not_happen_that_day() -> None:
    window = SendWindow(((Opening(time(2, 15), time(2, 45)),),) * 7)
    found = next_opening(local("2027-03-14 00:00"), NY, window)
    assert found is not None
    assert shown(found) == "2027-03-15 02:15"
    assert is_open(found, NY, window)


def test_a_window_that_never_opens_has_no_next_opening_and_one_always_open_no_quiet_hours() -> None:
    at = local("2027-03-02 03:00")
    assert next_opening(at, NY, NEVER_OPEN) is None
    assert next_opening(at, NY, ALWAYS_OPEN) == at


@given(at=instants, tz=zones, window=windows)
def test_the_next_opening_is_open_and_nothing_before_it_is(at: datetime, tz: ZoneInfo, window: SendWindow) -> None:
    found = next_opening(at, tz, window)
    if found is None:
        assert not any(is_open(at + timedelta(hours=hour), tz, window) for hour in range(0, 8 * 24, 5))
        return
    assert found >= at
    assert is_open(found, tz, window)
    assert (found == at) is is_open(at, tz, window)
    if found > at:
        assert not any(is_open(at + (found - at) * part / 7, tz, window) for part in range(7))
        assert not is_open(found - timedelta(seconds=1), tz, window)


@given(at=instants, tz=zones, window=windows)
def test_a_window_closes_after_it_is_open_and_not_otherwise(at: datetime, tz: ZoneInfo, window: SendWindow) -> None:
    closing = closes_at(at, tz, window)
    assert (closing is not None) is is_open(at, tz, window)
    assert closing is None or closing > at


def test_at_its_closing_a_window_is_closed() -> None:
    assert closes_at(local("2027-03-02 19:59"), NY, DEFAULT_WINDOW) == local("2027-03-02 20:00")
    assert closes_at(local("2027-03-02 20:00"), NY, DEFAULT_WINDOW) is None


# ----- placing a due time


def _placed(due: str, expires: str, now: str, zone: str = NEW_YORK) -> str | None:
    found = place(local(due), expires=local(expires), now=local(now), tz=ZoneInfo(zone), window=DEFAULT_WINDOW)
    return None if found is None else shown(found)


@pytest.mark.parametrize(
    ("due", "expires", "now", "expected"),
    [
        ("2027-03-02 10:00", "2027-03-03 01:00", "2027-03-01 08:00", "2027-03-02 10:00"),  # inside: stays
        ("2027-03-02 07:00", "2027-03-02 12:00", "2027-03-01 08:00", "2027-03-02 09:00"),  # forward to the opening
        ("2027-03-02 21:00", "2027-03-03 12:00", "2027-03-01 08:00", "2027-03-03 09:00"),  # over the night
        ("2027-03-07 10:00", "2027-03-07 18:00", "2027-03-01 08:00", "2027-03-07 12:00"),  # Sunday from noon
        ("2027-03-02 22:00", "2027-03-03 06:00", "2027-03-01 08:00", "2027-03-02 19:00"),  # back: 60 min before closing
        (
            "2027-03-02 22:00",
            "2027-03-03 09:00",
            "2027-03-01 08:00",
            "2027-03-02 19:00",
        ),  # opening is not before expiry
        ("2027-03-07 10:00", "2027-03-07 12:00", "2027-03-01 08:00", "2027-03-06 19:00"),  # back to Saturday
        ("2027-03-03 10:00", "2027-03-03 09:30", "2027-03-01 08:00", "2027-03-02 19:00"),  # due after its own expiry
        ("2027-03-03 10:00", "2027-03-03 09:30", "2027-03-02 19:30", "2027-03-02 19:30"),  # never before now
        ("2027-03-03 10:00", "2027-03-03 09:30", "2027-03-03 09:10", "2027-03-03 09:10"),  # now itself serves
        ("2027-03-03 10:00", "2027-03-03 09:30", "2027-03-03 09:30", None),  # over just now
        ("2027-03-02 22:00", "2027-03-02 20:00", "2027-03-01 08:00", "2027-03-02 19:00"),  # a closing may be the end
        ("2027-03-02 10:00", "2027-03-03 01:00", "2027-03-02 15:00", "2027-03-02 15:00"),  # overdue: now
        ("2027-03-02 10:00", "2027-03-03 01:00", "2027-03-02 20:00", None),  # too late today, useless tomorrow
        ("2027-03-02 10:00", "2027-03-03 01:00", "2027-03-03 02:00", None),  # over
        ("2027-03-03 10:00", "2027-03-03 08:30", "2027-03-03 07:00", None),  # quiet until after expiry
    ],
)
def test_a_due_time_moves_into_the_window_forward_if_useful_else_back(
    due: str, expires: str, now: str, expected: str | None
) -> None:
    assert _placed(due, expires, now) == expected


def test_back_goes_no_further_than_the_opening_of_a_short_window() -> None:
    window = SendWindow(((Opening(time(12), time(12, 30)),),) * 7)
    due, expires = local("2027-03-02 15:00"), local("2027-03-02 16:00")
    found = place(due, expires=expires, now=local("2027-03-01 08:00"), tz=NY, window=window)
    assert found is not None
    assert shown(found) == "2027-03-02 12:00"


def test_quiet_hours_are_those_of_the_zone_that_is_asked_for() -> None:
    # 10:00 in New York is 07:00 in Los Angeles, where the window opens at noon New York time.
    assert _placed("2027-03-02 10:00", "2027-03-03 01:00", "2027-03-01 08:00", "America/Los_Angeles") == (
        "2027-03-02 12:00"
    )


@given(
    due=instants,
    life=st.integers(-72, 200).map(lambda hours: timedelta(hours=hours)),
    lead=st.integers(-100, 100).map(lambda hours: timedelta(hours=hours)),
    tz=zones,
    window=windows,
)
def test_a_placed_time_is_open_not_past_and_before_expiry(
    due: datetime, life: timedelta, lead: timedelta, tz: ZoneInfo, window: SendWindow
) -> None:
    now, expires = due - lead, due + life
    found = place(due, expires=expires, now=now, tz=tz, window=window)
    if found is None:
        # Nothing is dropped that could go where it stands.
        assert not (now <= due < expires and is_open(due, tz, window))
        return
    assert now <= found < expires
    assert is_open(found, tz, window)


@given(at=instants, tz=zones)
def test_a_placed_time_moves_only_if_it_must(at: datetime, tz: ZoneInfo) -> None:
    found = place(at, expires=at + timedelta(hours=1), now=at - timedelta(days=1), tz=tz, window=DEFAULT_WINDOW)
    assert (found == at) is is_open(at, tz, DEFAULT_WINDOW)


def test_the_local_day_is_the_day_on_the_wall() -> None:
    at = datetime(2027, 3, 2, 3, 0, tzinfo=UTC)
    assert local_day(at, NY) == date(2027, 3, 1)
    assert local_day(at, ZoneInfo("Asia/Kolkata")) == date(2027, 3, 2)
