"""What holds for the plan of every schedule, whatever is in it (requirements 6 to 9, 11 and 12).

Drawing a schedule takes longer than looking at its plan, so one test looks at everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reminders.core.appointments import ScheduleEntry
from reminders.core.cadences import DEFAULT_CADENCE
from reminders.core.caps import NEVER_CAPPED
from reminders.core.crowding import within_caps
from reminders.core.foresight import Touch, foresee_schedule
from reminders.core.reminders import Reason, ReminderState
from reminders.core.windows import is_open, local_day
from tests.core.plan_model import lines_of
from tests.core.schedules import Schedule, schedules

LEAVING = {ReminderState.PLANNED, ReminderState.MERGED}
DAY = timedelta(days=1)
SUMMER = [datetime(2027, 6, 7, tzinfo=UTC)]
"""No place of these schedules changes its clock between the middle of April and the middle of September."""


def _name(touch: Touch) -> str:
    return f"{touch.entry.external_id}/{touch.step}"


def _foreseen(schedule: Schedule) -> list[Touch]:
    clinic, rows, now = schedule
    return foresee_schedule(clinic, rows, now=now)


def _within_caps(schedule: Schedule) -> list[Touch]:
    return within_caps(schedule[0], _foreseen(schedule))


def _leaving(touches: Sequence[Touch]) -> list[Touch]:
    return [touch for touch in touches if touch.state in LEAVING]


def what_leaves_does_so_in_the_window_before_it_is_useless_and_not_in_the_past(
    schedule: Schedule, touches: Sequence[Touch]
) -> None:
    clinic, _, now = schedule
    for touch in _leaving(touches):
        assert is_open(touch.due_at, touch.tz, clinic.window)
        assert now <= touch.due_at < touch.expires_at


def what_does_not_leave_says_why(schedule: Schedule, touches: Sequence[Touch]) -> None:
    for touch in touches:
        assert (touch.reason is None) is (touch.state is ReminderState.PLANNED)
        assert (touch.reason is Reason.MERGED) is (touch.merged_into is not None)
        assert (touch.state is ReminderState.MERGED) is (touch.merged_into is not None)


def each_step_of_a_session_is_there_once(schedule: Schedule, touches: Sequence[Touch]) -> None:
    counted = Counter(map(_name, touches))
    assert set(counted.values()) <= {1}


def what_is_merged_names_a_message_that_leaves_to_the_same_patient_at_the_same_time(
    schedule: Schedule, touches: Sequence[Touch]
) -> None:
    planned = {_name(touch): touch for touch in touches if touch.state is ReminderState.PLANNED}
    for touch in touches:
        if touch.merged_into is not None:
            leader = planned[touch.merged_into]
            assert leader.entry.patient == touch.entry.patient
            assert (leader.due_at, leader.channel, leader.recipient) == (touch.due_at, touch.channel, touch.recipient)


def merging_delays_nothing(schedule: Schedule, touches: Sequence[Touch]) -> None:
    clinic, rows, now = schedule
    for row in rows:
        others = [other for other in rows if other.patient == row.patient and other is not row]
        alone = {line.name: line.at for line in lines_of(clinic, row, others, now)}
        mine = [touch for touch in _leaving(touches) if touch.entry is row]
        assert all(touch.due_at <= alone[_name(touch)] for touch in mine)


def _end(entry: ScheduleEntry) -> datetime:
    return entry.booking.starts_at + entry.booking.duration + DEFAULT_CADENCE.recovery(entry.booking.duration)


def no_check_in_comes_before_its_session_ends_nor_a_reminder_after_it_started(
    schedule: Schedule, touches: Sequence[Touch]
) -> None:
    for touch in _leaving(touches):
        if touch.step.startswith(("checkin", "outcome")):
            assert touch.due_at >= _end(touch.entry)
        elif touch.step != "rebook":
            assert touch.due_at < touch.entry.booking.starts_at


def nothing_is_planned_for_a_session_that_is_off_but_what_closes_its_series(
    schedule: Schedule, touches: Sequence[Touch]
) -> None:
    off = {touch.step for touch in touches if touch.entry.booking.status.is_off}
    assert off <= {"outcome_7d", "outcome_14d"}


def _messages(touches: Sequence[Touch]) -> Iterator[tuple[str, list[Touch]]]:
    """Yield the messages that leave to each patient, with everything in them."""
    parts: dict[tuple[str, str], list[Touch]] = {}
    for touch in _leaving(touches):
        parts.setdefault((touch.entry.patient.external_id, touch.merged_into or _name(touch)), []).append(touch)
    yield from ((patient, touches) for (patient, _), touches in parts.items())


def nobody_gets_more_than_two_messages_a_day_nor_eight_a_week_but_for_what_is_never_held(
    schedule: Schedule, touches: Sequence[Touch]
) -> None:
    clinic = schedule[0]
    capped: dict[str, list[Touch]] = {}
    for patient, parts in _messages(touches):
        if not NEVER_CAPPED & {part.step for part in parts}:
            capped.setdefault(patient, []).append(parts[0])
    for leaders in capped.values():
        days = Counter(local_day(leader.due_at, leader.tz) for leader in leaders)
        assert max(days.values()) <= clinic.caps.per_day
        times = sorted(leader.due_at for leader in leaders)
        weeks = zip(times, times[clinic.caps.per_week :], strict=False)
        assert all(last - first >= timedelta(days=7) for first, last in weeks)


def _runs(days: Iterable[date]) -> Iterator[set[date]]:
    """Yield the days of sessions as runs without a gap."""
    ordered = sorted(set(days))
    breaks = [0, *(place for place, (on, after) in enumerate(pairwise(ordered), 1) if after - on != DAY), len(ordered)]
    yield from (set(ordered[first:last]) for first, last in pairwise(breaks) if first != last)


def _session_day(touch: Touch) -> date:
    return local_day(touch.entry.booking.starts_at, touch.entry.booking.tz)


def a_run_of_daily_sessions_gets_one_confirm_question_and_one_ride_question(
    schedule: Schedule, touches: Sequence[Touch]
) -> None:
    for step in ("remind_confirm", "ride_check"):
        asked = [touch for touch in _leaving(touches) if touch.step == step]
        for patient in {touch.entry.patient.external_id for touch in asked}:
            mine = [touch for touch in asked if touch.entry.patient.external_id == patient]
            for run in _runs(map(_session_day, mine)):
                messages = {touch.merged_into or _name(touch) for touch in mine if _session_day(touch) in run}
                assert len({(message, step) for message in messages}) == 1


ALWAYS = [
    what_leaves_does_so_in_the_window_before_it_is_useless_and_not_in_the_past,
    what_does_not_leave_says_why,
    each_step_of_a_session_is_there_once,
    what_is_merged_names_a_message_that_leaves_to_the_same_patient_at_the_same_time,
    no_check_in_comes_before_its_session_ends_nor_a_reminder_after_it_started,
    nothing_is_planned_for_a_session_that_is_off_but_what_closes_its_series,
]


@given(schedules())
def test_every_plan_keeps_what_we_promise(schedule: Schedule) -> None:
    touches = _foreseen(schedule)
    for holds in (
        *ALWAYS,
        merging_delays_nothing,
        a_run_of_daily_sessions_gets_one_confirm_question_and_one_ride_question,
    ):
        holds(schedule, touches)


@given(schedules())
def test_every_plan_within_the_caps_keeps_what_we_promise(schedule: Schedule) -> None:
    touches = _within_caps(schedule)
    for holds in (*ALWAYS, nobody_gets_more_than_two_messages_a_day_nor_eight_a_week_but_for_what_is_never_held):
        holds(schedule, touches)


# ----- a week later


def _shifted(schedule: Schedule, by: timedelta) -> Schedule:
    clinic, rows, now = schedule
    closures = frozenset(day + by for day in clinic.closures)
    later = [replace(row, booking=replace(row.booking, starts_at=row.booking.starts_at + by)) for row in rows]
    return replace(clinic, closures=closures), later, now + by


def _without_times(touches: Sequence[Touch]) -> list[object]:
    return [(_name(touch), touch.state, touch.reason, touch.merged_into, touch.channel) for touch in touches]


@given(schedule=schedules(around=SUMMER), weeks=st.integers(1, 4))
def test_a_week_later_without_a_clock_change_everything_is_a_week_later(schedule: Schedule, weeks: int) -> None:
    by = timedelta(weeks=weeks)
    here, there = _within_caps(schedule), _within_caps(_shifted(schedule, by))
    assert _without_times(here) == _without_times(there)
    assert [(touch.due_at + by, touch.expires_at + by) for touch in here] == [
        (touch.due_at, touch.expires_at) for touch in there
    ]
