"""A text that cannot be read: staff see it, a bare opt-out in it holds, nothing behind it waits (requirement 31)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from typing_extensions import override

from reminders.core.ids import InboundId
from reminders.core.patients import Channel
from reminders.ports import InboundText
from reminders.services.opt_out import make_rows
from reminders.services.read_worklist import read_worklist
from reminders.services.receive_replies import receive_replies, store_text
from reminders.store import conversation_rows, inbound, rows
from reminders.store.conversation_rows import permission_event
from reminders.store.unit_of_work import Store, Transaction
from reminders.store.vault import Vault
from tests.builders import a_booking, an_entry
from tests.services.conversation_cases import ON_CALL, START, asked_whether_they_come, is_opted_out, last, new_texts
from tests.world import CONFIRM_AT, PHONE, World, only

OUR_NUMBER = "+12025550100"
OTHER_SECRET = Vault(["a secret that this installation was not given"])


class FaultyStore(Store):
    """A database under which the first writing transactions fail in ways that nobody foresaw."""

    def __init__(self, store: Store, *, faults: int) -> None:
        super().__init__(store.url, store.vault)
        self._engine = store.engine
        self._left = faults

    @override
    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with super().transaction() as tx:
            yield tx
            if self._left:
                self._left -= 1
                message = "a fault that nobody foresaw"
                raise RuntimeError(message)


@pytest.fixture
def world(store: Store) -> World:
    """Return a clinic whose patient has been asked whether they come."""
    return asked_whether_they_come(store)


def arrives(world: World, body: str, *, opt_out_type: str | None = None, name: str = "SM1") -> None:
    store_text(world.deps, InboundText(name, PHONE, OUR_NUMBER, body, 0, opt_out_type))


def read_with_faults(world: World, faults: int) -> None:
    world.change(store=FaultyStore(world.store, faults=faults))
    receive_replies(world.deps)
    world.change(store=world.store)


def spoiled(sealed: bytes) -> bytes:
    return sealed[:-1] + bytes([sealed[-1] ^ 1])


@pytest.mark.parametrize(
    ("body", "opt_out_type", "source"),
    [("STOP", None, "keyword"), (" stop! ", None, "keyword"), ("Alto.", None, "keyword"), ("zzz", "STOP", "provider")],
)
@pytest.mark.parametrize("faults", [1, 2])
def test_a_bare_opt_out_holds_though_nothing_else_of_it_can_be_read(
    world: World, body: str, opt_out_type: str | None, source: str, faults: int
) -> None:
    arrives(world, body, opt_out_type=opt_out_type)
    read_with_faults(world, faults)
    assert is_opted_out(world)
    assert [row.source for row in world.all(select(permission_event))] == [source]
    assert world.tasks() == ["reply_unclear"]
    assert last(world).handled_at is not None
    world.at(START)
    assert world.pump() == 0
    world.check()


def test_a_bare_opt_out_closes_the_mailbox_too_where_that_is_possible(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(an_entry(booking=a_booking(START)))
    make_rows(world.deps, Channel.SMS, [PHONE])  # so that the first writing transaction is the reader's
    arrives(world, "STOP")
    read_with_faults(world, 1)
    assert {row.opted_out_at is None for row in world.all(select(rows.contact))} == {False}
    world.at(CONFIRM_AT)
    assert world.pump() == world.pump(Channel.EMAIL) == 0


def test_what_is_no_bare_opt_out_waits_to_be_read_the_next_time(world: World) -> None:
    arrives(world, "please stop bothering my dog")
    read_with_faults(world, 1)
    assert not is_opted_out(world)
    assert world.tasks() == ["reply_unclear"]
    assert last(world).handled_at is None
    receive_replies(world.deps)
    assert last(world).handled_at is not None


@pytest.mark.parametrize("faults", [1, 2, 3])
def test_danger_in_a_text_that_cannot_be_read_calls_who_is_on_call(world: World, faults: int) -> None:
    arrives(world, "i cant breathe")
    read_with_faults(world, faults)
    assert world.tasks() == ["escalation"]
    assert [body for body in new_texts(world, ON_CALL) if "no text can go to them" in body]
    assert last(world).handled_at is None
    receive_replies(world.deps)
    assert last(world).handled_at is not None
    assert world.count("escalation") == 1, "its reader raises no second one"
    assert any("911" in body for body in new_texts(world, PHONE))
    world.check()


@pytest.mark.both_databases
def test_danger_calls_though_nothing_that_is_known_of_its_writer_can_be_read(world: World) -> None:
    (known,) = world.all(select(rows.patient.c.name))
    with world.store.transaction() as tx:
        tx.connection.execute(update(rows.patient).values(name=spoiled(known.name)))
    arrives(world, "i cant breathe")
    receive_replies(world.deps)
    assert world.tasks() == ["escalation"]
    assert len(new_texts(world, ON_CALL)) == 1


@pytest.mark.both_databases
@pytest.mark.parametrize("column", ["sender", "body"])
@pytest.mark.parametrize("is_spoiled", [True, False], ids=["spoiled", "under another secret"])
def test_a_text_that_does_not_open_becomes_a_task_and_those_behind_it_are_read(
    world: World, column: str, *, is_spoiled: bool
) -> None:
    arrives(world, "yes", name="SM1")
    found = last(world)
    sealed = getattr(found, column)
    other = spoiled(sealed) if is_spoiled else OTHER_SECRET.seal(f"inbound.{column}", found.id, "yes")
    with world.store.transaction() as tx:
        tx.connection.execute(update(conversation_rows.inbound).values({column: other}))
    world.later(timedelta(seconds=1))
    arrives(world, "STOP", name="SM2")
    receive_replies(world.deps)
    assert is_opted_out(world)
    assert world.tasks() == ["reply_unclear"]
    assert [line.task.inbound_id for line in read_worklist(world.deps).lines] == [found.id]
    receive_replies(world.deps)
    assert world.tasks() == ["reply_unclear"]
    is_first = conversation_rows.inbound.c.id == found.id
    (first,) = world.all(select(conversation_rows.inbound).where(is_first))
    assert (first.handled_at is not None) is is_spoiled, "another secret may be given again, and then it is read"
    if not is_spoiled:
        with world.store.transaction() as tx:
            tx.connection.execute(update(conversation_rows.inbound).where(is_first).values({column: sealed}))
        assert receive_replies(world.deps) == 1


def test_texts_that_stay_unread_do_not_keep_the_next_from_their_turn(world: World) -> None:
    for number in range(5):
        arrives(world, f"text {number}", name=f"SM{number}")
    found: list[InboundId] = []
    with world.store.reading() as tx:
        while some := inbound.waiting(tx, limit=2, after=found[-1] if found else None):
            found += [item.id for item in some]
        assert found == [item.id for item in inbound.waiting(tx, limit=9)]
    assert len(set(found)) == 5
