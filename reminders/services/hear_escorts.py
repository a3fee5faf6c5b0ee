"""Hear: what the person who fetches a patient writes back (domain A3, requirement 52), in the reader's transaction.

Lock order: the caller holds the sender's addresses; then patients, appointments, messages and tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from reminders.core.appointments import Appointment, AppointmentStatus
from reminders.core.cadences import QuestionKind
from reminders.core.check_ins import Concern
from reminders.core.escorts import EscortConsent
from reminders.core.ids import AppointmentId, InboundId, PatientId
from reminders.core.patients import Recipient
from reminders.core.pick_ups import (
    STILL_HEARD,
    Errand,
    PickUpWord,
    is_between_several,
    pick_up_word,
    wants_reader,
)
from reminders.core.reminders import Reason
from reminders.core.replies import Intent, Interpretation
from reminders.core.tasks import Doubt, TaskKind, Urgency
from reminders.core.transport import RideState
from reminders.core.watching import LAST_DAY, end_of
from reminders.services.arrange_rides import open_ride_task, record_rides
from reminders.services.deps import Deps
from reminders.services.escalate import Alarm, raise_alarm
from reminders.services.plan_reminders import plan_patients
from reminders.store import appointments, clinics, contacts, escorts, patients, pick_ups, tasks, withdrawals
from reminders.store.unit_of_work import Transaction

BY_TEXT = "text"
"""Who recorded a consent that came as an answer to our question."""
NOTES = {True: "said yes by text", False: "said no by text"}


@dataclass(frozen=True, slots=True)
class _Said:
    """One text of an escort, and what it is about. `sessions` are as they are now, in order of time."""

    deps: Deps
    phone: str
    errand: Errand
    sessions: Sequence[Appointment]
    is_in_doubt: bool
    """Several patients wait for an answer from this phone."""
    inbound_id: InboundId | None
    now: datetime

    @property
    def patient_id(self) -> PatientId | None:
        """Whom they fetch, where that is sure."""
        return None if self.is_in_doubt else self.errand.patient_id

    @property
    def appointment_id(self) -> AppointmentId | None:
        return None if self.is_in_doubt else self.sessions[0].id

    @property
    def current(self) -> list[Appointment]:
        """The sessions that stand as they were when we wrote, and are still to come."""
        return [item for item in self.to_come if (item.id, item.version) in self.errand.about]

    @property
    def to_come(self) -> list[Appointment]:
        return [item for item in self.sessions if item.status is AppointmentStatus.BOOKED and item.starts_at > self.now]


def hear_escort(
    tx: Transaction,
    deps: Deps,
    address: str,
    read: Callable[[], Interpretation],
    *,
    inbound_id: InboundId | None,
    now: datetime,
) -> str | None:
    """Act on a text of somebody whom we wrote to about fetching a patient; say in a line what was done.

    None: not an escort's text, or one that is to be treated as anybody's (STOP, START, HELP), a STOP also as one: the
    caller goes on with it. `read` reads it as an answer to PICK_UP, which reads like CONFIRM; few texts need that.
    """
    said = _said(tx, deps, address, inbound_id, now)
    if said is None:
        return None
    reply = read()
    word = pick_up_word(reply.intents)
    done = []
    if reply.has(Intent.RED_FLAG):
        about = Alarm(said.errand.clinic_id, Concern.RED_FLAG, said.patient_id, said.appointment_id, inbound_id)
        raise_alarm(tx, deps, about, is_patient_told=False, now=now)
        done.append("alarm raised: an escort wrote")
    if said.is_in_doubt and word in {PickUpWord.YES, PickUpWord.NO}:
        word = PickUpWord.READ
    if word is PickUpWord.ANYBODYS and not done:
        return None
    done += _act(tx, said, word)
    if wants_reader(word, reply.intents) and not reply.has(Intent.RED_FLAG):
        done.append(_open_for_reader(tx, said, TaskKind.REPLY_UNCLEAR))
    return None if word is PickUpWord.STOP else "; ".join(done) or "an escort wrote: nothing to do"


def _said(tx: Transaction, deps: Deps, address: str, inbound_id: InboundId | None, now: datetime) -> _Said | None:
    """Return what a text of this phone is about; None where it is no escort's."""
    ids = contacts.at_address(tx, address)
    every = pick_ups.errands(tx, ids, now=now)
    if not every:
        return None
    errand = next((item for item in every if item.is_open), every[0])
    is_patients_own = bool(patients.at_address(tx, address))
    if is_patients_own and not (errand.is_open and pick_ups.last_asked(tx, ids) is QuestionKind.PICK_UP):
        return None
    withdrawals.lock_patients(tx, [errand.patient_id])
    appointments.lock_of_patients(tx, [errand.patient_id])
    found = appointments.get_many(tx, {key for key, _ in errand.about})
    clinic = clinics.get(tx, errand.clinic_id)
    sessions = [
        item
        for item in sorted(found.values(), key=lambda item: (item.starts_at, item.id))
        if item.patient_id == errand.patient_id and now < end_of(clinic, item.booking) + STILL_HEARD
    ]
    if not sessions:
        return None
    doubt = is_between_several(every)
    return _Said(deps, address, errand, sessions, is_in_doubt=doubt, inbound_id=inbound_id, now=now)


