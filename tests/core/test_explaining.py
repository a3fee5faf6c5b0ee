from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

import pytest

from reminders.core.cadences import Anchor, Civil, Elapsed, Offset, QuestionKind
from reminders.core.clinics import Clinic
from reminders.core.conditions import Case, case_of
from reminders.core.delivery import AttemptState, MessageState, ReceiptStatus
from reminders.core.labels import ATTEMPT_STATES, CHANNELS, MESSAGE_STATES, REASON_SENTENCES, RECEIPTS, REMINDER_STATES
from reminders.core.patients import Channel, Patient
from reminders.core.planning import desired
from reminders.core.reminders import PlannedReminder, Reason, ReminderState
from reminders.core.timeline.message_lines import ASKED
from reminders.core.timeline.rules import ANCHORS, AT_AN_ANCHOR, Explanation, explain, offset_words
from reminders.core.timeline.timeline import AWAITED
from tests.builders import a_clinic, a_patient, a_record, local
from tests.core.planning_cases import LONG_BEFORE, SILENT, a_visit

HOUR = timedelta(hours=1)


def a_case(
    start: str, *, now: datetime = LONG_BEFORE, clinic: Clinic | None = None, patient: Patient | None = None
) -> Case:
    return case_of(a_visit(start), patient or a_patient(), clinic or a_clinic(), siblings=(), telling=SILENT, now=now)


def planned(case: Case, step: str) -> PlannedReminder:
    return next(plan for plan in desired(case) if plan.key.step == step)


def explained(case: Case, key: str, *, plan: PlannedReminder | None = None, later: Case | None = None) -> Explanation:
    step = case.cadence.step(key)
    assert step is not None
    return explain(step, later or case, plan or planned(case, key))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (REASON_SENTENCES, Reason),
        (REMINDER_STATES, ReminderState),
        (MESSAGE_STATES, MessageState),
        (ATTEMPT_STATES, AttemptState),
        (RECEIPTS, ReceiptStatus),
        (CHANNELS, Channel),
        (ANCHORS, Anchor),
        (AT_AN_ANCHOR, Anchor),
    ],
)
def test_each_word_of_ours_has_words_for_people(table: dict[str, str], words: type[StrEnum]) -> None:
    assert set(table) == set(words)
    assert all(table.values())


def test_each_reason_is_one_plain_sentence() -> None:
    for sentence in REASON_SENTENCES.values():
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert sentence.count(".") == 1
        assert "_" not in sentence


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (Elapsed(Anchor.END, 24 * HOUR), "24 hours after the end"),
        (Elapsed(Anchor.END, 1 * HOUR), "1 hour after the end"),
        (Elapsed(Anchor.FASTING), "the start of the solids fast"),
        (Elapsed(Anchor.VERSION), "at once"),
        (Elapsed(Anchor.START), "the start of the session"),
        (Elapsed(Anchor.START, -26 * HOUR), "26 hours before the session"),
        (Elapsed(Anchor.ARRIVAL, -2.5 * HOUR), "2 hours 30 minutes before the arrival"),
        (Elapsed(Anchor.ARRIVAL, -0.75 * HOUR), "45 minutes before the arrival"),
        (Elapsed(Anchor.DUE, 4 * 24 * HOUR), "4 days after it was due"),
        (Civil(Anchor.START, -3), "3 days before the session at 10:00, clinic time"),
        (Civil(Anchor.START, -1), "the day before the session at 10:00, clinic time"),
        (Civil(Anchor.START, 0), "on the day of the session at 10:00, clinic time"),
        (Civil(Anchor.END, 7), "7 days after the end at 10:00, clinic time"),
    ],
)
def test_an_offset_in_words(offset: Offset, words: str) -> None:
    assert offset_words(offset) == words


def test_what_stands_by_its_own_rule_is_moved_by_nothing() -> None:
    found = explained(a_case("2027-03-25 10:00"), "remind_confirm")
    assert (found.rule, found.shift, found.differs) == ("3 days before the session at 10:00, clinic time", None, None)
    assert found.useful_until == "26 hours before the session"


def test_a_later_opening_is_named() -> None:
    found = explained(a_case("2027-03-24 10:00"), "remind_confirm")
    assert found.shift == "due 10:00; Sunday opens at 12:00"


