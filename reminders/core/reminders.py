"""A reminder: a planned touch, why and when, and the states it passes through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reminders.core.ids import AppointmentId, PatientId, ReminderId
from reminders.core.patients import Channel, Recipient


class ReminderState(StrEnum):
    """Planned becomes dispatched (its message exists) or merged (into another's message), or ends with a reason."""

    PLANNED = "planned"
    DISPATCHED = "dispatched"
    MERGED = "merged"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_waiting(self) -> bool:
        """Say whether anything may still happen to it."""
        return self is ReminderState.PLANNED


class Reason(StrEnum):
    """Why something was not sent, or not sent as itself. Shown to staff in the same words everywhere."""

    SUPERSEDED = "superseded"
    """A newer version of the appointment has its own reminders."""
    REPLANNED = "replanned"
    """The same version is planned differently now: another channel, another cadence."""
    TOO_LATE_WHEN_PLANNED = "too_late_when_planned"
    TOO_LATE = "too_late"
    NO_WINDOW = "no_window"
    NO_CONSENT = "no_consent"
    NO_ADDRESS = "no_address"
    OPTED_OUT = "opted_out"
    ADDRESS_FAULT = "address_fault"
    NOT_ON_ALLOW_LIST = "not_on_allow_list"
    ALREADY_CONFIRMED = "already_confirmed"
    RIDE_ARRANGED = "ride_arranged"
    APPOINTMENT_OFF = "appointment_off"
    MERGED = "merged"
    CAP = "cap"
    ON_HOLD = "on_hold"
    """Staff put the patient on hold."""
    SERIES_STOPPED = "series_stopped"
    OVERTAKEN = "overtaken"
    """The patient's next session came before a check-in that had been delayed."""
    QUIET_HOURS = "quiet_hours"
    PROVIDER_REFUSED = "provider_refused"
    UNDELIVERED = "undelivered"
    UNKNOWN_OUTCOME = "unknown_outcome"
    KEEPS_CRASHING = "keeps_crashing"
    WITHDRAWN = "withdrawn"
    """Staff took it back."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody took over what it was to raise."""
    ANSWERED = "answered"
    """The question it was to ask again has its answer."""


def ending(reason: Reason) -> ReminderState:
    """Return how a waiting reminder ends for this reason: cancelled by a change of plan, or suppressed by a rule."""
    is_change = reason in {Reason.SUPERSEDED, Reason.REPLANNED, Reason.WITHDRAWN}
    return ReminderState.CANCELLED if is_change else ReminderState.SUPPRESSED


REVIVABLE = frozenset(
    {
        Reason.OPTED_OUT,
        Reason.NO_CONSENT,
        Reason.NO_ADDRESS,
        Reason.ADDRESS_FAULT,
        Reason.ON_HOLD,
        Reason.SERIES_STOPPED,
    }
)
"""Refusals that a patient or the clinic can take back; then a reminder that is still to come is planned again."""


OF_A_PAUSE = frozenset({Reason.ON_HOLD, Reason.SERIES_STOPPED})
"""What a pause refuses may still leave when the pause ends in time."""
GIVES_BACK = OF_A_PAUSE | {Reason.REPLANNED, Reason.SUPERSEDED}
"""A message that ended for one of these, without having left, has no reminder any more: they went back to the plan."""
OF_THE_LEADER = frozenset(
    {
        Reason.SUPERSEDED,
        Reason.APPOINTMENT_OFF,
        Reason.SERIES_STOPPED,
        Reason.ALREADY_CONFIRMED,
        Reason.RIDE_ARRANGED,
        Reason.OVERTAKEN,
        Reason.TOO_LATE,
    }
)
"""Why a message may end for its leading reminder's sake: this holds for nothing that was merged into it."""


@dataclass(frozen=True, slots=True)
class ReminderKey:
    """What makes a reminder unique within one version of one appointment."""

    step: str
    recipient: Recipient
    channel: Channel


@dataclass(frozen=True, slots=True)
class PlannedReminder:
    """A touch as the planner wants it. All instants UTC; a state other than planned carries its reason."""

    key: ReminderKey
    not_before: datetime
    due_at: datetime
    expires_at: datetime
    state: ReminderState = ReminderState.PLANNED
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Reminder:
    """A planned touch as we hold it. One `has_failed` whose message ended so that another channel may take over."""

    id: ReminderId
    appointment_id: AppointmentId
    patient_id: PatientId
    version: int
    planned: PlannedReminder
    has_failed: bool = False

    @property
    def step(self) -> str:
        """The step's key."""
        return self.planned.key.step

    @property
    def due_at(self) -> datetime:
        """When it is to leave, UTC."""
        return self.planned.due_at