def _act(tx: Transaction, said: _Said, word: PickUpWord) -> list[str]:
    match word:
        case PickUpWord.YES:
            return [_agree(tx, said)]
        case PickUpWord.NO | PickUpWord.STOP:
            return [_decline(tx, said, is_stop=word is PickUpWord.STOP)]
        case PickUpWord.DECEASED:
            _decline(tx, said, is_stop=False)
            return [_open_for_reader(tx, said, TaskKind.DECEASED)]
        case PickUpWord.READ | PickUpWord.NOTHING | PickUpWord.ANYBODYS:
            return []


def _agree(tx: Transaction, said: _Said) -> str:
    """Record their consent, and the ride where the session is still as it was when we asked."""
    _record_consent(tx, said, is_granted=True)
    is_arranged = record_rides(
        tx, said.deps, said.current, RideState.ARRANGED, inbound_id=said.inbound_id, now=said.now
    )
    pick_ups.close(tx, [key for key, _ in said.errand.about], now=said.now)
    _plan(tx, said)
    return "escort agreed: ride arranged" if is_arranged else "escort agreed to texts; the session has changed since"


def _decline(tx: Transaction, said: _Said, *, is_stop: bool) -> str:
    """Write to them no more, and let a person find another ride; what was arranged with them is so no longer."""
    if not is_stop or not _has_agreed(tx, said):
        # After a STOP a consent given before rests: START brings it back, as everywhere.
        _record_consent(tx, said, is_granted=False)
    about = [key for key, _ in said.errand.about]
    pick_ups.close(tx, about, now=said.now)
    withdrawals.withdraw(
        tx, [item.id for item in _theirs(tx, said)], reason=Reason.REPLANNED, now=said.now, recipient=Recipient.ESCORT
    )
    for item in said.to_come:
        if item.ride in {None, RideState.ARRANGED}:
            appointments.record_ride(tx, item.id, item.version, RideState.NEEDED)
    if said.to_come:
        kind = TaskKind.ESCORT_DECLINED
        open_ride_task(tx, said.deps, said.to_come[0], kind, inbound_id=said.inbound_id, now=said.now)
    _plan(tx, said)
    return "escort declined: task opened" if said.to_come else "escort declined"


def _has_agreed(tx: Transaction, said: _Said) -> bool:
    mine = (item for item in escorts.of_patient(tx, said.errand.patient_id) if item.phone == said.phone)
    newest = next(mine, None)
    return newest is not None and newest.is_granted


def _record_consent(tx: Transaction, said: _Said, *, is_granted: bool) -> None:
    escorts.record(
        tx,
        EscortConsent(
            id=said.deps.identity.new_id(),
            clinic_id=said.errand.clinic_id,
            patient_id=said.errand.patient_id,
            phone=said.phone,
            is_granted=is_granted,
            note=NOTES[is_granted],
            recorded_by=BY_TEXT,
            recorded_at=said.now,
        ),
    )


def _theirs(tx: Transaction, said: _Said) -> list[Appointment]:
    """Return the patient's sessions for which this phone is named."""
    every = appointments.of_patients(tx, [said.errand.patient_id])[said.errand.patient_id]
    return [item for item in every if item.booking.escort_phone == said.phone]


def _plan(tx: Transaction, said: _Said) -> None:
    clinic = clinics.get(tx, said.errand.clinic_id)
    plan_patients(tx, clinic, [said.errand.patient_id], identity=said.deps.identity, now=said.now)


def _open_for_reader(tx: Transaction, said: _Said, kind: TaskKind) -> str:
    """Open a task with the patient's session, as far as that is sure."""
    first = said.sessions[0]
    is_urgent = kind is TaskKind.DECEASED or said.now >= first.starts_at - LAST_DAY
    task = tasks.Task(
        kind=kind,
        urgency=Urgency.HIGH if is_urgent else Urgency.NORMAL,
        key=f"{kind}:{said.inbound_id or said.deps.identity.new_id()}",
        clinic_id=said.errand.clinic_id,
        patient_id=said.patient_id,
        appointment_id=said.appointment_id,
        inbound_id=said.inbound_id,
        doubt=Doubt.FROM_ESCORT if kind is TaskKind.REPLY_UNCLEAR else None,
    )
    tasks.open_once(tx, said.deps.identity.new_id(), task, now=said.now)
    return f"task opened: {kind}"
