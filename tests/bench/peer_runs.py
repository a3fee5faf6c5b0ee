"""One run of a library that others use for such work: the same texts, the same provider, PostgreSQL and Valkey as ours.

Each gets two worker processes, one for each core, and is else as it is shipped. All jobs wait in its queue before its
workers start, and the clock starts when a tenth of them is done: neither publishing nor starting counts against it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Any

import psutil
import psycopg
from redis import Redis

from tests.bench import bare
from tests.bench.provider import ACCOUNT, SENDER, TOKEN
from tests.bench.saturated import Run
from tests.bench.site import Site, cpu_seconds
from tests.chaos.processes import ROOT, bare_environment

TABLE = """
CREATE TABLE message (
    id bigint PRIMARY KEY, phone text NOT NULL, body text NOT NULL, callback text NOT NULL,
    state text NOT NULL DEFAULT 'due', sid text, finished_at timestamptz
)
"""
FEWEST = 20
MOVED = 0.1
"""The share of the texts after which the clock starts."""
STANDS_STILL = 90.0
"""Seconds without any text after which nothing more is waited for: taskiq looks once a minute for what has a time."""
WARMING = 8
"""Texts that are sent before those whose lateness is measured, so that workers have imported and connected."""
PUBLISHED_PER_SECOND, STARTS_WITHIN = 200, 6.0
"""How slowly jobs with a time are queued at the worst, and after how many seconds that begins."""


class PeerError(Exception):
    """A library does not run here; the message says why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A library, and how its workers are started: a program and its words for each process."""

    name: str
    module: str
    workers: Sequence[Sequence[str]]
    prepare: Sequence[str] = ()
    delaying: Sequence[Sequence[str]] | None = None
    """Its workers where jobs have a time, if they differ."""
    share: float = 1.0
    """The share of the texts that it gets: what counts is texts a second, and the slow ones need not take minutes."""


@dataclass(slots=True)
class PeerRun:
    """A library at work on the texts of a database of its own."""

    peer: Peer
    site: Site
    programs: Path
    database: str
    connection: psycopg.Connection[Any]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """Where its workers write."""
        return self.site.folder / f"log-{self.peer.module}"

    @property
    def environment(self) -> Mapping[str, str]:
        """Return what the library's processes need."""
        return {
            **bare_environment(),
            "PYTHONPATH": str(ROOT),
            "REQUESTS_CA_BUNDLE": str(self.site.provider.certificate),
            "BENCH_DATABASE": self.database,
            "BENCH_BROKER": broker(self.site),
            "RQ_REDIS_URL": broker(self.site),
            "BENCH_PROVIDER": self.site.provider.url,
            "BENCH_ACCOUNT": ACCOUNT,
            "BENCH_TOKEN": TOKEN,
            "BENCH_SENDER": SENDER,
        }

    def publish(self, start: int, count: int, *more: str) -> None:
        """Queue so many texts, from this number on. Raises PeerError."""
        words = ("-m", "tests.bench.peer_jobs.publish", self.peer.module, str(start), str(count), *more)
        self.do(("python", *words))

    def do(self, words: Sequence[str]) -> None:
        """Run a command of the library's environment to its end. Raises PeerError where it fails."""
        argv = self._argv(words)
        done = subprocess.run(argv, env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PeerError(_last_line(done.stderr))

    def start(self, commands: Sequence[Sequence[str]]) -> None:
        """Start its workers. Raises PeerError where a program is not there."""
        for words in commands:
            argv = self._argv(words)
            with self.log.open("ab") as log:
                self.processes.append(
                    subprocess.Popen(
                        argv, env=self.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
                    )
                )

    def stop(self) -> None:
        """Kill its workers and what they started, some of it in groups of its own."""
        for process in self.processes:
            begun = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for each in begun:
                if each.is_running():
                    each.kill()
        self.processes.clear()

    def wait(self, wanted: int) -> int:
        """Wait until so many texts are sent, or nothing more moves; return how many are.

        Raises PeerError where a worker ends, or where none is sent at all.
        """
        sent, moved = 0, time.monotonic()
        while sent < wanted and time.monotonic() - moved < STANDS_STILL:
            time.sleep(0.1)
            now = int(str(self.ask("SELECT count(*) FROM message WHERE state = 'sent'")))
            if now != sent:
                sent, moved = now, time.monotonic()
            if any(process.poll() is not None for process in self.processes):
                raise PeerError(f"a worker ended: {_last_line(self.log.read_text(encoding='utf-8'))}")
        if not sent:
            raise PeerError(f"sent nothing: {_last_line(self.log.read_text(encoding='utf-8'))}")
        return sent

    def ask(self, statement: str) -> object:
        """Return the one value of an answer."""
        [value] = self.connection.execute(statement.encode()).fetchone() or [None]
        return value

    def cpu(self) -> float:
        """Return the CPU seconds of its processes and of both servers so far; the provider's are apart."""
        server = psutil.Process(int(str(self.ask("SELECT pg_backend_pid()")))).ppid()
        mine = sum(cpu_seconds(pid) for pid in (*(process.pid for process in self.processes), server))
        return mine + broker_cpu(self.site)

    def commits(self) -> float:
        """Return how many transactions its database has committed."""
        return float(str(self.ask("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")))

    def _argv(self, words: Sequence[str]) -> tuple[str, ...]:
        program = self.programs / words[0]
        if not program.exists():
            raise PeerError(f"no program {words[0]} in its environment")
        return (str(program), *words[1:])


def broker(site: Site) -> str:
    """Return the broker's address as redis-py wants it."""
    return site.environment["REMINDERS_REDIS_URL"].replace("redis+socket://", "unix://")


def broker_cpu(site: Site) -> float:
    """Return the CPU seconds that Valkey has used."""
    with Redis.from_url(broker(site)) as client:
        used: Any = client.info("cpu")
    return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])


