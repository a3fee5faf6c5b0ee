from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from reminders.core.errors import NotReadyError, SpoiledError
from reminders.core.patients import Channel
from reminders.store import rows
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.builders import a_booking, a_record, an_entry, an_id
from tests.world import CONFIRM_AT, World

HERE, THERE = an_id("here"), an_id("there")
MARKERS = ("Zebulon Quartermain", "+12025559321", "zebulon@quartermain.example", "marmalade", "Hortensia Escort")


def test_a_value_opens_only_where_it_was_sealed(vault: Vault) -> None:
    sealed = vault.seal("patient.name", HERE, "Dana Rivers")
    assert vault.open("patient.name", HERE, sealed) == "Dana Rivers"
    for field, row in (("patient.name", THERE), ("patient.phone", HERE)):
        with pytest.raises(SpoiledError):
            vault.open(field, row, sealed)


def test_a_value_that_was_tampered_with_does_not_open(vault: Vault) -> None:
    sealed = vault.seal("patient.name", HERE, "Dana Rivers")
    with pytest.raises(SpoiledError):
        vault.open("patient.name", HERE, sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_the_same_value_never_looks_the_same_twice(vault: Vault) -> None:
    assert vault.seal("patient.name", HERE, "Dana") != vault.seal("patient.name", HERE, "Dana")


def test_a_new_secret_reads_what_the_old_one_wrote_and_finds_what_it_indexed() -> None:
    old = Vault(["old"])
    rotated = Vault(["new", "old"])
    assert rotated.open("patient.name", HERE, old.seal("patient.name", HERE, "Dana")) == "Dana"
    assert rotated.index("+12025550101") == old.index("+12025550101")
    assert rotated.token("unsubscribe", HERE) == old.token("unsubscribe", HERE)
    written = rotated.seal("patient.name", HERE, "Dana")
    with pytest.raises(NotReadyError, match="REMINDERS_SECRET_KEY"):
        old.open("patient.name", HERE, written)


def test_an_index_is_the_same_for_any_case_and_tells_nothing_without_its_key(vault: Vault) -> None:
    assert vault.index("Dana@Example.org ") == vault.index("dana@example.org")
    assert vault.index("dana@example.org") != Vault(["another"]).index("dana@example.org")


def test_a_text_with_broken_characters_survives(vault: Vault) -> None:
    assert vault.open("inbound.body", HERE, vault.seal("inbound.body", HERE, "a\ud800b")) == "a\ud800b"


def test_a_value_moved_to_another_row_of_the_database_does_not_open(store: Store) -> None:
    world = World(store)
    world.sync(an_entry("A1"), an_entry("A2", patient=a_record("P2", name="Lee Moss", phone="+12025550102")))
    with store.transaction() as tx:
        first, second = tx.connection.execute(select(rows.patient).order_by(rows.patient.c.external_id)).all()
        tx.connection.execute(rows.patient.update().where(rows.patient.c.id == second.id).values(name=first.name))
    with pytest.raises(SpoiledError, match=r"patient\.name does not open"):
        world.sync(an_entry("A1"))


def test_a_dump_of_the_database_names_nobody(store: Store) -> None:
    world = World(store)
    name, phone, email, word, escort = MARKERS
    with_escort = replace(a_booking(), escort_name=escort)
    world.sync(an_entry(patient=a_record(name=name, phone=phone, email=email), booking=with_escort))
    world.at(CONFIRM_AT)
    world.pump()
    world.pump(Channel.EMAIL)
    world.text(f"I like {word}", sender=phone)
    world.text("STOP", sender=phone)
    dumped = b"".join(
        bytes(value) if isinstance(value, bytes | memoryview) else repr(value).encode()
        for table in rows.metadata.sorted_tables
        for row in world.all(select(table))
        for value in row
    )
    assert world.count("message") == world.count("inbound") == 2, "the question, and the confirmation of the opt-out"
    for marker in MARKERS:
        assert marker.encode() not in dumped
