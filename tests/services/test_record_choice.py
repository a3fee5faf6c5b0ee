"""Requirements 33, 36 and 39: what somebody told a person holds like a STOP, is kept for ever, and has a deadline."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from reminders.adapters.memory_calendar import MemoryCalendar
from reminders.core.alarms import AlarmCode, alarms
from reminders.core.choices import Deadline, Heard
from reminders.core.consent import Source
from reminders.core.delivery import ReceiptStatus, Refusal
from reminders.core.errors import InputError, NotFoundError
from reminders.core.patients import Channel
from reminders.core.permissions import PastPermission
from reminders.core.timeline.events import EventKind
from reminders.core.timeline.history import SubjectKind
from reminders.services.explain import Query, explain
from reminders.services.hurry_opt_outs import hurry_opt_outs
from reminders.services.read_choices import read_choices, read_closed
from reminders.services.record_choice import Whom, record_choice, record_unmatched
from reminders.services.send_ad_hoc import AdHocRequest, send_ad_hoc
from reminders.services.watch_vitals import read_vitals
from reminders.store import patients, permissions, rows
from reminders.store.conversation_rows import permission_event
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry, local
from tests.world import CONFIRM_AT, PHONE, World, only

START = NOON + timedelta(days=14)
CALLED = Heard(Source.VOICE, date(2027, 3, 1), "Please no more texts.", "Kim")
"""NOON is Tuesday 2 March 2027 in New York."""
PATIENT = Whom(patient="P1")
SHUT, OPEN = {("suppressed", "opted_out")}, {("planned", None)}


@pytest.fixture
def world(sqlite_store: Store) -> World:
    return patient_of(sqlite_store)


def patient_of(store: Store) -> World:
    world = World(store, only("remind_confirm", "remind_final"))
    world.sync(an_entry(booking=a_booking(START)))
    return world


def plan(world: World) -> set[tuple[str, str | None]]:
    return set(world.reminders().values())


def means(world: World) -> set[str | None]:
    return {row.opted_out_by for row in world.all(select(rows.contact))}


def test_what_a_person_heard_holds_at_once_for_all_addresses_of_the_patient(store: Store) -> None:
    world = patient_of(store)
    send_ad_hoc(world.deps, AdHocRequest("Bring your card.", "desk", "k1", patient_external_id="P1"))
    report = record_choice(world.deps, PATIENT, CALLED, None, is_granted=False)
    assert sorted(report.addresses) == sorted([PHONE, "dana@example.org"])
    assert report.deadline == Deadline(date(2027, 3, 15), is_met=True)
    assert plan(world) == SHUT
    assert set(world.states()) == {("cancelled", "opted_out")}
    assert means(world) == {"voice by Kim"}
    world.at(CONFIRM_AT)
    assert world.pump() == world.pump(Channel.EMAIL) == 0
    world.check()


def test_a_number_covers_its_only_patient_s_mailbox_and_no_one_else_s(world: World) -> None:
    report = record_choice(world.deps, Whom(phone=PHONE), CALLED, None, is_granted=False)
    assert (len(report.addresses), report.patients) == (2, 1)
    assert plan(world) == SHUT


def test_a_shared_number_is_closed_for_both_and_staff_are_told(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    other = a_record("P2", name="Lee Rivers", email="lee@example.org")
    world.sync(an_entry(booking=a_booking(START)), an_entry("A2", patient=other, booking=a_booking(START)))
    report = record_choice(world.deps, PATIENT, CALLED, None, is_granted=False)
    assert report.patients == 2
    world.at(CONFIRM_AT)
    assert world.pump() == 0
    assert world.pump(Channel.EMAIL) == 1
    assert [item.event.source for item in ledger(world, "P1")] == [Source.VOICE, Source.VOICE]
    assert ledger(world, "P2") == []


def ledger(world: World, patient: str) -> list[PastPermission]:
    with world.store.reading() as tx:
        clinic_id = world.all(select(rows.clinic.c.id))[0].id
        key = patients.find(tx, clinic_id, patient)
        assert key is not None
        return [
            past for past in permissions.of_patient(tx, clinic_id, key, has_texts=True) if past.event.patient_id == key
        ]


def test_a_number_that_nobody_has_stays_closed_for_whoever_comes_with_it(sqlite_store: Store) -> None:
    world = World(sqlite_store, only("remind_confirm"))
    assert record_choice(world.deps, Whom(phone=PHONE), CALLED, None, is_granted=False).patients == 0
    world.sync(an_entry(patient=a_record(email=None), booking=a_booking(START)))
    assert plan(world) == SHUT


def test_a_person_s_own_word_to_staff_ends_any_opt_out(world: World) -> None:
    record_choice(world.deps, PATIENT, CALLED, None, is_granted=False)
    world.later(timedelta(hours=1))
    again = replace(CALLED, source=Source.IN_PERSON, note="Wants the reminders back.")
    report = record_choice(world.deps, PATIENT, again, None, is_granted=True)
    assert report.deadline is None
    assert plan(world) == OPEN
    assert means(world) == {None}
    said = read_choices(world.deps, "P1", None).choices
    assert [(item.what, item.is_granted) for item in said[:2]] == [
        ("opted in to e-mails", True),
        ("opted in to texts", True),
    ]
    world.check()


@pytest.mark.parametrize("word", ["START", "UNSTOP", "YES"])
def test_no_word_by_text_undoes_what_a_person_was_told(world: World, word: str) -> None:
    record_choice(world.deps, PATIENT, CALLED, None, is_granted=False)
    world.text(word)
    assert plan(world) == SHUT
    assert len(world.tasks()) > len([kind for kind in world.tasks() if kind == "no_consent"])


def test_what_a_person_was_told_after_a_stop_counts_more_than_the_stop(world: World) -> None:
    world.text("STOP")
    assert means(world) == {"keyword"}
    record_choice(world.deps, PATIENT, CALLED, None, is_granted=False)
    assert means(world) == {"voice by Kim"}
    world.text("START")
    assert plan(world) == SHUT


def test_a_stop_after_what_a_person_was_told_makes_it_no_easier_to_undo(world: World) -> None:
    record_choice(world.deps, PATIENT, CALLED, None, is_granted=False)
    world.text("STOP")
    world.text("START")
    assert means(world) == {"voice by Kim"}
    assert plan(world) == SHUT


@pytest.mark.both_databases
def test_every_word_is_added_and_nothing_is_changed(store: Store) -> None:
    world = patient_of(store)
    for word in ("STOP", "STOP", "START"):
        world.text(word)
        world.later(timedelta(seconds=1))
    record_choice(world.deps, PATIENT, CALLED, None, is_granted=False)
    said = read_choices(world.deps, "P1", None).choices
    texts = [(item.what, item.source, item.words) for item in reversed(said) if item.address == PHONE]
    assert texts == [
        ("opted out of texts", "keyword", "STOP"),
        ("opted out of texts", "keyword", "STOP"),
        ("opted in to texts", "keyword", "START"),
        ("opted out of texts", "voice", "Please no more texts."),
    ]
    newest = said[0]
    assert (newest.recorded_by, newest.asked_on, newest.due_on) == ("Kim", date(2027, 3, 1), date(2027, 3, 15))
    assert {item.what for item in said} >= {"consent to texts given", "consent to e-mails given"}


def test_the_ledger_keeps_words_sealed(world: World) -> None:
    record_choice(world.deps, PATIENT, CALLED, None, is_granted=False)
    assert all(b"texts" not in row.words for row in world.all(select(permission_event)))


def test_the_list_names_who_is_not_written_to(world: World) -> None:
    assert read_closed(world.deps, None)[1] == []
    record_choice(world.deps, PATIENT, CALLED, None, is_granted=False)
    closed = read_closed(world.deps, None)[1]
    assert {(item.address, item.patients, item.opted_out_by) for item in closed} == {
        (PHONE, ("P1",), "voice by Kim"),
        ("dana@example.org", ("P1",), "voice by Kim"),
    }
    assert len(read_choices(world.deps, "P1", None).closed) == 2


@pytest.mark.parametrize(
    ("received_on", "due_on", "is_met"),
    [
        (date(2027, 3, 2), date(2027, 3, 16), True),
        (date(2027, 2, 16), date(2027, 3, 2), True),
        (date(2027, 2, 15), date(2027, 3, 1), False),
        (date(2026, 3, 2), date(2026, 3, 16), False),
    ],
)
def test_staff_are_told_whether_the_deadline_was_met(
    sqlite_store: Store, received_on: date, due_on: date, *, is_met: bool
) -> None:
    world = World(sqlite_store)
    report = record_choice(
        world.deps, Whom(phone=PHONE), replace(CALLED, received_on=received_on), None, is_granted=False
    )
    assert report.deadline == Deadline(due_on, is_met)


@pytest.mark.parametrize(
    ("whom", "heard", "complaint"),
    [
        (PATIENT, replace(CALLED, received_on=date(2027, 3, 3)), "still to come"),
        (PATIENT, replace(CALLED, received_on=date(1927, 3, 1)), "is that its year?"),
        (PATIENT, replace(CALLED, note=" "), "--note: found nothing"),
        (PATIENT, replace(CALLED, by=""), "--by: found nothing"),
        (PATIENT, replace(CALLED, source=Source.KEYWORD), "--by: found keyword"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    sqlite_store: Store, whom: Whom, heard: Heard, complaint: str
) -> None:
    world = World(sqlite_store, only("remind_confirm"))
    world.sync(an_entry(booking=a_booking(START)))
    with pytest.raises(InputError, match=complaint):
        record_choice(world.deps, whom, heard, None, is_granted=False)
    assert plan(world) == OPEN
    assert world.count("permission_event") == 0


def test_a_patient_whom_nobody_knows_is_an_error(sqlite_store: Store) -> None:
    with pytest.raises(NotFoundError):
        record_choice(World(sqlite_store).deps, Whom(patient="P9"), CALLED, None, is_granted=False)


def request(world: World) -> Any:  # noqa: ANN401 - a row
    [task] = world.all(select(rows.task).where(rows.task.c.kind == "opt_out_request"))
    return task


@pytest.mark.both_databases
def test_a_request_that_matches_no_address_waits_with_its_deadline_and_then_hurries(store: Store) -> None:
    world = World(store)
    world.change(calendar=MemoryCalendar([("US", date(2027, 3, 15))]))
    letter = replace(CALLED, source=Source.LETTER, note="Stop it. J. Doe")
    report = record_unmatched(world.deps, letter, None)
    assert report.deadline == Deadline(date(2027, 3, 16), is_met=True)
    assert (request(world).urgency, request(world).due_at) == ("normal", local("2027-03-16 17:00"))
    world.at(local("2027-03-10 23:59"))
    assert hurry_opt_outs(world.deps) == 0
    world.at(local("2027-03-11 00:00"))
    assert hurry_opt_outs(world.deps) == 1
    assert request(world).urgency == "high"
    assert hurry_opt_outs(world.deps) == 0


def test_a_request_that_comes_to_us_late_is_urgent_from_the_first(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    record_unmatched(world.deps, replace(CALLED, received_on=date(2027, 2, 18)), None)
    assert request(world).urgency == "high"


@pytest.mark.both_databases
def test_a_deadline_that_passes_raises_an_alarm_until_somebody_is_done(store: Store) -> None:
    world = World(store)
    record_unmatched(world.deps, CALLED, None)

    def codes() -> list[AlarmCode]:
        found = alarms(read_vitals(world.deps, is_told_outside=False), world.clock.machine_now())
        return [alarm.code for alarm in found if alarm.code is AlarmCode.OPT_OUT_OVERDUE]

    world.at(local("2027-03-15 16:59"))
    assert codes() == []
    world.at(local("2027-03-15 17:00"))
    assert codes() == [AlarmCode.OPT_OUT_OVERDUE]
    with world.store.transaction() as tx:
        tx.connection.execute(update(rows.task).values(resolved_at=world.clock.now(), resolved_by="Kim"))
    assert codes() == []


def test_the_provider_s_refusal_is_kept_as_its_word(world: World) -> None:
    world.at(CONFIRM_AT)
    world.pump()
    tag = world.sms.sent[0].text.tag
    world.receipt(tag, ReceiptStatus.UNDELIVERED, code="21610", refusal=Refusal.OPTED_OUT)
    [row] = world.all(select(permission_event))
    assert (row.source, row.is_granted, row.recorded_by) == ("provider", False, "provider")
    assert "provider" in means(world)


def test_why_tells_who_heard_what_and_when(world: World) -> None:
    world.text("STOP")
    world.later(timedelta(hours=1))
    record_choice(world.deps, PATIENT, CALLED, None, is_granted=False)
    account = explain(world.deps, Query("P1", SubjectKind.PATIENT))
    told = [(item.what, item.why, item.state) for item in account.events if item.kind is EventKind.ADDRESS]
    assert ("Patient opted out of texts", "By keyword.", "") in told
    assert (
        "Patient opted out of texts",
        "By voice on 01 Mar 2027: Please no more texts. (recorded by Kim)",
        "holds",
    ) in told
    assert len(told) == 4
