"""Overrides: what staff change for one patient holds at once, for what is planned and for what already waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from reminders.core.appointments import AppointmentStatus
from reminders.core.errors import InputError, NotFoundError
from reminders.core.overrides import Change
from reminders.core.patients import Channel
from reminders.services.dispatch_due import dispatch_due
from reminders.services.override import OverrideReport, override_cadence, read_override
from reminders.store import patients, rows
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, an_entry, local
from tests.servers.wiping import wipe
from tests.services.test_statements import counting
from tests.world import CLINIC, CONFIRM_AT, World, only, some_entries

START = NOON + timedelta(days=14)
WHY, WHO = "asked for it", "Kim"
FULFILLED = AppointmentStatus.FULFILLED


def change(world: World, *, patient: str = "P1", **parts: Any) -> OverrideReport:  # noqa: ANN401 - any part of a change
    report = override_cadence(world.deps, patient, None, replace(Change(), **parts), reason=WHY, by=WHO)
    world.check()
    return report


def planned(world: World) -> set[str]:
    return {row.step for row in world.all(select(rows.reminder)) if row.state == "planned"}


def test_a_step_that_is_off_for_one_patient_stays_on_for_others(world: World) -> None:
    world.sync(*some_entries(2))
    report = change(world, off=("remind_confirm",), on=("day_of",))
    assert (report.planned, report.withdrawn) == (1, 1)
    found = world.reminders()
    assert found["A1", 1, "remind_confirm"] == ("cancelled", "replanned")
    assert found["A1", 1, "day_of"] == ("planned", None)
    assert found["A2", 1, "remind_confirm"] == ("planned", None)
    assert ("A2", 1, "day_of") not in found


def test_what_was_changed_holds_for_sessions_that_are_booked_later(world: World) -> None:
    world.sync(an_entry())
    change(world, off=("remind_confirm",))
    world.sync(an_entry(), an_entry("A2", booking=a_booking(START + timedelta(days=9))))
    assert ("A2", 1, "remind_confirm") not in world.reminders()


def test_taking_it_back_brings_the_clinics_plan_back(world: World) -> None:
    world.sync(an_entry())
    before = planned(world)
    change(world, off=("remind_confirm", "prep_first"), on=("day_of",), channels="email")
    assert planned(world) != before
    change(world, is_cleared=True)
    assert planned(world) == before
    assert {row.channel for row in world.all(select(rows.reminder)) if row.state == "planned"} == {Channel.SMS}


@pytest.mark.both_databases
def test_a_longer_fast_moves_the_last_reminder_before_it(store: Store) -> None:
    world = World(store, only("remind_final"))
    world.sync(an_entry(booking=a_booking(local("2027-03-16 09:00"))))
    due = select(rows.reminder.c.due_at).where(rows.reminder.c.state == "planned")
    assert world.all(due)[0][0] == local("2027-03-15 10:00")
    change(world, distances={"solids_fast": "24h"})
    assert world.all(due)[0][0] < local("2027-03-15 09:00")


def test_a_message_that_waits_is_taken_back_and_leaves_as_it_holds_now(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    dispatch_due(world.deps)
    change(world, channels="email")
    assert world.states() == [("cancelled", "replanned")]
    assert world.pump() == 0
    assert world.pump(Channel.EMAIL) == 1
    world.check()


def test_a_message_whose_step_is_switched_off_never_leaves(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    dispatch_due(world.deps)
    change(world, off=("remind_confirm",))
    assert world.pump() == 0
    assert world.bodies == []


@pytest.mark.parametrize("word", ["declined", "discharged"])
def test_who_declined_or_was_discharged_is_not_asked_to_rebook(store: Store, word: str) -> None:
    clinic = {**CLINIC, "cadence": {"*": {"rebook_weeks": 4}}}
    world = World(store, clinic)
    world.sync(an_entry(booking=a_booking(NOON + timedelta(hours=1))))
    world.later(timedelta(hours=4))
    world.sync(an_entry(booking=a_booking(NOON + timedelta(hours=1), status=FULFILLED)))
    assert "rebook" in planned(world)
    change(world, rebook=word)
    assert "rebook" not in planned(world)
    change(world, rebook="allowed")
    assert "rebook" in planned(world)


def test_one_patient_may_be_asked_to_rebook_where_the_clinic_asks_nobody(world: World) -> None:
    done = an_entry(booking=a_booking(NOON - timedelta(hours=4), status=FULFILLED))
    world.sync(done)
    assert "rebook" not in planned(world)
    change(world, rebook_weeks="4")
    assert "rebook" in planned(world)


@pytest.mark.both_databases
def test_every_decision_is_kept_with_who_and_why(world: World) -> None:
    world.sync(an_entry())
    change(world, off=("prep_first",))
    world.later(timedelta(minutes=1))
    change(world, is_cleared=True)
    report = read_override(world.deps, "P1", None)
    assert report.document == {}
    assert [(item.document, item.made_by, item.reason) for item in report.history] == [
        ({}, WHO, WHY),
        ({"off": ["prep_first"]}, WHO, WHY),
    ]
    assert [item.ended_at is None for item in report.history] == [True, False]
    assert all(WHY.encode() not in row.reason for row in world.all(select(rows.patient_override)))


def test_asking_for_what_holds_already_writes_nothing(world: World) -> None:
    world.sync(an_entry())
    assert change(world, off=("prep_first",)).is_changed
    assert not change(world, off=("prep_first",)).is_changed
    assert world.count("patient_override") == 1


@pytest.mark.both_databases
def test_a_fault_changes_nothing(world: World) -> None:
    world.sync(an_entry())
    with pytest.raises(InputError, match="--off: found 'nothing_such'"):
        change(world, off=("nothing_such",))
    with pytest.raises(NotFoundError, match="no patient 'P9'"):
        change(world, patient="P9", off=("prep_first",))
    assert world.count("patient_override") == 0


def test_overrides_of_many_patients_cost_no_more_statements_than_of_one(store: Store) -> None:
    costs = []
    for number in (1, 20):
        wipe(store)
        world = World(store)
        world.sync(*some_entries(number))
        for n in range(1, number + 1):
            change(world, patient=f"P{n}", off=("prep_first",))
        clinic_id = world.all(select(rows.clinic.c.id))[0][0]
        ids = [row.id for row in world.all(select(rows.patient.c.id))]
        with counting(store) as seen, store.reading() as tx:
            found = patients.get_many(tx, clinic_id, ids)
        assert {patient.override.off for patient in found.values()} == {frozenset({"prep_first"})}
        costs.append(len(seen))
    assert costs[0] == costs[1]
