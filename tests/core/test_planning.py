"""Which touches an appointment gets, and when; and which test holds each requirement about schedule and time.

Requirement, what it asks for, and the tests that hold it. A test of the architecture sees that they exist.

 1  Rows are imported by a stable id as civil time and zone, and the same rows again change nothing.
    core/test_appointments.py::test_the_same_row_again_changes_nothing_wherever_it_stands_in_the_file
    adapters/test_schedule_csv.py::test_a_full_row_becomes_a_patient_and_a_booking
    core/test_appointments.py::test_one_instant_named_in_another_zone_is_no_move
    services/test_sync.py::test_the_same_schedule_in_the_middle_of_everything_writes_nothing
 2  What is planned belongs to a version, and a new version ends in one transaction what waits for the old one.
    core/test_replanning.py::test_a_new_version_ends_every_waiting_reminder_of_the_old_and_tells_of_the_move
    core/test_replanning.py::test_planning_unchanged_input_anew_changes_nothing
    core/test_planning.py::test_a_patient_hears_of_a_move_or_a_cancellation_only_after_hearing_of_the_earlier_time
    services/test_sync.py::test_a_move_stops_what_waits_to_leave_and_ends_the_confirmation
 3  Sending looks once more at the session and the patient, and records why it did not send.
    core/test_gate.py::test_each_refusal_has_its_reason
    core/test_gate.py::test_a_confirmation_or_a_ride_of_an_earlier_version_does_not_count
    services/test_caps.py::test_a_pause_that_comes_between_message_and_gate_stops_the_message
 4  Wall-clock offsets are civil time of the clinic: a missing hour moves forward, of a double one it is the first.
    core/test_windows.py::test_a_missing_civil_time_moves_forward_and_a_double_one_is_the_first
    core/test_windows.py::test_every_clock_change_of_a_zone_until_2030_is_read_right
    core/test_traps.py::test_a_reminder_at_a_time_that_is_missing_or_double
    core/test_traps.py::test_ten_oclock_is_ten_oclock_on_both_sides_of_the_spring_change
    core/test_traps.py::test_ten_oclock_is_ten_oclock_on_both_sides_of_the_autumn_change
 5  Fasting and driving bans are elapsed time, rounded to the safe side.
    core/test_cadences.py::test_the_fast_is_elapsed_time
    core/test_cadences.py::test_clinical_times_are_rounded_to_the_safe_side
    core/test_traps.py::test_the_last_reminder_ends_with_the_fast_which_is_elapsed_time
 6  Everything has a not-before, a due time and an end of use, and never leaves after that.
    core/test_cadences.py::test_each_step_of_the_default_cadence_has_its_due_time_and_its_end_of_use
    core/test_plan_invariants.py::what_leaves_does_so_in_the_window_before_it_is_useless_and_not_in_the_past
    core/test_gate.py::test_a_message_within_a_minute_of_its_end_is_not_sent
 7  Quiet hours are the patient's, for each weekday, and may cross midnight; the clinic's where the zone is unknown.
    core/test_windows.py::test_the_default_window_is_nine_to_twenty_and_from_noon_on_sunday
    core/test_windows.py::test_a_window_may_cross_midnight
    core/test_traps.py::test_a_patient_in_hawaii_of_a_clinic_in_new_york
    core/test_traps.py::test_a_window_over_midnight_sends_late_and_merges_by_the_day_on_the_wall
    core/test_gate.py::test_in_quiet_hours_a_message_is_held_until_they_end
 8  What no window lets out in time goes earlier, or becomes a task; it is never dropped in silence.
    core/test_windows.py::test_a_due_time_moves_into_the_window_forward_if_useful_else_back
    core/test_traps.py::test_what_would_go_out_too_late_goes_out_the_evening_before
    core/test_plan_invariants.py::what_does_not_leave_says_why
 9  Closures move reminders to the open day before, and no check-in to before its session ended.
    core/test_traps.py::test_a_reminder_on_a_closed_day_goes_on_the_open_day_before_at_its_own_hour
    core/test_traps.py::test_a_check_in_on_a_closed_day_comes_earlier_but_never_before_the_end_of_its_session
    core/test_conditions.py::test_a_day_on_which_staff_close_the_clinic_moves_reminders_like_a_closure_of_its_file
    core/test_plan_invariants.py::no_check_in_comes_before_its_session_ends_nor_a_reminder_after_it_started
10  A late booking gets one message with what is still useful: 72 h, 20 h, 3 h and 10 min ahead.
    core/test_traps.py::test_a_late_booking_gets_one_message_at_once_with_what_is_still_useful
    core/test_traps.py::test_a_late_booking_in_quiet_hours_becomes_a_task
11  What falls due on one day of the patient is one message, early rather than late; a run of days is asked once.
    core/test_series.py::test_a_monday_wednesday_friday_series_day_by_day
    core/test_series.py::test_five_sessions_on_five_days_day_by_day
    core/test_merging.py::test_a_part_that_may_not_go_early_goes_alone_and_the_others_still_merge
    core/test_merging.py::test_in_every_zone_what_could_have_gone_together_on_a_day_did
    core/test_plan_invariants.py::merging_delays_nothing
    core/test_plan_invariants.py::a_run_of_daily_sessions_gets_one_confirm_question_and_one_ride_question
    core/test_runs.py::test_a_run_is_asked_once_whether_the_patient_comes_on_all_of_its_days
12  Caps for a day and for 7 rolling days hold at the time of sending, and there is a preset for the exemption.
    core/test_caps.py::test_the_defaults_are_two_a_day_and_eight_in_seven_days_and_the_exemption_one_and_three
    core/test_caps.py::test_what_may_be_capped_never_leaves_over_a_cap
    core/test_traps.py::test_under_the_exemption_from_consent_three_messages_leave_in_a_week
    services/test_caps.py::test_both_channels_count_alike
13  Check-ins count from the actual end where it is known, also over midnight and over days.
    core/test_planning.py::test_check_ins_count_from_the_actual_end
    core/test_traps.py::test_a_session_over_midnight_is_followed_from_its_end
    core/test_traps.py::test_an_infusion_of_five_days_is_left_in_peace_until_it_ends
14  After an outage only what is still useful leaves, at the clinic's pace and once.
    services/test_outage.py::test_after_thirty_hours_what_is_still_useful_leaves_once_and_the_rest_ends_with_its_reason
    services/test_outage.py::test_what_is_late_leaves_at_the_clinics_pace_and_the_newest_need_first
15  Nobody is asked for another session who has one, was discharged or declined.
    core/test_conditions.py::test_a_further_session_answers_the_question_for_one_unless_it_is_off
    core/test_conditions.py::test_who_was_discharged_or_declined_is_not_asked_for_another_session

All of it at once: a second planner, and a week's shift.
    core/test_plan_model.py::test_the_planner_agrees_with_a_naive_one
    core/test_plan_invariants.py::test_a_week_later_without_a_clock_change_everything_is_a_week_later
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.appointments import AppointmentStatus
from reminders.core.cadences import DEFAULT_CADENCE, Anchor, Cadence, Elapsed
from reminders.core.clinics import quiet_zone
from reminders.core.conditions import Telling, Told
from reminders.core.patients import Channel, Patient
from reminders.core.reminders import Reason, ReminderState
from reminders.core.windows import is_open
from tests.builders import a_clinic, a_patient, a_record, an_appointment, local, shown
from tests.core.planning_cases import (
    AFTER_STEPS,
    BEFORE_STEPS,
    FULFILLED,
    LONG_BEFORE,
    START,
    a_visit,
    nows,
    patients,
    states,
    statuses,
    wanted,
)

# ----- which steps, when


def test_a_single_session_gets_its_preparation_two_reminders_and_a_ride_check() -> None:
    plans = wanted(a_visit())
    assert {step: shown(plan.due_at) for step, plan in plans.items()} == {
        "prep_first": "2027-03-20 10:00",
        "remind_confirm": "2027-03-22 10:00",
        "ride_check": "2027-03-23 10:00",
        "remind_final": "2027-03-24 10:00",
    }
    assert {plan.state for plan in plans.values()} == {ReminderState.PLANNED}
    assert {plan.key.channel for plan in plans.values()} == {Channel.SMS}


def test_a_fulfilled_session_gets_its_check_ins_and_no_reminder() -> None:
    plans = wanted(a_visit(status=FULFILLED), now=local("2027-03-25 12:00"))
    assert set(plans) == AFTER_STEPS
    assert shown(plans["checkin_evening"].due_at) == "2027-03-25 15:40"
    assert shown(plans["checkin_24h"].due_at) == "2027-03-26 11:40"
    assert shown(plans["checkin_72h"].due_at) == "2027-03-28 12:00"  # Sunday opens at noon


@pytest.mark.parametrize("status", [AppointmentStatus.ARRIVED, AppointmentStatus.NOSHOW, AppointmentStatus.CANCELLED])
def test_a_session_that_is_neither_booked_nor_fulfilled_gets_nothing(status: AppointmentStatus) -> None:
    assert wanted(a_visit(status=status)) == {}


def test_a_clinic_may_assume_that_a_session_took_place() -> None:
    assert set(wanted(a_visit(), clinic=a_clinic(assume_fulfilled=True))) == BEFORE_STEPS | AFTER_STEPS


def test_check_ins_count_from_the_actual_end() -> None:
    visit = a_visit(status=FULFILLED, ended_at=local("2027-03-25 13:30"))
    assert shown(wanted(visit, now=local("2027-03-25 14:00"))["checkin_evening"].due_at) == "2027-03-25 17:30"


def test_a_check_in_never_comes_before_its_own_time_but_goes_over_the_night() -> None:
    visit = a_visit("2027-03-25 17:00", status=FULFILLED)  # ends 18:40, so four hours later is 22:40
    plans = wanted(visit, now=local("2027-03-25 19:00"))
    assert shown(plans["checkin_evening"].due_at) == "2027-03-26 09:00"
    assert plans["checkin_evening"].not_before == local("2027-03-25 22:40")
    assert all(plan.due_at >= plan.not_before for plan in plans.values())


def test_a_check_in_without_an_hour_of_its_own_goes_an_hour_before_the_closing_but_never_before_the_end() -> None:
    visit = a_visit("2027-03-26 19:00", status=FULFILLED, ended_at=local("2027-03-26 20:30"))
    # Due on Saturday at 20:30, useful until Sunday 08:30, while Sunday opens at noon.
    early = wanted(visit, now=local("2027-03-26 21:00"))["checkin_24h"]
    assert (shown(early.due_at), early.not_before) == ("2027-03-27 19:00", early.due_at)
    # Useful for one hour only: the last closing before that is over when the session ends.
    steps = tuple(
        replace(step, expires=Elapsed(Anchor.END, timedelta(hours=5))) if step.key == "checkin_evening" else step
        for step in DEFAULT_CADENCE.steps
    )
    plans = wanted(visit, now=local("2027-03-26 21:00"), clinic=a_clinic(cadences={"*": Cadence(steps)}))
    assert plans["checkin_evening"].reason is Reason.NO_WINDOW


def test_a_step_that_is_off_is_not_planned_and_one_that_is_on_is() -> None:
    steps = tuple(replace(step, is_enabled=step.key == "day_of") for step in DEFAULT_CADENCE.steps)
    clinic = a_clinic(cadences={"*": Cadence(steps)})
    plans = wanted(a_visit("2027-03-25 13:00"), clinic=clinic)
    assert {step: shown(plan.due_at) for step, plan in plans.items()} == {"day_of": "2027-03-25 10:15"}


# ----- late booking (requirement 10): the session is on Thursday 25 March


@pytest.mark.parametrize(
    ("start", "now", "at_once", "later", "expired"),
    [
        # 72 hours ahead, at the very time of remind_confirm
        (START, "2027-03-22 10:00", {"prep_first", "remind_confirm"}, {"ride_check", "remind_final"}, set()),
        # 20 hours ahead: in the afternoon before
        (START, "2027-03-24 14:00", {"ride_check", "remind_final"}, set(), {"prep_first", "remind_confirm"}),
        # 3 hours and 10 minutes ahead of a session in the afternoon
        ("2027-03-25 16:00", "2027-03-25 13:00", {"booked"}, set(), BEFORE_STEPS),
        ("2027-03-25 16:00", "2027-03-25 15:50", {"booked"}, set(), BEFORE_STEPS),
    ],
)
def test_a_late_booking_says_at_once_what_is_still_useful(
    start: str, now: str, at_once: set[str], later: set[str], expired: set[str]
) -> None:
    visit = a_visit(start, versioned_at=local(now))
    plans = wanted(visit, now=local(now), telling=Telling())
    planned = {step: plan.due_at for step, plan in plans.items() if plan.state is ReminderState.PLANNED}
    assert {step for step, due in planned.items() if due == local(now)} == at_once
    assert {step for step, due in planned.items() if due > local(now)} == later
    assert {step for step, plan in plans.items() if plan.reason is Reason.TOO_LATE_WHEN_PLANNED} == expired


def test_a_late_booking_in_quiet_hours_before_an_early_session_finds_no_window() -> None:
    visit = a_visit("2027-03-25 08:00")
    plans = wanted(visit, now=local("2027-03-24 20:30"), telling=Telling())
    assert states(plans) == {
        "prep_first": "too_late_when_planned",
        "remind_confirm": "too_late_when_planned",
        "ride_check": "too_late_when_planned",
        "remind_final": "no_window",
    }


def test_a_session_that_is_long_past_is_recorded_as_too_late_and_nothing_is_planned() -> None:
    plans = wanted(a_visit(), now=local("2027-04-25 10:00"), telling=Telling())
    assert set(states(plans).values()) == {"too_late_when_planned"}


# ----- consent and channel (requirement 31)


@pytest.mark.parametrize(
    ("changes", "closed", "channel", "reason"),
    [
        ({}, set(), Channel.SMS, None),
        ({"has_sms_consent": False}, set(), Channel.EMAIL, None),
        ({"phone": None}, set(), Channel.EMAIL, None),
        ({}, {Channel.SMS}, Channel.EMAIL, None),
        ({"has_sms_consent": False, "has_email_consent": False}, set(), Channel.SMS, Reason.NO_CONSENT),
        ({"has_sms_consent": False, "email": None}, set(), Channel.SMS, Reason.NO_CONSENT),
        ({"phone": None, "email": None}, set(), Channel.SMS, Reason.NO_ADDRESS),
        ({}, {Channel.SMS, Channel.EMAIL}, Channel.SMS, Reason.OPTED_OUT),
    ],
)
def test_one_channel_is_used_the_first_that_is_consented_and_reachable(
    changes: dict[str, Any], closed: set[Channel], channel: Channel, reason: Reason | None
) -> None:
    record = replace(a_record(), **changes)
    plans = wanted(a_visit(), patient=a_patient(record, closed=frozenset(closed)))
    assert set(plans) == BEFORE_STEPS
    assert {(plan.key.channel, plan.reason) for plan in plans.values()} == {(channel, reason)}
    expected = ReminderState.PLANNED if reason is None else ReminderState.SUPPRESSED
    assert {plan.state for plan in plans.values()} == {expected}


@pytest.mark.parametrize(
    ("closed", "faulty", "reason"),
    [
        ({Channel.SMS, Channel.EMAIL}, {Channel.SMS, Channel.EMAIL}, Reason.ADDRESS_FAULT),
        ({Channel.SMS, Channel.EMAIL}, {Channel.SMS}, Reason.OPTED_OUT),
    ],
)
def test_addresses_that_do_not_work_are_no_opt_out(closed: set[Channel], faulty: set[Channel], reason: Reason) -> None:
    patient = replace(a_patient(closed=frozenset(closed)), faulty=frozenset(faulty))
    assert {plan.reason for plan in wanted(a_visit(), patient=patient).values()} == {reason}


def test_the_patients_own_zone_decides_on_quiet_hours() -> None:
    patient = a_patient(a_record(timezone="America/Los_Angeles"))
    assert shown(wanted(a_visit(), patient=patient)["remind_final"].due_at) == "2027-03-24 12:00"


# ----- notices

THIS_TIME = Told(local(START))
OTHER_TIME = Told(local("2027-03-24 10:00"))
OFF = Told(local(START), is_off=True)


@pytest.mark.parametrize(
    ("status", "is_announced", "told", "notices"),
    [
        (AppointmentStatus.BOOKED, True, None, {"booked"}),
        (AppointmentStatus.BOOKED, False, None, set()),
        (AppointmentStatus.BOOKED, True, OTHER_TIME, {"moved"}),
        (AppointmentStatus.BOOKED, False, OTHER_TIME, {"moved"}),
        (AppointmentStatus.BOOKED, True, THIS_TIME, set()),  # moved away and back again before anybody was told
        (AppointmentStatus.BOOKED, True, OFF, {"booked"}),
        (AppointmentStatus.BOOKED, False, OFF, {"booked"}),
        (AppointmentStatus.CANCELLED, True, THIS_TIME, {"cancelled"}),
        (AppointmentStatus.CANCELLED, False, OTHER_TIME, {"cancelled"}),
        (AppointmentStatus.CANCELLED, True, None, set()),
        (AppointmentStatus.CANCELLED, True, OFF, set()),
        (AppointmentStatus.FULFILLED, True, OTHER_TIME, set()),
        (AppointmentStatus.NOSHOW, True, OTHER_TIME, set()),
    ],
)
def test_a_patient_hears_of_a_move_or_a_cancellation_only_after_hearing_of_the_earlier_time(
    status: AppointmentStatus, told: Told | None, *, is_announced: bool, notices: set[str]
) -> None:
    plans = wanted(a_visit(status=status), telling=Telling(is_announced, patient=told))
    assert set(plans) & {"booked", "moved", "cancelled"} == notices


@pytest.mark.parametrize(
    ("now", "is_said"),
    [
        ("2027-03-16 12:00", True),
        ("2027-03-21 09:59", True),  # remind_confirm is due on the 22nd at 10:00
        ("2027-03-21 10:00", False),
        ("2027-03-21 12:00", False),
        ("2027-03-22 15:00", False),
        ("2027-03-24 12:00", False),  # remind_final is overdue and useful
    ],
)
def test_booked_is_left_out_where_a_reminder_is_about_to_say_the_same(now: str, *, is_said: bool) -> None:
    visit = a_visit(versioned_at=local(now))
    assert ("booked" in wanted(visit, now=local(now), telling=Telling())) is is_said


# ----- for every appointment


@given(status=statuses, now=nows, patient=patients, hour=st.integers(0, 23))
def test_every_plan_is_in_the_window_and_useful_or_has_a_reason(
    status: AppointmentStatus, now: datetime, patient: Patient, hour: int
) -> None:
    clinic, visit = a_clinic(), a_visit(f"2027-03-25 {hour:02d}:30", status=status, series_id="S1")
    zone = quiet_zone(patient.record, visit.booking)
    for plan in wanted(visit, now=now, patient=patient, telling=Telling()).values():
        if plan.state is ReminderState.PLANNED:
            assert now <= plan.due_at < plan.expires_at
            assert plan.not_before <= plan.due_at
            assert is_open(plan.due_at, zone, clinic.window)
        else:
            assert plan.reason is not None


@given(weeks=st.integers(1, 20), hour=st.integers(0, 23))
def test_shifting_a_session_by_weeks_without_a_clock_change_shifts_its_plan(weeks: int, hour: int) -> None:
    first = wanted(a_visit(f"2027-03-25 {hour:02d}:30"))
    shift = timedelta(weeks=weeks)
    other = wanted(an_appointment(local(f"2027-03-25 {hour:02d}:30") + shift), now=LONG_BEFORE + shift)
    assert {step: plan.due_at + shift for step, plan in first.items()} == {
        step: plan.due_at for step, plan in other.items()
    }
