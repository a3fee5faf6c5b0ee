from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from typing_extensions import override

from reminders.cli import PLACES, parser
from reminders.cli.parts import beat_argv, worker_argv
from reminders.cli.tables import lay_out, paint, width
from tests.cli.command_line import CommandLine

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("command", PLACES)
def test_every_command_has_help(cli: CommandLine, command: str) -> None:
    assert cli.run(command, "--help").status == 0
    assert f"    {command}" in {line[: 4 + len(command)] for line in parser().format_help().splitlines()}


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        [],
        ["import"],
        ["send", "--text", "x"],
        ["up", "--port", "70000"],
        ["web", "--port", "x"],
        ["worker", "--queues", "sms,fax"],
        ["status", "--days", "0"],
        ["demo", "--speed", "-1"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_understood_is_bad_input(cli: CommandLine, words: list[str]) -> None:
    said = cli.run(*words)
    assert said.status == 2
    assert said.err


def test_help_answers_at_once_because_it_loads_no_service() -> None:
    script = "import sys; from reminders.cli import main; main(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    for module in ("sqlalchemy", "celery", "fastapi", "twilio", "reminders.bootstrap"):
        assert f"'{module}'" not in said.stderr


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    line = f"{sys.executable} -m reminders status --days 30 | true; exit ${{PIPESTATUS[0]}}"
    said = subprocess.run(
        ["/bin/bash", "-c", line],
        env={"REMINDERS_DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (said.returncode, said.stderr) == (0, "")


def test_a_worker_is_named_by_what_it_does() -> None:
    def name(*queues: str) -> str:
        argv = worker_argv(queues)
        return argv[argv.index("-n") + 1]

    assert name("sms") == "worker-sms"
    assert name("schedule", "upkeep") == "worker-upkeep"
    assert name("sms", "email", "inbound", "schedule", "upkeep") == "worker"


def test_beat_keeps_its_file_in_the_data_folder(tmp_path: Path) -> None:
    argv = beat_argv({"REMINDERS_DATA_DIR": str(tmp_path / "new")})
    assert str(tmp_path / "new" / "run" / "celerybeat-schedule") in argv
    assert (tmp_path / "new" / "run").is_dir()


def test_columns_are_aligned_whatever_the_letters() -> None:
    assert lay_out([("Name", "Day"), ("Nguyễn", "Mon"), ("王芳", "Tue")], None) == [
        ["Name    Day"],
        ["Nguyễn  Mon"],
        ["王芳    Tue"],
    ]
    assert width("e\N{COMBINING ACUTE ACCENT}") == 1


def test_a_row_is_folded_to_fit_and_never_loses_a_word() -> None:
    text = "a rather long sentence that does not fit beside the others"
    lines = lay_out([("Who", "What"), ("Ana", text)], 30)[1]
    assert all(width(line) <= 30 for line in lines)
    assert " ".join(line[5:].strip() for line in lines) == text


def test_what_is_long_once_is_folded_before_what_is_long_in_every_row() -> None:
    rows = [("Hannah Lindqvist", "by text"), ("Whitfield, James", "by text, if not too many go out before")]
    assert lay_out(rows, 32) == [
        ["Hannah Lindqvist  by text"],
        ["Whitfield, James  by text, if", " " * 18 + "not too many", " " * 18 + "go out before"],
    ]


class Terminal(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals_of_people_who_want_it() -> None:
    assert paint("x", "1", {}, Terminal()) == "\N{ESCAPE}[1mx\N{ESCAPE}[0m"
    assert paint("x", "1", {"NO_COLOR": "1"}, Terminal()) == "x"
    assert paint("x", "1", {"TERM": "dumb"}, Terminal()) == "x"
    assert paint("x", "1", {}, io.StringIO()) == "x"
