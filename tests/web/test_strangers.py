"""Whoever has a role at one clinic asks for everything of another: there is nothing, and nothing changes.

The requests are generated from the routes as they are and from every row of the other clinic, so that a new page is
held against it without being named here.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic.fields import FieldInfo
from sqlalchemy import select

from reminders.core.staff import Role
from reminders.services.sync_schedule import SyncOptions
from reminders.store.console_rows import metadata
from reminders.store.unit_of_work import Store
from reminders.web.console.door import acting
from tests.builders import a_record, an_entry
from tests.web.browser import Browser, some_app
from tests.web.people import NORTH, clinic_id, invited, page_nonce, signed_in
from tests.web.snapshots import everything
from tests.world import CLINIC, World

REQUESTS = 200
PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
BOOKKEEPING = {"staff_session"}


@pytest.fixture
def world(sqlite_store: Store) -> World:
    """Two clinics; the other one has patients, sessions, messages, replies, tasks and staff."""
    made = World(sqlite_store, CLINIC, NORTH)
    rows = [
        ("north", an_entry(f"N{n}", patient=a_record(f"PX{n}", phone=f"+1202555014{n}", email=None))) for n in range(4)
    ]
    made.sync(*rows, options=SyncOptions(is_approved=True))
    made.pump()
    made.text("who takes me home?", sender="+12025550140")
    made.text("my chest hurts", sender="+12025550141")
    invited(made, "north.person", north=Role.MANAGER)
    return made


def staff_routes(app: FastAPI) -> list[APIRoute]:
    """Every route behind the door of staff whose address holds a name of something."""
    return [route for route in _all(app.routes) if PARAMETER.search(route.path) and acting in _calls(route.dependant)]


def _all(routes: list[Any]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        else:
            yield from _all(list(getattr(getattr(route, "original_router", None), "routes", [])))


def methods(route: APIRoute) -> list[str]:
    """The methods of a route, in order."""
    return sorted(route.methods or ())


def _calls(dependant: Dependant) -> set[object]:
    return {dependant.call} | {call for part in dependant.dependencies for call in _calls(part)}


def strangers_names(world: World) -> dict[str, list[str]]:
    """Ids, and the schedule's own names, of every row that belongs to the other clinic, by table."""
    north = clinic_id(world, "north")
    found: dict[str, list[str]] = {}
    for name, table in metadata.tables.items():
        if "clinic_id" in table.c and "id" in table.c:
            rows = world.all(select(table).where(table.c.clinic_id == north))
            found[name] = [str(row.id) for row in rows]
            found[name] += [row.external_id for row in rows if "external_id" in table.c]
    people = world.all(select(metadata.tables["staff"]).where(metadata.tables["staff"].c.login == "north.person"))
    return {**found, "staff": [str(row.id) for row in people], "clinic": ["north", str(north)]}


def fields_of(route: APIRoute, chance: random.Random) -> dict[str, str]:
    """A form that the route can read: each field by its type, a choice where it is one."""
    found: dict[str, str] = {}
    for part in _dependants(route.dependant):
        for field in part.body_params:
            inner = getattr(field.field_info.annotation, "model_fields", None)
            items = inner or {field.alias: field.field_info}
            found |= {name: _value(item, item.annotation, chance) for name, item in items.items()}
    return {name: value for name, value in found.items() if value}


