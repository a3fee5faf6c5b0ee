"""Requirements 2, 6, 8, 10, 13 and 31: which touches an appointment gets, and what planning it anew changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.appointments import Appointment, AppointmentStatus
from reminders.core.cadences import DEFAULT_CADENCE, Cadence
from reminders.core.clinics import Clinic, quiet_zone
from reminders.core.patients import Channel, Patient
from reminders.core.planning import Plan, Telling, desired, replan
from reminders.core.reminders import PlannedReminder, Reason, Reminder, ReminderState, ending
from reminders.core.windows import is_open
from tests.builders import a_clinic, a_patient, a_record, a_reminder, an_appointment, held, local, shown

START = "2027-03-25 10:00"  # a Thursday
LONG_BEFORE = local("2027-03-02 12:00")
WITHOUT_CONSENT = a_record(has_sms_consent=False, has_email_consent=False)
SILENT = Telling(is_announced=False)
BEFORE_STEPS = {"prep_first", "remind_confirm", "ride_check", "remind_final"}
AFTER_STEPS = {"checkin_evening", "checkin_24h", "checkin_72h"}
FULFILLED = AppointmentStatus.FULFILLED


def _visit(
    start: str = START,
    *,
    name: str = "A1",
    status: AppointmentStatus = AppointmentStatus.BOOKED,
    series_id: str | None = None,
    series_number: int | None = None,
    version: int = 1,
    versioned_at: datetime = LONG_BEFORE,
    ended_at: datetime | None = None,
) -> Appointment:
    return an_appointment(
        local(start),
        external_id=name,
        status=status,
        series_id=series_id,
        series_number=series_number,
        version=version,
        versioned_at=versioned_at,
        ended_at=ended_at,
    )


def _wanted(
    visit: Appointment,
    *,
    now: datetime = LONG_BEFORE,
    siblings: Sequence[Appointment] = (),
    patient: Patient | None = None,
    clinic: Clinic | None = None,
    telling: Telling = SILENT,
) -> dict[str, PlannedReminder]:
    plans = desired(visit, patient or a_patient(), clinic or a_clinic(), siblings=siblings, telling=telling, now=now)
    return {plan.key.step: plan for plan in plans}


def _states(plans: dict[str, PlannedReminder]) -> dict[str, str]:
    return {step: plan.reason or plan.state for step, plan in plans.items()}


def _replan(
    visit: Appointment,
    existing: Iterable[Reminder],
    *,
    now: datetime = LONG_BEFORE,
    patient: Patient | None = None,
    clinic: Clinic | None = None,
    telling: Telling = SILENT,
) -> Plan:
    return replan(
        visit,
        patient or a_patient(),
        clinic or a_clinic(),
        siblings=(),
        existing=existing,
        telling=telling,
        now=now,
    )


def _apply(plan: Plan, existing: Sequence[Reminder], visit: Appointment) -> list[Reminder]:
    """Do what the store does with a plan."""
    moved = {item.id: new for item, new in plan.move}
    ended = {item.id: reason for item, reason in plan.cancel}
    kept = [replace(item, planned=moved.get(item.id, item.planned)) for item in existing]
    rows = [
        replace(item, planned=replace(item.planned, state=ending(ended[item.id]), reason=ended[item.id]))
        if item.id in ended
        else item
        for item in kept
    ]
    return rows + [held(new, visit) for new in plan.add]


def _as(state: ReminderState, items: Iterable[Reminder], *steps: str) -> list[Reminder]:
    return [
        replace(item, planned=replace(item.planned, state=state)) if not steps or item.step in steps else item
        for item in items
    ]


# ----- which steps, when


def test_a_single_session_gets_its_preparation_two_reminders_and_a_ride_check() -> None:
    plans = _wanted(_visit())
    assert {step: shown(plan.due_at) for step, plan in plans.items()} == {
        "prep_first": "2027-03-20 10:00",
        "remind_confirm": "2027-03-22 10:00",
        "ride_check": "2027-03-23 10:00",
        "remind_final": "2027-03-24 10:00",
    }
    assert {plan.state for plan in plans.values()} == {ReminderState.PLANNED}
    assert {plan.key.channel for plan in plans.values()} == {Channel.SMS}


def test_a_fulfilled_session_gets_its_check_ins_and_no_reminder() -> None:
    plans = _wanted(_visit(status=FULFILLED), now=local("2027-03-25 12:00"))
    assert set(plans) == AFTER_STEPS
    assert shown(plans["checkin_evening"].due_at) == "2027-03-25 15:40"
    assert shown(plans["checkin_24h"].due_at) == "2027-03-26 11:40"
    assert shown(plans["checkin_72h"].due_at) == "2027-03-28 12:00"  # Sunday opens at noon


@pytest.mark.parametrize("status", [AppointmentStatus.ARRIVED, AppointmentStatus.NOSHOW, AppointmentStatus.CANCELLED])
def test_a_session_that_is_neither_booked_nor_fulfilled_gets_nothing(status: AppointmentStatus) -> None:
    assert _wanted(_visit(status=status)) == {}


def test_a_clinic_may_assume_that_a_session_took_place() -> None:
    assert set(_wanted(_visit(), clinic=a_clinic(assume_fulfilled=True))) == BEFORE_STEPS | AFTER_STEPS


def test_check_ins_count_from_the_actual_end() -> None:
    visit = _visit(status=FULFILLED, ended_at=local("2027-03-25 13:30"))
    assert shown(_wanted(visit, now=local("2027-03-25 14:00"))["checkin_evening"].due_at) == "2027-03-25 17:30"


def test_a_check_in_never_comes_before_its_own_time_but_goes_over_the_night() -> None:
    visit = _visit("2027-03-25 17:00", status=FULFILLED)  # ends 18:40, so four hours later is 22:40
    plans = _wanted(visit, now=local("2027-03-25 19:00"))
    assert shown(plans["checkin_evening"].due_at) == "2027-03-26 09:00"
    assert plans["checkin_evening"].not_before == local("2027-03-25 22:40")
    assert all(plan.due_at >= plan.not_before for plan in plans.values())


def test_a_check_in_without_an_hour_of_its_own_is_no_window_and_not_early() -> None:
    visit = _visit("2027-03-26 19:00", status=FULFILLED, ended_at=local("2027-03-26 20:30"))
    plans = _wanted(visit, now=local("2027-03-26 21:00"))
    # Due on Saturday at 20:30, useful until Sunday 08:30, while Sunday opens at noon.
    assert plans["checkin_24h"].reason is Reason.NO_WINDOW


def test_a_step_that_is_off_is_not_planned_and_one_that_is_on_is() -> None:
    steps = tuple(replace(step, is_enabled=step.key == "day_of") for step in DEFAULT_CADENCE.steps)
    clinic = a_clinic(cadences={"*": Cadence(steps)})
    plans = _wanted(_visit("2027-03-25 13:00"), clinic=clinic)
    assert {step: shown(plan.due_at) for step, plan in plans.items()} == {"day_of": "2027-03-25 10:15"}


# ----- series


def _series(starts: Sequence[str], *, status: AppointmentStatus = AppointmentStatus.BOOKED) -> list[Appointment]:
    return [
        _visit(start, name=f"A{number}", series_id="S1", series_number=number, status=status)
        for number, start in enumerate(starts, start=1)
    ]


MWF = ["2027-03-22 10:00", "2027-03-24 10:00", "2027-03-26 10:00"]
DAILY = ["2027-03-22 10:00", "2027-03-23 10:00", "2027-03-24 10:00"]


def _others(visits: Sequence[Appointment], visit: Appointment) -> list[Appointment]:
    return [other for other in visits if other is not visit]


def test_only_the_first_of_a_series_is_prepared_and_asked_about_its_evening() -> None:
    visits = _series(MWF)
    for visit in visits:
        is_first = visit is visits[0]
        assert ("prep_first" in _wanted(visit, siblings=_others(visits, visit))) is is_first
        done = _visit(
            shown(visit.starts_at), series_id="S1", series_number=visit.booking.series_number, status=FULFILLED
        )
        assert ("checkin_evening" in _wanted(done, siblings=_others(visits, visit))) is is_first


def test_without_numbers_the_earliest_session_that_is_not_off_is_the_first() -> None:
    first = _visit("2027-03-22 10:00", name="A1", series_id="S1", status=AppointmentStatus.CANCELLED)
    second = _visit("2027-03-24 10:00", name="A2", series_id="S1")
    third = _visit("2027-03-26 10:00", name="A3", series_id="S1")
    assert "prep_first" in _wanted(second, siblings=[first, third])
    assert "prep_first" not in _wanted(third, siblings=[first, second])


def test_outcomes_follow_the_last_session_of_a_series_only() -> None:
    visits = _series(MWF, status=FULFILLED)
    for visit in visits:
        plans = _wanted(visit, siblings=_others(visits, visit))
        assert ({"outcome_7d", "outcome_14d"} <= set(plans)) is (visit is visits[-1])
    last = _wanted(visits[-1], siblings=visits[:-1])
    assert shown(last["outcome_7d"].due_at) == "2027-04-02 10:00"
    assert shown(last["outcome_14d"].due_at) == "2027-04-09 10:00"
    assert shown(last["outcome_14d"].expires_at) == "2027-04-13 10:00"


def test_a_single_session_has_no_outcome_and_a_further_session_takes_it_over() -> None:
    single = _visit(status=FULFILLED)
    assert "outcome_7d" not in _wanted(single)
    done, further = _visit(series_id="S1", status=FULFILLED), _visit("2027-04-25 10:00", name="A2", series_id="S1")
    assert "outcome_7d" not in _wanted(done, siblings=[further])
    cancelled = replace(further, booking=replace(further.booking, status=AppointmentStatus.CANCELLED))
    assert "outcome_7d" in _wanted(done, siblings=[cancelled])


def test_in_a_daily_series_only_the_last_session_is_followed_by_check_ins() -> None:
    visits = _series(DAILY, status=FULFILLED)
    found = {visit.external_id: set(_wanted(visit, siblings=_others(visits, visit))) & AFTER_STEPS for visit in visits}
    assert found == {"A1": {"checkin_evening"}, "A2": set(), "A3": {"checkin_24h", "checkin_72h"}}


def test_in_a_monday_wednesday_friday_series_the_next_day_is_asked_about_and_the_third_is_not() -> None:
    visits = _series(MWF, status=FULFILLED)
    found = {visit.external_id: set(_wanted(visit, siblings=_others(visits, visit))) & AFTER_STEPS for visit in visits}
    assert found["A1"] == {"checkin_evening", "checkin_24h"}
    assert found["A3"] == {"checkin_24h", "checkin_72h"}


def test_a_cancelled_session_in_between_does_not_keep_a_check_in_away() -> None:
    done = _visit("2027-03-22 10:00", status=FULFILLED)
    off = _visit("2027-03-24 10:00", name="A2", status=AppointmentStatus.CANCELLED)
    assert "checkin_72h" in _wanted(done, siblings=[off])


def test_rebooking_is_asked_where_it_is_set_and_no_session_is_ahead() -> None:
    clinic = a_clinic(cadences={"*": replace(DEFAULT_CADENCE, rebook_weeks=4)})
    done, ahead = _visit(status=FULFILLED), _visit("2027-04-25 10:00", name="A2")
    assert shown(_wanted(done, clinic=clinic)["rebook"].due_at) == "2027-04-22 10:00"
    assert "rebook" not in _wanted(done, clinic=clinic, siblings=[ahead])
    assert "rebook" not in _wanted(done)
    assert "rebook" not in _wanted(_visit(), clinic=clinic)


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
    visit = _visit(start, versioned_at=local(now))
    plans = _wanted(visit, now=local(now), telling=Telling())
    planned = {step: plan.due_at for step, plan in plans.items() if plan.state is ReminderState.PLANNED}
    assert {step for step, due in planned.items() if due == local(now)} == at_once
    assert {step for step, due in planned.items() if due > local(now)} == later
    assert {step for step, plan in plans.items() if plan.reason is Reason.TOO_LATE_WHEN_PLANNED} == expired


def test_a_late_booking_in_quiet_hours_before_an_early_session_finds_no_window() -> None:
    visit = _visit("2027-03-25 08:00")
    plans = _wanted(visit, now=local("2027-03-24 20:30"), telling=Telling())
    assert _states(plans) == {
        "booked": "no_window",
        "prep_first": "too_late_when_planned",
        "remind_confirm": "too_late_when_planned",
        "ride_check": "too_late_when_planned",
        "remind_final": "no_window",
    }


def test_a_session_that_is_long_past_is_recorded_as_too_late_and_nothing_is_planned() -> None:
    plans = _wanted(_visit(), now=local("2027-04-25 10:00"), telling=Telling())
    assert set(_states(plans).values()) == {"too_late_when_planned"}


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
    plans = _wanted(_visit(), patient=a_patient(record, closed=frozenset(closed)))
    assert set(plans) == BEFORE_STEPS
    assert {(plan.key.channel, plan.reason) for plan in plans.values()} == {(channel, reason)}
    expected = ReminderState.PLANNED if reason is None else ReminderState.SUPPRESSED
    assert {plan.state for plan in plans.values()} == {expected}


def test_the_patients_own_zone_decides_on_quiet_hours() -> None:
    patient = a_patient(a_record(timezone="America/Los_Angeles"))
    assert shown(_wanted(_visit(), patient=patient)["remind_final"].due_at) == "2027-03-24 12:00"


# ----- notices


@pytest.mark.parametrize(
    ("status", "is_announced", "knows", "notices"),
    [
        (AppointmentStatus.BOOKED, True, False, {"booked"}),
        (AppointmentStatus.BOOKED, False, False, set()),
        (AppointmentStatus.BOOKED, True, True, {"moved"}),
        (AppointmentStatus.BOOKED, False, True, {"moved"}),
        (AppointmentStatus.CANCELLED, True, True, {"cancelled"}),
        (AppointmentStatus.CANCELLED, False, True, {"cancelled"}),
        (AppointmentStatus.CANCELLED, True, False, set()),
        (AppointmentStatus.FULFILLED, True, True, set()),
        (AppointmentStatus.NOSHOW, True, True, set()),
    ],
)
def test_a_patient_hears_of_a_move_or_a_cancellation_only_after_hearing_of_the_earlier_time(
    status: AppointmentStatus, *, is_announced: bool, knows: bool, notices: set[str]
) -> None:
    plans = _wanted(_visit(status=status), telling=Telling(is_announced, knows))
    assert set(plans) & {"booked", "moved", "cancelled"} == notices


@pytest.mark.parametrize(
    ("now", "is_said"),
    [
        ("2027-03-16 12:00", True),
        ("2027-03-21 09:59", True),  # remind_confirm is due on the 22nd at 10:00
        ("2027-03-21 12:00", False),
        ("2027-03-22 15:00", False),
        ("2027-03-24 12:00", False),  # remind_final is overdue and useful
    ],
)
def test_booked_is_left_out_where_a_reminder_is_about_to_say_the_same(now: str, *, is_said: bool) -> None:
    visit = _visit(versioned_at=local(now))
    assert ("booked" in _wanted(visit, now=local(now), telling=Telling())) is is_said


# ----- planning anew


def test_what_is_planned_first_is_all_added() -> None:
    plan = _replan(_visit(), ())
    assert {item.key.step for item in plan.add} == BEFORE_STEPS
    assert not plan.move
    assert not plan.cancel
    assert not plan.is_empty


def test_a_new_version_ends_every_waiting_reminder_of_the_old_and_tells_of_the_move() -> None:
    before = _visit()
    rows = _as(ReminderState.DISPATCHED, _apply(_replan(before, ()), (), before), "prep_first")
    after = _visit("2027-03-30 10:00", version=2)
    plan = _replan(after, rows, telling=Telling(knows_an_earlier_version=True))
    assert {(item.step, reason) for item, reason in plan.cancel} == {
        (step, Reason.SUPERSEDED) for step in BEFORE_STEPS - {"prep_first"}
    }
    assert {item.key.step for item in plan.add} == BEFORE_STEPS | {"moved"}


def test_a_cancellation_ends_everything_that_waits_and_tells_it() -> None:
    before = _visit()
    rows = _apply(_replan(before, ()), (), before)
    plan = _replan(
        _visit(version=2, status=AppointmentStatus.CANCELLED), rows, telling=Telling(knows_an_earlier_version=True)
    )
    assert {item.step for item, _ in plan.cancel} == BEFORE_STEPS
    assert {item.key.step for item in plan.add} == {"cancelled"}


def test_what_left_or_ended_is_never_touched() -> None:
    visit = _visit()
    rows = _apply(_replan(visit, ()), (), visit)
    for state in set(ReminderState) - {ReminderState.PLANNED}:
        plan = _replan(_visit("2027-03-30 10:00"), _as(state, rows))
        assert not plan.move
        assert not plan.cancel


def test_another_channel_replaces_what_waits_and_repeats_nothing_that_was_said() -> None:
    visit = _visit()
    rows = _as(ReminderState.DISPATCHED, _apply(_replan(visit, ()), (), visit), "prep_first")
    plan = _replan(visit, rows, patient=a_patient(a_record(has_sms_consent=False)))
    assert {(item.key.step, item.key.channel) for item in plan.add} == {
        (step, Channel.EMAIL) for step in BEFORE_STEPS - {"prep_first"}
    }
    assert {reason for _, reason in plan.cancel} == {Reason.REPLANNED}


def test_a_changed_window_moves_what_waits() -> None:
    visit = _visit()
    rows = _apply(_replan(visit, ()), (), visit)
    plan = _replan(visit, rows, patient=a_patient(a_record(timezone="America/Los_Angeles")))
    assert {shown(new.due_at)[-5:] for _, new in plan.move} == {"12:00"}
    assert not plan.add
    assert not plan.cancel


def test_an_overdue_reminder_is_not_pushed_along() -> None:
    visit = _visit()
    rows = _apply(_replan(visit, ()), (), visit)
    assert _replan(visit, rows, now=local("2027-03-24 11:00")).is_empty


def test_consent_that_comes_later_revives_what_was_held_back_for_want_of_it() -> None:
    visit, without = _visit(), a_patient(a_record(has_sms_consent=False, email=None))
    rows = _apply(_replan(visit, (), patient=without), (), visit)
    assert {item.planned.reason for item in rows} == {Reason.NO_CONSENT}
    plan = _replan(visit, rows, patient=a_patient(a_record(email=None)))
    assert {item.step for item, _ in plan.move} == BEFORE_STEPS
    assert {new.state for _, new in plan.move} == {ReminderState.PLANNED}
    assert _replan(visit, _apply(plan, rows, visit), patient=a_patient(a_record(email=None))).is_empty


def test_what_was_refused_on_one_channel_is_not_revived_once_it_was_said_on_the_other() -> None:
    visit = _visit()
    refused = _replan(visit, (), patient=a_patient(WITHOUT_CONSENT)).add
    mailed = _replan(visit, (), patient=a_patient(a_record(has_sms_consent=False))).add
    rows = [
        *(held(item, visit) for item in refused),
        *_as(ReminderState.DISPATCHED, (held(item, visit) for item in mailed), "remind_confirm", "prep_first"),
    ]
    plan = _replan(visit, rows, now=local("2027-03-22 12:00"))
    assert {item.step for item, _ in plan.move} == {"ride_check", "remind_final"}
    assert {(item.step, item.planned.key.channel) for item, _ in plan.cancel} == {
        ("ride_check", Channel.EMAIL),
        ("remind_final", Channel.EMAIL),
    }


def test_who_opts_out_of_texts_and_in_again_loses_no_reminder() -> None:
    visit, out = _visit(), a_patient(closed=frozenset({Channel.SMS}))
    rows = _apply(_replan(visit, (), telling=Telling()), (), visit)
    for patient, channel in ((out, Channel.EMAIL), (a_patient(), Channel.SMS), (out, Channel.EMAIL)):
        rows = _apply(_replan(visit, rows, patient=patient, telling=Telling()), rows, visit)
        waiting = [item.planned.key for item in rows if item.planned.state is ReminderState.PLANNED]
        assert {(key.step, key.channel) for key in waiting} == {(step, channel) for step in {*BEFORE_STEPS, "booked"}}
        assert len(waiting) == len(BEFORE_STEPS) + 1


def test_a_notice_that_gave_way_to_a_reminder_does_not_come_back() -> None:
    visit = _visit(versioned_at=local("2027-03-21 09:00"))
    rows = _apply(_replan(visit, (), now=local("2027-03-21 09:00"), telling=Telling()), (), visit)
    assert "booked" in {item.step for item in rows}
    rows = _apply(_replan(visit, rows, now=local("2027-03-21 11:00"), telling=Telling()), rows, visit)
    rows = [*_as(ReminderState.DISPATCHED, (item for item in rows if item.planned.state is ReminderState.PLANNED))] + [
        item for item in rows if item.planned.state is not ReminderState.PLANNED
    ]
    assert _replan(visit, rows, now=local("2027-03-25 07:00"), telling=Telling()).is_empty


def test_an_opt_out_ends_what_waits_and_says_so() -> None:
    visit = _visit()
    rows = _apply(_replan(visit, ()), (), visit)
    plan = _replan(visit, rows, patient=a_patient(closed=frozenset(Channel)))
    assert {(item.step, reason) for item, reason in plan.cancel} == {(step, Reason.OPTED_OUT) for step in BEFORE_STEPS}
    assert not plan.add


def test_booked_does_not_come_up_late_because_something_else_changed() -> None:
    # Left out at first, because remind_confirm was near; in the last hours no reminder is near any more.
    visit = _visit(versioned_at=local("2027-03-22 08:00"))
    rows = _apply(_replan(visit, (), now=local("2027-03-22 08:00"), telling=Telling()), (), visit)
    rows = _as(ReminderState.DISPATCHED, rows)
    assert _replan(visit, rows, now=local("2027-03-25 07:00"), telling=Telling()).is_empty


def test_a_waiting_notice_follows_the_patient_to_another_channel() -> None:
    visit = _visit()
    rows = _apply(_replan(visit, (), telling=Telling()), (), visit)
    plan = _replan(visit, rows, patient=a_patient(a_record(has_sms_consent=False)), telling=Telling())
    assert ("booked", Channel.EMAIL) in {(item.key.step, item.key.channel) for item in plan.add}


def test_a_check_in_that_was_sent_is_not_sent_again_when_the_outcome_is_marked() -> None:
    clinic = a_clinic(assume_fulfilled=True)
    visit, evening = _visit(), local("2027-03-25 16:00")
    rows = [a_reminder("checkin_evening", appointment=visit, due_at=local("2027-03-25 15:40"), state=SENT)]
    marked = _visit(version=2, status=FULFILLED, versioned_at=evening)
    plan = _replan(marked, rows, now=evening, clinic=clinic, telling=Telling(knows_an_earlier_version=True))
    assert {item.key.step for item in plan.add} == {"checkin_24h", "checkin_72h"}


SENT = ReminderState.DISPATCHED
statuses = st.sampled_from(AppointmentStatus)
nows = st.datetimes(datetime(2027, 3, 1), datetime(2027, 4, 20)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - hypothesis bounds are naive
patients = st.builds(
    a_record,
    timezone=st.sampled_from([None, "Asia/Kolkata", "Pacific/Honolulu"]),
    has_sms_consent=st.booleans(),
    has_email_consent=st.booleans(),
).map(a_patient)


@given(status=statuses, now=nows, patient=patients, hour=st.integers(0, 23), announced=st.booleans())
def test_planning_unchanged_input_anew_changes_nothing(
    status: AppointmentStatus, now: datetime, patient: Patient, hour: int, *, announced: bool
) -> None:
    visit = _visit(f"2027-03-25 {hour:02d}:30", status=status, series_id="S1")
    telling = Telling(is_announced=announced)
    rows = _apply(_replan(visit, (), now=now, patient=patient, telling=telling), (), visit)
    assert _replan(visit, rows, now=now, patient=patient, telling=telling).is_empty
    gone = _as(ReminderState.DISPATCHED, [item for item in rows if item.planned.state is ReminderState.PLANNED])
    assert not _replan(visit, gone, now=now, patient=patient, telling=telling).move


@given(status=statuses, now=nows, patient=patients, hour=st.integers(0, 23))
def test_every_plan_is_in_the_window_and_useful_or_has_a_reason(
    status: AppointmentStatus, now: datetime, patient: Patient, hour: int
) -> None:
    clinic, visit = a_clinic(), _visit(f"2027-03-25 {hour:02d}:30", status=status, series_id="S1")
    zone = quiet_zone(patient.record, visit.booking)
    for plan in _wanted(visit, now=now, patient=patient, telling=Telling()).values():
        if plan.state is ReminderState.PLANNED:
            assert now <= plan.due_at < plan.expires_at
            assert plan.not_before <= plan.due_at
            assert is_open(plan.due_at, zone, clinic.window)
        else:
            assert plan.reason is not None


@given(weeks=st.integers(1, 20), hour=st.integers(0, 23))
def test_shifting_a_session_by_weeks_without_a_clock_change_shifts_its_plan(weeks: int, hour: int) -> None:
    first = _wanted(_visit(f"2027-03-25 {hour:02d}:30"))
    shift = timedelta(weeks=weeks)
    other = _wanted(an_appointment(local(f"2027-03-25 {hour:02d}:30") + shift), now=LONG_BEFORE + shift)
    assert {step: plan.due_at + shift for step, plan in first.items()} == {
        step: plan.due_at for step, plan in other.items()
    }
