from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI
from typing_extensions import override

from reminders.core.errors import NotReadyError
from reminders.store.unit_of_work import Store, Transaction
from reminders.web.api.problem import KINDS
from tests.web.api.program import APPOINTMENT, Program, a_key, problem_of
from tests.web.browser import Browser, some_app
from tests.world import World


class FailingStore(Store):
    """A database that fails in a way of our choosing where something is read."""

    def __init__(self, store: Store, fail: Callable[[], Exception]) -> None:
        super().__init__(store.url, store.vault)
        self._engine = store.engine
        self._fail = fail
        self.reads = 0

    @override
    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        self.reads += 1
        if self.reads > 1:  # the key can still be looked up
            raise self._fail()
        with super().reading() as tx:
            yield tx


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [(b"{", "#"), (b"\xff\xfe", "#"), (b"[]", "#"), (b"{}", "#/starts_at"), (b'"\\ud800"', "#"), (b"[" * 30_000, "#")],
)
def test_a_body_that_cannot_be_read_is_answered_with_400(program: Program, raw: bytes, pointer: str) -> None:
    answer = program.ask("PUT", "/appointments/A1", raw=raw)
    assert (answer.status_code, problem_of(answer)) == (400, "invalid-request")
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"starts_at": "2027-03-16"}, "#/starts_at"),
        ({"starts_at": "2027-03-16T09:30:00"}, "#/starts_at"),
        ({"starts_at": 1_800_000_000}, "#/starts_at"),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, "#/starts_at"),
        ({"starts_at": "9999-12-31T23:59:59-12:00"}, "#/starts_at"),
        ({"duration_minutes": "60"}, "#/duration_minutes"),
        ({"duration_minutes": 0}, "#/duration_minutes"),
        ({"status": "maybe"}, "#/status"),
        ({"timezone": "Mars/Olympus"}, "#/timezone"),
        ({"colour": "red"}, "#/colour"),
        ({"series": {"id": "S\u0000"}}, "#/series/id"),
        ({"escort": {"phone": "12"}}, "#/escort/phone"),
        ({"patient": {**APPOINTMENT["patient"], "phone": "12"}}, "#/patient/phone"),
        ({"patient": {**APPOINTMENT["patient"], "email": "nobody"}}, "#/patient/email"),
        ({"patient": {**APPOINTMENT["patient"], "language": "English"}}, "#/patient/language"),
        ({"patient": {**APPOINTMENT["patient"], "name": "   "}}, "#/patient/name"),
        ({"patient": {"external_id": "P1", "name": "Dana"}}, "#/patient/phone"),
    ],
)
def test_what_is_wrong_is_named_by_a_pointer_and_nothing_is_stored(
    world: World, program: Program, change: dict[str, object], pointer: str
) -> None:
    answer = program.put("/appointments/A1", {**APPOINTMENT, **change})
    assert (answer.status_code, problem_of(answer)) == (400, "invalid-request")
    assert [item["pointer"] for item in answer.json()["errors"]] == [pointer]
    assert world.count("appointment") == world.count("patient") == 0


def test_a_parameter_that_nobody_knows_is_refused(program: Program) -> None:
    answer = program.get("/appointments?form=2027-03-01T00:00:00Z&limit=5")
    assert (answer.status_code, problem_of(answer)) == (400, "invalid-request")
    assert [item["parameter"] for item in answer.json()["errors"]] == ["form"]


def test_a_body_that_is_no_json_is_answered_with_415(program: Program) -> None:
    for media in ("text/plain", "", "application/x-www-form-urlencoded"):
        answer = program.ask("PUT", "/appointments/A1", raw=b"{}", headers={"content-type": media})
        assert (answer.status_code, problem_of(answer)) == (415, "unsupported-media-type")


def test_a_body_that_is_too_large_is_answered_with_413(program: Program) -> None:
    answer = program.ask("PUT", "/appointments/A1", raw=b" " * 64_001)
    assert (answer.status_code, problem_of(answer)) == (413, "too-large")


@pytest.mark.parametrize("path", ["/nothing", "/appointments/A1%0A", "/worklist/x/y/z", "//", "/messages/"])
def test_an_address_that_does_not_exist_is_a_problem_too(program: Program, path: str) -> None:
    answer = program.ask("GET", path, headers={"accept": "text/html"})
    assert answer.status_code in {400, 404}
    problem_of(answer)


def test_a_method_that_an_address_does_not_take_is_told_which_it_takes(program: Program) -> None:
    answer = program.ask("PATCH", "/appointments/A1")
    assert (answer.status_code, problem_of(answer)) == (405, "method-not-allowed")
    assert answer.headers["allow"] == "DELETE, GET, PUT"


def test_what_breaks_is_answered_as_a_problem_that_quotes_nothing(world: World, tmp_path: Path) -> None:
    key = a_key(world)
    for fail, status, kind in (
        (lambda: ValueError("Dana Rivers"), 500, "internal"),
        (lambda: NotReadyError("Dana Rivers"), 503, "not-ready"),
    ):
        world.change(store=FailingStore(world.store, fail))
        answer = Program(some_app(world, tmp_path), key).get("/appointments")
        assert (answer.status_code, problem_of(answer)) == (status, kind)
        assert "Dana" not in answer.text


def test_every_kind_of_problem_has_a_page_that_explains_it(app: FastAPI) -> None:
    browser = Browser(app)
    index = browser.get("/problems/")
    for kind, about in KINDS.items():
        shown = browser.get(f"/problems/{kind}")
        assert shown.status_code == 200
        assert about.title in shown.text
        assert f"/problems/{kind}" in index.text
    assert browser.get("/problems/none").status_code == 404
