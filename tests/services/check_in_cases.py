"""A session that took place and its check-in, for the tests of what is answered and what is not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from reminders.core.appointments import AppointmentStatus, ScheduleEntry
from reminders.core.check_ins import Concern
from reminders.core.ids import AppointmentId, ClinicId, InboundId, PatientId
from reminders.core.patients import Channel, PatientRecord
from reminders.services.record_check_in import Answer, record_check_in
from reminders.services.sync_schedule import SyncOptions
from reminders.store import conversation_rows
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry, local
from tests.world import World, only

SESSION = local("2027-03-08 09:00")
"""A Monday; it ends at 10:40."""
ASKED = local("2027-03-09 10:40")
EXPIRES = local("2027-03-09 22:40")
NUDGED = ASKED + timedelta(hours=6)
BY_TEXT = a_record(email=None)
BY_MAIL = a_record(phone=None)


def a_world(store: Store, *steps: str, **parts: Any) -> World:  # noqa: ANN401 - any part of a clinic's document
    """Return a clinic that asks how patients are, on the evening of the session."""
    return World(store, only(*(steps or ("checkin_24h",)), **parts), now=local("2027-03-08 18:00"))


def ask(
    world: World, patient: PatientRecord = BY_TEXT, *, start: datetime = SESSION, series_id: str | None = "S1"
) -> None:
    """Let the session have taken place and its check-in leave."""
    world.sync(fulfilled("A1", patient, start=start, series_id=series_id), options=SyncOptions(is_approved=True))
    world.at(start + timedelta(hours=25, minutes=40))
    world.pump(Channel.SMS)
    world.pump(Channel.EMAIL)


def fulfilled(
    name: str,
    patient: PatientRecord,
    *,
    start: datetime = SESSION,
    series_id: str | None = "S1",
    number: int = 1,
    line: int = 2,
) -> ScheduleEntry:
    """Return the row of a session that took place."""
    booking = a_booking(
        start, status=AppointmentStatus.FULFILLED, series_id=series_id, series_number=number if series_id else None
    )
    return an_entry(name, patient=patient, booking=booking, line=line)


def questions(world: World) -> list[Any]:
    """Return what was asked, in order."""
    asked = conversation_rows.question
    return world.all(select(asked).order_by(asked.c.asked_at, asked.c.id))


def answers(world: World) -> list[tuple[int | None, bytes]]:
    """Return score and sealed words of what was answered, in order."""
    given = conversation_rows.check_in
    found = world.all(select(given).order_by(given.c.answered_at, given.c.id))
    return [(row.score, row.words) for row in found]


def answer(
    world: World, score: int | None, words: str = "", *, place: int = -1, inbound_id: InboundId | None = None
) -> Concern | None:
    """Let the patient answer what they were asked: last, unless `place` says otherwise."""
    asked = questions(world)[place]
    given = Answer(
        clinic_id=ClinicId(asked.clinic_id),
        patient_id=PatientId(asked.patient_id),
        appointment_id=AppointmentId(asked.appointment_id),
        score=score,
        words=words or str(score),
        question_id=asked.id,
        inbound_id=inbound_id,
    )
    with world.store.transaction() as tx:
        return record_check_in(tx, world.deps, given, now=world.clock.now())


def together(*acts: Callable[[], object]) -> None:
    """Do things at the same time, each in a thread of its own."""
    gate = threading.Barrier(len(acts))
    errors: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        gate.wait()
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - the test itself must hear of it
            errors.append(error)

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
