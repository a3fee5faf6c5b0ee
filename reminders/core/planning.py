"""The planner: what should be said about one appointment, when, and on which channel; and what changed since.

`desired` is the plan as if nothing existed; `replan` is the difference to what does. Re-planning unchanged input
changes nothing. Rules: requirements 2, 4 to 8, 10, 13 and 31.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from reminders.core.appointments import Appointment, AppointmentStatus
from reminders.core.cadences import (
    BOOKED,
    CANCELLED,
    MOVED,
    Anchor,
    Anchors,
    Cadence,
    Civil,
    Phase,
    Step,
    anchors,
    instant,
)
from reminders.core.clinics import Clinic, quiet_zone
from reminders.core.patients import Channel, Patient
from reminders.core.reminders import REVIVABLE, PlannedReminder, Reason, Reminder, ReminderKey, ReminderState
from reminders.core.windows import place

SPOKEN = frozenset({ReminderState.DISPATCHED, ReminderState.MERGED})
NOTICES = frozenset({MOVED.key, CANCELLED.key, BOOKED.key})
LASTING = frozenset({Phase.AFTER, Phase.SERIES, Phase.REBOOK})
"""What follows a session is said once, though marking its outcome makes a new version of the appointment."""
BOOKED_IS_NEWS_UNTIL = timedelta(hours=24)
"""`booked` is left out where a reminder is due within this time anyway: it would say the same."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What the patient was told before this plan, which decides on notices.

    `is_announced` asks for `booked` messages; a first import is silent unless staff ask for them.
    """

    is_announced: bool = True
    knows_an_earlier_version: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The difference between what is planned and what should be."""

    add: tuple[PlannedReminder, ...]
    move: tuple[tuple[Reminder, PlannedReminder], ...]
    cancel: tuple[tuple[Reminder, Reason], ...]

    @property
    def is_empty(self) -> bool:
        """Say whether nothing is to be written."""
        return not (self.add or self.move or self.cancel)


@dataclass(frozen=True, slots=True)
class _Case:
    """One appointment in its surroundings, as every rule below sees it."""

    appointment: Appointment
    patient: Patient
    clinic: Clinic
    cadence: Cadence
    base: Anchors
    siblings: tuple[Appointment, ...]
    now: datetime

    @property
    def tz(self) -> ZoneInfo:
        return self.appointment.booking.tz

    @property
    def is_fulfilled(self) -> bool:
        status = self.appointment.status
        return status is AppointmentStatus.FULFILLED or (self.clinic.assume_fulfilled and status.is_coming)


def replan(
    appointment: Appointment,
    patient: Patient,
    clinic: Clinic,
    *,
    siblings: Sequence[Appointment],
    existing: Iterable[Reminder],
    telling: Telling,
    now: datetime,
) -> Plan:
    """Return what to add, move and cancel so that the reminders of one appointment are right.

    `siblings` are the patient's other appointments. What already left or ended is never touched.
    """
    held = tuple(existing)
    wanted = {
        plan.key: plan for plan in desired(appointment, patient, clinic, siblings=siblings, telling=telling, now=now)
    }
    current = {item.planned.key: item for item in held if item.version == appointment.version}
    cadence = clinic.cadence(appointment.booking.appointment_type)
    told = {key for key in wanted if _is_told(key, cadence, current, held)}
    stale = [(item, Reason.SUPERSEDED) for item in held if item.version != appointment.version and _waits(item)]
    unwanted = [(item, _why_not(wanted.get(key))) for key, item in current.items() if _waits(item)]
    return Plan(
        add=tuple(plan for key, plan in wanted.items() if key not in current and key not in told),
        move=tuple(_moves(current, wanted, told, now)),
        cancel=(*stale, *((item, reason) for item, reason in unwanted if reason is not None)),
    )


