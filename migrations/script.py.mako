"""${message}

A migration changes the schema only, and never shares a change with the code that needs it: first expand (add,
nullable), then backfill in batches, then contract, so that old and new code can run side by side. State names are only
added. Locks on PostgreSQL are waited for 4 seconds; on SQLite use op.batch_alter_table.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision: str = ${repr(up_revision)}
down_revision: str | None = ${repr(down_revision)}
branch_labels: str | None = ${repr(branch_labels)}
depends_on: str | None = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
