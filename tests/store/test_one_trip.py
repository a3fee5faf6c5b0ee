"""Several questions in one statement: each gets its own rows, as if it had been asked alone."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from reminders.store import rows
from reminders.store.one_trip import OneTrip
from reminders.store.sets import listed
from reminders.store.unit_of_work import Store
from tests.services.test_statements import counting
from tests.world import World, only, some_entries

pytestmark = pytest.mark.both_databases

PATIENTS = select(rows.patient.c.id, rows.patient.c.clinic_id, rows.patient.c.phone_index)
REMINDERS = select(rows.reminder.c.due_at, rows.reminder.c.id, rows.reminder.c.channel, rows.reminder.c.reason)
NOBODY = select(rows.pause.c.id, rows.pause.c.kind)


@pytest.fixture
def world(store: Store) -> World:
    world = World(store, only("remind_confirm"))
    world.sync(*some_entries(3))
    return world


def test_each_question_gets_what_it_gets_alone(world: World) -> None:
    questions = {"patients": PATIENTS, "reminders": REMINDERS, "nobody": NOBODY}
    trip = OneTrip(questions)
    with world.store.reading() as tx:
        alone = {name: sorted(map(tuple, tx.connection.execute(each).all())) for name, each in questions.items()}
        with counting(world.store) as statements:
            together = trip.ask(tx, {})
    assert {name: sorted(map(tuple, found)) for name, found in together.items()} == alone
    assert (len(alone["patients"]), len(alone["nobody"]), len(statements)) == (3, 0, 1)
    assert all(row.due_at.tzinfo is not None and row.channel.value == "sms" for row in together["reminders"])


def test_all_are_given_the_same_parameters(world: World) -> None:
    def of_patients() -> OneTrip:
        column = rows.appointment.c
        theirs = listed(column.patient_id, "ids", is_postgres=is_postgres)
        first = listed(rows.patient.c.id, "ids", is_postgres=is_postgres)
        return OneTrip(
            {"people": PATIENTS.where(first), "sessions": select(column.id, column.patient_id).where(theirs)}
        )

    with world.store.reading() as tx:
        is_postgres = tx.is_postgres
        one = tx.connection.scalars(select(rows.patient.c.id)).first()
        found = of_patients().ask(tx, {"ids": [one]})
    assert [row.id for row in found["people"]] == [row.patient_id for row in found["sessions"]] == [one]
