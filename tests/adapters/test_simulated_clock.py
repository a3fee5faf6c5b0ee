"""A clinic's time that stands still, runs fast, and goes on after a restart."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reminders.adapters.system_clock import SimulatedClock, parse_clock
from reminders.core.errors import SettingsError

START = datetime(2027, 3, 1, 14, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "run" / "clock.json"


def test_time_stands_at_its_start_until_it_is_let_run(file: Path) -> None:
    clock = SimulatedClock(START, 600, file)
    time.sleep(0.01)

    assert clock.now() == START
    clock.sleep_until(START, at_most=timedelta(seconds=5), wake=lambda _: False)
    clock.sleep_until(START + timedelta(1), at_most=timedelta(seconds=0.02), wake=threading.Event().wait)
    assert clock.now() == START


def test_every_process_sees_the_same_time_once_it_runs(file: Path) -> None:
    waiting, starting = SimulatedClock(START, 600, file), SimulatedClock(START, 600, file)
    assert waiting.now() == START

    starting.start_running()
    time.sleep(0.02)

    assert abs(waiting.now() - starting.now()) < timedelta(seconds=10)
    assert waiting.now() > START + timedelta(seconds=10)


def test_a_restart_goes_on_where_time_has_come_to(file: Path) -> None:
    first = SimulatedClock(START, 600, file)
    first.start_running()
    time.sleep(0.02)
    before = first.now()

    second = SimulatedClock(START, 600, file)
    second.start_running()

    assert second.now() >= before > START


def test_another_start_or_speed_begins_anew(file: Path) -> None:
    SimulatedClock(START, 600, file).start_running()
    time.sleep(0.02)
    other = SimulatedClock(START + timedelta(days=7), 600, file)

    assert other.now() == START + timedelta(days=7)
    other.start_running()
    assert other.now() < START + timedelta(days=7, seconds=10)
    assert SimulatedClock(START, 600, file).now() == START


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"clock": 1}', '{"clock": "2027-03-01T14:00:00+00:00@600", "anchor": "?"}']
)
def test_a_broken_file_counts_as_none_and_is_replaced(file: Path, content: str) -> None:
    file.parent.mkdir()
    file.write_text(content)
    clock = SimulatedClock(START, 600, file)

    assert clock.now() == START
    clock.start_running()
    assert set(json.loads(file.read_text())) == {"clock", "anchor"}
    assert [path.name for path in file.parent.iterdir()] == ["clock.json"]


def test_a_machine_whose_time_was_set_back_never_shows_a_time_before_the_start(file: Path) -> None:
    file.parent.mkdir()
    anchor = datetime.now(UTC) + timedelta(hours=1)
    file.write_text(json.dumps({"clock": parse_clock("2027-03-01T14:00Z@600").text, "anchor": anchor.isoformat()}))

    assert SimulatedClock(START, 600, file).now() == START


def test_a_clock_is_written_as_start_at_speed() -> None:
    for text in ("2027-03-01T14:00:00Z@600", "2027-03-01T09:00-05:00@600", " 2027-03-01 14:00:00+00:00@6e2 "):
        found = parse_clock(text)
        assert (found.start, found.speed) == (START, 600)
        assert parse_clock(found.text) == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2027-03-01T14:00Z", "no speed"),
        ("tomorrow@60", "not an ISO 8601"),
        ("2027-03-01T14:00@60", "lacks an offset"),
        ("2027-03-01T14:00Z@fast", "above zero"),
        ("2027-03-01T14:00Z@0", "above zero"),
        ("2027-03-01T14:00Z@-1", "above zero"),
        ("2027-03-01T14:00Z@nan", "above zero"),
        ("2027-03-01T14:00Z@inf", "above zero"),
    ],
)
def test_a_clock_that_cannot_be_read_says_what_would_be_right(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        parse_clock(text)
    assert "REMINDERS_CLOCK" in str(caught.value)
    assert "START@SPEED" in str(caught.value)
