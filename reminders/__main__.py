"""Starts from nothing: makes `.venv`, installs what `requirements*.txt` pin, and hands over to the command line.

Standard library only, because it runs before anything is installed, and only syntax that older Pythons can read, so
that they can be told why they are refused. It names no package index: the configuration of pip or uv decides.

Stamp files in `.venv` say which requirements it holds, and UNFINISHED that an installation runs or was broken off.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
UNFINISHED = "reminders-unfinished"
SET_UP_SECONDS = "REMINDERS_SET_UP_SECONDS"  # tells the interpreter in .venv that set-up was done, and in how long
OLDEST_PYTHON = (3, 11)
STEPS = ("Collecting", "Processing", "Downloading", "Installing", "Resolved", "Prepared")  # what pip and uv say they do
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)( *;)?", re.MULTILINE)

FOR_DEVELOPERS = {"test", "check", "bench"}  # commands of a checkout: they need its tests folder


class SetUpError(Exception):
    """Set-up cannot go on; the message tells a person what to do."""


def main() -> int:
    """Run the command line in an environment that is complete, and make that first where it is not."""
    arguments = sys.argv[1:]
    requirements = ROOT / ("requirements-dev.txt" if set(arguments[:1]) & FOR_DEVELOPERS else "requirements.txt")
    try:
        refuse_old_python(sys.version_info[:3])
        is_complete = has_stamp(VENV, requirements)
        is_here = is_in_venv() if is_complete else not is_in_venv() and has_all_pins(requirements)
        if not is_complete and not is_here:
            os.environ[SET_UP_SECONDS] = str(round(set_up(requirements)))
    except (SetUpError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("set-up was interrupted; the next start repairs it", file=sys.stderr)
        return 130
    return hand_over(arguments) if is_here else hand_over_to_venv(arguments)


def hand_over_to_venv(arguments: list[str]) -> NoReturn:
    """Become the interpreter of `.venv`, with the same arguments."""
    if Path.cwd() != ROOT:  # `-m reminders` finds us in the current folder; elsewhere it must be told where we are
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    os.execv(python_of(VENV), [python_of(VENV), "-m", "reminders", *arguments])  # noqa: S606 (replaces this process on purpose)


def hand_over(arguments: list[str]) -> int:
    """Run the command in this interpreter. A script that measures the demo waits for the line that this may print."""
    seconds = os.environ.pop(SET_UP_SECONDS, None)
    if seconds is not None:
        print(f"set-up complete ({seconds} s)", flush=True)
    elif arguments[:1] == ["demo"] and not {"-h", "--help"} & set(arguments):
        print("set-up complete", flush=True)
    if arguments[:1] == ["test"]:
        # Each of some hundred processes would compile everything anew.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        pytest = [sys.executable, "-m", "pytest", "--rootdir", str(ROOT), *arguments[1:]]
        os.execv(sys.executable, pytest)  # noqa: S606 (replaces this process on purpose)
    if arguments[:1] == ["bench"]:
        os.chdir(ROOT)  # the benchmarks are a package of the checkout
        os.execv(sys.executable, [sys.executable, "-m", "tests.bench", *arguments[1:]])  # noqa: S606 (as above)
    if arguments[:1] == ["check"]:
        from reminders.chores import check

        return check(arguments[1:], root=ROOT)
    from reminders.cli import main as run_command

    return run_command(arguments)


def refuse_old_python(version: tuple[int, ...]) -> None:
    """Raise SetUpError where this Python is older than the code can be read by."""
    if version < OLDEST_PYTHON:
        mine, wanted = (".".join(map(str, numbers)) for numbers in (version, OLDEST_PYTHON))
        message = f"reminders needs Python {wanted} or newer, and {sys.executable} is Python {mine}."
        raise SetUpError(f"{message} Start it with a newer one, for example: python{wanted} -m reminders demo")


def is_in_venv() -> bool:
    """Whether this interpreter is the one of our `.venv`."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def python_of(venv: Path) -> str:
    """The interpreter of an environment."""
    return str(venv / "bin" / "python")


def stamp_of(venv: Path, requirements: Path) -> Path:
    """Where it is written that `venv` holds exactly this content of `requirements`."""
    return venv / (".reminders-" + hashlib.sha256(requirements.read_bytes()).hexdigest()[:16])


def has_stamp(venv: Path, requirements: Path) -> bool:
    """Whether `venv` is complete for `requirements`."""
    return stamp_of(venv, requirements).exists() and not (venv / UNFINISHED).exists()


