from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from reminders.core.errors import NotReadyError
from reminders.web.gathering import MOST, Gathering
from tests.services.test_statements import counting
from tests.web.browser import PUBLIC_URL, Browser, Provider, some_app
from tests.web.test_hooks import STATUS, a_receipt
from tests.world import World


class Shelf:
    """Stores numbers slowly, and knows the groups in which they came."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []

    def store(self, numbers: Sequence[int]) -> Sequence[str]:
        """Take a group; one with a zero in it is refused."""
        time.sleep(0.005)
        if 0 in numbers:
            raise NotReadyError("not now")
        self.groups.append(list(numbers))
        return [f"kept {number}" for number in numbers]


async def bring(shelf: Shelf, numbers: Sequence[int]) -> list[str | BaseException]:
    gathering: Gathering[int, str] = Gathering(shelf.store)
    return list(await asyncio.gather(*map(gathering.store, numbers), return_exceptions=True))


def test_what_comes_side_by_side_is_stored_in_groups_and_each_hears_of_its_own() -> None:
    shelf = Shelf()
    numbers = range(1, 2 * MOST + 2)
    assert asyncio.run(bring(shelf, numbers)) == [f"kept {number}" for number in numbers]
    assert [len(group) for group in shelf.groups] == [MOST, MOST, 1]


def test_a_group_that_cannot_be_stored_is_told_so_and_the_next_is_served() -> None:
    async def play() -> tuple[list[str | BaseException], str]:
        gathering: Gathering[int, str] = Gathering(Shelf().store)
        refused = await asyncio.gather(*map(gathering.store, [1, 0]), return_exceptions=True)
        return list(refused), await gathering.store(2)

    refused, served = asyncio.run(play())
    assert [type(answer) for answer in refused] == [NotReadyError, NotReadyError]
    assert served == "kept 2"


def test_one_who_does_not_wait_any_longer_disturbs_nobody() -> None:
    async def play() -> tuple[str, list[list[int]]]:
        shelf = Shelf()
        gathering: Gathering[int, str] = Gathering(shelf.store)
        gone, stays = asyncio.create_task(gathering.store(1)), asyncio.create_task(gathering.store(2))
        await asyncio.sleep(0)
        gone.cancel()
        return await stays, shelf.groups

    assert asyncio.run(play()) == ("kept 2", [[1, 2]])


@pytest.fixture
def app(world: World, tmp_path: Path) -> FastAPI:
    return some_app(world, tmp_path)


def test_callbacks_that_come_side_by_side_are_all_kept_by_few_commits(world: World, app: FastAPI) -> None:
    provider = Provider(Browser(app))
    forms = [a_receipt("sent", sid=f"SM{number:032x}") for number in range(60)]

    async def post() -> list[int]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client:
            signed = [{"X-Twilio-Signature": provider.sign(STATUS, form)} for form in forms]
            asked = [client.post(STATUS, data=form, headers=head) for form, head in zip(forms, signed, strict=True)]
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    with counting(world.store) as seen:
        assert set(asyncio.run(post())) == {204}
    assert world.count("receipt") == len(forms)
    assert len([statement for statement in seen if "INSERT INTO receipt" in statement]) < len(forms) / 4
