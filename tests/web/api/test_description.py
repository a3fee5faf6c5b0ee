from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator

from tests.web.api.fuzz import fuzz
from tests.web.api.program import Program
from tests.web.browser import Browser
from tests.world import World

EXAMPLES = 3


@pytest.fixture
def description(app: FastAPI) -> dict[str, Any]:
    """What the API says of itself, to anybody."""
    found: dict[str, Any] = Program(app, None).get("/openapi.json").json()
    return found


def operations(description: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for methods in description["paths"].values() for operation in methods.values()]


def test_every_operation_has_a_name_words_a_scope_and_all_its_answers(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    every = operations(description)
    assert len({operation["operationId"] for operation in every}) == len(every) == 12
    for operation in every:
        assert operation["summary"]
        assert operation["description"]
        assert operation["security"][0]["key"][0] in {"read", "write", "send"}
        assert {"400", "401", "403", "429", "500", "503"} <= operation["responses"].keys()
        assert {"413", "415"} <= operation["responses"].keys() or "requestBody" not in operation
        for status, answer in operation["responses"].items():
            media = "application/json" if status < "300" else "application/problem+json"
            assert media in answer["content"], (operation["operationId"], status)


def test_every_schema_is_sound_and_its_examples_fit(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    bodies = 0
    for name, schema in schemas.items():
        Draft202012Validator.check_schema(schema)
        for example in schema.get("examples", ()):
            whole = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
            Draft202012Validator(whole).validate(example)
            bodies += 1
    assert bodies == 4
    assert "HTTPValidationError" not in schemas


def test_the_reference_page_shows_every_operation_and_asks_no_other_host(
    app: FastAPI, description: dict[str, Any]
) -> None:
    page = Browser(app).get("/api/v1/").text
    for operation in operations(description):
        assert f'id="{operation["operationId"]}"' in page
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page


def test_requests_made_from_the_description_break_nothing_and_are_answered_as_described(
    world: World, tmp_path: Path
) -> None:
    seen = fuzz(world, tmp_path, examples=EXAMPLES, chosen=0)
    assert {200, 400, 401, 404} <= seen.keys()
