"""A backlog: how fast everything that is due leaves, beside a bare loop of the same client.

Ours is the whole journey: reminders become texts (rendered, sealed), are claimed, pass the gate, have their intent
committed, are called for and have their outcome committed, on a PostgreSQL that waits for its disk. It begins with
the first call and ends with the last outcome. The bare loop has the same processes, connections and certificate.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.bench import bare, trips
from tests.bench.figures import Figure
from tests.bench.options import Options
from tests.bench.provider import ACCOUNT, SENDER, TOKEN
from tests.bench.site import Round, Site, running_site
from tests.chaos.processes import ROOT

WORKER = ("reminders", "worker", "--queues", "sms")
SIGN = "worker-sms"
CALLS = {0.0: 32, 0.1: 32}
"""Calls at a time of each process, by the provider's latency in seconds: what a worker makes unless told otherwise."""
WORKERS = {0.0: (1, 2), 0.1: (1, 2, 4)}
"""How many processes send, by the latency: four show whether more machines would help, or wait for each other."""
MOST_WHEN_QUICK = 2
BARS = {0.0: 0.60, 0.1: 0.85}
MOST_CPU = 1.6


@dataclass(frozen=True, slots=True)
class Run:
    """Messages a second, CPU seconds a message, and what else was counted."""

    rate: float
    cpu: float
    commits: float = 0.0
    fault: str = ""


def measure(options: Options) -> Sequence[Figure]:
    """Drain the same backlog by ours and by the bare loop in turn."""
    count = options.size(10_000, 3_000)
    with running_site(count) as site:
        cases = [
            (latency, workers)
            for latency, several in WORKERS.items()
            for workers in several
            if workers <= MOST_WHEN_QUICK or not options.is_quick
        ]
        found = [figure for latency, workers in cases for figure in _case(site, options, latency, workers)]
        return [*found, *(figure for latency in WORKERS for figure in trips.measure(site, latency=latency))]


def _case(site: Site, options: Options, latency: float, workers: int) -> list[Figure]:
    ours: list[Run] = []
    limits: list[Run] = []
    for turn in range(options.times(5, 2)):
        for is_ours in (True, False) if turn % 2 else (False, True):
            (ours if is_ours else limits).append((drain_ours if is_ours else drain_bare)(site, latency, workers))
    name = f"{latency * 1000:g} ms, {workers} x {CALLS[latency]}"
    fault = next((run.fault for run in (*ours, *limits) if run.fault), "")
    notes = {"commits a message": sum(run.commits for run in ours) / len(ours)}
    rates = Figure(
        "saturated",
        f"texts at {name}",
        "/s",
        [run.rate for run in ours],
        [run.rate for run in limits],
        "bare loop",
        at_least=BARS[latency],
        notes=notes,
        fault=fault,
    )
    cpu = Figure(
        "saturated",
        f"CPU at {name}",
        "ms",
        [1000 * run.cpu for run in ours],
        [1000 * run.cpu for run in limits],
        "bare loop",
        at_most=MOST_CPU,
    )
    return [rates, cpu]


def drain_ours(site: Site, latency: float, workers: int) -> Run:
    """Let so many workers of ours send the backlog, at this latency of the provider in seconds."""
    with site.round(REMINDERS_TEXTS_IN_FLIGHT=str(CALLS[latency])) as made:
        made.start(*[WORKER] * workers, signs=[SIGN])
        site.provider.reset(latency=latency)
        cpu, commits = made.cpu(), _commits(made)
        made.services.start_clock()
        made.wait_for(lambda: site.provider.count() >= site.count, every=0.5)
        made.wait_for(lambda: _accepted(made) >= site.count)
        spent, commits = made.cpu() - cpu, _commits(made) - commits
        arrivals = site.provider.arrivals()
        last = made.ask("SELECT extract(epoch FROM max(finished_at)) FROM attempt")[0]
        ended = float(str(last)) - ahead(made)
        seconds = ended - arrivals.first
        return Run(site.count / seconds, spent / site.count, commits / site.count, arrivals.fault(site.count))


def ahead(made: Round) -> float:
    """Return by how many seconds the clinic's clock is ahead of the machine's."""
    clock = made.services.deps.clock
    return (clock.now() - clock.machine_now()).total_seconds()


def _accepted(made: Round) -> int:
    return int(
        str(made.ask("SELECT count(*) FROM message WHERE state NOT IN ('due', 'held', 'claimed', 'sending')")[0])
    )


def _commits(made: Round) -> float:
    return float(str(made.ask("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")[0]))


def drain_bare(site: Site, latency: float, workers: int) -> Run:
    """Call for as many texts from bare loops, a process for each worker."""
    site.provider.reset(latency=latency)
    texts = bare.texts(site.count, now=datetime.now(UTC))
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.bare"],
            cwd=ROOT,
            env=dict(site.environment),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(workers)
    ]
    for place, process in enumerate(started):
        order = {
            "url": site.provider.url,
            "who": (ACCOUNT, TOKEN, SENDER),
            "texts": texts[place::workers],
            "in_flight": CALLS[latency],
        }
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        process.stdout.readline()
    told = []
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        assert process.stdout is not None
        told.append(json.loads(process.stdout.readline()))
        process.communicate()
    arrivals = site.provider.arrivals()
    seconds = max(item["ended"] for item in told) - arrivals.first
    return Run(site.count / seconds, sum(item["cpu"] for item in told) / site.count, fault=arrivals.fault(site.count))
