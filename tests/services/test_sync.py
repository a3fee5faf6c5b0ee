from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from reminders.core.appointments import AppointmentStatus, ChangeKind
from reminders.core.transport import RideState
from reminders.ports import Fault
from reminders.services.sync_schedule import SyncOptions
from reminders.store import appointments, confirmations, rows
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry, local
from tests.world import CONFIRM_AT, World, only, some_entries

START = NOON + timedelta(days=14)
LATER = START + timedelta(days=1)
CANCELLED = AppointmentStatus.CANCELLED
FAULT = Fault(3, "phone", "found 'x'", "a phone number is wanted")


def dump(world: World) -> dict[str, list[Any]]:
    """Return every row of every table."""
    return {
        table.name: world.all(select(table).order_by(*table.primary_key.columns))
        for table in rows.metadata.sorted_tables
    }


@pytest.fixture
def quiet(store: Store) -> World:
    return World(store, only("remind_confirm", "moved", "cancelled", "booked"))


def told(world: World) -> None:
    """Let the patient be reminded of the appointment."""
    world.sync(an_entry(booking=a_booking(START)))
    world.at(CONFIRM_AT)
    assert world.pump() == 1


def test_the_same_schedule_again_writes_nothing(world: World) -> None:
    entries = some_entries(5)
    world.sync(*entries)
    before = dump(world)
    world.later(timedelta(minutes=5))
    report = world.sync(*entries)
    assert dump(world) == before
    assert report.is_applied
    assert report.count(ChangeKind.UNCHANGED) == 5


@pytest.mark.both_databases
def test_the_same_schedule_in_the_middle_of_everything_writes_nothing(world: World) -> None:
    entries = some_entries(3)
    world.sync(*entries)
    world.at(CONFIRM_AT)
    world.pump()
    world.text("C", sender="+12025550001")
    world.text("STOP", sender="+12025550002")
    before = dump(world)
    world.sync(*entries)
    assert dump(world) == before


def test_a_dry_run_says_what_would_change_and_writes_nothing(world: World) -> None:
    before = dump(world)
    report = world.sync(*some_entries(2), options=SyncOptions(is_dry_run=True))
    assert dump(world) == before
    assert not report.is_applied
    assert report.count(ChangeKind.ADDED) == 2


def test_a_move_makes_a_new_version_with_reminders_of_its_own(quiet: World) -> None:
    quiet.sync(an_entry(booking=a_booking(START)))
    report = quiet.sync(an_entry(booking=a_booking(LATER)))
    assert report.count(ChangeKind.MOVED) == 1
    found = quiet.reminders()
    assert found["A1", 1, "remind_confirm"] == ("cancelled", "superseded")
    assert found["A1", 2, "remind_confirm"] == ("planned", None)
    quiet.check()


def test_a_move_stops_what_waits_to_leave_and_ends_the_confirmation(quiet: World) -> None:
    told(quiet)
    quiet.text("C")
    quiet.later(timedelta(minutes=1))
    quiet.sync(an_entry(booking=a_booking(LATER)))
    appointment = quiet.all(select(rows.appointment))[0]
    assert (appointment.version, appointment.confirmed_version) == (2, 1)
    quiet.pump()
    _asked, answered, told_anew = quiet.bodies
    assert "expect you" in answered
    assert "moved" in told_anew.lower() or "new time" in told_anew.lower()
    quiet.check()


def test_who_was_told_nothing_hears_of_no_move(store: Store) -> None:
    world = World(store, only("remind_confirm", "moved", "cancelled"))
    world.sync(an_entry(booking=a_booking(START)))
    world.sync(an_entry(booking=a_booking(LATER)))
    world.pump()
    assert world.bodies == []
    world.sync(an_entry(booking=a_booking(LATER, status=CANCELLED)), options=SyncOptions(is_approved=True))
    world.pump()
    assert world.bodies == []
    assert set(world.reminders().values()) == {("cancelled", "superseded")}
    world.check()


def test_who_was_told_hears_that_it_is_cancelled(quiet: World) -> None:
    told(quiet)
    quiet.sync(an_entry(booking=a_booking(START, status=CANCELLED)), options=SyncOptions(is_approved=True))
    quiet.pump()
    assert len(quiet.bodies) == 2
    assert "cancel" in quiet.bodies[1].lower()
    quiet.check()


