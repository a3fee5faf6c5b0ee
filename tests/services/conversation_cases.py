"""Clinics whose patients were just asked something, and what became of their replies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from reminders.core.check_ins import CheckIn
from reminders.core.ids import PatientId
from reminders.store import check_ins, rows
from reminders.store.conversation_rows import inbound
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry, local
from tests.world import CONFIRM_AT, PHONE, World, only

START = NOON + timedelta(days=14)
ALONE = a_record(email=None)
ON_CALL = "+12025550199"
CHAIN = [{"name": "Nurse on call", "phone": ON_CALL}]
RIDE_AT = local("2027-03-14 13:00")
CHECK_AT = START + timedelta(hours=27)


def a_world(store: Store, *steps: str, **parts: Any) -> World:  # noqa: ANN401 - any part of a clinic's document
    """Return a clinic with somebody on call."""
    return World(store, only(*steps, escalation=CHAIN, **parts))


def asked_whether_they_come(store: Store) -> World:
    """Return a clinic whose patient has been asked whether they come."""
    world = a_world(store, "remind_confirm")
    world.sync(an_entry(patient=ALONE, booking=a_booking(START)))
    world.at(CONFIRM_AT)
    assert world.pump() == 1
    return world


def asked_about_ride(store: Store, **parts: Any) -> World:  # noqa: ANN401 - any part of a clinic's document
    """Return a clinic whose patient has been asked who takes them home."""
    world = a_world(store, "ride_check", **parts)
    world.sync(an_entry(patient=ALONE, booking=a_booking(START)))
    world.at(RIDE_AT)
    assert world.pump() == 1
    return world


def asked_how_they_are(store: Store, **parts: Any) -> World:  # noqa: ANN401 - any part of a clinic's document
    """Return a clinic whose patient has been asked for a score, a day after the session."""
    world = a_world(store, "checkin_24h", assume_fulfilled=True, **parts)
    world.sync(an_entry(patient=ALONE, booking=a_booking(START)))
    world.at(CHECK_AT)
    assert world.pump() == 1
    return world


def visit(world: World, name: str = "A1") -> Any:  # noqa: ANN401 - a row
    """Return the row of a session."""
    (row,) = world.all(select(rows.appointment).where(rows.appointment.c.external_id == name))
    return row


def is_confirmed(world: World, name: str = "A1") -> bool:
    """Say whether a session stands confirmed as it is now."""
    row = visit(world, name)
    return bool(row.confirmed_version == row.version)


def is_opted_out(world: World) -> bool:
    """Say whether any address is opted out."""
    return any(row.opted_out_at is not None for row in world.all(select(rows.contact)))


def last(world: World) -> Any:  # noqa: ANN401 - a row
    """Return the row of the newest text."""
    return world.all(select(inbound).order_by(inbound.c.received_at, inbound.c.id))[-1]


def new_texts(world: World, to: str = PHONE) -> list[str]:
    """Send what waits, and return what arrived at a phone by it."""
    before = len(world.sms.sent)
    world.pump()
    return [sent.text.body for sent in world.sms.sent[before:] if sent.text.to == to]


def scores(world: World) -> list[int | None]:
    """Return the scores of check-ins as they hold."""
    return [item.score for item in answers(world)]


def answers(world: World) -> list[CheckIn]:
    """Return everybody's answers to check-ins, in order of time."""
    with world.store.reading() as tx:
        keys = [PatientId(key) for key in tx.connection.scalars(select(rows.patient.c.id))]
        found = [item for key in keys for item in check_ins.of_patient(tx, key)]
    return sorted(found, key=lambda item: item.answered_at)
