"""The tables. What must never happen is refused here, by constraints, not by code that hopes.

Names, phones, e-mails and bodies are sealed bytes (see `vault`); `*_index` is their blind index. Instants are UTC.
Every table carries the clinic, except where a row arrives before anybody knows whose it is.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from reminders.core.appointments import AppointmentStatus
from reminders.core.cadences import QuestionKind
from reminders.core.delivery import AttemptState, MessageState, ReceiptStatus, Refusal
from reminders.core.gate import Origin
from reminders.core.patients import Channel, Recipient
from reminders.core.pauses import PauseKind
from reminders.core.reminders import Reason, ReminderState
from reminders.core.tasks import Doubt, Outcome, TaskKind, Urgency
from reminders.core.transport import RideState
from reminders.store import append_only, console_rows
from reminders.store.columns import at, of, only_where, row_id
from reminders.store.types import word

metadata = console_rows.metadata
"""Every table, once this module is imported."""

clinic = Table(
    "clinic",
    metadata,
    row_id(),
    Column("slug", String(64), nullable=False, unique=True),
    Column("document", Text, nullable=False),
    Column("version", Integer, nullable=False),
    at("applied_at", is_required=True),
)

patient = Table(
    "patient",
    metadata,
    row_id(),
    of("clinic"),
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
    Column("search_rule", Integer),
    UniqueConstraint("clinic_id", "external_id"),
    Index("ix_patient_unsearchable", "clinic_id", **only_where("search_rule IS NULL")),
)
"""`search_rule` says by which rule the words were made by which they are found; none where that is still to be done."""

patient_search_token = Table(
    "patient_search_token",
    metadata,
    Column("clinic_id", Uuid, ForeignKey("clinic.id"), primary_key=True),
    Column("token", BigInteger, primary_key=True, autoincrement=False),
    Column("patient_id", Uuid, ForeignKey("patient.id"), primary_key=True),
    Index("ix_patient_search_token_patient_id", "patient_id"),
    sqlite_with_rowid=False,
)
"""The words by which patients are found (see `core.search_words`), each as a number that only this installation can
make. What that tells whoever steals the database is said at `Vault.search_token`. It goes with the name."""

consent_event = Table(
    "consent_event",
    metadata,
    row_id(),
    of("clinic"),
    of("patient"),
    Column("channel", word(Channel, "channel"), nullable=False),
    Column("is_granted", Boolean, nullable=False),
    Column("source", String(40), nullable=False),
    at("recorded_at", is_required=True),
    Index("ix_consent_event_patient_id", "patient_id"),
)
"""Append-only: who may be written to, since when, by whose word (requirement 31)."""

contact = Table(
    "contact",
    metadata,
    row_id(),
    of("clinic"),
    Column("channel", word(Channel, "channel"), nullable=False),
    Column("address", LargeBinary, nullable=False),
    Column("address_index", LargeBinary(32), nullable=False, index=True),
    at("opted_out_at"),
    Column("opted_out_by", String(40)),
    at("fault_at"),
    Column("fault", String(40)),
    Column("line_type", String(40)),
    at("line_checked_at"),
    UniqueConstraint("clinic_id", "channel", "address_index"),
    Index("ix_contact_unchecked", "clinic_id", **only_where("line_checked_at IS NULL AND channel = 'sms'")),
)
"""An address, whoever uses it. Its row is the lock by which an opt-out and a send are put in order."""

appointment = Table(
    "appointment",
    metadata,
    row_id(),
    of("clinic"),
    of("patient"),
    Column("source", String(40), nullable=False),
    Column("external_id", String(200), nullable=False),
    at("starts_at", is_required=True),
    Column("timezone", String(64), nullable=False),
    Column("duration_minutes", Integer, nullable=False),
    Column("appointment_type", String(200), nullable=False),
    Column("status", word(AppointmentStatus, "status"), nullable=False),
    Column("series_id", String(200)),
    Column("series_number", Integer),
    Column("escort_name", LargeBinary),
    Column("escort_phone", LargeBinary),
    Column("version", Integer, nullable=False),
    at("versioned_at", is_required=True),
    Column("confirmed_version", Integer),
    at("confirmed_at"),
    Column("ride_version", Integer),
    Column("ride_state", word(RideState, "ride_state")),
    Column("ride_state_version", Integer),
    at("ended_at"),
    Column("ended_by", String(80)),
    at("missing_since"),
    Column("is_announced", Boolean, nullable=False),
    at("watch_at"),
    UniqueConstraint("clinic_id", "source", "external_id"),
    Index("ix_appointment_watch_at", "watch_at", **only_where("watch_at IS NOT NULL")),
    Index("ix_appointment_patient_id", "patient_id"),
    Index("ix_appointment_clinic_id_starts_at", "clinic_id", "starts_at"),
)

"""`ride_version` is the version whose ride is arranged, `ride_state` what was last said of it. `watch_at` is when
somebody must next look whether it lacks a ride, an answer or an outcome; none while nothing is to come."""

appointment_version = Table(
    "appointment_version",
    metadata,
    Column("appointment_id", Uuid, ForeignKey("appointment.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    of("clinic"),
    at("starts_at", is_required=True),
    Column("timezone", String(64), nullable=False),
    Column("appointment_type", String(200), nullable=False),
    Column("status", word(AppointmentStatus, "status"), nullable=False),
    at("versioned_at", is_required=True),
)
"""Append-only: what each version of an appointment said, so that we know what the patient was told."""

pause = Table(
    "pause",
    metadata,
    row_id(),
    of("clinic"),
    of("patient", is_required=False),
    Column("kind", word(PauseKind, "kind"), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("reason", LargeBinary, nullable=False),
    Column("made_by", String(80), nullable=False),
    at("made_at", is_required=True),
    Column("ended_by", String(80)),
    at("ended_at"),
    Index("one_pause", "clinic_id", "kind", "subject", unique=True, **only_where("ended_at IS NULL")),
    Index("ix_pause_patient_id", "patient_id"),
)
"""A closed day (`subject` its ISO date), a patient on hold (its external id), or a stopped series (its id)."""

patient_override = Table(
    "patient_override",
    metadata,
    row_id(),
    of("clinic"),
    of("patient"),
    Column("document", Text, nullable=False),
    Column("reason", LargeBinary, nullable=False),
    Column("made_by", String(80), nullable=False),
    at("made_at", is_required=True),
    at("ended_at"),
    Index("one_override", "patient_id", unique=True, **only_where("ended_at IS NULL")),
    Index("ix_patient_override_patient_id", "patient_id"),
)
"""What staff changed of the cadence for one patient; the newest holds, the earlier ones are kept."""

escort_consent = Table(
    "escort_consent",
    metadata,
    row_id(),
    of("clinic"),
    of("patient"),
    Column("phone", LargeBinary, nullable=False),
    Column("phone_index", LargeBinary(32), nullable=False),
    Column("is_granted", Boolean, nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("recorded_by", String(80), nullable=False),
    at("recorded_at", is_required=True),
    Index("ix_escort_consent_patient_id", "patient_id", "phone_index", "recorded_at"),
)
"""Append-only: which escort said that we may text them about fetching this patient (requirement 52)."""

message = Table(
    "message",
    metadata,
    row_id(),
    of("clinic"),
    of("contact"),
    of("patient", is_required=False),
    of("appointment", is_required=False),
    of("batch", is_required=False),
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
    at("due_at", is_required=True),
    at("expires_at", is_required=True),
    at("made_at", is_required=True),
    at("left_at"),
    at("changed_at", is_required=True),
    Column("claim", Uuid),
    at("lease_until"),
    Column("fence", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("resends", Integer, nullable=False),
    Column("redeliveries", Integer, nullable=False, server_default="0"),
    UniqueConstraint("clinic_id", "request_key"),
    Index("ix_message_due", "channel", "due_at", **only_where("state IN ('due', 'held')")),
    Index("ix_message_again", "channel", "due_at", **only_where("state IN ('due', 'held') AND fence > 0")),
    Index("ix_message_lease", "lease_until", **only_where("state = 'claimed'")),
    Index("ix_message_on_its_way", "left_at", **only_where("state IN ('accepted', 'sent')")),
    Index("ix_message_waiting", "expires_at", **only_where("state IN ('due', 'held', 'claimed', 'unknown')")),
    Index("ix_message_patient_id_left_at", "patient_id", "left_at"),
    Index("ix_message_appointment_id", "appointment_id"),
    Index("ix_message_contact_id", "contact_id"),
    Index("ix_message_batch_id", "batch_id", **only_where("batch_id IS NOT NULL")),
    Index("ix_message_made_at", "clinic_id", "made_at"),
)

reminder = Table(
    "reminder",
    metadata,
    row_id(),
    of("clinic"),
    of("patient"),
    of("appointment"),
    of("message", is_required=False),
    Column("version", Integer, nullable=False),
    Column("step", String(40), nullable=False),
    Column("recipient", word(Recipient, "recipient"), nullable=False),
    Column("channel", word(Channel, "channel"), nullable=False),
    at("not_before", is_required=True),
    at("due_at", is_required=True),
    at("expires_at", is_required=True),
    Column("state", word(ReminderState, "state"), nullable=False),
    Column("reason", word(Reason, "reason")),
    Column("merged_into_id", Uuid, ForeignKey("reminder.id", name="fk_reminder_merged_into_id")),
    at("changed_at", is_required=True),
    UniqueConstraint("appointment_id", "version", "step", "recipient", "channel"),
    Index("ix_reminder_due", "due_at", **only_where("state = 'planned'")),
    Index("ix_reminder_expires", "expires_at", **only_where("state = 'planned'")),
    Index("ix_reminder_patient_id", "patient_id"),
    Index("ix_reminder_message_id", "message_id"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("tag", Uuid, primary_key=True),
    of("clinic"),
    of("message"),
    Column("fence", Integer, nullable=False),
    Column("state", word(AttemptState, "state"), nullable=False),
    at("begun_at", is_required=True),
    at("machine_begun_at", is_required=True),
    at("deadline_at", is_required=True),
    at("finished_at"),
    Column("provider_id", String(200), unique=True),
    Column("provider_status", String(40)),
    Column("code", String(20)),
    Column("detail", String(200)),
    Column("empty_looks", Integer, nullable=False),
    at("first_look_at"),
    at("last_look_at"),
    Column("is_late_accept", Boolean, nullable=False),
    Index("one_live_attempt", "message_id", unique=True, **only_where("state IN ('sending', 'unknown', 'accepted')")),
    Index("ix_attempt_open", "deadline_at", **only_where("state IN ('sending', 'unknown')")),
    Index("ix_attempt_absent", "last_look_at", **only_where("state = 'absent'")),
    Index("ix_attempt_message_id", "message_id"),
    Index("ix_attempt_code", "clinic_id", "begun_at", **only_where("code IS NOT NULL")),
)
"""One provider call. `machine_begun_at` and `deadline_at` are machine time, `begun_at` the clinic's."""

