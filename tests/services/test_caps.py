"""Requirement 12 in the whole: both channels count, what matters more finds room, and only patients are counted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import exists, insert, update

from reminders.core.appointments import AppointmentStatus, ScheduleEntry
from reminders.core.patients import Channel, Recipient
from reminders.core.pauses import PauseKind
from reminders.services.dispatch_due import dispatch_due
from reminders.store import rows
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry, an_id, local
from tests.world import PHONE, World, only

START = local("2027-03-12 12:00")
"""A Friday; the clock changes on the Sunday after."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CONFIRM_AT, RIDE_AT, FINAL_AT = (START - days * DAY - 2 * HOUR for days in (3, 2, 1))
PREPARE_AT = START - 5 * DAY  # a Sunday, which begins at noon
ESCORT = "+12025550777"
FULFILLED = AppointmentStatus.FULFILLED


def a_session(name: str = "A1", start: datetime = START, **parts: Any) -> ScheduleEntry:  # noqa: ANN401 - of Booking
    return an_entry(name, booking=replace(a_booking(start), **parts))


def left(world: World) -> list[str]:
    """Return what left, by kind, in order of time."""
    return [row.kind for row in sorted(world.messages(), key=lambda row: row.left_at or START) if row.left_at]


def ends(world: World) -> dict[str, tuple[str, str | None]]:
    return {row.kind: (row.state, row.reason) for row in world.messages()}


def to_mail(store: Store, step: str) -> None:
    """Let a waiting reminder go by mail."""
    with store.transaction() as tx:
        mine = rows.reminder.c.step == step
        tx.connection.execute(update(rows.reminder).where(mine).values(channel=Channel.EMAIL))


@pytest.mark.both_databases
def test_both_channels_count_alike(store: Store) -> None:
    world = World(store, only("remind_confirm", "ride_check", caps={"per_day": 1, "per_week": 8}))
    world.sync(a_session())
    to_mail(store, "ride_check")
    world.at(RIDE_AT)  # both are due by now
    dispatch_due(world.deps)
    assert world.pump(Channel.EMAIL) == 1
    assert world.pump(Channel.SMS) == 0
    assert ends(world)["remind_confirm"] == ("held", "cap")
    world.check()


@pytest.mark.parametrize("channel", Channel)
def test_of_two_messages_of_one_instant_the_better_one_leaves(store: Store, channel: Channel) -> None:
    """Whichever channel is looked at first, the other's message is known to be waiting."""
    world = World(store, only("remind_confirm", "ride_check", caps={"per_day": 1, "per_week": 8}))
    world.sync(a_session())
    to_mail(store, "ride_check")
    world.at(RIDE_AT)
    dispatch_due(world.deps)
    other = Channel.SMS if channel is Channel.EMAIL else Channel.EMAIL
    world.pump(channel)
    world.pump(other)
    assert left(world) == ["ride_check"]
    world.check()


def test_room_is_kept_for_reminders_that_are_still_to_come(store: Store) -> None:
    """Three a week: the preparation gives way five days before, so that the last reminders find room."""
    steps = ("prep_first", "remind_confirm", "ride_check", "remind_final")
    world = World(store, only(*steps, caps={"per_day": 1, "per_week": 3}))
    world.sync(a_session())
    for at in (PREPARE_AT, CONFIRM_AT, RIDE_AT, FINAL_AT):
        world.at(at)
        world.pump()
    assert left(world) == ["remind_confirm", "ride_check", "remind_final"]
    assert ends(world)["prep_first"] == ("suppressed", "cap")
    world.check()


@pytest.mark.both_databases
def test_what_is_already_answered_keeps_no_room(store: Store) -> None:
    world = World(store, only("prep_first", "ride_check", "remind_final", caps={"per_day": 1, "per_week": 2}))
    world.sync(a_session())
    with store.transaction() as tx:
        tx.connection.execute(update(rows.appointment).values(ride_version=1))
    world.at(PREPARE_AT)
    assert world.pump() == 1
    assert left(world) == ["prep_first"]
    world.check()


