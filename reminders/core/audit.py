"""Deeds: what is written into the audit log, by whom and about what. Requirement 32 names what must be in it.

The log is append-only and tells of deeds, never of what was read or written: `about` is kind and id of a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from reminders.core.ids import ClinicId, StaffId


class Deed(StrEnum):
    """What somebody did, as stored: at most 40 letters. Add your own, and its words in `DEED_WORDS`."""

    SIGN_IN_TRIED = "sign_in_tried"
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    SESSIONS_ENDED = "sessions_ended"
    STAFF_ADDED = "staff_added"
    STAFF_INVITED = "staff_invited"
    INVITATION_ACCEPTED = "invitation_accepted"
    ROLE_SET = "role_set"
    STAFF_ENDED = "staff_ended"
    PATIENT_READ = "patient_read"
    MESSAGE_WRITTEN = "message_written"
    QUIET_HOURS_OVERRIDDEN = "quiet_hours_overridden"
    BATCH_STOPPED = "batch_stopped"
    TEST_SENT = "test_sent"
    READING_CORRECTED = "reading_corrected"
    CORRECTIONS_EXPORTED = "corrections_exported"
    REPORT_EXPORTED = "report_exported"
    CHOICE_RECORDED = "choice_recorded"
    ESCORT_RECORDED = "escort_recorded"
    CADENCE_CHANGED = "cadence_changed"
    REMINDERS_PAUSED = "reminders_paused"
    REMINDERS_RESUMED = "reminders_resumed"
    RIDE_RECORDED = "ride_recorded"
    PLAN_CHANGED = "plan_changed"
    KEY_ADDED = "key_added"
    KEY_ENDED = "key_ended"


DEED_WORDS: Mapping[Deed, str] = {
    Deed.SIGN_IN_TRIED: "tried to sign in",
    Deed.SIGNED_IN: "signed in",
    Deed.SIGNED_OUT: "signed out",
    Deed.SESSIONS_ENDED: "ended all sessions of",
    Deed.STAFF_ADDED: "added to staff",
    Deed.STAFF_INVITED: "made an invitation for",
    Deed.INVITATION_ACCEPTED: "chose a password and a second factor",
    Deed.ROLE_SET: "changed a role",
    Deed.STAFF_ENDED: "ended the access of",
    Deed.PATIENT_READ: "read a patient",
    Deed.MESSAGE_WRITTEN: "wrote a message to",
    Deed.QUIET_HOURS_OVERRIDDEN: "overrode quiet hours for",
    Deed.BATCH_STOPPED: "stopped the messages of",
    Deed.TEST_SENT: "sent a test to themselves from",
    Deed.READING_CORRECTED: "corrected the reading of",
    Deed.CORRECTIONS_EXPORTED: "exported the corrected readings",
    Deed.REPORT_EXPORTED: "exported a report",
    Deed.CHOICE_RECORDED: "recorded what was said of messages to",
    Deed.ESCORT_RECORDED: "recorded what the escort said of messages about",
    Deed.CADENCE_CHANGED: "changed the reminders of",
    Deed.REMINDERS_PAUSED: "held the reminders of",
    Deed.REMINDERS_RESUMED: "resumed the reminders of",
    Deed.RIDE_RECORDED: "recorded the ride home of",
    Deed.PLAN_CHANGED: "changed the plan of",
    Deed.KEY_ADDED: "made an API key",
    Deed.KEY_ENDED: "ended an API key",
}
"""How the log reads after a person's name."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One line of the audit log. `done_at` is machine time; `about` is kind and id, such as `patient:<uuid>`."""

    id: UUID
    clinic_id: ClinicId | None
    staff_id: StaffId | None
    by: str
    deed: Deed
    about: str | None
    detail: str | None
    done_at: datetime


def about(kind: str, row: UUID) -> str:
    """Return how a row is named in the log."""
    return f"{kind}:{row}"
