"""What is kept no longer goes: texts first, then how they left, then the log; nothing that is still needed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update

from reminders.core.delivery import ReceiptStatus, Refusal
from reminders.core.ids import PatientId
from reminders.core.retention import ERASED, Retention, Subject
from reminders.ports import Job
from reminders.services.apply_clinics import known_clinics
from reminders.services.number_events import number_events
from reminders.services.purge import AT_ONCE, purge, read_retention
from reminders.services.read_patient import read_patient
from reminders.services.read_session import operator
from reminders.services.send_ad_hoc import send_batch
from reminders.store import ledger, mailings
from reminders.store.bulk import insert_rows
from reminders.store.console_rows import event
from reminders.store.conversation_rows import inbound
from reminders.store.rows import attempt, message, patient, task
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, an_entry
from tests.services.conversation_cases import START, asked_whether_they_come
from tests.services.test_batches import desk, request, visitors
from tests.services.test_statements import counting
from tests.world import World, only

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


def later(world: World, days: int) -> None:
    """Let days pass, each with a look, as they do where workers run."""
    for _ in range(days):
        world.later(DAY)
        purge(world.deps)


def test_texts_go_after_a_month_and_the_fact_that_they_left_stays(world: World) -> None:
    world.text("C")
    world.pump()
    world.receipt(world.attempts()[0].tag, ReceiptStatus.DELIVERED)
    resolve_all(world)
    world.later(29 * DAY)
    assert purge(world.deps) == 0
    until_all_expired = START - world.clock.now() + timedelta(days=31)
    later(world, until_all_expired.days)
    assert set(texts(world)) == {ERASED} == set(replies(world))
    assert [row.understood for row in world.all(select(inbound))] == [None]
    assert [row.intent for row in world.all(select(inbound))] == ["confirm"]
    assert gone(world) == {Subject.TEXTS: len(texts(world)), Subject.REPLIES: 1}
    assert world.attempts()
    assert purge(world.deps) == 0
    world.check()


def test_a_text_that_a_report_may_still_bring_back_stays(world: World) -> None:
    with world.store.transaction() as tx:
        tx.connection.execute(update(message).values(expires_at=world.clock.now() + 40 * DAY))
    world.later(39 * DAY)
    purge(world.deps)
    assert ERASED not in texts(world)
    world.receipt(world.attempts()[0].tag, ReceiptStatus.UNDELIVERED, code="30003", refusal=Refusal.TRANSIENT)
    world.pump()
    assert ERASED not in world.bodies


def test_what_a_task_is_about_waits_until_it_ended_and_for_as_long_again(world: World) -> None:
    world.text("my cat says maybe who knows")
    later(world, 40)
    assert replies(world) == ["my cat says maybe who knows"]
    [line] = [line for line in read_retention(world.deps) if line.subject is Subject.REPLIES]
    assert (line.gone, line.waiting) == (0, 1)
    resolve_all(world)
    later(world, 29)
    assert replies(world) == ["my cat says maybe who knows"]
    later(world, 2)
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


def test_what_staff_wrote_to_many_goes_with_its_messages(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    visitors(world, 3)
    send_batch(world.deps, request(), who=desk(world))
    world.pump()
    world.later(60 * DAY)
    purge(world.deps)
    with world.store.reading() as tx:
        [mailing] = mailings.newest(tx, [one.id for one in known_clinics(world.deps)], limit=5)
    assert set(mailing.texts.values()) == {ERASED}
    assert gone(world)[Subject.MAILINGS] == 1


def test_how_each_message_left_goes_after_thirteen_months_and_the_ledger_stays_balanced(world: World) -> None:
    world.receipt(world.attempts()[0].tag, ReceiptStatus.DELIVERED)
    world.later(396 * DAY)
    purge(world.deps)
    assert world.attempts()
    before = world.count("message")
    world.later(DAY)
    world.sync(an_entry("A2", booking=a_booking(world.clock.now() + 3 * DAY)))
    later(world, 16)
    assert not world.attempts()
    assert world.count("receipt") == 0
    assert world.count("message") >= before
    world.check()


def test_the_last_event_stays_since_numbers_count_on_from_it(world: World) -> None:
    world.text("C")
    number_events(world.deps)
    last = max(row.number for row in world.all(select(event)))
    world.later(400 * DAY)
    purge(world.deps)
    assert [row.number for row in world.all(select(event))] == [last]


def test_a_call_that_proved_a_double_stays_as_its_count(world: World) -> None:
    with world.store.transaction() as tx:
        tx.connection.execute(update(attempt).values(is_late_accept=True))
    world.later(420 * DAY)
    purge(world.deps)
    assert [row.is_late_accept for row in world.attempts()] == [True]


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
    later(world, 1)
    assert world.count("audit_event") == 0
    assert gone(world)[Subject.AUDIT] == 1


def test_what_is_kept_for_ever_stays(world: World) -> None:
    world.change(retention=Retention(None, None, None))
    world.later(4000 * DAY)
    assert purge(world.deps) == 0
    assert [line.kept_for for line in read_retention(world.deps)] == [None] * len(Subject)


def test_a_clock_that_leaps_ahead_takes_a_day_at_a_look_and_not_everything(world: World) -> None:
    purge(world.deps)
    world.later(4000 * DAY)
    purge(world.deps)
    assert ERASED not in texts(world)
    assert world.attempts()


def test_nothing_goes_while_the_clocks_contradict_each_other(world: World) -> None:
    world.later(100 * DAY)
    world.clock.skew = timedelta(hours=1)
    assert purge(world.deps) == 0
    assert ERASED not in texts(world)


def test_more_than_one_group_goes_in_one_run_and_nothing_is_counted_twice(world: World) -> None:
    with world.store.transaction() as tx:
        [one] = tx.connection.execute(select(message)).mappings()
        rows = [{**one, "id": UUID(int=one["id"].int + 1 + n), "request_key": f"k{n}"} for n in range(AT_ONCE + 7)]
        insert_rows(tx, message, rows)
    world.later(60 * DAY)
    with ThreadPoolExecutor(2) as both:
        counted = list(both.map(lambda _: purge(world.deps), range(2)))
    assert sum(counted) == AT_ONCE + 8 == gone(world)[Subject.TEXTS]


def test_what_takes_too_long_is_left_for_the_next_time_and_hinted_at(world: World) -> None:
    world.later(60 * DAY)
    world.queue.take()
    assert purge(world.deps, within=0.0) == 0
    assert Job.PURGE in world.queue.take()


def test_it_looks_at_nothing_twice_but_at_what_waits(world: World) -> None:
    world.text("C")
    world.later(60 * DAY)
    purge(world.deps)
    with counting(world.store) as seen:
        purge(world.deps)
    assert not [said for said in seen if said.startswith(("UPDATE message", "UPDATE inbound", "DELETE"))]
