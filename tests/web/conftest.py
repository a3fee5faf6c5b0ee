from __future__ import annotations

from pathlib import Path

import pytest

from reminders.store.unit_of_work import Store
from tests.web.browser import Browser, Provider, share_routes, some_app
from tests.world import World


@pytest.fixture
def world(store: Store) -> World:
    """A clinic over the embedded database, and over PostgreSQL where a test asks for both."""
    return World(store)


@pytest.fixture
def browser(world: World, tmp_path: Path) -> Browser:
    """A patient's browser, somewhere in the world."""
    return Browser(some_app(world, tmp_path))


@pytest.fixture
def provider(browser: Browser) -> Provider:
    """Twilio."""
    return Provider(browser)


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Browser:
    """The front desk's browser, on the machine of the demo."""
    app = some_app(world, tmp_path, is_demo=True)
    share_routes(app)
    return Browser(app, "http://localhost:8000", address="127.0.0.1")
