"""The gate: the one question before every message leaves, asked in the transaction that records the intent.

Requirements 3, 7, 12, 14 and 31 to 33. The verdict is a value with a reason; the caller stores it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from reminders.core.appointments import Appointment, AppointmentStatus
from reminders.core.cadences import ASK_ESCORT, CANCELLED, PICK_UP_OFF, Phase, QuestionKind
from reminders.core.caps import Ruling, Traffic, importance, next_day, ruling
from reminders.core.clinics import Caps
from reminders.core.consent import may_reach_opted_out
from reminders.core.patients import Recipient
from reminders.core.reminders import Reason
from reminders.core.windows import SendWindow, is_open, next_opening

LEAST_USEFUL_LIFE = timedelta(seconds=60)
"""Closer to its end than this, a message is not sent: the provider could not deliver it in time."""
TELLS_IT_IS_OFF = frozenset({CANCELLED.key, PICK_UP_OFF.key})
ASKS_FOR_A_RIDE = frozenset({"ride_check", ASK_ESCORT.key})
"""A stranger is asked only while a ride is wanted: the pick-up itself is told with their consent alone."""


class Origin(StrEnum):
    """Who wanted a message."""

    REMINDER = "reminder"
    STAFF = "staff"
    ANSWER = "answer"
    """Our direct answer to something the patient wrote; exempt from quiet hours."""
    ALERT = "alert"
    """To staff, about a patient who may need help: at any hour, and not by the patients' consent."""


UNASKED = frozenset({Origin.ANSWER, Origin.ALERT})
"""Messages that need no earlier consent and know no quiet hours."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Everything the gate looks at. `appointment` is None for messages that belong to none.

    `zone` is the one whose quiet hours hold. `overrides_quiet_hours` needs a recorded reason; nothing overrides an
    opt-out. `carries` are the steps that were merged into it, `phase` that of its own step where that is known, and
    `pause` the reason why staff stopped what is about this appointment, if they did. `is_overtaken` says of a check-in
    that the patient's next session began while it waited, `is_stopped` that staff stopped the batch it belongs to,
    `is_to_visitors` that staff wrote it to whoever has a session then. Where it is known, `opted_out_at` lets the one
    confirmation of an opt-out pass.
    """

    origin: Origin
    kind: str
    version: int | None
    expires_at: datetime
    appointment: Appointment | None
    asks: QuestionKind | None
    has_consent: bool
    is_opted_out: bool
    has_address_fault: bool
    is_on_allow_list: bool
    zone: ZoneInfo
    window: SendWindow
    caps: Caps
    traffic: Traffic
    overrides_quiet_hours: bool = False
    recipient: Recipient = Recipient.PATIENT
    carries: frozenset[str] = frozenset()
    phase: Phase | None = None
    pause: Reason | None = None
    is_overtaken: bool = False
    opted_out_at: datetime | None = None
    is_stopped: bool = False
    is_to_visitors: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """It may leave now."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Not yet."""

    until: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class Suppress:
    """Not at all."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Expire:
    """Too late to be useful."""

    reason: Reason = Reason.TOO_LATE


Verdict = Send | Hold | Suppress | Expire


def may_send(candidate: Candidate, *, now: datetime) -> Verdict:
    """Decide about one message at the moment of sending."""
    refusal = _refusal(candidate, now)
    if refusal is not None:
        return Suppress(refusal)
    if now + LEAST_USEFUL_LIFE > candidate.expires_at:
        return Expire()
    return _timing(candidate, now)


def _refusal(candidate: Candidate, now: datetime) -> Reason | None:
    if candidate.is_opted_out and not _confirms_the_opt_out(candidate, now):
        return Reason.OPTED_OUT
    if candidate.has_address_fault:
        return Reason.ADDRESS_FAULT
    if not candidate.is_on_allow_list:
        return Reason.NOT_ON_ALLOW_LIST
    if candidate.origin not in UNASKED and not candidate.has_consent:
        return Reason.NO_CONSENT
    if candidate.is_stopped:
        return Reason.WITHDRAWN
    if candidate.is_to_visitors:
        return _refusal_of_a_letter(candidate)
    return _appointment_refusal(candidate) if candidate.origin is Origin.REMINDER else None


def _refusal_of_a_letter(candidate: Candidate) -> Reason | None:
    """Say why what staff wrote to a session's visitor no longer holds; it has a version where it tells a time."""
    appointment = candidate.appointment
    if appointment is None:
        return None
    if appointment.status.is_off:
        return Reason.APPOINTMENT_OFF
    return Reason.SUPERSEDED if candidate.version not in {None, appointment.version} else None