def _dependants(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for part in dependant.dependencies:
        yield from _dependants(part)


def _value(item: FieldInfo, kind: object, chance: random.Random) -> str:
    """A value that fits; nothing where a field has rules of its own."""
    if get_origin(kind) is Literal:
        return str(chance.choice(get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return str(chance.choice([word.value for word in kind]))
    if kind is str and not any(getattr(rule, "pattern", None) for rule in item.metadata):
        return "x"
    return {bool: "true", int: "1", UUID: str(uuid4())}.get(kind, "") if isinstance(kind, type) else ""


def addresses(route: APIRoute, names: dict[str, list[str]], chance: random.Random) -> Iterator[str]:
    """The route's address with names of the other clinic: of the table it means, where that can be told, and of any."""
    every = [item for items in names.values() for item in items]
    while True:
        path = route.path
        for parameter in PARAMETER.findall(route.path):
            meant = names.get(parameter.removesuffix("_id"), [])
            chosen = chance.choice([*meant, chance.choice(every), str(UUID(int=chance.getrandbits(128), version=4))])
            path = re.sub(rf"\{{{parameter}(?::\w+)?\}}", chosen, path)
        yield path


def test_two_hundred_requests_for_what_is_another_clinic_s_find_nothing(world: World, tmp_path: Path) -> None:
    app = some_app(world, tmp_path)
    browser = signed_in(world, tmp_path, "kim.lee", app=app, riverside=Role.MANAGER)
    key = page_nonce(browser.get("/staff"))
    names = strangers_names(world)
    assert {"patient", "appointment", "message", "task", "inbound", "staff"} <= {name for name in names if names[name]}
    routes = staff_routes(app)
    assert {"/staff/{staff_id}/end", "/worklist/{name}"} <= {route.path for route in routes}
    before = {name: rows for name, rows in everything(world).items() if name not in BOOKKEEPING}
    chance = random.Random(1)  # noqa: S311 - the same requests each time
    asked = 0
    each = -(-REQUESTS // sum(len(methods(route)) for route in routes))
    for route in routes:
        paths = addresses(route, names, chance)
        for method in methods(route):
            for _ in range(each):
                form = {**fields_of(route, chance), "nonce": key} if method != "GET" else None
                path = next(paths)
                answer = browser.ask(method, path, form=form)
                assert answer.status_code in wanted(route), f"{method} {path}: {answer.status_code}"
                assert "North" not in answer.text
                asked += 1
    assert asked >= REQUESTS
    after = {name: rows for name, rows in everything(world).items() if name not in BOOKKEEPING}
    assert after == before


def wanted(route: APIRoute) -> set[int]:
    """Nothing is there; a name that cannot be one of a row, where rows are named by number, may be called malformed."""
    takes_text = all(field.field_info.annotation is str for field in route.dependant.path_params)
    return {404} if takes_text else {404, 400}


def test_lists_show_nothing_of_another_clinic(world: World, tmp_path: Path) -> None:
    browser = signed_in(world, tmp_path, "kim.lee", riverside=Role.MANAGER)
    for path in ("/", "/parts/today", "/staff", "/audit"):
        text = browser.get(path).text
        for word in ("North", "PX1", "north.person", "chest hurts"):
            assert word not in text, f"{path} shows {word}"


def test_who_has_no_such_right_finds_no_such_page(world: World, tmp_path: Path) -> None:
    app = some_app(world, tmp_path)
    desk = signed_in(world, tmp_path, "fay", app=app, riverside=Role.FRONT_DESK)
    auditor = signed_in(world, tmp_path, "aud", app=app, riverside=Role.AUDITOR)
    assert [desk.get(path).status_code for path in ("/", "/staff", "/audit")] == [200, 404, 404]
    assert [auditor.get(path).status_code for path in ("/", "/staff", "/audit")] == [200, 404, 200]
    assert desk.post("/staff", {"login": "x1", "name": "X", "role": "manager", "nonce": "x"}).status_code == 404


def test_without_signing_in_no_page_of_staff_answers(world: World, tmp_path: Path) -> None:
    app = some_app(world, tmp_path)
    stranger = Browser(app)
    names = strangers_names(world)
    chance = random.Random(2)  # noqa: S311 - the same requests each time
    guarded = [route for route in _all(app.routes) if acting in _calls(route.dependant)]
    assert len(guarded) >= 10
    for route in guarded:
        for method in methods(route):
            answer = stranger.ask(method, next(addresses(route, names, chance)), form={} if method == "POST" else None)
            assert answer.status_code in {303, 401}, f"{method} {route.path}: {answer.status_code}"
