"""Requirement 12: so many automated messages and no more, and the one that matters less gives way in time."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.cadences import DEFAULT_STEPS
from reminders.core.caps import NEVER_CAPPED, WEEK, Coming, Ruling, Traffic, importance, is_capped, next_day, ruling
from reminders.core.clinics import EXEMPTION, Caps
from reminders.core.patients import Recipient
from reminders.core.windows import DEFAULT_WINDOW, SendWindow, local_day
from tests.builders import NEW_YORK, NOON, local

ZONE = ZoneInfo(NEW_YORK)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
IN_ORDER = [
    {"booked"},
    {"rebook"},
    {"checkin_nudge"},
    {"checkin_evening"},
    {"outcome_7d", "outcome_14d"},
    {"checkin_72h"},
    {"day_of"},
    {"prep_first", "our_own_step"},
    {"checkin_24h"},
    {"remind_confirm"},
    {"ride_check"},
    {"remind_final", "moved", "cancelled"},
]


def rule(
    step: str,
    left: tuple[datetime, ...] = (),
    coming: tuple[tuple[str, datetime], ...] = (),
    *,
    caps: Caps | None = None,
    zone: ZoneInfo = ZONE,
    now: datetime = NOON,
) -> Ruling:
    ahead = tuple(Coming(at, importance([kind])) for kind, at in coming)
    return ruling(importance([step]), Traffic(left, ahead), caps or Caps(), zone=zone, now=now)


def daily(count: int, *, until: datetime = NOON) -> tuple[datetime, ...]:
    """Return so many departures, one a day, the last a day before."""
    return tuple(until - DAY * back for back in range(count, 0, -1))


def test_what_gives_way_first_is_settled() -> None:
    ranks = [{importance([step]) for step in steps} for steps in IN_ORDER]
    assert all(len(rank) == 1 for rank in ranks)
    assert [min(rank) for rank in ranks] == sorted({min(rank) for rank in ranks})
    to_patients = {step.key for step in DEFAULT_STEPS if step.recipient is Recipient.PATIENT}
    assert to_patients <= set().union(*IN_ORDER)
    assert [step for steps in IN_ORDER for step in steps if not is_capped(importance([step]))] == list(IN_ORDER[-1])
    assert IN_ORDER[-1] == NEVER_CAPPED


def test_a_merged_message_gives_way_as_late_as_the_best_of_its_parts() -> None:
    assert importance(["booked", "ride_check", "day_of"]) == importance(["ride_check"])


def test_the_defaults_are_two_a_day_and_eight_in_seven_days_and_the_exemption_one_and_three() -> None:
    assert (Caps().per_day, Caps().per_week) == (2, 8)
    assert (EXEMPTION.per_day, EXEMPTION.per_week) == (1, 3)


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        ((), Ruling.GO),
        ((NOON - HOUR,), Ruling.GO),
        ((NOON - 2 * HOUR, NOON - HOUR), Ruling.WAIT),
        ((local("2027-03-01 23:59"), NOON - HOUR), Ruling.GO),
        ((local("2027-03-02 00:00"), NOON - HOUR), Ruling.WAIT),
        ((*daily(6), NOON - HOUR), Ruling.GO),
        ((*daily(6), NOON - 2 * HOUR, NOON - HOUR), Ruling.DROP),
        ((NOON - WEEK, *daily(6), NOON - HOUR), Ruling.GO),
        ((NOON - WEEK + timedelta(seconds=1), *daily(6), NOON - HOUR), Ruling.DROP),
    ],
    ids=["none", "one", "full", "yesterday", "midnight", "seven", "eight", "a-week-ago", "just-within"],
)
def test_a_message_over_a_cap_does_not_leave_now(left: tuple[datetime, ...], expected: Ruling) -> None:
    assert rule("remind_confirm", left) is expected


@pytest.mark.parametrize("step", sorted(NEVER_CAPPED))
def test_the_last_reminder_and_news_of_a_change_leave_over_every_cap(step: str) -> None:
    assert rule(step, (*daily(8), NOON - 2 * HOUR, NOON - HOUR)) is Ruling.GO


@pytest.mark.parametrize(
    ("step", "left", "coming", "expected"),
    [
        ("booked", (NOON - HOUR,), (("ride_check", NOON + HOUR),), Ruling.WAIT),
        ("booked", (), (("ride_check", NOON + HOUR),), Ruling.GO),
        ("booked", (NOON - HOUR,), (("ride_check", NOON + DAY),), Ruling.GO),
        ("booked", (NOON - HOUR,), (("remind_final", NOON + HOUR),), Ruling.WAIT),
        ("ride_check", (NOON - HOUR,), (("booked", NOON + HOUR),), Ruling.GO),
        ("ride_check", (NOON - HOUR,), (("ride_check", NOON + HOUR),), Ruling.GO),
        ("checkin_72h", (*daily(6), NOON - HOUR), (("checkin_24h", NOON + HOUR),), Ruling.DROP),
        ("checkin_72h", (*daily(6), NOON - HOUR), (("checkin_24h", NOON + DAY),), Ruling.GO),
        ("checkin_72h", daily(6), tuple(("remind_final", NOON + n * DAY) for n in range(1, 8)), Ruling.GO),
        ("checkin_72h", (), tuple(("remind_final", NOON + n * DAY / 2) for n in range(1, 9)), Ruling.DROP),
        ("checkin_72h", (), tuple(("remind_final", NOON + n * DAY / 2) for n in range(1, 8)), Ruling.GO),
        ("checkin_72h", (), tuple(("booked", NOON + n * DAY / 2) for n in range(1, 9)), Ruling.GO),
        ("booked", (NOON - HOUR,), (("ride_check", NOON - HOUR),), Ruling.WAIT),
    ],
    ids=[
        "needed-today",
        "room-for-both",
        "tomorrow-has-its-own",
        "never-capped-counts",
        "less-matters-not",
        "equals-go-in-turn",
        "week-full-later-today",
        "one-falls-out-of-the-week",
        "next-week-matters-not",
        "a-full-week-to-come",
        "one-place-free",
        "a-week-of-lesser-ones",
        "overdue-is-now",
    ],
)
def test_room_is_kept_for_what_matters_more(
    step: str, left: tuple[datetime, ...], coming: tuple[tuple[str, datetime], ...], expected: Ruling
) -> None:
    assert rule(step, left, coming) is expected


def test_under_the_exemption_a_first_session_keeps_the_three_that_matter() -> None:
    """The fourth of a week, the preparation, gives way before the cap is reached."""
    plan = [("prep_first", 5), ("remind_confirm", 3), ("ride_check", 2), ("remind_final", 1)]
    start = NOON + 6 * DAY
    messages = [Planned(start - days * DAY, step, start) for step, days in plan]
    assert [item.step for item, _ in simulate(messages, EXEMPTION)] == ["remind_confirm", "ride_check", "remind_final"]


def test_a_day_is_the_patients_own() -> None:
    now, zone = local("2027-03-02 19:30"), ZoneInfo("Pacific/Auckland")
    left = (local("2027-03-02 05:00"), local("2027-03-02 05:30"))
    assert rule("remind_confirm", left, now=now) is Ruling.WAIT
    assert rule("remind_confirm", left, now=now, zone=zone) is Ruling.GO


def test_what_waits_goes_when_the_next_day_opens() -> None:
    assert next_day(NOON, ZONE, DEFAULT_WINDOW) == local("2027-03-03 09:00")
    assert next_day(local("2027-03-06 12:00"), ZONE, DEFAULT_WINDOW) == local("2027-03-07 12:00")  # a Sunday
    assert next_day(NOON, ZONE, SendWindow(((),) * 7)) is None


@dataclass(frozen=True, order=True)
class Planned:
    """A message of a patient: when it is due, its kind, and until when it is useful."""

    at: datetime
    step: str
    expires_at: datetime


def simulate(messages: list[Planned], caps: Caps, zone: ZoneInfo = ZONE) -> list[tuple[Planned, datetime]]:
    """Return what leaves of a plan, and when, in order of time."""
    waiting = sorted(messages)
    gone: list[tuple[Planned, datetime]] = []
    while waiting:
        item = waiting.pop(0)
        others = tuple(Coming(other.at, importance([other.step])) for other in waiting if other.at < item.at + WEEK)
        traffic = Traffic(tuple(at for _, at in gone), others)
        found = ruling(importance([item.step]), traffic, caps, zone=zone, now=item.at)
        if found is Ruling.GO:
            gone.append((item, item.at))
        elif found is Ruling.WAIT:
            later = next_day(item.at, zone, DEFAULT_WINDOW)
            if later is not None and later < item.expires_at:
                insort(waiting, Planned(later, item.step, item.expires_at))
    return gone


STEPS = sorted(set().union(*IN_ORDER))
FIRST = local("2027-03-08 12:00")  # a week in which a clock changes
plans = st.lists(
    st.builds(
        lambda minutes, step, lasts: Planned(FIRST + timedelta(minutes=minutes), step, FIRST + lasts * HOUR * 12),
        st.integers(0, 12 * 24 * 60),
        st.sampled_from(STEPS),
        st.integers(1, 40),
    ),
    max_size=30,
)
caps_of = st.builds(Caps, st.integers(1, 3), st.integers(1, 9))
zones = st.sampled_from([ZONE, ZoneInfo("Asia/Kolkata"), ZoneInfo("Pacific/Chatham")])


@given(plan=plans, caps=caps_of, zone=zones)
def test_what_may_be_capped_never_leaves_over_a_cap(plan: list[Planned], caps: Caps, zone: ZoneInfo) -> None:
    gone = simulate(plan, caps, zone)
    for place, (item, at) in enumerate(gone):
        if is_capped(importance([item.step])):
            so_far = [then for _, then in gone[: place + 1]]
            assert sum(local_day(then, zone) == local_day(at, zone) for then in so_far) <= caps.per_day
            assert sum(then > at - WEEK for then in so_far) <= caps.per_week


@given(plan=plans, caps=caps_of, zone=zones)
def test_never_capped_messages_leave_when_they_are_due(plan: list[Planned], caps: Caps, zone: ZoneInfo) -> None:
    gone = {item for item, at in simulate(plan, caps, zone) if at == item.at}
    assert {item for item in plan if item.step in NEVER_CAPPED} <= gone


@given(plan=plans, caps=caps_of, zone=zones, ahead=st.integers(0, 7 * 24))
def test_nothing_that_left_stands_in_the_way_of_something_better(
    plan: list[Planned], caps: Caps, zone: ZoneInfo, ahead: int
) -> None:
    """Any message that may go leaves the caps kept at every better one to come, were all of these sent."""
    waiting = sorted(plan)
    for place, item in enumerate(waiting):
        weight = importance([item.step])
        left = tuple(other.at for other in waiting[:place])
        others = tuple(Coming(other.at, importance([other.step])) for other in waiting[place + 1 :])
        if not is_capped(weight) or ruling(weight, Traffic(left, others), caps, zone=zone, now=item.at) != Ruling.GO:
            continue
        better = [other.at for other in others if other.importance > weight and other.at < item.at + ahead * HOUR]
        sent = [*left, item.at, *better]
        for at in better:
            within = [then for then in sent if at - WEEK < then <= at]
            on_day = [then for then in sent if local_day(then, zone) == local_day(at, zone) and then <= at]
            assert item.at not in within or len(within) <= caps.per_week
            assert local_day(item.at, zone) != local_day(at, zone) or len(on_day) <= caps.per_day


@given(plan=plans, caps=caps_of, zone=zones)
def test_a_better_message_is_never_displaced_by_a_lesser_one(plan: list[Planned], caps: Caps, zone: ZoneInfo) -> None:
    """Leave out everything that matters less: what matters more leaves neither oftener nor sooner."""
    gone = simulate(plan, caps, zone)
    for floor in range(1, importance(NEVER_CAPPED) + 1):
        alone = simulate([item for item in plan if importance([item.step]) >= floor], caps, zone)
        assert [pair for pair in gone if importance([pair[0].step]) >= floor] == alone


@given(plan=plans, caps=caps_of, data=st.data())
def test_the_order_in_which_things_are_known_changes_nothing(
    plan: list[Planned], caps: Caps, data: st.DataObject
) -> None:
    weight = importance([data.draw(st.sampled_from(STEPS))])
    others = [Coming(item.at, importance([item.step])) for item in plan]
    left = data.draw(st.lists(st.integers(0, 8 * 24).map(lambda hours: FIRST - hours * HOUR), max_size=9))
    mixed = Traffic(tuple(data.draw(st.permutations(left))), tuple(data.draw(st.permutations(others))))
    found = ruling(weight, Traffic(tuple(left), tuple(others)), caps, zone=ZONE, now=FIRST)
    assert ruling(weight, mixed, caps, zone=ZONE, now=FIRST) is found
