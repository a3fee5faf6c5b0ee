"""What a task of the worklist can be about, how soon a person should look, and how it can end."""

from __future__ import annotations

from enum import StrEnum


class Urgency(StrEnum):
    """How soon a person should look."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class TaskKind(StrEnum):
    """Why a person is asked to look."""

    REPLY_UNCLEAR = "reply_unclear"
    RESCHEDULE = "reschedule"
    PHONE_PATIENT = "phone_patient"
    NOT_DELIVERED = "not_delivered"
    ADDRESS_FAULT = "address_fault"
    NOT_SENT_IN_TIME = "not_sent_in_time"
    OUTCOME_UNKNOWN = "outcome_unknown"
    NO_WINDOW = "no_window"
    NO_CONSENT = "no_consent"
    MISSING_FROM_SCHEDULE = "missing_from_schedule"
    RIDE_WANTED = "ride_wanted"
    CHANNEL_PAUSED = "channel_paused"
    SENDER_UNKNOWN = "sender_unknown"
    SCHEDULE_REFUSED = "schedule_refused"
    MARK_OUTCOME = "mark_outcome"
    SESSION_ON_CLOSED_DAY = "session_on_closed_day"
    CLOCK_WRONG = "clock_wrong"
    RESENDS_HELD = "resends_held"
    CODE_UNLISTED = "code_unlisted"
    ESCALATION = "escalation"
    SELF_DRIVE = "self_drive"
    DECLINED = "declined"
    RUNNING_LATE = "running_late"
    SYMPTOM = "symptom"
    QUESTION = "question"
    CALL_WANTED = "call_wanted"
    CONTACT_CHANGE = "contact_change"
    WRONG_NUMBER = "wrong_number"
    DECEASED = "deceased"
    UNCONFIRMED = "unconfirmed"
    CHECK_IN_UNANSWERED = "check_in_unanswered"
    ESCORT_DECLINED = "escort_declined"
    OPT_OUT_REQUEST = "opt_out_request"
    OPTED_IN = "opted_in"


class Outcome(StrEnum):
    """How a task ended, in the words of whoever resolved it."""

    DONE = "done"
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    NOT_NEEDED = "not_needed"
