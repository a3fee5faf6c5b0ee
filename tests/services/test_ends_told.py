"""Every end of a message is an event of the feed, whatever ended it; what only staff get is no news of the clinic."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

import reminders.store
from reminders.core.appointments import AppointmentStatus
from reminders.core.delivery import ENDED, MessageState, ReceiptStatus
from reminders.core.feed import SETTLED, FeedKind
from reminders.core.patients import Recipient
from reminders.core.reminders import Reason
from reminders.services.sync_schedule import SyncOptions
from reminders.store import messages, rows
from reminders.store.console_rows import event
from tests.builders import a_booking, an_entry
from tests.services.conversation_cases import ALONE, START
from tests.world import CONFIRM_AT, World

WRITES_AN_END = re.compile(r"state=MessageState\.(\w+)|\"state\": MessageState\.(\w+)")


@pytest.mark.parametrize("state", MessageState)
def test_each_state_in_which_a_message_ends_is_told_by_its_own_name_and_no_other_state_is(state: MessageState) -> None:
    told = SETTLED.get(state)
    assert (told is not None) is (state in ENDED)
    assert told is None or told.value == f"message.{state.value}"


def test_nothing_but_the_tellers_writes_an_end() -> None:
    folder = Path(reminders.store.__file__).parent
    writers = {
        path.name
        for path in folder.glob("*.py")
        for found in WRITES_AN_END.finditer(path.read_text(encoding="utf-8"))
        if MessageState[found.group(1) or found.group(2)] in ENDED
    }
    assert writers == {"message_news.py"}


def told(world: World) -> Counter[str]:
    return Counter(row.kind for row in world.all(select(event)) if row.kind.startswith("message."))


def ends(world: World) -> Counter[str]:
    found = [row for row in world.messages() if row.state in ENDED and row.recipient is not Recipient.STAFF]
    return Counter(SETTLED[row.state].value for row in found)


@pytest.fixture
def asked(world: World) -> World:
    """Return a clinic with a message that has been made and waits to leave."""
    world.sync(an_entry(patient=ALONE, booking=a_booking(START)))
    world.at(CONFIRM_AT)
    token, ids = world.claim()
    assert len(ids) == 1
    with world.store.transaction() as tx:
        messages.release(tx, token)
    assert not told(world)
    return world


def by_stop(world: World) -> None:
    world.text("STOP")


def by_wrong_number(world: World) -> None:
    world.text("wrong number")


def by_cancelling(world: World) -> None:
    cancelled = a_booking(START, status=AppointmentStatus.CANCELLED)
    world.sync(an_entry(patient=ALONE, booking=cancelled), options=SyncOptions(is_approved=True))


def by_moving(world: World) -> None:
    world.sync(
        an_entry(patient=ALONE, booking=a_booking(START + timedelta(hours=2))), options=SyncOptions(is_approved=True)
    )


def by_direct(world: World) -> None:
    ids = [row.contact_id for row in world.messages()]
    with world.store.transaction() as tx:
        messages.cancel_waiting(tx, ids, reason=Reason.WITHDRAWN, now=world.clock.now())
        messages.cancel_waiting(tx, ids, reason=Reason.WITHDRAWN, now=world.clock.now())


@pytest.mark.both_databases
@pytest.mark.parametrize("end", [by_stop, by_wrong_number, by_cancelling, by_moving, by_direct])
def test_a_message_that_is_stopped_while_it_waits_is_told_once_with_its_reason(asked: World, end: object) -> None:
    assert callable(end)
    end(asked)
    assert ends(asked)[FeedKind.MESSAGE_CANCELLED] == 1
    assert told(asked) == ends(asked)
    (row,) = asked.all(select(event).where(event.c.kind == FeedKind.MESSAGE_CANCELLED))
    (message,) = asked.all(select(rows.message).where(rows.message.c.state == MessageState.CANCELLED))
    assert row.about == f"message:{message.id}"
    assert f'"reason":"{message.reason}"' in row.detail


def test_what_arrives_or_fails_is_told_as_it_ends(asked: World) -> None:
    assert asked.pump() == 1
    assert not told(asked), "on its way is no end"
    asked.receipt(asked.attempts()[0].tag, ReceiptStatus.DELIVERED)
    assert told(asked) == ends(asked) == Counter({"message.delivered": 1})
