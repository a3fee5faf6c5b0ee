"""What can follow from a reply. The service applies these in the transaction that reads it."""

from __future__ import annotations

from dataclasses import dataclass

from reminders.core.appointments import Appointment
from reminders.core.cadences import QuestionKind
from reminders.core.check_ins import Concern
from reminders.core.consent import Source
from reminders.core.conversation.answers import AnswerKind
from reminders.core.conversation.thread import OpenQuestion
from reminders.core.ids import AppointmentId, PatientId
from reminders.core.tasks import Doubt, TaskKind, Urgency
from reminders.core.transport import RideState


@dataclass(frozen=True, slots=True)
class Confirm:
    """The patient will come, to this version."""

    appointment_id: AppointmentId
    version: int


@dataclass(frozen=True, slots=True)
class TakeBack:
    """An earlier yes to this version no longer holds: the patient now says that they are not coming."""

    appointment_id: AppointmentId
    version: int


@dataclass(frozen=True, slots=True)
class RecordRide:
    """What was said of the ride home from these sessions."""

    visits: tuple[Appointment, ...]
    state: RideState


@dataclass(frozen=True, slots=True)
class RecordScore:
    """The answer to a check-in, or a score that nobody asked for; None where the words name no one number."""

    patient_id: PatientId
    appointment_id: AppointmentId
    question: OpenQuestion | None
    score: int | None


@dataclass(frozen=True, slots=True)
class RaiseAlarm:
    """Somebody may need help now."""

    concern: Concern
    patient_id: PatientId | None = None
    appointment_id: AppointmentId | None = None


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A person should look. `appointment_id` and `patient_id` only where there is no doubt about them.

    `note` holds the patient's own words about when they would rather come; `doubt` says why a reply needs a reader.
    """

    kind: TaskKind
    urgency: Urgency
    appointment_id: AppointmentId | None = None
    patient_id: PatientId | None = None
    note: str = ""
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True)
class OptOut:
    """Nothing automatic goes to this address any more, and what waits is cancelled."""

    source: Source
    wants_no_answer: bool = False


@dataclass(frozen=True, slots=True)
class OptIn:
    """The opt-out of this address ends."""

    source: Source


@dataclass(frozen=True, slots=True)
class SuspendNumber:
    """This number is not the patient's: nothing more goes to it."""


@dataclass(frozen=True, slots=True)
class HoldPatient:
    """Everything automatic about this patient stops until staff have looked."""

    patient_id: PatientId


@dataclass(frozen=True, slots=True)
class Say:
    """An automatic answer, about these sessions; `asks` is a question that it asks anew about them."""

    kind: AnswerKind
    about: tuple[Appointment, ...] = ()
    asks: QuestionKind | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Nothing to do, and why: kept with the reply so that staff see the decision (requirement 48)."""

    reason: str


Action = (
    Confirm
    | TakeBack
    | RecordRide
    | RecordScore
    | RaiseAlarm
    | OpenTask
    | OptOut
    | OptIn
    | SuspendNumber
    | HoldPatient
    | Say
    | Note
)
