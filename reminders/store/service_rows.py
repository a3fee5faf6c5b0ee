"""The tables about the service itself: its signs of life, what it counts, and what it last saw. Nobody's data."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, LargeBinary, String, Table, Text, Uuid

from reminders.core.circuit import Cause
from reminders.core.retention import Subject
from reminders.store import columns
from reminders.store.columns import at, row_id
from reminders.store.types import word

metadata = columns.metadata

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("name", String(64), primary_key=True),
    at("beat_at", is_required=True),
)
"""The last sign of work done by each process, in machine time."""

circuit = Table(
    "circuit",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("cause", word(Cause, "cause")),
    at("opened_at"),
    at("probe_at"),
    Column("results", Text, nullable=False),
    at("holds_unknown_since"),
    at("resends_allowed_at"),
)
"""Whether a provider account may be called, and whether doubtful messages are held: a row for each account."""

token_bucket = Table(
    "token_bucket",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("tokens", Float, nullable=False),
    at("filled_at", is_required=True),
)
"""How many segments or second tries are left, and when (machine time) that was so."""

canary = Table(
    "canary",
    metadata,
    row_id(),
    at("begun_at", is_required=True),
    at("called_at"),
    at("heard_at"),
    at("told_at"),
    Index("ix_canary_begun_at", "begun_at"),
)
"""A test message that passes every part of the service each minute. Machine time: begun in the database, called at the
stub provider by a worker that the broker woke, heard as a receipt, told to whoever watches from outside."""

schedule_file = Table(
    "schedule_file",
    metadata,
    Column("path", String(500), primary_key=True),
    Column("digest", LargeBinary(32), nullable=False),
    at("read_at", is_required=True),
    Column("outcome", String(200), nullable=False),
)
"""What the periodic reader last saw of each watched file, so that it reads again only what changed."""

purge_mark = Table(
    "purge_mark",
    metadata,
    Column("subject", word(Subject, "subject"), primary_key=True),
    Column("reached", Uuid),
    Column("gone", BigInteger, nullable=False),
    at("looked_at", is_required=True),
)
"""How far each purge has come: everything up to the row `reached` was looked at. `gone` counts what went, in all."""

purge_later = Table(
    "purge_later",
    metadata,
    Column("subject", word(Subject, "subject"), primary_key=True),
    Column("row_id", Uuid, primary_key=True),
)
"""Whose time is over, and what still needs it: the purge looks at these again, and at nothing else behind its mark."""
