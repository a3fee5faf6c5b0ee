from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from reminders.core.delivery import ReceiptStatus
from reminders.services.keep_feed import keep_feed
from tests.builders import an_entry
from tests.web.api.program import APPOINTMENT, Program, problem_of
from tests.world import CONFIRM_AT, World


def follow(program: Program, *, limit: int = 50) -> Iterator[dict[str, Any]]:
    path = f"/events?limit={limit}"
    while True:
        page = program.get(path).json()
        yield from page["items"]
        path = f"/events?limit={limit}&after={page['next']}"
        if not page["is_more"]:
            return


def told(program: Program) -> list[str]:
    return [item["kind"] for item in follow(program)]


def test_what_happens_is_told_in_order_and_by_row_only(world: World, program: Program) -> None:
    program.put("/appointments/A1", {**APPOINTMENT, "is_announced": False})
    world.at(CONFIRM_AT)
    world.pump()
    world.receipt(world.sms.sent[0].text.tag, ReceiptStatus.DELIVERED)
    world.later(world.deps.policy.lease)
    world.text("Y")
    world.later(world.deps.policy.lease)
    world.text("I cannot come after all")
    world.later(world.deps.policy.lease)
    world.text("STOP")
    found = list(follow(program))
    kinds = [item["kind"] for item in found if not item["kind"].startswith("task.")]
    assert kinds[:4] == ["message.delivered", "reply.received", "appointment.confirmed", "reply.received"]
    assert "appointment.declined" in kinds
    assert "patient.opted_out" in kinds
    assert "task.opened" in told(program)
    confirmed = next(item for item in found if item["kind"] == "appointment.confirmed")
    assert (confirmed["about"], confirmed["about_id"], confirmed["patient"]) == ("appointment", "A1", "P1")
    assert not [item for item in found if "Dana" in str(item) or "2025550" in str(item) or "cannot" in str(item)]


def test_who_follows_by_cursor_sees_everything_once(world: World, program: Program) -> None:
    for n in range(5):
        program.put(
            f"/appointments/A{n}", {**APPOINTMENT, "patient": {**APPOINTMENT["patient"], "external_id": f"P{n}"}}
        )
        program.delete(f"/appointments/A{n}")
    numbers = [item["number"] for item in follow(program, limit=2)]
    assert len(numbers) == 5
    assert numbers == sorted(set(numbers))
    last = program.get("/events").json()["next"]
    assert program.get(f"/events?after={last}").json() == {"items": [], "next": last, "is_more": False}
    program.put("/appointments/B", APPOINTMENT)
    program.delete("/appointments/B")
    assert [item["about_id"] for item in program.get(f"/events?after={last}").json()["items"]] == ["B"]


def test_a_cursor_of_nobody_is_refused(program: Program) -> None:
    for cursor in ("x", "WyJhIiwiMSJd", "%00"):
        answer = program.get(f"/events?after={cursor}")
        assert (answer.status_code, problem_of(answer)) == (400, "invalid-request")


def test_events_get_their_numbers_though_nobody_reads(world: World, program: Program) -> None:
    world.sync(an_entry("A1"))
    world.text("I cannot come")
    keep_feed(world.deps)
    with world.store.reading() as tx:
        assert not tx.connection.exec_driver_sql("SELECT id FROM event WHERE number IS NULL").all()
    assert "task.opened" in told(program)


@pytest.mark.both_databases
def test_a_task_is_taken_and_resolved_and_the_feed_tells_so(world: World, program: Program) -> None:
    world.sync(an_entry("A1"))
    world.text("I cannot come")
    (task,) = program.get("/worklist").json()["items"]
    assert (task["kind"], task["patient"], task["appointment"]) == ("declined", "P1", "A1")
    assert program.get("/worklist?kind=question").json()["items"] == []
    taken = program.post(f"/worklist/{task['id']}/take")
    assert (taken.status_code, taken.json()["owner"]) == (200, "key: records")
    done = program.post(f"/worklist/{task['id']}/resolve", {"outcome": "reached", "note": "He comes on Friday."})
    assert (done.json()["outcome"], done.json()["resolved_by"]) == ("reached", "key: records")
    again = program.post(f"/worklist/{task['id']}/resolve", {"outcome": "reached"})
    assert (again.status_code, problem_of(again)) == (409, "conflict")
    assert program.get("/worklist").json()["items"] == []
    assert told(program)[-3:] == ["task.opened", "task.taken", "task.resolved"]


def test_what_a_task_is_not_about_is_a_fault_with_its_place(world: World, program: Program) -> None:
    world.sync(an_entry("A1"))
    world.text("what is the parking fee?")
    (task,) = program.get("/worklist").json()["items"]
    answer = program.post(f"/worklist/{task['id']}/resolve", {"outcome": "reached", "is_ride_arranged": True})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "#/is_ride_arranged")
