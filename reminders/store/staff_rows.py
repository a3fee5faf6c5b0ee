"""The tables of staff and of programs that act for them: who they are, how they come in, and what they did."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from reminders.core.staff import Role
from reminders.store import conversation_rows
from reminders.store.columns import at, of, only_where, row_id
from reminders.store.types import word

metadata = conversation_rows.metadata

staff = Table(
    "staff",
    metadata,
    row_id(),
    Column("login", String(120), nullable=False, unique=True),
    Column("name", String(80), nullable=False),
    Column("password_hash", String(200)),
    Column("totp_secret", LargeBinary),
    Column("totp_step", Integer),
    Column("failures", Integer, nullable=False),
    at("failed_at"),
    at("made_at", is_required=True),
    Column("made_by", String(80), nullable=False),
    at("ended_at"),
    Column("ended_by", String(80)),
)
"""A person who may sign in. `totp_step` is the last 30-second step whose code was used: a code works once. `failures`
counts wrong tries since the last right one; times are the machine's."""

staff_role = Table(
    "staff_role",
    metadata,
    row_id(),
    of("staff"),
    of("clinic"),
    Column("role", word(Role, "role"), nullable=False),
    UniqueConstraint("staff_id", "clinic_id"),
)

staff_invitation = Table(
    "staff_invitation",
    metadata,
    row_id(),
    of("staff"),
    Column("token_hash", LargeBinary(32), nullable=False, unique=True),
    Column("made_by", String(80), nullable=False),
    at("made_at", is_required=True),
    at("expires_at", is_required=True),
    at("used_at"),
    Index("ix_staff_invitation_staff_id", "staff_id"),
)
"""A link that lets a person choose a password and a second factor, once."""

staff_session = Table(
    "staff_session",
    metadata,
    row_id(),
    of("staff"),
    Column("token_hash", LargeBinary(32), nullable=False, unique=True),
    Column("form_key", String(64), nullable=False),
    at("begun_at", is_required=True),
    at("seen_at", is_required=True),
    at("ended_at"),
    Index("ix_staff_session_staff_id", "staff_id", **only_where("ended_at IS NULL")),
)
"""A signed-in browser, by the hash of its cookie. `form_key` travels in its forms; times are the machine's."""

api_key = Table(
    "api_key",
    metadata,
    row_id(),
    of("clinic"),
    Column("name", String(80), nullable=False),
    Column("prefix", String(16), nullable=False, unique=True),
    Column("secret_hash", LargeBinary(32), nullable=False),
    Column("scopes", String(200), nullable=False),
    Column("made_by", String(80), nullable=False),
    at("made_at", is_required=True),
    at("expires_at", is_required=True),
    at("last_used_at"),
    at("ended_at"),
    Column("ended_by", String(80)),
    Index("ix_api_key_clinic_id", "clinic_id"),
)
"""A program's key, of one clinic. `prefix` finds the row, the hash proves the rest; times are the machine's."""

api_answer = Table(
    "api_answer",
    metadata,
    row_id(),
    of("api_key"),
    Column("idempotency_key", String(200), nullable=False),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    at("made_at", is_required=True),
    UniqueConstraint("api_key_id", "idempotency_key"),
    Index("ix_api_answer_made_at", "made_at"),
)
"""What a request with an idempotency key was answered, for whoever sends it again."""

audit_event = Table(
    "audit_event",
    metadata,
    row_id(),
    of("clinic", is_required=False),
    of("staff", is_required=False),
    Column("by", String(80), nullable=False),
    Column("deed", String(40), nullable=False),
    Column("about", String(80)),
    Column("detail", LargeBinary),
    at("done_at", is_required=True),
    Index("ix_audit_event_clinic_id_done_at", "clinic_id", "done_at"),
    Index("ix_audit_event_staff_id", "staff_id"),
)
"""Append-only: who did what, to which row (`about` is kind and id), when (machine time). `detail` is sealed."""
