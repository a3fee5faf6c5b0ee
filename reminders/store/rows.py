"""The tables. What must never happen is refused here, by constraints, not by code that hopes.

Names, phones, e-mails and bodies are sealed bytes (see `vault`); `*_index` is their blind index. Instants are UTC.
Every table carries the clinic, except where a row arrives before anybody knows whose it is.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from reminders.core.appointments import AppointmentStatus
from reminders.core.cadences import QuestionKind
from reminders.core.delivery import AttemptState, MessageState, ReceiptStatus, Refusal
from reminders.core.gate import Origin
from reminders.core.patients import Channel, Recipient
from reminders.core.pauses import PauseKind
from reminders.core.reminders import Reason, ReminderState
from reminders.core.tasks import TaskKind, Urgency
from reminders.store.types import UtcInstant, word

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[Any]:
    return Column("id", Uuid, primary_key=True)


def _of(table: str, *, is_required: bool = True) -> Column[Any]:
    return Column(f"{table}_id", Uuid, ForeignKey(f"{table}.id"), nullable=not is_required)


def _at(name: str, *, is_required: bool = False) -> Column[Any]:
    return Column(name, UtcInstant, nullable=not is_required)


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


clinic = Table(
    "clinic",
    metadata,
    _id(),
    Column("slug", String(64), nullable=False, unique=True),
    Column("document", Text, nullable=False),
    Column("version", Integer, nullable=False),
    _at("applied_at", is_required=True),
)

patient = Table(
    "patient",
    metadata,
    _id(),
    _of("clinic"),
    Column("external_id", String(200), nullable=False),
    Column("name", LargeBinary, nullable=False),
    Column("phone", LargeBinary),
    Column("phone_index", LargeBinary(32), index=True),
    Column("email", LargeBinary),
    Column("email_index", LargeBinary(32), index=True),
    Column("language", String(35), nullable=False),
    Column("timezone", String(64)),
    Column("has_sms_consent", Boolean, nullable=False),
    Column("has_email_consent", Boolean, nullable=False),
    UniqueConstraint("clinic_id", "external_id"),
)

consent_event = Table(
    "consent_event",
    metadata,
    _id(),
    _of("clinic"),
    _of("patient"),
    Column("channel", word(Channel, "channel"), nullable=False),
    Column("is_granted", Boolean, nullable=False),
    Column("source", String(40), nullable=False),
    _at("recorded_at", is_required=True),
    Index("ix_consent_event_patient_id", "patient_id"),
)
"""Append-only: who may be written to, since when, by whose word (requirement 31)."""

contact = Table(
    "contact",
    metadata,
    _id(),
    _of("clinic"),
    Column("channel", word(Channel, "channel"), nullable=False),
    Column("address", LargeBinary, nullable=False),
    Column("address_index", LargeBinary(32), nullable=False, index=True),
    _at("opted_out_at"),
    Column("opted_out_by", String(40)),
    _at("fault_at"),
    Column("fault", String(40)),
    UniqueConstraint("clinic_id", "channel", "address_index"),
)
"""An address, whoever uses it. Its row is the lock by which an opt-out and a send are put in order."""

appointment = Table(
    "appointment",
    metadata,
    _id(),
    _of("clinic"),
    _of("patient"),
    Column("source", String(40), nullable=False),
    Column("external_id", String(200), nullable=False),
    _at("starts_at", is_required=True),
    Column("timezone", String(64), nullable=False),
    Column("duration_minutes", Integer, nullable=False),
    Column("appointment_type", String(200), nullable=False),
    Column("status", word(AppointmentStatus, "status"), nullable=False),
    Column("series_id", String(200)),
    Column("series_number", Integer),
    Column("escort_name", LargeBinary),
    Column("escort_phone", LargeBinary),
    Column("version", Integer, nullable=False),
    _at("versioned_at", is_required=True),
    Column("confirmed_version", Integer),
    _at("confirmed_at"),
    Column("ride_version", Integer),
    _at("ended_at"),
    _at("missing_since"),
    Column("is_announced", Boolean, nullable=False),
    _at("watch_at"),
    UniqueConstraint("clinic_id", "source", "external_id"),
    Index("ix_appointment_watch_at", "watch_at", **_only("watch_at IS NOT NULL")),
    Index("ix_appointment_patient_id", "patient_id"),
    Index("ix_appointment_clinic_id_starts_at", "clinic_id", "starts_at"),
)

"""`watch_at` is when somebody must next look whether it lacks a ride or an outcome; none while nothing is to come."""

appointment_version = Table(
    "appointment_version",
    metadata,
    Column("appointment_id", Uuid, ForeignKey("appointment.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _of("clinic"),
    _at("starts_at", is_required=True),
    Column("timezone", String(64), nullable=False),
    Column("appointment_type", String(200), nullable=False),
    Column("status", word(AppointmentStatus, "status"), nullable=False),
    _at("versioned_at", is_required=True),
)
"""Append-only: what each version of an appointment said, so that we know what the patient was told."""

pause = Table(
    "pause",
    metadata,
    _id(),
    _of("clinic"),
    _of("patient", is_required=False),
    Column("kind", word(PauseKind, "kind"), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("reason", LargeBinary, nullable=False),
    Column("made_by", String(80), nullable=False),
    _at("made_at", is_required=True),
    Column("ended_by", String(80)),
    _at("ended_at"),
    Index("one_pause", "clinic_id", "kind", "subject", unique=True, **_only("ended_at IS NULL")),
    Index("ix_pause_patient_id", "patient_id"),
)
"""A closed day (`subject` its ISO date), a patient on hold (its external id), or a stopped series (its id)."""

patient_override = Table(
    "patient_override",
    metadata,
    _id(),
    _of("clinic"),
    _of("patient"),
    Column("document", Text, nullable=False),
    Column("reason", LargeBinary, nullable=False),
    Column("made_by", String(80), nullable=False),
    _at("made_at", is_required=True),
    _at("ended_at"),
    Index("one_override", "patient_id", unique=True, **_only("ended_at IS NULL")),
    Index("ix_patient_override_patient_id", "patient_id"),
)
"""What staff changed of the cadence for one patient; the newest holds, the earlier ones are kept."""

escort_consent = Table(
    "escort_consent",
    metadata,
    _id(),
    _of("clinic"),
    _of("patient"),
    Column("phone", LargeBinary, nullable=False),
    Column("phone_index", LargeBinary(32), nullable=False),
    Column("is_granted", Boolean, nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("recorded_by", String(80), nullable=False),
    _at("recorded_at", is_required=True),
    Index("ix_escort_consent_patient_id", "patient_id", "phone_index", "recorded_at"),
)
"""Append-only: which escort said that we may text them about fetching this patient (requirement 52)."""

message = Table(
    "message",
    metadata,
    _id(),
    _of("clinic"),
    _of("contact"),
    _of("patient", is_required=False),
    _of("appointment", is_required=False),
    Column("version", Integer),
    Column("recipient", word(Recipient, "recipient"), nullable=False, server_default=Recipient.PATIENT.value),
    Column("channel", word(Channel, "channel"), nullable=False),
    Column("origin", word(Origin, "origin"), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("asks", word(QuestionKind, "asks")),
    Column("author", String(80)),
    Column("request_key", String(120)),
    Column("override_reason", String(200)),
    Column("subject", LargeBinary),
    Column("body", LargeBinary, nullable=False),
    Column("segments", Integer, nullable=False),
    Column("state", word(MessageState, "state"), nullable=False),
    Column("reason", word(Reason, "reason")),
    _at("due_at", is_required=True),
    _at("expires_at", is_required=True),
    _at("made_at", is_required=True),
    _at("left_at"),
    _at("changed_at", is_required=True),
    Column("claim", Uuid),
    _at("lease_until"),
    Column("fence", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("resends", Integer, nullable=False),
    UniqueConstraint("clinic_id", "request_key"),
    Index("ix_message_due", "channel", "due_at", **_only("state IN ('due', 'held')")),
    Index("ix_message_lease", "lease_until", **_only("state = 'claimed'")),
    Index("ix_message_waiting", "expires_at", **_only("state IN ('due', 'held', 'claimed', 'unknown')")),
    Index("ix_message_patient_id_left_at", "patient_id", "left_at"),
    Index("ix_message_appointment_id", "appointment_id"),
    Index("ix_message_contact_id", "contact_id"),
)

reminder = Table(
    "reminder",
    metadata,
    _id(),
    _of("clinic"),
    _of("patient"),
    _of("appointment"),
    _of("message", is_required=False),
    Column("version", Integer, nullable=False),
    Column("step", String(40), nullable=False),
    Column("recipient", word(Recipient, "recipient"), nullable=False),
    Column("channel", word(Channel, "channel"), nullable=False),
    _at("not_before", is_required=True),
    _at("due_at", is_required=True),
    _at("expires_at", is_required=True),
    Column("state", word(ReminderState, "state"), nullable=False),
    Column("reason", word(Reason, "reason")),
    Column("merged_into_id", Uuid, ForeignKey("reminder.id", name="fk_reminder_merged_into_id")),
    _at("changed_at", is_required=True),
    UniqueConstraint("appointment_id", "version", "step", "recipient", "channel"),
    Index("ix_reminder_due", "due_at", **_only("state = 'planned'")),
    Index("ix_reminder_expires", "expires_at", **_only("state = 'planned'")),
    Index("ix_reminder_patient_id", "patient_id"),
    Index("ix_reminder_message_id", "message_id"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("tag", Uuid, primary_key=True),
    _of("clinic"),
    _of("message"),
    Column("fence", Integer, nullable=False),
    Column("state", word(AttemptState, "state"), nullable=False),
    _at("begun_at", is_required=True),
    _at("machine_begun_at", is_required=True),
    _at("deadline_at", is_required=True),
    _at("finished_at"),
    Column("provider_id", String(200), unique=True),
    Column("provider_status", String(40)),
    Column("code", String(20)),
    Column("detail", String(200)),
    Column("empty_looks", Integer, nullable=False),
    _at("first_look_at"),
    _at("last_look_at"),
    Column("is_late_accept", Boolean, nullable=False),
    Index("one_live_attempt", "message_id", unique=True, **_only("state IN ('sending', 'unknown', 'accepted')")),
    Index("ix_attempt_open", "deadline_at", **_only("state IN ('sending', 'unknown')")),
    Index("ix_attempt_message_id", "message_id"),
)
"""One provider call. `machine_begun_at` and `deadline_at` are machine time, `begun_at` the clinic's."""

