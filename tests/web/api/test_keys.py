from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from reminders.core.pacing import Bucket
from reminders.services.api_keys import end_key
from reminders.store import buckets
from reminders.store.staff_rows import api_key
from tests.web.api.program import APPOINTMENT, Program, a_key, problem_of
from tests.web.browser import some_app
from tests.world import World

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    "key", [None, "", "rk_", "rk_000000000000_" + "a" * 44, "x" * 500, "rk_zzzzzzzzzzzz_" + "a" * 44]
)
def test_without_a_good_key_nothing_is_told(app: FastAPI, key: str | None) -> None:
    answer = Program(app, key).get("/appointments")
    assert (answer.status_code, problem_of(answer)) == (401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_a_right_prefix_with_a_wrong_secret_opens_nothing(world: World, app: FastAPI) -> None:
    key = a_key(world)
    assert Program(app, key[:-1] + ("a" if key[-1] != "a" else "b")).get("/appointments").status_code == 401
    assert Program(app, key).get("/appointments").status_code == 200


def test_the_key_is_looked_at_before_the_body(app: FastAPI) -> None:
    assert Program(app, None).ask("PUT", "/appointments/A1", raw=b"{").status_code == 401


@pytest.mark.both_databases
def test_a_key_that_ran_out_or_was_ended_opens_nothing(world: World, app: FastAPI) -> None:
    key = a_key(world, days=30)
    world.later(29 * DAY)
    assert Program(app, key).get("/events").status_code == 200
    world.later(DAY)
    assert Program(app, key).get("/events").status_code == 401
    other = a_key(world)
    end_key(world.deps, other, by="ops")
    assert Program(app, other).get("/events").status_code == 401


def test_of_a_secret_only_a_hash_is_kept(world: World) -> None:
    secret = a_key(world).split("_", 2)[2]
    (row,) = world.all(select(api_key))
    assert secret.encode() not in row.secret_hash
    assert secret not in repr(tuple(row))


def test_when_a_key_was_used_is_written_once_a_minute(world: World, program: Program) -> None:
    def used() -> object:
        return world.all(select(api_key.c.last_used_at))[0][0]

    assert used() is None
    program.get("/events")
    first = used()
    world.later(timedelta(seconds=59))
    program.get("/events")
    assert used() == first == world.clock.machine_now() - timedelta(seconds=59)
    world.later(timedelta(seconds=1))
    program.get("/events")
    assert used() == world.clock.machine_now()


@pytest.mark.parametrize(
    ("scope", "method", "path", "body"),
    [
        ("read", "GET", "/appointments", None),
        ("read", "GET", "/appointments/A1", None),
        ("read", "GET", "/patients/P1", None),
        ("read", "GET", "/worklist", None),
        ("read", "GET", "/events", None),
        ("read", "GET", "/messages/00000000-0000-7000-8000-000000000000", None),
        ("write", "PUT", "/appointments/A1", APPOINTMENT),
        ("write", "DELETE", "/appointments/A1", None),
        ("write", "PUT", "/patients/P1", {"name": "Dana", "phone": "+12025550101"}),
        ("write", "POST", "/worklist/00000000-0000-7000-8000-000000000000/take", None),
        ("write", "POST", "/worklist/00000000-0000-7000-8000-000000000000/resolve", {"outcome": "done"}),
        ("send", "POST", "/messages", {"patient": "P1", "text": "Hello."}),
    ],
)
def test_each_route_wants_its_scope(
    world: World, app: FastAPI, *, scope: str, method: str, path: str, body: object
) -> None:
    others = frozenset({"read", "write", "send"} - {scope})
    answer = Program(app, a_key(world, scopes=others)).ask(method, path, body)
    assert (answer.status_code, problem_of(answer)) == (403, "scope-missing")
    assert f'scope="{scope}"' in answer.headers["www-authenticate"]
    fitting = Program(app, a_key(world, scopes=frozenset({scope}))).ask(
        method, path, body, headers={"idempotency-key": "k"}
    )
    assert fitting.status_code in {200, 201, 404}, fitting.text


def test_who_asks_too_often_is_told_to_wait_whichever_process_answers(world: World, tmp_path: Path) -> None:
    key = a_key(world)
    one, other = (Program(some_app(world, tmp_path), key) for _ in range(2))
    first = one.get("/worklist")
    assert first.headers["ratelimit"] == '"key";r=299;t=1'
    assert first.headers["ratelimit-policy"] == '"key";q=300;w=30'
    with world.store.transaction() as tx:
        (row,) = tx.connection.execute(select(api_key.c.id))
        buckets.write(tx, f"api:{row.id}", Bucket(1.0, world.clock.machine_now()))
    assert other.get("/worklist?limit=0").headers["ratelimit"] == '"key";r=0;t=1'
    refused = one.get("/worklist")
    assert (refused.status_code, problem_of(refused)) == (429, "too-many-requests")
    assert refused.headers["retry-after"] == "1"
    world.later(timedelta(seconds=1))
    assert other.get("/worklist").status_code == 200


def test_who_shows_no_good_key_is_slowed_by_address_and_nobody_else_there_is(world: World, tmp_path: Path) -> None:
    key = a_key(world)
    one, other = (some_app(world, tmp_path) for _ in range(2))
    refused = [Program(one, key[:-1] + "?").get("/events").status_code for _ in range(30)]
    assert refused == [401] * 30
    answer = Program(other, None).get("/events")
    assert (answer.status_code, problem_of(answer)) == (429, "too-many-requests")
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["content-type"] == "application/problem+json"
    assert Program(one, key).get("/events").status_code == 200, "a good key behind the same address"
    world.later(timedelta(seconds=2))
    assert Program(one, None).get("/events").status_code == 401
