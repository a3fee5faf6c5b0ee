"""What every schedule source promises, tried on the CSV file and on its twin in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from reminders.adapters.memory import MemoryScheduleSource
from reminders.adapters.schedule_csv import CsvScheduleSource
from reminders.core.errors import ScheduleError
from reminders.ports import Fault, ScheduleReading, ScheduleSource
from tests.adapters.csv_files import NEW_YORK, a_row, as_text, written
from tests.builders import a_booking, an_entry, local

GOOD = ScheduleReading(((None, an_entry(booking=a_booking(local("2027-03-09 10:00")))),), ())
FAULTY = ScheduleReading(GOOD.entries, (Fault(3, "status", "'here' is no status", "write another"),), ("a note",))


@dataclass(frozen=True, slots=True)
class Bench:
    """A source, and the ways in which what it reads can change."""

    source: ScheduleSource
    turn_faulty: Callable[[], object]
    turn_unreadable: Callable[[], object]


def csv_bench(folder: Path) -> Bench:
    good = a_row(phone="+12025550101")
    path = written(folder, as_text(good))
    return Bench(
        CsvScheduleSource(path, NEW_YORK),
        turn_faulty=lambda: written(
            folder, as_text(good, a_row(external_id="A2", status="here", phone="+12025550101"))
        ),
        turn_unreadable=path.unlink,
    )


def memory_bench(_: Path) -> Bench:
    source = MemoryScheduleSource(GOOD)

    def turn(reading: ScheduleReading | ScheduleError) -> None:
        source.reading = reading

    return Bench(source, lambda: turn(FAULTY), lambda: turn(ScheduleError(["the file is gone"])))


@pytest.fixture(params=[csv_bench, memory_bench], ids=["csv", "memory"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    made = request.param(tmp_path)
    assert isinstance(made, Bench)
    return made


def test_its_name_is_stable_and_short(bench: Bench) -> None:
    name = bench.source.name
    bench.turn_faulty()
    bench.source.fetch()
    assert bench.source.name == name
    assert name.isalnum()


def test_two_fetches_of_an_unchanged_schedule_are_equal(bench: Bench) -> None:
    assert bench.source.fetch() == bench.source.fetch()


def test_good_rows_are_entries_with_instants_and_lines(bench: Bench) -> None:
    assert bench.source.fetch() == GOOD


def test_good_rows_survive_beside_faults(bench: Bench) -> None:
    bench.turn_faulty()
    reading = bench.source.fetch()
    assert reading.entries == GOOD.entries
    assert [(fault.line, fault.column) for fault in reading.faults] == [(3, "status")]


def test_a_schedule_that_cannot_be_read_raises_a_line_for_people(bench: Bench) -> None:
    bench.turn_unreadable()
    with pytest.raises(ScheduleError) as caught:
        bench.source.fetch()
    assert [line.count("\n") for line in caught.value.faults] == [0]
