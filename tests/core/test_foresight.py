"""The plan of a schedule as it would come true: what is merged, what the caps hold back and what gives way to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.appointments import ScheduleEntry
from reminders.core.caps import NEVER_CAPPED, WEEK
from reminders.core.clinics import EXEMPTION, Caps
from reminders.core.crowding import within_caps
from reminders.core.foresight import Touch, foresee_schedule
from reminders.core.patients import Recipient
from reminders.core.reminders import Reason, ReminderState
from reminders.core.windows import DEFAULT_WINDOW, is_open, local_day
from tests.builders import NEW_YORK, NOON, a_booking, a_clinic, a_record, an_entry, local, shown

ZONE = ZoneInfo(NEW_YORK)
DAY = timedelta(days=1)
START = local("2027-03-25 10:00")  # a Thursday
MANY = Caps(50, 50)


def sessions(*starts: str, series: str | None = None) -> list[ScheduleEntry]:
    """Return sessions of one patient on days of March, each given as 'day hour:minute'."""
    return [
        an_entry(
            f"A{number}",
            booking=a_booking(local(f"2027-03-{start}"), series_id=series, series_number=number if series else None),
        )
        for number, start in enumerate(starts, start=1)
    ]


def foreseen(rows: Sequence[ScheduleEntry], caps: Caps) -> list[Touch]:
    clinic = a_clinic(caps=caps)
    return within_caps(clinic, foresee_schedule(clinic, rows, now=NOON))


def sent(touches: Sequence[Touch]) -> list[Touch]:
    """Return the messages: what is merged leaves with one of them."""
    return [touch for touch in touches if touch.state is ReminderState.PLANNED]


def dropped(touches: Sequence[Touch]) -> set[str]:
    return {f"{touch.entry.external_id}/{touch.step}" for touch in touches if touch.reason is Reason.CAP}


def test_a_single_session_meets_no_cap() -> None:
    assert foreseen(sessions("25 10:00"), Caps()) == foreseen(sessions("25 10:00"), MANY)


def test_under_the_exemption_the_preparation_gives_way_to_the_last_reminders() -> None:
    touches = foreseen(sessions("25 10:00"), EXEMPTION)
    assert dropped(touches) == {"A1/prep_first", "A1/checkin_evening", "A1/checkin_24h", "A1/checkin_72h"}
    before = [touch.step for touch in sent(touches) if NOON + DAY < touch.due_at < START]
    assert before == ["remind_confirm", "ride_check", "remind_final"]


def test_what_is_held_leaves_when_the_next_day_opens() -> None:
    """The last check-in of one session falls on the day on which the next one is prepared: one of them has to wait."""
    rows = sessions("11 14:00", "19 10:00")
    free = {f"{touch.entry.external_id}/{touch.step}": touch for touch in foreseen(rows, MANY)}
    held = {f"{touch.entry.external_id}/{touch.step}": touch for touch in foreseen(rows, Caps(1, 50))}
    assert shown(free["A2/prep_first"].due_at) == "2027-03-14 12:00"
    assert shown(free["A1/checkin_72h"].due_at) == "2027-03-14 16:40"
    late = held.pop("A1/checkin_72h")
    assert (shown(late.due_at), late.state, late.reason) == ("2027-03-15 09:00", ReminderState.PLANNED, None)
    assert {name for name in held if held[name].due_at != free[name].due_at} == set()


def test_what_was_merged_into_a_message_that_gives_way_goes_with_it() -> None:
    rows = sessions("11 10:00", "12 10:00", "13 10:00", series="S1")
    touches = foreseen(rows, Caps(1, 1))
    free = foreseen(rows, MANY)
    gone = dropped(touches)
    merged = {
        f"{t.entry.external_id}/{t.step}" for t in free if t.merged_into in gone and t.state is ReminderState.MERGED
    }
    assert merged
    assert merged <= gone
    assert {touch.merged_into for touch in touches if touch.reason is Reason.CAP} == {None}


def test_who_fetches_a_patient_is_foreseen_to_be_asked_each_in_their_own_text() -> None:
    phones = ("+12025550177", "+12025550177", "+12025550178")
    booked = zip(sessions("18 09:00", "19 09:00", "22 09:00"), phones, strict=True)
    rows = [replace(row, booking=replace(row.booking, escort_phone=phone)) for row, phone in booked]
    asked = [touch for touch in foreseen(rows, Caps()) if touch.step == "ask_escort"]
    assert [(shown(touch.due_at), touch.recipient, touch.state, touch.merged_into) for touch in asked] == [
        ("2027-03-15 10:00", Recipient.ESCORT, ReminderState.PLANNED, None),
        ("2027-03-15 10:00", Recipient.ESCORT, ReminderState.MERGED, asked[0].name),
        ("2027-03-19 10:00", Recipient.ESCORT, ReminderState.PLANNED, None),
    ]
    assert not any(touch.step == "pick_up" for touch in foreseen(rows, Caps())), "nobody agreed yet"


def test_patients_do_not_share_a_cap() -> None:
    mine = sessions("25 10:00")
    other = [an_entry("B1", patient=a_record("P2"), booking=mine[0].booking)]
    both = foreseen([*mine, *other], EXEMPTION)
    assert [touch for touch in both if touch.entry.external_id == "A1"] == foreseen(mine, EXEMPTION)


schedules = st.lists(
    st.tuples(st.integers(3, 28), st.integers(8, 17)), min_size=1, max_size=7, unique_by=lambda pair: pair[0]
).map(lambda pairs: sessions(*(f"{day:02d} {hour:02d}:00" for day, hour in sorted(pairs)), series="S1"))
caps_of = st.builds(Caps, st.integers(1, 3), st.integers(1, 9))


@given(rows=schedules, caps=caps_of)
def test_the_foreseen_messages_keep_the_caps_and_every_touch_has_its_line(
    rows: list[ScheduleEntry], caps: Caps
) -> None:
    touches, free = foreseen(rows, caps), foreseen(rows, MANY)
    assert Counter((t.entry.external_id, t.step) for t in touches) == Counter(
        (t.entry.external_id, t.step) for t in free
    )
    times = sorted(sent(touches), key=lambda touch: touch.due_at)
    for place, touch in enumerate(times):
        so_far = [other.due_at for other in times[: place + 1]]
        assert touch.due_at < touch.expires_at
        assert is_open(touch.due_at, ZONE, DEFAULT_WINDOW)
        if touch.step not in NEVER_CAPPED:
            assert sum(local_day(at, ZONE) == local_day(touch.due_at, ZONE) for at in so_far) <= caps.per_day
            assert sum(at > touch.due_at - WEEK for at in so_far) <= caps.per_week


@given(rows=schedules, caps=caps_of)
def test_the_last_reminder_is_never_dropped(rows: list[ScheduleEntry], caps: Caps) -> None:
    finals = [touch for touch in foreseen(rows, caps) if touch.step == "remind_final"]
    assert not [touch for touch in finals if touch.reason is Reason.CAP]


@pytest.mark.parametrize("caps", [Caps(), EXEMPTION, Caps(2, 3)], ids=["default", "exemption", "three"])
def test_the_same_rows_in_another_order_lead_to_the_same(caps: Caps) -> None:
    rows = sessions("11 10:00", "12 10:00", "15 14:00", "17 10:00", series="S1")
    assert Counter(foreseen(rows, caps)) == Counter(foreseen(rows[::-1], caps))
