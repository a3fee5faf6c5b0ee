"""The parts about size measure what they say: they lose nothing, double nothing, and count what they were given."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import idle, importing, memory, tick
from tests.bench.options import Options
from tests.bench.schedule_file import write_schedule
from tests.servers.postgres import Postgres


def test_an_import_brings_every_row_once_and_the_same_again_nothing() -> None:
    figures = importing.measure(Options(is_quick=True, rounds=1, rows=240))
    assert [figure.fault for figure in figures] == [""] * len(figures)
    first = figures[0]
    assert first.notes["rows"] == 240
    assert int(first.notes["reminders"]) > 240
    assert all(value > 0 for figure in figures for value in (*figure.ours, *figure.limit))


def test_an_import_that_lost_rows_is_a_fault(postgres: Postgres, tmp_path: Path) -> None:
    write_schedule(tmp_path / "few.csv", 60)
    with postgres.database() as url:
        found = importing.import_once(url, tmp_path / "few.csv")
    again = importing.Round(found, found, found, 1.0)
    assert "added 60 instead of 61" in importing.fault_of(61, again)


def test_every_text_is_taken_once_at_both_sizes() -> None:
    figures = tick.measured(200, 2000, rounds=1, churn=300, effort=tick.Effort(ticks=5, sweeps=1, claims=3))
    assert [figure.fault for figure in figures] == [""] * len(figures)
    by_name = {figure.name: figure for figure in figures}
    assert by_name["a hundred due"].notes == {"reminders": 2000, "taken under a snapshot": 300}
    assert all(len(figure.ours) == len(figure.limit) == 1 for figure in figures)


@pytest.mark.timeout(180)
@pytest.mark.usefixtures("forked")
def test_what_runs_all_the_time_is_weighed_beside_itself() -> None:
    figures = memory.measured(500, rounds=1, seconds=1)
    ours, broker = figures
    assert ours.notes == {"reminders to come": 500}
    assert min(*ours.ours, *ours.limit) > 20, "a Python process weighs more than that"
    assert min(*broker.ours, *broker.limit) > 0


@pytest.mark.timeout(180)
@pytest.mark.usefixtures("forked")
def test_what_has_nothing_to_do_is_counted_by_who_it_is() -> None:
    (figure,) = idle.measured(rounds=1, settles_within=0.0, seconds=1.0)
    assert set(figure.notes) == {"worker %", "beat %", "web %", "broker %", "database %"}
    assert all(float(share) >= 0 for share in figure.notes.values())
    assert 0 < figure.ours[0] < 200, "two cores have no more"
