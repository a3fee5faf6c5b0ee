"""Requirement 21: while a provider is away nothing is burnt on it, and staff hear of what only they can mend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select

from reminders.core.circuit import MOST_IN_A_ROW, PROBE_EVERY
from reminders.core.delivery import Absent, Blame, Outcome, ReceiptStatus, Refusal, Unknown
from reminders.core.patients import Channel
from reminders.store import circuits, rows
from reminders.store.unit_of_work import Store
from tests.world import CONFIRM_AT, MINUTE, World, only, some_entries

SECOND = timedelta(seconds=1)
DOWN = Absent("connection refused")
MISCONFIGURED = Absent("HTTP 401", blame=Blame.CONFIGURATION)
MANY = 2 * MOST_IN_A_ROW


def owing(store: Store, patients: int = MANY) -> World:
    """Return a clinic that owes texts, and calls for ten of them at a time."""
    world = World(store, only("remind_confirm"))
    world.change(policy=replace(world.deps.policy, in_flight=MOST_IN_A_ROW, least_group=MOST_IN_A_ROW))
    world.sync(*some_entries(patients))
    world.at(CONFIRM_AT)
    return world


def fail(world: World, outcome: Outcome, times: int = 1) -> None:
    for _ in range(times):
        world.sms.answer_next(outcome, has_arrived=False)
    world.pump()


def paused(world: World) -> Sequence[Any]:
    """Return the tasks about the channel, oldest first."""
    return world.all(select(rows.task).where(rows.task.c.kind == "channel_paused").order_by(rows.task.c.opened_at))


@pytest.mark.parametrize("outcome", [DOWN, Unknown("no answer")], ids=["out of reach", "silent"])
def test_while_it_is_open_nothing_is_called_and_nothing_loses_a_try(store: Store, outcome: Outcome) -> None:
    world = owing(store)
    fail(world, outcome, MOST_IN_A_ROW)
    assert len(world.sms.calls) == MOST_IN_A_ROW
    world.later(PROBE_EVERY - SECOND)
    assert world.pump() == 0
    assert sorted(row.fence for row in world.messages()) == [0] * MOST_IN_A_ROW + [1] * MOST_IN_A_ROW
    assert [row.state for row in world.messages() if row.fence == 0] == ["due"] * MOST_IN_A_ROW
    assert world.tasks() == [], "nobody at the clinic can mend a provider"
    world.check()


def test_one_message_every_half_minute_finds_out_and_the_first_that_passes_opens_the_way(sqlite_store: Store) -> None:
    world = owing(sqlite_store)
    fail(world, DOWN, MOST_IN_A_ROW)
    for probes in (1, 2, 3):
        world.later(PROBE_EVERY)
        fail(world, DOWN)
        assert len(world.sms.calls) == MOST_IN_A_ROW + probes
    world.later(PROBE_EVERY)
    assert world.pump() == MANY, "one, and then all that are due"
    assert len(world.sms.sent) == MANY
    world.check()


def test_of_two_workers_one_finds_out(store: Store) -> None:
    world = owing(store)
    fail(world, MISCONFIGURED, MOST_IN_A_ROW)
    before = len(world.sms.calls)
    world.later(PROBE_EVERY)
    for _ in range(2):
        world.sms.answer_next(MISCONFIGURED)
    start, sent = Barrier(2), []

    def work() -> None:
        start.wait()
        sent.append(world.pump())

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(sent) == [0, 1]
    assert len(world.sms.calls) == before + 1
    world.check()


def test_mail_leaves_while_texts_wait(sqlite_store: Store) -> None:
    world = World(sqlite_store, only("remind_confirm"))
    texted, mailed = some_entries(2)
    world.sync(texted, replace(mailed, patient=replace(mailed.patient, phone=None)))
    world.at(CONFIRM_AT)
    fail(world, MISCONFIGURED)
    assert world.pump() == 0
    assert world.pump(Channel.EMAIL) == 1


def test_each_clinic_hears_once_of_each_opening_and_the_task_ends_with_it(sqlite_store: Store) -> None:
    names = ("north", "south")
    world = World(sqlite_store, *(only("remind_confirm", slug=name) for name in names))
    world.sync(*((name, entry) for name in names for entry in some_entries(3)))
    world.at(CONFIRM_AT)
    fail(world, MISCONFIGURED, 6)
    world.later(PROBE_EVERY)
    fail(world, MISCONFIGURED)
    first = paused(world)
    assert len({row.clinic_id for row in first}) == len(first) == 2
    assert [row.resolved_at for row in first] == [None, None]
    world.later(MINUTE)
    world.pump()
    assert [row.resolved_by for row in paused(world)] == ["provider"] * 2
    world.sync(*((name, entry) for name in names for entry in some_entries(5)))
    fail(world, MISCONFIGURED, 4)
    assert [row.resolved_at is None for row in paused(world)] == [False] * 2 + [True] * 2
    world.check()


def test_a_report_that_the_carriers_refuse_us_opens_it_for_every_other_message(sqlite_store: Store) -> None:
    world = owing(sqlite_store, 1)
    world.pump()
    tag = world.attempts()[0].tag
    world.receipt(tag, ReceiptStatus.UNDELIVERED, code="30007", refusal=Refusal.CONFIGURATION)
    assert world.tasks() == ["channel_paused"]
    world.sync(*some_entries(MOST_IN_A_ROW))
    assert world.pump() == 0
    world.later(PROBE_EVERY)
    assert world.pump() == 1, "a probe that is taken proves nothing: so was the one that carriers refused"
    assert paused(world)[0].resolved_at is None
    world.later(SECOND)
    world.receipt(world.attempts()[-1].tag, ReceiptStatus.DELIVERED)
    assert paused(world)[0].resolved_at is not None
    assert world.pump() == MOST_IN_A_ROW - 2


@pytest.mark.parametrize("wish", [timedelta(seconds=90), timedelta(seconds=7)])
def test_nobody_calls_before_the_time_that_the_provider_asked_for(sqlite_store: Store, wish: timedelta) -> None:
    world = owing(sqlite_store)
    fail(world, Absent("HTTP 429", retry_after=wish, blame=Blame.LIMIT), MOST_IN_A_ROW)
    assert len(world.sms.calls) == MOST_IN_A_ROW
    world.later(wish - SECOND)
    assert world.pump() == 0
    world.later(SECOND)
    assert world.pump() >= MOST_IN_A_ROW
    assert world.tasks() == []
    world.check()


def test_a_sender_that_carriers_filter_pauses_for_longer_than_one_probe(sqlite_store: Store) -> None:
    """Each text is taken, and five seconds later reported as filtered: a probe that is taken proves nothing."""
    world = World(sqlite_store, only("remind_confirm"))
    world.change(policy=replace(world.deps.policy, in_flight=4, least_group=4, claim_size=8))
    world.sync(*some_entries(30))
    world.at(CONFIRM_AT)
    told, steps = 0, 20
    for _ in range(steps):
        world.pump(wake=lambda _seconds: len(world.sms.sent) >= told + 8)  # noqa: B023 - called before `told` changes
        world.later(5 * SECOND)
        for sent in world.sms.sent[told:]:
            world.receipt(sent.text.tag, ReceiptStatus.UNDELIVERED, code="30007", refusal=Refusal.CONFIGURATION)
        told = len(world.sms.sent)
    assert told <= 8 + steps * 5 * SECOND / PROBE_EVERY, "what was under way, and the probes"
    assert len(paused(world)) == 1, "told once"
    world.later(PROBE_EVERY)
    world.pump()
    assert len(world.sms.sent) == told + 1
    world.receipt(world.sms.sent[-1].text.tag, ReceiptStatus.DELIVERED)
    with world.store.reading() as tx:
        assert not circuits.read(tx, world.deps.accounts[Channel.SMS]).is_open
