"""A real browser: Chromium as the distribution packages it, found on the machine or named by a variable.

These are the only tests that may be skipped, where there is no browser; whoever names one that is not there fails.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from reminders.core.staff import Role
from reminders.store.unit_of_work import Store
from tests.browser.live import PASSWORD, Live, running
from tests.web.people import secret_of
from tests.world import World

VARIABLE = "REMINDERS_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW = f"no browser: install the package 'chromium', or name one by {VARIABLE}"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
)
PATIENCE_MS = 20_000


# For a module and no longer: while it runs, Playwright keeps an event loop going in this thread, beside which no other
# test could begin one.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser."""
    named = os.environ.get(VARIABLE)
    path = named or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(HOW)
    assert Path(path).exists(), f"{VARIABLE}: {path} does not exist"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def world(sqlite_store: Store) -> World:
    """A clinic over the embedded database."""
    return World(sqlite_store)


@pytest.fixture
def live(chromium: Browser, world: World, tmp_path: Path) -> Iterator[Live]:
    """The app, running; asked for after the browser, so that nothing starts where there is none."""
    with running(world, tmp_path) as app:
        yield app


class Watched:
    """A browser window that notes what went wrong in it: errors on its console, and requests to strangers."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self._host = urlsplit(url).netloc
        self.errors: list[str] = []
        self.strangers: list[str] = []
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("request", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)

    def _see(self, request: Request) -> None:
        if urlsplit(request.url).netloc != self._host:
            self.strangers.append(request.url)


@pytest.fixture
def context(chromium: Browser, live: Live) -> Iterator[BrowserContext]:
    """A fresh browser profile; at its end nothing may have gone wrong in it, and nobody else was asked for anything."""
    found = chromium.new_context(base_url=live.url, viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    found.set_default_timeout(PATIENCE_MS)
    watched = Watched(found, live.url)
    yield found
    found.close()
    assert not watched.errors
    assert not watched.strangers


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A window in which nobody has signed in."""
    return context.new_page()


@pytest.fixture
def desk(page: Page, live: Live) -> Page:
    """A window in which a manager has signed in, on the Today page."""
    sign_in(page.context, live, live.invite(role=Role.MANAGER))
    page.goto("/")
    return page


def sign_in(context: BrowserContext, live: Live, link: str) -> None:
    """Accept an invitation by the requests that its page makes: one test does so by hand, all others begin with it."""
    nonce = context.request.get(link).text().partition('name="nonce" value="')[2].partition('"')[0]
    form: dict[str, str | float | bool] = {
        "password": PASSWORD,
        "again": PASSWORD,
        "code": live.code(secret_of(live.world, link)),
        "nonce": nonce,
    }
    taken = context.request.post(link, form=form, headers={"Origin": live.url, "Sec-Fetch-Site": "same-origin"})
    assert taken.url == f"{live.url}/", taken.text()


def accept_invitation(page: Page, live: Live, link: str) -> str:
    """Choose a password and a second factor, as the page asks; returns the key of the second factor."""
    page.goto(link)
    key = page.locator(".key").inner_text()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_label("The code it shows now").fill(live.code(key))
    page.get_by_role("button", name="Finish and sign in").click()
    page.wait_for_url(f"{live.url}/")
    return key
