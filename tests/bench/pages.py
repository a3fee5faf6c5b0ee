"""Every page and list at size: how long it takes beside a page that asks nothing of the database.

Each page is asked several times, the pages in turn, so that none has a quieter moment than another.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from html import unescape
from pathlib import Path
from statistics import median
from time import perf_counter

from reminders.core.staff import Role
from reminders.services.api_keys import add_key
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.bench.clinic_life import SLUGS, lived
from tests.bench.figures import Figure
from tests.bench.options import Options
from tests.servers.postgres import running_postgres
from tests.web.browser import Browser, some_app
from tests.web.people import signed_in
from tests.world import World

LIMIT_MS = 150.0
TODAY = "/"
HEAVIEST_KB = 150.0
SESSIONS_IN_A_COPY = 210
BARE = "/healthz"
PAGES = (
    TODAY,
    "/?clinic=north",
    "/?span=week",
    "/?clinic=north&day=2027-03-08",
    "/parts/today",
    "/inbox",
    "/patients",
    "/patients?q=riverside",
    "/patients?q=patient",  # everybody
    "/patients?q=212555",
    "/patients?q=4257",  # the first one's phone, which each copy has too
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
    ("/", r'id="tasks-after"[^>]* href="([^"]+)'),
)
"""Lists, and the links in them that are followed."""
CALLS = ("/api/v1/appointments", "/api/v1/worklist", "/api/v1/events?limit=100")


def measure(options: Options) -> Sequence[Figure]:
    """Ask for every page of three clinics that had so many sessions."""
    sessions = options.size(50_000, 5_000)
    with running_postgres() as server, server.database() as url, tempfile.TemporaryDirectory() as folder:
        store = Store(url, Vault(["only for this"]))
        world = lived(store, copies=max(0, round(sessions / SESSIONS_IN_A_COPY) - 1))
        counts = {name: world.count(name) for name in ("appointment", "message", "inbound", "task", "event")}
        sys.stderr.write(", ".join(f"{count:,} {name}s" for name, count in counts.items()) + "\n")
        found = measure_pages(world, Path(folder), rounds=options.times(10, 3))
        store.close()
    return found


def measure_pages(world: World, folder: Path, *, rounds: int) -> Sequence[Figure]:
    """Ask for every page in turn, so many times. Raises AssertionError for a page that does not answer 200."""
    ways = _ways(world, folder)
    times: dict[str, list[float]] = {page: [] for page in ways}
    weights: dict[str, float] = {}
    for turn in range(rounds + 1):
        for page, ask in ways.items():
            seconds, weights[page] = ask()
            if turn:  # the first round fills what is kept in memory
                times[page].append(1000 * seconds)
    slowest_first = sorted(times.items(), key=lambda item: median(item[1]), reverse=True)
    return [_figure(page, found, weights[page]) for page, found in slowest_first]


def _figure(page: str, found: Sequence[float], weight: float) -> Figure:
    """Judge by milliseconds: what a person waits for is no ratio. `weight` is the page's HTML in kB."""
    bar = HEAVIEST_KB if page == TODAY else float("inf")
    fault = f"weighs {weight:.0f} kB" if weight > bar else ""
    return Figure("pages", page, "ms", found, at_most=LIMIT_MS, notes={"kB": round(weight, 1)}, fault=fault)


def _ways(world: World, folder: Path) -> Mapping[str, Callable[[], tuple[float, float]]]:
    app = some_app(world, folder)
    staff = signed_in(world, folder, "kim.doe", app=app, **dict.fromkeys(SLUGS, Role.MANAGER))
    key = {"authorization": f"Bearer {_key(world)}", "accept": "application/json"}
    linked = [re.search(link, staff.get(path).text) for path, link in LISTS]
    behind = [unescape(match.group(1)) for match in linked if match is not None]
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
