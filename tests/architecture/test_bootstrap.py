from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reminders.__main__ import UNFINISHED, SetUpError, has_all_pins, has_stamp, refuse_old_python, stamp_of
from tests.architecture.sources import ROOT

FAKE_UV = """\
#!{python}
import pathlib, sys, time
time.sleep({seconds})
venv = pathlib.Path(sys.argv[sys.argv.index("--python") + 1]).parent.parent
with (venv / "installed").open("a") as log:
    log.write("once\\n")
print("Installed")
"""

COMMAND_LINE = """\
import sys

def main(argv):
    print("ran", *argv)
    print("in", sys.prefix)
    return 0
"""

SET_UP_ANOTHER = """\
from pathlib import Path
from reminders.__main__ import set_up

set_up(Path("requirements-bench.txt"), Path.cwd() / ".venv-bench")
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with our bootstrap, pins that nobody has, and a command line that says what it was given."""
    room = tmp_path / "clone" / "reminders"
    (room / "cli").mkdir(parents=True)
    for name in ("__init__.py", "__main__.py"):
        shutil.copy(ROOT / "reminders" / name, room / name)
    (room / "cli" / "__init__.py").write_text(COMMAND_LINE)
    (room.parent / "requirements.txt").write_text("no-such-package==1.0 --hash=sha256:00\n")
    return room.parent


def put_uv_on_path(clone: Path, *, seconds: float = 0, script: str = FAKE_UV) -> dict[str, str]:
    """An environment whose PATH leads to an installer of ours first: nothing is fetched."""
    programs = clone.parent / "bin"
    programs.mkdir(exist_ok=True)
    uv = programs / "uv"
    uv.write_text(script.format(python=sys.executable, seconds=seconds))
    uv.chmod(0o755)
    return {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(clone.parent), "PIP_NO_INDEX": "1"}


def start(clone: Path, environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    command = [getattr(sys, "_base_executable", sys.executable), "-m", "reminders", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=clone, env=environment, stdout=pipe, stderr=subprocess.STDOUT, text=True)


def output(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=60)
    return said


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.01)


@pytest.fixture
def locked(clone: Path) -> Iterator[int]:
    """The lock of set-up, held by us."""
    handle = os.open(clone, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    yield handle
    os.close(handle)


def test_an_old_python_is_told_which_one_is_needed() -> None:
    with pytest.raises(SetUpError, match=r"needs Python 3\.11 or newer, and .* is Python 3\.9\.2"):
        refuse_old_python((3, 9, 2))
    refuse_old_python((3, 11, 0))


def test_a_stamp_belongs_to_one_content_of_the_requirements(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("one==1\n")
    stamp_of(tmp_path, requirements).touch()
    assert has_stamp(tmp_path, requirements)
    requirements.write_text("one==2\n")
    assert not has_stamp(tmp_path, requirements)


def test_an_unfinished_environment_is_not_complete_whatever_its_stamps_say(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("one==1\n")
    stamp_of(tmp_path, requirements).touch()
    (tmp_path / UNFINISHED).touch()
    assert not has_stamp(tmp_path, requirements)


def test_an_environment_with_every_pin_is_complete_without_a_stamp(tmp_path: Path) -> None:
    assert has_all_pins(ROOT / "requirements.txt")
    other = tmp_path / "requirements.txt"
    other.write_text("sqlalchemy==0.0.1 \\\n    --hash=sha256:00\n")
    assert not has_all_pins(other)


def test_the_first_start_sets_up_says_so_once_and_hands_over(clone: Path) -> None:
    environment = put_uv_on_path(clone)
    said = output(start(clone, environment, "demo", "--fast")).splitlines()
    assert [line.partition(" (")[0] for line in said].count("set-up complete") == 1
    assert said[-2:] == ["ran demo --fast", f"in {clone / '.venv'}"]


def test_later_starts_say_it_for_the_demo_only(clone: Path) -> None:
    environment = put_uv_on_path(clone)
    output(start(clone, environment, "status"))
    assert output(start(clone, environment, "status")).splitlines()[0] == "ran status"
    assert output(start(clone, environment, "demo")).splitlines()[:2] == ["set-up complete", "ran demo"]


def test_starts_at_the_same_time_set_up_once(clone: Path) -> None:
    environment = put_uv_on_path(clone, seconds=0.5)
    said = [output(process) for process in [start(clone, environment, "status") for _ in range(3)]]
    assert all("ran status" in text for text in said)
    assert (clone / ".venv" / "installed").read_text() == "once\n"


def test_a_start_waits_for_another_and_says_so(clone: Path, locked: int) -> None:
    process = start(clone, put_uv_on_path(clone), "status")
    assert process.stdout is not None
    assert "another start is setting up" in process.stdout.readline()
    fcntl.flock(locked, fcntl.LOCK_UN)
    assert "ran status" in output(process)


def test_an_interrupted_set_up_says_so_in_one_line_and_is_repaired(clone: Path) -> None:
    process = start(clone, put_uv_on_path(clone, seconds=30), "status")
    wait_for(clone / ".venv" / "bin" / "python")
    (clone / ".venv" / "half-done").touch()
    process.send_signal(signal.SIGINT)
    said = output(process)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "set-up was interrupted; the next start repairs it"
    assert "Traceback" not in said
    assert "ran status" in output(start(clone, put_uv_on_path(clone), "status"))
    assert not (clone / ".venv" / "half-done").exists(), "what an interrupted installer left cannot be trusted"


def test_new_pins_are_installed_at_the_next_start(clone: Path) -> None:
    environment = put_uv_on_path(clone)
    output(start(clone, environment, "status"))
    (clone / "requirements.txt").write_text("no-such-package==2.0 --hash=sha256:00\n")
    assert "ran status" in output(start(clone, environment, "status"))
    assert (clone / ".venv" / "installed").read_text() == "once\nonce\n"


def test_an_environment_of_another_name_leaves_the_first_alone(clone: Path) -> None:
    environment = put_uv_on_path(clone)
    output(start(clone, environment, "status"))
    (clone / "requirements-bench.txt").write_text("no-such-package==1.0 --hash=sha256:00\n")
    for _ in range(2):
        subprocess.run([sys.executable, "-c", SET_UP_ANOTHER], cwd=clone, env=environment, check=True)
    assert (clone / ".venv-bench" / "installed").read_text() == "once\n"
    assert (clone / ".venv" / "installed").read_text() == "once\n"


def test_where_uv_fails_pip_is_tried_and_where_that_fails_too_both_say_why(clone: Path) -> None:
    failing = textwrap.dedent("""\
        #!{python}
        print("invalid certificate")
        raise SystemExit(3)  # {seconds}
        """)
    process = start(clone, put_uv_on_path(clone, script=failing), "status")
    said = output(process)
    assert process.returncode == 1
    assert "invalid certificate" in said
    assert "going on with pip" in said
    assert "No matching distribution found for no-such-package==1.0" in said
    assert "set-up failed in:" in said.splitlines()[-1]
    assert "Traceback" not in said
