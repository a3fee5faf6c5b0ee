from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI

from tests.web.api.program import Program, a_key
from tests.web.browser import some_app
from tests.world import World


@pytest.fixture
def app(world: World, tmp_path: Path) -> FastAPI:
    """The app, with the API in it."""
    return some_app(world, tmp_path)


@pytest.fixture
def program(world: World, app: FastAPI) -> Program:
    """A program whose key may do everything at the one clinic."""
    return Program(app, a_key(world))
