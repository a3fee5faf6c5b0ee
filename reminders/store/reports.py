"""What reports count, each in one statement over sets of rows, of one clinic and of nobody in particular.

A week is found by comparing with its bounds, because only Python knows when a clinic's Monday begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Row,
    Select,
    Subquery,
    and_,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    text,
    union,
)

from reminders.core.appointments import AppointmentStatus
from reminders.core.cadences import QuestionKind
from reminders.core.consent import Source, Subject
from reminders.core.delivery import LEFT, MessageState, ReceiptStatus
from reminders.core.gate import Origin
from reminders.core.ids import ClinicId
from reminders.core.patients import Channel
from reminders.core.reminders import ReminderState
from reminders.core.replies import Intent
from reminders.core.reports import (
    Absences,
    CheckInAnswers,
    CodeCount,
    Confirmations,
    Delays,
    Deliveries,
    OptOuts,
    Replies,
    Spread,
    Week,
)
from reminders.core.tasks import Resolver, TaskKind
from reminders.store.check_ins import STANDING_SCORE
from reminders.store.console_rows import correction
from reminders.store.conversation_rows import check_in, inbound, permission_event, question
from reminders.store.rows import appointment, appointment_version, attempt, message, receipt, reminder, task
from reminders.store.types import plain
from reminders.store.unit_of_work import Transaction

TOOK_PLACE = (AppointmentStatus.ARRIVED, AppointmentStatus.FULFILLED)
FAILED = (ReceiptStatus.UNDELIVERED, ReceiptStatus.FAILED)
BY_TEXT = (Source.KEYWORD, Source.TEXT, Source.PROVIDER)
SECONDS_A_DAY = 86_400
LONGEST_ON_ITS_WAY = timedelta(days=62)
"""How long before it leaves a question may be written down: no check-in is of use for nearly so long."""
CLOCK_STEPS = timedelta(days=1)
"""How far back a clinic's clock may have been set between two rows of which one is made after the other."""


def prefer_indexes(tx: Transaction) -> None:
    """Let PostgreSQL look up by index, until this transaction ends, what belongs to the sessions of a few weeks.

    It takes a page for four times as dear where it is not beside the last one, as on a disk that turns, and would
    rather read years of messages and tasks in a row to find the few of these weeks. They are in memory: just written.
    """
    if tx.is_postgres:
        tx.connection.execute(text("SET LOCAL random_page_cost = 1.1"))


def confirmations(
    tx: Transaction, clinic_id: ClinicId, weeks: Sequence[Week], now: datetime
) -> dict[int, Confirmations]:
    """Count sessions that have begun, and those confirmed before, by what brought the yes."""
    said, is_staff = appointment_version, _is_by_staff()
    here = _begun(clinic_id, weeks, now) & (appointment.c.status != AppointmentStatus.CANCELLED)
    by_text = _texts(here)
    is_same = and_(
        said.c.starts_at == appointment.c.starts_at, said.c.appointment_type == appointment.c.appointment_type
    )
    is_confirmed = and_(is_same, appointment.c.confirmed_at <= appointment.c.starts_at)
    is_text = by_text.c.appointment_id.is_not(None)
    inner = (
        select(
            _week(appointment.c.starts_at, weeks),
            _flag("by_text", is_confirmed & is_text),
            _flag("by_staff", is_confirmed & ~is_text & is_staff),
            _flag("by_page", is_confirmed & ~is_text & ~is_staff),
        )
        .outerjoin(
            said, (said.c.appointment_id == appointment.c.id) & (said.c.version == appointment.c.confirmed_version)
        )
        .outerjoin(by_text, by_text.c.appointment_id == appointment.c.id)
        .where(here)
    )
    return {
        row.week: Confirmations(row.whole, by_text=row.by_text, by_staff=row.by_staff, by_page=row.by_page)
        for row in _sums(tx, inner)
    }


