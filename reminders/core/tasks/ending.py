"""What ends the cause of a task where no member of staff does."""

from __future__ import annotations

from enum import StrEnum

from reminders.core.appointments import Appointment
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
        TaskKind.SELF_DRIVE,
        TaskKind.ESCORT_DECLINED,
        TaskKind.UNCONFIRMED,
        TaskKind.MARK_OUTCOME,
        TaskKind.NO_WINDOW,
        TaskKind.NO_CONSENT,
        TaskKind.MISSING_FROM_SCHEDULE,
        TaskKind.SESSION_ON_CLOSED_DAY,
    }
)
"""Tasks whose cause ends when the session moves, is cancelled or its outcome is marked. What a reply or a message was
about stays for a person: a new time does not answer it."""


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
        case TaskKind.MARK_OUTCOME:
            return _off(appointment)
        case TaskKind.MISSING_FROM_SCHEDULE:
            return Resolver.SCHEDULE if appointment.missing_since is None else None
        case _:
            return None


def _off(appointment: Appointment) -> Resolver | None:
    return None if appointment.status.is_coming else Resolver.SCHEDULE


def _is_of_another_version(kind: TaskKind, key: str, appointment: Appointment) -> bool:
    mine = key_of(kind, appointment.id, appointment.version)
    is_about_versions = key.startswith(f"{kind}:{appointment.id}:")
    return is_about_versions and key != mine and not key.startswith(f"{mine}:")