receipt = Table(
    "receipt",
    metadata,
    row_id(),
    of("clinic", is_required=False),
    Column("tag", Uuid),
    Column("provider_id", String(200), nullable=False),
    Column("provider_status", String(40), nullable=False),
    Column("status", word(ReceiptStatus, "status")),
    Column("code", String(20)),
    Column("refusal", word(Refusal, "refusal")),
    at("received_at", is_required=True),
    at("applied_at"),
    UniqueConstraint("provider_id", "provider_status"),
    Index("ix_receipt_waiting", "received_at", **only_where("applied_at IS NULL")),
    Index("ix_receipt_received_at", "received_at"),
    Index("ix_receipt_code", "received_at", **only_where("code IS NOT NULL")),
    Index("ix_receipt_tag", "tag"),
)

task = Table(
    "task",
    metadata,
    row_id(),
    of("clinic", is_required=False),
    of("patient", is_required=False),
    of("appointment", is_required=False),
    of("message", is_required=False),
    of("inbound", is_required=False),
    Column("kind", word(TaskKind, "kind"), nullable=False),
    Column("urgency", word(Urgency, "urgency"), nullable=False),
    Column("reason", word(Reason, "reason")),
    Column("key", String(120), nullable=False, unique=True),
    at("opened_at", is_required=True),
    at("due_at"),
    Column("owner", String(80)),
    at("acknowledged_at"),
    Column("acknowledged_by", String(80)),
    at("resolved_at"),
    Column("resolved_by", String(80)),
    Column("outcome", word(Outcome, "outcome")),
    Column("note", LargeBinary),
    Column("doubt", word(Doubt, "doubt")),
    Index("ix_task_open", "clinic_id", "opened_at", **only_where("resolved_at IS NULL")),
    Index("ix_task_resolved_at", "resolved_at", **only_where("resolved_at IS NOT NULL")),
    Index("ix_task_appointment_id", "appointment_id"),
    Index("ix_task_inbound_id", "inbound_id"),
    Index("ix_task_patient_id", "patient_id"),
    Index("ix_task_message_id", "message_id"),
)
"""An item of the worklist. Its key makes opening it twice impossible. `note` is sealed: staff write names into it."""

link = Table(
    "link",
    metadata,
    row_id(),
    of("clinic"),
    of("contact"),
    of("patient", is_required=False),
    of("appointment", is_required=False),
    Column("purpose", String(20), nullable=False),
    Column("token_hash", LargeBinary(32), nullable=False, unique=True),
    Column("version", Integer),
    at("made_at", is_required=True),
    at("expires_at", is_required=True),
)

append_only.close_tables()
