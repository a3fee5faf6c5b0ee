"""What ends the cause of a task where no member of staff does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from reminders.core.appointments import OFF, Appointment, AppointmentStatus, Booking
from reminders.core.patients import Channel, PatientRecord
from reminders.core.tasks.kinds import TaskKind
from reminders.core.tasks.opening import key_of


class Resolver(StrEnum):
    """Who ended a task's cause, where no member of staff did."""

    SCHEDULE = "schedule"
    PATIENT = "patient"
    TIME = "time"
    PROVIDER = "provider"


ABOUT_A_VERSION = frozenset(
    {
        TaskKind.RIDE_WANTED,
        TaskKind.MARK_OUTCOME,
        TaskKind.NO_WINDOW,
        TaskKind.NO_CONSENT,
        TaskKind.MISSING_FROM_SCHEDULE,
        TaskKind.SESSION_ON_CLOSED_DAY,
        TaskKind.UNCONFIRMED,
        TaskKind.SELF_DRIVE,
        TaskKind.ESCORT_DECLINED,
    }
)
"""Tasks whose key names a version, and whose cause ends when the session moves, is cancelled or its outcome is marked.

What a message was about stays for a person: a new time does not answer it."""
WANTS_ANOTHER_TIME = frozenset({TaskKind.DECLINED, TaskKind.RESCHEDULE})
ABOUT_THE_NUMBER = frozenset({TaskKind.ADDRESS_FAULT, TaskKind.WRONG_NUMBER, TaskKind.CONTACT_CHANGE})
LOOKED_UP_WITHIN = timedelta(days=7)
"""A code of the provider's that nobody added to the table for so long, and that came up in no other way, is let go."""


def ended_by(kind: TaskKind, key: str, appointment: Appointment) -> Resolver | None:
    """Say who ended the cause of an open task about an appointment; None while it stands.

    The cause of what the session's own hour ends (a ride once it is over) is for `watching` to judge.
    """
    if kind in ABOUT_A_VERSION and _is_of_another_version(kind, key, appointment):
        return Resolver.SCHEDULE
    match kind:
        case TaskKind.RIDE_WANTED | TaskKind.SELF_DRIVE | TaskKind.ESCORT_DECLINED:
            return Resolver.PATIENT if appointment.has_ride else _off(appointment)
        case TaskKind.UNCONFIRMED:
            return Resolver.PATIENT if appointment.is_confirmed else _off(appointment)
        case TaskKind.RUNNING_LATE:
            return _begun(appointment)
        case TaskKind.MARK_OUTCOME:
            return _off(appointment)
        case TaskKind.MISSING_FROM_SCHEDULE:
            return Resolver.SCHEDULE if appointment.missing_since is None else None
        case _:
            return None


def ended_by_change(before: Booking, after: Booking) -> frozenset[TaskKind]:
    """Return the kinds of task that a change of the schedule settles, whatever their keys name.

    Who asked for another time has one, or the session is off; somebody who is late arrived, or is expected anew.
    """
    has_moved = before.starts_at != after.starts_at
    is_off = after.status in OFF and before.status not in OFF
    is_here = before.status is AppointmentStatus.BOOKED and after.status is not AppointmentStatus.BOOKED
    late = {TaskKind.RUNNING_LATE} if has_moved or is_here else set()
    return frozenset(late | (WANTS_ANOTHER_TIME if has_moved or is_off else frozenset()))


def ended_by_record(before: PatientRecord, after: PatientRecord) -> Mapping[Channel, frozenset[TaskKind]]:
    """Return the kinds of task that a corrected record settles, each by the channel of the address it is about.

    What the patient gave as a new number or address came by phone, and any correction may be that one.
    """
    found: dict[Channel, frozenset[TaskKind]] = {}
    if before.email != after.email:
        found |= {Channel.EMAIL: frozenset({TaskKind.ADDRESS_FAULT}), Channel.SMS: frozenset({TaskKind.CONTACT_CHANGE})}
    if before.phone != after.phone:
        found |= {Channel.SMS: ABOUT_THE_NUMBER}
    return found


def _begun(appointment: Appointment) -> Resolver | None:
    """Say that the schedule settled it once the patient arrived, or the session is off."""
    return None if appointment.status is AppointmentStatus.BOOKED else Resolver.SCHEDULE


def _off(appointment: Appointment) -> Resolver | None:
    return None if appointment.status.is_coming else Resolver.SCHEDULE


def _is_of_another_version(kind: TaskKind, key: str, appointment: Appointment) -> bool:
    mine = key_of(kind, appointment.id, appointment.version)
    is_about_versions = key.startswith(f"{kind}:{appointment.id}:")
    return is_about_versions and key != mine and not key.startswith(f"{mine}:")
