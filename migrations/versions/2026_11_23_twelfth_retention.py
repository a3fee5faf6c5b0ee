"""twelfth: what is kept no longer goes, and how far that has come is remembered

Adds two tables and an index: code of 0011 runs beside it. What is erased reads as a sealed notice, which that code
opens like any other text.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None

SUBJECTS = ("texts", "mailings", "replies", "attempts", "receipts", "events", "audit")
BY_TEXT = sa.text("inbound_id IS NOT NULL")


def subject() -> sa.Column[str]:
    kinds = sa.Enum(*SUBJECTS, name="subject", native_enum=False, create_constraint=True, length=24)
    return sa.Column("subject", kinds, nullable=False)


def upgrade() -> None:
    op.create_table(
        "purge_mark",
        subject(),
        sa.Column("reached", sa.Uuid(), nullable=True),
        sa.Column("gone", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_purge_mark")),
    )
    op.create_table(
        "purge_later",
        subject(),
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "row_id", name=op.f("pk_purge_later")),
    )
    op.create_index(
        "ix_permission_event_inbound_id",
        "permission_event",
        ["inbound_id"],
        unique=False,
        sqlite_where=BY_TEXT,
        postgresql_where=BY_TEXT,
    )


def downgrade() -> None:
    op.drop_index("ix_permission_event_inbound_id", table_name="permission_event")
    op.drop_table("purge_later")
    op.drop_table("purge_mark")
