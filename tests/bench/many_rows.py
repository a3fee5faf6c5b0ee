"""Databases of any size, made by the server itself: rows that wait for months, and rows that are done with.

What they say is nothing (their sealed fields cannot be opened); what counts is how many there are and where they lie.
"""

from __future__ import annotations

from datetime import datetime
from string import Template

from sqlalchemy import text

from reminders.store.engine import make_engine
from reminders.store.unit_of_work import Store

PATIENCE_SECONDS = 3600.0
ROWS_AT_ONCE = 10_000
"""Made by one statement: a busy server must not take longer for it than we wait."""
PATIENTS = 1000
SESSIONS = 10_000
AHEAD = "interval '90 days'"
"""How far ahead reminders and sessions lie, evenly spread."""


def _id(kind: int, number: str) -> str:
    """Return SQL for an id that sorts by its number, as ours do by time."""
    return f"(lpad(to_hex({kind}), 8, '0') || '-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


WORDS = {
    "patient": _id(1, f"n % {PATIENTS}"),
    "contact": _id(2, f"n % {PATIENTS}"),
    "session": _id(3, f"n % {SESSIONS}"),
    "reminder": _id(4, "n"),
    "done": _id(5, "n"),
    "due": _id(6, "n"),
    "attempt": _id(7, "n"),
    "other": _id(8, "n"),
    "past": f":now - interval '1 hour' - n * {AHEAD} / :total",
    "sessions": str(SESSIONS),
    "ahead": AHEAD,
    "clinic_and_numbers": "FROM clinic, generate_series(CAST(:first AS int), CAST(:last AS int)) n",
}
PATIENT_ROWS = """INSERT INTO patient (id, clinic_id, external_id, name, language, has_sms_consent, has_email_consent,
    search_rule)
SELECT $patient, clinic.id, 'P' || n, '', 'en', true, false, 1 $clinic_and_numbers"""
CONTACT_ROWS = """INSERT INTO contact (id, clinic_id, channel, address, address_index, line_checked_at)
SELECT $contact, clinic.id, 'sms', '', sha256(n::text::bytea), :now $clinic_and_numbers"""
SESSION_ROWS = """INSERT INTO appointment (id, clinic_id, patient_id, source, external_id, starts_at, timezone,
    duration_minutes, appointment_type, status, version, versioned_at, is_announced, watch_at)
SELECT $session, clinic.id, $patient, 'csv', 'A' || n, :now + n * $ahead / $sessions, 'America/New_York',
    60, 'ketamine_infusion', 'booked', 1, :now, false, :now + interval '1 hour' + n * $ahead / $sessions
$clinic_and_numbers"""
REMINDER_ROWS = """INSERT INTO reminder (id, clinic_id, patient_id, appointment_id, version, step, recipient, channel,
    not_before, due_at, expires_at, state, changed_at)
SELECT $reminder, clinic.id, $patient, $session, 1 + n / $sessions, 'remind_confirm', 'patient', 'sms', :now,
    :now + interval '1 hour' + n * $ahead / :total, :now + interval '2 days' + n * $ahead / :total,
    'planned', :now
$clinic_and_numbers"""
DONE_ROWS = """INSERT INTO message (id, clinic_id, contact_id, patient_id, appointment_id, recipient, channel, origin,
    kind, body, segments, state, due_at, expires_at, made_at, left_at, changed_at, fence, crashes, resends)
SELECT $done, clinic.id, $contact, $patient, $session, 'patient', 'sms', 'reminder', 'remind_confirm', '', 1,
    'delivered', $past, :now + interval '1 day', $past, $past, :now, 1, 0, 0
$clinic_and_numbers"""
ATTEMPT_ROWS = """INSERT INTO attempt (tag, clinic_id, message_id, fence, state, begun_at, machine_begun_at,
    deadline_at, finished_at, provider_id, provider_status, empty_looks, is_late_accept)
SELECT $attempt, clinic.id, $done, 1, 'accepted', $past, $past, $past, $past, 'SM' || n, 'queued', 0, false
$clinic_and_numbers"""
RECEIPT_ROWS = """INSERT INTO receipt (id, clinic_id, tag, provider_id, provider_status, status, received_at,
    applied_at)
SELECT $other, clinic.id, $attempt, 'SM' || n, 'delivered', 'delivered', $past, $past $clinic_and_numbers"""
INBOUND_ROWS = """INSERT INTO inbound (id, clinic_id, patient_id, provider_id, sender, sender_index, body, media_count,
    received_at, handled_at, intent)
SELECT $other, clinic.id, $patient, 'SMi' || n, '', sha256(n::text::bytea), '', 0, $past, $past, 'confirm'
$clinic_and_numbers"""
QUESTION_ROWS = """INSERT INTO question (id, clinic_id, patient_id, contact_id, appointment_id, message_id, version,
    kind, asked_at, expires_at, answered_at)
SELECT $other, clinic.id, $patient, $contact, $session, $done, 1, 'confirm', $past, $past, $past $clinic_and_numbers"""
TASK_ROWS = """INSERT INTO task (id, clinic_id, patient_id, appointment_id, kind, urgency, key, opened_at, resolved_at,
    resolved_by)
SELECT $other, clinic.id, $patient, $session, 'ride_wanted', 'normal', 'made:' || n, $past, $past, 'schedule'
$clinic_and_numbers"""
CHECK_IN_ROWS = """INSERT INTO check_in (id, clinic_id, patient_id, appointment_id, question_id, inbound_id, score,
    words, asked_at, answered_at)
SELECT $attempt, clinic.id, $patient, $session, $other, $other, n % 11, '', $past, $past $clinic_and_numbers"""
EVENT_ROWS = """INSERT INTO event (id, clinic_id, number, kind, about, patient_id, detail, happened_at)
SELECT $other, clinic.id, n + 1, 'appointment_moved', 'appointment:' || $session, $patient, '{}', $past
$clinic_and_numbers"""
OF_EACH_TEXT = (
    *(DONE_ROWS, ATTEMPT_ROWS, RECEIPT_ROWS, INBOUND_ROWS, QUESTION_ROWS, CHECK_IN_ROWS, TASK_ROWS, EVENT_ROWS),
)

