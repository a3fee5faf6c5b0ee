from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reminders.cli.demo import Plan, plan_environment, simulator_child, weekday_morning
from reminders.cli.demo_pointer import (
    FOLDER_PREFIX,
    clear_killed_demo,
    demo_environment,
    forget_demo,
    point_at_demo,
)
from reminders.core.errors import NotReadyError
from reminders.supervisor import FolderLock
from tests.cli.command_line import CommandLine

START = datetime(2027, 3, 2, 14, 58, tzinfo=UTC)


def a_plan(folder: Path) -> Plan:
    return Plan(folder, port=8000, simulator_port=8001, smtp_port=2525, start=START, speed=600)


def a_demo(place: Path) -> Path:
    """A demo's folder, and the pointer to it."""
    folder = place / f"{FOLDER_PREFIX}x"
    folder.mkdir()
    point_at_demo({"REMINDERS_DATA_DIR": str(folder)}, place)
    return folder


@pytest.mark.parametrize(
    ("now", "start"),
    [
        (datetime(2027, 3, 2, 4, 0, tzinfo=UTC), datetime(2027, 3, 1, 14, 58, tzinfo=UTC)),  # still Monday evening
        (datetime(2027, 3, 5, 20, 0, tzinfo=UTC), datetime(2027, 3, 5, 14, 58, tzinfo=UTC)),
        (datetime(2027, 3, 6, 20, 0, tzinfo=UTC), datetime(2027, 3, 8, 14, 58, tzinfo=UTC)),
        (datetime(2027, 3, 14, 20, 0, tzinfo=UTC), datetime(2027, 3, 15, 13, 58, tzinfo=UTC)),  # clocks went forward
    ],
)
def test_a_demo_begins_on_a_weekday_at_two_minutes_to_ten(now: datetime, start: datetime) -> None:
    assert weekday_morning(now) == start


def test_nothing_of_the_callers_own_configuration_is_used(tmp_path: Path) -> None:
    callers = {
        "REMINDERS_TWILIO_BASE_URL": "https://api.twilio.com",
        "REMINDERS_TWILIO_API_KEY": "SKreal",
        "REMINDERS_DATABASE_URL": "postgresql://real",
        "REMINDERS_SMTP_URL_FILE": "/run/secrets/smtp",
        "LANG": "C.UTF-8",
    }
    own = plan_environment(a_plan(tmp_path), callers)
    assert own["REMINDERS_TWILIO_BASE_URL"] == "http://127.0.0.1:8001"
    assert own["REMINDERS_SMTP_URL"] == "smtp://127.0.0.1:2525"
    assert [own[name] for name in ("REMINDERS_TWILIO_API_KEY", "REMINDERS_DATABASE_URL")] == ["", ""]
    assert own["REMINDERS_SMTP_URL_FILE"] == ""
    assert own["REMINDERS_CLOCK"] == "2027-03-02T14:58:00+00:00@600"
    assert own["LANG"] == "C.UTF-8"


def test_provider_and_service_agree_on_the_made_up_account(tmp_path: Path) -> None:
    plan = a_plan(tmp_path)
    own = plan_environment(plan, {})
    argv = simulator_child(plan, own).argv
    assert argv[argv.index("--account-sid") + 1] == own["REMINDERS_TWILIO_ACCOUNT_SID"]
    assert argv[argv.index("--auth-token") + 1] == own["REMINDERS_TWILIO_AUTH_TOKEN"]
    assert argv[argv.index("--inbound-url") + 1] == own["REMINDERS_PUBLIC_URL"] + "/hooks/twilio/sms"


def test_a_running_demo_is_found_until_it_ends(tmp_path: Path) -> None:
    folder = a_demo(tmp_path)
    with FolderLock(folder):
        assert demo_environment(tmp_path) == {"REMINDERS_DATA_DIR": str(folder)}
    with pytest.raises(NotReadyError, match="no demo is running"):
        demo_environment(tmp_path)
    forget_demo(folder, tmp_path)
    assert list(tmp_path.glob("*.json")) == []


def test_a_demo_forgets_only_itself(tmp_path: Path) -> None:
    folder = a_demo(tmp_path)
    forget_demo(tmp_path / "another", tmp_path)
    with FolderLock(folder):
        assert demo_environment(tmp_path)


def test_a_pointer_that_others_may_write_is_not_believed(tmp_path: Path) -> None:
    folder = a_demo(tmp_path)
    [pointer] = tmp_path.glob("*.json")
    pointer.chmod(0o666)
    with FolderLock(folder), pytest.raises(NotReadyError):
        demo_environment(tmp_path)
    pointer.chmod(0o600)
    pointer.write_text("[half")
    with pytest.raises(NotReadyError):
        demo_environment(tmp_path)


def test_the_folder_of_a_killed_demo_is_removed_by_the_next(tmp_path: Path) -> None:
    folder = a_demo(tmp_path)
    with FolderLock(folder):
        clear_killed_demo(tmp_path)
        assert folder.exists()
    clear_killed_demo(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_chosen_is_never_removed(tmp_path: Path) -> None:
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    point_at_demo({"REMINDERS_DATA_DIR": str(chosen)}, tmp_path)
    clear_killed_demo(tmp_path)
    assert chosen.exists()


def test_a_folder_in_use_is_refused(cli: CommandLine) -> None:
    used = cli.folder / "used"
    used.mkdir()
    (used / "something.json").write_text(json.dumps({}))
    said = cli.run("demo", "--folder", used)
    assert said.status == 2
    assert "is not empty" in said.err
    assert [path.name for path in used.iterdir()] == ["something.json"]
