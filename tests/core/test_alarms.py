from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from reminders.core.alarms import CAUSES, ROLES, RULES, STOPS, AlarmCode, OpenCircuit, Vitals, alarms
from reminders.core.canaries import Canary, Stop, canary_id
from reminders.core.circuit import Cause
from reminders.core.patients import Channel

NOW = datetime(2027, 3, 1, 12, 0, 30, tzinfo=UTC)
THROUGH = Canary(canary_id(NOW), NOW - timedelta(seconds=20), NOW, True, NOW, NOW)  # noqa: FBT003 - its fields in order
WELL = Vitals(signs={"worker": NOW, "beat": NOW}, canaries=[THROUGH])


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def found(vitals: Vitals, **changes: Any) -> list[tuple[AlarmCode, str]]:  # noqa: ANN401 - any of its fields
    """The keys of the alarms once these are changed."""
    return [alarm.key for alarm in alarms(replace(vitals, **changes), NOW)]


def a_canary(age: float, *, called: bool = False, received: bool = False) -> Canary:
    return Canary(canary_id(ago(age)), ago(age), ago(age) if called else None, received)


def test_every_code_every_cause_and_every_stop_has_its_words() -> None:
    assert set(RULES) == set(AlarmCode)
    assert set(CAUSES) == set(Cause)
    assert set(STOPS) == set(Stop)


def test_a_healthy_service_raises_no_alarm() -> None:
    assert found(WELL) == []
    split = dict.fromkeys((*ROLES, "beat", "watch"), ago(80))
    assert found(WELL, signs=split) == []


@pytest.mark.parametrize(
    ("code", "about", "just", "over"),
    [
        (AlarmCode.DATABASE_FULL, "", {"unwritable_since": ago(30)}, {"unwritable_since": ago(31)}),
        (
            AlarmCode.LATE_MESSAGES,
            "sms",
            {"waits_since": {Channel.SMS: ago(120)}},
            {"waits_since": {Channel.SMS: ago(121)}},
        ),
        (AlarmCode.LATE_REMINDERS, "", {"undispatched_since": ago(120)}, {"undispatched_since": ago(121)}),
        (
            AlarmCode.OLD_DOUBTS,
            "sms",
            {"doubts_since": {Channel.SMS: ago(900)}},
            {"doubts_since": {Channel.SMS: ago(901)}},
        ),
        (
            AlarmCode.OLD_DOUBTS,
            "email",
            {"doubts_since": {Channel.EMAIL: ago(2100)}, "doubts_last": {Channel.EMAIL: timedelta(minutes=30)}},
            {"doubts_since": {Channel.EMAIL: ago(2101)}, "doubts_last": {Channel.EMAIL: timedelta(minutes=30)}},
        ),
        (
            AlarmCode.SILENT_PROCESS,
            "beat",
            {"signs": {"worker": NOW, "beat": ago(90)}},
            {"signs": {"worker": NOW, "beat": ago(91)}},
        ),
        (
            AlarmCode.CANARY_STUCK,
            "",
            {"canaries": [replace(THROUGH, begun_at=ago(140))]},
            {"canaries": [replace(THROUGH, begun_at=ago(141))]},
        ),
        (
            AlarmCode.CIRCUIT_OPEN,
            "sms",
            {"circuits": [OpenCircuit(Channel.SMS, Cause.FAILURES, ago(120))]},
            {"circuits": [OpenCircuit(Channel.SMS, Cause.FAILURES, ago(121))]},
        ),
        (AlarmCode.RECEIPTS_WAIT, "", {"receipt_since": ago(120)}, {"receipt_since": ago(121)}),
        (AlarmCode.REPLIES_WAIT, "", {"reply_since": ago(120)}, {"reply_since": ago(121)}),
        (AlarmCode.RESENDS_HELD, "", {"holds_since": None}, {"holds_since": ago(1)}),
        (
            AlarmCode.PATIENT_WAITS,
            "",
            {"patient_waits_since": ago(15 * 60)},
            {"patient_waits_since": ago(15 * 60 + 1)},
        ),
        (
            AlarmCode.PATIENT_WAITS,
            "",
            {"patient_waits_since": None, "is_nobody_called": True},
            {"patient_waits_since": ago(1), "is_nobody_called": True},
        ),
        (AlarmCode.OPT_OUT_OVERDUE, "", {"opt_out_since": ago(-1)}, {"opt_out_since": ago(0)}),
        (AlarmCode.LEDGER_WRONG, "", {"contradictions": {"a_name": 0}}, {"contradictions": {"a_name": 1}}),
    ],
)
def test_each_alarm_begins_where_its_limit_is_passed(
    code: AlarmCode, about: str, just: dict[str, Any], over: dict[str, Any]
) -> None:
    assert found(WELL, **just) == []
    assert found(WELL, **over) == [(code, about)]


