"""T4: the database stops at once, restarts, loses connections at COMMIT, has no room, writes nothing, and is locked.

Nothing may be lost or doubled, and no text leaves whose intent did not commit: every call at the provider carries the
tag of an attempt that is in the database. A full disk is made without a disk: the server's sessions get a limit on the
size of files (PostgreSQL takes that as "no room left" by intention), its own writers none, and segments of its log are
smaller than the limit. So tables cannot grow, and commits can be written.
"""

from __future__ import annotations

import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
from sqlalchemy import make_url
from typing_extensions import override

from tests.chaos.experiments import Options, Report, kept
from tests.chaos.proxy import Break, Proxy
from tests.chaos.recovery import Event, Pause, pace, run_events, silences, summary, too_long
from tests.chaos.stack import Setup, Stack
from tests.chaos.t01_random_kills import FAULTS
from tests.servers.postgres import Cluster

USUAL, QUICK = (20_000, 50), (600, 10)
"""Reminders and events."""
REST = 20.0
"""Seconds between events."""
DOWN, BREAKING, FULL, READ_ONLY, LOCKED, STALLED = 4.0, 6.0, 10.0, 10.0, 12.0, 12.0
"""Seconds that each takes; locks outlast our own patience with them (5 s), and a stall that of a connection (10 s)."""
MEAN_EVENT = 8.0
MOST_SILENCE = 60.0
LARGEST_FILE, ANY_FILE = str(129 * 8192), "unlimited"
"""Bytes, while there is no room: more than a segment of the log, less than the tables of a large load."""
COMMIT = b"COMMIT\0"
OWN_WRITERS = ("checkpointer", "walwriter", "background writer", "startup", "io worker")
HOT_TABLES = "message, attempt, reminder, contact"
HOT_ROWS = (
    "SELECT 1 FROM clinic FOR UPDATE",
    "SELECT 1 FROM contact ORDER BY id LIMIT 2000 FOR UPDATE",
    "SELECT 1 FROM message WHERE state IN ('due', 'claimed', 'sending', 'accepted') FOR UPDATE",
)


class Server(Cluster):
    """A private PostgreSQL that can be stopped and started again."""

    @override
    def __init__(self, home: Path) -> None:
        """Create it in an empty folder with a short path, start it, and make one database."""
        self._beginning: tuple[str, ...] = ()
        super().__init__(home)
        self.socket = home / ".s.PGSQL.5432"
        with closing(self.connect("postgres")) as connection:
            connection.execute("CREATE DATABASE chaos")

    @override
    def _run(self, program: str, *arguments: str) -> None:
        if arguments[-1] == "start":
            self._beginning = arguments
        more = ("--wal-segsize=1",) if program == "initdb" else ()
        super()._run(program, *arguments, *more)

    def start(self) -> None:
        """Start it as it was started at first; it recovers by itself."""
        self._run("pg_ctl", *self._beginning)

    def restart(self) -> None:
        """Stop it in an orderly way that waits for nobody, and start it."""
        self._run("pg_ctl", "-D", str(self._home / "data"), "-m", "fast", "-w", "restart")

    def connect(self, database: str = "chaos") -> psycopg.Connection[tuple[object, ...]]:
        """Open a session that no fault of the proxy reaches, and that may write when others may not."""
        url = make_url(self.url).set(drivername="postgresql", database=database)
        options = "-c default_transaction_read_only=off -c lock_timeout=30s"
        return psycopg.connect(url.render_as_string(), autocommit=True, options=options)

    def through(self, proxy: Proxy) -> str:
        """Return the address of the database behind a proxy."""
        url = self.url.set(database="chaos", host="127.0.0.1", port=proxy.port, query={})
        return url.render_as_string()

    def limit_files(self, size: str) -> None:
        """Let sessions, open and new, write no file beyond this size."""
        postmaster = psutil.Process(int((self._home / "data" / "postmaster.pid").read_text().split()[0]))
        sessions = [child for child in postmaster.children() if not _is_own_writer(child)]
        for process in (postmaster, *sessions):
            # By a program, because only the server's own user may, and that is another one where we are root.
            command = ["prlimit", "--pid", str(process.pid), f"--fsize={size}:"]
            subprocess.run(command, **self._who, check=process is postmaster, capture_output=True)

    @property
    def _who(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user, "group": pwd.getpwnam(self._user).pw_gid, "extra_groups": ()}


