"""Requirement 52: an escort is planned for only with their own consent, and no longer once they take it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from reminders.core.appointments import AppointmentStatus, ScheduleEntry
from reminders.core.consent import Source
from reminders.core.errors import InputError, NotFoundError
from reminders.core.patients import Recipient
from reminders.core.pauses import PauseKind
from reminders.services.dispatch_due import dispatch_due
from reminders.services.escort_consent import EscortReport, read_escorts, record_escort_consent
from reminders.services.opt_out import Said, opt_in_address, opt_out_address
from reminders.services.pause import Subject, pause
from reminders.services.sync_schedule import SyncOptions
from reminders.store import rows
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry
from tests.world import CLINIC, World, only

START = NOON + timedelta(days=14)
ESCORT = "+12025550177"
KEYWORD = Said(Source.KEYWORD, "text")


def fetched(external_id: str = "A1", **parts: Any) -> ScheduleEntry:  # noqa: ANN401 - any part of a booking
    """Return a session whose booking names the escort."""
    booking = replace(a_booking(START), escort_name="Sam Rivers", escort_phone=ESCORT)
    return an_entry(external_id, booking=replace(booking, **parts))


def agree(world: World, phone: str = ESCORT, *, is_granted: bool = True) -> EscortReport:
    report = record_escort_consent(world.deps, "P1", None, phone, is_granted=is_granted, note="on the phone", by="Kim")
    world.check()
    return report


def escorts_steps(world: World) -> list[tuple[str, str, str | None]]:
    theirs = select(rows.reminder).where(rows.reminder.c.recipient == Recipient.ESCORT).order_by(rows.reminder.c.step)
    return [(row.step, row.state, row.reason) for row in world.all(theirs)]


@pytest.fixture
def clinic(store: Store) -> World:
    return World(store, only("pick_up", "pick_up_off"))


def test_without_consent_nothing_is_planned_for_an_escort(clinic: World) -> None:
    clinic.sync(fetched())
    assert escorts_steps(clinic) == []


def test_with_consent_the_escort_of_a_booking_is_planned_for(clinic: World) -> None:
    clinic.sync(fetched(), an_entry("A2", booking=a_booking(START + timedelta(days=7))))
    report = agree(clinic)
    assert (report.sessions, report.planned, report.willing) == (1, 1, frozenset({ESCORT}))
    assert escorts_steps(clinic) == [("pick_up", "planned", None)]


def test_consent_given_before_the_booking_holds_for_it(clinic: World) -> None:
    clinic.sync(an_entry())
    assert agree(clinic).sessions == 0
    clinic.sync(fetched())
    assert escorts_steps(clinic) == [("pick_up", "planned", None)]


def test_consent_is_for_one_patient_and_one_phone(clinic: World) -> None:
    other = replace(fetched("B1"), patient=a_record("P2", phone="+12025550102"))
    clinic.sync(fetched(), other)
    agree(clinic, "+12025550188")
    assert escorts_steps(clinic) == []
    agree(clinic)
    assert escorts_steps(clinic) == [("pick_up", "planned", None)]


@pytest.mark.both_databases
def test_the_newest_word_holds_and_all_are_kept(clinic: World) -> None:
    clinic.sync(fetched())
    agree(clinic)
    clinic.later(timedelta(minutes=1))
    report = agree(clinic, is_granted=False)
    assert (report.willing, report.withdrawn) == (frozenset(), 1)
    assert escorts_steps(clinic) == [("pick_up", "cancelled", "replanned")]
    clinic.later(timedelta(minutes=1))
    agree(clinic)
    assert escorts_steps(clinic) == [("pick_up", "planned", None)]
    history = read_escorts(clinic.deps, "P1", None).history
    assert [item.is_granted for item in history] == [True, False, True]
    sealed = clinic.all(select(rows.escort_consent))
    assert all(ESCORT.encode() not in row.phone and b"phone" not in row.note for row in sealed)


def test_an_escort_who_texts_stop_is_planned_for_no_longer_until_start(clinic: World) -> None:
    clinic.sync(fetched())
    agree(clinic)
    clinic.text("STOP", sender=ESCORT)
    assert escorts_steps(clinic) == [("pick_up", "cancelled", "replanned")]
    assert agree(clinic).willing == frozenset()
    clinic.text("START", sender=ESCORT)
    assert escorts_steps(clinic) == [("pick_up", "planned", None)]
    clinic.check()


@pytest.mark.both_databases
def test_the_opt_out_of_an_escort_stops_nothing_for_the_patient(store: Store) -> None:
    world = World(store, only("pick_up", "remind_confirm"))
    world.sync(fetched())
    agree(world)
    with store.transaction() as tx:
        opt_out_address(tx, world.deps, ESCORT, KEYWORD, now=world.clock.now())
    assert world.reminders()["A1", 1, "remind_confirm"] == ("planned", None)
    with store.transaction() as tx:
        opt_in_address(tx, world.deps, ESCORT, KEYWORD, now=world.clock.now())


def test_a_cancelled_session_ends_what_waits_for_its_escort(clinic: World) -> None:
    clinic.sync(fetched())
    agree(clinic)
    clinic.sync(fetched(status=AppointmentStatus.CANCELLED), options=SyncOptions(is_approved=True))
    assert escorts_steps(clinic) == [("pick_up", "cancelled", "superseded")]


@pytest.mark.both_databases
def test_what_cannot_be_recorded_is_refused(clinic: World) -> None:
    clinic.sync(fetched())
    with pytest.raises(NotFoundError, match="no patient 'P9'"):
        record_escort_consent(clinic.deps, "P9", None, ESCORT, is_granted=True, note="x", by="Kim")
    with pytest.raises(InputError, match="--note: found nothing"):
        record_escort_consent(clinic.deps, "P1", None, ESCORT, is_granted=True, note=" ", by="Kim")
    with pytest.raises(InputError, match="name one of: riverside"):
        record_escort_consent(clinic.deps, "P1", "other", ESCORT, is_granted=True, note="x", by="Kim")
    assert clinic.count("escort_consent") == 0


def test_two_clinics_do_not_share_consents(store: Store) -> None:
    world = World(store, CLINIC, {**CLINIC, "slug": "lakeside"})
    world.sync(("riverside", fetched()), ("lakeside", fetched()))
    record_escort_consent(world.deps, "P1", "lakeside", ESCORT, is_granted=True, note="x", by="Kim")
    assert [step for step, state, _ in escorts_steps(world) if state == "planned"] == ["ask_escort", "pick_up"]


def waiting_for(world: World) -> None:
    """Let a message to the escort wait to leave."""
    world.sync(fetched())
    agree(world)
    world.at(START - timedelta(days=1))
    dispatch_due(world.deps)
    assert [(row.kind, row.recipient, row.state) for row in world.messages()] == [("pick_up", "escort", "due")]


def test_an_escort_is_texted_once_at_their_own_phone(clinic: World) -> None:
    waiting_for(clinic)
    assert clinic.pump() == 1
    assert [sent.text.to for sent in clinic.sms.sent] == [ESCORT]
    assert clinic.pump() == 0


def test_a_no_stops_what_waits_to_leave_to_an_escort(clinic: World) -> None:
    waiting_for(clinic)
    agree(clinic, is_granted=False)
    assert clinic.states() == [("cancelled", "replanned")]
    assert clinic.pump() == 0
    agree(clinic)
    assert clinic.pump() == 1


def test_a_stop_stops_what_waits_to_leave_to_an_escort(clinic: World) -> None:
    waiting_for(clinic)
    clinic.text("STOP", sender=ESCORT)
    assert clinic.states()[0] == ("cancelled", "opted_out")
    clinic.check()


def test_a_patient_on_hold_is_fetched_by_nobody(clinic: World) -> None:
    waiting_for(clinic)
    report = pause(clinic.deps, Subject(PauseKind.PATIENT, "P1"), reason="in hospital", by="Kim")
    assert report.messages_stopped == 1
    assert clinic.pump() == 0
    clinic.check()
