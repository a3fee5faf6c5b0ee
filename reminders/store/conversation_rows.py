"""The tables of the conversation: what we asked, what came back, what it said of consent and of how people are.

Words of patients and of staff are sealed bytes, as everywhere. The append-only tables say so.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from reminders.core.cadences import QuestionKind
from reminders.core.check_ins import Concern
from reminders.core.consent import Source, Subject
from reminders.core.conversation.thread import Way
from reminders.store import service_rows
from reminders.store.columns import at, of, only_where, row_id
from reminders.store.types import word

metadata = service_rows.metadata

inbound = Table(
    "inbound",
    metadata,
    row_id(),
    of("clinic", is_required=False),
    of("patient", is_required=False),
    of("appointment", is_required=False),
    of("link", is_required=False),
    Column("channel", word(Way, "channel"), nullable=False, server_default=Way.SMS.value),
    Column("provider_id", String(200), nullable=False, unique=True),
    Column("sender", LargeBinary, nullable=False),
    Column("sender_index", LargeBinary(32), nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("media_count", Integer, nullable=False),
    Column("opt_out_type", String(20)),
    at("received_at", is_required=True),
    at("handled_at"),
    Column("intent", String(40)),
    Column("intents", String(200)),
    Column("understood", LargeBinary),
    Column("decision", String(200)),
    Column("answer", LargeBinary),
    Index("ix_inbound_waiting", "received_at", **only_where("handled_at IS NULL")),
    Index("ix_inbound_clinic_id_received_at", "clinic_id", "received_at"),
    Index("ix_inbound_patient_id", "patient_id", "received_at"),
    Index("ix_inbound_link_id", "link_id", "received_at", **only_where("link_id IS NOT NULL")),
)
"""A text from outside. `intent` leads, `intents` is all that it says, `understood` (sealed) which words said so.

What was written on a patient's page has the page's link, and in `answer` (sealed) what the page answers.
"""

question = Table(
    "question",
    metadata,
    row_id(),
    of("clinic"),
    of("patient"),
    of("contact"),
    of("appointment"),
    of("message"),
    Column("version", Integer, nullable=False),
    Column("kind", word(QuestionKind, "kind"), nullable=False),
    at("asked_at", is_required=True),
    at("expires_at", is_required=True),
    at("answered_at"),
    at("nudged_at"),
    at("lapsed_at"),
    Index("ix_question_open", "asked_at", **only_where("answered_at IS NULL AND lapsed_at IS NULL")),
    Index("ix_question_check_in", "clinic_id", "asked_at", **only_where("kind = 'check_in'")),
    Index("ix_question_contact_id", "contact_id", "asked_at"),
    Index("ix_question_appointment_id", "appointment_id"),
    Index("ix_question_patient_id", "patient_id"),
)
"""What we asked and still await. `nudged_at`: asked a second time; `lapsed_at`: nobody answered while it held."""

permission_event = Table(
    "permission_event",
    metadata,
    row_id(),
    of("clinic"),
    of("contact"),
    of("patient", is_required=False),
    of("inbound", is_required=False),
    Column("subject", word(Subject, "subject"), nullable=False),
    Column("is_granted", Boolean, nullable=False),
    Column("source", word(Source, "source"), nullable=False),
    Column("words", LargeBinary),
    Column("recorded_by", String(80), nullable=False),
    Column("asked_on", Date),
    Column("due_on", Date),
    at("recorded_at", is_required=True),
    Index("ix_permission_event_contact_id", "contact_id", "recorded_at"),
    Index("ix_permission_event_patient_id", "patient_id"),
    Index("ix_permission_event_inbound_id", "inbound_id", **only_where("inbound_id IS NOT NULL")),
)
"""Append-only: what the holder of an address allowed or forbade, how we learned it, and until when to honour it."""

check_in = Table(
    "check_in",
    metadata,
    row_id(),
    of("clinic"),
    of("patient"),
    of("appointment"),
    of("question", is_required=False),
    of("inbound", is_required=False),
    Column("series_id", String(200)),
    Column("score", Integer),
    Column("words", LargeBinary, nullable=False),
    at("asked_at"),
    at("answered_at", is_required=True),
    UniqueConstraint("inbound_id"),
    Index("ix_check_in_patient_id", "patient_id", "answered_at"),
    Index("ix_check_in_appointment_id", "appointment_id"),
    Index("ix_check_in_question_id", "question_id"),
)
"""Append-only: the answer to a check-in in the patient's exact words, and its score where it is one (0 to 10)."""

escalation = Table(
    "escalation",
    metadata,
    row_id(),
    of("clinic"),
    of("patient", is_required=False),
    of("appointment", is_required=False),
    of("inbound", is_required=False),
    Column("task_key", String(120), nullable=False, unique=True),
    Column("concern", word(Concern, "concern"), nullable=False),
    Column("code", String(8), nullable=False),
    Column("is_patient_told", Boolean, nullable=False),
    Column("rung", Integer, nullable=False),
    at("opened_at", is_required=True),
    at("next_at"),
    at("acknowledged_at"),
    Column("acknowledged_by", String(80)),
    Index("ix_escalation_next", "next_at", **only_where("acknowledged_at IS NULL AND next_at IS NOT NULL")),
    Index("ix_escalation_patient_id", "patient_id"),
    Index("ix_escalation_appointment_id", "appointment_id"),
)
"""The climb to staff: `rung` counts the notices sent, the next goes at `next_at`, unless somebody acknowledged."""
