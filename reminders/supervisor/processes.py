"""Processes of the operating system: start one, tell it from a stranger, end it with all it started."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from reminders.supervisor.children import Child

_LAUNCH = str(Path(__file__).with_name("launch.py"))
_PROC = Path("/proc")
# Marks our processes with the data folder they serve, so that orphans of a killed leader can be told from strangers.
_MARK = "SUPERVISED_IN"
_END_SECONDS = 5.0


class Process:
    """A running child, leader of its own session and process group."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        """Keep the handle; ``start`` makes these."""
        self._popen = popen

    @property
    def pid(self) -> int:
        """Its process number, which is also its group's."""
        return self._popen.pid

    def has_ended(self) -> bool:
        """Tell whether it ended; where possible without reaping it, so that its number stays taken until ``reap``."""
        if sys.platform != "linux":
            return self._popen.poll() is not None
        if self._popen.returncode is not None:
            return True
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the child alone."""
        if not self.has_ended():
            self._popen.send_signal(number)

    def kill(self) -> None:
        """Kill the child and everything in its group."""
        kill_group(self.pid)

    def reap(self) -> int:
        """Kill what is left of its group, then return its exit status (negative: the signal that ended it)."""
        self.kill()
        try:
            return self._popen.wait(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:  # stuck inside the kernel, a dead disk perhaps; it dies when it comes out
            return -signal.SIGKILL


def start(child: Child, *, log: Path, data_dir: Path) -> Process:
    """Start a child in a session of its own, deaf to the terminal, its output appended to ``log``."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", **child.env, _MARK: str(data_dir)}
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        popen = subprocess.Popen(
            [sys.executable, "-I", "-S", _LAUNCH, str(os.getpid()), *child.argv],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)
    return Process(popen)


def kill_group(pgid: int) -> None:
    """Kill a process group; nothing happens when it is gone."""
    # macOS answers EPERM, not ESRCH, for a group of which only zombies are left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pgid, signal.SIGKILL)


def identity(pid: int, *, proc: Path = _PROC) -> str | None:
    """Return what tells a process from a later one with the same number, or None where there is none running."""
    if (proc / "self/stat").exists():
        fields = _stat_fields(proc / str(pid))
        if fields is None or fields[0] == "Z":
            return None
        boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {fields[19]}"  # proc(5), field 22: start time in ticks since boot
    return _started_by_ps(pid)


def _started_by_ps(pid: int) -> str | None:
    ps = shutil.which("ps") or "/bin/ps"
    answer = subprocess.run(
        [ps, "-o", "lstart=", "-p", str(pid)],
        env={"LC_ALL": "C", "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip() or None


def write_record(path: Path, pid: int) -> None:
    """Record who a child is, for the next supervisor if this one is killed."""
    write_json(path, {"pid": pid, "identity": identity(pid)})


def end_stale(run_dir: Path, *, data_dir: Path) -> list[int]:
    """End what an earlier, killed supervisor of this folder left running, and return its process numbers.

    Only a process whose number and start time were both recorded is killed, with its group, and members of a recorded
    group that carry this folder's mark: a number alone may belong to a stranger by now.
    """
    ended: list[int] = []
    for record in sorted(run_dir.glob("*.pid")):
        pid, recorded = _read_record(record)
        if pid is not None:
            if recorded is not None and identity(pid) == recorded:
                kill_group(pid)
                _wait_until_gone(pid, recorded)
                ended.append(pid)
            ended.extend(_end_orphans(pid, data_dir))
        record.unlink(missing_ok=True)
    return ended


def _read_record(path: Path) -> tuple[int | None, str | None]:
    try:
        match json.loads(path.read_text()):
            case {"pid": int(pid), "identity": str(recorded)} if pid > 1:
                return pid, recorded
            case _:
                return None, None
    except (OSError, ValueError):  # a record cut short by a crash says nothing, so nobody is killed for it
        return None, None


def _wait_until_gone(pid: int, recorded: str) -> None:
    deadline = time.monotonic() + _END_SECONDS
    while identity(pid) == recorded and time.monotonic() < deadline:
        time.sleep(0.02)


def _end_orphans(pgid: int, data_dir: Path) -> Iterator[int]:
    """Kill members of a group whose leader is gone; only where /proc tells whose they are."""
    mark = os.fsencode(f"{_MARK}={data_dir}")
    for folder in _PROC.glob("[0-9]*"):
        fields = _stat_fields(folder)
        if fields is None or fields[0] == "Z" or int(fields[2]) != pgid:  # proc(5), field 5: process group
            continue
        with contextlib.suppress(OSError):
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
                yield int(folder.name)


def _stat_fields(folder: Path) -> list[str] | None:
    """Return the fields of proc(5) ``stat`` from the third on; the second, a name, may hold anything."""
    try:
        return (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Replace a file as a whole, so that no reader ever sees half of it."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(json.dumps(content, indent=1) + "\n")
    draft.chmod(0o600)
    draft.replace(path)
