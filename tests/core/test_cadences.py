"""The default cadence on fixed dates: when each step falls due and until when it is useful (requirements 4, 5, 13)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.cadences import (
    DEFAULT_CADENCE,
    DEFAULT_STEPS,
    Anchor,
    Anchors,
    Civil,
    Elapsed,
    QuestionKind,
    anchors,
    instant,
)
from reminders.core.clock_words import quarter_after, quarter_before
from reminders.core.patients import Channel, Recipient
from reminders.core.windows import from_local
from tests.builders import a_clinic, local, shown

TZ = a_clinic().tz
HOUR = timedelta(hours=1)


def _base(start: str, minutes: int = 60, ended: str | None = None) -> Anchors:
    return anchors(
        local(start),
        timedelta(minutes=minutes),
        DEFAULT_CADENCE,
        versioned_at=local("2027-02-01 11:00"),
        ended_at=None if ended is None else local(ended),
    )


# A session on Thursday 11 March 2027 at 09:00, an hour long: it ends, with recovery, at 10:40.
TABLE = [
    ("booked", "2027-02-01 11:00", "2027-03-11 09:00"),
    ("moved", "2027-02-01 11:00", "2027-03-11 09:00"),
    ("cancelled", "2027-02-01 11:00", "2027-03-11 09:00"),
    ("prep_first", "2027-03-06 10:00", "2027-03-10 09:00"),
    ("remind_confirm", "2027-03-08 10:00", "2027-03-10 07:00"),
    ("ride_check", "2027-03-09 10:00", "2027-03-10 21:00"),
    ("remind_final", "2027-03-10 10:00", "2027-03-11 01:00"),
    ("day_of", "2027-03-11 06:15", "2027-03-11 08:00"),
    ("ask_escort", "2027-03-08 10:00", "2027-03-10 21:00"),
    ("pick_up", "2027-03-10 10:00", "2027-03-11 10:40"),
    ("pick_up_off", "2027-02-01 11:00", "2027-03-11 10:40"),
    ("checkin_evening", "2027-03-11 14:40", "2027-03-12 12:00"),
    ("checkin_24h", "2027-03-12 10:40", "2027-03-12 22:40"),
    ("checkin_72h", "2027-03-14 11:40", "2027-03-15 11:40"),  # the clock goes forward on the 14th: 72 hours elapse
    ("outcome_7d", "2027-03-18 10:00", "2027-03-22 10:00"),
    ("outcome_14d", "2027-03-25 10:00", "2027-03-29 10:00"),
]


@pytest.mark.parametrize(("key", "due", "expires"), TABLE)
def test_each_step_of_the_default_cadence_has_its_due_time_and_its_end_of_use(key: str, due: str, expires: str) -> None:
    step, base = DEFAULT_CADENCE.step(key), _base("2027-03-11 09:00")
    assert step is not None
    due_at = instant(step.due, base, TZ)
    assert shown(due_at) == due
    assert shown(instant(step.expires, base, TZ, due=due_at)) == expires


def test_the_table_above_names_every_default_step_but_rebook() -> None:
    assert {key for key, _, _ in TABLE} == {step.key for step in DEFAULT_STEPS} - {"rebook"}


def test_what_each_step_asks_and_what_leads_a_merged_text() -> None:
    asking = {step.key: step.asks for step in DEFAULT_STEPS if step.asks is not None}
    assert asking == {
        "remind_confirm": QuestionKind.CONFIRM,
        "ride_check": QuestionKind.RIDE,
        "ask_escort": QuestionKind.PICK_UP,
        "pick_up": QuestionKind.PICK_UP,
        "checkin_24h": QuestionKind.CHECK_IN,
        "checkin_72h": QuestionKind.CHECK_IN,
        "outcome_7d": QuestionKind.CHECK_IN,
        "outcome_14d": QuestionKind.CHECK_IN,
    }
    to_patients = [step for step in DEFAULT_STEPS if step.recipient is Recipient.PATIENT]
    ranked = [step.key for step in sorted(to_patients, key=lambda step: step.rank) if step.rank]
    assert ranked[:4] == ["remind_final", "day_of", "ride_check", "remind_confirm"]
    assert ranked[4:7] == ["checkin_evening", "checkin_24h", "checkin_72h"]
    assert ranked[7:] == ["prep_first", "outcome_7d", "outcome_14d", "rebook", "booked"]


def test_only_day_of_is_off_by_default_and_text_comes_before_e_mail() -> None:
    assert [step.key for step in DEFAULT_STEPS if not step.is_enabled] == ["day_of"]
    channels = {step.key: step.channels for step in DEFAULT_STEPS if step.recipient is Recipient.PATIENT}
    assert set(channels.values()) == {(Channel.SMS, Channel.EMAIL)}
    assert DEFAULT_CADENCE.rebook_weeks is None
    assert DEFAULT_CADENCE.step("nonsense") is None


def test_an_escort_is_asked_about_the_pick_up_and_told_of_it_by_text_alone() -> None:
    theirs = {step.key: step for step in DEFAULT_STEPS if step.recipient is Recipient.ESCORT}
    assert set(theirs) == {"ask_escort", "pick_up", "pick_up_off"}
    assert {step.channels for step in theirs.values()} == {(Channel.SMS,)}
    assert {step.asks for step in theirs.values()} == {None, QuestionKind.PICK_UP}


@pytest.mark.parametrize(("minutes", "recovery"), [(40, 40), (90, 40), (91, 60), (240, 60)])
def test_recovery_is_longer_after_a_long_infusion(minutes: int, recovery: int) -> None:
    assert DEFAULT_CADENCE.recovery(timedelta(minutes=minutes)) == timedelta(minutes=recovery)


def test_the_end_is_the_actual_one_where_known_and_may_be_another_day() -> None:
    assert shown(_base("2027-03-11 09:00").end) == "2027-03-11 10:40"
    assert shown(_base("2027-03-11 09:00", ended="2027-03-11 13:05").end) == "2027-03-11 13:05"
    assert shown(_base("2027-03-11 21:00", minutes=240).end) == "2027-03-12 02:00"
    evening = DEFAULT_CADENCE.step("checkin_evening")
    assert evening is not None
    assert shown(instant(evening.expires, _base("2027-03-11 21:00", minutes=240), TZ)) == "2027-03-13 12:00"


@pytest.mark.parametrize(
    ("start", "cut_off"),
    [
        ("2027-03-14 09:00", "2027-03-14 00:00"),  # wall-clock arithmetic would say 01:00, when only 7 hours remain
        ("2027-11-07 09:00", "2027-11-07 01:00"),  # the second 01:00 of that night
        ("2027-03-02 09:00", "2027-03-02 01:00"),
    ],
)
def test_the_fast_is_elapsed_time(start: str, cut_off: str) -> None:
    base = _base(start)
    assert shown(base.fasting) == cut_off
    assert base.start - base.fasting == 8 * HOUR


@pytest.mark.parametrize(("start", "day_before"), [("2027-03-14 09:00", "08:00"), ("2027-11-07 09:00", "10:00")])
def test_a_day_of_elapsed_time_shows_another_hour_over_a_clock_change(start: str, day_before: str) -> None:
    base = _base(start)
    assert shown(instant(Elapsed(Anchor.START, -24 * HOUR), base, TZ)).endswith(day_before)
    assert shown(instant(Civil(Anchor.START, -1), base, TZ)).endswith("10:00")


def test_civil_days_count_from_the_day_in_the_clinics_zone() -> None:
    # 23:30 in New York is the next day in UTC; three days before is still the 8th.
    assert shown(instant(Civil(Anchor.START, -3), _base("2027-03-11 23:30"), TZ)) == "2027-03-08 10:00"


zones = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
starts = st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31)).map(  # noqa: DTZ001 - hypothesis bounds are naive
    lambda naive: naive.replace(tzinfo=UTC, second=0, microsecond=0)
)
minutes = st.integers(10, 5 * 24 * 60)


@given(start=starts, minutes=minutes, tz=zones)
def test_in_every_zone_a_civil_offset_is_its_hour_on_its_day_and_an_elapsed_one_its_distance(
    start: datetime, minutes: int, tz: ZoneInfo
) -> None:
    base = anchors(start, timedelta(minutes=minutes), DEFAULT_CADENCE, versioned_at=start, ended_at=None)
    for step in DEFAULT_STEPS:
        due = instant(step.due, base, tz)
        for offset, at in ((step.due, due), (step.expires, instant(step.expires, base, tz, due=due))):
            anchored = base.at(offset.anchor, due)
            if isinstance(offset, Elapsed):
                assert at - anchored == offset.by
                continue
            wall = at.astimezone(tz)
            assert wall.date() - anchored.astimezone(tz).date() == timedelta(days=offset.days)
            # No zone's clock changes at these hours of the day, so that none of them is ever missing or double.
            assert wall.time() == offset.at


@given(start=starts, hour=st.integers(0, 23), tz=zones)
def test_in_every_zone_a_reminder_keeps_its_hour_from_week_to_week(start: datetime, hour: int, tz: ZoneInfo) -> None:
    wall = start.astimezone(tz).replace(tzinfo=None, hour=hour, minute=30)
    one, other = (
        instant(Civil(Anchor.START, -1), _at(from_local(wall + timedelta(weeks=weeks), tz)), tz) for weeks in (0, 1)
    )
    assert other.astimezone(tz).replace(tzinfo=None) - one.astimezone(tz).replace(tzinfo=None) == timedelta(weeks=1)


def _at(start: datetime) -> Anchors:
    return anchors(start, HOUR, DEFAULT_CADENCE, versioned_at=start, ended_at=None)


def test_an_expiry_may_count_from_the_due_time_and_a_due_time_may_not() -> None:
    base = _base("2027-03-11 09:00")
    assert instant(Elapsed(Anchor.DUE, HOUR), base, TZ, due=base.start) == base.start + HOUR
    with pytest.raises(ValueError, match="cannot count from itself"):
        instant(Elapsed(Anchor.DUE, HOUR), base, TZ)


def test_every_step_ends_after_it_is_due() -> None:
    base = _base("2027-03-11 09:00")
    for step in DEFAULT_STEPS:
        due = instant(step.due, base, TZ)
        assert instant(step.expires, base, TZ, due=due) > due


@pytest.mark.parametrize(("at", "earlier", "later"), [("07:00", "07:00", "07:00"), ("07:01", "07:00", "07:15")])
def test_clinical_times_are_rounded_to_the_safe_side(at: str, earlier: str, later: str) -> None:
    instant_ = local(f"2027-03-02 {at}")
    assert shown(quarter_before(instant_)).endswith(earlier)
    assert shown(quarter_after(instant_)).endswith(later)