def _is_own_writer(process: psutil.Process) -> bool:
    try:
        title = " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return True
    return any(name in title for name in OWN_WRITERS)


@contextmanager
def running_server() -> Iterator[Server]:
    """Yield a server that runs."""
    home = Path(tempfile.mkdtemp(prefix="rpc"))  # short: a socket's path is at most 104 bytes
    home.chmod(0o755)
    try:
        server = Server(home)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def events(server: Server, proxy: Proxy) -> Mapping[str, Event]:
    """Return what can happen to a database that is reached through a proxy."""

    def stop_at_once(pause: Pause) -> None:
        server.stop()
        pause(DOWN)
        server.start()

    def restart(_: Pause) -> None:
        server.restart()

    def fill_disk(pause: Pause) -> None:
        server.limit_files(LARGEST_FILE)
        pause(FULL)
        server.limit_files(ANY_FILE)

    def forbid_writing(pause: Pause) -> None:
        with closing(server.connect()) as session:
            session.execute("ALTER SYSTEM SET default_transaction_read_only = on")
            session.execute("SELECT pg_reload_conf()")
            pause(READ_ONLY)
            session.execute("ALTER SYSTEM RESET default_transaction_read_only")
            session.execute("SELECT pg_reload_conf()")

    def lock_tables(pause: Pause) -> None:
        _hold(server, (f"LOCK TABLE {HOT_TABLES} IN SHARE MODE",), pause)

    def lock_rows(pause: Pause) -> None:
        _hold(server, HOT_ROWS, pause)

    lose_reply = Break(pattern=COMMIT, chance=0.5)
    lose_commit = Break(pattern=COMMIT, arrives=False, chance=0.5)
    return {
        "immediate shutdown": stop_at_once,
        "restart": restart,
        "reply to COMMIT lost": _proxied(proxy, lambda: proxy.break_(lose_reply), BREAKING),
        "COMMIT lost": _proxied(proxy, lambda: proxy.break_(lose_commit), BREAKING),
        "disk full": fill_disk,
        "read only": forbid_writing,
        "tables locked": lock_tables,
        "rows locked": lock_rows,
        "stalled": _proxied(proxy, proxy.stall, STALLED),
        "half-open": _proxied(proxy, proxy.half_open, 0.0),
    }


def _proxied(proxy: Proxy, begin: Callable[[], None], seconds: float) -> Event:
    def do(pause: Pause) -> None:
        begin()
        pause(seconds)
        proxy.heal()

    return do


def _hold(server: Server, statements: Sequence[str], pause: Pause) -> None:
    with closing(server.connect()) as session, session.transaction():
        for statement in statements:
            session.execute(statement.encode())
        pause(LOCKED)


def t4(options: Options) -> Sequence[Report]:
    """Run every seed that has no result yet."""
    usual_reminders, usual_events = QUICK if options.is_quick else USUAL
    reminders, count = options.reminders or usual_reminders, options.kills or usual_events
    return [_kept(options, reminders, count, seed) for seed in options.all_seeds(1)]


def _kept(options: Options, reminders: int, count: int, seed: int) -> Report:
    name = f"T4-{reminders}-{count}-seed{seed}"

    def run() -> Report:
        home = options.folder / name
        shutil.rmtree(home, ignore_errors=True)
        with running_server() as server, Proxy(server.socket, seed=seed) as proxy:
            setup = Setup(
                faults=FAULTS,
                seed=seed,
                database_url=server.through(proxy),
                settings=pace(reminders, seconds=count * (REST + MEAN_EVENT)),
            )
            with Stack(setup, home) as stack:
                return run_seed(stack, events(server, proxy), reminders=reminders, count=count)

    return kept(options.folder / f"{name}.json", run)


def run_seed(stack: Stack, kinds: Mapping[str, Event], *, reminders: int, count: int, rest: float = REST) -> Report:
    """Run one seed; a silence of more than a minute after the database is back is a fault too."""
    run = run_events(stack, kinds, reminders=reminders, count=count, rest=rest)
    found = silences(run.nemesis.done, run.seen.texts, is_from_mending=True)
    return run.report("T4", {"silence once mended": summary(found)}, too_long(found, most=MOST_SILENCE))
