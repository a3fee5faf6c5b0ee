from __future__ import annotations

from datetime import timedelta

from fastapi import FastAPI

from reminders.core.patients import Channel
from tests.builders import a_booking, a_record, an_entry, local
from tests.web.api.program import APPOINTMENT, Program, a_key, problem_of
from tests.world import CONFIRM_AT, World

HOUR = timedelta(hours=1)


def test_a_session_that_is_put_is_planned_and_reminded_of(world: World, program: Program) -> None:
    made = program.put("/appointments/A1", {**APPOINTMENT, "is_announced": False})
    assert (made.status_code, made.json()["change"]) == (201, "added")
    assert made.json()["starts_at"] == "2027-03-16T13:30:00Z"
    assert program.get("/appointments/A1").json() == {key: made.json()[key] for key in made.json() if key != "change"}
    assert ("A1", 1, "remind_confirm") in world.reminders()
    world.at(CONFIRM_AT + HOUR)
    assert world.pump() == 1


def test_the_same_again_changes_nothing(world: World, program: Program) -> None:
    program.put("/appointments/A1", APPOINTMENT)
    planned = world.reminders()
    again = program.put("/appointments/A1", APPOINTMENT)
    assert (again.status_code, again.json()["change"], again.json()["version"]) == (200, "unchanged", 1)
    assert world.reminders() == planned


def test_a_move_is_told_by_the_feed_and_ends_the_confirmation(world: World, program: Program) -> None:
    program.put("/appointments/A1", APPOINTMENT)
    moved = program.put("/appointments/A1", {**APPOINTMENT, "starts_at": "2027-03-17T09:30:00-04:00"}).json()
    assert (moved["change"], moved["version"], moved["is_confirmed"]) == ("moved", 2, False)
    assert [item["kind"] for item in program.get("/events").json()["items"]] == ["appointment.moved"]


def test_what_is_not_named_stays_as_it_is(world: World, program: Program) -> None:
    world.sync(an_entry("CSV1"), an_entry("CSV2", patient=a_record("P2", phone="+12025550102", email=None)))
    program.put("/appointments/A1", APPOINTMENT)
    program.put("/appointments/CSV1", APPOINTMENT)
    found = program.get("/appointments").json()["items"]
    assert {item["external_id"]: item["is_missing"] for item in found} == {"CSV1": False, "CSV2": False, "A1": False}
    assert "missing_from_schedule" not in world.tasks()


def test_a_session_that_passes_to_another_patient_carries_no_confirmation_along(world: World, program: Program) -> None:
    program.put("/appointments/A1", APPOINTMENT)
    other = {**APPOINTMENT["patient"], "external_id": "P2", "phone": "+12025550102", "email": "p2@example.org"}
    assert program.put("/appointments/A1", {**APPOINTMENT, "patient": other}).json()["patient"] == "P2"
    world.check()


def test_of_two_sessions_in_the_hour_that_happens_twice_each_keeps_its_own(program: Program) -> None:
    for name, at in (("first", "2027-11-07T01:30:00-04:00"), ("second", "2027-11-07T01:30:00-05:00")):
        program.put(f"/appointments/{name}", {**APPOINTMENT, "starts_at": at})
    found = {item["external_id"]: item["starts_at"] for item in program.get("/appointments").json()["items"]}
    assert found == {"first": "2027-11-07T05:30:00Z", "second": "2027-11-07T06:30:00Z"}


def test_cancelling_withdraws_what_waits_and_is_the_same_twice(world: World, program: Program) -> None:
    program.put("/appointments/A1", APPOINTMENT)
    first, second = program.delete("/appointments/A1"), program.delete("/appointments/A1")
    assert (first.json()["change"], second.json()["change"]) == ("cancelled", "unchanged")
    assert first.json()["status"] == second.json()["status"] == "cancelled"
    assert not [
        key for key, (state, _) in world.reminders().items() if state == "planned" and key[2] == "remind_confirm"
    ]
    assert program.delete("/appointments/none").status_code == 404


def test_what_took_place_cannot_be_cancelled(program: Program) -> None:
    program.put("/appointments/A1", {**APPOINTMENT, "starts_at": "2027-03-01T09:30:00-04:00", "status": "fulfilled"})
    answer = program.delete("/appointments/A1")
    assert (answer.status_code, problem_of(answer)) == (409, "conflict")


