"""fourth: conversations: what was understood, consent, check-ins, escalations, and a worklist that is worked off

Expands only: new tables, nullable columns and new words. Code of 0003 runs beside it.

Down again, the new tables are gone, and new words become the nearest old one.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

OLD_TASKS = (
    "reply_unclear",
    "reschedule",
    "phone_patient",
    "not_delivered",
    "address_fault",
    "not_sent_in_time",
    "outcome_unknown",
    "no_window",
    "no_consent",
    "missing_from_schedule",
    "ride_wanted",
    "channel_paused",
    "sender_unknown",
    "schedule_refused",
    "mark_outcome",
    "session_on_closed_day",
    "clock_wrong",
    "resends_held",
    "code_unlisted",
)
NEW_TASKS = {
    "escalation": "reply_unclear",
    "self_drive": "ride_wanted",
    "declined": "reschedule",
    "running_late": "reply_unclear",
    "symptom": "reply_unclear",
    "question": "reply_unclear",
    "call_wanted": "reply_unclear",
    "contact_change": "address_fault",
    "wrong_number": "address_fault",
    "deceased": "reply_unclear",
    "unconfirmed": "reply_unclear",
    "check_in_unanswered": "not_delivered",
    "escort_declined": "ride_wanted",
    "opt_out_request": "phone_patient",
    "opted_in": "reply_unclear",
}
"""Each with its nearest old word."""
OLD_REASONS = (
    "superseded",
    "replanned",
    "too_late_when_planned",
    "too_late",
    "no_window",
    "no_consent",
    "no_address",
    "opted_out",
    "address_fault",
    "not_on_allow_list",
    "already_confirmed",
    "ride_arranged",
    "appointment_off",
    "merged",
    "cap",
    "quiet_hours",
    "provider_refused",
    "undelivered",
    "unknown_outcome",
    "keeps_crashing",
    "withdrawn",
    "on_hold",
    "series_stopped",
    "overtaken",
)
NEW_REASONS = {"acknowledged": "withdrawn", "answered": "withdrawn"}
OLD_RECIPIENTS, NEW_RECIPIENTS = ("patient", "escort"), {"staff": "escort"}
OLD_ORIGINS, NEW_ORIGINS = ("reminder", "staff", "answer"), {"alert": "staff"}
OLD_QUESTIONS, NEW_QUESTIONS = ("confirm", "ride", "check_in"), {"pick_up": "ride"}
RIDES = ("needed", "hired", "self", "arranged")
OUTCOMES = ("done", "reached", "not_reached", "not_needed")
SUBJECTS = ("messages", "pick_up")
SOURCES = ("keyword", "text", "link", "provider", "voice", "letter", "email", "in_person", "schedule")
CONCERNS = ("red_flag", "idiom", "high_score", "jump")
OPEN = sa.text("answered_at IS NULL AND lapsed_at IS NULL")
CLIMBS = sa.text("acknowledged_at IS NULL AND next_at IS NOT NULL")


def upgrade() -> None:
    make_tables()
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ride_state", checked(RIDES, "ride_state"), nullable=True))
        batch_op.add_column(sa.Column("ride_state_version", sa.Integer(), nullable=True))
    with op.batch_alter_table("inbound", schema=None) as batch_op:
        batch_op.add_column(sa.Column("intents", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("understood", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.add_column(instant("nudged_at"))
        batch_op.add_column(instant("lapsed_at"))
        batch_op.create_index("ix_question_open", ["asked_at"], unique=False, sqlite_where=OPEN, postgresql_where=OPEN)
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.add_column(instant("due_at"))
        batch_op.add_column(sa.Column("owner", sa.String(length=80), nullable=True))
        batch_op.add_column(instant("acknowledged_at"))
        batch_op.add_column(sa.Column("acknowledged_by", sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column("outcome", checked(OUTCOMES, "outcome"), nullable=True))
        batch_op.add_column(sa.Column("note", sa.LargeBinary(), nullable=True))
    for table, column, old, new in WORDS:
        allow(table, column, (*old, *new))


WORDS = (
    ("task", "kind", OLD_TASKS, NEW_TASKS),
    ("message", "reason", OLD_REASONS, NEW_REASONS),
    ("reminder", "reason", OLD_REASONS, NEW_REASONS),
    ("task", "reason", OLD_REASONS, NEW_REASONS),
    ("message", "recipient", OLD_RECIPIENTS, NEW_RECIPIENTS),
    ("reminder", "recipient", OLD_RECIPIENTS, NEW_RECIPIENTS),
    ("message", "origin", OLD_ORIGINS, NEW_ORIGINS),
    ("message", "asks", OLD_QUESTIONS, NEW_QUESTIONS),
    ("question", "kind", OLD_QUESTIONS, NEW_QUESTIONS),
)


def make_tables() -> None:
    op.create_table(
        "permission_event",
        *owned("clinic", "contact", "patient?", "inbound?"),
        sa.Column("subject", checked(SUBJECTS, "subject"), nullable=False),
        sa.Column("is_granted", sa.Boolean(), nullable=False),
        sa.Column("source", checked(SOURCES, "source"), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        instant("recorded_at", is_required=True),
        *keys("permission_event", "clinic", "contact", "patient", "inbound"),
    )
    op.create_index("ix_permission_event_contact_id", "permission_event", ["contact_id", "recorded_at"], unique=False)
    op.create_index("ix_permission_event_patient_id", "permission_event", ["patient_id"], unique=False)
    op.create_table(
        "check_in",
        *owned("clinic", "patient", "appointment", "question?", "inbound?"),
        sa.Column("series_id", sa.String(length=200), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        instant("asked_at"),
        instant("answered_at", is_required=True),
        *keys("check_in", "clinic", "patient", "appointment", "question", "inbound"),
        sa.UniqueConstraint("inbound_id", name=op.f("uq_check_in_inbound_id")),
    )
    op.create_index("ix_check_in_patient_id", "check_in", ["patient_id", "answered_at"], unique=False)
    op.create_index("ix_check_in_appointment_id", "check_in", ["appointment_id"], unique=False)
    op.create_table(
        "escalation",
        *owned("clinic", "patient?", "appointment?", "inbound?"),
        sa.Column("task_key", sa.String(length=120), nullable=False),
        sa.Column("concern", checked(CONCERNS, "concern"), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("is_patient_told", sa.Boolean(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        instant("opened_at", is_required=True),
        instant("next_at"),
        instant("acknowledged_at"),
        sa.Column("acknowledged_by", sa.String(length=80), nullable=True),
        *keys("escalation", "clinic", "patient", "appointment", "inbound"),
        sa.UniqueConstraint("task_key", name=op.f("uq_escalation_task_key")),
    )
    op.create_index(
        "ix_escalation_next",
        "escalation",
        ["next_at"],
        unique=False,
        sqlite_where=CLIMBS,
        postgresql_where=CLIMBS,
    )
    op.create_index("ix_escalation_patient_id", "escalation", ["patient_id"], unique=False)
    op.create_index("ix_escalation_appointment_id", "escalation", ["appointment_id"], unique=False)


def downgrade() -> None:
    for table, column, old, new in WORDS:
        say_as_before(table, column, new)
        allow(table, column, old)
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_task_outcome"), type_="check")
        for name in ("note", "outcome", "acknowledged_by", "acknowledged_at", "owner", "due_at"):
            batch_op.drop_column(name)
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.drop_index("ix_question_open", sqlite_where=OPEN, postgresql_where=OPEN)
        batch_op.drop_column("lapsed_at")
        batch_op.drop_column("nudged_at")
    with op.batch_alter_table("inbound", schema=None) as batch_op:
        batch_op.drop_column("understood")
        batch_op.drop_column("intents")
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_appointment_ride_state"), type_="check")
        batch_op.drop_column("ride_state_version")
        batch_op.drop_column("ride_state")
    for table in ("escalation", "check_in", "permission_event"):
        op.drop_table(table)


def instant(name: str, *, is_required: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not is_required)


def checked(words: tuple[str, ...], name: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=24)


def owned(*tables: str) -> list[sa.Column[UUID]]:
    """Return the id and references; a question mark says that there may be none."""
    names = ((table.rstrip("?"), table.endswith("?")) for table in tables)
    references = [sa.Column(f"{name}_id", sa.Uuid(), nullable=may_lack) for name, may_lack in names]
    return [sa.Column("id", sa.Uuid(), nullable=False), *references]


def keys(table: str, *others: str) -> list[sa.Constraint]:
    """Return the primary key and the foreign ones."""
    foreign = [
        sa.ForeignKeyConstraint([f"{other}_id"], [f"{other}.id"], name=op.f(f"fk_{table}_{other}_id"))
        for other in others
    ]
    return [*foreign, sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))]


def allow(table: str, column: str, words: tuple[str, ...]) -> None:
    """Let a column hold these words and no others."""
    name = op.f(f"ck_{table}_{column}")
    listed = ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"{column} IN ({listed})")


def say_as_before(table: str, column: str, nearest: dict[str, str]) -> None:
    """Put the nearest old word in place of each new one, so that the old check holds."""
    rows = sa.table(table, sa.column(column, sa.String()))
    for new, old in nearest.items():
        op.execute(sa.update(rows).where(rows.c[column] == new).values({column: old}))
