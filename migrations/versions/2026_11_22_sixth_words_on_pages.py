"""sixth: what patients write on their page is kept and read as a text is

Expands only: columns that may be empty, or that say of every row there is that it came by text. Code of 0005 runs
beside it.

Down again, words from pages stay as texts of their patients. Those that nobody read yet count as read: the code before
would take them for a text from a mailbox. The task of the page's button holds them too.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    with op.batch_alter_table("inbound", schema=None) as batch_op:
        batch_op.add_column(sa.Column("link_id", sa.Uuid(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "channel",
                sa.Enum("sms", "page", name="channel", native_enum=False, create_constraint=True, length=24),
                server_default="sms",
                nullable=False,
            )
        )
        batch_op.add_column(sa.Column("answer", sa.LargeBinary(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_inbound_link_id"), "link", ["link_id"], ["id"])
        batch_op.create_index(
            "ix_inbound_link_id",
            ["link_id", "received_at"],
            unique=False,
            sqlite_where=sa.text("link_id IS NOT NULL"),
            postgresql_where=sa.text("link_id IS NOT NULL"),
        )


def downgrade() -> None:
    op.execute(
        "UPDATE inbound SET handled_at = received_at, intent = 'unclear', decision = 'see the task of the page'"
        " WHERE channel = 'page' AND handled_at IS NULL"
    )
    with op.batch_alter_table("inbound", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_inbound_link_id",
            sqlite_where=sa.text("link_id IS NOT NULL"),
            postgresql_where=sa.text("link_id IS NOT NULL"),
        )
        batch_op.drop_constraint(batch_op.f("fk_inbound_link_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("ck_inbound_channel"), type_="check")
        batch_op.drop_column("answer")
        batch_op.drop_column("channel")
        batch_op.drop_column("link_id")
