"""Conditions: which steps of a cadence an appointment gets, seen among the patient's other appointments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from reminders.core.appointments import Appointment, AppointmentStatus
from reminders.core.cadences import (
    ASK_ESCORT,
    BOOKED,
    CANCELLED,
    MOVED,
    PICK_UP_OFF,
    Anchors,
    Cadence,
    Phase,
    Step,
    anchors,
)
from reminders.core.clinics import Clinic
from reminders.core.escorts import EscortWord
from reminders.core.patients import Patient, Recipient
from reminders.core.pauses import NO_PAUSES, Pauses

NOTICES = frozenset({MOVED.key, CANCELLED.key, BOOKED.key, PICK_UP_OFF.key})
PHASES = tuple(Phase)
LASTING = frozenset({Phase.AFTER, Phase.SERIES, Phase.REBOOK})
"""What follows a session is said once, though marking its outcome makes a new version of the appointment."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a person last heard from us about an appointment: its time then, and whether it was off."""

    starts_at: datetime
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class Telling:
    """What was said before this plan, which decides on notices: to the patient, and to the escort.

    Both are of earlier versions, None where nothing left. `is_announced` asks for `booked` messages; a first import is
    silent unless staff ask for them.
    """

    is_announced: bool = True
    patient: Told | None = None
    escort: Told | None = None

    @property
    def is_of_use(self) -> bool:
        """Say whether anything could be news: not where nobody was told anything, nor is to be."""
        return self.is_announced or self.patient is not None or self.escort is not None


@dataclass(frozen=True, slots=True)
class Case:
    """One appointment in its surroundings, as every rule of planning sees it."""

    appointment: Appointment
    patient: Patient
    clinic: Clinic
    cadence: Cadence
    base: Anchors
    siblings: tuple[Appointment, ...]
    """The patient's other appointments."""
    telling: Telling
    pauses: Pauses
    escort: EscortWord
    """Whether the person who fetches the patient may be texted (requirement 52)."""
    now: datetime

    @property
    def tz(self) -> ZoneInfo:
        """The zone of the place where the session is."""
        return self.appointment.booking.tz

    @property
    def is_fulfilled(self) -> bool:
        """Say whether the session took place, or the clinic lets us assume so."""
        status = self.appointment.status
        return status is AppointmentStatus.FULFILLED or (self.clinic.assume_fulfilled and status.is_coming)


def case_of(
    appointment: Appointment,
    patient: Patient,
    clinic: Clinic,
    *,
    siblings: Sequence[Appointment],
    telling: Telling,
    now: datetime,
    pauses: Pauses = NO_PAUSES,
    escort: EscortWord = EscortWord.SILENT,
) -> Case:
    """Put one appointment in its surroundings; the cadence is the clinic's as staff changed it for this patient."""
    cadence = clinic.cadence(appointment.booking.appointment_type, patient.override)
    base = anchors(
        appointment.starts_at,
        appointment.booking.duration,
        cadence,
        versioned_at=appointment.versioned_at,
        ended_at=appointment.ended_at,
    )
    return Case(appointment, patient, clinic, cadence, base, tuple(siblings), telling, pauses, escort, now)


def applies(step: Step, case: Case) -> bool:
    """Say whether a step has anything to do with this appointment as it is now."""
    return _is_in_phase(step.phase, case) and _suits(step, case)


def fitting(case: Case) -> list[Step]:
    """Return the enabled steps that apply, in order."""
    # Many steps share a phase, and most drop out by it.
    its_time = {phase for phase in PHASES if _is_in_phase(phase, case)}
    return [step for step in case.cadence.steps if step.phase in its_time and step.is_enabled and _suits(step, case)]


def _suits(step: Step, case: Case) -> bool:
    """Say whether a step applies whose phase it is."""
    if step.phase is Phase.NOTICE and not _notice_applies(step.key, case.appointment, case.telling):
        return False
    return _is_for_them(step, case) and (not step.is_first_only or _is_first(case))