DUE_ROWS = """INSERT INTO message (id, clinic_id, contact_id, patient_id, appointment_id, recipient, channel, origin,
    kind, body, segments, state, due_at, expires_at, made_at, changed_at, fence, crashes, resends)
SELECT $due, clinic.id, $contact, $patient, $session, 'patient', 'sms', 'reminder', 'remind_confirm', '', 1,
    'due', :now - (n % 100) * interval '10 milliseconds', :now + interval '1 day', :now, :now, 0, 0, 0
$clinic_and_numbers"""


def fill(store: Store, *, reminders: int, now: datetime) -> None:
    """Fill a database that has one clinic: so many reminders in the next three months, and a tenth as many texts sent.

    With each text comes all that follows one: attempt, receipt, reply, question, check-in, task, event. Foreign keys
    are not asked for each row: the server would be at it for longer than at all the rest.
    """
    _add(store, PATIENT_ROWS, 0, PATIENTS, now)
    _add(store, CONTACT_ROWS, 0, PATIENTS, now)
    _add(store, SESSION_ROWS, 0, SESSIONS, now)
    _add(store, REMINDER_ROWS, 0, reminders, now)
    for rows in OF_EACH_TEXT:
        _add(store, rows, 0, reminders // 10, now)
    patient = make_engine(store.url, answers_within=PATIENCE_SECONDS)
    with patient.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))
    patient.dispose()


def add_due(store: Store, *, first: int, count: int, now: datetime) -> None:
    """Add so many texts that fell due within the last second."""
    _add(store, DUE_ROWS, first, count, now)


def _add(store: Store, rows: str, first: int, count: int, now: datetime) -> None:
    end = first + count
    statement = text(Template(rows).substitute(WORDS))
    for start in range(first, end, ROWS_AT_ONCE):
        with store.transaction() as tx:
            tx.connection.execute(text("SET LOCAL session_replication_role = replica"))
            tx.connection.execute(text("SET LOCAL statement_timeout = 0"))
            numbers = {"first": start, "last": min(start + ROWS_AT_ONCE, end) - 1, "total": end, "now": now}
            tx.connection.execute(statement, {name: numbers[name] for name in numbers if f":{name}" in statement.text})
