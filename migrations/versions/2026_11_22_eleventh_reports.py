"""eleventh: reports find check-ins by when they were asked, answers by their question, and the few errors there were

Adds indexes only: code of 0010 runs beside it and is faster. Three of the four hold a few rows of their tables.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None

OF_SOME = (
    ("ix_question_check_in", "question", ["clinic_id", "asked_at"], "kind = 'check_in'"),
    ("ix_attempt_code", "attempt", ["clinic_id", "begun_at"], "code IS NOT NULL"),
    ("ix_receipt_code", "receipt", ["received_at"], "code IS NOT NULL"),
)


def upgrade() -> None:
    for name, table, columns, some in OF_SOME:
        where = sa.text(some)
        op.create_index(name, table, columns, unique=False, sqlite_where=where, postgresql_where=where)
    op.create_index("ix_check_in_question_id", "check_in", ["question_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_check_in_question_id", table_name="check_in")
    for name, table, *_ in reversed(OF_SOME):
        op.drop_index(name, table_name=table)
