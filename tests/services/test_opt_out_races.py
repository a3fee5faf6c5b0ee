"""A STOP at the very moment at which somebody makes, or is about to send, a message to its phone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from reminders.adapters.memory import MemoryScheduleSource
from reminders.adapters.random_ids import RandomIdentity
from reminders.core.ids import AttemptTag
from reminders.ports import InboundText, ScheduleReading
from reminders.services.dispatch_due import dispatch_due
from reminders.services.receive_replies import receive_replies, store_text
from reminders.services.sync_schedule import SyncOptions, sync_schedule
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_record, an_entry
from tests.world import CONFIRM_AT, PHONE, World, only

pytestmark = pytest.mark.both_databases

PATIENCE = 10.0


class StoppingIdentity:
    """Lets a thread go as far as the id that it asks for the n-th time, and no further until it is told to."""

    def __init__(self) -> None:
        self._ids = RandomIdentity()
        self._stops: dict[int, list[int]] = {}
        self._reached, self._go = threading.Event(), threading.Event()

    def new_id(self) -> UUID:
        left = self._stops.get(threading.get_ident())
        if left:
            left[0] -= 1
            if left[0] == 0:
                self._reached.set()
                assert self._go.wait(PATIENCE)
        return self._ids.new_id()

    def new_tag(self) -> AttemptTag:
        return self._ids.new_tag()

    def new_token(self) -> str:
        return self._ids.new_token()

    def jitter(self) -> float:
        return self._ids.jitter()

    def stop_within(self, number: int) -> None:
        self._stops[threading.get_ident()] = [number]

    def wait(self) -> None:
        assert self._reached.wait(PATIENCE)

    def go_on(self) -> None:
        self._go.set()


class Halfway:
    """An act that is under way in a thread of its own, halfway through its transaction."""

    def __init__(self, world: World, act: Callable[[], object], *, ids: int) -> None:
        self._identity = StoppingIdentity()
        world.change(identity=self._identity)

        def run() -> None:
            self._identity.stop_within(ids)
            act()

        self._thread = threading.Thread(target=run)

    def __enter__(self) -> Self:
        self._thread.start()
        self._identity.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        self._identity.go_on()
        self._thread.join()


@pytest.fixture
def world(postgres_store: Store) -> World:
    world = World(postgres_store, only("remind_confirm"), only("remind_confirm", slug="lakeside"))
    # The provider confirms opt-outs itself, so that whatever leaves here should not have left.
    world.change(identity=RandomIdentity(), provider_answers_keywords=True)
    return world


def sync(world: World, slug: str) -> None:
    world.at(NOON)
    entry = (slug, an_entry(slug, patient=a_record(slug, phone=PHONE, email=None)))
    sync_schedule(world.deps, MemoryScheduleSource(ScheduleReading((entry,), ()), name=slug), SyncOptions())
    world.at(CONFIRM_AT)


def stop(world: World) -> None:
    store_text(world.deps, InboundText("SM" + "1" * 32, PHONE, "+12025550100", "STOP", 0))


def test_a_clinic_that_makes_its_first_message_while_somebody_opts_out_elsewhere_sends_none(world: World) -> None:
    sync(world, "riverside")
    dispatch_due(world.deps)
    stop(world)
    with Halfway(world, lambda: receive_replies(world.deps), ids=1) as opting_out:
        sync(world, "lakeside")
        # The row of the phone at the other clinic is there, and not committed, while the opt-out is.
        with Halfway(world, lambda: dispatch_due(world.deps), ids=3):
            opting_out.end()
    assert world.pump() == 0
    assert {state for state, _ in world.states()} <= {"cancelled", "suppressed"}


def test_an_opt_out_of_a_phone_whose_row_is_being_made_is_no_deadlock(world: World) -> None:
    sync(world, "riverside")
    stop(world)
    with capture_logs() as lines:
        with Halfway(world, lambda: dispatch_due(world.deps), ids=1):
            opting_out = threading.Thread(target=receive_replies, args=[world.deps])
            opting_out.start()
            opting_out.join(0.3)  # by then it waits for the dispatch, or would have let it wait
        opting_out.join()
    assert [line for line in lines if line["event"] == "work.failed"] == []
    assert world.pump() == 0
    assert world.tasks().count("reply_unclear") == 0
