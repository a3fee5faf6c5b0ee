"""What must never happen is refused by the database itself, whoever asks for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Enum, insert, select, text, update
from sqlalchemy.exc import IntegrityError, StatementError

from reminders.core.delivery import ReceiptStatus
from reminders.core.errors import NaiveDatetimeError
from reminders.store import conversation_rows, rows
from reminders.store.unit_of_work import Store, Transaction
from tests.builders import NOON, an_entry
from tests.world import CONFIRM_AT, World, only


@pytest.fixture
def sent(store: Store) -> World:
    """A world in which one message left."""
    world = World(store, only("remind_confirm"))
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    world.pump()
    world.receipt(world.sms.sent[0].text.tag, ReceiptStatus.SENT)
    world.text("hello")
    return world


def copy(tx: Transaction, table: Any, **changed: object) -> None:  # noqa: ANN401 - any table
    """Insert a copy of a table's first row under a new id, with some columns changed."""
    row = dict(tx.connection.execute(select(table)).mappings().first() or {})
    key = next(iter(table.primary_key)).name
    tx.connection.execute(insert(table).values({**row, key: uuid4(), **changed}))


def test_a_message_has_one_live_attempt_at_most(sent: World) -> None:
    for state in ("sending", "unknown", "accepted"):
        with pytest.raises(IntegrityError), sent.store.transaction() as tx:
            copy(tx, rows.attempt, state=state, provider_id=None)


def test_a_message_may_have_any_number_of_attempts_that_ended_without_it(sent: World) -> None:
    with sent.store.transaction() as tx:
        for state in ("absent", "rejected", "absent", "rejected"):
            copy(tx, rows.attempt, state=state, provider_id=None)
    assert sent.count("attempt") == 5


def test_what_is_kept_once_is_kept_once(sent: World) -> None:
    once = (
        rows.reminder,
        rows.receipt,
        conversation_rows.inbound,
        rows.patient,
        rows.contact,
        rows.appointment,
        rows.task,
        rows.clinic,
    )
    for table in once:
        with pytest.raises(IntegrityError), sent.store.transaction() as tx:
            copy(tx, table)
    with pytest.raises(IntegrityError), sent.store.transaction() as tx:
        copy(tx, rows.attempt, state="absent")


def test_a_request_of_staff_makes_one_message(sent: World) -> None:
    with sent.store.transaction() as tx:
        copy(tx, rows.message, request_key="k1")
    with pytest.raises(IntegrityError), sent.store.transaction() as tx:
        copy(tx, rows.message, request_key="k1")


def test_a_token_opens_one_page(sent: World) -> None:
    contact = sent.all(select(rows.contact))[0]
    columns = {"clinic_id": contact.clinic_id, "contact_id": contact.id, "purpose": "respond"}
    page = {**columns, "token_hash": b"h" * 32, "made_at": NOON, "expires_at": NOON}
    with sent.store.transaction() as tx:
        tx.connection.execute(insert(rows.link).values({**page, "id": uuid4()}))
    with pytest.raises(IntegrityError), sent.store.transaction() as tx:
        tx.connection.execute(insert(rows.link).values({**page, "id": uuid4()}))


def test_a_word_that_is_no_state_is_refused(sent: World) -> None:
    """Every column of words, in every table that has a row."""
    words = [
        column for table in rows.metadata.sorted_tables for column in table.columns if isinstance(column.type, Enum)
    ]
    tried = [column for column in words if sent.count(column.table.name)]
    assert len(tried) >= 15
    for column in tried:
        statement = text(f"UPDATE {column.table.name} SET {column.name} = 'nonsense'")  # noqa: S608 - our own names
        with pytest.raises(IntegrityError), sent.store.transaction() as tx:
            tx.connection.execute(statement)


def test_nothing_belongs_to_what_does_not_exist(sent: World) -> None:
    """Every reference, in every table that has a row."""
    references = [key.parent for table in rows.metadata.sorted_tables for key in table.foreign_keys]
    tried = [column for column in references if sent.count(column.table.name)]
    assert len(tried) >= 15
    for column in tried:
        with pytest.raises(IntegrityError), sent.store.transaction() as tx:
            tx.connection.execute(update(column.table).values({column.name: uuid4()}))


def test_what_others_refer_to_is_not_deleted(sent: World) -> None:
    with pytest.raises(IntegrityError), sent.store.transaction() as tx:
        tx.connection.execute(rows.patient.delete())


def test_an_instant_without_a_zone_is_refused(sent: World) -> None:
    with pytest.raises(StatementError) as caught, sent.store.transaction() as tx:
        tx.connection.execute(update(rows.message).values(due_at=datetime(2027, 3, 2, 12, 0)))  # noqa: DTZ001 - the point
    assert isinstance(caught.value.orig, NaiveDatetimeError)


def test_an_instant_comes_back_in_utc_whatever_zone_it_went_in_with(sent: World) -> None:
    there = datetime.fromisoformat("2027-03-02T12:00:00.123456+05:45")
    with sent.store.transaction() as tx:
        tx.connection.execute(update(rows.message).values(due_at=there))
    found = sent.messages()[0].due_at
    assert found == there
    assert found.utcoffset() == timedelta(0)


def test_an_error_of_the_database_names_nobody(sent: World) -> None:
    with pytest.raises(IntegrityError) as caught, sent.store.transaction() as tx:
        copy(tx, rows.patient)
    assert "patient" in str(caught.value)
    assert "P1" not in str(caught.value)
    assert "P1" not in str(caught.value.orig)
