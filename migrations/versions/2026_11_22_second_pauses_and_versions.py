"""second: pauses, overrides, escorts' consent, and what each version said

Expands only: new tables, nullable columns, a column with a server default, and new words. Code of 0001 runs beside it.
Each appointment's current version is written down; what earlier versions said was not kept and cannot be had back.

Down again, the new tables and what they held are gone (pauses with them: whoever was on hold is written to again), and
new words become the nearest old one. env.py keeps SQLite's foreign keys quiet while a table is made anew, and checks
them before each commit.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

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
)
NEW_REASONS = {"on_hold": "withdrawn", "series_stopped": "withdrawn", "overtaken": "too_late_when_planned"}
"""Each with its nearest old word: staff took it back, or its time had passed and nobody has to act."""
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
)
NEW_TASKS = {"mark_outcome": "missing_from_schedule", "session_on_closed_day": "reschedule"}
"""Each with its nearest old word: check the schedule, offer another time."""
WITH_REASON = ("message", "reminder", "task")


def upgrade() -> None:
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("watch_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("ended_by", sa.String(length=80), nullable=True))
        batch_op.create_index(
            "ix_appointment_watch_at",
            ["watch_at"],
            unique=False,
            sqlite_where=sa.text("watch_at IS NOT NULL"),
            postgresql_where=sa.text("watch_at IS NOT NULL"),
        )

    op.create_table(
        "appointment_version",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("appointment_type", sa.String(length=200), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "booked",
                "arrived",
                "fulfilled",
                "cancelled",
                "noshow",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("versioned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_appointment_version_appointment_id")
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_appointment_version_clinic_id")),
        sa.PrimaryKeyConstraint("appointment_id", "version", name=op.f("pk_appointment_version")),
    )
    op.execute(
        "INSERT INTO appointment_version"
        " (appointment_id, version, clinic_id, starts_at, timezone, appointment_type, status, versioned_at)"
        " SELECT id, version, clinic_id, starts_at, timezone, appointment_type, status, versioned_at FROM appointment"
    )
    # What was planned before anybody watched is looked at once, as soon as the new code runs.
    op.execute("UPDATE appointment SET watch_at = versioned_at WHERE status IN ('booked', 'arrived')")

    op.create_table(
        "pause",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum("day", "patient", "series", name="kind", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.String(length=80), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_pause_clinic_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_pause_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause")),
    )
    with op.batch_alter_table("pause", schema=None) as batch_op:
        batch_op.create_index("ix_pause_patient_id", ["patient_id"], unique=False)
        batch_op.create_index(
            "one_pause",
            ["clinic_id", "kind", "subject"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "patient_override",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_patient_override_clinic_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_patient_override_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_override")),
    )
    with op.batch_alter_table("patient_override", schema=None) as batch_op:
        batch_op.create_index("ix_patient_override_patient_id", ["patient_id"], unique=False)
        batch_op.create_index(
            "one_override",
            ["patient_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "escort_consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("phone_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("is_granted", sa.Boolean(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_escort_consent_clinic_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_escort_consent_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escort_consent")),
    )
    with op.batch_alter_table("escort_consent", schema=None) as batch_op:
        batch_op.create_index(
            "ix_escort_consent_patient_id", ["patient_id", "phone_index", "recorded_at"], unique=False
        )

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("recipient", sa.String(length=24), server_default="patient", nullable=False))
        batch_op.create_check_constraint(batch_op.f("ck_message_recipient"), "recipient IN ('patient', 'escort')")
        batch_op.create_index("ix_message_made_at", ["clinic_id", "made_at"], unique=False)

    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.create_index("ix_question_appointment_id", ["appointment_id"], unique=False)

    for table in WITH_REASON:
        allow(table, "reason", (*OLD_REASONS, *NEW_REASONS))
    allow("task", "kind", (*OLD_TASKS, *NEW_TASKS))


def downgrade() -> None:
    say_as_before("task", "kind", NEW_TASKS)
    allow("task", "kind", OLD_TASKS)
    for table in reversed(WITH_REASON):
        say_as_before(table, "reason", NEW_REASONS)
        allow(table, "reason", OLD_REASONS)
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.drop_index("ix_question_appointment_id")

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index("ix_message_made_at")
        batch_op.drop_constraint(batch_op.f("ck_message_recipient"), type_="check")
        batch_op.drop_column("recipient")

    with op.batch_alter_table("escort_consent", schema=None) as batch_op:
        batch_op.drop_index("ix_escort_consent_patient_id")

    op.drop_table("escort_consent")
    with op.batch_alter_table("patient_override", schema=None) as batch_op:
        batch_op.drop_index(
            "one_override", sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL")
        )
        batch_op.drop_index("ix_patient_override_patient_id")

    op.drop_table("patient_override")
    with op.batch_alter_table("pause", schema=None) as batch_op:
        batch_op.drop_index(
            "one_pause", sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL")
        )
        batch_op.drop_index("ix_pause_patient_id")

    op.drop_table("pause")
    op.drop_table("appointment_version")
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_appointment_watch_at",
            sqlite_where=sa.text("watch_at IS NOT NULL"),
            postgresql_where=sa.text("watch_at IS NOT NULL"),
        )
        batch_op.drop_column("ended_by")
        batch_op.drop_column("watch_at")


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