def _why_not(plan: PlannedReminder | None) -> Reason | None:
    """Say why a waiting reminder is no longer wanted: not at all, or refused by now; None where it still is."""
    if plan is None:
        return Reason.REPLANNED
    return plan.reason if plan.state is ReminderState.SUPPRESSED and plan.reason in REVIVABLE else None


def _waits(reminder: Reminder) -> bool:
    return reminder.planned.state.is_waiting


def _is_told(
    key: ReminderKey, cadence: Cadence, current: Mapping[ReminderKey, Reminder], held: Sequence[Reminder]
) -> bool:
    """Say whether a step has had its turn, so that planning anew may not bring it again on this channel.

    One channel only. A check-in holds for the session that took place, whatever its row is called since. A notice is
    news only when its version is: what was left out of the first plan of a version does not come up later.
    """
    if key.step in NOTICES and current and not any(other.step == key.step for other in current):
        return True
    step = cadence.step(key.step)
    is_lasting = step is not None and step.phase in LASTING
    among = held if is_lasting else tuple(current.values())
    return any(
        item.step == key.step and item.planned.key.recipient is key.recipient and item.planned.state in SPOKEN
        for item in among
    )


def _moves(
    current: Mapping[ReminderKey, Reminder],
    wanted: Mapping[ReminderKey, PlannedReminder],
    told: Collection[ReminderKey],
    now: datetime,
) -> Iterator[tuple[Reminder, PlannedReminder]]:
    for key, item in current.items():
        plan = wanted.get(key)
        if plan is None or plan.state is not ReminderState.PLANNED:
            continue
        held = item.planned
        is_revived = key not in told and _may_return(item, current)
        # What is overdue would be planned for "now" each time; pushing it along would be a change out of nothing.
        is_moved = _waits(item) and held.due_at > now and _times(plan) != _times(held)
        if is_revived or is_moved:
            yield item, plan


def _may_return(item: Reminder, current: Mapping[ReminderKey, Reminder]) -> bool:
    """Say whether what was taken back may wait again: its refusal ended, or the channel that replaced it closed."""
    held = item.planned
    if held.state is ReminderState.SUPPRESSED:
        return held.reason in REVIVABLE
    if held.state is not ReminderState.CANCELLED or held.reason is not Reason.REPLANNED:
        return False
    # A notice that gave way to a reminder stays away; one that only changed its channel may come back.
    is_notice = item.step in NOTICES
    return not is_notice or any(other.step == item.step and _waits(other) for other in current.values())


def _times(plan: PlannedReminder) -> tuple[datetime, datetime]:
    return plan.due_at, plan.expires_at


def desired(
    appointment: Appointment,
    patient: Patient,
    clinic: Clinic,
    *,
    siblings: Sequence[Appointment],
    telling: Telling,
    now: datetime,
) -> tuple[PlannedReminder, ...]:
    """Return every touch this appointment should get, expired and suppressed ones with their reasons."""
    cadence = clinic.cadence(appointment.booking.appointment_type)
    base = anchors(
        appointment.starts_at,
        appointment.booking.duration,
        cadence,
        versioned_at=appointment.versioned_at,
        ended_at=appointment.ended_at,
    )
    case = _Case(appointment, patient, clinic, cadence, base, tuple(siblings), now)
    plans = [_place(step, case) for step in cadence.steps if step.is_enabled and _applies(step, case, telling)]
    return tuple(plan for plan in plans if plan.key.step != "booked" or not _is_old_news(plans, now))


def _is_old_news(plans: Sequence[PlannedReminder], now: datetime) -> bool:
    soon = now + BOOKED_IS_NEWS_UNTIL
    return any(
        plan.key.step.startswith("remind_") and plan.state is ReminderState.PLANNED and plan.due_at <= soon
        for plan in plans
    )


