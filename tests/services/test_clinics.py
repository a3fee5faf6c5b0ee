from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from reminders.core.clinic_document import BUILT_IN
from reminders.core.errors import ClinicFileError
from reminders.core.ids import ClinicId
from reminders.ports import Job
from reminders.services.apply_clinics import apply_clinics, clinic_document, known_clinics
from reminders.services.replan_clinic import Replanned
from reminders.store import clinics, rows
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry, an_id, local, shown
from tests.world import CLINIC, World, only, some_entries

NORTH = {**BUILT_IN, "slug": "north", "sender": "North Clinic"}
SOUTH = {**BUILT_IN, "slug": "south", "sender": "South Clinic"}
START = NOON + timedelta(days=14)
FOUR_DAYS = {"remind_confirm": {"due": "start - 4 days at 11:00"}}


def slugs(world: World) -> list[str]:
    return sorted(clinic.slug for clinic in known_clinics(world.deps))


def apply(world: World, *documents: dict[str, Any]) -> list[Replanned]:
    """Apply documents and return what became of each clinic's plan."""
    reports: dict[str, Replanned] = {}
    files = [(f"{document['slug']}.toml", document) for document in documents]
    apply_clinics(world.deps, files, watch=lambda report: reports.update({report.slug: replace(report)}))
    return list(reports.values())


def counts(report: Replanned) -> tuple[int, int, int]:
    return report.added, report.moved, report.withdrawn


def due(world: World, step: str) -> list[tuple[str, str]]:
    """Return the local due time and state of a step's reminders."""
    found = world.all(select(rows.reminder).where(rows.reminder.c.step == step).order_by(rows.reminder.c.due_at))
    return [(shown(row.due_at), row.state) for row in found]


def dump(world: World) -> dict[str, list[Any]]:
    """Return every row of every table."""
    return {
        table.name: world.all(select(table).order_by(*table.primary_key.columns))
        for table in rows.metadata.sorted_tables
    }


@pytest.fixture
def asking(store: Store) -> World:
    """A clinic that only asks to confirm, with one session in two weeks."""
    world = World(store, only("remind_confirm"))
    world.sync(an_entry(booking=a_booking(START)))
    return world