def absences(
    tx: Transaction, clinic_id: ClinicId, weeks: Sequence[Week], now: datetime, late: timedelta
) -> dict[int, Absences]:
    """Count what became of sessions; a cancellation is late where it was first seen so shortly before the start."""
    # The current version is the one that the cancellation made: a session that is off changes no more.
    ahead = _seconds(tx, appointment.c.versioned_at, appointment.c.starts_at)
    is_off = appointment.c.status == AppointmentStatus.CANCELLED
    is_late = is_off & (ahead < late.total_seconds())
    is_patient, is_clinic = _has_told(), _is_on_closed_day()
    inner = select(
        _week(appointment.c.starts_at, weeks),
        _flag("took_place", appointment.c.status.in_(TOOK_PLACE)),
        _flag("no_show", appointment.c.status == AppointmentStatus.NOSHOW),
        _flag("late_by_patient", is_late & is_patient),
        _flag("late_by_clinic", is_late & ~is_patient & is_clinic),
        _flag("late_by_schedule", is_late & ~is_patient & ~is_clinic),
        _flag("cancelled_earlier", is_off & ~is_late),
        _flag("no_outcome", appointment.c.status == AppointmentStatus.BOOKED),
    ).where(_begun(clinic_id, weeks, now))
    return {row.week: Absences(**_counts(row)) for row in _sums(tx, inner)}


def deliveries(tx: Transaction, clinic_id: ClinicId, weeks: Sequence[Week]) -> dict[int, Deliveries]:
    """Count what became of messages to patients and escorts."""
    is_text, state = message.c.channel == Channel.SMS, message.c.state
    ends = (MessageState.DELIVERED, MessageState.UNDELIVERED, MessageState.REJECTED)
    inner = select(
        _week(message.c.made_at, weeks),
        _flag("delivered", is_text & (state == MessageState.DELIVERED)),
        _flag("undelivered", is_text & (state == MessageState.UNDELIVERED)),
        _flag("refused", is_text & (state == MessageState.REJECTED)),
        _flag("unreported", is_text & state.not_in(ends)),
        _flag("emails", ~is_text & state.in_(LEFT)),
    ).where(
        _made(clinic_id, weeks),
        or_(message.c.left_at.is_not(None), state == MessageState.REJECTED),
    )
    return {row.week: Deliveries(**_counts(row)) for row in _sums(tx, inner)}


def codes(tx: Transaction, clinic_id: ClinicId, weeks: Sequence[Week]) -> list[CodeCount]:
    """Count the messages that met each error code, at once or by a later report."""
    mine = _made(clinic_id, weeks)
    columns = (message.c.id, message.c.channel)
    # A message is made before it is tried: that leaves the few attempts to look at which met a code at all.
    tried = (attempt.c.clinic_id == clinic_id) & (attempt.c.begun_at >= weeks[0].starts_at - CLOCK_STEPS)
    at_once = select(*columns, attempt.c.code).join(attempt, attempt.c.message_id == message.c.id).where(mine, tried)
    reported = (
        select(*columns, receipt.c.code)
        .join(attempt, attempt.c.message_id == message.c.id)
        .join(receipt, receipt.c.provider_id == attempt.c.provider_id)
        .where(mine, receipt.c.received_at >= weeks[0].starts_at, receipt.c.status.in_(FAILED))
    )
    met = union(
        at_once.where(attempt.c.code.is_not(None), attempt.c.code != ""),
        reported.where(receipt.c.code.is_not(None), receipt.c.code != ""),
    ).subquery()
    counted = select(met.c.code, met.c.channel, func.count().label("messages")).group_by(met.c.code, met.c.channel)
    return [CodeCount(row.code, row.channel == Channel.SMS, row.messages) for row in tx.connection.execute(counted)]


def opt_outs(tx: Transaction, clinic_id: ClinicId, weeks: Sequence[Week]) -> dict[int, OptOuts]:
    """Count addresses that opted out, by the strongest way in which they did, and those that opted in."""
    event = permission_event
    out = ~event.c.is_granted
    is_text, is_link = event.c.source.in_(BY_TEXT), event.c.source == Source.LINK
    each = (
        select(
            _week(event.c.recorded_at, weeks),
            event.c.contact_id,
            func.max(_one(out & is_text)).label("is_text"),
            func.max(_one(out & is_link)).label("is_link"),
            func.max(_one(out)).label("is_out"),
            func.max(_one(event.c.is_granted)).label("is_in"),
        )
        .where(event.c.clinic_id == clinic_id, event.c.subject == Subject.MESSAGES, _within(event.c.recorded_at, weeks))
        .group_by("week", event.c.contact_id)
        .subquery()
    )
    is_out, was_text, was_link = each.c.is_out == 1, each.c.is_text == 1, each.c.is_link == 1
    inner = select(
        each.c.week,
        _flag("by_text", is_out & was_text),
        _flag("by_link", is_out & ~was_text & was_link),
        _flag("by_staff", is_out & ~was_text & ~was_link),
        _flag("opted_in", each.c.is_in == 1),
    )
    return {row.week: OptOuts(**_counts(row)) for row in _sums(tx, inner)}


