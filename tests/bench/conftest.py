"""Small runs take forks of our processes: each start of Python that is spared is seconds of a core."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bench.site import LAUNCHER
from tests.chaos.processes import Forks


@pytest.fixture
def forked(forks: Forks) -> Iterator[None]:
    """Let measurements fork what they else start by its command."""
    usual = LAUNCHER.set(forks)
    yield
    LAUNCHER.reset(usual)
