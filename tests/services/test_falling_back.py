"""From the provider's word to the mail: what fails on one channel goes its whole way to the other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminders.core.delivery import MOST_REDELIVERIES, ReceiptStatus, Refusal
from reminders.core.patients import Channel, PatientRecord
from reminders.ports import LineType
from reminders.services.look_up_lines import look_up_lines
from reminders.store import contacts, messages
from reminders.store.unit_of_work import Store
from tests.builders import a_record, an_entry
from tests.services.test_look_up_lines import ListedLineLookup
from tests.world import CONFIRM_AT, PHONE, World, only

STEPS = ("remind_confirm", "remind_final")


def send(world: World) -> None:
    world.pump()
    world.pump(Channel.EMAIL)


def never_delivered(store: Store, patient: PatientRecord | None = None) -> World:
    """Let a text be out of reach as often as it is sent."""
    world = World(store, only(*STEPS))
    world.sync(an_entry(patient=patient))
    world.at(CONFIRM_AT)
    for _ in range(MOST_REDELIVERIES + 1):
        send(world)
        assert world.tasks() == []
        tag = world.sms.sent[-1].text.tag
        world.receipt(tag, ReceiptStatus.UNDELIVERED, code="30003", refusal=Refusal.TRANSIENT)
        world.later(timedelta(minutes=30))
    send(world)
    return world


@pytest.mark.both_databases
def test_a_text_that_never_gets_through_goes_by_mail_in_the_end(store: Store) -> None:
    world = never_delivered(store)

    assert (len(world.sms.sent), len(world.email.sent)) == (MOST_REDELIVERIES + 1, 1)
    assert world.tasks() == []
    world.check()


def test_without_a_mailbox_it_becomes_a_task(sqlite_store: Store) -> None:
    world = never_delivered(sqlite_store, a_record(email=None))

    assert (len(world.sms.sent), len(world.email.sent)) == (MOST_REDELIVERIES + 1, 0)
    assert world.tasks() == ["not_delivered"]
    world.check()


@pytest.mark.parametrize("how", ["error", "lookup"])
def test_a_message_that_waits_for_a_number_found_dead_goes_by_mail(store: Store, how: str) -> None:
    world = World(store, only(*STEPS))
    world.change(lookup=ListedLineLookup(n12025550101=LineType.LANDLINE))
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    token, _ = world.claim()
    with store.transaction() as tx:
        messages.release(tx, token)
        if how == "error":
            contacts.mark_fault(tx, contacts.at_address(tx, PHONE), "30005", now=world.clock.now())
    look_up_lines(world.deps)
    send(world)
    send(world)

    assert (len(world.sms.calls), len(world.email.sent)) == (0, 1)
    assert world.tasks() == ["address_fault"]
    world.check()
