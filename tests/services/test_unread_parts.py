"""A clinic's stored document that this release cannot read whole stops nothing else, and spoils nothing it holds."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from reminders.services.apply_clinics import apply_clinics, clinic_document, known_clinics
from reminders.services.replan_clinic import replan_clinic
from reminders.store import rows
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, an_entry, local, shown
from tests.world import CLINIC, CONFIRM_AT, World, only

START = NOON + timedelta(days=14)
CARD = {"phase": "before", "due": "start - 4 days at 10:00", "expires": "start - 1 day at 18:00"}
CARD_AT = local("2027-03-12 10:00")
A_PAUSE = timedelta(minutes=5)


def with_card(**parts: str) -> dict[str, Any]:
    """A clinic that asks to confirm, and before that asks for a card."""
    document = only("remind_confirm", templates={"en": {"card": "{{sender}}: please bring your card {{when}}."}})
    document["cadence"]["*"]["steps"] = {"card": {**CARD, **parts}}
    return document


def store_as_is(world: World, document: dict[str, Any]) -> None:
    """Store a document as another release may have, whatever ours says to it."""
    with world.store.transaction() as tx:
        tx.connection.execute(update(rows.clinic).values(document=json.dumps(document, sort_keys=True)))


@pytest.fixture
def newer(store: Store) -> World:
    """A session planned by a newer release, whose question about the weather this one does not know."""
    world = World(store, with_card())
    world.sync(an_entry(booking=a_booking(START)))
    store_as_is(world, with_card(asks="weather"))
    return world


def card(world: World) -> tuple[str, str]:
    (row,) = world.all(select(rows.reminder).where(rows.reminder.c.step == "card"))
    return row.state, shown(row.due_at)


def test_planning_leaves_a_step_alone_that_only_a_newer_release_can_read(newer: World) -> None:
    (clinic,) = known_clinics(newer.deps)
    assert "card" not in {step.key for step in clinic.cadence("any").steps}
    report = replan_clinic(newer.deps, clinic, lambda _progress: None)
    assert (report.failed, report.withdrawn, report.moved) == (0, 0, 0)
    assert card(newer) == ("planned", "2027-03-12 10:00")
    newer.check()


@pytest.mark.both_databases
def test_what_is_due_by_it_waits_for_a_newer_worker_while_all_else_leaves(newer: World) -> None:
    newer.at(CARD_AT)
    assert newer.pump() == 0
    assert card(newer) == ("planned", "2027-03-12 10:05")
    newer.at(CONFIRM_AT)
    assert newer.pump() == 1
    assert card(newer) == ("planned", "2027-03-13 10:05")
    store_as_is(newer, with_card())
    newer.later(A_PAUSE)
    assert newer.pump() == 1
    assert "please bring your card" in newer.bodies[-1]
    newer.check()


def test_whoever_runs_it_is_warned_once_of_what_was_not_read(newer: World) -> None:
    store_as_is(newer, with_card(asks="weather", due="start - 5 days at 10:00"))
    with capture_logs() as told:
        for _ in range(2):
            known_clinics(newer.deps)
    warned = [line["path"] for line in told if line["event"] == "clinic.part_not_read"]
    assert warned == ["clinic.cadence.*.steps.card", "clinic.templates.en.card"]


def test_a_clinic_with_control_characters_in_its_stored_texts_loads_and_is_stored_clean_again(
    store: Store,
) -> None:
    world = World(store)
    store_as_is(world, {**CLINIC, "sender": "River\x00side\nClinic"})
    (clinic,) = known_clinics(world.deps)
    assert clinic.sender == "River side Clinic"
    held = clinic_document(world.deps, "riverside")
    assert held is not None
    apply_clinics(world.deps, [("export.toml", held)])
    (document,) = [row.document for row in world.all(select(rows.clinic))]
    assert json.loads(document)["sender"] == "River side Clinic"
