"""How many statements a group of messages costs: not one more for each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from reminders.core.delivery import Absent, Accepted, Refusal, Rejected
from reminders.core.ids import PatientId
from reminders.core.patients import Channel
from reminders.services.begin_attempts import begin_attempts
from reminders.services.dispatch_due import dispatch_due
from reminders.services.plan_reminders import plan_patients
from reminders.services.record_outcomes import record_outcomes
from reminders.store import clinics, rows
from reminders.store.unit_of_work import Store
from tests.builders import NOON
from tests.servers.wiping import wipe
from tests.world import CONFIRM_AT, MINUTE, World, only, some_entries

pytestmark = pytest.mark.both_databases

FEW, MANY = 4, 32
MOST_FOR_A_GATE = 7
"""On SQLite, where clock and circuit are two, intents and messages too, and a transaction begins with one."""
MOST_TO_MAKE = 16
"""For the patients of one clinic who are written to for the first time, so that their addresses are new as well."""
MOST_FOR_OUTCOMES = 6
"""On SQLite, where a transaction begins with one; PostgreSQL needs four."""
MORE_AT_MOST = 4
"""More outcomes may be recorded in a flush or two more, when the machine is busy: two statements each."""


@contextmanager
def counting(store: Store) -> Iterator[list[str]]:
    """Collect the statements that reach the database."""
    seen: list[str] = []

    def note(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


def ready(store: Store, patients: int, channel: Channel = Channel.SMS) -> World:
    wipe(store)
    world = World(store, only("remind_confirm"))
    by_mail = [replace(entry, patient=replace(entry.patient, phone=None)) for entry in some_entries(patients)]
    world.sync(*(by_mail if channel is Channel.EMAIL else some_entries(patients)))
    world.at(CONFIRM_AT)
    return world


@pytest.mark.parametrize("channel", Channel)
def test_sending_many_costs_no_more_statements_than_sending_few(store: Store, channel: Channel) -> None:
    costs = []
    for patients in (FEW, MANY):
        world = ready(store, patients, channel)
        dispatch_due(world.deps)
        with counting(store) as seen:
            assert world.pump(channel) == patients
        costs.append(len(seen))
    assert costs[1] <= costs[0] + MORE_AT_MOST


def test_the_gate_asks_in_few_trips_whatever_it_does_not_lock(store: Store) -> None:
    """What it locks it asks at once, then all else at once, then it writes what leaves; SQLite takes two trips more."""
    world = ready(store, MANY)
    token, taken = world.claim()
    with counting(store) as seen:
        assert len(begin_attempts(world.deps, Channel.SMS, taken, token)) == MANY
    assert len(seen) <= MOST_FOR_A_GATE


def test_what_the_provider_took_is_recorded_in_few_trips(store: Store) -> None:
    world = ready(store, MANY)
    token, taken = world.claim()
    begun = begin_attempts(world.deps, Channel.SMS, taken, token)
    told = [(item.tag, Accepted(f"SM{n:032x}", "queued")) for n, item in enumerate(begun)]
    record_outcomes(world.deps, told[:1])  # the first good one is noted, others soon after it are not
    with counting(store) as seen:
        record_outcomes(world.deps, told[1:])
    assert len(seen) <= MOST_FOR_OUTCOMES
    assert world.states() == [("accepted", None)] * MANY


def test_dispatching_many_costs_no_more_statements_than_dispatching_few(store: Store) -> None:
    costs = []
    for patients in (FEW, MANY):
        world = ready(store, patients)
        with counting(store) as seen:
            assert dispatch_due(world.deps) == patients
        costs.append(len(seen))
    assert costs[1] <= costs[0]
    assert costs[1] <= MOST_TO_MAKE


def test_planning_many_for_another_day_costs_no_more_statements_than_few(store: Store) -> None:
    costs = []
    for patients in (FEW, MANY):
        world = ready(store, patients)
        world.at(NOON)
        people = [PatientId(row.id) for row in world.all(select(rows.patient))]
        with store.transaction() as tx:
            (clinic,) = clinics.every(tx).values()
            closed = replace(clinic, closures=frozenset({CONFIRM_AT.date()}))
            with counting(store) as seen:
                planned = plan_patients(tx, closed, people, identity=world.identity, now=NOON)
        assert planned.moved == patients
        costs.append(len(seen))
    assert costs[1] <= costs[0]


def test_importing_many_costs_no_more_statements_than_few(store: Store) -> None:
    costs = []
    for patients in (FEW, MANY):
        wipe(store)
        world = World(store, only("remind_confirm"))
        entries = some_entries(patients)
        seen: list[str] = []
        for moved in (timedelta(0), timedelta(0), timedelta(hours=1)):
            later = [
                replace(entry, booking=replace(entry.booking, starts_at=entry.booking.starts_at + moved))
                for entry in entries
            ]
            with counting(store) as some:
                assert world.sync(*later).is_applied
            seen += some
        costs.append(len(seen))
    assert costs[1] <= costs[0]


@pytest.mark.parametrize(
    "outcome",
    [
        Absent("busy", retry_after=MINUTE),
        Rejected(Refusal.CONTENT, "30007", "filtered"),
        Rejected(Refusal.ADDRESS, "21614", "no mobile"),
        Rejected(Refusal.OPTED_OUT, "21610", "opted out"),
    ],
    ids=["absent", "rejected", "faulty", "opted out"],
)
def test_an_outage_costs_no_more_statements_for_many_than_for_few(store: Store, outcome: Absent | Rejected) -> None:
    costs = []
    for patients in (FEW, MANY):
        world = ready(store, patients)
        dispatch_due(world.deps)
        for _ in range(patients):
            world.sms.answer_next(outcome)
        with counting(store) as seen:
            world.pump()
        costs.append(len(seen))
    assert costs[1] <= costs[0] + MORE_AT_MOST


def test_holding_many_back_costs_no_more_statements_than_few(store: Store) -> None:
    costs = []
    for patients in (FEW, MANY):
        world = ready(store, patients)
        dispatch_due(world.deps)
        world.at(CONFIRM_AT.replace(day=14, hour=2))
        with counting(store) as seen:
            assert world.pump() == 0
        assert {state for state, _ in world.states()} == {"held"}
        costs.append(len(seen))
    assert costs[1] <= costs[0]


def test_a_pump_with_nothing_to_do_takes_no_write_lock(store: Store) -> None:
    world = ready(store, 0)
    with counting(store) as seen:
        world.pump()
    assert [statement for statement in seen if not statement.lstrip().startswith("SELECT")] in ([], ["BEGIN"] * 2)