def _is_in_phase(phase: Phase, case: Case) -> bool:
    """Say whether a phase's time is now, or still to come. Each notice has a time of its own besides."""
    if phase is Phase.NOTICE:
        return case.telling.is_of_use
    if phase is Phase.BEFORE:
        return case.appointment.booking.status is AppointmentStatus.BOOKED
    if phase is Phase.AFTER:
        return case.is_fulfilled
    if phase is Phase.SERIES:
        return _ends_a_series(case)
    return case.is_fulfilled and case.cadence.rebook_weeks is not None and _is_last_of_all(case)


def _is_for_them(step: Step, case: Case) -> bool:
    return step.recipient is not Recipient.ESCORT or _may_text_escort(step, case)


def _may_text_escort(step: Step, case: Case) -> bool:
    """Say whether the person whom the booking names may get this: with their own word, or to be asked for it.

    Who is named with the patient's own phone is the patient, as far as we can tell.
    """
    phone = case.appointment.booking.escort_phone
    if not phone:
        return False
    if step.key == ASK_ESCORT.key:
        return case.escort is EscortWord.UNASKED and phone != case.patient.record.phone
    return case.escort is EscortWord.AGREED


def _notice_applies(key: str, appointment: Appointment, telling: Telling) -> bool:
    """Say whether a notice is news: nobody hears of a move from a time that we never told them."""
    told = telling.escort if key == PICK_UP_OFF.key else telling.patient
    knows_a_time = told is not None and not told.is_off
    if key in {CANCELLED.key, PICK_UP_OFF.key}:
        return knows_a_time and appointment.status is AppointmentStatus.CANCELLED
    if appointment.status is not AppointmentStatus.BOOKED:
        return False
    if key == MOVED.key:
        return told is not None and knows_a_time and told.starts_at != appointment.starts_at
    # Who heard that it was off must hear that it is on again, though nobody announced it at first.
    return not knows_a_time and (telling.is_announced or told is not None)


def is_in_between(case: Case, due: datetime) -> bool:
    """Say whether the patient's next session starts before this check-in would come: it would ask about two."""
    return any(case.base.start < other.starts_at <= due for other in case.siblings if not other.status.is_off)


def _is_first(case: Case) -> bool:
    """Say whether this is a series' first session that takes place, or belongs to no series.

    A series whose rows begin with number 4 began before we knew it; where the first were cancelled, the next is first.
    """
    booking = case.appointment.booking
    if booking.series_id is None:
        return True
    if booking.series_number is None:
        return not any(other.starts_at < booking.starts_at for other in _series(case))
    if booking.series_number <= 1:
        return True
    on = {other.booking.series_number for other in _series(case)}
    if 1 in on:  # as nearly always
        return False
    off = {other.booking.series_number for other in _of_series(case) if other.status.is_off}
    return all(number in off and number not in on for number in range(1, booking.series_number))


def _ends_a_series(case: Case) -> bool:
    """Say whether this is the last session of a series that was not cancelled; one nobody came to asks nothing."""
    mine, cancelled = case.appointment, AppointmentStatus.CANCELLED
    if mine.booking.series_id is None or mine.booking.status is cancelled:
        return False
    place, has_come = (mine.starts_at, mine.external_id), not mine.booking.status.is_off
    for other in reversed(_of_series(case)):  # from the end, where a later one stands if there is one
        if other.booking.status is cancelled:
            continue
        if (other.starts_at, other.external_id) > place:
            return False
        has_come = has_come or not other.booking.status.is_off
    return has_come


def _is_last_of_all(case: Case) -> bool:
    return not any(other.starts_at > case.appointment.starts_at for other in case.siblings if not other.status.is_off)


def _of_series(case: Case) -> list[Appointment]:
    series_id = case.appointment.booking.series_id
    return [other for other in case.siblings if other.booking.series_id == series_id]


def _series(case: Case) -> list[Appointment]:
    return [other for other in _of_series(case) if not other.status.is_off]
