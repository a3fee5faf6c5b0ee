"""Idle: what all our processes and both servers cost together while nothing falls due, as a share of a core."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import cast

import psycopg
from redis import Redis
from sqlalchemy import make_url

from reminders.cli.tree import free_port
from tests.bench import memory
from tests.bench.figures import Figure
from tests.bench.options import Options
from tests.bench.site import cpu_seconds
from tests.servers.postgres import running_postgres

HOST = "127.0.0.1"
MOST = 1.0
SETTLES_WITHIN = 20.0
"""Seconds after which what is done once at the start is done."""
SECONDS, QUICK_SECONDS = 60.0, 20.0


def measure(options: Options) -> Sequence[Figure]:
    """Let them run by the machine's own clock with nothing to do, and count what they used."""
    seconds = QUICK_SECONDS if options.is_quick else SECONDS
    return measured(rounds=options.times(3, 1), settles_within=SETTLES_WITHIN, seconds=seconds)


def measured(*, rounds: int, settles_within: float, seconds: float) -> Sequence[Figure]:
    """Return the share of a core in hundredths, and of whom."""
    shares: list[dict[str, float]] = []
    with running_postgres(is_durable=True) as server:
        for _ in range(rounds):
            with memory.running(server, 0, _commands(), clock="system") as running:
                time.sleep(settles_within)
                before, began = _spent(running), time.monotonic()
                time.sleep(seconds)
                after, took = _spent(running), time.monotonic() - began
                shares.append({name: 100 * (after[name] - before[name]) / took for name in after})
    notes = {f"{name} %": sum(share[name] for share in shares) / rounds for name in shares[0]}
    together = [sum(share.values()) for share in shares]
    return [Figure("idle", "all processes together", "% of a core", together, at_most=MOST, notes=notes)]


def _commands() -> memory.Commands:
    return {**memory.COMMANDS, "web": ("reminders", "web", "--port", str(free_port(HOST)))}


def _spent(running: memory.Running) -> dict[str, float]:
    """Return the CPU seconds of each of ours and of both servers so far."""
    spent = {part.name: cpu_seconds(part.pid) for part in running.parts if part.pid is not None}
    with Redis.from_url(running.valkey.redis_url) as client:
        told = cast("dict[str, float]", client.info("cpu"))
    spent["broker"] = told["used_cpu_user"] + told["used_cpu_sys"]
    spent["database"] = cpu_seconds(_server(running.database))
    return spent


def _server(database: str) -> int:
    """Return PostgreSQL's first process: all others are its children."""
    url = make_url(database).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int").fetchone()
    assert found is not None
    return int(found[0])