def test_an_id_may_hold_any_printable_sign(program: Program) -> None:
    for name in ("a%2Fb", "%C3%A9%20%3F%23", "..%2F..", "take"):
        assert program.put(f"/appointments/{name}", APPOINTMENT).status_code == 201
        assert program.get(f"/appointments/{name}").status_code == 200


def test_pages_follow_each_other_without_gap_or_double(world: World, program: Program) -> None:
    same = a_booking(local("2027-03-20 09:00"))
    people = [a_record(f"P{n}", phone=f"+1202555{n:04d}", email=None) for n in range(7)]
    world.sync(*(an_entry(f"A{n}", patient=people[n], booking=same) for n in range(7)))
    seen: list[str] = []
    path = "/appointments?limit=3&from=2027-03-01T00:00:00Z"
    cursor = ""
    while True:
        answer = program.get(path + cursor)
        seen += [item["external_id"] for item in answer.json()["items"]]
        following = answer.json()["next"]
        if following is None:
            assert "link" not in answer.headers
            break
        assert f"cursor={following}" in answer.headers["link"]
        assert answer.headers["link"].startswith("<https://reminders.example/api/v1/appointments?")
        cursor = f"&cursor={following}"
    assert sorted(seen) == [f"A{n}" for n in range(7)]
    assert len(seen) == 7


def test_a_list_can_be_narrowed_by_time_and_status(program: Program) -> None:
    program.put("/appointments/A1", APPOINTMENT)
    program.put("/appointments/A2", {**APPOINTMENT, "starts_at": "2027-03-18T09:30:00-04:00"})
    program.delete("/appointments/A2")

    def names(query: str) -> list[str]:
        return [item["external_id"] for item in program.get(f"/appointments?{query}").json()["items"]]

    assert names("status=booked") == ["A1"]
    assert names("from=2027-03-17T00:00:00Z") == ["A2"]
    assert names("to=2027-03-16T13:30:00Z") == []


def test_a_cursor_of_another_question_or_of_nobody_is_refused(world: World, program: Program) -> None:
    world.sync(an_entry("A1"), an_entry("A2", booking=a_booking(local("2027-03-21 09:00"))))
    cursor = program.get("/appointments?limit=1").json()["next"]
    for query in (
        f"cursor={cursor}&status=booked",
        "cursor=x",
        "cursor=W10",
        "cursor=%F0%9F%98%80",
        "cursor=" + "W" * 300,
    ):
        assert problem_of(program.get(f"/appointments?{query}")) == "invalid-request"
    assert problem_of(program.get(f"/events?after={cursor}")) == "invalid-request"


def test_a_patients_record_is_put_and_read_apart_from_sessions(world: World, program: Program) -> None:
    record = {"name": "Noor Haddad", "phone": "(202) 555-0199", "consent": {"sms": True}}
    assert program.put("/patients/P9", record).status_code == 201
    assert program.put("/patients/P9", record).status_code == 200
    found = program.get("/patients/P9").json()
    assert (found["phone"], found["language"], found["consent"]) == (
        "+12025550199",
        "en",
        {"sms": True, "email": False},
    )
    assert program.get("/patients/none").status_code == 404
    assert program.put("/patients/P9", {"name": "Noor Haddad"}).json()["errors"][0]["pointer"] == "#/phone"
    assert world.count("audit_event") == 2  # the key was made, the patient was read


def test_a_corrected_number_is_where_the_next_text_goes(world: World, program: Program) -> None:
    program.put("/appointments/A1", {**APPOINTMENT, "is_announced": False})
    body = {key: value for key, value in APPOINTMENT["patient"].items() if key != "external_id"}
    program.put("/patients/P1", {**body, "phone": "+12025550177"})
    world.at(CONFIRM_AT + HOUR)
    world.pump(Channel.SMS)
    assert [sent.text.to for sent in world.sms.sent] == ["+12025550177"]


def test_an_id_that_two_schedules_have_is_a_conflict(world: World, app: FastAPI, program: Program) -> None:
    program.put("/appointments/A1", APPOINTMENT)
    world.sync(an_entry("A1"))
    for answer in (program.get("/appointments/A1"), program.put("/appointments/A1", APPOINTMENT)):
        assert (answer.status_code, problem_of(answer)) == (409, "conflict")
    assert Program(app, a_key(world)).get("/appointments").json()["next"] is None
