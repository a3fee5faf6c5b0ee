"""What asks the web app in tests: a browser with cookies, without a network, and the provider that signs callbacks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import httpx
from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount
from twilio.request_validator import RequestValidator

from reminders.adapters.twilio.hooks import TwilioSmsHooks
from reminders.bootstrap import Facts, Services
from reminders.web.app import create_app
from tests.world import World

PUBLIC_URL = "https://reminders.example"
ACCOUNT, AUTH_TOKEN = "AC" + "a" * 32, "the auth token of tests"
FIRST_ROUTES: dict[str, list[BaseRoute]] = {}
"""The routes of the first app, by where each part of it is mounted."""


class Browser:
    """Sends requests to an app in this process; keeps its cookies and follows no redirect."""

    def __init__(self, app: FastAPI, base_url: str = PUBLIC_URL, *, address: str = "203.0.113.7") -> None:
        self._transport = httpx.ASGITransport(app=app, client=(address, 50_000))
        self._base_url = base_url
        self.cookies = httpx.Cookies()

    def ask(
        self,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send one request; a form is sent as browsers do."""
        sent = dict(headers or {})
        sent.setdefault("accept", "text/html")
        if form is not None:
            body = urlencode(form).encode()
        if body is not None:
            sent.setdefault("content-type", "application/x-www-form-urlencoded")

        async def send() -> httpx.Response:
            client = httpx.AsyncClient(transport=self._transport, base_url=self._base_url, cookies=self.cookies)
            async with client:
                answer = await client.request(method, path, content=body, headers=sent)
                self.cookies = client.cookies
                return answer

        return asyncio.run(send())

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Fetch a page."""
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, form: Mapping[str, str], **headers: str) -> httpx.Response:
        """Send a form."""
        return self.ask("POST", path, form=form, headers=headers)

    @property
    def nonce(self) -> str:
        """What our pages put into their forms."""
        return next((value for name, value in self.cookies.items() if name.endswith("nonce")), "")


class Provider:
    """Twilio's side of the callbacks, with Twilio's own signing."""

    def __init__(self, browser: Browser, *, auth_token: str = AUTH_TOKEN, public_url: str = PUBLIC_URL) -> None:
        self._browser = browser
        self._validator = RequestValidator(auth_token)
        self._public_url = public_url

    def sign(self, path: str, fields: Mapping[str, str]) -> str:
        """Return the signature of a callback."""
        made: str = self._validator.compute_signature(self._public_url + path, dict(fields))
        return made

    def call(self, path: str, fields: Mapping[str, str], **headers: str) -> httpx.Response:
        """Deliver a callback with its right signature."""
        return self.call_with(path, fields, self.sign(path, fields), **headers)

    def call_with(self, path: str, fields: Mapping[str, str], signature: str | None, **headers: str) -> httpx.Response:
        """Deliver a callback with any signature."""
        signed = {"X-Twilio-Signature": signature} if signature is not None else {}
        return self._browser.ask("POST", path, form=fields, headers={"accept": "*/*", **signed, **headers})


def some_services(
    world: World, folder: Path, *, public_url: str = PUBLIC_URL, is_demo: bool = False, has_hooks: bool = True
) -> Services:
    """Put a world behind the doors, with the real verifier of callbacks."""
    facts = Facts(
        data_dir=folder,
        public_url=public_url,
        is_embedded_database=True,
        redis_url="",
        is_simulated=is_demo,
        is_allow_list_off=True,
        allowed_count=0,
        has_sms=True,
        has_email=True,
        has_hooks=has_hooks,
        sms_host="api.twilio.com",
        clinic_source=folder / "clinic.toml",
        is_clinic_file_named=False,
        schedule_file=None,
        is_demo=is_demo,
        simulator_url="http://127.0.0.1:8001/" if is_demo else "",
    )
    hooks = TwilioSmsHooks((AUTH_TOKEN,), ACCOUNT, public_url)
    return Services(replace(world.deps, public_url=public_url), hooks, facts)


def some_app(world: World, folder: Path, *, is_demo: bool = False, has_hooks: bool = True) -> FastAPI:
    """Make an app: public with TLS, or the demo on this machine."""
    url = "http://localhost:8000" if is_demo else PUBLIC_URL
    app = create_app(some_services(world, folder, public_url=url, is_demo=is_demo, has_hooks=has_hooks))
    if not is_demo:  # in the demo a test may replace who is signed in, which belongs to the routes
        share_routes(app)
    return app


def share_routes(app: FastAPI, mounted_at: str = "") -> None:
    """Let an app answer by the routes of the first: to find out what each one asks for takes longer than most tests.

    They are alike in every app; what an app serves with, and what is mounted in it, stays its own.
    """
    own = app.router.routes
    first = FIRST_ROUTES.setdefault(mounted_at, list(own))
    for place, (mine, known) in enumerate(zip(own, first, strict=True)):
        if isinstance(mine, Mount):
            if isinstance(mine.app, FastAPI):
                share_routes(mine.app, mine.path)
        else:
            own[place] = known