def check_ins(tx: Transaction, clinic_id: ClinicId, weeks: Sequence[Week]) -> dict[int, CheckInAnswers]:
    """Count check-ins that left, those that brought a score, and how long it took."""
    # The score that stands is looked up for each answer: behind the join, for those to questions of these weeks only.
    asked = and_(
        question.c.clinic_id == clinic_id,
        question.c.kind == plain(QuestionKind.CHECK_IN),
        question.c.asked_at >= weeks[0].starts_at - LONGEST_ON_ITS_WAY,
        question.c.asked_at < weeks[-1].ends_at + CLOCK_STEPS,
    )
    first = (
        select(
            check_in.c.question_id,
            func.min(case((STANDING_SCORE.is_not(None), check_in.c.answered_at))).label("at"),
        )
        .join(question, question.c.id == check_in.c.question_id)
        .where(asked)
        .group_by(check_in.c.question_id)
        .subquery()
    )
    inner = (
        select(_week(message.c.left_at, weeks), _seconds(tx, message.c.left_at, first.c.at).label("seconds"))
        .select_from(question)
        .join(message, message.c.id == question.c.message_id)
        .outerjoin(first, first.c.question_id == question.c.id)
        .where(asked, _within(message.c.left_at, weeks))
    )
    return {row.week: CheckInAnswers(row.whole, row.measured, _spread(row)) for row in _spreads(tx, inner)}


def delays(tx: Transaction, clinic_id: ClinicId, weeks: Sequence[Week]) -> dict[int, Delays]:
    """Count reminders that left, and how long after they were due."""
    leads = (reminder.c.message_id == message.c.id) & (reminder.c.state == ReminderState.DISPATCHED)
    inner = (
        select(_week(message.c.made_at, weeks), _seconds(tx, reminder.c.due_at, message.c.left_at).label("seconds"))
        .select_from(message)
        .join(reminder, leads)
        .where(_made(clinic_id, weeks), message.c.origin == Origin.REMINDER, message.c.state.in_(LEFT))
    )
    return {row.week: Delays(row.whole, _spread(row)) for row in _spreads(tx, inner)}


def replies(tx: Transaction, clinic_id: ClinicId, weeks: Sequence[Week]) -> dict[int, Replies]:
    """Count texts that were read, and those that no person was needed for."""
    fixed = select(correction.c.inbound_id).where(correction.c.clinic_id == clinic_id)
    changed = fixed.distinct().subquery()
    is_opened = exists().where(task.c.inbound_id == inbound.c.id)
    is_unclear = or_(inbound.c.intent.is_(None), inbound.c.intent == Intent.UNCLEAR.value)
    is_changed = changed.c.inbound_id.is_not(None)
    inner = (
        select(
            _week(inbound.c.received_at, weeks),
            _flag("unclear", is_unclear),
            _flag("corrected", is_changed),
            _flag("alone", ~is_unclear & ~is_changed & ~is_opened),
        )
        .select_from(inbound)
        .outerjoin(changed, changed.c.inbound_id == inbound.c.id)
        .where(
            inbound.c.clinic_id == clinic_id, inbound.c.handled_at.is_not(None), _within(inbound.c.received_at, weeks)
        )
    )
    return {row.week: Replies(read=row.whole, **_counts(row)) for row in _sums(tx, inner)}


def _texts(here: ColumnElement[bool]) -> Subquery:
    """Return which of these appointments a text confirmed: one of the patient's was read at just that instant."""
    # Not as a condition of each flag, which the database would look up for each again.
    read_then = and_(
        inbound.c.patient_id == appointment.c.patient_id, inbound.c.handled_at == appointment.c.confirmed_at
    )
    found = select(appointment.c.id.label("appointment_id")).join(inbound, read_then)
    return found.where(here, appointment.c.confirmed_at.is_not(None)).distinct().subquery("texts")