def test_a_database_that_is_away_hides_all_else_and_is_told_after_half_a_minute() -> None:
    away = Vitals(is_database_there=False, away_since=ago(31), receipt_since=ago(9999))
    assert [alarm.code for alarm in alarms(away, NOW)] == [AlarmCode.DATABASE_AWAY]
    assert alarms(replace(away, away_since=ago(29)), NOW) == []
    assert [alarm.code for alarm in alarms(Vitals(is_database_there=False), NOW)] == [AlarmCode.DATABASE_AWAY]


def test_one_worker_that_does_everything_is_one_alarm_and_a_split_one_names_its_work() -> None:
    [alarm] = alarms(replace(WELL, signs={"worker": ago(100), "beat": NOW}), NOW)
    assert alarm.about == "worker"
    for does in ROLES.values():
        assert does in alarm.sentence
    signs = dict.fromkeys(("worker-sms", "worker-email", "worker-upkeep", "beat"), NOW)
    [alarm] = alarms(replace(WELL, signs={**signs, "worker-inbound": ago(100)}), NOW)
    assert (
        alarm.sentence
        == "`worker-inbound`, which reads replies and receipts, has shown no sign of life for 100 seconds."
    )


def test_a_name_that_a_process_had_under_other_settings_is_no_alarm() -> None:
    old = dict.fromkeys(ROLES, ago(99_999))
    assert found(WELL, signs={**old, "worker": NOW, "beat": NOW}) == []


def test_nothing_counts_as_older_than_the_watch_itself() -> None:
    old = Vitals(
        watched_since=ago(20),
        waits_since={Channel.SMS: ago(9999)},
        undispatched_since=ago(9999),
        doubts_since={Channel.SMS: ago(9999)},
        circuits=[OpenCircuit(Channel.SMS, Cause.FAILURES, ago(9999))],
        receipt_since=ago(9999),
        reply_since=ago(9999),
    )
    assert [alarm.code for alarm in alarms(replace(old, opt_out_since=ago(9999)), NOW)] == [AlarmCode.OPT_OUT_OVERDUE]
    assert alarms(old, NOW) == []
    later = {alarm.code for alarm in alarms(replace(old, watched_since=ago(200)), NOW)}
    assert later >= {AlarmCode.LATE_MESSAGES, AlarmCode.SILENT_PROCESS, AlarmCode.CANARY_STUCK, AlarmCode.CIRCUIT_OPEN}


@pytest.mark.parametrize(
    ("newest", "words"),
    [
        ((), "none was begun"),
        ((a_canary(60),), "the broker or the worker that sends texts takes no work"),
        ((a_canary(60, called=True),), "did not reach the web process"),
        ((a_canary(60, called=True, received=True),), "not applied"),
        ((replace(THROUGH, begun_at=ago(60), told_at=None),), "the heartbeat address does not answer"),
    ],
)
def test_a_stuck_canary_says_which_part_is_broken(newest: tuple[Canary, ...], words: str) -> None:
    stuck = replace(WELL, canaries=[*newest, replace(THROUGH, begun_at=ago(200))], is_told_outside=True)
    [alarm] = alarms(stuck, NOW)
    assert words in alarm.sentence


@pytest.mark.parametrize(("cause", "channel"), list(product(Cause, Channel)))
def test_an_open_circuit_says_why(cause: Cause, channel: Channel) -> None:
    [alarm] = alarms(replace(WELL, circuits=[OpenCircuit(channel, cause, ago(200))]), NOW)
    assert CAUSES[cause][0] in alarm.sentence
    assert alarm.what_to_do == CAUSES[cause][1]
