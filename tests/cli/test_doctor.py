"""`reminders doctor` as the one meets it who sets the service up, or is woken by it."""

from __future__ import annotations

import re

import pytest

from reminders.cli import parser
from reminders.cli.doctor import page
from reminders.core.examination.codes import EXIT_STATUSES, Area, Code
from reminders.core.examination.diagnosis import diagnose
from tests.architecture.sources import ROOT
from tests.cli.command_line import SCHEDULE, CommandLine
from tests.core.examinations import FAULTY, HEALTHY, NOW

PUBLIC = "http://127.0.0.1:9"
"""Nobody answers at the port of discarding."""


@pytest.fixture
def at_rest(cli: CommandLine) -> CommandLine:
    """An installation that is set up and not running; it sends to a simulator that is not there."""
    cli.environment |= {"REMINDERS_PUBLIC_URL": PUBLIC, "REMINDERS_TWILIO_BASE_URL": PUBLIC}
    return cli


def codes(document: dict[str, list[dict[str, str]]]) -> list[str]:
    return [item["code"] for item in document["findings"] if item["code"]]


def test_where_nothing_was_ever_started_it_makes_no_file_and_says_how_to_begin(fresh_cli: CommandLine) -> None:
    fresh_cli.environment["REMINDERS_PUBLIC_URL"] = PUBLIC
    said = fresh_cli.run("doctor")
    assert said.status == EXIT_STATUSES[Area.WEBHOOKS]
    assert "DB-5 there are no tables yet" in said.out
    assert "-> python3 -m reminders up" in said.out
    assert list(fresh_cli.folder.iterdir()) == []


def test_programs_are_told_everything_with_code_hint_and_status(at_rest: CommandLine) -> None:
    at_rest.run("import", SCHEDULE)
    said = at_rest.run("doctor", "--json")
    assert said.status == said.document["exit_status"]
    assert {"CF-20", "PV-7", "WH-1", "PR-1"} <= set(codes(said.document))
    fields = {"area", "subject", "found", "severity", "code", "meaning", "hint"}
    for item in said.document["findings"]:
        assert set(item) == fields
        assert (item["code"] is None) == (item["severity"] == "ok")
        assert bool(item["hint"]) == bool(item["code"])


def test_a_database_that_is_away_does_not_hide_the_rest(at_rest: CommandLine) -> None:
    at_rest.environment["REMINDERS_DATABASE_URL"] = "postgresql://somebody:hunter2@127.0.0.1:9/x"
    said = at_rest.run("doctor")
    assert said.status == 10
    assert "DB-1 the database does not answer" in said.out
    assert "Begin with DB-1" in said.out.splitlines()[-1]
    assert "hunter2" not in said.out
    assert {"Broker", "Provider", "Webhooks", "Mail", "Processes"} <= set(said.out.splitlines())


def test_settings_that_cannot_be_used_are_findings_too(cli: CommandLine) -> None:
    cli.environment |= {"REMINDERS_PUBLIC_URL": "nonsense", "REMINDERS_ALLOW_LIST": "everybody"}
    said = cli.run("doctor")
    assert (said.status, said.err) == (70, "")
    assert said.out.count("CF-1 ") == 2
    assert "-> correct REMINDERS_PUBLIC_URL; " in said.out
    cli.environment |= {"REMINDERS_PUBLIC_URL": PUBLIC, "REMINDERS_ALLOW_LIST": "", "REMINDERS_SMTP_URL": "nonsense"}
    assert "-> correct REMINDERS_SMTP_URL; " in cli.run("doctor").out


def test_a_secret_that_others_may_read_is_told_with_the_command_that_mends_it(at_rest: CommandLine) -> None:
    token = at_rest.folder / "token"
    token.write_text("a token")
    token.chmod(0o644)
    at_rest.environment["REMINDERS_TWILIO_AUTH_TOKEN_FILE"] = str(token)
    kept = at_rest.folder / "data" / "secret.key"
    kept.write_text("k" * 40)
    kept.chmod(0o640)
    out = at_rest.run("doctor").out
    assert f"-> chmod 600 {token}" in out
    assert f"-> chmod 600 {kept}" in out


def test_an_edited_clinic_file_is_told_with_the_command_that_applies_it(at_rest: CommandLine) -> None:
    file = at_rest.folder / "data" / "clinic.toml"
    example = (ROOT / "reminders" / "cli" / "clinic.example.toml").read_text(encoding="utf-8")
    file.write_text(example, encoding="utf-8")
    at_rest.run("clinic", "apply", file)
    assert "applied as it stands in clinic.toml" in at_rest.run("doctor").out
    file.write_text(re.sub(r'(?m)^sender = ".*"', 'sender = "Another Name"', example), encoding="utf-8")
    assert f"-> python3 -m reminders clinic apply {file}" in at_rest.run("doctor").out


def test_the_help_lists_every_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["doctor", "--help"])
    out = capsys.readouterr().out
    for area, status in EXIT_STATUSES.items():
        assert re.search(rf"(?m)^ +{status}  broken: {area}$", out)


@pytest.mark.parametrize("columns", [80, 120])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    findings = [item for change in FAULTY.values() for item in diagnose(change(HEALTHY), machine_now=NOW)]
    lines = list(page(findings, columns, {}))
    assert max(map(len, lines)) <= columns
    assert any(line.startswith("  BROKEN  ") for line in lines)
    assert max(map(len, page(findings, None, {}))) > columns, "in a pipe a line stays whole"


def test_what_is_wrong_stands_under_its_line_and_what_to_do_below() -> None:
    lines = list(page(diagnose(FAULTY[Code.DATABASE_BEHIND](HEALTHY), machine_now=NOW), 80, {}))
    place = lines.index("          DB-3 the database is behind this code")
    assert re.fullmatch(r"  BROKEN  tables +0002; this code needs 0003", lines[place - 1])
    assert lines[place + 1] == "               -> python3 -m reminders migrate"
    assert re.fullmatch(r"1 broken, 0 to look at, \d+ ok. Begin with DB-3: the database is behind this code", lines[-1])


def test_where_all_is_well_one_line_says_so() -> None:
    found = diagnose(HEALTHY, machine_now=NOW)
    assert list(page(found, 80, {}))[-1] == f"All is well: {len(found)} things looked at."