@contextmanager
def peer_run(site: Site, peer: Peer, programs: Path, count: int) -> Iterator[PeerRun]:
    """Yield a library with so many texts and an empty broker; what it started ends with it."""
    with Redis.from_url(broker(site)) as client:
        client.flushall()
    with site.server.database(is_bare=True) as url:
        database = url.replace("+psycopg", "")
        with closing(psycopg.connect(database, autocommit=True)) as connection:
            _fill(connection, count)
            made = PeerRun(peer, site, programs, database, connection)
            made.log.unlink(missing_ok=True)
            try:
                if peer.prepare:
                    made.do(peer.prepare)
                yield made
            finally:
                made.stop()


def drain(site: Site, peer: Peer, programs: Path, texts: int) -> Run:
    """Let a library send a backlog. Raises PeerError where it does not run here."""
    count = max(FEWEST, round(texts * peer.share))
    with peer_run(site, peer, programs, count) as run:
        run.publish(0, count)
        site.provider.reset(latency=0.0)
        before = run.cpu()
        run.start(peer.workers)
        begun = run.wait(ceil(count * MOVED))
        at, cpu, commits = time.time(), run.cpu(), run.commits()
        sent = run.wait(count)
        spent, commits = run.cpu() - cpu, run.commits() - commits
        arrivals = site.provider.arrivals()
        if begun == sent:  # so few that all were gone at the first look: then their start counts too
            begun, at, spent = 0, arrivals.first, cpu - before
        ended = float(str(run.ask("SELECT extract(epoch FROM max(finished_at)) FROM message")))
        moved = sent - begun
        return Run(moved / (ended - at), spent / moved, commits / moved, arrivals.fault(count))


def lateness(site: Site, peer: Peer, programs: Path, count: int, rate: float) -> tuple[Sequence[float], str]:
    """Give a library so many jobs, each with its time; return by how many seconds each call came late, and the fault.

    Raises PeerError where it does not run here.
    """
    with peer_run(site, peer, programs, count + WARMING) as run:
        run.start(peer.delaying or peer.workers)
        run.publish(count, WARMING)
        run.wait(WARMING)
        site.provider.reset(latency=0.0)
        first = time.time() + STARTS_WITHIN + count / PUBLISHED_PER_SECOND
        run.publish(0, count, "--first", repr(first), "--rate", repr(rate))
        if time.time() > first:
            raise PeerError("its jobs were not queued before the first was due")
        run.wait(count + WARMING)
        arrivals = site.provider.arrivals()
    due = {phone_of(number): first + number / rate for number in range(count)}
    late = [times[0] - due[phone] for phone, times in arrivals.by_number.items()]
    return late, arrivals.fault(count)


def phone_of(number: int) -> str:
    """Return the phone of a text by its number: the same for ours, the bare loop and every library."""
    return f"+1212{2_000_000 + number:07d}"


def _fill(connection: psycopg.Connection[Any], count: int) -> None:
    connection.execute(TABLE)
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY message (id, phone, body, callback) FROM STDIN") as copying,
    ):
        for number, text in enumerate(bare.texts(count, now=datetime.now(UTC))):
            copying.write_row((number, text["to"], text["body"], text["callback"]))
    connection.execute("ANALYZE message")


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"
