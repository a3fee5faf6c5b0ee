"""What is stopped, and which alarm comes of it within three minutes (reliability, T14)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reminders.adapters.memory import MemoryClock
from reminders.core.alarms import AlarmCode
from reminders.core.delivery import Absent, Unknown
from reminders.core.patients import Channel
from reminders.ports import InboundText, Receipt
from reminders.services.apply_receipts import store_receipt
from reminders.services.read_status import leave_beat
from reminders.services.receive_replies import store_text
from reminders.services.watch_vitals import read_vitals
from reminders.store import messages
from reminders.store.unit_of_work import Store
from tests.builders import NOON, an_entry
from tests.services.installation import ROUND, Installation
from tests.world import CONFIRM_AT, MINUTE, World, only, some_entries

MOST = 180.0


@pytest.fixture
def world(store: Store) -> World:
    """What is read is the same on both databases; reading it from each is tested at the end."""
    return World(store)


@pytest.fixture
def installation(world: World) -> Installation:
    """One that has worked for a while."""
    installation = Installation(world)
    installation.run(90 * timedelta(seconds=1))
    assert installation.alarms() == []
    assert installation.heartbeat.heard
    return installation


def a_world_with_texts(store: Store, count: int, *, now: datetime = NOON) -> World:
    """A world in which so many texts fall due at `CONFIRM_AT`."""
    world = World(store, only("remind_confirm", catch_up_per_minute=2), now=now)
    world.sync(*some_entries(count))
    return world


def is_waiting(world: World) -> dict[Channel, datetime]:
    """Since when messages wait that may leave."""
    return dict(read_vitals(world.deps, is_told_outside=True).waits_since)


def leave_one_waiting(store: Store) -> World:
    """A world with a message that is due and that nobody takes."""
    world = a_world_with_texts(store, 1)
    world.at(CONFIRM_AT)
    token, _ = world.claim()
    with world.store.transaction() as tx:
        messages.release(tx, token)
    return world


@pytest.mark.parametrize(
    ("process", "code", "words"),
    [
        ("web", AlarmCode.CANARY_STUCK, "did not reach the web process"),
        ("broker", AlarmCode.CANARY_STUCK, "the broker or the worker that sends texts takes no work"),
        ("worker-sms", AlarmCode.SILENT_PROCESS, "`worker-sms`, which sends texts"),
        ("worker-email", AlarmCode.SILENT_PROCESS, "`worker-email`, which sends e-mail"),
        ("worker-inbound", AlarmCode.SILENT_PROCESS, "`worker-inbound`, which reads replies and receipts"),
        ("worker-upkeep", AlarmCode.SILENT_PROCESS, "`worker-upkeep`, which settles doubts and reads the schedule"),
        ("beat", AlarmCode.SILENT_PROCESS, "`beat`, which ticks"),
    ],
)
def test_a_stopped_process_is_named_within_three_minutes(
    installation: Installation, process: str, code: AlarmCode, words: str
) -> None:
    told = installation.heartbeat.heard
    installation.stopped.add(process)
    seconds, found = installation.seconds_to_alarm()
    assert seconds <= MOST
    assert any(alarm.code is code and words in alarm.sentence for alarm in found)
    if process not in {"worker-email", "beat"}:
        assert installation.heartbeat.heard <= told + 1, "whoever watches from outside is not told that all is well"


def test_an_alarm_ends_once_what_was_stopped_works_again(installation: Installation) -> None:
    told = installation.heartbeat.heard
    installation.stopped.update({"web", "beat"})
    installation.seconds_to_alarm()
    installation.stopped.clear()
    installation.run(80 * timedelta(seconds=1))
    assert installation.alarms() == []
    assert installation.heartbeat.heard > told


def test_a_heartbeat_address_that_does_not_answer_is_an_alarm_of_its_own(installation: Installation) -> None:
    installation.heartbeat.is_deaf = True
    seconds, [alarm] = installation.seconds_to_alarm()
    assert seconds <= MOST
    assert "everything of ours works" in alarm.sentence


def test_a_provider_out_of_reach_holds_texts_back_and_says_why(store: Store) -> None:
    """A broken name service looks like this: no call begins."""
    world = a_world_with_texts(store, 12, now=CONFIRM_AT - timedelta(seconds=1))
    installation = Installation(world, has_texts=True)
    for _ in range(1000):
        world.sms.answer_next(Absent("ConnectError"))
    world.at(CONFIRM_AT)
    seconds, found = installation.seconds_to_alarm()
    assert seconds <= MOST
    assert {alarm.code for alarm in found} <= {AlarmCode.LATE_MESSAGES, AlarmCode.CIRCUIT_OPEN}
    installation.run(ROUND)
    [alarm] = [alarm for alarm in installation.alarms() if alarm.code is AlarmCode.CIRCUIT_OPEN]
    assert "the provider does not answer" in alarm.sentence


def test_due_texts_that_nobody_takes_are_late_after_two_minutes(store: Store) -> None:
    world = leave_one_waiting(store)
    assert is_waiting(world) == {Channel.SMS: CONFIRM_AT}
    installation = Installation(world)
    installation.stopped.add("worker-sms")
    world.later(timedelta(seconds=121))
    assert (AlarmCode.LATE_MESSAGES, "sms") in {alarm.key for alarm in installation.alarms()}


def test_a_message_that_cannot_leave_without_a_provider_is_not_late(store: Store) -> None:
    world = leave_one_waiting(store)
    world.change(sms=None)
    assert is_waiting(world) == {}


@pytest.mark.both_databases
def test_reminders_that_become_no_messages_are_told_and_a_backlog_that_is_worked_off_is_not(
    store: Store,
) -> None:
    world = a_world_with_texts(store, 9)
    world.at(CONFIRM_AT + 20 * MINUTE)
    assert read_vitals(world.deps, is_told_outside=True).undispatched_since == CONFIRM_AT
    world.pump()
    assert 0 < len(world.messages()) < 9
    assert read_vitals(world.deps, is_told_outside=True).undispatched_since is None
    world.later(3 * MINUTE)
    assert read_vitals(world.deps, is_told_outside=True).undispatched_since == CONFIRM_AT


def test_an_outcome_that_stays_unknown_is_told(store: Store) -> None:
    world = a_world_with_texts(store, 1)
    world.at(CONFIRM_AT)
    world.sms.answer_next(Unknown("timeout"))
    world.sms.is_blind = True
    world.pump()
    installation = Installation(world)
    world.later(17 * MINUTE)
    codes = {alarm.key for alarm in installation.alarms()}
    assert (AlarmCode.OLD_DOUBTS, "sms") not in codes
    world.later(2 * MINUTE)
    assert (AlarmCode.OLD_DOUBTS, "sms") in {alarm.key for alarm in installation.alarms()}


def test_what_came_in_and_waits_is_told_though_the_worker_leaves_signs_of_life(installation: Installation) -> None:
    world = installation.world
    installation.stopped.add("worker-inbound")
    store_receipt(world.deps, None, Receipt("SMx", None, "sent", None))
    store_text(world.deps, InboundText("SMin", "+12025550101", "+12025550100", "STOP", 0))
    world.later(timedelta(seconds=121))
    leave_beat(world.deps, "worker-inbound")
    found = {alarm.key for alarm in installation.alarms()}
    assert found >= {(AlarmCode.RECEIPTS_WAIT, ""), (AlarmCode.REPLIES_WAIT, "")}
    assert (AlarmCode.SILENT_PROCESS, "worker-inbound") not in found


def test_a_clock_that_runs_fast_raises_no_alarm_for_what_is_due_by_it(store: Store) -> None:
    """At 600 a reminder that is a second late is ten minutes late by the clinic's clock."""
    world = leave_one_waiting(store)
    machine_now = world.clock.machine_now()
    world.later(10 * MINUTE)
    world.change(clock=MemoryClock(world.clock.now(), machine_now=machine_now, speed=600))
    assert is_waiting(world) == {Channel.SMS: machine_now - timedelta(seconds=1)}


@pytest.mark.both_databases
def test_vital_signs_are_read_from_either_database(store: Store) -> None:
    world = a_world_with_texts(store, 3)
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    world.sms.answer_next(Unknown("timeout"))
    world.pump()
    store_text(world.deps, InboundText("SMin", "+12025550101", "+12025550100", "C", 0))
    store_receipt(world.deps, None, Receipt("SMx", None, "sent", None))
    installation = Installation(world)
    installation.stopped.add("worker-inbound")
    installation.run(2 * ROUND)
    found = installation.vitals()
    assert found.reply_since == CONFIRM_AT
    assert found.receipt_since == CONFIRM_AT
    assert set(found.doubts_since) == {Channel.SMS}
    assert set(found.signs) == {"worker-sms", "worker-upkeep", "worker-email", "beat"}
    assert [canary.is_received for canary in found.canaries] == [True]
    world.check()