def test_a_message_held_by_the_cap_still_counts_as_coming(store: Store) -> None:
    world = World(store, only("remind_confirm", "moved", caps={"per_day": 1, "per_week": 8}))
    world.sync(a_session())
    world.at(CONFIRM_AT)
    assert world.pump() == 1
    world.sync(a_session(), a_session("A2", START + 2 * HOUR))
    world.later(HOUR)
    assert world.pump() == 0
    assert {row.state for row in world.messages()} == {"accepted", "held"}
    world.at(local("2027-03-10 09:00"))
    assert world.pump() == 1
    world.check()


def escorted(world: World, *, is_willing: bool) -> None:
    """Make a waiting message to the escort out of the one that is waiting for the patient."""
    dispatch_due(world.deps)
    with world.store.transaction() as tx:
        row = tx.connection.execute(rows.message.select()).one()
        contact, consent = an_id("escort"), an_id("consent")
        columns = {"clinic_id": row.clinic_id, "channel": Channel.SMS, "address_index": tx.vault.index(ESCORT)}
        address = tx.vault.seal("contact.address", contact, ESCORT)
        tx.connection.execute(insert(rows.contact).values(id=contact, address=address, **columns))
        tx.connection.execute(update(rows.message).values(contact_id=contact, recipient=Recipient.ESCORT))
        tx.connection.execute(
            insert(rows.escort_consent).values(
                id=consent,
                clinic_id=row.clinic_id,
                patient_id=row.patient_id,
                phone=tx.vault.seal("escort_consent.phone", consent, ESCORT),
                phone_index=tx.vault.index(ESCORT),
                is_granted=is_willing,
                note=tx.vault.seal("escort_consent.note", consent, ""),
                recorded_by="desk",
                recorded_at=world.clock.now(),
            )
        )


@pytest.mark.both_databases
def test_an_escort_is_written_to_by_their_own_word_and_costs_the_patient_nothing(store: Store) -> None:
    world = World(store, only("remind_confirm", "ride_check", caps={"per_day": 1, "per_week": 1}))
    silent = a_record(has_email_consent=False)
    world.sync(replace(a_session(), patient=silent))
    world.at(CONFIRM_AT)
    escorted(world, is_willing=True)
    assert world.pump() == 1
    world.at(RIDE_AT)
    assert world.pump() == 1
    assert [sent.text.to for sent in world.sms.sent] == [ESCORT, PHONE]