def _is_by_staff() -> ColumnElement[bool]:
    """Say of an appointment whether staff resolved a task about it when it was confirmed."""
    people = task.c.resolved_by.not_in([resolver.value for resolver in Resolver])
    return exists().where(
        task.c.appointment_id == appointment.c.id, task.c.resolved_at == appointment.c.confirmed_at, people
    )


def _has_told() -> ColumnElement[bool]:
    """Say of an appointment whether its patient told us, before it changed, that they would not come or so."""
    kinds = task.c.kind.in_((TaskKind.DECLINED, TaskKind.RESCHEDULE))
    return exists().where(
        task.c.appointment_id == appointment.c.id, kinds, task.c.opened_at <= appointment.c.versioned_at
    )


def _is_on_closed_day() -> ColumnElement[bool]:
    """Say of an appointment whether it lay on a day that was closed."""
    return exists().where(task.c.appointment_id == appointment.c.id, task.c.kind == TaskKind.SESSION_ON_CLOSED_DAY)


def _begun(clinic_id: ClinicId, weeks: Sequence[Week], now: datetime) -> ColumnElement[bool]:
    here = (appointment.c.clinic_id == clinic_id) & _within(appointment.c.starts_at, weeks)
    return here & (appointment.c.starts_at <= now)


def _made(clinic_id: ClinicId, weeks: Sequence[Week]) -> ColumnElement[bool]:
    """Messages to patients and escorts that were made in these weeks."""
    here = (message.c.clinic_id == clinic_id) & _within(message.c.made_at, weeks)
    return here & (message.c.origin != Origin.ALERT)


def _within(at: ColumnElement[Any], weeks: Sequence[Week]) -> ColumnElement[bool]:
    return (at >= weeks[0].starts_at) & (at < weeks[-1].ends_at)


def _week(at: ColumnElement[Any], weeks: Sequence[Week]) -> ColumnElement[int]:
    """Return the place of the week in which an instant within them lies."""
    return case(*((at < week.ends_at, plain(place)) for place, week in enumerate(weeks))).label("week")


def _one(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, plain(1)), else_=plain(0))


def _flag(name: str, condition: ColumnElement[bool]) -> ColumnElement[int]:
    return _one(condition).label(name)


def _seconds(tx: Transaction, earlier: ColumnElement[Any], later: ColumnElement[Any]) -> ColumnElement[float]:
    """Return the seconds from one instant to another; negative where they come in the other order."""
    if tx.connection.dialect.name == "sqlite":
        return (func.julianday(later) - func.julianday(earlier)) * SECONDS_A_DAY
    return cast(func.date_part("epoch", later - earlier), Float)


def _sums(tx: Transaction, inner: Select[*tuple[Any, ...]]) -> Sequence[Row[Any]]:
    """Count rows and add their flags up, by week."""
    each = inner.subquery()
    sums = [func.sum(column).label(column.key) for column in each.c if column.key != "week"]
    return tx.connection.execute(select(each.c.week, func.count().label("whole"), *sums).group_by(each.c.week)).all()


def _counts(row: Row[Any]) -> dict[str, int]:
    return {name: int(value) for name, value in row._asdict().items() if name not in {"week", "whole"}}


def _spreads(tx: Transaction, inner: Select[*tuple[Any, ...]]) -> Sequence[Row[Any]]:
    """Count rows and those with seconds, and pick the middle one and the 95th of 100 by nearest rank, by week."""
    each = inner.subquery()
    ranked = select(
        each.c.week,
        each.c.seconds,
        func.row_number().over(partition_by=each.c.week, order_by=each.c.seconds.asc().nulls_last()).label("place"),
        func.count(each.c.seconds).over(partition_by=each.c.week).label("of"),
    ).subquery()
    rank = {"p50": (ranked.c.of * plain(50) + plain(99)), "p95": (ranked.c.of * plain(95) + plain(99))}
    picks = [
        func.max(case((ranked.c.place == wanted // plain(100), ranked.c.seconds))).label(name)
        for name, wanted in rank.items()
    ]
    counts = (func.count().label("whole"), func.count(ranked.c.seconds).label("measured"))
    return tx.connection.execute(select(ranked.c.week, *counts, *picks).group_by(ranked.c.week)).all()


def _spread(row: Row[Any]) -> Spread | None:
    if not row.measured:
        return None
    return Spread(row.measured, max(0.0, float(row.p50)), max(0.0, float(row.p95)))
