"""The same texts to the same provider by the libraries that others use for such work, and by ours, in turns.

A library's job is the least that stores its state: one row read and marked, the call, the row marked again. Ours is the
whole journey, with rendering, sealing, the gate, attempts and outcomes. The libraries are installed into an environment
of their own, `.venv-bench`, when this part is first run; one that cannot be had here is told with the reason.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

from reminders.__main__ import SetUpError, set_up
from tests.bench.figures import Figure
from tests.bench.options import Options
from tests.bench.peer_runs import WARMING, Peer, PeerError, broker_cpu, drain, lateness, phone_of
from tests.bench.saturated import SIGN, WORKER, Run, drain_ours
from tests.bench.site import Site, running_site
from tests.chaos.load import BEGINS_AT
from tests.chaos.processes import ROOT

VENV = ROOT / ".venv-bench"
REQUIREMENTS = ROOT / "requirements-bench.txt"
JOBS = "tests.bench.peer_jobs"
WORKERS = 2
IN_TURN = 0.2
"""How many texts a library gets for each of ours: all are slower, and rates are what is compared."""
PER_SECOND = 20.0
FIRST_DUE = 4.0
"""Seconds from the start of the clock to the first of our texts that are due one after the other."""

_CELERY = ("worker", "--pool", "prefork", "--concurrency", str(WORKERS), "--loglevel", "ERROR")
CELERY = Peer("Celery, a task each", "celery_each", [("celery", "-A", f"{JOBS}.celery_each", *_CELERY)])
PEERS = (
    CELERY,
    Peer("Celery, with ETA", "celery_eta", [("celery", "-A", f"{JOBS}.celery_eta", *_CELERY)]),
    Peer(
        "procrastinate",
        "procrastinate_each",
        [("procrastinate", f"--app={JOBS}.procrastinate_each.app", "worker")] * WORKERS,
        prepare=("procrastinate", f"--app={JOBS}.procrastinate_each.app", "schema", "--apply"),
    ),
    Peer("dramatiq", "dramatiq_each", [("dramatiq", f"{JOBS}.dramatiq_each", "--processes", str(WORKERS))]),
    Peer("huey", "huey_each", [("huey_consumer", f"{JOBS}.huey_each.huey", "-w", str(WORKERS), "-k", "process")]),
    Peer(
        "rq",
        "rq_each",
        [("rq", "worker", "texts")] * WORKERS,
        delaying=[("rq", "worker", "--with-scheduler", "texts")] * WORKERS,
        share=0.03,
    ),
    Peer(
        "taskiq",
        "taskiq_each",
        [("taskiq", "worker", f"{JOBS}.taskiq_each:broker", "--workers", str(WORKERS))],
        delaying=[
            ("taskiq", "worker", f"{JOBS}.taskiq_each:broker", "--workers", str(WORKERS)),
            ("taskiq", "scheduler", f"{JOBS}.taskiq_each:scheduler"),
        ],
    ),
)
BARS: Mapping[str, tuple[float, float]] = {CELERY.name: (10.0, 1 / 8)}
"""Our texts a second to the library's, at least; and our CPU a text to the library's, at most."""
DUE_IN_TURN = """
UPDATE reminder SET
    due_at = CASE
        WHEN number < :count THEN :first + number / :rate * interval '1 second'
        WHEN number < :count + :warming THEN :first - interval '3 seconds' ELSE due_at + interval '1 day'
    END,
    expires_at = expires_at + interval '2 days'
