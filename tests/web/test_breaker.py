"""What somebody sends who means ill, or whose program is broken: each is refused in words, and nothing falls over."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI

from reminders.core.staff import Role
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry
from tests.services.conversation_cases import START
from tests.web.api.program import APPOINTMENT, Program, a_key
from tests.web.browser import Browser, some_app
from tests.web.people import signed_in
from tests.web.test_links import book, mailed, path_in
from tests.world import World

NUL, LONE, RIGHT_TO_LEFT = "a\0b", "\ud800", "\u202egnp.exe"
FULL_WIDTH, DOUBLE_STRUCK = "\uff11\uff12\uff13\uff14\uff15\uff16", "\U0001d542"
MEGABYTE = b"x" * 1_000_000


@pytest.fixture
def world(store: Store) -> World:
    """A clinic over each database: each has letters of its own that it does not take."""
    return World(store)


@pytest.fixture
def app(world: World, tmp_path: Path) -> FastAPI:
    """The app."""
    return some_app(world, tmp_path)


def test_no_sign_that_a_person_can_type_breaks_the_sign_in(world: World, app: FastAPI) -> None:
    browser = Browser(app)
    browser.get("/sign-in")
    form = {"login": "kim.lee", "password": "y" * 12, "code": "123456", "nonce": browser.nonce}
    for sign in (NUL, RIGHT_TO_LEFT, FULL_WIDTH, "\ufffd" * 40, DOUBLE_STRUCK * 100):
        for field in ("login", "password", "code", "after"):
            expected = 400 if sign == NUL else 401
            assert browser.post("/sign-in", {**form, field: sign}).status_code == expected, (field, sign)
            world.later(timedelta(seconds=4))
    browser.cookies.set("__Host-session", "x" * 200)
    browser.cookies.set("__Host-mark", "%00")
    assert browser.post("/sign-in", form).status_code in {401, 403}


def test_no_sign_breaks_a_page_of_a_patient(world: World, app: FastAPI) -> None:
    book(world)
    link = path_in(mailed(world), "r")
    browser = Browser(app)
    for token in ("%00", "%ff%fe", "%ed%a0%80", "a%2f..%2f..", "%F0%9F%92%A9" * 50, "x" * 3000):
        for door in ("r", "u", "a", "invitation"):
            assert browser.get(f"/{door}/{token}").status_code == 404
    browser.get(link)
    for words in (NUL, RIGHT_TO_LEFT, "\r\nSet-Cookie: a=b", "=HYPERLINK(1)", "<script>alert(1)</script>"):
        form = {"answer": "reschedule", "nonce": browser.nonce, "words": words, "days": "9" * 50, "parts": "x"}
        assert browser.post(link, form).status_code == (400 if words == NUL else 303), repr(words)
    raw = urlencode({"answer": "reschedule", "nonce": browser.nonce}) + "&words=%ed%a0%80&words=%ff&days=%ff"
    assert browser.ask("POST", link, body=raw.encode()).status_code in {303, 400}
    assert "<script>alert" not in browser.get(link).text


def test_no_sign_breaks_a_page_of_staff(world: World, tmp_path: Path) -> None:
    world.sync(an_entry(patient=a_record(), booking=a_booking(START)))
    world.text("who takes me home?")
    desk = signed_in(world, tmp_path, "kim.lee", riverside=Role.MANAGER)
    for path in (
        "/patients?q=",
        "/audit?patient=",
        "/audit?by=",
        "/write?to=",
        "/?clinic=",
        "/inbox?before=",
        "/reports?report=",
    ):
        for sign in ("%00", "%ed%a0%80", "%25_%27", "9" * 400):
            assert desk.get(f"{path}{sign}").status_code in {200, 303, 400, 404}, (path, sign)
    for path in ("/worklist/%25", "/worklist/______", "/inbox/%00", "/patients/%00", "/plan/steps/%00", "/batches/%00"):
        assert desk.get(path).status_code in {400, 404}, path


API_BODIES = {
    "nested": b'{"note":' + b"[" * 30_000,
    "objects": b'{"a":' * 9_000,
    "long number": b'{"duration_minutes":' + b"9" * 50_000 + b"}",
    "infinity": b'{"duration_minutes":1e999}',
    "nan": b'{"duration_minutes":NaN}',
    "lone": json.dumps({**APPOINTMENT, "source": LONE}).encode(),
    "lone name": json.dumps({**APPOINTMENT, "patient": {"external_id": "P1", "name": LONE}}).encode(),
    "nul": json.dumps({**APPOINTMENT, "patient": {"external_id": "P\0", "name": "A"}}).encode(),
    "first year": json.dumps({**APPOINTMENT, "starts_at": "0001-01-01T00:00:00+14:00"}).encode(),
    "last year": json.dumps({**APPOINTMENT, "starts_at": "9999-12-31T23:59:59-14:00"}).encode(),
    "double keys": b'{"starts_at":"2027-03-16T09:30:00Z","starts_at":5}',
    "bytes": bytes(range(128, 256)),
}


def test_no_body_breaks_the_api(world: World, app: FastAPI) -> None:
    program = Program(app, a_key(world))
    answers = {name: program.ask("PUT", "/appointments/A1", raw=body).status_code for name, body in API_BODIES.items()}
    assert answers == dict.fromkeys(API_BODIES, 400)
    assert world.count("appointment") == 0


def test_no_address_breaks_the_api(world: World, app: FastAPI) -> None:
    program = Program(app, a_key(world))
    for path in (
        "/appointments/%00",
        "/appointments/%ed%a0%80",
        "/patients/%00",
        "/messages/%00",
        "/worklist/%00",
        "/events?after=%00",
        "/events?after=" + "9" * 300,
        "/events?limit=" + "9" * 400,
        "/appointments?cursor=%00",
        "/appointments?from=0001-01-01T00:00:00%2B14:00",
        "/appointments?patient=%00",
        "/worklist?kind=%00",
    ):
        assert program.get(path).status_code in {400, 404}, path
    for key in ("\0", "x" * 5000, "\x7f"):
        answer = program.ask("POST", "/messages", {"patient": "P1", "text": "Hi."}, headers={"idempotency-key": key})
        assert answer.status_code in {400, 404}, repr(key)


def test_a_megabyte_is_refused_unread(world: World, app: FastAPI) -> None:
    browser, key = Browser(app), {"authorization": f"Bearer {a_key(world)}"}
    for path in ("/r/x", "/u/x", "/sign-in", "/api/v1/messages", "/hooks/twilio/sms", "/patients"):
        for claimed in ({}, {"content-length": "12"}, {"content-type": "multipart/form-data; boundary=x"}):
            answer = browser.ask("POST", path, body=MEGABYTE, headers={**key, **claimed})
            assert answer.status_code == 413, path
            assert answer.headers["cache-control"] == "no-store"


def old_phone(app: FastAPI, link: str, origin: str | None, *, scheme: str, host: str | None = None) -> httpx.Response:
    """Press a button on a browser that says nothing of the site, behind a proxy that speaks plain HTTP to us."""
    browser = Browser(app, f"{scheme}://reminders.example")
    nonce = "n" * 43
    headers = {"cookie": f"__Host-nonce={nonce}", **({} if origin is None else {"origin": origin})}
    if host is not None:
        headers["host"] = host
    body = urlencode({"answer": "confirm", "nonce": nonce}).encode()
    return browser.ask("POST", link, body=body, headers=headers)


def test_an_old_phone_behind_our_proxy_may_answer_and_a_neighbouring_host_may_not(world: World, app: FastAPI) -> None:
    book(world)
    link = path_in(mailed(world), "r")
    for origin in ("https://evil.reminders.example", "https://example", "http://reminders.example.evil.net", "file://"):
        assert old_phone(app, link, origin, scheme="http").status_code == 403, origin
    for own in ("https://reminders.example", "null", None):
        assert old_phone(app, link, own, scheme="http").status_code == 303, own
