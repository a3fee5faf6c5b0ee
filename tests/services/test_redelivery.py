"""Requirements 20 and 21: what the provider took and could not deliver is sent again, while that is of use."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminders.core.delivery import ReceiptStatus, Refusal
from reminders.services.expire_overdue import expire_overdue
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_record, an_entry
from tests.world import CONFIRM_AT, MINUTE, World, only

pytestmark = pytest.mark.both_databases

START = NOON + timedelta(days=14)
OF_USE_UNTIL = START - timedelta(hours=26)
FAILURES = [("30003", Refusal.TRANSIENT), ("30036", Refusal.EXPIRED), ("30008", Refusal.TRANSIENT)]


@pytest.fixture
def world(sqlite_store: Store) -> World:
    """Return a clinic whose one patient, who has a phone only, is texted once."""
    world = World(sqlite_store, only("remind_confirm"))
    world.sync(an_entry(patient=a_record(email=None)))
    world.at(CONFIRM_AT)
    world.pump()
    return world


def fail(world: World, code: str = "30003", refusal: Refusal = Refusal.TRANSIENT) -> None:
    """Let the provider report that the newest text did not arrive."""
    world.receipt(world.sms.sent[-1].text.tag, ReceiptStatus.UNDELIVERED, code=code, refusal=refusal)


@pytest.mark.parametrize(("code", "refusal"), FAILURES)
def test_it_is_sent_again_twice_and_then_a_person_is_asked(world: World, code: str, refusal: Refusal) -> None:
    for tries in (2, 3):
        fail(world, code, refusal)
        assert world.states() == [("due", None)]
        assert world.pump() == 0, "not at once: the phone is still off"
        world.later(10 * MINUTE)
        assert world.pump() == 1
        assert len(world.sms.sent) == tries
    fail(world, code, refusal)
    world.later(60 * MINUTE)
    assert world.pump() == 0
    assert world.states() == [("undelivered", "undelivered")]
    assert world.tasks() == ["not_delivered"]
    book = world.check()
    assert (book.attempts["failed"], book.attempts["accepted"]) == (2, 1)
    assert book.possible_doubles == 0


def test_the_carriers_refusal_of_us_is_tried_again_when_the_way_is_open(world: World) -> None:
    fail(world, "30007", Refusal.CONFIGURATION)
    world.later(10 * MINUTE)
    assert world.pump() == 1
    assert world.states() == [("accepted", None)]
    assert world.tasks() == ["channel_paused"]
    world.check()


@pytest.mark.parametrize("refusal", [Refusal.CONTENT, Refusal.UNLISTED, Refusal.OTHER, None])
def test_what_cannot_arrive_is_not_sent_again(world: World, refusal: Refusal | None) -> None:
    world.receipt(world.sms.sent[-1].text.tag, ReceiptStatus.FAILED, code="1", refusal=refusal)
    world.later(60 * MINUTE)
    assert world.pump() == 0
    assert world.states() == [("undelivered", "undelivered")]
    assert "not_delivered" in world.tasks()
    world.check()


def test_what_would_come_too_late_is_not_sent_again(world: World) -> None:
    world.at(OF_USE_UNTIL - MINUTE)
    fail(world)
    assert world.states() == [("undelivered", "undelivered")]
    assert world.tasks() == ["not_delivered"]
    world.check()


def test_a_second_try_that_nobody_made_in_time_ends_with_a_task(world: World) -> None:
    fail(world)
    world.at(OF_USE_UNTIL + MINUTE)
    expire_overdue(world.deps)
    assert world.pump() == 0
    assert world.states() == [("expired", "too_late")]
    assert world.tasks() == ["not_sent_in_time"]
    world.check()


def test_a_failure_that_is_told_twice_is_one_failure(world: World) -> None:
    for _ in range(3):
        fail(world)
    world.receipt(world.sms.sent[0].text.tag, ReceiptStatus.FAILED, code="30003", refusal=Refusal.TRANSIENT)
    assert [row.redeliveries for row in world.messages()] == [1]
    world.later(10 * MINUTE)
    assert world.pump() == 1
    assert world.states() == [("accepted", None)]
    world.check()


def test_delivered_after_failed_stops_the_second_try(world: World) -> None:
    first = world.sms.sent[0].text.tag
    fail(world)
    world.receipt(first, ReceiptStatus.SENT)
    assert world.states() == [("due", None)], "that it was sent is old news"
    world.receipt(first, ReceiptStatus.DELIVERED)
    assert world.states() == [("delivered", None)]
    world.later(60 * MINUTE)
    assert world.pump() == 0
    assert world.check().possible_doubles == 0


def test_delivered_after_failed_counts_a_double_once_the_second_try_was_taken(world: World) -> None:
    first = world.sms.sent[0].text.tag
    fail(world)
    world.later(10 * MINUTE)
    assert world.pump() == 1
    world.receipt(first, ReceiptStatus.DELIVERED)
    world.receipt(world.sms.sent[1].text.tag, ReceiptStatus.DELIVERED)
    assert world.states() == [("delivered", None)]
    book = world.check()
    assert (book.possible_doubles, book.proven_doubles) == (1, 1)
    assert len(world.sms.sent) == 2


def test_a_stop_before_the_second_try_wins(world: World) -> None:
    fail(world)
    world.text("STOP")
    world.later(10 * MINUTE)
    world.pump()
    assert world.states()[0] == ("cancelled", "opted_out")
    assert [call.to for call in world.sms.calls].count(world.sms.sent[0].text.to) == len(world.sms.calls)
    assert world.bodies.count(world.bodies[0]) == 1
    world.check()
