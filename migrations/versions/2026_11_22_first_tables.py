"""first tables

A migration changes the schema only, and never shares a change with the code that needs it: first expand (add, nullable),
then backfill in batches, then contract, so that old and new code can run side by side. State names are only added.
Locks on PostgreSQL are waited for 4 seconds; on SQLite use op.batch_alter_table.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "clinic",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinic")),
        sa.UniqueConstraint("slug", name=op.f("uq_clinic_slug")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "schedule_file",
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_schedule_file")),
    )
    op.create_table(
        "contact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("sms", "email", name="channel", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("address_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opted_out_by", sa.String(length=40), nullable=True),
        sa.Column("fault_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fault", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_contact_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint(
            "clinic_id", "channel", "address_index", name=op.f("uq_contact_clinic_id_channel_address_index")
        ),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_address_index"), ["address_index"], unique=False)

    op.create_table(
        "patient",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column("email", sa.LargeBinary(), nullable=True),
        sa.Column("email_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=True),
        sa.Column("has_sms_consent", sa.Boolean(), nullable=False),
        sa.Column("has_email_consent", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_patient_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient")),
        sa.UniqueConstraint("clinic_id", "external_id", name=op.f("uq_patient_clinic_id_external_id")),
    )
    with op.batch_alter_table("patient", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_patient_email_index"), ["email_index"], unique=False)
        batch_op.create_index(batch_op.f("ix_patient_phone_index"), ["phone_index"], unique=False)

    op.create_table(
        "receipt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=True),
        sa.Column("tag", sa.Uuid(), nullable=True),
        sa.Column("provider_id", sa.String(length=200), nullable=False),
        sa.Column("provider_status", sa.String(length=40), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "sent",
                "delivered",
                "undelivered",
                "failed",
                "cancelled",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("code", sa.String(length=20), nullable=True),
        sa.Column(
            "refusal",
            sa.Enum(
                "opted_out",
                "address",
                "content",
                "other",
                name="refusal",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_receipt_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        sa.UniqueConstraint("provider_id", "provider_status", name=op.f("uq_receipt_provider_id_provider_status")),
    )
    with op.batch_alter_table("receipt", schema=None) as batch_op:
        batch_op.create_index("ix_receipt_received_at", ["received_at"], unique=False)
        batch_op.create_index(
            "ix_receipt_waiting",
            ["received_at"],
            unique=False,
            sqlite_where=sa.text("applied_at IS NULL"),
            postgresql_where=sa.text("applied_at IS NULL"),
        )

    op.create_table(
        "appointment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
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
        sa.Column("series_id", sa.String(length=200), nullable=True),
        sa.Column("series_number", sa.Integer(), nullable=True),
        sa.Column("escort_name", sa.LargeBinary(), nullable=True),
        sa.Column("escort_phone", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("versioned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_version", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ride_version", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("missing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_announced", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_appointment_clinic_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_appointment_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
        sa.UniqueConstraint(
            "clinic_id", "source", "external_id", name=op.f("uq_appointment_clinic_id_source_external_id")
        ),
    )
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.create_index("ix_appointment_clinic_id_starts_at", ["clinic_id", "starts_at"], unique=False)
        batch_op.create_index("ix_appointment_patient_id", ["patient_id"], unique=False)

    op.create_table(
        "consent_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("sms", "email", name="channel", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("is_granted", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_consent_event_clinic_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_consent_event_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_event")),
    )
    with op.batch_alter_table("consent_event", schema=None) as batch_op:
        batch_op.create_index("ix_consent_event_patient_id", ["patient_id"], unique=False)

    op.create_table(
        "inbound",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("provider_id", sa.String(length=200), nullable=False),
        sa.Column("sender", sa.LargeBinary(), nullable=False),
        sa.Column("sender_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("media_count", sa.Integer(), nullable=False),
        sa.Column("opt_out_type", sa.String(length=20), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("intent", sa.String(length=40), nullable=True),
        sa.Column("decision", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_inbound_appointment_id")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_inbound_clinic_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_inbound_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound")),
        sa.UniqueConstraint("provider_id", name=op.f("uq_inbound_provider_id")),
    )
    with op.batch_alter_table("inbound", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inbound_sender_index"), ["sender_index"], unique=False)
        batch_op.create_index(
            "ix_inbound_waiting",
            ["received_at"],
            unique=False,
            sqlite_where=sa.text("handled_at IS NULL"),
            postgresql_where=sa.text("handled_at IS NULL"),
        )

    op.create_table(
        "link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_link_appointment_id")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_link_clinic_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_link_contact_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_link_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_link_token_hash")),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column(
            "channel",
            sa.Enum("sms", "email", name="channel", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column(
            "origin",
            sa.Enum("reminder", "staff", "answer", name="origin", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column(
            "asks",
            sa.Enum("confirm", "ride", "check_in", name="asks", native_enum=False, create_constraint=True, length=24),
            nullable=True,
        ),
        sa.Column("author", sa.String(length=80), nullable=True),
        sa.Column("request_key", sa.String(length=120), nullable=True),
        sa.Column("override_reason", sa.String(length=200), nullable=True),
        sa.Column("subject", sa.LargeBinary(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "due",
                "held",
                "claimed",
                "sending",
                "unknown",
                "accepted",
                "sent",
                "delivered",
                "undelivered",
                "rejected",
                "suppressed",
                "cancelled",
                "expired",
                "needs_staff",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
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
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claim", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("resends", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_message_appointment_id")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_message_clinic_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_message_contact_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_message_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("clinic_id", "request_key", name=op.f("uq_message_clinic_id_request_key")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index("ix_message_appointment_id", ["appointment_id"], unique=False)
        batch_op.create_index("ix_message_contact_id", ["contact_id"], unique=False)
        batch_op.create_index(
            "ix_message_due",
            ["channel", "due_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('due', 'held')"),
            postgresql_where=sa.text("state IN ('due', 'held')"),
        )
        batch_op.create_index(
            "ix_message_lease",
            ["lease_until"],
            unique=False,
            sqlite_where=sa.text("state = 'claimed'"),
            postgresql_where=sa.text("state = 'claimed'"),
        )
        batch_op.create_index("ix_message_patient_id_left_at", ["patient_id", "left_at"], unique=False)
        batch_op.create_index(
            "ix_message_waiting",
            ["expires_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('due', 'held', 'claimed', 'unknown')"),
            postgresql_where=sa.text("state IN ('due', 'held', 'claimed', 'unknown')"),
        )

    op.create_table(
        "attempt",
        sa.Column("tag", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "sending",
                "accepted",
                "absent",
                "rejected",
                "unknown",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("machine_begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_id", sa.String(length=200), nullable=True),
        sa.Column("provider_status", sa.String(length=40), nullable=True),
        sa.Column("code", sa.String(length=20), nullable=True),
        sa.Column("detail", sa.String(length=200), nullable=True),
        sa.Column("empty_looks", sa.Integer(), nullable=False),
        sa.Column("first_look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_late_accept", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_attempt_clinic_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_attempt_message_id")),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_attempt")),
        sa.UniqueConstraint("provider_id", name=op.f("uq_attempt_provider_id")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index("ix_attempt_message_id", ["message_id"], unique=False)
        batch_op.create_index(
            "ix_attempt_open",
            ["deadline_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('sending', 'unknown')"),
            postgresql_where=sa.text("state IN ('sending', 'unknown')"),
        )
        batch_op.create_index(
            "one_live_attempt",
            ["message_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('sending', 'unknown', 'accepted')"),
            postgresql_where=sa.text("state IN ('sending', 'unknown', 'accepted')"),
        )

    op.create_table(
        "question",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("confirm", "ride", "check_in", name="kind", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_question_appointment_id")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_question_clinic_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_question_contact_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_question_message_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_question_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
    )
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.create_index("ix_question_contact_id", ["contact_id", "asked_at"], unique=False)

    op.create_table(
        "reminder",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column(
            "recipient",
            sa.Enum("patient", "escort", name="recipient", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column(
            "channel",
            sa.Enum("sms", "email", name="channel", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "dispatched",
                "merged",
                "suppressed",
                "cancelled",
                "expired",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
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
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("merged_into_id", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_reminder_appointment_id")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_reminder_clinic_id")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["reminder.id"], name="fk_reminder_merged_into_id"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_reminder_message_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_reminder_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint(
            "appointment_id",
            "version",
            "step",
            "recipient",
            "channel",
            name=op.f("uq_reminder_appointment_id_version_step_recipient_channel"),
        ),
    )
    with op.batch_alter_table("reminder", schema=None) as batch_op:
        batch_op.create_index(
            "ix_reminder_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("state = 'planned'"),
            postgresql_where=sa.text("state = 'planned'"),
        )
        batch_op.create_index(
            "ix_reminder_expires",
            ["expires_at"],
            unique=False,
            sqlite_where=sa.text("state = 'planned'"),
            postgresql_where=sa.text("state = 'planned'"),
        )
        batch_op.create_index("ix_reminder_message_id", ["message_id"], unique=False)
        batch_op.create_index("ix_reminder_patient_id", ["patient_id"], unique=False)

    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("inbound_id", sa.Uuid(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
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
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "urgency",
            sa.Enum("low", "normal", "high", name="urgency", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
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
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_task_appointment_id")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_task_clinic_id")),
        sa.ForeignKeyConstraint(["inbound_id"], ["inbound.id"], name=op.f("fk_task_inbound_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_task_message_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_task_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("key", name=op.f("uq_task_key")),
    )
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.create_index(
            "ix_task_open",
            ["clinic_id", "opened_at"],
            unique=False,
            sqlite_where=sa.text("resolved_at IS NULL"),
            postgresql_where=sa.text("resolved_at IS NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_task_open", sqlite_where=sa.text("resolved_at IS NULL"), postgresql_where=sa.text("resolved_at IS NULL")
        )

    op.drop_table("task")
    with op.batch_alter_table("reminder", schema=None) as batch_op:
        batch_op.drop_index("ix_reminder_patient_id")
        batch_op.drop_index("ix_reminder_message_id")
        batch_op.drop_index(
            "ix_reminder_expires",
            sqlite_where=sa.text("state = 'planned'"),
            postgresql_where=sa.text("state = 'planned'"),
        )
        batch_op.drop_index(
            "ix_reminder_due", sqlite_where=sa.text("state = 'planned'"), postgresql_where=sa.text("state = 'planned'")
        )

    op.drop_table("reminder")
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.drop_index("ix_question_contact_id")

    op.drop_table("question")
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index(
            "one_live_attempt",
            sqlite_where=sa.text("state IN ('sending', 'unknown', 'accepted')"),
            postgresql_where=sa.text("state IN ('sending', 'unknown', 'accepted')"),
        )
        batch_op.drop_index(
            "ix_attempt_open",
            sqlite_where=sa.text("state IN ('sending', 'unknown')"),
            postgresql_where=sa.text("state IN ('sending', 'unknown')"),
        )
        batch_op.drop_index("ix_attempt_message_id")

    op.drop_table("attempt")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_message_waiting",
            sqlite_where=sa.text("state IN ('due', 'held', 'claimed', 'unknown')"),
            postgresql_where=sa.text("state IN ('due', 'held', 'claimed', 'unknown')"),
        )
        batch_op.drop_index("ix_message_patient_id_left_at")
        batch_op.drop_index(
            "ix_message_lease", sqlite_where=sa.text("state = 'claimed'"), postgresql_where=sa.text("state = 'claimed'")
        )
        batch_op.drop_index(
            "ix_message_due",
            sqlite_where=sa.text("state IN ('due', 'held')"),
            postgresql_where=sa.text("state IN ('due', 'held')"),
        )
        batch_op.drop_index("ix_message_contact_id")
        batch_op.drop_index("ix_message_appointment_id")

    op.drop_table("message")
    op.drop_table("link")
    with op.batch_alter_table("inbound", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_inbound_waiting",
            sqlite_where=sa.text("handled_at IS NULL"),
            postgresql_where=sa.text("handled_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_inbound_sender_index"))

    op.drop_table("inbound")
    with op.batch_alter_table("consent_event", schema=None) as batch_op:
        batch_op.drop_index("ix_consent_event_patient_id")

    op.drop_table("consent_event")
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.drop_index("ix_appointment_patient_id")
        batch_op.drop_index("ix_appointment_clinic_id_starts_at")

    op.drop_table("appointment")
    with op.batch_alter_table("receipt", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_receipt_waiting",
            sqlite_where=sa.text("applied_at IS NULL"),
            postgresql_where=sa.text("applied_at IS NULL"),
        )
        batch_op.drop_index("ix_receipt_received_at")

    op.drop_table("receipt")
    with op.batch_alter_table("patient", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_patient_phone_index"))
        batch_op.drop_index(batch_op.f("ix_patient_email_index"))

    op.drop_table("patient")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contact_address_index"))

    op.drop_table("contact")
    op.drop_table("schedule_file")
    op.drop_table("heartbeat")
    op.drop_table("clinic")
