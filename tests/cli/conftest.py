from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with an empty database at the newest migration: making one costs more than a test."""
    folder = tmp_path_factory.mktemp("migrated")
    command_line = CommandLine(folder, None)
    command_line.migrate()
    return folder / "data"


@pytest.fixture
def cli(tmp_path: Path, migrated: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Return a command line on a data folder that is ready for use."""
    shutil.copytree(migrated, tmp_path / "data")
    return CommandLine(tmp_path, capsys)


@pytest.fixture
def fresh_cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Return a command line whose data folder nobody has used."""
    return CommandLine(tmp_path, capsys)
