"""Every page and list at size: how long it takes beside a page that asks nothing of the database.

Each page is asked several times, the pages in turn, so that none has a quieter moment than another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from reminders.core.staff import Role
from reminders.services.api_keys import add_key
from tests.bench.clinic_life import SLUGS
from tests.web.browser import Browser, some_app
from tests.web.people import signed_in
from tests.world import World

LIMIT_MS = 150.0
BARE = "/healthz"
PAGES = (
    "/",
    "/?clinic=north",
    "/parts/today",
    "/inbox",
    "/patients",
    "/patients?q=riverside",
    "/patients?q=212555",
    "/send",
    "/batches",
    "/plan?clinic=north",
    "/plan/versions?clinic=north",
    "/plan/texts/booked?clinic=north",
    "/reports",
    "/reports?clinic=north",
    "/staff",
    "/audit",
)
LISTS = (
    ("/inbox", r'"(/inbox/[^"?]+)'),
    ("/patients?q=riverside", r'"(/patients/[^"?]+)'),
    ("/", r'"(/worklist/[^"?]+)'),
)
"""Lists, and the links in them that are followed."""
CALLS = ("/api/v1/appointments", "/api/v1/worklist", "/api/v1/events?limit=100")


@dataclass(frozen=True, slots=True)
class PageFigure:
    """How long a page took, in milliseconds: median, fastest and slowest; `weight` is its HTML in kB."""

    page: str
    median: float
    fastest: float
    slowest: float
    weight: float
    ratio: float

    @property
    def is_good(self) -> bool:
        """Say whether it keeps the promise that nobody waits."""
        return self.median <= LIMIT_MS


def measure_pages(world: World, folder: Path, *, rounds: int) -> Sequence[PageFigure]:
    """Ask for every page in turn, so many times. Raises AssertionError for a page that does not answer 200."""
    ways = _ways(world, folder)
    times: dict[str, list[float]] = {page: [] for page in ways}
    weights: dict[str, float] = {}
    for turn in range(rounds + 1):
        for page, ask in ways.items():
            seconds, weights[page] = ask()
            if turn:  # the first round fills what is kept in memory
                times[page].append(1000 * seconds)
    bare = median(times[BARE])
    return [
        PageFigure(page, median(found), min(found), max(found), weights[page], median(found) / bare)
        for page, found in times.items()
    ]


def _ways(world: World, folder: Path) -> Mapping[str, Callable[[], tuple[float, float]]]:
    app = some_app(world, folder)
    staff = signed_in(world, folder, "kim.doe", app=app, **dict.fromkeys(SLUGS, Role.MANAGER))
    key = {"authorization": f"Bearer {_key(world)}", "accept": "application/json"}
    linked = [re.search(link, staff.get(path).text) for path, link in LISTS]
    behind = [match.group(1) for match in linked if match is not None]
    found = {path: _asking(staff, path, {}) for path in (BARE, *PAGES, *behind, *_links(world))}
    return found | {path: _asking(Browser(app), path, key) for path in CALLS}


def _key(world: World) -> str:
    return add_key(world.deps, "bench", scopes=["read"], days=2, clinic_slug="north", by="bench").text


def _links(world: World) -> Sequence[str]:
    """Return the page that the newest mail leads its patient to."""
    for sent in reversed(world.email.sent):
        found = re.search(r"/r/[\w-]+", sent.text)
        if found is not None:
            return [found.group()]
    return []


def _asking(browser: Browser, path: str, headers: Mapping[str, str]) -> Callable[[], tuple[float, float]]:
    def ask() -> tuple[float, float]:
        begun = perf_counter()
        answer = browser.get(path, **headers)
        seconds = perf_counter() - begun
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return seconds, len(answer.content) / 1000

    return ask
