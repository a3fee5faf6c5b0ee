"""Dispatch: decide which reminders leave now, merging what belongs on one day. `make_messages` writes them down.

Gather (who has something due), decide (core/merging, core/gate, core/catching_up), apply: one transaction for some
patients at a time. What is due goes first, whatever an outage left behind: that follows at the clinic's pace.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reminders.core.cadences import QuestionKind, Step
from reminders.core.catching_up import is_late, late_line, room
from reminders.core.clinics import quiet_zone
from reminders.core.delivery import CRASH_PAUSE
from reminders.core.gate import unneeded
from reminders.core.ids import AppointmentId, ClinicId, MessageId, PatientId, ReminderId
from reminders.core.merging import Bundle, Candidate, bundles
from reminders.core.patients import Addressee, Channel, Recipient
from reminders.core.pauses import Pauses
from reminders.core.reminders import Reason, Reminder, ending
from reminders.core.windows import local_day
from reminders.services.apart import together_or_apart
from reminders.services.deps import Deps
from reminders.services.make_messages import Leaving, Scene, make_messages
from reminders.store import addressees, appointments, backlog, clinics, holding, questions, reminders
from reminders.store.unit_of_work import Transaction

PATIENTS_AT_ONCE = 100
BEHIND = "clinics that are behind"
AHEAD_FOR_RUNS = timedelta(days=15)
"""How far ahead the rest of a run is looked for, whose question is asked once: three weeks of working days."""


def dispatch_due(deps: Deps) -> int:
    """Make messages of the reminders that are due, or will be within the claim-ahead; return how many messages."""
    now = deps.clock.now()
    soon, line = now + deps.policy.ahead, late_line(now)
    with deps.store.looking() as tx:
        rounds = [reminders.patients_due(tx, now=now, since=line, before=soon, limit=PATIENTS_AT_ONCE)]
        for clinic_id in _behind(tx, deps, now, line):
            most = min(_room(tx, clinic_id, now), PATIENTS_AT_ONCE)
            if most:
                late = reminders.patients_due(tx, now=now, before=line, limit=most, clinic_id=clinic_id)
                rounds.append(late)
    return sum(_dispatch_round(deps, due, now, soon, is_catching_up=place > 0) for place, due in enumerate(rounds))


def _behind(tx: Transaction, deps: Deps, now: datetime, line: datetime) -> Sequence[ClinicId]:
    """Return the clinics where something late waits; where none was a moment ago, none is looked for."""
    at = deps.clock.monotonic()
    if deps.lookout.since(BEHIND, at=at) is not None:
        return ()
    found = backlog.clinics_behind(tx, now=now, before=line)
    if not found:
        deps.lookout.saw_everything(BEHIND, None, at=at, took=deps.clock.monotonic() - at, old_before=line)
    return found


def _room(tx: Transaction, clinic_id: ClinicId, now: datetime) -> int:
    per_minute = clinics.get(tx, clinic_id).catch_up_per_minute
    return room(per_minute, backlog.made_late(tx, clinic_id, now=now), now=now)


def _dispatch_round(
    deps: Deps, due: Mapping[PatientId, ClinicId], now: datetime, soon: datetime, *, is_catching_up: bool
) -> int:
    if not due:
        return 0
    made = together_or_apart(
        list(due),
        lambda some: _dispatch_patients(
            deps, {key: due[key] for key in some}, now, soon, is_catching_up=is_catching_up
        ),
        lambda key: _put_off(deps, key, now, soon),
    )
    if any(made):
        deps.lookout.forget(but=BEHIND)  # what was made may have been due long ago; no reminder is late for it
    return sum(made)


def _put_off(deps: Deps, patient_id: PatientId, now: datetime, soon: datetime) -> None:
    with deps.store.transaction() as tx:
        reminders.put_off(tx, patient_id, before=soon, until=now + CRASH_PAUSE, now=now)


def _dispatch_patients(
    deps: Deps, due: Mapping[PatientId, ClinicId], now: datetime, soon: datetime, *, is_catching_up: bool
) -> int:
    """Make messages for some patients. Unless it is catching up, what is late stays for the rounds that are."""
    made = 0
    with deps.store.transaction() as tx:
        most_late = dict.fromkeys(due.values(), 0)
        if is_catching_up:
            # Who may not make late messages must not lock their patients either: then nobody could.
            free = [key for key in most_late if backlog.take_pace(tx, key)]
            most_late = {key: _room(tx, key, now) for key in free}
        ids = [key for key, clinic_id in due.items() if clinic_id in most_late]
        held = reminders.lock_waiting(tx, ids, before=soon + AHEAD_FOR_RUNS)
        for clinic_id, most in most_late.items():
            mine = {key: items for key, items in held.items() if due[key] == clinic_id}
            made += _dispatch(tx, deps, clinic_id, mine, now=now, until=soon, most_late=most)
    return made


@dataclass(frozen=True, slots=True)
class _Known:
    """What one clinic's patients wait for, what was said and asked, and what staff paused."""

    scene: Scene
    paused: Pauses
    spoken: Mapping[PatientId, Sequence[Reminder]]
    asked: Collection[tuple[AppointmentId, int, QuestionKind]]


