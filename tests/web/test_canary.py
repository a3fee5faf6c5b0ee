from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from reminders.adapters.memory_canary import MemoryStubProvider
from reminders.services.fly_canaries import fly_canary, release_canary
from tests.web.browser import Browser
from tests.world import World


@pytest.fixture
def flown(world: World) -> tuple[str, str]:
    """The address of a canary that awaits its receipt, and its seal."""
    seals: list[str] = []

    def hook(_canary: UUID, seal: str) -> bool:
        seals.append(seal)
        return True

    provider = MemoryStubProvider(hook)
    release_canary(world.deps, None)
    fly_canary(world.deps, provider)
    return f"/hooks/canary/{provider.sent[0]}", seals[0]


def report(browser: Browser, path: str, seal: str | None) -> int:
    """Report a canary; return the status of the answer."""
    headers = {"accept": "*/*"} | ({"X-Canary-Signature": seal} if seal is not None else {})
    return browser.ask("POST", path, form={"status": "delivered"}, headers=headers).status_code


def test_a_canarys_report_is_kept_once_however_often_it_comes(
    world: World, browser: Browser, flown: tuple[str, str]
) -> None:
    assert report(browser, *flown) == 204
    assert report(browser, *flown) == 204
    assert world.count("receipt") == 1


@pytest.mark.parametrize("seal", [None, "", "forged"])
def test_a_forged_report_is_refused(world: World, browser: Browser, flown: tuple[str, str], seal: str | None) -> None:
    assert report(browser, flown[0], seal) == 403
    assert world.count("receipt") == 0


def test_a_seal_of_one_canary_does_not_open_for_another(world: World, browser: Browser, flown: tuple[str, str]) -> None:
    world.later(timedelta(minutes=1))
    release_canary(world.deps, None)
    other = MemoryStubProvider()
    fly_canary(world.deps, other)
    assert report(browser, f"/hooks/canary/{other.sent[0]}", flown[1]) == 403
    assert report(browser, "/hooks/canary/nonsense", flown[1]) == 403
    assert world.count("receipt") == 0
