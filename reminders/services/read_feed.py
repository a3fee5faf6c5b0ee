"""Read: pages of a clinic's sessions, open tasks and events, and one patient, for programs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from reminders.core.appointments import Appointment
from reminders.core.audit import Deed, about
from reminders.core.errors import NotFoundError
from reminders.core.feed import Told
from reminders.core.ids import AppointmentId, ClinicId, PatientId, TaskId
from reminders.core.patients import Patient
from reminders.core.staff import Actor
from reminders.core.tasks import TaskKind
from reminders.services.audit import note
from reminders.services.deps import Deps
from reminders.services.number_events import number_events
from reminders.services.read_worklist import TaskLine, lines_of
from reminders.store import appointments, events, patients, tasks
from reminders.store.appointments import Wanted

__all__ = ["FeedPage", "Wanted", "read_events", "read_patient", "read_sessions", "read_tasks"]


def read_sessions(deps: Deps, clinic_id: ClinicId, wanted: Wanted, *, limit: int) -> list[tuple[Appointment, str]]:
    """Return a page of sessions in order of start, each with the clinic's own id of its patient."""
    with deps.store.reading() as tx:
        found = appointments.page(tx, clinic_id, wanted, limit=limit)
        whose = patients.external_ids(tx, {item.patient_id for item in found})
    return [(item, whose[item.patient_id]) for item in found]


def read_patient(deps: Deps, clinic_id: ClinicId, external_id: str, *, who: Actor) -> Patient:
    """Return a patient, and note who read them (requirement 32). Raises NotFoundError."""
    with deps.store.transaction() as tx:
        key = patients.find(tx, clinic_id, external_id)
        if key is None:
            raise NotFoundError(f"no patient {external_id!r}")
        note(tx, deps, who, Deed.PATIENT_READ, clinic_id=clinic_id, about=about("patient", key))
        return patients.get_many(tx, clinic_id, [key])[key]


def read_tasks(
    deps: Deps,
    clinic_id: ClinicId,
    *,
    kinds: Collection[TaskKind],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[TaskLine]:
    """Return a page of open tasks, the oldest first."""
    place = None if after is None else (after[0], TaskId(after[1]))
    with deps.store.reading() as tx:
        return lines_of(tx, tasks.page(tx, clinic_id, kinds=kinds, after=place, limit=limit))


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Events in their order, with what the clinic calls the patients and sessions that they name."""

    items: Sequence[Told]
    people: Mapping[PatientId, str]
    sessions: Mapping[AppointmentId, str]


def read_events(deps: Deps, clinic_id: ClinicId, after: int, *, limit: int) -> FeedPage:
    """Return what happened behind a number; what is committed by now has its number by then."""
    number_events(deps)
    with deps.store.reading() as tx:
        found = events.after(tx, clinic_id, after, limit=limit)
        people = patients.external_ids(tx, {item.patient_id for item in found if item.patient_id is not None})
        sessions = appointments.external_ids(tx, {key for item in found for key in session_of(item)})
    return FeedPage(found, people, sessions)


def session_of(item: Told) -> list[AppointmentId]:
    """Return the session that an event is about or has to do with, if there is one."""
    if item.subject == "appointment":
        return [AppointmentId(item.row)]
    named = item.facts.get("appointment")
    return [AppointmentId(UUID(named))] if isinstance(named, str) else []
