"""Pages stay calm: nothing hangs over the edge of a small screen, whatever people are called and however much they
write, and a press that is not taken says so.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from reminders.core.staff import Role
from reminders.services.sync_schedule import SyncOptions
from tests.browser.conftest import PATIENCE_MS, accept_invitation
from tests.browser.live import Live
from tests.browser.test_accessible import BEHIND, PAGES, SCHEMES
from tests.browser.test_pictures import VARIABLE
from tests.browser.test_staff_walks import TOMORROW
from tests.builders import a_booking, a_record, an_entry
from tests.world import World

LONGEST_NAME = "Maximiliana Wolfeschlegelsteinhausenbergerdorff-Featherstone"
UNBROKEN = "N" * 60
LONG_TEXT = ("could I park behind the house or not, my sister brings me and then has to go on " * 20)[:1600]
WIDTHS = ((360, 740), (1280, 800))
ERRORS = ("/no-such-page", "/patients/00000000-0000-0000-0000-000000000001", "/r/no-such-link")


def a_crowded_day(world: World) -> None:
    """Twelve patients with the longest names, who write the longest texts."""
    names = [LONGEST_NAME, UNBROKEN, *(f"Dana Rivers {n}" for n in range(10))]
    world.sync(
        *(
            an_entry(
                f"A{n}",
                patient=a_record(f"P{n}", name=name, phone=f"+1202555{100 + n:04d}", email=None),
                booking=a_booking(TOMORROW + timedelta(minutes=20 * n)),
            )
            for n, name in enumerate(names, 1)
        ),
        options=SyncOptions(is_approved=True),
    )
    world.pump()
    for n in range(1, len(names) + 1):
        world.text(LONG_TEXT if n < 5 else "w" * 120, sender=f"+1202555{100 + n:04d}")
    world.text("my chest feels tight " + UNBROKEN, sender="+12025550101")
    world.pump()


def overhang(page: Page) -> str:
    """What stands over the right edge of the window; empty where nothing does."""
    found: str = page.evaluate(
        """() => {
            const edge = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= edge) return "";
            const isOut = (one) => one.getBoundingClientRect().right > edge + 1;
            const out = [...document.querySelectorAll("body *")].filter(isOut);
            return out.slice(-3).map((one) => one.outerHTML.slice(0, 120)).join(" | ") || "the page itself";
        }"""
    )
    return found


def picture(page: Page, name: str) -> None:
    """Keep a picture where somebody asked for them."""
    folder = os.environ.get(VARIABLE)
    if folder:
        plain = re.sub(r"\W+", "-", name).strip("-")
        page.screenshot(path=Path(folder) / f"calm-{plain}.png", full_page=True)


def test_nothing_hangs_over_the_edge(desk: Page, live: Live) -> None:
    a_crowded_day(live.world)
    found = {}

    def look(name: str, short: str, width: int) -> None:
        for scheme in SCHEMES:
            desk.emulate_media(color_scheme=scheme)
            found[f"{name} {width} {scheme}"] = overhang(desk)
            picture(desk, f"{short} {width} {scheme}")

    for width, height in WIDTHS:
        desk.set_viewport_size({"width": width, "height": height})
        for path in PAGES:
            desk.goto(path)
            look(path, path, width)
        for path, link in BEHIND:
            desk.goto(path)
            desk.locator(link).first.click()
            desk.wait_for_url(re.compile(r"/(worklist|inbox|patients)/"))
            look(f"{path} > {link}", f"{path} behind", width)
    assert len(found) == len(WIDTHS) * len(SCHEMES) * (len(PAGES) + len(BEHIND))
    assert not {path: what for path, what in found.items() if what}


def test_an_answer_is_chosen_by_keyboard_and_the_hand_stays_where_it_writes(desk: Page, live: Live) -> None:
    a_crowded_day(live.world)
    desk.goto("/inbox")
    desk.get_by_role("link", name="Dana Rivers 3").click()
    desk.locator(".snippets button").first.focus()
    desk.keyboard.press("Enter")
    expect(desk.locator("#seen .bubble")).to_be_visible()
    expect(desk.get_by_label("Your words")).to_be_focused()


def test_a_press_that_is_not_taken_is_told_and_the_next_that_is_takes_it_away(chromium: Browser, live: Live) -> None:
    # A profile of its own: what is refused stands on the browser's console too, as it should.
    context = chromium.new_context(base_url=live.url, viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    accept_invitation(page, live, live.invite(role=Role.MANAGER))
    a_crowded_day(live.world)
    page.goto("/")
    count = page.locator("[data-task]").count()
    good = page.locator("#part-work input[name=nonce]").get_attribute("value") or ""
    page.evaluate("() => { document.querySelector('#part-work input[name=nonce]').value = 'x'; }")
    page.locator(".item").first.get_by_role("button", name="Take").click()
    expect(page.locator("#refused")).to_contain_text("That is not allowed here.")
    expect(page.locator("[data-task]")).to_have_count(count)
    page.evaluate("(good) => { document.querySelector('#part-work input[name=nonce]').value = good; }", good)
    page.locator(".item").first.get_by_role("button", name="Take").click()
    expect(page.locator("#refused")).to_be_hidden()
    for path in ERRORS:
        page.goto(path)
        assert not overhang(page), path
        picture(page, f"error {path}")
    context.close()
