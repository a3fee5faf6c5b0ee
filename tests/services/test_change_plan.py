from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from reminders.core.errors import ConflictError, InputError, NotFoundError
from reminders.core.ids import ClinicId
from reminders.core.plan_diff import Change
from reminders.core.plan_edits import Edit, StepEdit, TextEdit, step_edit
from reminders.core.staff import Actor, Role
from reminders.services.apply_clinics import apply_clinics, known_clinics
from reminders.services.change_plan import (
    Outcome,
    bring_back,
    preview_change,
    read_plan,
    read_version,
    read_versions,
    save_change,
)
from reminders.services.sync_schedule import SyncOptions
from reminders.store import rows
from reminders.store.console_rows import clinic_version
from reminders.store.staff_rows import audit_event
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry, local, shown
from tests.services.test_statements import counting
from tests.web.snapshots import everything
from tests.world import CLINIC, World, only

NORTH = {**CLINIC, "slug": "north", "sender": "North Clinic"}
SOON, LATER = local("2027-03-08 11:00"), local("2027-03-20 11:00")
EARLIER = "start - 4 days at 11:00"


@pytest.fixture
def world(store: Store) -> World:
    """Two people have sessions at a clinic that only asks to confirm; one at another."""
    made = World(store, only("remind_confirm"), NORTH)
    made.sync(
        ("riverside", an_entry("A1", patient=a_record("P1"), booking=a_booking(SOON))),
        ("riverside", an_entry("A2", patient=robin(), booking=a_booking(LATER))),
        ("north", an_entry("N1", patient=a_record("PX", name="Nora North"), booking=a_booking(SOON))),
        options=SyncOptions(is_approved=True),
    )
    return made


def robin() -> Any:  # noqa: ANN401 - a record
    return a_record("P2", name="Robin Ruiz", phone="+12025550102")


def home(world: World, slug: str = "riverside") -> ClinicId:
    return next(item.id for item in known_clinics(world.deps) if item.slug == slug)


def kim(world: World, role: Role = Role.MANAGER, slug: str = "riverside") -> Actor:
    return Actor(None, "Kim Doe", {home(world, slug): role})


def moved(world: World, **parts: Any) -> StepEdit:  # noqa: ANN401 - any part of an edit
    clinic = read_plan(world.deps, kim(world), home(world)).clinic
    step = clinic.cadence("any").step(parts.pop("key", "remind_confirm"))
    assert step is not None
    return replace(step_edit("*", step, clinic), **parts)


def preview(world: World, edit: Edit, version: int = 1) -> Outcome:
    return preview_change(world.deps, kim(world), home(world), edit, version=version)


def save(world: World, edit: Edit, version: int = 1, **parts: Any) -> int:  # noqa: ANN401 - what a form may say otherwise
    seen = parts.get("shown") or preview(world, edit, version).seen
    return save_change(
        world.deps, kim(world), home(world), edit, version=version, shown=seen, remark=parts.get("remark", "Why not.")
    )


def due(world: World) -> dict[str, str]:
    joined = rows.reminder.join(rows.appointment, rows.appointment.c.id == rows.reminder.c.appointment_id)
    columns = (rows.appointment.c.external_id, rows.reminder.c.due_at)
    waiting = select(*columns).select_from(joined).where(rows.reminder.c.step == "remind_confirm")
    return {row.external_id: shown(row.due_at) for row in world.all(waiting)}


@pytest.mark.both_databases
def test_a_preview_tells_what_moves_in_the_next_days_and_stores_nothing(world: World) -> None:
    before = everything(world)
    found = preview(world, moved(world, due=EARLIER))
    assert dict(found.counts) == {Change.MOVED: 1}
    assert [(item.patient, shown(item.line.at)) for item in found.lines] == [("Dana Rivers", "2027-03-04 11:00")]
    assert [item.what for item in found.differences] == ["Asks to confirm: comes"]
    assert everything(world) == before


def test_what_is_switched_off_is_gone_and_what_is_switched_on_is_added(world: World) -> None:
    assert dict(preview(world, moved(world, is_on=False)).counts) == {Change.GONE: 1}
    added = preview(world, moved(world, key="remind_final", is_on=True))
    assert dict(added.counts) == {Change.ADDED: 1}
    assert added.lines[0].line.before is None


def test_a_text_is_told_as_reworded_with_both_wordings(world: World) -> None:
    found = preview(world, TextEdit("en", "remind_confirm", "{{sender}}: please come {{when}}. {{question}} {{phone}}"))
    assert dict(found.counts) == {Change.REWORDED: 1}
    line = found.lines[0].line
    bodies = [item.words.body for item in (line.before, line.after) if item is not None and item.words is not None]
    assert [said in body for said, body in zip(("your session is Mon", "please come Mon"), bodies, strict=True)] == [
        True
    ] * 2


def test_a_text_of_a_language_that_nobody_reads_changes_nothing_for_anybody(world: World) -> None:
    found = preview(world, TextEdit("es", "remind_confirm", "{{sender}}: venga {{when}}. {{question}} {{phone}}"))
    assert found.total == 0
    assert len(found.differences) == 1


def test_what_left_already_is_no_part_of_it(world: World) -> None:
    world.at(local("2027-03-05 10:00"))
    world.pump()
    assert preview(world, moved(world, due=EARLIER)).total == 0


