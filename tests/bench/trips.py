"""Trips: how often a text goes to the database and how often it waits for the disk, up to its outcome.

Counted in the pump itself, which is all that a text passes: what processes ask beside it does not grow with texts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Connection, Engine, event

from reminders.bootstrap import open_services
from reminders.core.patients import Channel
from reminders.services.send_messages import pump
from reminders.store.engine import READS_ONLY
from tests.bench.figures import Figure
from tests.bench.site import Site
from tests.chaos.processes import ROOT

LASTS = timedelta(seconds=120)
NAP = 0.1
"""Seconds between pumps: nothing is due yet when the first begins."""
MOST_COMMITS, MOST_TRIPS = 0.08, 0.4


def measure(site: Site, *, latency: float) -> Sequence[Figure]:
    """Drain a backlog by one pump in a process of its own, at this latency of the provider in seconds."""
    with site.round() as made:
        site.provider.reset(latency=latency)
        command = [sys.executable, "-m", "tests.bench.trips", str(site.count)]
        told = subprocess.run(command, cwd=ROOT, env=dict(made.environment), capture_output=True, text=True, check=True)
        fault = site.provider.arrivals().fault(site.count)
    seen = json.loads(told.stdout.splitlines()[-1])
    name = f"at {latency * 1000:g} ms"
    return [
        Figure("saturated", f"{what} a text {name}", "", [seen[what] / site.count], at_most=most, fault=fault)
        for what, most in (("commits", MOST_COMMITS), ("trips", MOST_TRIPS))
    ]


def _main() -> None:
    """Send so many texts, and tell what it took."""
    count, sent, until = int(sys.argv[1]), 0, time.monotonic() + LASTS.total_seconds()
    services = open_services(os.environ)
    services.load_ahead()
    services.start_clock()
    with _counting(services.deps.store.engine) as seen:
        while sent < count and time.monotonic() < until:
            sent += pump(services.deps, Channel.SMS, lasts=LASTS, wake=_wait)
            time.sleep(NAP)
    services.close()
    sys.stdout.write(json.dumps({"commits": seen["commit"], "trips": seen.total()}) + "\n")


def _wait(seconds: float) -> bool:
    time.sleep(seconds)
    return False


@contextmanager
def _counting(engine: Engine) -> Iterator[Counter[str]]:
    """Count statements, beginnings and ends: the driver makes a trip for each. Ends of reads are not commits."""
    seen: Counter[str] = Counter()
    heard = {name: _counter(seen, name) for name in ("begin", "commit", "rollback", "before_cursor_execute")}
    for name, hear in heard.items():
        event.listen(engine, name, hear)
    try:
        yield seen
    finally:
        for name, hear in heard.items():
            event.remove(engine, name, hear)


def _counter(seen: Counter[str], name: str) -> Callable[..., None]:
    def hear(connection: Connection, *_: object) -> None:
        is_read = connection.get_execution_options().get(READS_ONLY, False)
        seen["end of a read" if is_read and name == "commit" else name] += 1

    return hear


if __name__ == "__main__":
    _main()
