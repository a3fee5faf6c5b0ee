"""A text that cannot be read: staff see it, a bare opt-out in it holds, nothing behind it waits (requirement 31)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select
from typing_extensions import override

from reminders.core.ids import InboundId
from reminders.core.patients import Channel
from reminders.ports import InboundText
from reminders.services.opt_out import make_rows
from reminders.services.receive_replies import receive_replies, store_text
from reminders.store import inbound, rows
from reminders.store.conversation_rows import permission_event
from reminders.store.unit_of_work import Store, Transaction
from tests.builders import a_booking, an_entry
from tests.services.conversation_cases import START, asked_whether_they_come, is_opted_out, last
from tests.world import CONFIRM_AT, PHONE, World, only

OUR_NUMBER = "+12025550100"


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
    make_rows(world.deps, Channel.SMS, PHONE)  # so that the first writing transaction is the reader's
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


def test_texts_that_stay_unread_do_not_keep_the_next_from_their_turn(world: World) -> None:
    for number in range(5):
        arrives(world, f"text {number}", name=f"SM{number}")
    found: list[InboundId] = []
    with world.store.reading() as tx:
        while some := inbound.waiting(tx, limit=2, after=found[-1] if found else None):
            found += some
        assert found == inbound.waiting(tx, limit=9)
    assert len(set(found)) == 5