def has_all_pins(requirements: Path) -> bool:
    """Whether this interpreter has every pin, as in a container image, but for those that some machines need."""
    try:
        pins = [pin for pin in PIN.findall(requirements.read_text()) if not pin[2]]
        return all(importlib.metadata.version(name) == version for name, version, _ in pins)
    except importlib.metadata.PackageNotFoundError:
        return False


def set_up(requirements: Path, venv: Path = VENV) -> float:
    """Make `venv` complete for `requirements`; gives the seconds it took. One start does it, others wait for it.

    The lock is on the folder itself, so nothing is left behind, and the installer inherits it: should we be killed, the
    next start waits until the orphan has ended, rather than build on its ruins.
    """
    started = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C: the installer must not outlive us
    lock = os.open(ROOT, os.O_RDONLY)
    try:
        wait_for_others(lock)
        if not has_stamp(venv, requirements):
            build(requirements, venv, lock)
    finally:
        os.close(lock)
    return time.monotonic() - started


def wait_for_others(lock: int) -> None:
    """Take the lock of set-up, and say so where another start has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("another start is setting up; waiting for it", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)


def build(requirements: Path, venv: Path, lock: int) -> None:
    """Install every pin into `venv`, which is made where it is missing and made anew where it was left half-done."""
    python = Path(python_of(venv))
    if (venv / UNFINISHED).exists() or not python.exists():
        shutil.rmtree(venv, ignore_errors=True)
    venv.mkdir(exist_ok=True)
    (venv / UNFINISHED).touch()
    for stamp in venv.glob(".reminders-*"):
        stamp.unlink()
    pins = len(PIN.findall(requirements.read_text()))
    print(f"setting up {venv.name} with {pins} packages (once; the next start is immediate)", flush=True)
    base = getattr(sys, "_base_executable", sys.executable) if is_in_venv() else sys.executable
    if not python.exists():
        run([base, "-m", "venv", "--without-pip", str(venv)], lock)
    install(requirements, venv, base, lock)
    for name in ("requirements.txt", requirements.name):  # every longer list holds the short one too
        stamp_of(venv, ROOT / name).touch()
    (venv / UNFINISHED).unlink()


def install(requirements: Path, venv: Path, base: str, lock: int) -> None:
    """Install with uv where there is one, else (or where its own configuration does not get it through) with pip."""
    pins = len(PIN.findall(requirements.read_text()))
    wanted = ["--require-hashes", "--no-deps", "-r", str(requirements)]
    uv = shutil.which("uv")
    if uv:
        try:
            return run([uv, "pip", "install", "--python", python_of(venv), *wanted], lock, pins)
        except SetUpError as error:
            print(f"{error}\nuv could not install; going on with pip", flush=True)
    options = ["--no-compile", "--disable-pip-version-check", "--progress-bar", "off"]
    return run([*pip_of(base, python_of(venv)), "install", *options, *wanted], lock, pins)


def pip_of(base: str, python: str) -> list[str]:
    """Give a pip that installs for `python`: the one that `base` has (the fastest way), or one of its own."""
    pip = [base, "-m", "pip", "--python", python]  # pip 22.3 or newer
    if succeeds([*pip, "--version"]):
        return pip
    if succeeds([python, "-m", "ensurepip"]):
        return [python, "-m", "pip"]
    missing = f"set-up needs pip or uv, and {base} has neither. Install one and start again; on Debian and Ubuntu:"
    raise SetUpError(f"{missing}\n    apt install python3-venv")


def succeeds(command: list[str]) -> bool:
    """Whether the command ends well; what it prints does not matter."""
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def run(command: list[str], lock: int, packages: int = 0) -> None:
    """Run one step of set-up and show how far it is. Raises SetUpError with the end of its output when it fails."""
    started, shown, seen, lines = time.monotonic(), 0.0, 0, []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, pass_fds=[lock])
    try:
        for line in process.stdout or ():
            lines.append(line)
            seen += line.startswith(("Collecting", "Processing"))
            elapsed = time.monotonic() - started
            if packages and line.startswith(STEPS) and (elapsed - shown > 1 or line.startswith("Installing")):
                shown = elapsed
                print(f"  {elapsed:3.0f} s  {seen:3d} of {packages}  {line.strip()[:60]}", flush=True)
        code = process.wait()
    finally:
        process.terminate()
        process.wait()
    if code:
        raise SetUpError("".join(lines[-15:]) + "set-up failed in: " + " ".join(command))


if __name__ == "__main__":
    raise SystemExit(main())
