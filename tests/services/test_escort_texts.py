"""What leaves to whoever fetches a patient, and what leaves to the patient beside it (requirement 52)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from reminders.core.appointments import ScheduleEntry
from reminders.core.escorts import EscortConsent
from reminders.core.ids import ClinicId, PatientId
from reminders.store import escorts, rows
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry, local
from tests.world import MINUTE, World, only

FIRST = local("2027-03-15 09:00")
DAY = timedelta(days=1)
ESCORT = "+12025550177"


def fetched(name: str = "A1", *, phone: str | None = ESCORT, at: datetime = FIRST) -> ScheduleEntry:
    booking = replace(a_booking(at), escort_name="Robin Hale", escort_phone=phone)
    return an_entry(name, patient=a_record(email=None, language="es"), booking=booking)


def agree(world: World, phone: str = ESCORT) -> None:
    patient = world.all(select(rows.patient))[0]
    consent = EscortConsent(
        id=world.identity.new_id(),
        clinic_id=ClinicId(patient.clinic_id),
        patient_id=PatientId(patient.id),
        phone=phone,
        is_granted=True,
        note="said so on the phone",
        recorded_by="desk",
        recorded_at=world.clock.now(),
    )
    with world.store.transaction() as tx:
        escorts.record(tx, consent)


@pytest.fixture
def escorted(store: Store) -> World:
    """Make a world in which an escort agreed to be texted, and the patient reads Spanish."""
    world = World(store, only("remind_final", "pick_up", "pick_up_off"))
    world.sync(an_entry("A0", patient=fetched().patient, booking=a_booking(FIRST + 60 * DAY)))
    agree(world)
    world.sync(an_entry("A0", patient=fetched().patient, booking=a_booking(FIRST + 60 * DAY)), fetched())
    return world


def to(world: World, phone: str) -> list[str]:
    return [sent.text.body for sent in world.sms.sent if sent.text.to == phone]


def test_an_escort_is_told_when_and_where_and_nothing_else(escorted: World) -> None:
    escorted.at(FIRST - DAY + timedelta(hours=5))
    assert escorted.pump() == 2
    (text,) = to(escorted, ESCORT)
    assert "pick" in text.lower()
    assert "Mon Mar 15" in text
    (theirs,) = [row for row in escorted.messages() if row.recipient == "escort"]
    assert (theirs.kind, theirs.asks) == ("pick_up", "pick_up"), "no ride is arranged yet"
    assert "http" not in text
    assert len(to(escorted, "+12025550101")) == 1
    escorted.check()


def test_an_escort_who_opts_out_is_left_alone_and_the_patient_is_not(escorted: World) -> None:
    escorted.text("STOP", sender=ESCORT)
    escorted.at(FIRST - DAY + timedelta(hours=5))
    escorted.pump()
    assert to(escorted, ESCORT) == []
    assert len(to(escorted, "+12025550101")) == 1


def test_a_patient_who_opts_out_is_left_alone_and_the_escort_is_not(escorted: World) -> None:
    escorted.text("STOP")
    escorted.at(FIRST - DAY + timedelta(hours=5))
    escorted.pump()
    assert to(escorted, "+12025550101") == []
    assert len(to(escorted, ESCORT)) == 1


def test_two_escorts_of_one_day_get_a_text_each_about_their_own_session(store: Store) -> None:
    other = "+12025550178"
    world = World(store, only("pick_up"))
    sessions = [fetched(), fetched("A2", phone=other, at=FIRST + timedelta(hours=4))]
    world.sync(*sessions)
    agree(world)
    agree(world, other)
    world.sync(*(replace(entry, booking=replace(entry.booking, duration=90 * MINUTE)) for entry in sessions))
    world.at(FIRST - DAY + timedelta(hours=5))
    assert world.pump() == 2
    assert [len(to(world, phone)) for phone in (ESCORT, other)] == [1, 1]
    assert to(world, ESCORT) != to(world, other)


def test_an_escort_answers_a_question_of_the_clinics_own(sqlite_store: Store) -> None:
    step = {"phase": "before", "due": "start - 2 days at 10:00", "expires": "start"}
    document = only(templates={"en": {"still_there": "{{sender}}: can we count on you, {{pick_up_at}}? {{question}}"}})
    document["cadence"]["*"]["steps"] = {"still_there": {**step, "recipient": "escort", "asks": "pick_up"}}
    world = World(sqlite_store, document)
    world.sync(fetched())
    agree(world)
    world.sync(fetched(), an_entry("A0", patient=fetched().patient, booking=a_booking(FIRST + 60 * DAY)))
    world.at(local("2027-03-13 10:00"))
    assert world.pump() == 1
    (text,) = to(world, ESCORT)
    assert "Reply C if you will be there" in text
    world.text("C", sender=ESCORT)
    rides = {row.external_id: row.ride_version for row in world.all(select(rows.appointment))}
    assert rides == {"A1": 1, "A0": None}
    world.check()
