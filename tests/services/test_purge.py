"""What is kept no longer goes: texts first, then how they left, then the log; nothing that is still needed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update

from reminders.core.delivery import ReceiptStatus
from reminders.core.ids import PatientId
from reminders.core.retention import ERASED, Retention, Subject
from reminders.services.purge import AT_ONCE, purge, read_retention
from reminders.services.read_patient import read_patient
from reminders.services.read_session import operator
from reminders.store import ledger
from reminders.store.bulk import insert_rows
from reminders.store.console_rows import event
from reminders.store.conversation_rows import inbound
from reminders.store.rows import attempt, message, patient, task
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, an_entry
from tests.services.conversation_cases import asked_whether_they_come
from tests.services.test_statements import counting
from tests.world import World

pytestmark = pytest.mark.both_databases

DAY = timedelta(days=1)


@pytest.fixture
def world(store: Store) -> World:
    """Return a clinic whose patient has been asked whether they come."""
    return asked_whether_they_come(store)


def texts(world: World) -> list[str]:
    vault = world.store.vault
    return [vault.open("message.body", row.id, row.body) for row in world.all(select(message).order_by(message.c.id))]


def replies(world: World) -> list[str]:
    vault = world.store.vault
    return [vault.open("inbound.body", row.id, row.body) for row in world.all(select(inbound).order_by(inbound.c.id))]


def gone(world: World) -> dict[Subject, int]:
    return {line.subject: line.gone for line in read_retention(world.deps) if line.gone}


def resolve_all(world: World) -> None:
    with world.store.transaction() as tx:
        tx.connection.execute(update(task).values(resolved_at=world.clock.now(), resolved_by="Kim"))


def test_texts_go_after_a_month_and_the_fact_that_they_left_stays(world: World) -> None:
    world.text("C")
    world.pump()
    world.receipt(world.attempts()[0].tag, ReceiptStatus.DELIVERED)
    resolve_all(world)
    world.later(29 * DAY)
    assert purge(world.deps) == 0
    world.later(2 * DAY)
    purge(world.deps)
    assert set(texts(world)) == {ERASED} == set(replies(world))
    assert [row.understood for row in world.all(select(inbound))] == [None]
    assert [row.intent for row in world.all(select(inbound))] == ["confirm"]
    assert gone(world) == {Subject.TEXTS: len(texts(world)), Subject.REPLIES: 1}
    assert world.attempts()
    assert purge(world.deps) == 0
    world.check()


def test_what_an_open_task_is_about_waits_until_it_ends(world: World) -> None:
    world.text("my cat says maybe who knows")
    world.later(31 * DAY)
    purge(world.deps)
    assert replies(world) == ["my cat says maybe who knows"]
    [line] = [line for line in read_retention(world.deps) if line.subject is Subject.REPLIES]
    assert (line.gone, line.waiting) == (0, 1)
    purge(world.deps)
    resolve_all(world)
    purge(world.deps)
    assert replies(world) == [ERASED]
    [line] = [line for line in read_retention(world.deps) if line.subject is Subject.REPLIES]
    assert (line.gone, line.waiting) == (1, 0)


def test_the_words_of_an_opt_out_stay_as_its_proof(world: World) -> None:
    world.text("STOP")
    resolve_all(world)
    world.later(400 * DAY)
    purge(world.deps)
    assert replies(world) == ["STOP"]
    assert Subject.REPLIES not in gone(world)


def test_how_each_message_left_goes_after_thirteen_months_and_the_ledger_stays_balanced(world: World) -> None:
    world.receipt(world.attempts()[0].tag, ReceiptStatus.DELIVERED)
    world.later(396 * DAY)
    purge(world.deps)
    assert world.attempts()
    before = world.count("message")
    world.later(DAY)
    world.sync(an_entry("A2", booking=a_booking(world.clock.now() + 3 * DAY)))
    purge(world.deps)
    assert not world.attempts()
    assert world.count("receipt") == 0
    assert all(row.happened_at >= world.clock.now() - 396 * DAY for row in world.all(select(event)))
    assert world.count("message") >= before
    world.check()


def test_a_message_that_left_without_a_trace_is_still_a_contradiction_if_it_is_young(world: World) -> None:
    world.later(31 * DAY)
    purge(world.deps)
    with world.store.transaction() as tx:
        tx.connection.execute(delete(attempt))
    with world.store.reading() as tx:
        assert not ledger.read(tx).is_balanced


def test_the_log_of_what_staff_did_goes_after_six_years(world: World) -> None:
    [patient_id] = world.all(select(patient.c.id))
    who = operator(world.deps, "Op")
    read_patient(world.deps, who, PatientId(patient_id.id))
    world.later(2192 * DAY)
    purge(world.deps)
    assert world.count("audit_event") == 1
    world.later(DAY)
    purge(world.deps)
    assert world.count("audit_event") == 0
    assert gone(world)[Subject.AUDIT] == 1


def test_what_is_kept_for_ever_stays(world: World) -> None:
    world.change(retention=Retention(None, None, None))
    world.later(4000 * DAY)
    assert purge(world.deps) == 0
    assert [line.kept_for for line in read_retention(world.deps)] == [None] * len(Subject)


def test_more_than_one_group_goes_in_one_run_and_nothing_is_counted_twice(world: World) -> None:
    with world.store.transaction() as tx:
        [one] = tx.connection.execute(select(message)).mappings()
        rows = [{**one, "id": UUID(int=one["id"].int + 1 + n), "request_key": f"k{n}"} for n in range(AT_ONCE + 7)]
        insert_rows(tx, message, rows)
    world.later(31 * DAY)
    with ThreadPoolExecutor(2) as both:
        counted = list(both.map(lambda _: purge(world.deps, rounds=1), range(2)))
    counted.append(purge(world.deps))
    assert sum(counted) == AT_ONCE + 8 == gone(world)[Subject.TEXTS]


def test_it_looks_at_nothing_twice_but_at_what_waits(world: World) -> None:
    world.text("C")
    world.later(31 * DAY)
    purge(world.deps)
    with counting(world.store) as seen:
        purge(world.deps)
    assert len(seen) <= 9 * 5  # looks, and what each of them asks
    assert not [said for said in seen if said.startswith(("UPDATE message", "UPDATE inbound", "DELETE"))]
