"""Every page of the console under axe-core, in the light and in the dark: no serious violation."""

from __future__ import annotations

import re
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.live import Live
from tests.browser.test_staff_walks import a_day

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SERIOUS = {"serious", "critical"}
PAGES = (
    "/",
    "/inbox",
    "/patients",
    "/send",
    "/batches",
    "/plan",
    "/plan/versions",
    "/plan/versions/1",
    "/plan/steps/booked",
    "/plan/texts/booked",
    "/plan/answers",
    "/plan/texts/answer_late",
    "/plan/snippets/new",
    "/plan/new-step",
    "/reports",
    "/staff",
    "/audit",
)
BEHIND = (("/", ".item h3 a"), ("/inbox", "main li a, main tr a"), ("/patients?q=dana", ".found a"))
"""Lists, and what leads to one of their entries."""


def violations(page: Page) -> list[str]:
    """What axe-core finds that keeps people out, each with where it is."""
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]


def a_conversation(live: Live) -> None:
    """A day with an alarm, an unclear reply and an opt-out in it."""
    a_day(live.world)
    live.world.text("my chest feels tight and I cant breathe", sender="+12025550103")
    live.world.text("purple monkey", sender="+12025550102")
    live.world.text("STOP", sender="+12025550104")
    live.world.pump()


def test_no_page_keeps_anybody_out_in_the_light_or_in_the_dark(desk: Page, live: Live) -> None:
    a_conversation(live)
    found = {}

    def look(name: str) -> None:
        # The pages are the same in both: only the styles change, and the browser changes them on the open page.
        for scheme in SCHEMES:
            desk.emulate_media(color_scheme=scheme)
            found[f"{name} {scheme}"] = violations(desk)

    for path in PAGES:
        desk.goto(path)
        look(path)
    for path, link in BEHIND:
        desk.goto(path)
        desk.locator(link).first.click()
        desk.wait_for_url(re.compile(r"/(worklist|inbox|patients)/"))
        look(f"{path} > {link}")
    assert len(found) == len(SCHEMES) * (len(PAGES) + len(BEHIND))
    assert not {path: faults for path, faults in found.items() if faults}
