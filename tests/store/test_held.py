"""What a group is judged by is locked table by table, and read as it stands once the lock is had."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import pytest
from sqlalchemy import Table, select, text, update

from reminders.core.appointments import AppointmentStatus
from reminders.core.delivery import MessageState
from reminders.store import held, rows
from reminders.store.held import Held
from reminders.store.unit_of_work import Store
from tests.world import CONFIRM_AT, World, only, some_entries

PATIENTS = 3
PATIENCE = 4.0
IN_ORDER = (rows.contact, rows.patient, rows.appointment, rows.message)
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def changes() -> dict[str, dict[str, object]]:
    return {
        "contact": {"opted_out_at": CONFIRM_AT},
        "patient": {"has_sms_consent": False},
        "appointment": {"status": AppointmentStatus.CANCELLED},
        "message": {"state": MessageState.CANCELLED},
    }


def sees(found: Held) -> dict[str, bool]:
    """Say of each table whether its change was read, of all rows."""
    return {
        "contact": all(item.is_opted_out for item in found.addresses.values()),
        "patient": not any(item.has_sms_consent for item in found.people.values()),
        "appointment": all(item.status.is_off for item in found.booked.values()),
        "message": not found.group,
    }


def is_somebody_waiting(store: Store) -> bool:
    with store.reading() as tx:
        return bool(tx.connection.scalar(WAITING))


def are_free(store: Store, table: Table) -> bool:
    """Say whether nobody holds a row."""
    with store.transaction() as tx:
        mine = select(table.c.id).with_for_update(skip_locked=True)
        return len(tx.connection.execute(mine).all()) == PATIENTS


@pytest.mark.parametrize("place", range(len(IN_ORDER)), ids=[table.name for table in IN_ORDER])
def test_who_waits_for_a_lock_holds_what_comes_before_it_and_reads_what_was_changed(
    postgres_store: Store, place: int
) -> None:
    world = World(postgres_store, only("remind_confirm"))
    world.sync(*some_entries(PATIENTS))
    world.at(CONFIRM_AT)
    token, taken = world.claim()
    table = IN_ORDER[place]

    def lock() -> Held:
        with postgres_store.transaction() as tx:
            return held.lock(tx, taken, token)

    with ThreadPoolExecutor(1) as beside:
        with postgres_store.transaction() as tx:
            tx.connection.execute(update(table).values(changes()[table.name]))
            waiting = beside.submit(lock)
            if table is not rows.message:  # those that somebody else holds are left to them
                until = monotonic() + PATIENCE
                while not is_somebody_waiting(postgres_store):
                    assert monotonic() < until
                    sleep(0.01)
                others = [each for each in IN_ORDER if each is not table]
                free = [each for each in others if are_free(postgres_store, each)]
                assert free == list(IN_ORDER[place + 1 :])
            else:
                waiting.result(PATIENCE)
        found = waiting.result(PATIENCE)
    assert sees(found) == {name: name == table.name for name in changes()}
