"""Follow up: a check-in without an answer is asked once more, and is a task once its time is over. Swept, not planned.

Gather (open questions, a clinic at a time), decide (core/check_ins), apply. The mark on the question is what makes a
nudge one: whoever sets it writes the message, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from reminders.core.appointments import Appointment
from reminders.core.cadences import QuestionKind
from reminders.core.check_ins import LEAST_AFTER_NUDGE, NUDGE, may_nudge, nudge_key
from reminders.core.clinics import Clinic, quiet_zone
from reminders.core.content import Question, Words, compose
from reminders.core.gate import Origin
from reminders.core.ids import AppointmentId, MessageId, PatientId
from reminders.core.messages import Draft
from reminders.core.patients import Channel, Patient
from reminders.core.segments import measure
from reminders.core.tasks import USUAL_URGENCY, TaskKind
from reminders.core.windows import local_day, next_opening
from reminders.ports import Job
from reminders.services.apart import together_or_apart
from reminders.services.deps import Deps
from reminders.services.read_time import read_moment
from reminders.store import appointments, clinics, follow_ups, links, messages, patients, tasks
from reminders.store.follow_ups import Silence
from reminders.store.links import Link, Purpose
from reminders.store.unit_of_work import Transaction

AT_ONCE = 200


def follow_up(deps: Deps) -> int:
    """Ask once more, and open tasks about what was not answered in time; return how many questions that concerned."""
    nudged = _nudge_all(deps)
    if nudged:
        deps.queue.hint([Job.SEND_SMS, Job.SEND_EMAIL])
    return nudged + _lapse_all(deps)


def _nudge_all(deps: Deps) -> int:
    with deps.store.reading() as tx:
        every = list(clinics.every(tx).values())
    return sum(_nudge(deps, clinic) for clinic in every)


def _nudge(deps: Deps, clinic: Clinic) -> int:
    now, nudge_after = deps.clock.now(), clinic.check_in.nudge_after
    if nudge_after is None:
        return 0
    before, until = now - nudge_after, now + LEAST_AFTER_NUDGE
    with deps.store.reading() as tx:
        found = follow_ups.to_nudge(tx, clinic.id, left_before=before, expires_after=until)
    if not found:
        return 0
    by_patient = [tuple(items) for _, items in groupby(sorted(found, key=_person), key=_person)]
    return sum(together_or_apart(by_patient, lambda some: _ask_again(deps, clinic, some), lambda _: None))


def _person(item: Silence) -> PatientId:
    return item.patient_id


@dataclass(frozen=True, slots=True)
class _Scene:
    """What one transaction knows of one clinic."""

    clinic: Clinic
    people: Mapping[PatientId, Patient]
    booked: Mapping[AppointmentId, Appointment]
    now: datetime


def _ask_again(deps: Deps, clinic: Clinic, silent: Sequence[Sequence[Silence]]) -> int:
    """Ask patients of a clinic, each given with the questions that wait, the latest first, once more; return how many.

    One that may not be asked now is left as it is: the next sweep, or nobody, will ask.
    """
    with deps.store.transaction() as tx:
        now = read_moment(tx, deps).now
        every = [item for items in silent for item in items]
        people = patients.get_many(tx, clinic.id, {item.patient_id for item in every})
        scene = _Scene(clinic, people, appointments.get_many(tx, {item.appointment_id for item in every}), now)
        wanted = [item for items in silent if _is_useful(scene, items[0]) for item in items]
        taken = follow_ups.mark_nudged(tx, {item.id for item in wanted}, now=now)
        free = [left for items in silent if (left := [item for item in items if item.id in taken])]
        for items in free:
            _write(tx, deps, scene, items)
    return len(free)


def _is_useful(scene: _Scene, item: Silence) -> bool:
    if item.left_at is None:
        return False
    zone = _zone(scene, item)
    opens_at = next_opening(scene.now, zone, scene.clinic.window)
    return may_nudge(item.left_at, item.expires_at, scene.clinic.check_in, opens_at=opens_at)


def _zone(scene: _Scene, item: Silence) -> ZoneInfo:
    return quiet_zone(scene.people[item.patient_id].record, scene.booked[item.appointment_id].booking)


def _write(tx: Transaction, deps: Deps, scene: _Scene, items: Sequence[Silence]) -> None:
    """Write one message that asks again what the latest of a patient's questions asked, to the same address."""
    latest = items[0]
    about = tuple(scene.booked[item.appointment_id] for item in items if item.message_id == latest.message_id)
    token = deps.identity.new_token()
    link = f"{deps.public_url}/r/{token}" if latest.channel is Channel.EMAIL else ""
    words = compose(
        NUDGE,
        about,
        scene.clinic,
        scene.people[latest.patient_id],
        channel=latest.channel,
        now=scene.now,
        question=Question(QuestionKind.CHECK_IN, about, link),
    )
    if words.asks is None:  # a text too short to ask anything would only be noise
        return
    messages.add(tx, [_draft(deps, scene, latest, words)], now=scene.now)
    if link:
        links.add(tx, [(deps.identity.new_id(), token, _page(scene, latest))], now=scene.now)


