from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from reminders.web.app import create_app
from tests.web.browser import Browser, some_app, some_services
from tests.world import World

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def assert_has_headers(answer: httpx.Response) -> None:
    assert answer.headers["content-security-policy"] == CONTENT_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "<style" not in answer.text
    assert " style=" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 303),
        ("GET", "/nowhere", 404),
        ("GET", "/r/wrong", 404),
        ("GET", "/u/wrong", 404),
        ("POST", "/u/wrong", 404),
        ("POST", "/r/wrong", 400),
        ("PUT", "/r/wrong", 405),
        ("POST", "/hooks/twilio/sms", 403),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/metrics", 404),
        ("GET", "/docs", 404),
        ("GET", "/openapi.json", 404),
        ("GET", "/static/..%2f..%2fapp.py", 404),
    ],
)
def test_every_answer_carries_the_headers_and_is_kept_nowhere(
    browser: Browser, method: str, path: str, status: int
) -> None:
    answer = browser.ask(method, path)
    assert answer.status_code == status
    assert_has_headers(answer)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("path", ["/", "/parts/today", "/send", "/static/console.css", "/static/console.js"])
def test_so_do_the_staff_pages_and_their_parts(desk: Browser, path: str) -> None:
    answer = desk.get(path)
    assert answer.status_code == 200
    assert_has_headers(answer)
    assert "strict-transport-security" not in answer.headers, "the demo has no TLS to insist on"


@pytest.fixture
def broken(world: World, tmp_path: Path) -> Browser:
    """A browser before a service whose database has no tables."""
    world.change(store=Store(f"sqlite:///{tmp_path / 'empty.sqlite3'}", Vault(["x" * 40])))
    return Browser(some_app(world, tmp_path))


def test_an_unforeseen_error_tells_nothing_but_a_reference_that_the_log_has_too(broken: Browser) -> None:
    with capture_logs() as lines:
        page, told = broken.get("/r/some-token"), broken.get("/r/some-token", accept="application/json")
    assert (page.status_code, told.status_code) == (500, 500)
    assert_has_headers(page)
    assert "Something went wrong on our side." in page.text
    for word in ("sqlite", "Traceback", "Error", "select"):
        assert word not in page.text
    failed = [line for line in lines if line["event"] == "web.failed"]
    assert told.headers["content-type"] == "application/problem+json"
    said = {"type": "about:blank", "title": "Internal Server Error", "status": 500, "error": "Internal Server Error"}
    assert told.json() == {**said, "reference": failed[1]["id"]}
    assert failed[0]["id"] in page.text


def test_the_access_log_names_the_route_and_never_a_token(browser: Browser) -> None:
    with capture_logs() as lines:
        browser.get("/r/a-very-secret-token?answer=secret")
        browser.post("/u/a-very-secret-token", {})
        browser.get("/a-very-secret-token")
    assert "secret" not in repr(lines)
    asked = [(line["method"], line["route"], line["status"]) for line in lines if line["event"] == "web.request"]
    assert asked == [("GET", "/r/{token}", 404), ("POST", "/u/{token}", 404), ("GET", "none", 404)]


def test_a_large_body_is_refused_with_or_without_its_length(browser: Browser) -> None:
    large = b"answer=" + b"x" * 64_000
    assert browser.ask("POST", "/r/token", body=large).status_code == 413
    assert browser.ask("POST", "/r/token", body=large, headers={"content-length": "7"}).status_code == 413
    assert browser.ask("POST", "/r/token", body=b"", headers={"content-length": "many"}).status_code == 413


def test_pages_know_the_path_under_which_the_public_address_puts_them(world: World, tmp_path: Path) -> None:
    services = some_services(world, tmp_path, public_url="https://clinic.example/reminders")
    answer = Browser(create_app(services)).get("/r/wrong")
    assert 'href="/reminders/static/patient.css"' in answer.text
