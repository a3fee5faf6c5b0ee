"""What a patient does on a small phone with the page that their mail leads to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from reminders.core.tasks import TaskKind
from tests.browser.live import Live
from tests.browser.test_accessible import violations
from tests.web.test_links import book, mailed

LEAST_TARGET = 44


@pytest.fixture
def phone(chromium: Browser, live: Live) -> Iterator[Page]:
    """A window of 360 pixels, on which scripts are switched off."""
    context: BrowserContext = chromium.new_context(
        base_url=live.url, viewport={"width": 360, "height": 740}, java_script_enabled=False
    )
    yield context.new_page()
    context.close()


def link_of(live: Live) -> str:
    book(live.world)
    words = mailed(live.world)
    return next(word for word in words.split() if "/r/" in word).rstrip(".")


def test_a_patient_confirms_names_a_ride_and_asks_for_another_time(phone: Page, live: Live) -> None:
    phone.goto(link_of(live))
    phone.get_by_role("button", name="Confirm").click()
    expect(phone.get_by_text("You confirmed this time.")).to_be_visible()
    phone.get_by_role("button", name="An adult I know takes me home").click()
    expect(phone.get_by_text("Your ride is arranged.")).to_be_visible()
    phone.get_by_text("I need another time").click()
    for target in phone.locator("label:has(input[type=checkbox]), button, summary, .to-calendar a").all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= LEAST_TARGET
    phone.get_by_label("Thursday").check()
    phone.get_by_label("Morning").check()
    phone.get_by_label("In your own words").fill("not before 9")
    phone.get_by_role("button", name="Ask for another time").click()
    expect(phone.get_by_text("You asked for another time.")).to_be_visible()
    assert TaskKind.RESCHEDULE in live.world.tasks()


def test_the_page_keeps_nobody_out_and_fits_its_screen(page: Page, live: Live) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(link_of(live))
    page.get_by_text("I need another time").click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]  # type: ignore[index]
