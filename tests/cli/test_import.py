from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command_line import FAULTS, SCHEDULE, CommandLine


def test_a_good_schedule_is_imported_and_planned(cli: CommandLine) -> None:
    said = cli.run("import", SCHEDULE)
    assert said.status == 0
    assert "12 added, 0 moved, 0 cancelled" in said.out
    assert "imported 12 rows" in said.out
    assert cli.ledger()["reminders"]["planned"] > 20


def test_the_same_file_twice_changes_nothing(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    before = cli.ledger()
    said = cli.run("import", SCHEDULE, "--json")
    assert said.status == 0
    assert said.document["counts"] == {"added": 0, "moved": 0, "cancelled": 0, "changed": 0, "unchanged": 12}
    assert said.document["changes"] == []
    assert cli.ledger() == before


def test_each_fault_is_one_line_with_its_place_and_nothing_is_imported(cli: CommandLine) -> None:
    said = cli.run("import", FAULTS)
    lines = [line for line in said.err.splitlines() if line.startswith(f"{FAULTS}:")]
    assert said.status == 2
    assert len(lines) >= 20
    assert f"{FAULTS}:7: starts_at: '3/5/2027 10:00' is no date and time" in said.err
    assert "nothing was imported" in said.out
    assert said.err.splitlines() == lines, "standard error holds one line for each fault and no other"
    assert cli.run("status", "--json", "--days", "30").document["appointments"] == []


def test_what_a_faulty_file_leaves_out_is_not_called_missing(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    said = cli.run("import", FAULTS, "--partial", "--json")
    assert said.document["missing"] == []
    assert cli.run("status", "--json").document["tasks"] == []


def test_the_good_rows_of_a_faulty_file_are_imported_on_request(cli: CommandLine) -> None:
    said = cli.run("import", FAULTS, "--partial")
    assert said.status == 2
    assert "1 added" in said.out
    assert "imported 1 row; the rows of 24 faults were left out" in said.out
    [appointment] = cli.run("status", "--json", "--days", "30").document["appointments"]
    assert appointment["external_id"] == "F-27"


def test_faults_are_there_for_programs_too(cli: CommandLine) -> None:
    document = cli.run("import", FAULTS, "--json").document
    assert document["applied"] is False
    assert document["faults"][0] == {
        "line": 3,
        "column": "external_id",
        "found": "the cell is blank",
        "wanted": "each row needs it",
    }


def test_a_dry_run_shows_and_changes_nothing(cli: CommandLine) -> None:
    said = cli.run("import", SCHEDULE, "--dry-run")
    assert said.status == 0
    assert "12 added" in said.out
    assert "nothing was imported, as asked" in said.out
    assert sum(cli.ledger()["reminders"].values()) == 0


def test_a_move_is_shown_with_both_times(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    said = cli.run("import", cli.schedule(("2027-03-05T09:00", "2027-03-05T11:30")))
    [row] = [line for line in said.out.splitlines() if line.startswith("moved")]
    assert "A-1001" in row
    assert "María Álvarez" in row
    assert "Fri 05 Mar 2027 09:00" in row
    assert "Fri 05 Mar 2027 11:30" in row


def test_a_file_that_cancels_a_fifth_waits_for_a_yes(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    emptied = cli.schedule(("booked", "cancelled"))
    waits = cli.run("import", emptied)
    assert waits.status == 2
    assert "add --yes" in waits.out
    assert cli.run("import", emptied, "--dry-run").status == 0
    assert cli.ledger()["reminders"]["planned"] > 20
    approved = cli.run("import", emptied, "--yes", "--json")
    assert (approved.status, approved.document["applied"]) == (0, True)
    assert approved.document["reminders"]["cancelled"] > 20


def test_rows_that_are_gone_are_listed_stay_booked_and_become_tasks(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    rows = SCHEDULE.read_text(encoding="utf-8").splitlines(keepends=True)
    shorter = cli.folder / "shorter.csv"
    shorter.write_text("".join(row for row in rows if "A-1004" not in row), encoding="utf-8")
    assert "missing: A-1004" in cli.run("import", shorter).out
    status = cli.run("status", "--json", "--days", "30").document
    assert [task["kind"] for task in status["tasks"]] == ["missing_from_schedule"]
    assert "A-1004" in {item["external_id"] for item in status["appointments"] if item["status"] == "booked"}


@pytest.mark.parametrize(
    ("content", "complaint"), [(b"", "the file is empty"), (b"name,when\n", "column"), (None, "nowhere.csv")]
)
def test_a_file_that_is_no_schedule_is_refused_by_name(cli: CommandLine, content: bytes | None, complaint: str) -> None:
    path = cli.folder / "nowhere.csv"
    if content is not None:
        path.write_bytes(content)
    said = cli.run("import", path)
    assert said.status == 2
    assert said.err.startswith(f"{path}: ")
    assert complaint in said.err


def test_a_folder_is_refused(cli: CommandLine, tmp_path: Path) -> None:
    said = cli.run("import", tmp_path)
    assert said.status == 2
    assert "a folder; name one CSV file" in said.err