FROM (SELECT id, substr(external_id, 2)::int AS number FROM appointment) AS theirs WHERE theirs.id = appointment_id
"""


@dataclass(slots=True)
class Found:
    """What was measured of one library."""

    runs: list[Run] = field(default_factory=list)
    late: Sequence[float] = ()
    """By how many seconds each call for a text with a time came after it."""
    fault: str = ""
    reason: str = ""
    """Why it could not be measured."""


def measure(options: Options) -> Sequence[Figure]:
    """Measure every library and ours in each round, and then how late each is with texts that have a time."""
    try:
        with redirect_stdout(sys.stderr):
            set_up(REQUIREMENTS, VENV)
    except (SetUpError, OSError) as error:
        reason = f"not installed: {str(error).strip().splitlines()[-1]}"
        return measured(options, PEERS, VENV / "bin", delayed=0, reason=reason)
    return measured(options, PEERS, VENV / "bin", delayed=100 if options.is_quick else 400)


def measured(
    options: Options, peers: Sequence[Peer], programs: Path, *, delayed: int, reason: str = ""
) -> Sequence[Figure]:
    """Measure libraries whose programs are in this folder, with so many texts that have a time.

    Where none can be measured at all, for this reason, ours still is.
    """
    found = {peer.name: Found(reason=reason) for peer in peers}
    with running_site(max(options.size(10_000, 3_000), delayed + WARMING)) as site:
        ours = _drained(site, peers, programs, found, options.times())
        late, fault = _ours_late(site, delayed) if delayed else ([], "")
        for peer in peers:
            _delay(site, peer, programs, found[peer.name], delayed)
    figures = [figure for peer in peers for figure in _of_backlog(peer.name, ours, found[peer.name])]
    return [*figures, *(_of_times(peer.name, late, fault, found[peer.name]) for peer in peers if late)]


def _drained(
    site: Site, peers: Sequence[Peer], programs: Path, found: Mapping[str, Found], rounds: int
) -> Sequence[Run]:
    """Fill in how each library sends the backlog, and return how ours does, in each round."""
    ours: list[Run] = []
    contestants = (None, *peers)
    for turn in range(rounds):
        start = turn % len(contestants)
        for peer in (*contestants[start:], *contestants[:start]):
            if peer is None:
                ours.append(_ours(site))
            elif not found[peer.name].reason:
                try:
                    found[peer.name].runs.append(drain(site, peer, programs, round(site.count * IN_TURN)))
                except PeerError as error:
                    found[peer.name].reason = str(error)
    return ours


def _ours(site: Site) -> Run:
    before = broker_cpu(site)
    run = drain_ours(site, 0.0, WORKERS)
    return replace(run, cpu=run.cpu + (broker_cpu(site) - before) / site.count)


def _delay(site: Site, peer: Peer, programs: Path, found: Found, count: int) -> None:
    """Fill in how late a library is."""
    if found.reason or not count:
        return
    try:
        found.late, found.fault = lateness(site, peer, programs, count, PER_SECOND)
    except PeerError as error:
        found.fault = f"not measured: {error}"


def _ours_late(site: Site, count: int) -> tuple[Sequence[float], str]:
    """Return by how many seconds each of our calls came late, where so many texts are due one after the other."""
    first = datetime.fromisoformat(BEGINS_AT) + timedelta(seconds=FIRST_DUE)
    with site.round() as made:
        made.execute(DUE_IN_TURN, first=first, count=count, rate=PER_SECOND, warming=WARMING)
        made.start(WORKER, signs=[SIGN])
        site.provider.reset(latency=0.0)
        made.services.start_clock()
        clock = made.services.deps.clock
        ahead = (clock.now() - clock.machine_now()).total_seconds()
        made.wait_for(lambda: site.provider.count() >= WARMING + count, every=1.0)
        arrivals = site.provider.arrivals()
    due = {phone_of(number): first.timestamp() - ahead + number / PER_SECOND for number in range(count)}
    late = [times[0] - due[phone] for phone, times in arrivals.by_number.items() if phone in due]
    return late, arrivals.fault(WARMING + count)


def _of_backlog(name: str, ours: Sequence[Run], found: Found) -> Sequence[Figure]:
    fault = next((run.fault for run in ours if run.fault), "")
    rates, cpus = [run.rate for run in ours], [1000 * run.cpu for run in ours]
    if found.reason:
        return [Figure("peers", f"texts beside {name}", "/s", rates, notes={"not measured": found.reason}, fault=fault)]
    at_least, at_most = BARS.get(name, (None, None))
    notes: dict[str, float | str] = {
        "its commits a text": median(run.commits for run in found.runs),
        "its faults": "; ".join(run.fault for run in found.runs if run.fault) or "none lost, none doubled",
    }
    theirs, their_cpus = [run.rate for run in found.runs], [1000 * run.cpu for run in found.runs]
    return [
        Figure(
            "peers",
            f"texts beside {name}",
            "/s",
            rates,
            theirs,
            name,
            at_least=at_least,
            notes=notes,
            fault=fault,
        ),
        Figure("peers", f"CPU a text beside {name}", "ms", cpus, their_cpus, name, at_most=at_most),
    ]


def _of_times(name: str, ours: Sequence[float], fault: str, found: Found) -> Figure:
    """Return the lateness of 99 of 100, for ours and for the library."""
    what = f"late at {PER_SECOND:g}/s, beside {name}"
    notes: dict[str, float | str] = {"ours, ms": _spread(ours)}
    if not found.late:
        return Figure(
            "peers", what, "ms", [_worst(ours)], notes={**notes, "it": found.reason or found.fault}, fault=fault
        )
    notes |= {"its, ms": _spread(found.late), "its faults": found.fault or "none lost, none doubled"}
    return Figure("peers", what, "ms", [_worst(ours)], [_worst(found.late)], name, notes=notes, fault=fault)


def _worst(late: Sequence[float]) -> float:
    """Return the 99th percentile in milliseconds."""
    return 1000 * quantiles(late, n=100, method="inclusive")[98]


def _spread(late: Sequence[float]) -> str:
    return f"first {1000 * min(late):.1f}, half {1000 * median(late):.1f}, last {1000 * max(late):.1f}"
