"""Newcomers are planned before they are stored: what is written is what they would have got the longer way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from reminders.adapters.random_ids import RandomIdentity
from reminders.core.appointments import AppointmentStatus, Booking, ChangeKind, ScheduleEntry
from reminders.core.consent import Source
from reminders.core.ids import ClinicId
from reminders.core.patients import Channel
from reminders.services.sync_entries import sync_record
from reminders.store import contacts, patients, rows
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry
from tests.world import CLINIC, World

CLOSED = NOON + timedelta(days=9)
STOPPED, ESCORT_STOPPED = "+12025550003", "+12025550133"
DOCUMENT = {**CLINIC, "closures": [f"{CLOSED:%Y-%m-%d}"]}


def some_rows() -> list[ScheduleEntry]:
    """Return a series in no order, and one session each of people to whom something is the matter."""
    series = [
        an_entry(f"S{n}", patient=a_record("P1"), booking=a_booking(NOON + timedelta(days=20 - 3 * n), series_id="S"))
        for n in range(4)
    ]
    matters = [
        an_entry("refused", patient=a_record("P2", has_sms_consent=False, has_email_consent=False)),
        an_entry("stopped", patient=a_record("P3", phone=STOPPED, email=None, has_email_consent=False)),
        an_entry("fetched", patient=a_record("P4"), booking=escorted("+12025550134")),
        an_entry("not fetched", patient=a_record("P5"), booking=escorted(ESCORT_STOPPED)),
        an_entry("closed", patient=a_record("P6"), booking=a_booking(CLOSED)),
        an_entry("soon", patient=a_record("P7"), booking=a_booking(NOON + timedelta(hours=6))),
        an_entry("over", patient=a_record("P8"), booking=a_booking(NOON - timedelta(hours=9))),
        an_entry("off", patient=a_record("P9"), booking=a_booking(status=AppointmentStatus.CANCELLED)),
    ]
    return [*series, *matters]


def escorted(phone: str) -> Booking:
    return replace(a_booking(), escort_name="Sam Rivers", escort_phone=phone)


def a_world(store: Store) -> World:
    world = World(store, DOCUMENT)
    with store.transaction() as tx:
        clinic_id = ClinicId(tx.connection.scalars(select(rows.clinic.c.id)).one())
        phones = [(Channel.SMS, STOPPED), (Channel.SMS, ESCORT_STOPPED)]
        ids = contacts.ensure_many(tx, clinic_id, phones, new_id=world.identity.new_id)
        contacts.opt_out(tx, list(ids.values()), Source.IN_PERSON, now=NOON)
    return world


SEALED = {"escort_name", "escort_phone"}


def picture(world: World) -> dict[str, list[Any]]:
    """Return what is stored of sessions, their reminders and tasks, and of patients, apart from ids."""
    booked, planned, task, person = rows.appointment, rows.reminder, rows.task, rows.patient
    reminders = select(
        booked.c.external_id, *(column for column in planned.c if not column.name.endswith("id"))
    ).join_from(planned, booked, planned.c.appointment_id == booked.c.id)
    tasks = select(booked.c.external_id, task.c.kind, task.c.urgency, task.c.reason, task.c.opened_at)
    consents = select(person.c.external_id, rows.consent_event.c.channel, rows.consent_event.c.is_granted)
    words = select(person.c.external_id, rows.patient_search_token.c.token)
    return {
        "sessions": sessions(world),
        "reminders": sorted(map(str, world.all(reminders))),
        "tasks": sorted(map(str, world.all(tasks.join_from(task, booked, task.c.appointment_id == booked.c.id)))),
        "events": [world.count("event")],
        "consents": sorted(map(str, world.all(consents.join_from(rows.consent_event, person)))),
        "words": sorted(map(str, world.all(words.join_from(rows.patient_search_token, person)))),
    }


def sessions(world: World) -> list[Any]:
    booked = rows.appointment
    columns = [column for column in booked.c if not column.name.endswith("_id") and column.name not in SEALED]
    found = world.all(select(booked.c.external_id, *columns).order_by(booked.c.external_id))
    return [row[:1] + row[2:] for row in found]  # all but the id


@pytest.mark.both_databases
def test_newcomers_get_what_patients_get_who_were_known_before(store: Store, sqlite_url: str) -> None:
    at_once = a_world(store)
    assert at_once.sync(*some_rows()).count(ChangeKind.ADDED) == len(some_rows())
    known = a_world(Store(sqlite_url, store.vault))
    clinic_id = ClinicId(known.all(select(rows.clinic.c.id))[0][0])
    for record in {entry.patient.external_id: entry.patient for entry in some_rows()}.values():
        sync_record(known.deps, clinic_id, record)
    known.sync(*some_rows())
    assert picture(known) == picture(at_once)
    known.store.close()
    assert {"no_consent", "session_on_closed_day", "mark_outcome", "ride_wanted"} <= {*map(str, at_once.tasks())}
    at_once.check()


@pytest.mark.both_databases
def test_a_newcomer_is_stored_as_the_schedule_names_them(world: World) -> None:
    world.sync(*some_rows())
    with world.store.reading() as tx:
        clinic_id = ClinicId(tx.connection.scalars(select(rows.clinic.c.id)).one())
        held = patients.by_external_id(tx, clinic_id)
        seen = patients.first_seen(tx, clinic_id, dict(held.values()))
        stored = patients.get_many(tx, clinic_id, [key for key, _ in held.values()])
    assert {name: record for name, (_, record) in held.items()} == {
        entry.patient.external_id: entry.patient for entry in some_rows()
    }
    assert seen == stored


@pytest.mark.both_databases
def test_newcomers_beside_known_patients_and_one_who_takes_over_a_session(world: World) -> None:
    world.change(identity=RandomIdentity())
    first = an_entry("A1", patient=a_record("P1"))
    world.sync(first)
    entries: Sequence[ScheduleEntry] = [
        an_entry("A1", patient=a_record("P2")),
        an_entry("A2", patient=a_record("P2")),
        an_entry("A3", patient=a_record("P1")),
        an_entry("A4", patient=a_record("P3")),
    ]
    world.sync(*entries)
    booked, person = rows.appointment, rows.patient
    whose = select(booked.c.external_id, person.c.external_id.label("whose")).join_from(booked, person)
    assert {tuple(row) for row in world.all(whose)} == {("A1", "P2"), ("A2", "P2"), ("A3", "P1"), ("A4", "P3")}
    assert {name for name, _, step in world.reminders() if step == "remind_confirm"} == {"A1", "A2", "A3", "A4"}
    assert world.sync(*entries).count(ChangeKind.UNCHANGED) == len(entries)
    world.check()
