"""The worklist's tables: which ends need a person, what each task says, and the key that opens it once."""

from __future__ import annotations

from itertools import product

import pytest

from reminders.core.consent import OPT_OUT_CONFIRMED
from reminders.core.delivery import IN_FLIGHT, WAITING, MessageState
from reminders.core.gate import Origin
from reminders.core.ids import AppointmentId, ClinicId, ContactId, MessageId
from reminders.core.messages import Draft
from reminders.core.patients import Channel
from reminders.core.reminders import Reason
from reminders.core.tasks import (
    AFTER_MESSAGE,
    AFTER_REMINDER,
    NEXT_ACTIONS,
    OUTCOMES,
    TITLES,
    USUAL_URGENCY,
    Outcome,
    TaskKind,
    after_message,
    after_reminder,
    key_after_message,
    key_of,
)
from tests.builders import NOON, an_appointment, an_id

VISIT = an_appointment()


@pytest.mark.parametrize("state", MessageState)
def test_a_confirmation_of_an_opt_out_that_does_not_arrive_is_nobody_s_task(state: MessageState) -> None:
    for reason in (None, *Reason):
        assert after_message(state, reason, Origin.ANSWER, OPT_OUT_CONFIRMED) is None


def test_every_kind_of_task_has_a_title_a_next_action_and_an_urgency() -> None:
    assert set(TITLES) == set(NEXT_ACTIONS) == set(USUAL_URGENCY) == set(TaskKind)
    assert len(set(TITLES.values())) == len(TaskKind)
    assert all(text.endswith(".") for text in NEXT_ACTIONS.values())
    assert set(OUTCOMES) == set(Outcome)


QUIET = {
    Reason.SUPERSEDED,
    Reason.REPLANNED,
    Reason.TOO_LATE_WHEN_PLANNED,
    Reason.NOT_ON_ALLOW_LIST,
    Reason.ALREADY_CONFIRMED,
    Reason.RIDE_ARRANGED,
    Reason.APPOINTMENT_OFF,
    Reason.MERGED,
    Reason.ON_HOLD,
    Reason.SERIES_STOPPED,
    Reason.OVERTAKEN,
    Reason.WITHDRAWN,
    Reason.ACKNOWLEDGED,
    Reason.ANSWERED,
}
"""Ends after which nobody has to do anything: it was not needed, or somebody saw to it already."""


def test_every_reason_says_whether_a_person_has_to_act() -> None:
    assert set(AFTER_MESSAGE) == set(AFTER_REMINDER) == set(Reason)
    for table in (AFTER_MESSAGE, AFTER_REMINDER):
        assert {reason for reason, kind in table.items() if kind is None} == QUIET


def test_every_end_of_a_message_is_good_quiet_or_somebodys_task() -> None:
    for state, reason, origin in product(MessageState, [None, *Reason], Origin):
        kind = after_message(state, reason, origin, "remind_confirm")
        if state in WAITING | IN_FLIGHT | {MessageState.ACCEPTED, MessageState.SENT, MessageState.DELIVERED}:
            assert kind is None
        if state in {MessageState.EXPIRED, MessageState.UNDELIVERED} and reason not in {None, *QUIET}:
            assert kind is not None or origin in {Origin.ANSWER, Origin.ALERT}  # an alarm climbs on by itself


MISSED = {"prep_first", "remind_confirm", "ride_check", "checkin_24h"}
GIVE_WAY = {"booked", "rebook", "checkin_evening", "outcome_7d", "outcome_14d", "checkin_72h", "day_of"}


@pytest.mark.parametrize("step", sorted(MISSED | GIVE_WAY | {"their_own"}))
def test_what_a_cap_drops_first_is_missed_by_nobody_and_the_rest_is_a_task(step: str) -> None:
    ended = after_message(MessageState.SUPPRESSED, Reason.CAP, Origin.REMINDER, step)
    expected = TaskKind.RIDE_WANTED if step == "ride_check" else TaskKind.NOT_DELIVERED
    assert ended == (None if step in GIVE_WAY else expected)
    assert (after_reminder(Reason.CAP, step) is None) == (step in GIVE_WAY)


def test_a_ride_that_is_wanted_is_one_task_of_the_version_whoever_finds_out() -> None:
    draft = a_draft(appointment_id=VISIT.id, version=3)
    assert key_after_message(TaskKind.RIDE_WANTED, draft) == key_of(TaskKind.RIDE_WANTED, VISIT.id, 3)
    assert key_after_message(TaskKind.ADDRESS_FAULT, draft) == key_of(TaskKind.ADDRESS_FAULT, VISIT.id, 3)
    assert key_after_message(TaskKind.NOT_DELIVERED, draft) == f"not_delivered:{draft.id}"
    nobodys = a_draft(appointment_id=None, version=None)
    assert key_after_message(TaskKind.RIDE_WANTED, nobodys) == f"ride_wanted:{nobodys.id}"


def a_draft(*, appointment_id: AppointmentId | None, version: int | None) -> Draft:
    return Draft(
        id=MessageId(an_id("message")),
        clinic_id=ClinicId(an_id("clinic")),
        contact_id=ContactId(an_id("contact")),
        patient_id=VISIT.patient_id,
        appointment_id=appointment_id,
        version=version,
        channel=Channel.SMS,
        origin=Origin.REMINDER,
        kind="ride_check",
        body="",
        subject="",
        segments=1,
        due_at=NOON,
        expires_at=NOON,
    )
