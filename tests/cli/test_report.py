from __future__ import annotations

import csv
import io

import pytest

from reminders.cli.report_arguments import KEYS
from tests.cli.command_line import SCHEDULE, CommandLine


@pytest.fixture
def here(cli: CommandLine) -> CommandLine:
    """An installation with a schedule."""
    assert cli.run("import", SCHEDULE, "--yes").status == 0
    return cli


def test_people_read_each_table_below_how_it_is_counted(here: CommandLine) -> None:
    said = here.run("report", "--weeks", "4")
    assert said.status == 0
    assert "Confirmed before the session\nSessions that have begun" in said.out
    assert "2027-03-01  0" in said.out


def test_programs_get_every_report_with_bare_numbers(here: CommandLine) -> None:
    found = here.run("report", "--weeks", "4", "--json").document
    assert tuple(report["report"] for report in found["reports"]) == KEYS
    assert found["weeks"] == ["2027-02-08", "2027-02-15", "2027-02-22", "2027-03-01"]
    assert found["reports"][0]["rows"][-1]["Share confirmed"] is None


def test_one_table_is_printed_as_csv(here: CommandLine) -> None:
    said = here.run("report", "opt-outs", "--weeks", "1", "--csv")
    assert list(csv.reader(io.StringIO(said.out, newline=""))) == [
        ["Week of", "Opted out", "By text", "By link", "By staff", "Opted in again"],
        ["2027-03-01", "0", "0", "0", "0", "0"],
    ]


@pytest.mark.parametrize(
    "words", [("--weeks", "0"), ("--weeks", "105"), ("salaries",), ("--csv", "--json"), ("--clinic", "nowhere")]
)
def test_what_there_is_not_is_refused(here: CommandLine, words: tuple[str, ...]) -> None:
    assert here.run("report", *words).status == 2
