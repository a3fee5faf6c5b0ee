"""tenth: patients are found by keyed words, so that a search opens a few names instead of all

Expands only: a table, and a column that may be empty. Code of 0009 runs beside it: whom it adds is indexed later, and
whose name it changes is found by the old name until the next change. Nothing is filled here, since no migration has
the secret: workers do it, batch by batch, and until they have the old search answers.

Down again, the words are gone; they are made anew from names and phones after the next way up.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None

STILL_TO_DO = sa.text("search_rule IS NULL")


def upgrade() -> None:
    op.create_table(
        "patient_search_token",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_patient_search_token_clinic_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_patient_search_token_patient_id")),
        sa.PrimaryKeyConstraint("clinic_id", "token", "patient_id", name=op.f("pk_patient_search_token")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_patient_search_token_patient_id", "patient_search_token", ["patient_id"], unique=False)
    op.add_column("patient", sa.Column("search_rule", sa.Integer(), nullable=True))
    op.create_index(
        "ix_patient_unsearchable",
        "patient",
        ["clinic_id"],
        unique=False,
        sqlite_where=STILL_TO_DO,
        postgresql_where=STILL_TO_DO,
    )


def downgrade() -> None:
    op.drop_index("ix_patient_unsearchable", table_name="patient")
    with op.batch_alter_table("patient", schema=None) as batch_op:
        batch_op.drop_column("search_rule")
    op.drop_table("patient_search_token")
