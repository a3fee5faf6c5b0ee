"""Promise 4: attendance, scores and consent are never guessed, whatever else was said, and in whichever order read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from reminders.ports import InboundText
from reminders.services.receive_replies import receive_replies, store_text
from reminders.services.send_ad_hoc import AdHocRequest, send_ad_hoc
from reminders.store.conversation_rows import inbound
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, an_entry
from tests.services.conversation_cases import (
    ALONE,
    RIDE_AT,
    START,
    a_world,
    asked_about_ride,
    asked_how_they_are,
    asked_whether_they_come,
    is_confirmed,
    is_opted_out,
    last,
    scores,
    visit,
)
from tests.world import CONFIRM_AT, MINUTE, PHONE, World

NOT_YET = NOON + timedelta(days=999)


def staff_write(world: World, words: str) -> None:
    """Let staff write to the patient themselves, and their text arrive."""
    world.later(MINUTE)
    send_ad_hoc(world.deps, AdHocRequest(words, "desk", words, patient_external_id="P1"))
    assert world.pump() == 1
    world.later(MINUTE)


@pytest.mark.parametrize("body", ["yes", "ok", "no", "Sí"])
def test_a_bare_answer_after_staff_asked_themselves_confirms_and_declines_nothing(
    sqlite_store: Store, body: str
) -> None:
    world = asked_whether_they_come(sqlite_store)
    staff_write(world, "Do you need a wheelchair?")
    world.text(body)
    assert not is_confirmed(world)
    assert world.tasks() == ["reply_unclear"]


def test_a_bare_yes_after_staff_asked_themselves_arranges_no_ride(sqlite_store: Store) -> None:
    world = asked_about_ride(sqlite_store)
    staff_write(world, "Did you get the new form?")
    world.text("yes")
    assert visit(world).ride_state is None
    assert world.tasks() == ["reply_unclear"]


def test_a_bare_number_after_staff_asked_themselves_is_no_score(sqlite_store: Store) -> None:
    world = asked_how_they_are(sqlite_store)
    staff_write(world, "How many tablets are left?")
    world.text("9")
    assert scores(world) == []
    assert "reply_unclear" in world.tasks()


def test_a_word_that_means_one_thing_counts_though_staff_wrote_since(sqlite_store: Store) -> None:
    world = asked_whether_they_come(sqlite_store)
    staff_write(world, "Please bring your card.")
    world.text("thanks")
    assert world.tasks() == []
    world.text("C")
    assert is_confirmed(world)


def test_a_yes_counts_again_once_we_have_asked_after_staff_wrote(sqlite_store: Store) -> None:
    world = a_world(sqlite_store, "remind_confirm", "ride_check")
    world.sync(an_entry(patient=ALONE, booking=a_booking(START)))
    world.at(CONFIRM_AT)
    assert world.pump() == 1
    staff_write(world, "Please bring your card.")
    world.at(RIDE_AT)
    assert world.pump() == 1
    world.text("yes")
    assert visit(world).ride_state == "arranged"
    assert not is_confirmed(world)


@pytest.mark.both_databases
def test_a_start_that_is_read_after_a_later_stop_ends_no_opt_out(store: Store) -> None:
    world = asked_whether_they_come(store)
    world.text("STOP")
    world.later(MINUTE)
    store_text(world.deps, InboundText("SMstart", PHONE, "+12025550100", "START", 0))
    with world.store.transaction() as tx:  # another worker has it, and is slow
        tx.connection.execute(inbound.update().where(inbound.c.handled_at.is_(None)).values(handled_at=NOT_YET))
    world.later(MINUTE)
    world.text("STOP", provider_id="SMlater")
    with world.store.transaction() as tx:
        tx.connection.execute(inbound.update().where(inbound.c.handled_at == NOT_YET).values(handled_at=None))
    receive_replies(world.deps)
    assert is_opted_out(world)
    (start,) = world.all(select(inbound).where(inbound.c.provider_id == "SMstart"))
    assert start.decision == "opted out again after this was written"
    world.later(MINUTE)
    world.text("START")
    assert not is_opted_out(world)
    assert last(world).decision == "opted in"
