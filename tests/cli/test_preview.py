"""`reminders preview`: the plan of a file, for people and programs, without an installation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import DATA, FAULTS, SCHEDULE, CommandLine

MONDAY_UTC = "2027-03-01T14:00:00Z"
HEADER = (
    "external_id,patient_id,patient_name,phone,email,patient_timezone,starts_at,timezone,status,consent_sms,clinic\n"
)
KEYS = [
    *("appointment", "step", "recipient", "channel", "due_at", "due_local", "expires_at", "state", "reason"),
    "merged_into",
]


def _lines(cli: CommandLine, file: Path, *words: str | Path, now: str = MONDAY_UTC) -> list[dict[str, Any]]:
    said = cli.run("preview", "--schedule", file, "--now", now, "--json", *words)
    assert said.status == 0, said.err
    return [json.loads(line) for line in said.out.splitlines()]


def _file(cli: CommandLine, *rows: str) -> Path:
    file = cli.folder / "rows.csv"
    file.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return file


def test_each_touch_is_one_line_of_json_by_contract_in_order_of_time(cli: CommandLine) -> None:
    lines = _lines(cli, SCHEDULE)
    assert {tuple(line) for line in lines} == {tuple(KEYS)}
    assert [line["due_at"] for line in lines] == sorted(line["due_at"] for line in lines)
    assert {line["state"] for line in lines} <= {"planned", "merged", "suppressed", "expired"}
    planned = {f"{line['appointment']}/{line['step']}" for line in lines if line["state"] == "planned"}
    merged = [line for line in lines if line["state"] == "merged"]
    assert merged
    assert all(line["merged_into"] in planned for line in merged)
    assert all((line["merged_into"] is None) is (line["state"] != "merged") for line in lines)


def test_times_are_utc_and_beside_them_the_readers_own_clock(cli: CommandLine) -> None:
    file = _file(cli, "A1,P1,Dana,+12025550101,,Pacific/Honolulu,2027-03-12T09:00,America/New_York,booked,yes,")
    final = next(line for line in _lines(cli, file) if line["step"] == "remind_final")
    # 10:00 in New York is 05:00 in Honolulu, which is asleep until 09:00.
    assert final["due_at"] == "2027-03-11T19:00:00Z"
    assert final["due_local"] == "2027-03-11T09:00:00-10:00"


def test_only_what_falls_due_in_the_days_asked_for_is_printed(cli: CommandLine) -> None:
    everything = _lines(cli, SCHEDULE)
    few = _lines(cli, SCHEDULE, "--days", "3")
    assert few == [line for line in everything if line["due_at"] < "2027-03-04T14:00:00Z"]
    assert 0 < len(few) < len(everything)


def test_a_person_gets_a_table_with_names_and_a_sum(cli: CommandLine) -> None:
    said = cli.run("preview", "--schedule", SCHEDULE, "--now", MONDAY_UTC, "--days", "7")
    assert said.status == 0
    assert said.out.splitlines()[0].split("  ")[0] == "When"
    assert "María Álvarez" in said.out
    assert "with 'Preparation'" in said.out
    assert "22 messages to 6 patients" in said.out


def test_a_clock_other_than_the_clinics_is_named_beside_the_time(cli: CommandLine) -> None:
    said = cli.run("preview", "--schedule", SCHEDULE, "--now", MONDAY_UTC, "--days", "1")
    [ruth] = [line for line in said.out.splitlines() if "Ruth Goldberg" in line]
    assert ruth.startswith("Mon 01 Mar 09:00 PST  Ruth Goldberg")
    [linh] = [line for line in said.out.splitlines() if "Linh Trần" in line]
    assert linh.startswith("Mon 01 Mar 09:00      Linh Trần")


def test_nothing_of_this_installation_is_read_or_written(fresh_cli: CommandLine) -> None:
    data = fresh_cli.folder / "data"
    data.mkdir()
    (data / "clinic.toml").write_text("not toml at all [", encoding="utf-8")
    fresh_cli.environment["REMINDERS_DATABASE_URL"] = "nonsense"
    _lines(fresh_cli, SCHEDULE)
    assert [path.name for path in data.iterdir()] == ["clinic.toml"]


def test_a_clinic_file_changes_the_plan_and_its_faults_are_told(cli: CommandLine) -> None:
    file = cli.folder / "clinic.toml"
    text = '[clinic]\nslug = "north"\nsender = "North"\ntimezone = "America/New_York"\nphone = "+12125550100"\n'
    file.write_text(text + '[clinic.cadence."*"]\noff = ["booked"]\n', encoding="utf-8")
    assert "booked" not in {line["step"] for line in _lines(cli, SCHEDULE, "--clinic", file)}
    file.write_text(text + "[clinic.caps]\nper_day = 0\n", encoding="utf-8")
    said = cli.run("preview", "--schedule", SCHEDULE, "--now", MONDAY_UTC, "--clinic", file)
    assert said.status == 2
    assert "clinic.caps.per_day: found 0" in said.err
    assert said.out == ""


def test_rows_of_a_clinic_that_no_file_describes_are_faults(cli: CommandLine) -> None:
    file = cli.folder / "clinic.toml"
    file.write_text(
        '[clinic]\nslug = "north"\nsender = "North"\ntimezone = "America/New_York"\nphone = "+12125550100"\n',
        encoding="utf-8",
    )
    row = "A1,P1,Dana,+12025550101,,,2027-03-12T09:00,America/New_York,booked,yes,"
    schedule = _file(cli, row + "south")
    said = cli.run("preview", "--schedule", schedule, "--now", MONDAY_UTC, "--clinic", file)
    assert said.status == 2
    assert "clinic: 'south' is no clinic here; write one of north" in said.err
    assert len(_lines(cli, schedule)) > 0  # without a clinic file the built-in settings hold for all


def test_a_faulty_file_shows_its_faults_and_with_partial_the_good_rows(cli: CommandLine) -> None:
    said = cli.run("preview", "--schedule", FAULTS, "--now", MONDAY_UTC, "--json")
    assert said.status == 2
    assert said.out == ""
    assert str(FAULTS) in said.err
    partial = cli.run("preview", "--schedule", FAULTS, "--now", MONDAY_UTC, "--json", "--partial")
    assert partial.status == 2
    assert partial.out


@pytest.mark.parametrize("now", ["2027-03-01T09:00", "yesterday", "2027-13-01T00:00:00Z"])
def test_a_time_without_a_zone_or_no_time_at_all_is_refused_with_an_example(cli: CommandLine, now: str) -> None:
    said = cli.run("preview", "--schedule", SCHEDULE, "--now", now)
    assert said.status == 2
    assert f"--now: found '{now}'" in said.err
    assert "2027-03-01T14:00:00Z" in said.err


def test_a_file_that_is_not_there_is_named(cli: CommandLine) -> None:
    said = cli.run("preview", "--schedule", DATA / "nowhere.csv", "--now", MONDAY_UTC)
    assert said.status == 2
    assert "nowhere.csv" in said.err
