"""A program that uses the API in this process, with a key."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx
from fastapi import FastAPI

from reminders.core.api_keys import Scope
from reminders.services.api_keys import add_key
from tests.web.browser import PUBLIC_URL
from tests.world import World

EVERY = frozenset(Scope)
APPOINTMENT: dict[str, Any] = {
    "starts_at": "2027-03-16T09:30:00-04:00",
    "duration_minutes": 120,
    "patient": {
        "external_id": "P1",
        "name": "Dana Rivers",
        "phone": "+12025550101",
        "email": "dana@example.org",
        "language": "en",
        "consent": {"sms": True, "email": True},
    },
}


def a_key(
    world: World, *, scopes: frozenset[str] = EVERY, clinic: str | None = None, name: str = "records", days: int = 30
) -> str:
    """Make a key and return its text."""
    return add_key(world.deps, name, scopes=scopes, days=days, clinic_slug=clinic, by="ops").text


class Program:
    """Sends requests with one key; every answer is JSON or a problem."""

    def __init__(self, app: FastAPI, key: str | None) -> None:
        self._transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self._key = key

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send one request."""
        sent = {"accept": "application/json", **(headers or {})}
        if self._key is not None:
            sent.setdefault("authorization", f"Bearer {self._key}")
        content = raw
        if body is not None:
            content = json.dumps(body).encode()
        if content is not None:
            sent.setdefault("content-type", "application/json")

        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url=PUBLIC_URL) as client:
                return await client.request(method, f"/api/v1{path}", content=content, headers=sent)

        return asyncio.run(send())

    def get(self, path: str) -> httpx.Response:
        """Read."""
        return self.ask("GET", path)

    def put(self, path: str, body: object) -> httpx.Response:
        """Put."""
        return self.ask("PUT", path, body)

    def delete(self, path: str) -> httpx.Response:
        """Delete."""
        return self.ask("DELETE", path)

    def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Post; a header's underscores are dashes."""
        return self.ask("POST", path, body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def problem_of(answer: httpx.Response) -> str:
    """Return the kind of a problem, after a look at its shape."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found = answer.json()
    assert found["status"] == answer.status_code
    assert found["reference"]
    kind: str = found["type"].removeprefix("/problems/")
    return kind
