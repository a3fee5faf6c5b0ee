import os
import stat
from pathlib import Path

import pytest

from reminders.supervisor import AlreadyRunningError, FolderLock, running_pid


def test_a_folder_is_held_by_one_and_free_afterwards(tmp_path: Path) -> None:
    with FolderLock(tmp_path):
        assert running_pid(tmp_path) == os.getpid()
        with pytest.raises(AlreadyRunningError, match=f"already in use by process {os.getpid()}"), FolderLock(tmp_path):
            pass
    assert running_pid(tmp_path) is None
    with FolderLock(tmp_path):
        assert running_pid(tmp_path) == os.getpid()


def test_a_folder_that_was_never_used_is_free(tmp_path: Path) -> None:
    assert running_pid(tmp_path / "nowhere") is None


def test_a_new_folder_is_its_owners_alone(tmp_path: Path) -> None:
    with FolderLock(tmp_path / "var"):
        assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "var/run").stat().st_mode) == 0o700