def test_an_escort_who_did_not_agree_hears_nothing_whatever_the_patient_agreed_to(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(a_session())
    world.at(CONFIRM_AT)
    escorted(world, is_willing=False)
    assert world.pump() == 0
    assert world.states() == [("suppressed", "no_consent")]


def pause(world: World, kind: PauseKind, subject: str) -> None:
    with world.store.transaction() as tx:
        person = tx.connection.execute(rows.patient.select()).one()
        key = an_id("pause")
        tx.connection.execute(
            insert(rows.pause).values(
                id=key,
                clinic_id=person.clinic_id,
                patient_id=person.id if kind is PauseKind.PATIENT else None,
                kind=kind,
                subject=subject,
                reason=tx.vault.seal("pause.reason", key, "in hospital"),
                made_by="desk",
                made_at=world.clock.now(),
            )
        )


@pytest.mark.parametrize(
    ("kind", "subject", "reason"),
    [(PauseKind.PATIENT, "P1", "on_hold"), (PauseKind.SERIES, "S1", "series_stopped")],
)
def test_a_pause_that_comes_between_message_and_gate_stops_the_message(
    store: Store, kind: PauseKind, subject: str, reason: str
) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(a_session(series_id="S1", series_number=1))
    world.at(CONFIRM_AT)
    dispatch_due(world.deps)
    pause(world, kind, subject)
    assert world.pump() == 0
    assert world.states() == [("suppressed", reason)]
    assert world.tasks() == []
    world.check()


def test_a_stopped_series_keeps_nothing_of_another_back(store: Store) -> None:
    world = World(store, only("remind_final", "ride_check"))
    world.sync(a_session(series_id="S1", series_number=1), a_session("A2", START + DAY, series_id="S2"))
    world.at(FINAL_AT)
    dispatch_due(world.deps)
    assert world.reminders()["A2", 1, "ride_check"] == ("merged", "merged")
    pause(world, PauseKind.SERIES, "S1")
    world.pump()
    assert ends(world) == {"remind_final": ("suppressed", "series_stopped"), "ride_check": ("accepted", None)}
    world.check()


def test_a_check_in_is_withdrawn_when_a_session_is_booked_in_between(store: Store) -> None:
    world = World(store, only("checkin_24h", "checkin_72h"))
    world.sync(a_session(status=FULFILLED))
    world.sync(a_session(status=FULFILLED), a_session("A2", START + 2 * DAY))
    found = world.reminders()
    assert found["A1", 1, "checkin_24h"] == ("planned", None)
    assert found["A1", 1, "checkin_72h"] == ("cancelled", "replanned")
    world.sync(a_session(status=FULFILLED), a_session("A2", START + 30 * DAY))
    assert world.reminders()["A1", 1, "checkin_72h"] == ("planned", None)
    world.check()


def test_a_check_in_that_the_cap_holds_survives_that_its_outcome_is_marked(store: Store) -> None:
    caps = {"per_day": 1, "per_week": 8}
    world = World(store, only("checkin_72h", "prep_first", caps=caps, assume_fulfilled=True))
    ended, coming = local("2027-03-11 14:00"), a_session("A2", local("2027-03-19 10:00"))
    world.sync(a_session("A1", ended), coming)
    for at in ("2027-03-14 12:00", "2027-03-14 16:40"):
        world.at(local(at))
        world.pump()
    assert ends(world) == {"prep_first": ("accepted", None), "checkin_72h": ("held", "cap")}
    world.sync(a_session("A1", ended, status=FULFILLED), coming)
    assert world.reminders()["A1", 1, "checkin_72h"] == ("cancelled", "superseded")
    assert world.reminders()["A1", 2, "checkin_72h"] == ("planned", None)
    for at in ("2027-03-14 16:41", "2027-03-15 09:00"):
        world.at(local(at))
        world.pump()
    assert left(world) == ["prep_first", "checkin_72h"]
    world.check()


def test_what_is_merged_into_a_held_message_of_a_session_that_moves_still_leaves(store: Store) -> None:
    world = World(store, only("remind_confirm", "ride_check"))
    world.sync(a_session(), a_session("A2", START + DAY))
    world.at(RIDE_AT)
    dispatch_due(world.deps)
    assert world.reminders()["A2", 1, "remind_confirm"] == ("merged", "merged")
    world.sync(a_session("A1", START + 20 * DAY), a_session("A2", START + DAY))
    assert world.reminders()["A2", 1, "remind_confirm"] == ("planned", None)
    assert world.pump() == 1
    assert left(world) == ["remind_confirm"]
    world.check()


@pytest.mark.both_databases
def test_two_channels_that_send_at_once_do_not_share_the_last_place(store: Store) -> None:
    world = World(store, only("remind_confirm", caps={"per_day": 1, "per_week": 8}))
    people = [a_record(f"P{n}", phone=f"+1202555{n:04d}", email=f"p{n}@example.org") for n in range(1, 25)]
    early = [replace(a_session(f"A{n}"), patient=person) for n, person in enumerate(people)]
    late = [replace(a_session(f"B{n}", START + 2 * HOUR), patient=person) for n, person in enumerate(people)]
    world.sync(*early, *late)
    with store.transaction() as tx:
        of_late = rows.reminder.c.appointment_id == rows.appointment.c.id
        by_mail = exists().where(of_late, rows.appointment.c.external_id.startswith("B"))
        tx.connection.execute(update(rows.reminder).where(by_mail).values(channel=Channel.EMAIL))
    world.at(CONFIRM_AT)
    dispatch_due(world.deps)
    with ThreadPoolExecutor(max_workers=2) as pool:
        assert sum(pool.map(world.pump, Channel)) == len(people)
    sent = [row.patient_id for row in world.messages() if row.left_at]
    assert len(sent) == len(set(sent)) == len(people)
    world.check()
