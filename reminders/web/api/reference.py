"""What anybody may read of the API: its description, for programs and as a page for people."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

from reminders.web.pages import page

open_router = APIRouter(include_in_schema=False)
"""Beside the routes of the API, without a key."""


@open_router.get("/openapi.json")
def show_description(request: Request) -> JSONResponse:
    """Return the description for programs."""
    return JSONResponse(request.app.openapi())


@open_router.get("/")
def show_reference(request: Request) -> HTMLResponse:
    """Show the description to people."""
    description = request.app.openapi()
    return page(request, "api/reference.html", info=description["info"], groups=_groups(description))


def _groups(description: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the operations under their tags, as the page shows them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            shown = {"method": method.upper(), "path": path, **_shown(operation, description)}
            found.setdefault(operation["tags"][0], []).append(shown)
    return found


def _shown(operation: dict[str, Any], description: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    return {
        "id": operation["operationId"],
        "summary": operation["summary"],
        "text": operation.get("description", ""),
        "scope": operation["security"][0]["key"][0],
        "parameters": operation.get("parameters", []),
        "body": _members(body, description),
        "example": _example(body, description),
        "answers": [_answer(status, told, description) for status, told in operation["responses"].items()],
    }


def _answer(status: str, told: dict[str, Any], description: dict[str, Any]) -> dict[str, Any]:
    content = told.get("content", {}).get("application/json", {}).get("schema")
    return {"status": status, "text": told["description"], "members": _members(content, description)}


def _named(schema: dict[str, Any] | None, description: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference stands for."""
    if schema is None:
        return {}
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = description["components"]["schemas"][name] if name else schema
    return found


def _members(schema: dict[str, Any] | None, description: dict[str, Any]) -> list[dict[str, Any]]:
    named = _named(schema, description)
    return [
        {
            "name": name,
            "type": _type(member),
            "is_required": name in named.get("required", ()),
            "text": member.get("description", ""),
        }
        for name, member in named.get("properties", {}).items()
    ]


def _type(schema: dict[str, Any]) -> str:
    """Write a type in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    return str(schema.get("format", schema.get("type", "any value")))


def _example(schema: dict[str, Any] | None, description: dict[str, Any]) -> str:
    examples = _named(schema, description).get("examples", [])
    return json.dumps(examples[0], indent=2, ensure_ascii=False) if examples else ""
