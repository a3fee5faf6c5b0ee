"""What is asked again and again is answered by an index of the few rows that matter, on the database that is picky."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import Select, func, select
from sqlalchemy.dialects import sqlite

from reminders.core.cadences import QuestionKind
from reminders.core.delivery import AttemptState
from reminders.core.patients import Channel
from reminders.store.attempts import IS_ON_ITS_WAY, IS_OPEN
from reminders.store.conversation_rows import question
from reminders.store.follow_ups import IS_OPEN as WAITS_FOR_AN_ANSWER
from reminders.store.messages import CLAIMABLE
from reminders.store.reminders import IS_PLANNED
from reminders.store.rows import attempt, message, patient, receipt, reminder
from reminders.store.search_tokens import IS_UNSEARCHABLE
from reminders.store.types import plain
from reminders.store.unit_of_work import Store
from tests.builders import NOON

QUESTIONS: dict[str, Select[tuple[object, ...]]] = {
    "ix_message_due": select(func.min(message.c.due_at)).where(CLAIMABLE, message.c.channel == Channel.SMS),
    "ix_message_on_its_way": select(message.c.id).where(IS_ON_ITS_WAY, message.c.left_at >= NOON),
    "ix_reminder_due": select(reminder.c.id).where(IS_PLANNED, reminder.c.due_at <= NOON),
    "ix_question_open": select(question.c.id).where(WAITS_FOR_AN_ANSWER, question.c.expires_at <= NOON),
    "ix_attempt_open": select(attempt.c.tag).where(
        IS_OPEN, attempt.c.state == AttemptState.SENDING, attempt.c.deadline_at < NOON
    ),
    "ix_question_check_in": select(question.c.id).where(
        question.c.kind == plain(QuestionKind.CHECK_IN), question.c.clinic_id == UUID(int=1), question.c.asked_at < NOON
    ),
    "ix_attempt_code": select(attempt.c.tag).where(
        attempt.c.code.is_not(None), attempt.c.clinic_id == UUID(int=1), attempt.c.begun_at >= NOON
    ),
    "ix_receipt_code": select(receipt.c.id).where(receipt.c.code.is_not(None), receipt.c.received_at >= NOON),
    "ix_patient_unsearchable": select(patient.c.id).where(IS_UNSEARCHABLE, patient.c.clinic_id == UUID(int=1)),
}


@pytest.mark.parametrize("index", QUESTIONS)
def test_sqlite_uses_the_partial_index(sqlite_store: Store, index: str) -> None:
    compiled = QUESTIONS[index].compile(dialect=sqlite.dialect())
    with sqlite_store.reading() as tx:
        plan = tx.connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {compiled}", tuple(str(compiled.params[name]) for name in compiled.positiontup or ())
        )
        assert index in " ".join(str(row) for row in plan)
