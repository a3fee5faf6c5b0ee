"""The traps of time that other systems fell into, as fixed dates (requirements 4, 5, 7 to 11 and 13).

Every case is a schedule and what a preview of it says; times are the clinic's in New York, whose clocks change on
14 March and 7 November 2027.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from reminders.core.appointments import ScheduleEntry
from reminders.core.cadences import DEFAULT_CADENCE, Anchor, Civil, Elapsed
from reminders.core.clinics import EXEMPTION, Caps, Clinic
from reminders.core.crowding import within_caps
from reminders.core.foresight import Touch, foresee_schedule
from reminders.core.reminders import ReminderState
from reminders.core.windows import Opening, SendWindow
from tests.builders import a_booking, a_clinic, a_record, an_entry, local, shown

HOUR = timedelta(hours=1)
LEAVING = {ReminderState.PLANNED, ReminderState.MERGED}


def _rows(*starts: str, minutes: int = 60, zone: str | None = None, series: str | None = None) -> list[ScheduleEntry]:
    return [
        an_entry(
            f"A{number}",
            patient=a_record(timezone=zone),
            booking=a_booking(
                local(start),
                duration=timedelta(minutes=minutes),
                series_id=series,
                series_number=number if series else None,
            ),
        )
        for number, start in enumerate(starts, start=1)
    ]


def _foreseen(rows: Iterable[ScheduleEntry], now: str, clinic: Clinic | None) -> list[Touch]:
    held = clinic or a_clinic()
    return within_caps(held, foresee_schedule(held, rows, now=local(now)))


def _plan(rows: Iterable[ScheduleEntry], now: str, clinic: Clinic | None = None) -> dict[str, str]:
    """Return each touch by its name: when it leaves, or why it does not."""
    return {
        f"{touch.entry.external_id}/{touch.step}": shown(touch.due_at) if touch.state in LEAVING else str(touch.reason)
        for touch in _foreseen(rows, now, clinic)
    }


def _messages(rows: Iterable[ScheduleEntry], now: str, clinic: Clinic | None = None) -> list[tuple[str, list[str]]]:
    """Return the messages: when each leaves, and everything in it."""
    found: dict[str, tuple[str, list[str]]] = {}
    for touch in _foreseen(rows, now, clinic):
        if touch.state in LEAVING:
            name = f"{touch.entry.external_id}/{touch.step}"
            found.setdefault(touch.merged_into or name, (shown(touch.due_at), []))[1].append(name)
    return [(when, sorted(parts)) for when, parts in found.values()]


def _with(key: str, clinic: Clinic | None = None, **changes: object) -> Clinic:
    """Return a clinic whose default cadence has one step changed."""
    steps = tuple(
        replace(step, **changes) if step.key == key else step  # type: ignore[arg-type]  # the test knows the fields
        for step in DEFAULT_CADENCE.steps
    )
    return replace(clinic or a_clinic(), cadences={"*": replace(DEFAULT_CADENCE, steps=steps)})


ALL_DAY = SendWindow(((Opening(time(0), time(0)),),) * 7)


# ----- clock changes


def test_ten_oclock_is_ten_oclock_on_both_sides_of_the_spring_change() -> None:
    # The session is on Tuesday 16 March; the clocks went forward on Sunday the 14th.
    plan = _plan(_rows("2027-03-16 09:00"), "2027-03-01 12:00")
    assert plan["A1/prep_first"] == "2027-03-11 10:00"
    assert plan["A1/remind_confirm"] == "2027-03-13 10:00"
    assert plan["A1/ride_check"] == "2027-03-14 12:00"  # a Sunday
    assert plan["A1/remind_final"] == "2027-03-15 10:00"


def test_ten_oclock_is_ten_oclock_on_both_sides_of_the_autumn_change() -> None:
    plan = _plan(_rows("2027-11-09 09:00"), "2027-10-25 12:00")
    assert plan["A1/prep_first"] == "2027-11-04 10:00"
    assert plan["A1/remind_confirm"] == "2027-11-06 10:00"
    assert plan["A1/ride_check"] == "2027-11-07 12:00"
    assert plan["A1/remind_final"] == "2027-11-08 10:00"


@pytest.mark.parametrize(
    ("start", "at", "leaves"),
    [
        ("2027-03-15 09:00", time(2, 30), "2027-03-14T07:00:00+00:00"),  # does not exist: 03:00, the first that does
        ("2027-11-08 09:00", time(1, 30), "2027-11-07T05:30:00+00:00"),  # twice: the first
        ("2027-11-08 09:00", time(2, 30), "2027-11-07T07:30:00+00:00"),
    ],
)
def test_a_reminder_at_a_time_that_is_missing_or_double(start: str, at: time, leaves: str) -> None:
    clinic = _with("remind_final", a_clinic(window=ALL_DAY), due=Civil(Anchor.START, -1, at))
    touches = foresee_schedule(clinic, _rows(start), now=local("2027-02-01 12:00"))
    assert [touch.due_at.isoformat() for touch in touches if touch.step == "remind_final"] == [leaves]


@pytest.mark.parametrize(
    ("start", "expires"),
    [
        ("2027-03-14 09:00", "2027-03-14 00:00"),  # on the wall 8 h before is 01:00, when only 7 h are left
        ("2027-11-07 09:00", "2027-11-07 01:00"),  # the second 01:00 of that night
        ("2027-03-13 09:00", "2027-03-13 01:00"),
    ],
)
def test_the_last_reminder_ends_with_the_fast_which_is_elapsed_time(start: str, expires: str) -> None:
    (found,) = [
        touch
        for touch in foresee_schedule(a_clinic(), _rows(start), now=local("2027-02-01 12:00"))
        if touch.step == "remind_final"
    ]
    assert shown(found.expires_at) == expires
    assert local(start) - found.expires_at == 8 * HOUR


@pytest.mark.parametrize(
    ("start", "day_after"), [("2027-03-13 12:00", "2027-03-14 14:40"), ("2027-11-06 12:00", "2027-11-07 12:40")]
)
def test_a_day_after_the_end_is_24_hours_also_over_a_clock_change(start: str, day_after: str) -> None:
    # The sessions end at 13:40; the clock on the wall shows an hour more, or an hour less, a day later.
    assert _plan(_rows(start), "2027-02-01 12:00")["A1/checkin_24h"] == day_after


def test_a_clinic_without_clock_changes_keeps_its_hour_for_a_patient_who_has_them() -> None:
    rows = _rows("2027-03-15 12:00", zone="America/New_York")
    away = [replace(row, booking=replace(row.booking, timezone="America/Phoenix")) for row in rows]
    # 10:00 in Phoenix is noon in New York before the change, and 13:00 after it.
    plan = _plan(away, "2027-03-01 12:00")
    assert plan["A1/ride_check"] == "2027-03-13 12:00"
    assert plan["A1/remind_final"] == "2027-03-14 13:00"


# ----- late bookings


@pytest.mark.parametrize(
    ("start", "now", "at_once", "later"),
    [
        # 72 h ahead
        ("2027-03-25 10:00", "2027-03-22 10:00", ["prep_first", "remind_confirm"], ["ride_check", "remind_final"]),
        ("2027-03-25 10:00", "2027-03-24 14:00", ["remind_final", "ride_check"], []),  # 20 h
        ("2027-03-25 16:00", "2027-03-25 13:00", ["booked"], []),  # 3 h
        ("2027-03-25 16:00", "2027-03-25 15:50", ["booked"], []),  # 10 min
    ],
)
def test_a_late_booking_gets_one_message_at_once_with_what_is_still_useful(
    start: str, now: str, at_once: list[str], later: list[str]
) -> None:
    coming = [
        (when, [name.removeprefix("A1/") for name in parts])
        for when, parts in _messages(_rows(start), now)
        if when < start
    ]
    assert coming[0] == (now, sorted(at_once))
    assert [parts for _, parts in coming[1:]] == [[step] for step in later]


@pytest.mark.parametrize(
    ("start", "now", "lost"),
    [
        ("2027-03-25 08:00", "2027-03-24 20:30", {"remind_final"}),
        ("2027-03-25 09:00", "2027-03-25 06:00", {"booked"}),  # 3 h ahead, before the opening
        ("2027-03-25 08:00", "2027-03-25 07:50", {"booked"}),
    ],
)
def test_a_late_booking_in_quiet_hours_becomes_a_task(start: str, now: str, lost: set[str]) -> None:
    plan = _plan(_rows(start), now)
    assert {name.removeprefix("A1/") for name, found in plan.items() if found == "no_window"} == lost
    assert not [name for name, found in plan.items() if found < start]


# ----- windows


def test_sunday_opens_at_noon() -> None:
    plan = _plan(_rows("2027-03-23 10:00"), "2027-03-01 12:00")
    assert plan["A1/ride_check"] == "2027-03-21 12:00"


def test_a_patient_in_hawaii_of_a_clinic_in_new_york() -> None:
    # 10:00 in New York is 04:00 in Honolulu, whose day begins to be open at 15:00 of New York.
    plan = _plan(_rows("2027-03-25 10:00", zone="Pacific/Honolulu"), "2027-03-01 16:00")
    assert plan == {
        "A1/booked": "2027-03-01 16:00",
        "A1/prep_first": "2027-03-20 15:00",
        "A1/remind_confirm": "2027-03-22 15:00",
        "A1/ride_check": "2027-03-23 15:00",
        "A1/remind_final": "2027-03-24 15:00",
        "A1/checkin_evening": "2027-03-25 15:40",
        "A1/checkin_24h": "2027-03-26 15:00",
        "A1/checkin_72h": "2027-03-28 18:00",  # Sunday, noon in Honolulu
    }


def test_the_day_on_which_messages_merge_is_the_patients() -> None:
    # What falls due at 23:40 in New York and at 15:00 the next day is 17:40 and 09:00 of two days in Honolulu; what
    # falls due at 22:00 and at 01:00 is one evening there.
    clinic = _with("checkin_24h", due=Elapsed(Anchor.END, 11 * HOUR))
    rows = [*_rows("2027-03-22 12:20", zone="Pacific/Honolulu"), *_rows("2027-03-26 10:00", zone="Pacific/Honolulu")]
    rows[1] = replace(rows[1], external_id="B1")
    messages = _messages(rows, "2027-03-20 16:00", clinic)
    assert ("2027-03-23 01:00", ["A1/checkin_24h"]) in messages
    assert ("2027-03-23 15:00", ["B1/remind_confirm"]) in messages


def test_a_window_over_midnight_sends_late_and_merges_by_the_day_on_the_wall() -> None:
    clinic = a_clinic(window=SendWindow(((Opening(time(18), time(1)),),) * 7))
    messages = _messages(_rows("2027-03-25 16:00"), "2027-03-20 00:30", clinic)
    assert messages[0] == ("2027-03-20 00:30", ["A1/booked", "A1/prep_first"])  # one day, though another night
    assert ("2027-03-24 18:00", ["A1/remind_final"]) in messages
    # A session that ends at 22:00 is followed after 4 hours at 02:00, in quiet hours, until noon: an hour before 01:00.
    late = _plan(_rows("2027-03-25 20:20"), "2027-03-20 00:30", clinic)
    assert late["A1/checkin_evening"] == "2027-03-26 00:00"


def test_what_would_go_out_too_late_goes_out_the_evening_before() -> None:
    # At 21:00 it is quiet, and at 09:00 the session at 08:00 has begun: an hour before the closing at 20:00.
    clinic = _with("remind_final", due=Civil(Anchor.START, -1, time(21)))
    assert _plan(_rows("2027-03-25 08:00"), "2027-03-01 12:00", clinic)["A1/remind_final"] == "2027-03-24 19:00"


# ----- sessions over midnight and over days


def test_a_session_over_midnight_is_followed_from_its_end() -> None:
    # From 21:00 on Thursday, four hours and an hour of recovery: it ends on Friday at 02:00.
    plan = _plan(_rows("2027-03-25 21:00", minutes=240), "2027-03-01 12:00")
    assert plan["A1/checkin_evening"] == "2027-03-26 09:00"
    assert plan["A1/checkin_24h"] == "2027-03-27 09:00"
    assert plan["A1/checkin_72h"] == "2027-03-29 09:00"


def test_an_infusion_of_five_days_is_left_in_peace_until_it_ends() -> None:
    # From Monday 08:00 to Saturday 09:00, over a weekend that opens late on Sunday.
    plan = _plan(_rows("2027-03-22 08:00", minutes=5 * 24 * 60), "2027-03-01 12:00")
    assert plan["A1/checkin_evening"] == "2027-03-27 13:00"
    assert plan["A1/checkin_24h"] == "2027-03-28 12:00"
    assert not [name for name, found in plan.items() if "2027-03-22 08:00" <= found < "2027-03-27 09:00"]


# ----- closures


def _closed(*days: int) -> Clinic:
    return replace(a_clinic(), closures=frozenset(date(2027, 3, day) for day in days))


def test_a_reminder_on_a_closed_day_goes_on_the_open_day_before_at_its_own_hour() -> None:
    plan = _plan(_rows("2027-03-25 10:00"), "2027-03-01 12:00", _closed(23, 24))
    assert plan["A1/remind_confirm"] == "2027-03-22 10:00"
    assert plan["A1/ride_check"] == "2027-03-22 10:00"
    assert plan["A1/remind_final"] == "2027-03-22 10:00"


def test_a_check_in_on_a_closed_day_comes_earlier_but_never_before_the_end_of_its_session() -> None:
    # The session ends on Monday at 11:40. A day earlier than Tuesday is the end itself, so that one stays.
    plan = _plan(_rows("2027-03-22 10:00"), "2027-03-01 12:00", _closed(23, 25))
    assert plan["A1/checkin_evening"] == "2027-03-22 15:40"
    assert plan["A1/checkin_24h"] == "2027-03-23 11:40"
    assert plan["A1/checkin_72h"] == "2027-03-24 11:40"
    # On the very day of the session nothing moves to before it.
    assert _plan(_rows("2027-03-22 10:00"), "2027-03-01 12:00", _closed(22))["A1/checkin_evening"] == "2027-03-22 15:40"


def test_outcomes_and_the_question_for_another_session_move_with_closures_and_end_with_their_due_time() -> None:
    clinic = replace(_closed(29, 30), cadences={"*": replace(DEFAULT_CADENCE, rebook_weeks=1)})
    plan = _plan(_rows("2027-03-22 10:00", series="S1"), "2027-03-01 12:00", clinic)
    assert plan["A1/outcome_7d"] == "2027-03-28 12:00"  # Monday is closed, and Sunday opens at noon
    assert plan["A1/rebook"] == "2027-03-28 12:00"


# ----- caps


def test_over_the_cap_the_last_reminder_leaves_and_a_check_in_gives_way() -> None:
    clinic = a_clinic(caps=Caps(per_day=1, per_week=8))
    plan = _plan(_rows("2027-03-22 10:00", "2027-03-24 10:00", series="S1"), "2027-03-15 12:00", clinic)
    assert plan["A2/remind_final"] == "2027-03-23 10:00"
    assert plan["A1/checkin_24h"] == "cap"  # due at 11:40, useless before the next day opens


def test_under_the_exemption_from_consent_three_messages_leave_in_a_week() -> None:
    clinic = a_clinic(caps=EXEMPTION)
    leaving = _messages(_rows("2027-03-22 10:00"), "2027-03-10 12:00", clinic)
    week = [parts for when, parts in leaving if "2027-03-16" <= when < "2027-03-22"]
    assert week == [["A1/remind_confirm"], ["A1/ride_check"], ["A1/remind_final"]]