def test_a_message_that_never_left_told_nobody(quiet: World) -> None:
    quiet.sync(an_entry(booking=a_booking(START)))
    quiet.at(CONFIRM_AT)
    quiet.claim()
    quiet.sync(an_entry(booking=a_booking(LATER)))
    assert quiet.states() == [("cancelled", "superseded")]
    assert ("A1", 2, "moved") not in quiet.reminders()


def test_what_the_schedule_no_longer_names_is_asked_about_once_and_never_cancelled(quiet: World) -> None:
    entries = some_entries(3)
    quiet.sync(*entries)
    assert quiet.sync(*entries[1:]).missing == ["A1"]
    assert quiet.sync(*entries[1:]).missing == []
    assert quiet.tasks() == ["missing_from_schedule"]
    assert quiet.reminders()["A1", 1, "remind_confirm"] == ("planned", None)
    quiet.sync(*entries)
    quiet.sync(*entries[1:])
    assert quiet.tasks() == ["missing_from_schedule"]


def test_a_schedule_that_cancels_more_than_a_fifth_waits_for_a_yes(quiet: World) -> None:
    entries = some_entries(4)
    quiet.sync(*entries)
    off = replace(entries[0], booking=a_booking(status=CANCELLED))
    before = dump(quiet)
    report = quiet.sync(off, *entries[1:])
    assert (report.waits_for_yes, report.is_applied) == (True, False)
    assert dump(quiet) == before
    assert quiet.sync(off, *entries[1:], options=SyncOptions(is_approved=True)).is_applied


def test_a_schedule_with_faults_changes_nothing_unless_the_good_rows_are_wanted(quiet: World) -> None:
    entries = some_entries(3)
    quiet.sync(entries[0])
    before = dump(quiet)
    report = quiet.sync(*entries[1:], faults=[FAULT])
    assert not report.is_applied
    assert dump(quiet) == before
    report = quiet.sync(*entries[1:], faults=[FAULT], options=SyncOptions(is_partial=True))
    assert report.is_applied
    assert quiet.count("appointment") == 3
    assert quiet.tasks() == [], "a row with a fault is not missing"


@pytest.mark.both_databases
def test_a_first_import_tells_nobody_that_they_are_booked(store: Store) -> None:
    world = World(store, only("booked"))
    world.sync(*some_entries(2))
    world.sync(*(replace(entry, patient=replace(entry.patient, name="A. Other")) for entry in some_entries(2)))
    world.pump()
    assert world.count("reminder") == 0
    world.sync(*some_entries(3))
    assert world.pump() == 1, "what comes later is news"
    world.check()


def test_a_first_import_may_be_announced(store: Store) -> None:
    world = World(store, only("booked"))
    world.sync(*some_entries(2), options=SyncOptions(is_announced=True))
    assert world.pump() == 2
    world.check()


def test_consent_taken_back_suppresses_and_consent_given_revives(quiet: World) -> None:
    with_consent = a_record(email=None)
    without = replace(with_consent, has_sms_consent=False)
    quiet.sync(an_entry(patient=with_consent))
    quiet.sync(an_entry(patient=without))
    assert quiet.reminders()["A1", 1, "remind_confirm"] == ("suppressed", "no_consent")
    quiet.sync(an_entry(patient=with_consent))
    assert quiet.reminders()["A1", 1, "remind_confirm"] == ("planned", None)
    events = quiet.all(select(rows.consent_event).order_by(rows.consent_event.c.id))
    assert [(row.channel, row.is_granted) for row in events if row.channel == "sms"] == [
        ("sms", True),
        ("sms", False),
        ("sms", True),
    ]


