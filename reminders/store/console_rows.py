"""The tables behind the console and the API: versions of the plan, corrected readings, batches, and the events feed."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
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

from reminders.core.patients import Channel
from reminders.store import staff_rows
from reminders.store.columns import at, of, only_where, row_id
from reminders.store.types import word

metadata = staff_rows.metadata

clinic_version = Table(
    "clinic_version",
    metadata,
    Column("clinic_id", Uuid, ForeignKey("clinic.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("made_by", String(80), nullable=False),
    Column("note", String(200), nullable=False),
    at("made_at", is_required=True),
)
"""Append-only: what each version of a clinic's settings said, and who made it."""

correction = Table(
    "correction",
    metadata,
    row_id(),
    of("clinic", is_required=False),
    of("inbound"),
    Column("intents_before", String(200), nullable=False),
    Column("intents", String(200), nullable=False),
    Column("score", Integer),
    Column("made_by", String(80), nullable=False),
    at("made_at", is_required=True),
    Index("ix_correction_inbound_id", "inbound_id", "made_at"),
    Index("ix_correction_clinic_id", "clinic_id", "made_at"),
)
"""Append-only: what a person says a reply means, where we read it otherwise. The newest of a reply holds."""

batch = Table(
    "batch",
    metadata,
    row_id(),
    of("clinic"),
    Column("request_key", String(120), nullable=False),
    Column("author", String(80), nullable=False),
    Column("text", LargeBinary, nullable=False),
    Column("audience", Text, nullable=False),
    Column("channel", word(Channel, "channel")),
    Column("override_reason", String(200)),
    Column("left_out", Integer, nullable=False),
    at("due_at", is_required=True),
    at("made_at", is_required=True),
    at("stopped_at"),
    Column("stopped_by", String(80)),
    UniqueConstraint("clinic_id", "request_key"),
    Index("ix_batch_clinic_id_made_at", "clinic_id", "made_at"),
)
"""What staff wrote to one patient or a group at once: its messages name it, so that it can be watched and stopped."""

event = Table(
    "event",
    metadata,
    row_id(),
    of("clinic"),
    Column("number", BigInteger, unique=True),
    Column("kind", String(40), nullable=False),
    Column("about", String(80), nullable=False),
    of("patient", is_required=False),
    Column("detail", Text, nullable=False),
    at("happened_at", is_required=True),
    Index("ix_event_unnumbered", "happened_at", **only_where("number IS NULL")),
    Index("ix_event_clinic_id_number", "clinic_id", "number"),
    Index("ix_event_patient_id", "patient_id"),
)
"""The feed of the API. A row has no number until its transaction has committed: numbers are given afterwards, by one
at a time, so that nobody who reads by cursor can pass over a row that was committed late."""
