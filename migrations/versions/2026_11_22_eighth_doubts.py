"""eighth: a task to read a reply says what stands between it and what might follow

Expands only: a column that may be empty. Code of 0007 runs beside it, and opens such tasks without saying why.

Down again, the tasks stay, without that.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None

DOUBTS = (
    "not_understood",
    "confirmed_late",
    "several_patients",
    "several_sessions",
    "session_gone",
    "far_ahead",
    "no_session",
    "not_today",
    "moved",
    "ride_for_earlier",
    "number_without_session",
    "picture",
    "machine_on_the_day",
    "wants_texts_again",
    "wants_texts_by_page",
    "from_escort",
    "unreadable",
)


def upgrade() -> None:
    words = sa.Enum(*DOUBTS, name="doubt", native_enum=False, create_constraint=True, length=24)
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.add_column(sa.Column("doubt", words, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_task_doubt"), type_="check")
        batch_op.drop_column("doubt")
