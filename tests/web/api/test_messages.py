from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from reminders.core.ids import ApiKeyId
from reminders.services.answer_once import GONE_AFTER, KEPT, begin, fingerprint, purge_answers
from reminders.store.staff_rows import api_answer, api_key
from tests.builders import a_record, an_entry
from tests.web.api.program import Program, a_key, problem_of
from tests.world import World

TEXT = {"patient": "P1", "text": "We open at 10 tomorrow."}


def test_a_message_leaves_once_and_tells_its_story(world: World, program: Program) -> None:
    world.sync(an_entry("A1"))
    made = program.post("/messages", TEXT, idempotency_key="k1")
    assert (made.status_code, made.json()["state"]) == (201, "due")
    assert "We open at 10" in made.json()["text"]
    world.pump()
    told = program.get(f"/messages/{made.json()['id']}").json()
    assert told["state"] == "accepted"
    assert any("key: records" in step["why"] for step in told["timeline"])
    assert sum("We open at 10" in body for body in world.bodies) == 1


def test_the_same_request_again_is_answered_as_the_first_was(world: World, program: Program) -> None:
    world.sync(an_entry("A1"))
    first = program.post("/messages", TEXT, idempotency_key="k1")
    world.pump()
    again = program.post("/messages", TEXT, idempotency_key="k1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    world.pump()
    assert world.count("message") == 1


def test_the_same_key_with_another_body_is_refused(world: World, program: Program) -> None:
    world.sync(an_entry("A1"))
    program.post("/messages", TEXT, idempotency_key="k1")
    other = program.post("/messages", {**TEXT, "text": "We are closed."}, idempotency_key="k1")
    assert (other.status_code, problem_of(other)) == (422, "idempotency-key-reused")
    assert world.count("message") == 1


def test_without_an_idempotency_key_nothing_is_sent(world: World, program: Program) -> None:
    world.sync(an_entry("A1"))
    answer = program.post("/messages", TEXT)
    assert answer.json()["errors"] == [{"detail": "Field required", "parameter": "Idempotency-Key"}]
    assert world.count("message") == 0


def test_two_keys_may_use_the_same_idempotency_key(world: World, app: FastAPI, program: Program) -> None:
    world.sync(an_entry("A1"))
    program.post("/messages", TEXT, idempotency_key="k1")
    assert Program(app, a_key(world)).post("/messages", TEXT, idempotency_key="k1").status_code == 201
    assert world.count("message") == 2


def test_sent_at_the_same_moment_by_many_it_leaves_once(world: World, app: FastAPI) -> None:
    world.sync(an_entry("A1"))
    key = a_key(world)
    with ThreadPoolExecutor(6) as pool:
        found = [pool.submit(lambda: Program(app, key).post("/messages", TEXT, idempotency_key="k1")) for _ in range(6)]
        answers = [item.result() for item in found]
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert all(problem_of(answer) == "request-under-way" for answer in answers if answer.status_code == 409)
    assert world.count("message") == 1


@pytest.mark.both_databases
def test_a_request_whose_worker_died_goes_on_and_sends_once(world: World, program: Program) -> None:
    world.sync(an_entry("A1"))
    first = program.post("/messages", TEXT, idempotency_key="k1").json()
    with world.store.transaction() as tx:  # as if it had died between sending and answering
        tx.connection.execute(api_answer.update().values(status=0, body=b""))
    waiting = program.post("/messages", TEXT, idempotency_key="k1")
    assert (waiting.status_code, problem_of(waiting)) == (409, "request-under-way")
    assert waiting.headers["retry-after"] == "2"
    world.later(GONE_AFTER + timedelta(seconds=1))
    again = program.post("/messages", TEXT, idempotency_key="k1")
    assert (again.status_code, again.json()["id"]) == (201, first["id"])
    assert world.count("message") == 1


def test_who_cannot_be_written_to_is_left_alone_and_the_reason_is_told(world: World, program: Program) -> None:
    world.sync(an_entry("A1", patient=a_record(email=None)))
    world.text("STOP")
    before = world.count("message")
    answer = program.post("/messages", {**TEXT, "override_reason": "it is truly urgent"}, idempotency_key="k1")
    assert (answer.status_code, problem_of(answer)) == (409, "not-reachable")
    assert answer.json()["reason"] == "opted_out"
    assert world.count("message") == before
    assert world.count("api_answer") == 0


def test_what_did_nothing_may_be_asked_again(world: World, program: Program) -> None:
    assert program.post("/messages", TEXT, idempotency_key="k1").status_code == 404
    world.sync(an_entry("A1"))
    assert program.post("/messages", TEXT, idempotency_key="k1").status_code == 201


@pytest.mark.both_databases
def test_answers_are_kept_sealed_for_a_day(world: World, program: Program) -> None:
    world.sync(an_entry("A1"))
    program.post("/messages", TEXT, idempotency_key="k1")
    (row,) = world.all(select(api_answer))
    assert b"We open" not in row.body
    world.later(KEPT)
    assert purge_answers(world.deps) == 0
    key = ApiKeyId(world.all(select(api_key.c.id))[0][0])
    world.later(timedelta(seconds=1))
    begin(world.deps, key, "k2", fingerprint("x"))
    assert purge_answers(world.deps) == 1
    assert world.count("api_answer") == 1
