"""The description of the API, OpenAPI 3.1: what each route takes and answers, with examples, made from the code."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from reminders.web.api.problem import BY_STATUS, KINDS, MEDIA_TYPE, Kind

TITLE = "Reminders API"
VERSION = "1"
ABOUT = """\
Reads and writes what a clinic's other programs need: appointments, patients, messages, the worklist, and a feed of what
happens. Each key is for one clinic, with the scopes read, write or send, and ends by itself.

Errors are problem details (RFC 9457); the page of each `type` explains it. Lists come in pages: ask again with `next`
as `cursor`. A key may make 300 requests at once and 10 a second after that; `RateLimit` tells what is left.
"""
ALWAYS = (400, 401, 403, 429, 500, 503)
"""What any route may answer."""
WITH_BODY = (413, 415)
HEADERS: dict[str, Any] = {
    "RateLimit": {"schema": {"type": "string"}, "description": "What the key may still do, and when more."},
    "RateLimit-Policy": {"schema": {"type": "string"}, "description": "What a key may do."},
}
PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "An error, after RFC 9457. `reference` finds the request in our log.",
    "required": ["type", "title", "status", "detail", "reference"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "reference": {"type": "string"},
        "reason": {"type": "string", "description": "Why the patient cannot be written to."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "detail": {"type": "string"},
                    "pointer": {"type": "string", "description": "A place in the body: a JSON Pointer as a fragment."},
                    "parameter": {"type": "string", "description": "A parameter by its name."},
                },
            },
        },
    },
}


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the problems that a route may answer, besides those that any may."""
    return {status: _problem(status) for status in (*ALWAYS, *statuses)}


def describe(app: FastAPI, base: str) -> dict[str, Any]:
    """Return the description; `base` is the path under which the API is reached."""
    found = get_openapi(
        title=TITLE,
        version=VERSION,
        description=ABOUT,
        routes=app.routes,
        servers=[{"url": base}],
        separate_input_output_schemas=False,
    )
    parts = found.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    parts["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "bearerFormat": "rk_…", "description": "A key of one clinic."}
    }
    for operation in operations(found):
        _complete(operation)
    return found


def operations(description: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every operation of a description."""
    for path in description["paths"].values():
        yield from path.values()


def _complete(operation: dict[str, Any]) -> None:
    """Say of an operation what holds for all, and leave out what the framework assumed: we answer faults with 400."""
    told = operation["responses"]
    if "HTTPValidationError" in str(told.get("422")):
        del told["422"]
    if "requestBody" in operation:
        told.update({str(status): _problem(status) for status in WITH_BODY})
    for answer in told.values():
        answer["headers"] = {**answer.get("headers", {}), **HEADERS}
    operation["responses"] = dict(sorted(told.items()))


def _problem(status: int) -> dict[str, Any]:
    kinds = [kind for kind, about in KINDS.items() if about.status == status]
    titles = "; or: ".join(KINDS[kind].title for kind in kinds) or HTTPStatus(status).phrase
    examples = {kind.value: {"summary": KINDS[kind].title, "value": _example(kind)} for kind in kinds}
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}}
    return {"description": titles, "content": content}


def _example(kind: Kind) -> dict[str, Any]:
    about = KINDS[kind]
    shown: dict[str, Any] = {
        "type": f"/problems/{kind}",
        "title": about.title,
        "status": int(about.status),
        "detail": about.title,
        "reference": "0196a2f0-7c1e-7b3a-9f6d-2b1c5d0e4a77",
    }
    if kind is BY_STATUS[400]:
        shown["errors"] = [{"detail": "Field required", "pointer": "#/patient/name"}]
    if kind is Kind.NOT_REACHABLE:
        shown["reason"] = "opted_out"
    return shown