def changed(*steps: str, **cadence: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of a cadence
    """Return the clinic of `only`, with a part of its cadence changed."""
    document = only(*steps)
    document["cadence"]["*"] |= cadence
    return document


@pytest.mark.both_databases
def test_the_first_real_clinic_takes_the_place_of_the_built_in_one(world: World) -> None:
    before = slugs(world)
    apply_clinics(world.deps, [("built-in", BUILT_IN)])
    built_in = {clinic.slug: clinic.id for clinic in known_clinics(world.deps)}["clinic"]
    assert apply_clinics(world.deps, [("north.toml", NORTH)]) == ["north"]
    after = {clinic.slug: clinic for clinic in known_clinics(world.deps)}
    assert sorted(after) == sorted([*before, "north"])
    assert (after["north"].id, after["north"].sender) == (built_in, "North Clinic")


def test_a_second_clinic_does_not_replace_the_first(world: World) -> None:
    apply_clinics(world.deps, [("north.toml", NORTH)])
    apply_clinics(world.deps, [("south.toml", SOUTH)])
    assert {"north", "south"} <= set(slugs(world))


def test_the_same_file_twice_changes_nothing(world: World) -> None:
    apply_clinics(world.deps, [("north.toml", NORTH)])
    assert apply_clinics(world.deps, [("north.toml", NORTH)]) == []


@pytest.mark.both_databases
def test_a_changed_time_moves_what_is_planned(asking: World) -> None:
    assert due(asking, "remind_confirm") == [("2027-03-13 10:00", "planned")]
    (report,) = apply(asking, changed("remind_confirm", steps=FOUR_DAYS))
    assert counts(report) == (0, 1, 0)
    assert due(asking, "remind_confirm") == [("2027-03-12 11:00", "planned")]
    asking.at(local("2027-03-12 11:00"))
    assert asking.pump() == 1
    asking.check()


def test_a_step_switched_off_is_withdrawn_and_one_of_the_clinics_own_is_added(asking: World) -> None:
    card = {"phase": "before", "due": "start - 1 day at 16:00", "expires": "start"}
    document = changed("remind_confirm", on=[], off=["remind_confirm"], steps={"card": card})
    document["cadence"]["*"]["off"] += only()["cadence"]["*"]["off"]
    document["templates"] = {"en": {"card": "{{sender}}: please bring your card."}}
    (report,) = apply(asking, document)
    assert counts(report) == (1, 0, 1)
    assert asking.reminders()["A1", 1, "remind_confirm"][0] == "cancelled"
    asking.at(local("2027-03-15 16:00"))
    assert asking.pump() == 1
    assert asking.bodies == ["Riverside Clinic: please bring your card."]
    asking.check()


def test_a_new_closure_brings_forward_what_would_fall_on_it(asking: World) -> None:
    (report,) = apply(asking, only("remind_confirm", closures=[date(2027, 3, 13)]))
    assert counts(report) == (0, 1, 0)
    assert due(asking, "remind_confirm") == [("2027-03-12 10:00", "planned")]


def test_days_are_stored_as_text_and_the_same_days_as_text_change_nothing(asking: World) -> None:
    document = only("remind_confirm", closures=[date(2027, 12, 24), date(2027, 12, 25)])
    apply(asking, document)
    stored = clinic_document(asking.deps, "riverside")
    assert stored is not None
    assert stored["closures"] == ["2027-12-24", "2027-12-25"]
    assert apply_clinics(asking.deps, [("again.toml", stored)]) == []
    assert apply_clinics(asking.deps, [("again.toml", document)]) == []


def test_applying_the_same_file_again_writes_nothing(asking: World) -> None:
    document = changed("remind_confirm", steps=FOUR_DAYS)
    apply(asking, document)
    before = dump(asking)
    asking.later(timedelta(hours=1))
    (report,) = apply(asking, document)
    assert (report.patients, counts(report)) == (1, (0, 0, 0))
    assert dump(asking) == before


def test_what_a_crash_left_undone_is_done_when_the_file_is_applied_again(asking: World) -> None:
    document = changed("remind_confirm", steps=FOUR_DAYS)

    def die(_report: Replanned) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply_clinics(asking.deps, [("clinic.toml", document)], watch=die)
    assert due(asking, "remind_confirm") == [("2027-03-13 10:00", "planned")]
    (report,) = apply(asking, document)
    assert counts(report) == (0, 1, 0)


def test_many_patients_are_planned_anew_in_batches(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(*some_entries(201))
    seen: list[int] = []
    document = changed("remind_confirm", steps=FOUR_DAYS)
    apply_clinics(world.deps, [("clinic.toml", document)], watch=lambda report: seen.append(report.done))
    assert seen == [0, 200, 201]
    assert {when for when, _ in due(world, "remind_confirm")} == {"2027-03-12 11:00"}


@pytest.mark.both_databases
def test_one_patient_who_cannot_be_planned_stops_nobody_else(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(*some_entries(3))
    name = world.all(select(rows.patient.c.name).where(rows.patient.c.external_id == "P1"))[0].name
    with store.transaction() as tx:
        spoiled = update(rows.patient).where(rows.patient.c.external_id == "P2")
        tx.connection.execute(spoiled.values(name=name))
    (report,) = apply(world, changed("remind_confirm", steps=FOUR_DAYS))
    assert (report.failed, counts(report)) == (1, (0, 2, 0))


def test_only_this_clinics_patients_with_something_to_come_are_planned_anew(store: Store) -> None:
    world = World(store, CLINIC, NORTH)
    long_ago = an_entry("A9", patient=a_record("P9"), booking=a_booking(NOON - timedelta(days=40)))
    world.sync(
        ("riverside", an_entry("A1", booking=a_booking(START))),
        ("riverside", long_ago),
        ("north", an_entry("A2", patient=a_record("P2"), booking=a_booking(START))),
    )
    (report,) = apply(world, CLINIC)
    assert (report.slug, report.patients) == ("riverside", 1)


def test_whoever_is_still_to_be_asked_to_book_again_is_planned_anew(store: Store) -> None:
    monthly = {**CLINIC, "cadence": {"*": {"rebook_weeks": 8}}}
    world = World(store, monthly)
    world.sync(an_entry(booking=a_booking(NOON - timedelta(days=40))))
    (report,) = apply(world, monthly)
    assert report.patients == 1


def test_workers_are_woken_because_something_may_be_due_now(asking: World) -> None:
    asking.queue.take()
    apply(asking, changed("remind_confirm", steps=FOUR_DAYS))
    assert set(asking.queue.take()) == {Job.SEND_SMS, Job.SEND_EMAIL}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"sender": "Ketamine North"}, "riverside.toml: clinic.sender: found 'ketamine'"),
        ({"templates": {"en": {"booked": "Reply YES"}}}, "riverside.toml: clinic.templates.en.booked: found 'YES'"),
        ({"closures": ["tomorrow"]}, "riverside.toml: clinic.closures: found 'tomorrow'"),
    ],
)
def test_a_file_with_a_fault_leaves_everything_as_it_was(world: World, changes: dict[str, Any], fault: str) -> None:
    before = dump(world)
    with pytest.raises(ClinicFileError) as caught:
        apply(world, CLINIC | changes)
    assert caught.value.faults[0].startswith(fault)
    assert dump(world) == before


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({"sender": "Ketamine North", "timezone": "Mars/Base"}, ["clinic.timezone", "clinic.sender"]),
        ({"templates": {"en": {"booked": "Reply YES"}}, "slug": ""}, ["clinic.slug", "clinic.templates.en.booked"]),
        (
            {"templates": {"en": {"booked": "Reply YES", "x": "y"}}},
            ["clinic.templates.en.x", "clinic.templates.en.booked"],
        ),
        ({"templates": {"en": 1, "es": {"booked": "SI: x"}}}, ["clinic.templates.en", "clinic.templates.es.booked"]),
        (
            {"cadence": {"*": {"steps": {"card": {}}}}, "templates": {"en": {"card": "Reply YES"}}},
            [
                "clinic.cadence.*.steps.card.due",
                "clinic.cadence.*.steps.card.expires",
                "clinic.cadence.*.steps.card.phase",
            ],
        ),
    ],
)
def test_what_texts_say_is_told_with_the_other_faults(world: World, changes: dict[str, Any], paths: list[str]) -> None:
    with pytest.raises(ClinicFileError) as caught:
        apply_clinics(world.deps, [("bad.toml", CLINIC | changes)])
    assert [fault.split(": ")[1] for fault in caught.value.faults] == paths


def test_a_text_that_was_stored_before_we_found_fault_with_it_is_still_read(world: World) -> None:
    old = CLINIC | {"slug": "old", "sender": "Ketamine Old", "templates": {"en": {"booked": "Reply YES {{when}}"}}}
    with world.store.transaction() as tx:
        clinics.save(tx, ClinicId(an_id("old")), "old", old, made=clinics.Made("test", "", NOON))
    assert {clinic.sender for clinic in known_clinics(world.deps)} >= {"Ketamine Old"}