receipt = Table(
    "receipt",
    metadata,
    _id(),
    _of("clinic", is_required=False),
    Column("tag", Uuid),
    Column("provider_id", String(200), nullable=False),
    Column("provider_status", String(40), nullable=False),
    Column("status", word(ReceiptStatus, "status")),
    Column("code", String(20)),
    Column("refusal", word(Refusal, "refusal")),
    _at("received_at", is_required=True),
    _at("applied_at"),
    UniqueConstraint("provider_id", "provider_status"),
    Index("ix_receipt_waiting", "received_at", **_only("applied_at IS NULL")),
    Index("ix_receipt_received_at", "received_at"),
)

inbound = Table(
    "inbound",
    metadata,
    _id(),
    _of("clinic", is_required=False),
    _of("patient", is_required=False),
    _of("appointment", is_required=False),
    Column("provider_id", String(200), nullable=False, unique=True),
    Column("sender", LargeBinary, nullable=False),
    Column("sender_index", LargeBinary(32), nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("media_count", Integer, nullable=False),
    Column("opt_out_type", String(20)),
    _at("received_at", is_required=True),
    _at("handled_at"),
    Column("intent", String(40)),
    Column("decision", String(200)),
    Index("ix_inbound_waiting", "received_at", **_only("handled_at IS NULL")),
)

question = Table(
    "question",
    metadata,
    _id(),
    _of("clinic"),
    _of("patient"),
    _of("contact"),
    _of("appointment"),
    _of("message"),
    Column("version", Integer, nullable=False),
    Column("kind", word(QuestionKind, "kind"), nullable=False),
    _at("asked_at", is_required=True),
    _at("expires_at", is_required=True),
    _at("answered_at"),
    Index("ix_question_contact_id", "contact_id", "asked_at"),
)

task = Table(
    "task",
    metadata,
    _id(),
    _of("clinic", is_required=False),
    _of("patient", is_required=False),
    _of("appointment", is_required=False),
    _of("message", is_required=False),
    _of("inbound", is_required=False),
    Column("kind", word(TaskKind, "kind"), nullable=False),
    Column("urgency", word(Urgency, "urgency"), nullable=False),
    Column("reason", word(Reason, "reason")),
    Column("key", String(120), nullable=False, unique=True),
    _at("opened_at", is_required=True),
    _at("resolved_at"),
    Column("resolved_by", String(80)),
    Index("ix_task_open", "clinic_id", "opened_at", **_only("resolved_at IS NULL")),
)
"""An item of the worklist. Its key makes opening it twice impossible."""

link = Table(
    "link",
    metadata,
    _id(),
    _of("clinic"),
    _of("contact"),
    _of("patient", is_required=False),
    _of("appointment", is_required=False),
    Column("purpose", String(20), nullable=False),
    Column("token_hash", LargeBinary(32), nullable=False, unique=True),
    Column("version", Integer),
    _at("made_at", is_required=True),
    _at("expires_at", is_required=True),
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("name", String(64), primary_key=True),
    _at("beat_at", is_required=True),
)
"""The last sign of work done by each process, in machine time."""

schedule_file = Table(
    "schedule_file",
    metadata,
    Column("path", String(500), primary_key=True),
    Column("digest", LargeBinary(32), nullable=False),
    _at("read_at", is_required=True),
    Column("outcome", String(200), nullable=False),
)
"""What the periodic reader last saw of each watched file, so that it reads again only what changed."""
