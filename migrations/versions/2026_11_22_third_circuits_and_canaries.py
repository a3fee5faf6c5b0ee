"""third: circuits, paces, canaries, and what becomes of messages that did not arrive

Expands only: new tables, nullable columns, a column with a server default, and new words. Code of 0002 runs beside it.

Down again, the new tables are gone (an open circuit is closed with them), and new words become the nearest old one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
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
)
NEW_TASKS = {"clock_wrong": "channel_paused", "resends_held": "outcome_unknown", "code_unlisted": "not_delivered"}
"""Each with its nearest old word."""
OLD_REFUSALS = ("opted_out", "address", "content", "other")
NEW_REFUSALS = {"transient": "other", "expired": "other", "configuration": "other", "unlisted": "other"}
OLD_ATTEMPTS = ("sending", "accepted", "absent", "rejected", "unknown")
NEW_ATTEMPTS = {"failed": "absent"}
"""The nearest: it does not live, and a receipt may still revive it."""
UNCHECKED = sa.text("line_checked_at IS NULL AND channel = 'sms'")
ABSENT = sa.text("state = 'absent'")
AGAIN = sa.text("state IN ('due', 'held') AND fence > 0")


def upgrade() -> None:
    op.create_table(
        "circuit",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column(
            "cause",
            sa.Enum(
                "failures",
                "configuration",
                "limit",
                name="cause",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("probe_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("results", sa.Text(), nullable=False),
        sa.Column("holds_unknown_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resends_allowed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_circuit")),
    )
    op.create_table(
        "token_bucket",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_token_bucket")),
    )
    op.create_table(
        "canary",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canary")),
    )
    with op.batch_alter_table("canary", schema=None) as batch_op:
        batch_op.create_index("ix_canary_begun_at", ["begun_at"], unique=False)
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.add_column(sa.Column("line_type", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("line_checked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            "ix_contact_unchecked", ["clinic_id"], unique=False, sqlite_where=UNCHECKED, postgresql_where=UNCHECKED
        )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("redeliveries", sa.Integer(), server_default="0", nullable=False))
        batch_op.create_index(
            "ix_message_again", ["channel", "due_at"], unique=False, sqlite_where=AGAIN, postgresql_where=AGAIN
        )
    allow("task", "kind", (*OLD_TASKS, *NEW_TASKS))
    allow("receipt", "refusal", (*OLD_REFUSALS, *NEW_REFUSALS))
    allow("attempt", "state", (*OLD_ATTEMPTS, *NEW_ATTEMPTS))
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index(
            "ix_attempt_absent", ["last_look_at"], unique=False, sqlite_where=ABSENT, postgresql_where=ABSENT
        )


def downgrade() -> None:
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_attempt_absent", sqlite_where=ABSENT, postgresql_where=ABSENT)
    say_as_before("attempt", "state", NEW_ATTEMPTS)
    allow("attempt", "state", OLD_ATTEMPTS)
    say_as_before("receipt", "refusal", NEW_REFUSALS)
    allow("receipt", "refusal", OLD_REFUSALS)
    say_as_before("task", "kind", NEW_TASKS)
    allow("task", "kind", OLD_TASKS)
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index("ix_message_again", sqlite_where=AGAIN, postgresql_where=AGAIN)
        batch_op.drop_column("redeliveries")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_index("ix_contact_unchecked", sqlite_where=UNCHECKED, postgresql_where=UNCHECKED)
        batch_op.drop_column("line_checked_at")
        batch_op.drop_column("line_type")
    op.drop_table("canary")
    op.drop_table("token_bucket")
    op.drop_table("circuit")


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
