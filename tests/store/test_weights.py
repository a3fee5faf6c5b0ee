"""What a task weighs, on both databases: of those that are open, and of one that may have ended."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from reminders.core.ids import ClinicId, TaskId
from reminders.core.tasks import TaskKind, Urgency
from reminders.store import rows, weights
from reminders.store.tasks import Task, Wanted, open_many, resolve
from reminders.store.unit_of_work import Store
from tests.builders import NOON
from tests.world import World, only, some_entries

pytestmark = pytest.mark.both_databases


def test_a_task_weighs_the_same_once_it_has_ended_and_nothing_to_other_clinics(store: Store) -> None:
    world = World(store, only())
    world.sync(*some_entries(1))
    (visit,) = world.all(select(rows.appointment))
    key = TaskId(uuid4())
    item = Task(TaskKind.QUESTION, Urgency.HIGH, "one", visit.clinic_id, visit.patient_id, visit.id)
    with store.transaction() as tx:
        open_many(tx, [(key, item)], now=NOON)
        (weight,) = [one for one in weights.every(tx, Wanted()) if one.id == key]
        resolve(tx, ["one"], by="Kim", now=NOON + timedelta(hours=1))
        assert key not in {one.id for one in weights.every(tx, Wanted())}
        assert weights.of_id(tx, key, Wanted()) == weight
        assert weights.of_id(tx, key, Wanted(among=[ClinicId(uuid4())])) is None
        assert weights.of_id(tx, TaskId(uuid4()), Wanted()) is None
    assert weight.starts_at == visit.starts_at
