"""Read what the caps look at: what left to some patients in the last week, and what is still to come in the next."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from reminders.core.appointments import Appointment
from reminders.core.caps import Coming, Traffic, importance
from reminders.core.clinics import Clinic, quiet_zone
from reminders.core.gate import unneeded
from reminders.core.ids import AppointmentId, MessageId, PatientId
from reminders.core.merging import Candidate, foresee
from reminders.core.patients import Override, Terms
from reminders.core.reminders import Reminder
from reminders.core.windows import local_day
from reminders.store import appointments
from reminders.store.circumstances import Circumstances, Waiting
from reminders.store.unit_of_work import Transaction


@dataclass(slots=True)
class Flow:
    """The automated messages of one patient; it follows what is decided about each of them."""

    left: list[datetime]
    waiting: dict[MessageId, Waiting]
    planned: tuple[Coming, ...]

    def beside(self, message_id: MessageId) -> Traffic:
        """Return what a message has to find room among."""
        others = (
            Coming(item.due_at, importance(item.steps)) for key, item in self.waiting.items() if key != message_id
        )
        return Traffic(tuple(self.left), (*others, *self.planned))

    def steps(self, message_id: MessageId) -> frozenset[str]:
        """Return what a message that waits carries."""
        item = self.waiting.get(message_id)
        return frozenset() if item is None else item.steps

    def leave(self, message_id: MessageId, *, now: datetime) -> None:
        """Remember that a message leaves now."""
        self.waiting.pop(message_id, None)
        self.left.append(now)

    def stay(self, message_id: MessageId, *, until: datetime | None) -> None:
        """Remember that a message waits until an instant, or that it will never leave."""
        item = self.waiting.pop(message_id, None)
        if item is not None and until is not None:
            self.waiting[message_id] = replace(item, due_at=until)


@dataclass(frozen=True, slots=True)
class Reader:
    """A patient whose traffic is counted: at which clinic, and how they are written to."""

    clinic: Clinic
    terms: Terms
    override: Override


def read_traffic(
    tx: Transaction,
    people: Mapping[PatientId, Reader],
    seen: Circumstances,
    known: Mapping[AppointmentId, Appointment],
    *,
    now: datetime,
) -> dict[PatientId, Flow]:
    """Return the flow of each of these patients. `known` are the appointments that were read before."""
    about = {item.appointment_id for key in people for item in seen.upcoming[key]}
    booked = {**known, **appointments.get_many(tx, about - known.keys())}
    return {
        key: Flow(seen.left[key], seen.waiting[key], tuple(_coming(reader, seen.upcoming[key], booked, now)))
        for key, reader in people.items()
    }


def _coming(
    reader: Reader,
    upcoming: Collection[Reminder],
    booked: Mapping[AppointmentId, Appointment],
    now: datetime,
) -> Iterator[Coming]:
    """Yield the messages that planned reminders will make, merged as they will be."""
    candidates = [item for held in upcoming for item in _candidate(reader, held, booked[held.appointment_id])]
    if candidates:
        for bundle in foresee(candidates, tz=_zone(reader, candidates[0], booked), now=now):
            yield Coming(bundle.at, importance(item.step.key for item in (bundle.leader, *bundle.others)))


def _candidate(reader: Reader, held: Reminder, appointment: Appointment) -> Iterator[Candidate]:
    """Yield the reminder as it may merge; nothing where it has nothing left to say."""
    booking = appointment.booking
    step = reader.clinic.cadence(booking.appointment_type, reader.override).step(held.step)
    if step is not None and held.version == appointment.version and unneeded(held.step, appointment) is None:
        yield Candidate(held, step, booking.starts_at, local_day(booking.starts_at, booking.tz))


def _zone(reader: Reader, item: Candidate, booked: Mapping[AppointmentId, Appointment]) -> ZoneInfo:
    return quiet_zone(reader.terms, booked[item.reminder.appointment_id].booking)