def test_the_patients_own_quiet_hours_are_told_in_their_time() -> None:
    patient = a_patient(a_record(timezone="America/Los_Angeles"))
    found = explained(a_case("2027-03-25 10:00", patient=patient), "remind_confirm")
    assert found.shift == "due 07:00; Monday opens at 09:00, patient's time"


def test_quiet_hours_that_last_into_another_day_are_told_with_both_days() -> None:
    patient = a_patient(a_record(timezone="Asia/Tokyo"))
    found = explained(a_case("2027-03-25 10:00", patient=patient), "remind_confirm")
    assert found.shift == "due Mon 22 Mar 23:00; quiet hours until Tue 23 Mar 09:00, patient's time"


def test_what_would_come_too_late_is_pulled_back() -> None:
    case = a_case("2027-03-22 04:00")  # a Monday: the solids fast begins at 20:00 on Sunday
    step = case.cadence.step("remind_final")
    assert step is not None
    late = replace(step, due=Civil(Anchor.START, -1, time(21)))
    plan = replace(planned(case, "remind_final"), due_at=local("2027-03-21 19:00"))
    assert explain(late, case, plan).shift == "pulled back to Sun 21 Mar 19:00 because after that it would be useless"


def test_a_closed_day_is_named() -> None:
    clinic = replace(a_clinic(), closures=frozenset({date(2027, 3, 22)}))
    found = explained(a_case("2027-03-25 10:00", clinic=clinic), "remind_confirm")
    assert found.shift == (
        "the clinic is closed on Mon 22 Mar, so the open day before; due 10:00; Sunday opens at 12:00"
    )


def test_what_was_overdue_when_it_was_planned_says_so() -> None:
    found = explained(a_case("2027-03-25 10:00", now=local("2027-03-22 15:00")), "remind_confirm")
    assert found.shift == "that was over when it was planned, so as soon as it may leave"


def test_a_series_counts_from_its_own_end() -> None:
    visit = a_visit("2027-03-25 10:00", series_id="S1", series_number=1)
    case = case_of(visit, a_patient(), a_clinic(), siblings=(), telling=SILENT, now=LONG_BEFORE)
    assert explained(case, "outcome_7d").rule == "7 days after the end of the series at 10:00, clinic time"


def test_a_plan_that_the_present_rules_would_not_make_says_so() -> None:
    case = a_case("2027-03-25 10:00")
    plan = planned(case, "remind_confirm")
    moved = explained(case, "remind_confirm", plan=replace(plan, due_at=plan.due_at + HOUR))
    assert moved.differs == (
        "by the rules as they are now it would leave Mon 22 Mar 10:00, of use until Wed 24 Mar 08:00"
    )
    assert moved.words.endswith("Wed 24 Mar 08:00.")


def test_a_plan_for_a_channel_that_closed_since_says_so() -> None:
    case = a_case("2027-03-25 10:00")
    later = replace(case, patient=replace(case.patient, closed=frozenset({Channel.SMS})))
    assert (
        explained(case, "remind_confirm", later=later).differs == "by the rules as they are now it would go by e-mail"
    )
    nowhere = replace(case, patient=replace(case.patient, closed=frozenset(Channel)))
    assert explained(case, "remind_confirm", later=nowhere).differs == (
        "by the rules as they are now it would not be sent: The patient opted out of messages"
    )


def test_a_plan_for_a_step_that_was_turned_off_says_so() -> None:
    case = a_case("2027-03-25 10:00")
    steps = tuple(step for step in case.cadence.steps if step.key != "remind_confirm")
    later = replace(case, cadence=replace(case.cadence, steps=steps))
    assert explained(case, "remind_confirm", later=later).differs == (
        "by the rules as they are now it would not be planned"
    )


def test_what_has_ended_is_not_compared_with_the_present_rules() -> None:
    case = a_case("2027-03-25 10:00")
    plan = replace(planned(case, "remind_confirm"), state=ReminderState.DISPATCHED, due_at=local("2027-03-21 12:00"))
    assert explained(case, "remind_confirm", plan=plan).differs is None


def test_every_question_has_words_for_being_asked_and_awaited() -> None:
    assert ASKED.keys() == AWAITED.keys() == set(QuestionKind)
