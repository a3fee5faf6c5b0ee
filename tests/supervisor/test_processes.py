import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from reminders.supervisor.processes import end_stale, identity, write_record
from tests.supervisor.trees import is_running, python

SLEEP = python("import time; time.sleep(600)")


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEP, start_new_session=True) as process:
        yield process
        process.kill()


def test_a_process_with_the_recorded_number_and_start_is_ended(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    write_record(tmp_path / "worker.pid", stranger.pid)
    assert end_stale(tmp_path, data_dir=tmp_path) == [stranger.pid]
    assert stranger.wait(timeout=2) == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("recorded", ["an earlier boot 12345", None])
def test_a_stranger_who_got_the_number_is_left_alone(
    tmp_path: Path, stranger: subprocess.Popen[bytes], recorded: str | None
) -> None:
    (tmp_path / "worker.pid").write_text(json.dumps({"pid": stranger.pid, "identity": recorded}))
    assert end_stale(tmp_path, data_dir=tmp_path) == []
    assert is_running(stranger.pid)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "12"}', '{"pid": 1, "identity": "x"}', '{"pid": -1}'])
def test_a_record_that_makes_no_sense_ends_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "worker.pid").write_text(content)
    assert end_stale(tmp_path, data_dir=tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_identity_is_the_same_twice_and_none_for_nobody() -> None:
    assert identity(os.getpid()) == identity(os.getpid())
    assert identity(max(psutil.pids()) + 100_000) is None


def test_where_there_is_no_proc_folder_ps_tells_who_a_process_is(tmp_path: Path) -> None:
    mine = identity(os.getpid(), proc=tmp_path)
    assert mine
    assert mine == identity(os.getpid(), proc=tmp_path)
    assert identity(max(psutil.pids()) + 100_000, proc=tmp_path) is None