def _draft(deps: Deps, scene: _Scene, item: Silence, words: Words) -> Draft:
    # Of the version as it is now: marking the outcome made a new one, and the question is about the session still.
    return Draft(
        id=MessageId(deps.identity.new_id()),
        clinic_id=scene.clinic.id,
        contact_id=item.contact_id,
        patient_id=item.patient_id,
        appointment_id=item.appointment_id,
        version=scene.booked[item.appointment_id].version,
        channel=item.channel,
        origin=Origin.REMINDER,
        kind=NUDGE,
        body=words.body,
        subject=words.subject,
        segments=measure(words.body).segments if item.channel is Channel.SMS else 0,
        due_at=scene.now,
        expires_at=item.expires_at - LEAST_AFTER_NUDGE,
        asks=QuestionKind.CHECK_IN,
        request_key=nudge_key(item.id),
    )


def _page(scene: _Scene, item: Silence) -> Link:
    return Link(
        purpose=Purpose.RESPOND,
        clinic_id=scene.clinic.id,
        contact_id=item.contact_id,
        patient_id=item.patient_id,
        appointment_id=item.appointment_id,
        version=scene.booked[item.appointment_id].version,
        expires_at=max(item.expires_at, scene.now + links.SHORTEST_LIFE),
    )


def _lapse_all(deps: Deps) -> int:
    done = 0
    while batch := _lapse(deps):
        done += batch
    return done


def _lapse(deps: Deps) -> int:
    """End questions that nobody answered in time; a check-in among them is a task, once for a patient and day."""
    with deps.store.transaction() as tx:
        now = read_moment(tx, deps).now
        found = follow_ups.over(tx, now=now, limit=AT_ONCE)
        follow_ups.mark_lapsed(tx, [item.id for item in found], now=now)
        missed = [item for item in found if item.kind is QuestionKind.CHECK_IN and item.left_at is not None]
        every = clinics.every(tx) if missed else {}
        wanted = {task.key: task for task in (_task(item, every[item.clinic_id], now) for item in missed)}
        tasks.open_many(tx, [(deps.identity.new_id(), wanted[key]) for key in sorted(wanted)], now=now)
    return len(found)


def _task(item: Silence, clinic: Clinic, now: datetime) -> tasks.Task:
    kind = TaskKind.CHECK_IN_UNANSWERED
    return tasks.Task(
        kind=kind,
        urgency=USUAL_URGENCY[kind],
        key=f"{kind}:{item.patient_id}:{local_day(now, clinic.tz).isoformat()}",
        clinic_id=item.clinic_id,
        patient_id=item.patient_id,
        appointment_id=item.appointment_id,
    )
