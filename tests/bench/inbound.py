"""Delivery reports: how many signed callbacks a second our web process stores, each answered after its commit.

Beside it, in the same round: a bare endpoint of the same server and framework, which looks at nothing, and one that
verifies as ours does and commits each report by itself. All are asked over the same connections by callers whose own
processor time is not counted. What was stored is counted: a report lost, or kept twice, is a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from time import process_time
from uuid import UUID

from sqlalchemy import event

from reminders.services.apply_receipts import AT_ONCE, apply_receipts
from tests.bench.callers import Answers, Order, post_all, ready_callers
from tests.bench.figures import Figure
from tests.bench.hooks import STATUSES, Signer, Taken, texted_site
from tests.bench.options import Options
from tests.bench.site import Round, Site
from tests.journeys.programs import free_port

CONNECTIONS = 64
WARM = 500
TAKEN = "204"
OURS, BARE, ONE_EACH = "ours", "bare", "one_each"
COMMANDS = {
    OURS: ("reminders", "web"),
    BARE: ("tests.bench.hook_limits", BARE),
    ONE_EACH: ("tests.bench.hook_limits", ONE_EACH),
}
OF_BARE, OF_ONE_EACH = 0.4, 3.0
STATEMENTS_A_BATCH = 12.0
"""So many at most, for however many reports of the usual kind."""


@dataclass(frozen=True, slots=True)
class Run:
    """Receipts a second, CPU milliseconds a receipt of server and database, and how long callers waited."""

    rate: float
    cpu: float
    p50: float
    p99: float
    callers_cpu: float
    commits: float = 0.0
    fault: str = ""


@dataclass(slots=True)
class Load:
    """The same reports for everybody, and some to warm up with that are about nothing of ours."""

    requests: Sequence[bytes]
    warm: Sequence[bytes] = field(default_factory=list)

    @classmethod
    def of(cls, taken: Sequence[Taken], public_url: str) -> Load:
        """Sign every status of every text, all `queued` first, as they come after a backlog."""
        signer = Signer(public_url)
        found = [signer.receipt(item.tag, item.provider_id, status) for status in STATUSES for item in taken]
        warm = [signer.receipt(UUID(int=number), f"SM{'f' * 16}{number:016x}", "sent") for number in range(WARM)]
        return cls(found, warm)


def measure(options: Options) -> Sequence[Figure]:
    """Post the same reports to all three in turn, then apply ours."""
    texts = options.size(2_500, 500)
    runs: dict[str, list[Run]] = {name: [] for name in COMMANDS}
    applied: list[tuple[float, float]] = []
    with texted_site(texts) as (site, taken):
        load = Load.of(taken, site.environment["REMINDERS_PUBLIC_URL"])
        for turn in range(options.times()):
            with site.round() as made:
                names = list(COMMANDS)
                for name in names[turn % 3 :] + names[: turn % 3]:
                    made.execute("TRUNCATE receipt")
                    runs[name].append(_run(site, made, name, load))
                    if name == OURS:
                        applied.append(_apply(made, len(load.requests)))
    return [*_rates(runs), _applied(applied)]


def _run(site: Site, made: Round, name: str, load: Load) -> Run:
    port = free_port()
    made.start((*COMMANDS[name], "--port", str(port)))
    order = Order(port, CONNECTIONS, load.requests, load.warm)
    with ready_callers(order) as callers:
        before, commits = made.cpu(), _commits(made)
        answers = post_all(callers)
        spent = made.cpu() - before
        commits = _commits(made) - commits
    made.stop()
    waits = [1000 * (to - at) for at, to in zip(answers.sent_at, answers.answered_at, strict=True)]
    cuts = quantiles(waits, n=100)
    return Run(
        rate=answers.rate,
        cpu=1000 * spent / len(waits),
        p50=cuts[49],
        p99=cuts[98],
        callers_cpu=1000 * answers.cpu / len(waits),
        commits=commits / len(waits),
        fault=_fault(made, answers, load, is_stored=name != BARE),
    )


def _commits(made: Round) -> float:
    return float(str(made.ask("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")[0]))


def _fault(made: Round, answers: Answers, load: Load, *, is_stored: bool) -> str:
    """Return what is wrong with what was answered and kept."""
    if set(answers.statuses) != {TAKEN}:
        return f"answered {dict(answers.statuses)}"
    if not is_stored:
        return ""
    known = (
        "SELECT count(*), count(DISTINCT (told.tag, told.provider_status)) FROM receipt AS told"
        " WHERE EXISTS (SELECT FROM attempt WHERE attempt.tag = told.tag)"
    )
    kept, different = (int(str(found)) for found in made.ask(known))
    warm = int(str(made.ask("SELECT count(*) FROM receipt")[0])) - kept
    expected = len(load.requests)
    if (kept, different, warm) != (expected, expected, len(load.warm)):
        return f"{kept} kept of {expected}, {different} different ones, {warm} others"
    return ""


def _apply(made: Round, count: int) -> tuple[float, float]:
    """Apply what was stored; return how many a second of this process's and the server's time, and statements."""
    statements = 0
    engine = made.services.deps.store.engine

    def count_one(*_: object) -> None:
        nonlocal statements
        statements += 1

    event.listen(engine, "before_cursor_execute", count_one)
    try:
        seconds = _cpu_of(made, lambda: apply_receipts(made.services.deps))
    finally:
        event.remove(engine, "before_cursor_execute", count_one)
    return count / seconds, statements / (count / AT_ONCE)


def _cpu_of(made: Round, work: Callable[[], object]) -> float:
    """Return what a piece of work cost this process and the server, while none of ours runs beside it."""
    before = made.cpu() + process_time()
    work()
    return made.cpu() + process_time() - before


def _rates(runs: dict[str, list[Run]]) -> list[Figure]:
    ours = runs[OURS]
    notes = {
        "p50 ms": _middle(ours, "p50"),
        "p99 ms": _middle(ours, "p99"),
        "commits a report": _middle(ours, "commits"),
        "callers' CPU ms": _middle(ours, "callers_cpu"),
    }
    fault = next((run.fault for run in (*ours, *runs[BARE], *runs[ONE_EACH]) if run.fault), "")

    def against(other: str, words: str, bar: float) -> Figure:
        rates = [run.rate for run in ours]
        limit = [run.rate for run in runs[other]]
        return Figure("inbound", "reports stored", "/s", rates, limit, words, at_least=bar, notes=notes, fault=fault)

    spent = [run.cpu for run in ours]
    alone = {"one commit each ms": _middle(runs[ONE_EACH], "cpu")}
    cpu = Figure("inbound", "CPU, web and database", "ms", spent, [run.cpu for run in runs[BARE]], "bare", notes=alone)
    return [
        against(BARE, "bare endpoint", OF_BARE),
        against(ONE_EACH, "one commit each", OF_ONE_EACH),
        cpu,
    ]


def _middle(runs: Sequence[Run], name: str) -> float:
    found = sorted(getattr(run, name) for run in runs)
    return float(found[len(found) // 2])


def _applied(applied: Sequence[tuple[float, float]]) -> Figure:
    notes = {f"statements for {AT_ONCE}": max(statements for _, statements in applied)}
    return Figure("inbound", "reports applied", "/s of a core", [rate for rate, _ in applied], notes=notes)