@pytest.mark.both_databases
def test_what_was_shown_is_saved_as_a_version_and_planned_at_once(world: World) -> None:
    foreseen = preview(world, moved(world, due=EARLIER))
    assert save(world, moved(world, due=EARLIER), remark=" One day more. ") == 2
    assert due(world)["A1"] == shown(foreseen.lines[0].line.at)
    assert due(world) == {"A1": "2027-03-04 11:00", "A2": "2027-03-16 11:00", "N1": "2027-03-05 10:00"}
    made = read_versions(world.deps, kim(world), home(world))
    assert [(number, item.by, item.note) for number, item in made] == [
        (2, "Kim Doe", "One day more."),
        (1, "clinic file", "applied from clinic.toml"),
    ]
    deeds = world.all(select(audit_event.c.deed, audit_event.c.by, audit_event.c.clinic_id))
    assert [tuple(row) for row in deeds] == [("plan_changed", "Kim Doe", home(world))]


def test_nothing_is_saved_that_was_not_shown(world: World) -> None:
    before = everything(world)
    seen = preview(world, moved(world, due=EARLIER)).seen
    for edit, shown_ in ((moved(world, is_on=False), seen), (moved(world, due=EARLIER), "x")):
        with pytest.raises(ConflictError, match="not what you saw"):
            save(world, edit, shown=shown_)
    with pytest.raises(ConflictError, match="Nothing would change"):
        save(world, moved(world))
    assert everything(world) == before


def test_who_comes_late_is_told_who_was_first(world: World) -> None:
    late = preview(world, moved(world, is_on=False)).seen
    save(world, moved(world, due=EARLIER))
    with pytest.raises(ConflictError, match=r"version 2 by Kim Doe, Tue Mar 2 2027, noon"):
        save(world, moved(world, is_on=False), shown=late)
    with pytest.raises(ConflictError, match="changed meanwhile"):
        preview(world, moved(world, is_on=False))


def test_what_is_wrong_with_an_edit_is_told_and_nothing_is_stored(world: World) -> None:
    before = everything(world)
    wrong = TextEdit("en", "remind_confirm", "{{sender}}: your ketamine session. {{phone}}")
    with pytest.raises(InputError, match="a text names no"):
        preview(world, wrong)
    with pytest.raises(InputError):
        save(world, wrong, shown="x")
    assert everything(world) == before


@pytest.mark.both_databases
def test_an_earlier_version_is_brought_back_as_a_new_one(world: World) -> None:
    save(world, moved(world, due=EARLIER))
    edit = bring_back(world.deps, kim(world), home(world), 1)
    assert dict(preview(world, edit, 2).counts) == {Change.MOVED: 1}
    assert save(world, edit, 2) == 3
    assert due(world)["A1"] == "2027-03-05 10:00"
    told = read_version(world.deps, kim(world), home(world), 3)
    assert told.is_current
    assert [(item.before, item.after) for item in told.differences] == [
        ("4 days before the session, at 11:00 AM", "3 days before the session, at 10:00 AM")
    ]
    with pytest.raises(NotFoundError):
        bring_back(world.deps, kim(world), home(world), 9)


@pytest.mark.both_databases
def test_a_file_makes_a_version_too_and_one_that_changes_nothing_none(world: World) -> None:
    for _ in range(2):
        apply_clinics(world.deps, [("riverside.toml", CLINIC)])
    found = world.all(select(clinic_version).where(clinic_version.c.clinic_id == home(world)))
    assert [(row.version, row.made_by, row.note) for row in found] == [
        (1, "clinic file", "applied from clinic.toml"),
        (2, "clinic file", "applied from riverside.toml"),
    ]


def test_another_clinics_plan_does_not_exist(world: World) -> None:
    before = everything(world)
    edit, north = moved(world, due=EARLIER), home(world, "north")
    for stranger, clinic_id in ((kim(world), north), (kim(world, slug="north"), home(world))):
        with pytest.raises(NotFoundError):
            read_plan(world.deps, stranger, clinic_id)
        with pytest.raises(NotFoundError):
            read_versions(world.deps, stranger, clinic_id)
        with pytest.raises(NotFoundError):
            read_version(world.deps, stranger, clinic_id, 1)
    for stranger in (kim(world, slug="north"), kim(world, Role.FRONT_DESK), kim(world, Role.AUDITOR)):
        with pytest.raises(NotFoundError):
            preview_change(world.deps, stranger, home(world), edit, version=1)
        with pytest.raises(NotFoundError):
            save_change(world.deps, stranger, home(world), edit, version=1, shown="x", remark="")
        with pytest.raises(NotFoundError):
            bring_back(world.deps, stranger, home(world), 1)
    assert everything(world) == before


def test_a_preview_takes_as_many_statements_for_many_as_for_few(world: World) -> None:
    with counting(world.store) as few:
        preview(world, moved(world, due=EARLIER))
    many = [
        ("riverside", an_entry(f"B{n}", patient=a_record(f"Q{n}", phone=f"+1202555{n:04d}"), booking=a_booking(SOON)))
        for n in range(200, 260)
    ]
    world.sync(*many, options=SyncOptions(is_approved=True))
    with counting(world.store) as more:
        found = preview(world, moved(world, due=EARLIER))
    assert len(few) == len(more)
    assert found.counts[Change.MOVED] == 61
    assert len(found.lines) == 50
