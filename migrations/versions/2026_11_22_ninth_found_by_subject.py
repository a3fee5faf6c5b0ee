"""ninth: questions, receipts, tasks and texts are found by what they are about, and ended tasks by when

Adds indexes only: code of 0008 runs beside it and is faster. Down again, pages of large clinics are slow.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None


FOUND_BY = (("question", "patient_id"), ("receipt", "tag"), ("task", "patient_id"), ("task", "message_id"))


def upgrade() -> None:
    for table, column in FOUND_BY:
        op.create_index(f"ix_{table}_{column}", table, [column], unique=False)
    op.create_index("ix_inbound_patient_id", "inbound", ["patient_id", "received_at"], unique=False)
    op.create_index("ix_task_appointment_id", "task", ["appointment_id"], unique=False)
    op.create_index("ix_task_inbound_id", "task", ["inbound_id"], unique=False)
    op.create_index(
        "ix_task_resolved_at",
        "task",
        ["resolved_at"],
        unique=False,
        sqlite_where=sa.text("resolved_at IS NOT NULL"),
        postgresql_where=sa.text("resolved_at IS NOT NULL"),
    )


def downgrade() -> None:
    for name in ("ix_task_resolved_at", "ix_task_inbound_id", "ix_task_appointment_id"):
        op.drop_index(name, table_name="task")
    op.drop_index("ix_inbound_patient_id", table_name="inbound")
    for table, column in FOUND_BY:
        op.drop_index(f"ix_{table}_{column}", table_name=table)
