"""What every clock does: the system's, the simulated one and the one in memory."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reminders.adapters.memory import MemoryClock
from reminders.adapters.system_clock import SimulatedClock, SystemClock
from reminders.ports import Clock

START = datetime(2027, 3, 1, 14, tzinfo=UTC)
BRIEFLY = timedelta(seconds=0.05)


@pytest.fixture(params=["system", "simulated", "memory"])
def clock(request: pytest.FixtureRequest, tmp_path: Path) -> Clock:
    if request.param == "system":
        return SystemClock()
    if request.param == "memory":
        return MemoryClock(START, speed=10)
    simulated = SimulatedClock(START, 10, tmp_path / "clock.json")
    simulated.start_running()
    return simulated


def test_both_times_are_aware_and_in_utc(clock: Clock) -> None:
    assert clock.now().utcoffset() == clock.machine_now().utcoffset() == timedelta(0)


def test_a_sleep_ends_when_the_clinic_s_time_has_come(clock: Clock) -> None:
    at = clock.now() + BRIEFLY * clock.speed

    clock.sleep_until(at, at_most=timedelta(seconds=5), wake=threading.Event().wait)

    assert at <= clock.now() < at + timedelta(seconds=1) * clock.speed


def test_a_sleep_ends_after_its_limit_of_machine_time(clock: Clock) -> None:
    before, began_at = clock.now(), clock.monotonic()

    clock.sleep_until(before + timedelta(days=1), at_most=BRIEFLY, wake=threading.Event().wait)

    assert 0.05 <= clock.monotonic() - began_at < 1
    assert clock.now() >= before + BRIEFLY * clock.speed


def test_a_sleep_ends_when_it_is_woken(clock: Clock) -> None:
    began_at = clock.monotonic()

    clock.sleep_until(clock.now() + timedelta(days=1), at_most=timedelta(seconds=5), wake=lambda _: True)

    assert clock.monotonic() - began_at < 1


def test_a_sleep_until_the_past_waits_for_nothing(clock: Clock) -> None:
    asked: list[float] = []

    def wake(seconds: float) -> bool:
        asked.append(seconds)
        return True

    clock.sleep_until(clock.now() - timedelta(days=1), at_most=timedelta(seconds=5), wake=wake)

    assert asked == []


def test_clinic_time_passes_at_the_clock_s_speed(clock: Clock) -> None:
    clinic, machine = clock.now(), clock.machine_now()

    clock.sleep_until(clinic + BRIEFLY * clock.speed, at_most=timedelta(seconds=5), wake=threading.Event().wait)

    passed = (clock.now() - clinic) / (clock.machine_now() - machine)
    assert passed == pytest.approx(clock.speed, rel=0.1)