def _dispatch(
    tx: Transaction,
    deps: Deps,
    clinic_id: ClinicId,
    held: Mapping[PatientId, Sequence[Reminder]],
    *,
    now: datetime,
    until: datetime,
    most_late: int,
) -> int:
    known = _known(tx, clinic_id, held, now=now, until=until)
    ended: dict[Reason, list[ReminderId]] = {}
    found = [item for key, items in held.items() for item in _leaving(deps, known, key, items, ended)]
    for reason, ids in ended.items():
        reminders.end(tx, ids, ending(reason), reason, now=now)
    reminders.put_off_some(tx, _unread(known.scene, held), until=now + CRASH_PAUSE, now=now)
    late = sorted((item for item in found if is_late(item.due_at, now=now)), key=lambda item: item.due_at, reverse=True)
    leaving = [item for item in found if not is_late(item.due_at, now=now)] + late[:most_late]
    make_messages(tx, deps, known.scene, leaving)
    return len(leaving)


def _known(
    tx: Transaction,
    clinic_id: ClinicId,
    held: Mapping[PatientId, Sequence[Reminder]],
    *,
    now: datetime,
    until: datetime,
) -> _Known:
    spoken = reminders.spoken(tx, held, now=now)
    said = {item.appointment_id for items in spoken.values() for item in items}
    waiting = {item.appointment_id for items in held.values() for item in items}
    clinic, paused = holding.read(tx, clinic_id)
    scene = Scene(
        clinic=clinic,
        people=addressees.get_many(tx, held),
        booked=appointments.get_many(tx, said | waiting),
        now=now,
        until=until,
    )
    return _Known(scene, paused, spoken, questions.asked(tx, said))


def _leaving(
    deps: Deps,
    known: _Known,
    patient_id: PatientId,
    held: Sequence[Reminder],
    ended: dict[Reason, list[ReminderId]],
) -> list[Leaving]:
    """Merge what is due for one patient; what has nothing left to say or nowhere to go ends up in `ended`."""
    scene, patient = known.scene, known.scene.people[patient_id]
    owed = list(_owed(known, patient_id))
    leaving = []
    for place, candidates in _by_reader(scene, patient, _useful(scene, held, ended)).items():
        for bundle in bundles(candidates, tz=place.tz, now=scene.until, owed=owed):
            channel = bundle.leader.reminder.planned.key.channel
            address = place.phone or patient.address(channel)
            if address is None or (place.is_escort and place.phone is None):
                gone = [item.reminder.id for item in (bundle.leader, *bundle.others)]
                ended.setdefault(Reason.NO_ADDRESS, []).extend(gone)
                continue
            new_id = MessageId(deps.identity.new_id())
            token = deps.identity.new_token() if channel is Channel.EMAIL else ""
            leaving.append(Leaving(patient, bundle, address, _newest(bundle, scene.until), new_id, token))
            owed = [item for item in owed if item not in bundle.owed]
    return leaving


