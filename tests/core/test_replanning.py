"""Requirements 2 and 8: planning anew changes what must change, loses nothing and says nothing twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from reminders.core.appointments import AppointmentStatus
from reminders.core.cadences import DEFAULT_CADENCE, Cadence
from reminders.core.conditions import Telling, Told
from reminders.core.patients import Channel, Patient
from reminders.core.reminders import Reason, ReminderState
from tests.builders import a_clinic, a_patient, a_record, a_reminder, held, local, shown
from tests.core.planning_cases import (
    BEFORE_STEPS,
    FULFILLED,
    START,
    WITHOUT_CONSENT,
    a_visit,
    applied,
    as_state,
    nows,
    patients,
    replanned,
    statuses,
)


def test_what_is_planned_first_is_all_added() -> None:
    plan = replanned(a_visit(), ())
    assert {item.key.step for item in plan.add} == BEFORE_STEPS
    assert not plan.move
    assert not plan.cancel
    assert not plan.is_empty


def test_a_new_version_ends_every_waiting_reminder_of_the_old_and_tells_of_the_move() -> None:
    before = a_visit()
    rows = as_state(ReminderState.DISPATCHED, applied(replanned(before, ()), (), before), "prep_first")
    after = a_visit("2027-03-30 10:00", version=2)
    plan = replanned(after, rows, telling=Telling(patient=Told(local(START))))
    assert {(item.step, reason) for item, reason in plan.cancel} == {
        (step, Reason.SUPERSEDED) for step in BEFORE_STEPS - {"prep_first"}
    }
    assert {item.key.step for item in plan.add} == BEFORE_STEPS | {"moved"}


def test_a_cancellation_ends_everything_that_waits_and_tells_it() -> None:
    before = a_visit()
    rows = applied(replanned(before, ()), (), before)
    plan = replanned(
        a_visit(version=2, status=AppointmentStatus.CANCELLED), rows, telling=Telling(patient=Told(local(START)))
    )
    assert {item.step for item, _ in plan.cancel} == BEFORE_STEPS
    assert {item.key.step for item in plan.add} == {"cancelled"}


def test_what_left_or_ended_is_never_touched() -> None:
    visit = a_visit()
    rows = applied(replanned(visit, ()), (), visit)
    for state in set(ReminderState) - {ReminderState.PLANNED}:
        plan = replanned(a_visit("2027-03-30 10:00"), as_state(state, rows))
        assert not plan.move
        assert not plan.cancel


def test_another_channel_replaces_what_waits_and_repeats_nothing_that_was_said() -> None:
    visit = a_visit()
    rows = as_state(ReminderState.DISPATCHED, applied(replanned(visit, ()), (), visit), "prep_first")
    plan = replanned(visit, rows, patient=a_patient(a_record(has_sms_consent=False)))
    assert {(item.key.step, item.key.channel) for item in plan.add} == {
        (step, Channel.EMAIL) for step in BEFORE_STEPS - {"prep_first"}
    }
    assert {reason for _, reason in plan.cancel} == {Reason.REPLANNED}


def test_a_changed_window_moves_what_waits() -> None:
    visit = a_visit()
    rows = applied(replanned(visit, ()), (), visit)
    plan = replanned(visit, rows, patient=a_patient(a_record(timezone="America/Los_Angeles")))
    assert {shown(new.due_at)[-5:] for _, new in plan.move} == {"12:00"}
    assert not plan.add
    assert not plan.cancel


def test_an_overdue_reminder_is_not_pushed_along() -> None:
    visit = a_visit()
    rows = applied(replanned(visit, ()), (), visit)
    assert replanned(visit, rows, now=local("2027-03-24 11:00")).is_empty


def test_consent_that_comes_later_revives_what_was_held_back_for_want_of_it() -> None:
    visit, without = a_visit(), a_patient(a_record(has_sms_consent=False, email=None))
    rows = applied(replanned(visit, (), patient=without), (), visit)
    assert {item.planned.reason for item in rows} == {Reason.NO_CONSENT}
    plan = replanned(visit, rows, patient=a_patient(a_record(email=None)))
    assert {item.step for item, _ in plan.move} == BEFORE_STEPS
    assert {new.state for _, new in plan.move} == {ReminderState.PLANNED}
    assert replanned(visit, applied(plan, rows, visit), patient=a_patient(a_record(email=None))).is_empty


def test_what_was_refused_on_one_channel_is_not_revived_once_it_was_said_on_the_other() -> None:
    visit = a_visit()
    refused = replanned(visit, (), patient=a_patient(WITHOUT_CONSENT)).add
    mailed = replanned(visit, (), patient=a_patient(a_record(has_sms_consent=False))).add
    rows = [
        *(held(item, visit) for item in refused),
        *as_state(ReminderState.DISPATCHED, (held(item, visit) for item in mailed), "remind_confirm", "prep_first"),
    ]
    plan = replanned(visit, rows, now=local("2027-03-22 12:00"))
    assert {item.step for item, _ in plan.move} == {"ride_check", "remind_final"}
    assert {(item.step, item.planned.key.channel) for item, _ in plan.cancel} == {
        ("ride_check", Channel.EMAIL),
        ("remind_final", Channel.EMAIL),
    }


def test_who_opts_out_of_texts_and_in_again_loses_no_reminder() -> None:
    visit, out = a_visit(), a_patient(closed=frozenset({Channel.SMS}))
    rows = applied(replanned(visit, (), telling=Telling()), (), visit)
    for patient, channel in ((out, Channel.EMAIL), (a_patient(), Channel.SMS), (out, Channel.EMAIL)):
        rows = applied(replanned(visit, rows, patient=patient, telling=Telling()), rows, visit)
        waiting = [item.planned.key for item in rows if item.planned.state is ReminderState.PLANNED]
        assert {(key.step, key.channel) for key in waiting} == {(step, channel) for step in {*BEFORE_STEPS, "booked"}}
        assert len(waiting) == len(BEFORE_STEPS) + 1


def test_a_notice_that_gave_way_to_a_reminder_does_not_come_back() -> None:
    visit = a_visit(versioned_at=local("2027-03-21 09:00"))
    rows = applied(replanned(visit, (), now=local("2027-03-21 09:00"), telling=Telling()), (), visit)
    assert "booked" in {item.step for item in rows}
    rows = applied(replanned(visit, rows, now=local("2027-03-21 11:00"), telling=Telling()), rows, visit)
    rows = [
        *as_state(ReminderState.DISPATCHED, (item for item in rows if item.planned.state is ReminderState.PLANNED))
    ] + [item for item in rows if item.planned.state is not ReminderState.PLANNED]
    assert replanned(visit, rows, now=local("2027-03-25 07:00"), telling=Telling()).is_empty


def test_an_opt_out_ends_what_waits_and_says_so() -> None:
    visit = a_visit()
    rows = applied(replanned(visit, ()), (), visit)
    plan = replanned(visit, rows, patient=a_patient(closed=frozenset(Channel)))
    assert {(item.step, reason) for item, reason in plan.cancel} == {(step, Reason.OPTED_OUT) for step in BEFORE_STEPS}
    assert not plan.add


def test_booked_does_not_come_up_late_because_something_else_changed() -> None:
    # Left out at first, because remind_confirm was near; in the last hours no reminder is near any more.
    visit = a_visit(versioned_at=local("2027-03-22 08:00"))
    rows = applied(replanned(visit, (), now=local("2027-03-22 08:00"), telling=Telling()), (), visit)
    rows = as_state(ReminderState.DISPATCHED, rows)
    assert replanned(visit, rows, now=local("2027-03-25 07:00"), telling=Telling()).is_empty


def test_a_waiting_notice_follows_the_patient_to_another_channel() -> None:
    visit = a_visit()
    rows = applied(replanned(visit, (), telling=Telling()), (), visit)
    plan = replanned(visit, rows, patient=a_patient(a_record(has_sms_consent=False)), telling=Telling())
    assert ("booked", Channel.EMAIL) in {(item.key.step, item.key.channel) for item in plan.add}


def test_a_check_in_that_was_sent_is_not_sent_again_when_the_outcome_is_marked() -> None:
    clinic = a_clinic(assume_fulfilled=True)
    visit, evening = a_visit(), local("2027-03-25 16:00")
    rows = [
        a_reminder(
            "checkin_evening", appointment=visit, due_at=local("2027-03-25 15:40"), state=ReminderState.DISPATCHED
        )
    ]
    marked = a_visit(version=2, status=FULFILLED, versioned_at=evening)
    plan = replanned(marked, rows, now=evening, clinic=clinic, telling=Telling(patient=Told(local(START))))
    assert {item.key.step for item in plan.add} == {"checkin_24h", "checkin_72h"}


@given(status=statuses, now=nows, patient=patients, hour=st.integers(0, 23), announced=st.booleans())
def test_planning_unchanged_input_anew_changes_nothing(
    status: AppointmentStatus, now: datetime, patient: Patient, hour: int, *, announced: bool
) -> None:
    visit = a_visit(f"2027-03-25 {hour:02d}:30", status=status, series_id="S1")
    telling = Telling(is_announced=announced)
    rows = applied(replanned(visit, (), now=now, patient=patient, telling=telling), (), visit)
    assert replanned(visit, rows, now=now, patient=patient, telling=telling).is_empty
    gone = as_state(ReminderState.DISPATCHED, [item for item in rows if item.planned.state is ReminderState.PLANNED])
    assert not replanned(visit, gone, now=now, patient=patient, telling=telling).move


def test_a_step_that_is_switched_on_too_late_leaves_no_trace_on_what_is_over() -> None:
    visit = a_visit()
    rows = applied(replanned(visit, ()), (), visit)
    steps = tuple(replace(step, is_enabled=True) for step in DEFAULT_CADENCE.steps)
    long_after = local("2027-05-01 12:00")
    assert replanned(visit, rows, now=long_after, clinic=a_clinic(cadences={"*": Cadence(steps)})).add == ()
