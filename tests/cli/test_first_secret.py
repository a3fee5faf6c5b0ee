"""The secret that a first start makes for itself, where several processes start at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from reminders.core.errors import SettingsError
from reminders.settings import read_settings
from tests.chaos.processes import ROOT

READ = "from reminders.settings import read_settings; print(read_settings().keys[0])"
AT_ONCE = 6


def test_processes_that_start_at_once_share_one_secret(tmp_path: Path) -> None:
    environment = {"REMINDERS_DATA_DIR": str(tmp_path / "var"), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-c", READ]
    started = [
        subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(AT_ONCE)
    ]
    said = {process.communicate()[0].strip() for process in started}
    assert len(said) == 1
    assert len(said.pop()) > 32


def test_a_secret_that_is_being_written_is_waited_for_and_a_broken_one_is_named(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    file.touch(mode=0o600)
    writer = Timer(0.2, lambda: file.write_text("k" * 40, encoding="ascii"))
    writer.start()
    assert read_settings({"REMINDERS_DATA_DIR": str(tmp_path)}).keys == ("k" * 40,)
    writer.join()
    file.write_text("short", encoding="ascii")
    with pytest.raises(SettingsError, match="too short"):
        _ = read_settings({"REMINDERS_DATA_DIR": str(tmp_path)}).keys
