"""The ledger: everything counted by state, and what would be a broken promise if it were ever found."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, FromClause, and_, exists, false, func, or_, select

from reminders.core.cadences import ASK_ESCORT
from reminders.core.check_ins import NUDGE
from reminders.core.consent import OPT_OUT_CONFIRMED
from reminders.core.delivery import LEFT, AttemptState, MessageState
from reminders.core.gate import Origin
from reminders.core.reminders import GIVES_BACK, ReminderState
from reminders.core.retention import Subject
from reminders.store.conversation_rows import escalation
from reminders.store.doubles import IS_DOUBLE
from reminders.store.escalations import KEY_OF_TASK
from reminders.store.rows import attempt, message, reminder, task
from reminders.store.service_rows import purge_mark
from reminders.store.unit_of_work import Transaction

ENDS_WITH_REASON = [
    MessageState.REJECTED,
    MessageState.SUPPRESSED,
    MessageState.CANCELLED,
    MessageState.EXPIRED,
    MessageState.NEEDS_STAFF,
]


@dataclass(frozen=True, slots=True)
class Ledger:
    """Counts by state, and by name the rows that contradict a promise: all of these must be 0."""

    reminders: dict[str, int]
    messages: dict[str, int]
    attempts: dict[str, int]
    contradictions: dict[str, int]
    possible_doubles: int
    proven_doubles: int

    @property
    def is_balanced(self) -> bool:
        """Say whether every reminder and message is accounted for."""
        return not any(self.contradictions.values())


def read(tx: Transaction) -> Ledger:
    """Count everything, in one snapshot."""
    return Ledger(
        reminders=_by_state(tx, reminder, ReminderState),
        messages=_by_state(tx, message, MessageState),
        attempts=_by_state(tx, attempt, AttemptState),
        contradictions={name: _count(tx, table, where) for name, (table, where) in CONTRADICTIONS.items()},
        possible_doubles=_count(tx, attempt, attempt.c.is_late_accept.is_(True)),
        proven_doubles=_count(tx, attempt, IS_DOUBLE),
    )


def _by_state(
    tx: Transaction, table: FromClause, states: type[ReminderState | MessageState | AttemptState]
) -> dict[str, int]:
    rows = tx.connection.execute(select(table.c.state, func.count().label("n")).group_by(table.c.state))
    found = {str(row.state): row.n for row in rows}
    return {state.value: found.get(state.value, 0) for state in states}


def _count(tx: Transaction, table: FromClause, where: ColumnElement[bool]) -> int:
    return tx.connection.scalar(select(func.count()).select_from(table).where(where)) or 0


Contradictions = dict[str, tuple[FromClause, ColumnElement[bool]]]


def _of_reminders() -> Contradictions:
    has_message = [ReminderState.DISPATCHED, ReminderState.MERGED]
    return {
        "reminders_dispatched_without_message": (
            reminder,
            and_(reminder.c.state.in_(has_message), reminder.c.message_id.is_(None)),
        ),
        "reminders_ended_without_reason": (
            reminder,
            and_(reminder.c.state.not_in([ReminderState.PLANNED, *has_message]), reminder.c.reason.is_(None)),
        ),
    }


def _of_messages() -> Contradictions:
    of_message = attempt.c.message_id == message.c.id
    accepted = exists().where(of_message, attempt.c.state == AttemptState.ACCEPTED)
    live = exists().where(of_message, attempt.c.state.in_([AttemptState.SENDING, AttemptState.UNKNOWN]))
    return {
        "messages_without_their_reminder": (message, _lacks_its_reminder()),
        "messages_ended_without_reason": (
            message,
            and_(message.c.state.in_(ENDS_WITH_REASON), message.c.reason.is_(None)),
        ),
        "messages_left_without_acceptance": (
            message,
            and_(message.c.state.in_(LEFT), ~accepted, ~_may_lack_attempts()),
        ),
        "messages_in_flight_without_attempt": (
            message,
            and_(message.c.state.in_([MessageState.SENDING, MessageState.UNKNOWN]), ~or_(live, accepted)),
        ),
        "messages_expired_without_task": (
            message,
            and_(
                message.c.state.in_([MessageState.EXPIRED, MessageState.NEEDS_STAFF]),
                # What asks a second time may come too late: that its question stays unanswered is the task. Nobody
                # lacks the confirmation of an opt-out, and a ride that no escort was asked for is a task of its own.
                message.c.kind.not_in([NUDGE, OPT_OUT_CONFIRMED, ASK_ESCORT.key]),
                # A notice to staff is about a task that is there from the beginning.
                message.c.origin != Origin.ALERT,
                ~exists().where(task.c.message_id == message.c.id),
            ),
        ),
    }


def _may_lack_attempts() -> ColumnElement[bool]:
    """Say it of what is so old that its attempts were deleted (see `core.retention`)."""
    reached = select(purge_mark.c.reached).where(purge_mark.c.subject == Subject.ATTEMPTS).scalar_subquery()
    return func.coalesce(message.c.id <= reached, false())


def _lacks_its_reminder() -> ColumnElement[bool]:
    """Say it of what was planned: a nudge is not, it follows from a question that was."""
    leads = exists().where(reminder.c.message_id == message.c.id, reminder.c.state == ReminderState.DISPATCHED)
    gave_back = (
        message.c.state.in_([MessageState.CANCELLED, MessageState.SUPPRESSED])
        & message.c.reason.is_not(None)
        & message.c.reason.in_(sorted(GIVES_BACK))
    )
    return and_(message.c.origin == Origin.REMINDER, message.c.kind != NUDGE, ~leads, ~gave_back)


def _of_escalations() -> Contradictions:
    return {
        "escalations_without_task": (escalation, ~exists().where(task.c.key == KEY_OF_TASK)),
        "escalations_that_stopped": (
            escalation,
            and_(escalation.c.acknowledged_at.is_(None), escalation.c.next_at.is_(None)),
        ),
    }


CONTRADICTIONS = {**_of_reminders(), **_of_messages(), **_of_escalations()}
