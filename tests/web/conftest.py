from __future__ import annotations

from pathlib import Path

import pytest

from reminders.store.unit_of_work import Store
from tests.web.browser import Browser, Provider, some_app
from tests.world import World


@pytest.fixture
def world(sqlite_store: Store) -> World:
    """A clinic over the embedded database."""
    return World(sqlite_store)


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
    return Browser(some_app(world, tmp_path, is_demo=True), "http://localhost:8000", address="127.0.0.1")