def _confirms_the_opt_out(candidate: Candidate, now: datetime) -> bool:
    """Say whether this is the one message that may go to an address that just opted out (requirement 34)."""
    is_answer = candidate.origin is Origin.ANSWER and candidate.recipient is not Recipient.STAFF
    return may_reach_opted_out(candidate.kind, is_answer=is_answer, opted_out_at=candidate.opted_out_at, now=now)


def _appointment_refusal(candidate: Candidate) -> Reason | None:
    appointment = candidate.appointment
    if appointment is None:
        return None
    if candidate.version is not None and candidate.version != appointment.version:
        return Reason.SUPERSEDED
    if appointment.status.is_off and not _may_speak_of_one_that_is_off(candidate, appointment):
        return Reason.APPOINTMENT_OFF
    if candidate.is_overtaken:
        return Reason.OVERTAKEN
    return candidate.pause or unneeded(candidate.kind, appointment)


def _may_speak_of_one_that_is_off(candidate: Candidate, appointment: Appointment) -> bool:
    """Say whether a message is in place though nobody came: the news itself, or the outcome of the whole series.

    A series whose last session the patient missed took place all the same.
    """
    is_outcome = candidate.phase is Phase.SERIES and appointment.status is AppointmentStatus.NOSHOW
    return is_outcome or candidate.kind in TELLS_IT_IS_OFF


def unneeded(step: str, appointment: Appointment) -> Reason | None:
    """Say why a step has nothing left to say: what it asks is already answered."""
    if step == "remind_confirm" and appointment.is_confirmed:
        return Reason.ALREADY_CONFIRMED
    if step in ASKS_FOR_A_RIDE and appointment.has_ride:
        return Reason.RIDE_ARRANGED
    return None


def _timing(candidate: Candidate, now: datetime) -> Verdict:
    is_exempt = candidate.origin in UNASKED or candidate.overrides_quiet_hours
    if not is_exempt and not is_open(now, candidate.zone, candidate.window):
        return _hold(next_opening(now, candidate.zone, candidate.window), candidate, Reason.QUIET_HOURS)
    if candidate.origin is Origin.REMINDER and candidate.recipient is Recipient.PATIENT:
        return _capped(candidate, now)
    return Send()


def _capped(candidate: Candidate, now: datetime) -> Verdict:
    weight = importance({candidate.kind, *candidate.carries})
    match ruling(weight, candidate.traffic, candidate.caps, zone=candidate.zone, now=now):
        case Ruling.GO:
            return Send()
        case Ruling.WAIT:
            return _hold(next_day(now, candidate.zone, candidate.window), candidate, Reason.CAP)
        case Ruling.DROP:
            return Suppress(Reason.CAP)


def _hold(until: datetime | None, candidate: Candidate, reason: Reason) -> Verdict:
    """Hold where that is still useful, else end it: held past its use it would only be late (requirement 8)."""
    if until is None or until + LEAST_USEFUL_LIFE > candidate.expires_at:
        return Suppress(reason)
    return Hold(until, reason)


LONGEST_VALIDITY = timedelta(seconds=36_000)
"""What the provider takes at most (twilio.com, ValidityPeriod)."""


def validity(expires_at: datetime, closes_at: datetime | None, *, now: datetime) -> timedelta:
    """Return how long the provider may try (requirement 19): until the message is useless or quiet hours begin."""
    ends = [expires_at - now, LONGEST_VALIDITY]
    if closes_at is not None:
        ends.append(closes_at - now)
    return max(timedelta(seconds=1), min(ends))
