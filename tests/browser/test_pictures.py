"""The pictures in the README, taken of the running console.

REMINDERS_PICTURES=tests/browser/pictures python3 -m reminders test tests/browser/test_pictures.py    takes them anew
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.live import Live
from tests.browser.test_staff_walks import a_day

VARIABLE = "REMINDERS_PICTURES"
MOST_BYTES = 250_000
WIDE: ViewportSize = {"width": 1280, "height": 800}


def a_busy_morning(live: Live) -> None:
    """Some have answered: clearly, unclearly, and one of them alarmingly."""
    a_day(live.world)
    for number, words in (
        ("+12025550101", "Yes see you then, my sister is driving me"),
        ("+12025550102", "C"),
        ("+12025550104", "yes but I dont have a ride yet"),
        ("+12025550105", "could we do thursday after 2 instead?"),
        ("+12025550106", "is it ok that I took my meds with a coffee"),
    ):
        live.world.later(timedelta(minutes=2))
        live.world.text(words, sender=number)
    live.world.text("my chest feels tight since this morning", sender="+12025550103")
    live.world.pump()


def test_the_pictures_of_the_readme_can_be_taken(desk: Page, live: Live, tmp_path: Path) -> None:
    folder = Path(os.environ.get(VARIABLE) or tmp_path)
    folder.mkdir(exist_ok=True)
    a_busy_morning(live)
    desk.set_viewport_size(WIDE)
    desk.goto("/")
    expect(desk.locator(".alarm")).to_be_visible()
    desk.screenshot(path=folder / "today.png")
    desk.goto("/inbox?show=all")
    desk.get_by_role("link", name="Ana Lopez").click()
    expect(desk.get_by_text("yes but I dont have a ride yet").first).to_be_visible()
    desk.screenshot(path=folder / "conversation.png")
    desk.goto("/send")
    desk.get_by_label("Everybody with a session…").check()
    desk.get_by_label("Text in English").fill(
        "The lift is out of order tomorrow. Please use the side entrance, we help."
    )
    expect(desk.locator("#send")).to_be_visible()
    desk.screenshot(path=folder / "write.png")
    sizes = {path.name: path.stat().st_size for path in folder.glob("*.png")}
    assert set(sizes) >= {"today.png", "conversation.png", "write.png"}
    assert max(sizes.values()) < MOST_BYTES
