"""A search finds by stored words whom it found when it opened every name, and opens only a few."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from typing_extensions import override

from reminders.core.appointments import ScheduleEntry
from reminders.core.ids import ClinicId
from reminders.core.search_words import plain
from reminders.services.deps import Deps
from reminders.services.index_patients import index_patients
from reminders.services.search_patients import list_patients, search_patients
from reminders.services.sync_schedule import SyncOptions
from reminders.store import rows
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.builders import a_record, an_entry
from tests.conftest import SECRET
from tests.services.test_statements import counting
from tests.web.people import NORTH
from tests.world import CLINIC, World

pytestmark = pytest.mark.both_databases
GIVEN = (
    "Ana",
    "Ána-María",
    "Anabel",
    "José",
    "Jo",
    "Mariana",
    "O'Neil",
    "Çelik",
    "Anna Lee",
    "Ng",
    "T.J.",
    "Robin (Bo)",
)
FAMILY = (
    "O'Brien",
    "Obrien",
    "Núñez",
    "Nunez-García",
    "de la Cruz",
    "García",
    "Garcia",
    "Smith",
    "St. John",
    "4471",
    "Li",
)
QUERIES = (
    *(
        "an",
        "ana",
        "ANA",
        "ána",
        "anab",
        "mar",
        "maría",
        "maria",
        "jo",
        "jose g",
        "n",
        "ng",
        "nu",
        "nunez",
        "núñez gar",
    ),
    *(
        "o'b",
        "o'brien",
        "obrien",
        "brien",
        "o b",
        "o' b",
        "o'",
        "--",
        "-m",
        "ana-m",
        "ana-maria",
        "-maria",
        "t.j",
        "tj",
    ),
    *(
        "de la",
        "la de",
        "cruz de",
        "st. j",
        "st j",
        "(bo",
        "(bo)",
        "bo)",
        "çelik",
        "celik",
        "ana 4471",
        "4471",
        "447",
        "li a",
    ),
    *(
        "smith smith",
        "zz",
        "a",
        "",
        "  ",
        "garcia-l",
        "ana li zz",
        "+1202555",
        "555-0007",
        "0007",
        "007",
        "55500",
        "12",
    ),
    *("(202) 555-0011", "2025550011", "1 202 555 0011", "9999", "ana o'", "jo jo jo", "nunez-g", "P7", "p7", "Ana (P7"),
)


def town(store: Store, people: int) -> World:
    """So many patients at each of two clinics, of names and phones by chance but the same each time."""
    world = World(store, CLINIC, NORTH)
    chance = Random(7)  # noqa: S311 - the same names each time
    entries: list[tuple[str | None, ScheduleEntry]] = []
    for slug, area in (("riverside", "202"), ("north", "305")):
        named = [f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}" for _ in range(people)]
        phones = [None if number % 7 == 3 else f"+1{area}555{number:04d}" for number in range(people)]
        records = [
            a_record(f"P{number}", name=name, phone=phone, email=f"p{number}@{slug}.example")
            for number, (name, phone) in enumerate(zip(named, phones, strict=True))
        ]
        entries += [(slug, an_entry(f"{slug}-{record.external_id}", patient=record)) for record in records]
    world.sync(*entries)
    return world


def known(world: World, slug: str) -> tuple[ClinicId, list[tuple[str, str, str]]]:
    """Return a clinic, and id, name and phone of everybody there."""
    (clinic,) = world.all(select(rows.clinic).where(rows.clinic.c.slug == slug))
    vault, table = world.store.vault, rows.patient
    return ClinicId(clinic.id), [
        (
            row.external_id,
            vault.open("patient.name", row.id, row.name),
            vault.open_optional("patient.phone", row.id, row.phone) or "",
        )
        for row in world.all(select(table).where(table.c.clinic_id == clinic.id))
    ]


def expected(people: list[tuple[str, str, str]], query: str) -> list[str]:
    """Return whom a search means, every name opened: the rule that was there before there were words."""
    sought = query.strip()
    exact = [name for name, called, _ in people if sought in {name, f"{called} ({name})"}]
    words = [re.compile(rf"(?<!\w){re.escape(word)}") for word in plain(sought).split()]
    named = [item for item in people if all(word.search(plain(item[1])) for word in words)]
    digits = re.sub(r"[^0-9]", "", query)
    if len(sought) < 2:
        named = []
    if not named and re.fullmatch(r"[+0-9 ().-]+", sought) and len(digits) >= 3:
        named = [item for item in people if item[2].endswith(digits)]
    ordered = sorted(named, key=lambda item: (item[1].casefold(), item[0]))
    return exact or [name for name, _, _ in ordered][:40]


def found(deps: Deps, query: str, *within: ClinicId) -> list[str]:
    return [item.found.external_id for item in list_patients(deps, query, within).listed]


class CountingVault(Vault):
    """A vault that counts the names and phones that are opened."""

    opened = 0

    @override
    def open(self, field: str, row: UUID, sealed: bytes) -> str:
        self.opened += field in {"patient.name", "patient.phone"}
        return super().open(field, row, sealed)


@contextmanager
def opening(world: World) -> Iterator[CountingVault]:
    """Count what is opened of patients meanwhile."""
    before, counted = world.store.vault, CountingVault([SECRET])
    world.store.vault = counted
    try:
        yield counted
    finally:
        world.store.vault = before


def unsearchable(world: World) -> None:
    """Let everybody be as code without words stored them."""
    with world.store.transaction() as tx:
        tx.connection.execute(rows.patient_search_token.delete())
        tx.connection.execute(update(rows.patient).values(search_rule=None))


def tokens(world: World) -> list[tuple[object, ...]]:
    table = rows.patient_search_token
    return [tuple(row) for row in world.all(select(table).order_by(*table.primary_key.columns))]


def test_a_search_finds_whom_it_found_when_every_name_was_opened(store: Store) -> None:
    world = town(store, 80)
    for slug in ("riverside", "north"):
        clinic_id, people = known(world, slug)
        told = {query: found(world.deps, query, clinic_id) for query in QUERIES}
        assert told == {query: expected(people, query) for query in QUERIES}
        assert sum(1 for names in told.values() if names) > len(QUERIES) // 2


def test_a_search_finds_the_same_before_and_after_the_words_are_made(store: Store) -> None:
    world = town(store, 30)
    written = tokens(world)
    unsearchable(world)
    within = [known(world, slug)[0] for slug in ("riverside", "north")]
    before = {query: found(world.deps, query, *within) for query in QUERIES}
    assert index_patients(world.deps) == 60
    assert index_patients(world.deps) == 0
    assert tokens(world) == written
    assert {query: found(world.deps, query, *within) for query in QUERIES} == before


def test_a_search_opens_those_who_may_be_meant_and_no_others(store: Store) -> None:
    world = town(store, 60)
    clinic_id, people = known(world, "riverside")
    for query in ("garcia", "st john", "0007"):
        with opening(world) as vault:
            names = found(world.deps, query, clinic_id)
        assert names == expected(people, query)
        assert 0 < len(names) <= vault.opened <= 2 * len(names)


def test_a_search_asks_the_same_number_of_statements_of_few_patients_and_of_many(world: World) -> None:
    costs = []
    for people in (5, 60):
        world.sync(
            *(
                an_entry(
                    f"A{number}", patient=a_record(f"P{number}", name=f"Ana N{number}", phone=f"+1202555{number:04d}")
                )
                for number in range(people)
            ),
            options=SyncOptions(is_approved=True),
        )
        clinic_id, _ = known(world, "riverside")
        with counting(world.store) as seen:
            assert len(found(world.deps, "ana", clinic_id)) == min(people, 40)
        costs.append(len(seen))
    assert costs[0] == costs[1]


def test_nobody_is_found_at_a_clinic_that_is_not_theirs(store: Store) -> None:
    world = town(store, 30)
    (here, at_home), (there, abroad) = known(world, "riverside"), known(world, "north")
    for query in ("an", "garcia", "0011", "305555"):
        with_both = {item.id for item in search_patients(world.deps, query, [here, there], limit=99)}
        alone = [{item.id for item in search_patients(world.deps, query, [one], limit=99)} for one in (here, there)]
        assert with_both == alone[0] | alone[1]
        assert found(world.deps, query, here) == expected(at_home, query)
        assert found(world.deps, query, there) == expected(abroad, query)


def test_words_of_two_clinics_cannot_be_compared(store: Store) -> None:
    world = World(store, CLINIC, NORTH)
    same = a_record("P1", name="Ana Cruz")
    world.sync(("riverside", an_entry("A1", patient=same)), ("north", an_entry("A2", patient=same)))
    by_clinic: dict[object, set[object]] = {}
    for clinic_id, token, _ in tokens(world):
        by_clinic.setdefault(clinic_id, set()).add(token)
    one, other = by_clinic.values()
    assert len(one) == len(other) > 5
    assert not one & other


@pytest.mark.parametrize("change", [{"name": "Robin Núñez"}, {"phone": "+12025559876"}])
def test_a_changed_name_or_phone_is_found_at_once_and_the_old_one_no_more(world: World, change: dict[str, Any]) -> None:
    record = a_record("P1", name="Ana Cruz", phone="+12025550101")
    world.sync(an_entry(patient=record))
    world.sync(an_entry(patient=replace(record, **change)), options=SyncOptions(is_approved=True))
    clinic_id, people = known(world, "riverside")
    for query in ("ana", "cruz", "robin", "nunez", "0101", "9876"):
        assert found(world.deps, query, clinic_id) == expected(people, query)


def test_a_change_of_something_else_writes_no_words(world: World) -> None:
    record = a_record("P1", name="Ana Cruz", phone="+12025550101")
    world.sync(an_entry(patient=record))
    with counting(world.store) as seen:
        world.sync(an_entry(patient=replace(record, language="es")))
    assert not [statement for statement in seen if "patient_search_token" in statement]


def test_a_name_that_does_not_open_holds_up_nobody(store: Store) -> None:
    world = town(store, 8)
    unsearchable(world)
    table = rows.patient
    theirs, another = (world.all(select(table).where(table.c.external_id == name))[0] for name in ("P2", "P3"))
    with world.store.transaction() as tx:
        tx.connection.execute(update(table).where(table.c.id == theirs.id).values(name=another.name))
    assert index_patients(world.deps) == 16
    assert index_patients(world.deps) == 0
