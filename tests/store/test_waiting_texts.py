"""Texts that wait, as the store gives them to their readers."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from reminders.core.errors import SpoiledError
from reminders.core.ids import InboundId
from reminders.ports import InboundText
from reminders.store import inbound
from reminders.store.conversation_rows import inbound as texts
from reminders.store.unit_of_work import Store
from tests.builders import NOON, an_id

pytestmark = pytest.mark.both_databases
PHONES = ("+12025550001", "+12025550002", "+12025550003")


def stored(store: Store) -> list[InboundId]:
    ids = [an_id(phone) for phone in PHONES]
    with store.transaction() as tx:
        for number, (key, phone) in enumerate(zip(ids, PHONES, strict=True)):
            text = InboundText(f"SM{number:032x}", phone, "+12025550100", "STOP", 0)
            inbound.add_once(tx, key, text, now=NOON)
    return [InboundId(key) for key in ids]


def test_who_sent_texts_is_found_for_several_at_once(store: Store) -> None:
    first, _, last = stored(store)
    with store.reading() as tx:
        assert set(inbound.senders_of(tx, [first, last])) == {(PHONES[0], None), (PHONES[2], None)}
        assert inbound.senders_of(tx, []) == []


def test_a_sender_that_does_not_open_is_told(store: Store) -> None:
    ids = stored(store)
    with store.transaction() as tx:
        tx.connection.execute(update(texts).where(texts.c.id == ids[1]).values(sender=b"no such thing"))
    with store.reading() as tx, pytest.raises(SpoiledError):
        inbound.senders_of(tx, ids)
