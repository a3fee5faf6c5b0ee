from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from reminders.core.conditions import Case, Telling, case_of
from reminders.core.delivery import MOST_REDELIVERIES, MessageState
from reminders.core.fallback import LANDLINE, OUT_OF_REACH, UNREACHABLE, has_failed, is_landline, is_unreachable
from reminders.core.patients import Channel, Override, Patient, Recipient
from reminders.core.planning import Plan, desired, replan
from reminders.core.reminders import PlannedReminder, Reason, Reminder, ReminderState
from tests.builders import a_clinic, a_patient, a_record, an_appointment, held, local

SENT_AT = local("2027-03-13 10:00")
NOW = SENT_AT + timedelta(minutes=20)
FAILS = {
    (MessageState.REJECTED, Reason.ADDRESS_FAULT),
    (MessageState.UNDELIVERED, Reason.ADDRESS_FAULT),
    (MessageState.SUPPRESSED, Reason.ADDRESS_FAULT),
}
FAILS_IN_THE_END = {*FAILS, (MessageState.UNDELIVERED, Reason.UNDELIVERED)}


@pytest.mark.parametrize("redeliveries", range(MOST_REDELIVERIES + 1))
def test_what_fails_for_the_sake_of_the_address_or_after_all_redeliveries_falls_back_and_nothing_else(
    redeliveries: int,
) -> None:
    found = {
        (state, reason)
        for state, reason in product(MessageState, [None, *Reason])
        if has_failed(state, reason, redeliveries)
    }

    assert found == (FAILS_IN_THE_END if redeliveries == MOST_REDELIVERIES else FAILS)


def test_a_number_is_bad_when_two_messages_in_a_row_ended_out_of_reach() -> None:
    assert is_unreachable([OUT_OF_REACH, OUT_OF_REACH, None])
    assert not is_unreachable([OUT_OF_REACH])
    assert not is_unreachable([OUT_OF_REACH, None, OUT_OF_REACH])
    assert not is_unreachable([OUT_OF_REACH, "30005"])
    assert not is_unreachable([])


def test_some_faults_say_that_a_number_is_a_landline() -> None:
    assert all(map(is_landline, [LANDLINE, "30006", "21635"]))
    assert not any(map(is_landline, [UNREACHABLE, "30005", ""]))


def a_case(patient: Patient) -> Case:
    appointment = an_appointment()
    return case_of(
        appointment,
        patient,
        a_clinic(),
        siblings=(),
        telling=Telling(is_announced=False),
        now=NOW,
    )


def as_planned(case: Case) -> list[Reminder]:
    """Return the first plan as rows, a day before the confirmation was asked for."""
    before = replace(case, now=SENT_AT - timedelta(days=1), patient=a_patient())
    return [held(plan, case.appointment) for plan in desired(before)]


def after_failing(case: Case, step: str = "remind_confirm") -> tuple[Reminder, ...]:
    """Return the rows once the text of a step failed."""
    return tuple(
        replace(item, has_failed=True, planned=replace(item.planned, state=ReminderState.DISPATCHED))
        if item.step == step
        else item
        for item in as_planned(case)
    )


def added(plan: Plan) -> dict[tuple[str, Channel], PlannedReminder]:
    return {(item.key.step, item.key.channel): item for item in plan.add}


def test_the_other_channel_takes_over_at_once_and_ends_when_the_first_would_have() -> None:
    case = a_case(a_patient())
    rows = after_failing(case)
    failed = next(item for item in rows if item.has_failed)

    again = added(replan(case, rows))["remind_confirm", Channel.EMAIL]

    assert again.state is ReminderState.PLANNED
    assert again.due_at == NOW
    assert again.expires_at == failed.planned.expires_at


def test_a_mail_that_failed_is_followed_by_a_text() -> None:
    patient = replace(a_patient(), override=Override(channels=(Channel.EMAIL, Channel.SMS)))
    case = a_case(patient)
    first = [held(plan, case.appointment) for plan in desired(replace(case, now=SENT_AT - timedelta(days=1)))]
    rows = [
        replace(item, has_failed=True, planned=replace(item.planned, state=ReminderState.DISPATCHED)) for item in first
    ]

    assert {item.planned.key.channel for item in rows} == {Channel.EMAIL}
    assert added(replan(case, rows))["remind_confirm", Channel.SMS].due_at == NOW


def test_it_takes_over_once_and_planning_anew_leaves_it_alone() -> None:
    case = a_case(a_patient())
    rows = after_failing(case)
    plan = replan(case, rows)
    waiting = (*rows, *(held(item, case.appointment) for item in plan.add))

    later = replace(case, now=NOW + timedelta(hours=1))
    assert replan(later, waiting).is_empty

    sent = (*rows, *(held(replace(item, state=ReminderState.DISPATCHED), case.appointment) for item in plan.add))
    assert replan(later, sent).is_empty
    failed_too = tuple(replace(item, has_failed=item.step == "remind_confirm") for item in sent)
    assert replan(later, failed_too).is_empty, "there is no third channel"


@pytest.mark.parametrize(
    "patient",
    [
        a_patient(a_record(email=None)),
        a_patient(a_record(has_email_consent=False)),
        replace(a_patient(closed=frozenset({Channel.EMAIL})), faulty=frozenset({Channel.EMAIL})),
        a_patient(closed=frozenset({Channel.EMAIL})),
        a_patient(closed=frozenset({Channel.SMS})),
    ],
    ids=["no address", "no consent", "a fault there too", "opted out there", "opted out here"],
)
def test_nothing_takes_over_without_address_and_consent_or_after_an_opt_out(patient: Patient) -> None:
    case = a_case(patient)

    assert ("remind_confirm", Channel.EMAIL) not in added(replan(case, after_failing(case)))


def test_nothing_takes_over_that_is_no_longer_useful() -> None:
    case = a_case(a_patient())
    rows = after_failing(case)
    end = next(item.planned.expires_at for item in rows if item.has_failed)

    assert not added(replan(replace(case, now=end), rows))


def test_what_took_over_ends_with_its_reason_where_its_channel_closes() -> None:
    case = a_case(a_patient())
    rows = after_failing(case)
    waiting = (*rows, *(held(item, case.appointment) for item in replan(case, rows).add))

    gone = replace(case, patient=a_patient(closed=frozenset(Channel)))

    ends = {(item.step, item.planned.key.channel): reason for item, reason in replan(gone, waiting).cancel}
    assert ends["remind_confirm", Channel.EMAIL] is Reason.OPTED_OUT


def test_a_channel_that_was_planned_once_and_given_up_may_take_over() -> None:
    case = a_case(a_patient())
    rows = after_failing(case)
    failed = next(item for item in rows if item.has_failed)
    key = replace(failed.planned.key, channel=Channel.EMAIL)
    old = replace(failed.planned, key=key, state=ReminderState.CANCELLED, reason=Reason.REPLANNED)

    plan = replan(case, (*rows, held(old, case.appointment)))

    assert [wanted.key for _, wanted in plan.move if wanted.key.step == "remind_confirm"] == [key]


def test_nothing_takes_over_for_an_escort() -> None:
    case = a_case(a_patient())
    rows = tuple(
        replace(
            item,
            planned=replace(item.planned, key=replace(item.planned.key, recipient=Recipient.ESCORT)),
        )
        for item in after_failing(case)
    )

    assert all(item.key.channel is Channel.SMS for item in replan(case, rows).add)