def _applies(step: Step, case: _Case, telling: Telling) -> bool:
    match step.phase:
        case Phase.NOTICE:
            return _notice_applies(step.key, case.appointment, telling)
        case Phase.BEFORE:
            return case.appointment.status is AppointmentStatus.BOOKED and (not step.is_first_only or _is_first(case))
        case Phase.AFTER:
            return case.is_fulfilled and _after_applies(step, case)
        case Phase.SERIES:
            return case.is_fulfilled and case.appointment.booking.series_id is not None and _is_last_of_series(case)
        case Phase.REBOOK:
            return case.is_fulfilled and case.cadence.rebook_weeks is not None and _is_last_of_all(case)


def _notice_applies(key: str, appointment: Appointment, telling: Telling) -> bool:
    is_booked = appointment.status is AppointmentStatus.BOOKED
    if key == "moved":
        return is_booked and telling.knows_an_earlier_version
    if key == "cancelled":
        return appointment.status is AppointmentStatus.CANCELLED and telling.knows_an_earlier_version
    return is_booked and telling.is_announced and not telling.knows_an_earlier_version


def _after_applies(step: Step, case: _Case) -> bool:
    if step.is_first_only and not _is_first(case):
        return False
    if not step.is_alone_in_between:
        return True
    due = instant(step.due, case.base, case.tz)
    return not any(case.base.start < other.starts_at <= due for other in case.siblings if not other.status.is_off)


def _is_first(case: _Case) -> bool:
    booking = case.appointment.booking
    if booking.series_id is None:
        return True
    if booking.series_number is not None:
        return booking.series_number == 1
    return not any(other.starts_at < booking.starts_at for other in _series(case))


def _is_last_of_series(case: _Case) -> bool:
    return not any(other.starts_at > case.appointment.starts_at for other in _series(case))


def _is_last_of_all(case: _Case) -> bool:
    return not any(other.starts_at > case.appointment.starts_at for other in case.siblings if not other.status.is_off)


def _series(case: _Case) -> list[Appointment]:
    series_id = case.appointment.booking.series_id
    return [other for other in case.siblings if other.booking.series_id == series_id and not other.status.is_off]


def _due(step: Step, case: _Case) -> datetime:
    if step.phase is Phase.REBOOK:
        weeks = case.cadence.rebook_weeks or 0
        return instant(Civil(Anchor.END, 7 * weeks), case.base, case.tz)
    return instant(step.due, case.base, case.tz)


def _place(step: Step, case: _Case) -> PlannedReminder:
    due = _due(step, case)
    expires = instant(step.expires, case.base, case.tz, due=due)
    not_before = due if step.phase in LASTING else case.now
    channel, refusal = _channel(step, case.patient)
    key = ReminderKey(step.key, step.recipient, channel)
    if expires <= case.now:
        reason = Reason.TOO_LATE_WHEN_PLANNED
        return PlannedReminder(key, min(not_before, due), due, expires, ReminderState.EXPIRED, reason)
    if refusal is not None:
        return PlannedReminder(key, min(not_before, due), due, expires, ReminderState.SUPPRESSED, refusal)
    zone = quiet_zone(case.patient.record, case.appointment.booking)
    placed = place(due, expires=expires, now=case.now, tz=zone, window=case.clinic.window)
    if placed is None or placed < not_before:
        return PlannedReminder(key, due, due, expires, ReminderState.SUPPRESSED, Reason.NO_WINDOW)
    return PlannedReminder(key, min(not_before, placed), placed, expires)


def _channel(step: Step, patient: Patient) -> tuple[Channel, Reason | None]:
    """Return the first channel that may be used, or the first of the step's with the reason why none may."""
    for channel in step.channels:
        if patient.is_open(channel):
            return channel, None
    first = step.channels[0]
    reachable = [channel for channel in step.channels if patient.record.address(channel)]
    if not reachable:
        return first, Reason.NO_ADDRESS
    if not any(patient.record.has_consent(channel) for channel in reachable):
        return first, Reason.NO_CONSENT
    return first, Reason.OPTED_OUT
