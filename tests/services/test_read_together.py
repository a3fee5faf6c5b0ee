"""Replies that are read in one transaction: what comes of each is what came of it alone, and few statements do it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select, update

from reminders.core.conversation import turns
from reminders.core.patients import Channel
from reminders.ports import InboundText, Job
from reminders.services.opt_out import make_rows
from reminders.services.receive_replies import AT_ONCE, receive_replies, store_text
from reminders.store import rows
from reminders.store.conversation_rows import inbound, permission_event, question
from reminders.store.inbound import lock_waiting
from reminders.store.unit_of_work import Store
from tests.builders import a_record, an_entry
from tests.servers.wiping import wipe
from tests.services.conversation_cases import ON_CALL, a_world, is_opted_out, new_texts
from tests.services.test_statements import FEW, MANY, counting
from tests.services.test_unread_texts import FaultyStore
from tests.world import CONFIRM_AT, MINUTE, World, some_entries

pytestmark = pytest.mark.both_databases

WORDS = (
    "C",
    "yes but I have chest pain",
    "can we do Thursday instead?",
    "my sister drives me home",
    "STOP",
    "what time was it again",
    "i cant make it",
    "thank you!",
    "ok see you then, and my arm hurts",
    "wrong number",
    "no",
    "start",
    "8",
    "gracias, ahi estare",
)
LATE = f"SM{'f' * 32}"
ORDINARY = ("C", "yes", "can we do Thursday instead?", "what time was it again", "thank you!")


def asked(store: Store, patients: int) -> World:
    """Return a clinic whose patients have all been asked whether they come."""
    wipe(store)
    world = a_world(store, "remind_confirm")
    world.sync(*some_entries(patients))
    world.at(CONFIRM_AT)
    assert world.pump() == patients
    return world


def arrive(world: World, bodies: Sequence[str], *, phones: Sequence[str] = (), is_read_alone: bool = False) -> None:
    """Let a text of each patient arrive, or of these phones."""
    for number, body in enumerate(bodies, 1):
        sender = phones[number - 1] if phones else f"+1202555{number:04d}"
        store_text(world.deps, InboundText(f"SM{number:032x}", sender, "+12025550100", body, 0))
        if is_read_alone:
            assert receive_replies(world.deps) == 1


def phones_of(patients: int) -> list[str]:
    return [f"+1202555{number:04d}" for number in range(1, patients + 1)]


def what_came_of(world: World) -> dict[str, list[Any]]:
    """Return all that replies change, without what is new in every world."""
    texts = world.all(select(inbound).order_by(inbound.c.provider_id))
    people = {row.id: row.external_id for row in world.all(select(rows.patient))}
    visits = world.all(select(rows.appointment).order_by(rows.appointment.c.external_id))
    questions = world.all(select(question, rows.appointment.c.external_id).join(rows.appointment))
    written = world.all(select(rows.message).order_by(rows.message.c.made_at))
    return {
        "texts": [(row.intents, row.decision, people.get(row.patient_id), bool(row.appointment_id)) for row in texts],
        "visits": [(row.confirmed_version, row.confirmed_at, row.ride_state, row.ride_version) for row in visits],
        "tasks": sorted(
            (row.kind, row.urgency, people.get(row.patient_id, "")) for row in world.all(rows.task.select())
        ),
        "questions": sorted((row.external_id, row.kind, str(row.answered_at)) for row in questions),
        "messages": sorted((row.kind, row.state, str(row.reason), people.get(row.patient_id, "")) for row in written),
        "events": sorted(
            (row.kind, people.get(row.patient_id, "")) for row in world.all(rows.metadata.tables["event"].select())
        ),
    }


def test_what_comes_of_replies_read_together_is_what_came_of_each_alone(store: Store) -> None:
    together = asked(store, len(WORDS))
    arrive(together, WORDS)
    assert receive_replies(together.deps) == len(WORDS)
    found = what_came_of(together)
    alone = asked(store, len(WORDS))
    arrive(alone, WORDS, is_read_alone=True)
    assert what_came_of(alone) == found


def test_reading_many_ordinary_replies_costs_no_more_statements_than_few(store: Store) -> None:
    costs = []
    for patients in (FEW, turns.MOST_TEXTS):
        world = asked(store, patients)
        arrive(world, [ORDINARY[place % len(ORDINARY)] for place in range(patients)])
        receive_replies(world.deps)  # what is made once is made
        wipe(store)
        world = asked(store, patients)
        arrive(world, [ORDINARY[place % len(ORDINARY)] for place in range(patients)])
        with counting(store) as seen:
            assert receive_replies(world.deps) == patients
        costs.append(len(seen))
        world.check()
    assert costs[1] <= costs[0]


def test_reading_many_opt_outs_costs_no_more_statements_than_few(store: Store) -> None:
    costs = []
    for patients in (FEW, FEW, turns.MOST_TEXTS):  # what is made once is made the first time
        world = asked(store, patients)
        arrive(world, [("STOP", "unsubscribe")[place % 2] for place in range(patients)])
        with counting(store) as seen:
            assert receive_replies(world.deps) == patients
        costs.append(len(seen))
        world.check()
        assert all(row.opted_out_at is not None for row in world.all(rows.contact.select()))
    assert costs[2] <= costs[1]


def test_opt_outs_of_one_turn_are_committed_together_before_anything_ordinary(store: Store) -> None:
    world = asked(store, 4)
    arrive(world, ["yes", "STOP", "yes", "STOP"])
    with counting(store) as seen:
        assert receive_replies(world.deps) == 4
    handling = [place for place, statement in enumerate(seen) if statement.startswith("UPDATE inbound")]
    ledger = [place for place, statement in enumerate(seen) if statement.startswith("INSERT INTO permission_event")]
    assert len(ledger) == 1
    assert ledger[0] < handling[0]
    assert [row.intent for row in world.all(inbound.select().order_by(inbound.c.provider_id))] == [
        "confirm",
        "opt_out",
        "confirm",
        "opt_out",
    ]
    said = world.all(select(permission_event))
    assert len({row.patient_id for row in said}) == 2
    assert {row.inbound_id for row in said} == {
        row.id for row in world.all(inbound.select()) if row.intent == "opt_out"
    }


def test_readers_side_by_side_read_each_text_once_and_stand_in_nobodys_way(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    world = asked(store, MANY)
    words = [("STOP", "yes", "can we do Thursday instead?", "unsubscribe")[place % 4] for place in range(MANY)]
    arrive(world, words)
    with ThreadPoolExecutor(3) as readers:
        read = sum(readers.map(lambda _: receive_replies(world.deps), range(3)))
    assert read + receive_replies(world.deps) == MANY
    assert "work.failed" not in "".join(capsys.readouterr())
    assert len({row.contact_id for row in world.all(select(permission_event))}) == MANY
    world.check()


def test_what_a_phone_wrote_later_waits_while_another_worker_reads_what_came_first(postgres_store: Store) -> None:
    world = asked(postgres_store, 2)
    arrive(world, ["STOP", "START", "yes"], phones=[phones_of(2)[0], phones_of(2)[0], phones_of(2)[1]])
    first, later, _ = (row.id for row in world.all(select(inbound).order_by(inbound.c.received_at, inbound.c.id)))
    with postgres_store.transaction() as tx:
        assert lock_waiting(tx, first) is not None
        assert receive_replies(world.deps) == 1, "another phone's text is read meanwhile"
        assert {row.id for row in world.all(select(inbound).where(inbound.c.handled_at.is_(None)))} == {first, later}
    assert receive_replies(world.deps) == 2
    heard = {(row.inbound_id, row.is_granted) for row in world.all(select(permission_event))}
    assert {(first, False), (later, True)} <= heard, "START allows only what STOP forbade before it"


@pytest.mark.parametrize("spelling", ["both@example.org", "Both@Example.org"])
def test_opt_outs_that_share_a_mailbox_close_it_once_and_each_is_kept(store: Store, spelling: str) -> None:
    wipe(store)
    world = a_world(store, "remind_confirm")
    entries = [
        an_entry(f"A{n}", patient=a_record(f"P{n}", phone=f"+1202555000{n}", email=email))
        for n, email in enumerate(("both@example.org", spelling), start=1)
    ]
    world.sync(*entries)
    world.at(CONFIRM_AT)
    world.pump()
    arrive(world, ["STOP", "STOP"])
    assert receive_replies(world.deps) == 2
    contacts = world.all(rows.contact.select())
    assert len(contacts) == 3
    assert all(row.opted_out_at is not None for row in contacts)
    assert len(world.all(select(permission_event))) == 4
    world.check()


def test_where_opting_out_together_fails_each_is_opted_out_alone(store: Store) -> None:
    world = asked(store, 3)
    arrive(world, ["STOP"] * 3)
    make_rows(world.deps, Channel.SMS, phones_of(3))  # so that the first writing transaction is the reader's
    world.change(store=FaultyStore(store, faults=1))
    assert receive_replies(world.deps) == 3
    assert all(row.opted_out_at is not None for row in world.all(rows.contact.select()))
    assert len(world.all(select(permission_event))) == len(world.all(rows.contact.select()))


def test_an_opt_out_of_nobody_we_know_is_heard_beside_those_of_patients(store: Store) -> None:
    world = asked(store, 2)
    nobodys = "+12125559999"
    arrive(world, ["STOP"] * 3, phones=[*phones_of(2), nobodys])
    assert receive_replies(world.deps) == 3
    assert len([row for row in world.all(rows.contact.select()) if row.opted_out_at is not None]) == 5


@dataclass
class LateText:
    """A queue beside which a STOP arrives when the first turn is over; after each turn time goes on."""

    world: World
    phone: str
    has_come: bool = False

    def hint(self, jobs: Iterable[Job]) -> None:
        if Job.SEND_SMS not in jobs:
            return
        self.world.clock.advance(MINUTE)
        if not self.has_come:
            self.has_come = True
            store_text(self.world.deps, InboundText(LATE, self.phone, "+12025550100", "STOP", 0))


def test_an_opt_out_that_comes_while_others_are_read_waits_for_one_turn_only(store: Store) -> None:
    many = 2 * turns.MOST_TEXTS + 3
    world = asked(store, many + 1)
    arrive(world, ["yes"] * many)
    world.change(queue=LateText(world, phones_of(many + 1)[-1]))
    assert receive_replies(world.deps) == many + 1
    handled = {row.provider_id: row.handled_at for row in world.all(inbound.select())}
    late = handled.pop(LATE)
    assert min(handled.values()) < late < max(handled.values())


def test_many_more_than_one_turn_takes_are_all_read(store: Store) -> None:
    world = asked(store, MANY)
    arrive(world, ["yes"] * MANY)
    assert receive_replies(world.deps) == MANY
    visits = world.all(select(rows.appointment.c.confirmed_version, rows.appointment.c.version))
    assert all(row.confirmed_version == row.version for row in visits)
    assert receive_replies(world.deps) == 0


def test_one_phone_is_heard_in_order(store: Store) -> None:
    world = asked(store, 3)
    first, other = "+12025550001", "+12025550002"
    arrive(world, ["STOP", "yes", "START", "STOP"], phones=[first, other, first, first])
    assert receive_replies(world.deps) == 4
    assert is_opted_out(world)
    said = world.all(select(permission_event.c.is_granted).order_by(permission_event.c.id))
    mine = [row.is_granted for row in said]
    assert (mine[0], mine[-1]) == (False, False)
    assert True in mine


def test_danger_that_only_reading_finds_is_read_alone_and_calls_somebody(store: Store) -> None:
    world = asked(store, 4)
    arrive(world, ["yes", "there is something very wrong, everything is going numb on my left side", "yes", "C"])
    assert receive_replies(world.deps) == 4
    assert world.tasks().count("escalation") == 1
    assert len(new_texts(world, ON_CALL)) == 1


def test_danger_behind_more_texts_than_are_looked_at_for_a_turn_is_read_first(sqlite_store: Store) -> None:
    world = asked(sqlite_store, 2)
    first, other = phones_of(2)
    bodies = [*["Liked an image"] * AT_ONCE, "my chest hurts"]
    arrive(world, bodies, phones=[*[first] * AT_ONCE, other])
    with counting(world.store) as seen:
        assert receive_replies(world.deps) == AT_ONCE + 1
    said = [statement for statement in seen if statement.startswith(("INSERT INTO escalation", "UPDATE inbound"))]
    assert said[0].startswith("INSERT INTO escalation")


def test_one_that_does_not_open_keeps_no_other_from_being_read(store: Store) -> None:
    world = asked(store, 4)
    arrive(world, ["yes"] * 4)
    with world.store.transaction() as tx:
        broken = update(inbound).where(inbound.c.provider_id == f"SM{2:032x}")
        tx.connection.execute(broken.values(sender=b"no such thing"))
    assert receive_replies(world.deps) == 3
    assert world.tasks() == ["reply_unclear"]


def test_where_reading_together_fails_each_is_read_alone(store: Store) -> None:
    world = asked(store, 4)
    arrive(world, ["yes", "what time was it again", "C", "no"])
    world.change(store=FaultyStore(store, faults=1))
    assert receive_replies(world.deps) == 4
    assert "confirm" in {row.intent for row in world.all(inbound.select())}


def test_a_phone_of_two_patients_and_one_of_nobody_are_read_too(store: Store) -> None:
    wipe(store)
    world = a_world(store, "remind_confirm")
    shared, nobodys = "+12025550001", "+12125559999"
    entries = [an_entry(f"A{n}", patient=a_record(f"P{n}", phone=shared, email=None)) for n in (1, 2)]
    world.sync(*entries, an_entry("A3", patient=a_record("P3", phone="+12025550003", email=None)))
    world.at(CONFIRM_AT)
    world.pump()
    arrive(world, ["yes", "hello", "yes"], phones=[shared, nobodys, "+12025550003"])
    assert receive_replies(world.deps) == 3
    kinds = world.tasks()
    assert "sender_unknown" in kinds
    confirmed = world.all(select(rows.appointment.c.external_id).where(rows.appointment.c.confirmed_at.is_not(None)))
    assert "A3" in {row.external_id for row in confirmed}
