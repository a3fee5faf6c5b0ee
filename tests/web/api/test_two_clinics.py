from __future__ import annotations

from pathlib import Path

import pytest

from reminders.store.unit_of_work import Store
from tests.builders import a_record, an_entry
from tests.web.api.program import APPOINTMENT, Program, a_key, problem_of
from tests.web.browser import some_app
from tests.world import CLINIC, World

NORTH, SOUTH = {**CLINIC, "slug": "north"}, {**CLINIC, "slug": "south", "sender": "South Clinic"}


@pytest.fixture
def both(sqlite_store: Store, tmp_path: Path) -> tuple[World, Program, Program]:
    """Two clinics, each with a program; the north has a patient, a session, a message and a task."""
    world = World(sqlite_store, NORTH, SOUTH)
    app = some_app(world, tmp_path)
    north, south = (Program(app, a_key(world, clinic=slug)) for slug in ("north", "south"))
    world.sync(("north", an_entry("A1", patient=a_record("P1"))))
    world.text("I cannot come")
    return world, north, south


def test_a_strangers_rows_do_not_exist(both: tuple[World, Program, Program]) -> None:
    world, north, south = both
    message = north.post("/messages", {"patient": "P1", "text": "Hello."}, idempotency_key="k").json()["id"]
    (task,) = north.get("/worklist").json()["items"]
    before = world.count("message"), world.count("event")
    for method, path, body in (
        ("GET", "/appointments/A1", None),
        ("DELETE", "/appointments/A1", None),
        ("GET", "/patients/P1", None),
        ("GET", f"/messages/{message}", None),
        ("POST", f"/worklist/{task['id']}/take", None),
        ("POST", f"/worklist/{task['id']}/resolve", {"outcome": "done"}),
        ("POST", "/messages", {"patient": "P1", "text": "Hello."}),
    ):
        answer = south.ask(method, path, body, headers={"idempotency-key": "k"})
        assert (answer.status_code, problem_of(answer)) == (404, "not-found"), path
        assert "Dana" not in answer.text
    assert (world.count("message"), world.count("event")) == before
    for path in ("/appointments", "/worklist", "/events"):
        assert north.get(path).json()["items"]
        assert south.get(path).json()["items"] == []


def test_the_same_ids_are_others_at_another_clinic(both: tuple[World, Program, Program]) -> None:
    _, north, south = both
    other = {**APPOINTMENT["patient"], "name": "Sol South", "phone": "+12025550188", "email": "sol@example.org"}
    assert south.put("/appointments/A1", {**APPOINTMENT, "patient": other}).status_code == 201
    assert north.get("/patients/P1").json()["name"] == "Dana Rivers"
    assert south.get("/patients/P1").json()["name"] == "Sol South"