def _newest(bundle: Bundle, until: datetime) -> datetime:
    """Return when the newest of its parts that are due fell due: by that a message is on time or late."""
    every = [item.reminder.due_at for item in (bundle.leader, *bundle.others)]
    return max(at for at in every if at <= until)


def _useful(scene: Scene, held: Sequence[Reminder], ended: dict[Reason, list[ReminderId]]) -> Iterator[Candidate]:
    for item in held:
        step, reason = _step(scene, item)
        if step is not None and reason is None:
            yield _candidate(scene, item, step)
        elif reason is not None and item.due_at <= scene.until:
            ended.setdefault(reason, []).append(item.id)


def _candidate(scene: Scene, item: Reminder, step: Step) -> Candidate:
    appointment = scene.booked[item.appointment_id]
    if step.asks is QuestionKind.PICK_UP and appointment.has_ride:
        step = replace(step, asks=None)
    booking = appointment.booking
    return Candidate(item, step, booking.starts_at, local_day(booking.starts_at, booking.tz))


def _step(scene: Scene, item: Reminder) -> tuple[Step | None, Reason | None]:
    """Return the step of a reminder, and why it has nothing left to say, if so; neither where it cannot be read."""
    appointment = scene.booked[item.appointment_id]
    cadence = scene.clinic.cadence(appointment.booking.appointment_type, scene.people[item.patient_id].override)
    step = cadence.step(item.step)
    if step is None:
        return None, None if item.step in cadence.unread else Reason.REPLANNED
    if item.version != appointment.version:
        return step, Reason.SUPERSEDED
    return step, unneeded(item.step, appointment)


def _unread(scene: Scene, held: Mapping[PatientId, Sequence[Reminder]]) -> list[ReminderId]:
    """Return what is due by steps that only a newer release can read: it waits for a worker of that, or expires."""
    if not any(cadence.unread for cadence in scene.clinic.cadences.values()):
        return []
    due = (item for items in held.values() for item in items if item.due_at <= scene.until)
    return [item.id for item in due if _step(scene, item) == (None, None)]


def _owed(known: _Known, patient_id: PatientId) -> Iterator[Candidate]:
    """Yield what became part of a message whose one question was another, and is still to be asked."""
    for item in known.spoken[patient_id]:
        step, reason = _step(known.scene, item)
        if step is None or step.asks is None or reason is not None:
            continue
        appointment = known.scene.booked[item.appointment_id]
        is_silent = appointment.status.is_off or known.paused.refusal(appointment) is not None
        if not is_silent and (item.appointment_id, item.version, step.asks) not in known.asked:
            yield _candidate(known.scene, item, step)


class _Reader(NamedTuple):
    """Who reads a message: the patient, or one of those who fetch them. `tz` is the zone of their days."""

    is_escort: bool
    phone: str | None
    tz: ZoneInfo


def _by_reader(scene: Scene, patient: Addressee, candidates: Iterator[Candidate]) -> dict[_Reader, list[Candidate]]:
    """Sort what is due by who is to read it: two sessions may have two escorts. Where these live we do not know."""
    found: dict[_Reader, list[Candidate]] = {}
    own: _Reader | None = None
    for item in candidates:
        booking = scene.session(item).booking
        if item.reminder.planned.key.recipient is Recipient.ESCORT:
            reader = _Reader(is_escort=True, phone=booking.escort_phone, tz=booking.tz)
        else:
            reader = own = own or _Reader(is_escort=False, phone=None, tz=quiet_zone(patient, booking))
        found.setdefault(reader, []).append(item)
    return found