def test_consent_taken_back_stops_what_waits_to_leave(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    record = a_record(email=None)
    world.sync(an_entry(patient=record))
    world.at(local("2027-03-13 20:30"))
    world.pump()
    assert world.states() == [("held", "quiet_hours")]
    world.sync(an_entry(patient=replace(record, has_sms_consent=False)))
    world.at(local("2027-03-14 12:00"))
    assert world.pump() == 0
    assert world.states() == [("cancelled", "replanned")]
    assert world.reminders()["A1", 1, "remind_confirm"] == ("suppressed", "no_consent")
    assert world.tasks() == ["no_consent"]
    world.check()


def test_an_appointment_that_passes_to_another_patient_follows_them(quiet: World) -> None:
    quiet.sync(an_entry(patient=a_record("P1")))
    quiet.text("C")
    quiet.sync(an_entry(patient=a_record("P2", name="Lee Moss", phone="+12025550199", email=None)))
    appointment = quiet.all(select(rows.appointment))[0]
    assert appointment.confirmed_version != appointment.version
    quiet.at(CONFIRM_AT)
    quiet.pump()
    assert [sent.text.to for sent in quiet.sms.sent] == ["+12025550199"]
    quiet.check()


def test_several_clinics_are_told_apart_by_slug(store: Store) -> None:
    hillside = {**only("remind_confirm"), "slug": "hillside", "sender": "Hillside Clinic", "phone": "+12025550111"}
    world = World(store, only("remind_confirm"), hillside)
    mine, theirs = an_entry("A1"), an_entry("A1", patient=a_record(phone="+12025550188", email=None))
    assert world.sync(("riverside", mine), ("hillside", theirs)).is_applied
    world.at(CONFIRM_AT)
    assert world.pump() == 2
    assert {(sent.text.to, "Hillside" in sent.text.body) for sent in world.sms.sent} == {
        ("+12025550101", False),
        ("+12025550188", True),
    }
    world.check()


@pytest.mark.both_databases
@pytest.mark.parametrize("slug", ["elsewhere", None])
def test_a_row_of_an_unknown_clinic_is_a_fault_with_its_line(store: Store, slug: str | None) -> None:
    world = World(store, only("remind_confirm"), {**only("remind_confirm"), "slug": "hillside"})
    report = world.sync((slug, an_entry("A1", line=7)), ("hillside", an_entry("A2")))
    assert [(fault.line, fault.column) for fault in report.faults] == [(7, "clinic")]
    assert "hillside, riverside" in str(report.faults[0])
    assert not report.is_applied
    report = world.sync((slug, an_entry("A1")), ("hillside", an_entry("A2")), options=SyncOptions(is_partial=True))
    assert report.is_applied
    assert world.count("appointment") == 1


def test_rows_that_name_the_only_clinic_and_rows_that_name_none_are_one_schedule(world: World) -> None:
    first, second = some_entries(2)
    assert world.sync(("riverside", first), (None, second)).is_applied
    assert world.count("appointment") == 2


def test_a_merged_texts_other_appointment_was_told_too(store: Store) -> None:
    world = World(store, only("remind_confirm", "moved"))
    pair = [an_entry("A1", booking=a_booking(START)), an_entry("A2", booking=a_booking(START + timedelta(hours=3)))]
    world.sync(*pair)
    world.at(CONFIRM_AT)
    assert world.pump() == 1
    assert world.reminders()["A2", 1, "remind_confirm"] == ("merged", "merged")
    world.sync(pair[0], an_entry("A2", booking=a_booking(START + timedelta(hours=5))))
    world.pump()
    assert world.reminders()["A2", 2, "moved"] == ("dispatched", None)
    world.check()


@pytest.mark.both_databases
def test_an_answer_that_comes_while_a_schedule_is_applied_is_kept(world: World) -> None:
    world.sync(an_entry())
    row = world.all(select(rows.appointment))[0]
    with world.store.transaction() as tx:
        [read_before] = appointments.named(tx, row.clinic_id, "A1")
        confirmations.confirm(tx, [read_before.id], now=NOON)
        assert appointments.record_ride(tx, read_before.id, 1, RideState.ARRANGED)
        appointments.update_many(tx, row.clinic_id, row.source, [read_before])
        [found] = appointments.named(tx, row.clinic_id, "A1")
    assert (found.is_confirmed, found.has_ride) == (True, True)


def test_a_row_of_an_unknown_clinic_stops_a_reading_before_anything_is_written(world: World) -> None:
    world.sync(an_entry())
    before = dump(world)
    report = world.sync(an_entry(booking=a_booking(LATER)), ("elsewhere", an_entry("A2")))
    assert (report.is_applied, [fault.column for fault in report.faults]) == (False, ["clinic"])
    assert report.count(ChangeKind.MOVED) == 1
    assert dump(world) == before
