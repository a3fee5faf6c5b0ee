"""thirteenth: texts that no final receipt followed are found by when they left

Adds an index only: code of 0012 runs beside it. It holds what is on its way, and what no receipt ever ended.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None

ON_ITS_WAY = sa.text("state IN ('accepted', 'sent')")


def upgrade() -> None:
    op.create_index(
        "ix_message_on_its_way",
        "message",
        ["left_at"],
        unique=False,
        sqlite_where=ON_ITS_WAY,
        postgresql_where=ON_ITS_WAY,
    )


def downgrade() -> None:
    op.drop_index("ix_message_on_its_way", table_name="message")
