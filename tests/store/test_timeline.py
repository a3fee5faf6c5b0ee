"""What was last heard from people, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from reminders.core.ids import PatientId
from reminders.store import rows, timeline
from reminders.store.conversation_rows import inbound
from reminders.store.unit_of_work import Store
from tests.services.test_statements import counting
from tests.world import World, only, some_entries

pytestmark = pytest.mark.both_databases


def test_the_newest_text_of_each_patient_is_told_and_of_two_at_once_the_later_one(store: Store) -> None:
    world = World(store, only())
    world.sync(*some_entries(3))
    people = [PatientId(row.id) for row in world.all(select(rows.patient).order_by(rows.patient.c.external_id))]
    for words, number in (("one", 1), ("two", 1), ("three", 2)):
        world.text(words, sender=f"+1202555000{number}")
    kept = world.all(select(inbound).order_by(inbound.c.id))
    with store.transaction() as tx:
        tx.connection.execute(update(inbound).values(received_at=kept[0].received_at))
    with store.reading() as tx:
        tx.connection.execute(select(1))
        with counting(store) as seen:
            found = timeline.last_replies(tx, people)
    assert {key: line.text for key, line in found.items()} == {people[0]: "two", people[1]: "three"}
    assert len(seen) == 1


def test_the_newest_text_says_which_session_it_was_for_where_that_is_known(store: Store) -> None:
    world = World(store, only())
    world.sync(*some_entries(2))
    visits = world.all(select(rows.appointment).order_by(rows.appointment.c.external_id))
    for number in (1, 2):
        world.text("one", sender=f"+1202555000{number}")
    with store.transaction() as tx:
        for visit, of in zip(visits, (visits[1].id, None), strict=True):
            here = inbound.c.patient_id == visit.patient_id
            tx.connection.execute(update(inbound).where(here).values(appointment_id=of))
        found = timeline.last_replies(tx, [PatientId(visit.patient_id) for visit in visits])
    assert found[visits[0].patient_id].meant == (visits[1].id, visits[1].starts_at, visits[1].timezone)
    assert found[visits[1].patient_id].meant is None
