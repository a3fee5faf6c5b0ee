"""Numbers are looked up before their first text, where that is wanted; a landline is never texted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from reminders.core.patients import Channel, PatientRecord
from reminders.core.tasks import NEXT_ACTIONS, PHONE_A_LANDLINE, TaskKind, next_action
from reminders.ports import LineType
from reminders.services.look_up_lines import AT_ONCE, MOST_SILENT, look_up_lines
from reminders.services.read_status import read_status
from reminders.store import contacts, rows
from reminders.store.unit_of_work import Store
from tests.builders import a_record, an_entry
from tests.world import CONFIRM_AT, PHONE, World, only, some_entries

LINES = select(rows.contact.c.line_type, rows.contact.c.fault).where(rows.contact.c.channel == Channel.SMS)


class ListedLineLookup:
    """Somebody who knows some numbers, and remembers what was asked."""

    def __init__(self, **known: LineType) -> None:
        self.known = {f"+{number.removeprefix('n')}": kind for number, kind in known.items()}
        self.asked: list[str] = []

    def line_type(self, phone: str) -> LineType | None:
        self.asked.append(phone)
        return self.known.get(phone)


def a_world(store: Store, lookup: ListedLineLookup) -> World:
    world = World(store, only("remind_confirm", "remind_final"))
    world.change(lookup=lookup)
    return world


def test_a_number_is_looked_up_once_before_it_is_texted(store: Store) -> None:
    lookup = ListedLineLookup(n12025550101=LineType.MOBILE)
    world = a_world(store, lookup)
    world.sync(an_entry())

    assert [look_up_lines(world.deps) for _ in range(3)] == [1, 0, 0]

    assert lookup.asked == [PHONE]
    assert world.all(LINES) == [("mobile", None)]
    world.at(CONFIRM_AT)
    world.pump()
    assert len(world.sms.sent) == 1
    assert world.tasks() == []
    world.check()


@pytest.mark.both_databases
def test_a_landline_is_written_to_by_mail_and_staff_are_asked_for_a_mobile_number(store: Store) -> None:
    world = a_world(store, ListedLineLookup(n12025550101=LineType.LANDLINE))
    world.sync(an_entry())

    look_up_lines(world.deps)
    world.at(CONFIRM_AT)
    world.pump()
    world.pump(Channel.EMAIL)

    assert (len(world.sms.calls), len(world.email.sent)) == (0, 1)
    assert world.all(LINES) == [("landline", "landline")]
    assert world.tasks() == ["address_fault"]
    assert [line.next_action for line in read_status(world.deps).tasks] == [PHONE_A_LANDLINE]
    world.check()


def test_a_landline_without_a_mailbox_is_one_task(sqlite_store: Store) -> None:
    world = a_world(sqlite_store, ListedLineLookup(n12025550101=LineType.LANDLINE))
    world.sync(an_entry(patient=a_record(email=None)))

    look_up_lines(world.deps)
    world.at(CONFIRM_AT)
    world.pump()

    assert not world.sms.calls
    assert world.tasks() == ["address_fault"]
    assert world.reminders()["A1", 1, "remind_confirm"] == ("suppressed", "address_fault")
    world.check()


def test_who_cannot_answer_is_not_asked_without_end(store: Store) -> None:
    lookup = ListedLineLookup()
    world = a_world(store, lookup)
    world.sync(*some_entries(5))

    assert look_up_lines(world.deps) == 0
    assert len(lookup.asked) == MOST_SILENT
    look_up_lines(world.deps)
    look_up_lines(world.deps)
    assert len(set(lookup.asked)) == len(lookup.asked) == 5, "each was asked about once today"

    world.later(timedelta(days=1, minutes=1))
    look_up_lines(world.deps)
    assert len(lookup.asked) == 5 + MOST_SILENT


def test_only_so_many_are_looked_up_at_once_the_soonest_first(sqlite_store: Store) -> None:
    numbers = {f"n1202555{n:04d}": LineType.MOBILE for n in range(1, AT_ONCE + 6)}
    lookup = ListedLineLookup(**numbers)
    world = a_world(sqlite_store, lookup)
    world.sync(*some_entries(AT_ONCE + 5))

    assert [look_up_lines(world.deps) for _ in range(3)] == [AT_ONCE, 5, 0]
    assert len(set(lookup.asked)) == AT_ONCE + 5


@pytest.mark.parametrize(
    "patient", [a_record(phone=None), a_record(has_sms_consent=False)], ids=["no phone", "no consent"]
)
def test_nobody_is_looked_up_who_is_not_going_to_be_texted(sqlite_store: Store, patient: PatientRecord) -> None:
    lookup = ListedLineLookup()
    world = a_world(sqlite_store, lookup)
    world.sync(an_entry(patient=patient))

    look_up_lines(world.deps)

    assert lookup.asked == []


def test_without_lookup_nobody_is_asked(sqlite_store: Store) -> None:
    world = World(sqlite_store, only("remind_confirm"))
    world.sync(an_entry())

    assert look_up_lines(world.deps) == 0
    assert world.count("contact") == 0


@pytest.mark.parametrize(("fault", "kind"), [("30006", "landline"), ("21635", "landline"), ("30005", None)])
def test_a_landline_known_by_an_error_is_remembered_as_one(store: Store, fault: str, kind: str | None) -> None:
    world = a_world(store, ListedLineLookup())
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    world.pump()

    with store.transaction() as tx:
        contacts.mark_fault(tx, contacts.at_address(tx, PHONE), fault, now=world.clock.now())

    assert world.all(LINES) == [(kind, fault)]


def test_only_a_task_about_an_address_speaks_of_a_landline() -> None:
    for kind in TaskKind:
        wanted = PHONE_A_LANDLINE if kind is TaskKind.ADDRESS_FAULT else NEXT_ACTIONS[kind]
        assert next_action(kind, is_landline=True) == wanted
        assert next_action(kind, is_landline=False) == NEXT_ACTIONS[kind]
