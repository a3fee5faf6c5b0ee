"""The environment is checked before anything starts: a slip of the pen is one line, not a service that cannot work."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from reminders.core.errors import SettingsError
from reminders.settings import read_settings
from tests.cli.command_line import SCHEDULE, CommandLine


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("REDIS_URL", "localhost"),
        ("REDIS_URL", "amqp://localhost"),
        ("REDIS_URL", "redis://localhost:port"),
        ("TWILIO_BASE_URL", "http://127.0.0.1:99999"),
        ("PUBLIC_URL", "https://clinic.example:https"),
        ("ALLOW_LIST", "everybody"),
        ("ALLOW_LIST", "(212) 555-0101"),
        ("ALLOW_LIST", "+12125550101, 212-555-0102"),
    ],
)
def test_a_value_that_could_never_work_is_refused_in_one_line_that_names_it(variable: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({f"REMINDERS_{variable}": value})
    (line,) = refused.value.faults
    assert line.startswith(f"REMINDERS_{variable}: ")
    assert value not in line


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("REDIS_URL", "redis://:secret@localhost:6379/0"),
        ("REDIS_URL", "rediss://broker.example"),
        ("REDIS_URL", "redis+socket:///srv/my%20clinic/v.sock"),
        ("TWILIO_BASE_URL", "http://127.0.0.1:8001/"),
        ("ALLOW_LIST", "Off"),
        ("ALLOW_LIST", "+12125550101, Ana@example.com +12125550102"),
        ("ALLOW_LIST", ""),
    ],
)
def test_a_value_that_can_work_is_taken(variable: str, value: str) -> None:
    assert read_settings({f"REMINDERS_{variable}": value}) is not None


def test_a_data_folder_that_the_secret_is_made_in_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert read_settings({"REMINDERS_DATA_DIR": str(folder)}).keys
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IRWXU


def test_a_clinic_file_that_is_named_must_be_there(cli: CommandLine) -> None:
    cli.environment["REMINDERS_CLINIC_FILE"] = "/nowhere/clinic.toml"
    said = cli.run("import", SCHEDULE)
    assert said.status == 2
    assert said.err.splitlines() == [
        "REMINDERS_CLINIC_FILE: /nowhere/clinic.toml does not exist; name a file, or a folder of them"
    ]
