"""The wake at every size: what looking costs while nothing is due, and taking a hundred that are.

Two databases in one server, one with few reminders to come and one with many, are asked in turn by the same code that
the workers run. Then again while another session holds a snapshot (a report, a backup), so that nothing of what is
taken meanwhile can be cleared away, and after that with the snapshot gone. Autovacuum is as shipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import perf_counter

from sqlalchemy import text
from typing_extensions import override

from reminders.adapters.memory import MemoryClock
from reminders.core.patients import Channel
from reminders.services.claim_due import Claim, claim_due
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.bench.figures import Figure
from tests.bench.many_rows import add_due, fill
from tests.bench.options import Options
from tests.bench.periodic import SWEEPS, WAKE
from tests.builders import NOON
from tests.servers.postgres import Postgres, running_postgres
from tests.world import World

FEW = 10_000
LOOKS_EVERY = timedelta(seconds=2)
MOST_FOR_SIZE = 1.3
MOST_UNDER_SNAPSHOT = 1.5
CHURN = 30_000


@dataclass(frozen=True, slots=True)
class Effort:
    """How often each thing is done to be timed once."""

    ticks: int = 50
    sweeps: int = 5
    claims: int = 20


USUAL = Effort()


class _Clock(MemoryClock):
    """Moves when told to, and as long as work takes."""

    @override
    def monotonic(self) -> float:
        return super().monotonic() + perf_counter()


@dataclass(slots=True)
class Times:
    """Milliseconds of a look, of a claim and of all sweeps, round by round, and pages that a look touched."""

    idle: list[float] = field(default_factory=list)
    claim: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    sweeps: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Site:
    """One database with its world, and what was measured in it: at rest, under a snapshot, and after it."""

    world: World
    clock: MemoryClock
    effort: Effort
    made: int = 0
    taken: set[object] = field(default_factory=set)
    doubled: int = 0
    at_rest: Times = field(default_factory=Times)
    held: Times = field(default_factory=Times)
    after: Times = field(default_factory=Times)

    @property
    def fault(self) -> str:
        """Say what was lost or taken twice."""
        lost = self.made - len(self.taken)
        return f"{lost} lost, {self.doubled} taken twice" if lost or self.doubled else ""


def measure(options: Options) -> Sequence[Figure]:
    """Look and claim in a small and a large database in turn."""
    churn = 3_000 if options.is_quick else CHURN
    return measured(FEW, options.size(1_000_000, 200_000), rounds=options.times(5, 3), churn=churn)


def measured(few: int, many: int, *, rounds: int, churn: int, effort: Effort = USUAL) -> Sequence[Figure]:
    """Measure at two sizes, with so many texts taken under each snapshot."""
    with running_postgres(is_durable=True) as server, ExitStack() as stack:
        sites = [stack.enter_context(_site(server, count, effort)) for count in (few, many)]
        for turn in range(rounds):
            for site in sites if turn % 2 else sites[::-1]:
                _round(site, churn)
        small, large = sites
        return _figures(small, large, few, many, churn)


def _figures(small: Site, large: Site, few: int, many: int, churn: int) -> Sequence[Figure]:
    against, notes = f"at {few:,}", {"reminders": many, "taken under a snapshot": churn}
    fault = small.fault or large.fault
    rest, under, size = large.at_rest, large.held, MOST_FOR_SIZE
    snapshot = MOST_UNDER_SNAPSHOT
    return [
        Figure("tick", "nothing due", "ms", rest.idle, small.at_rest.idle, against, at_most=size, fault=fault),
        Figure("tick", "a hundred due", "ms", rest.claim, small.at_rest.claim, against, at_most=size, notes=notes),
        Figure("tick", "nothing due, pages", "", rest.pages, small.at_rest.pages, against, at_most=size),
        Figure("tick", "all other periodic work", "ms", rest.sweeps, small.at_rest.sweeps, against, at_most=size),
        Figure("tick", "snapshot held, nothing due", "ms", under.idle, rest.idle, "without", at_most=snapshot),
        Figure("tick", "snapshot held, a hundred due", "ms", under.claim, rest.claim, "without", at_most=snapshot),
        Figure("tick", "snapshot held, pages", "", under.pages, rest.pages, "without"),
        Figure("tick", "after the snapshot, nothing due", "ms", large.after.idle, rest.idle, "before", at_most=size),
    ]


@contextmanager
def _site(server: Postgres, reminders: int, effort: Effort) -> Iterator[Site]:
    with server.database() as url:
        store = Store(url, Vault(["only for this"]))
        world, clock = World(store), _Clock(NOON)
        world.change(clock=clock)
        fill(store, reminders=reminders, now=NOON)
        try:
            yield Site(world, clock, effort)
        finally:
            store.close()


def _round(site: Site, churn: int) -> None:
    _idle(site)  # fills what is kept in memory
    _measure(site, site.at_rest, site.effort.claims * site.world.deps.policy.claim_size)
    with _snapshot(site.world.store):
        _measure(site, site.held, churn)
    _measure(site, site.after, 0)


def _measure(site: Site, into: Times, due: int) -> None:
    if due:
        add_due(site.world.store, first=site.made, count=due, now=site.clock.now())
        site.made += due
        into.claim.append(_claims(site))
    milliseconds, pages = _idle(site)
    into.idle.append(milliseconds)
    into.pages.append(pages)
    begun = perf_counter()
    for _ in range(site.effort.sweeps):
        for sweep in SWEEPS.values():
            sweep(site.world.deps)
    into.sweeps.append(1000 * (perf_counter() - begun) / site.effort.sweeps)


def _claims(site: Site) -> float:
    """Take all that is due and finish it; return the milliseconds of one of the last claims, per hundred taken."""
    seconds: list[float] = []
    while True:
        begun = perf_counter()
        taken = claim_due(site.world.deps, Channel.SMS)
        if not taken.due:
            break
        seconds.append((perf_counter() - begun) * 100 / len(taken.due))
        _finish(site, taken)
    last = seconds[-site.effort.claims :]
    return 1000 * sum(last) / len(last)


def _finish(site: Site, taken: Claim) -> None:
    ids = {item.id for item in taken.due}
    site.doubled += len(ids & site.taken)
    site.taken |= ids
    done = text("UPDATE message SET state = 'delivered', claim = NULL, lease_until = NULL WHERE id = ANY(:ids)")
    with site.world.store.transaction() as tx:
        tx.connection.execute(done, {"ids": [item.id for item in taken.due]})


def _idle(site: Site) -> tuple[float, float]:
    """Return milliseconds and pages of a look at what is due, all that a worker does every other second."""
    before, begun = _pages(site.world.store), perf_counter()
    for _ in range(site.effort.ticks):
        site.clock.advance(LOOKS_EVERY)
        for look in WAKE.values():
            look(site.world.deps)
    milliseconds = 1000 * (perf_counter() - begun) / site.effort.ticks
    return milliseconds, (_pages(site.world.store) - before) / site.effort.ticks


def _pages(store: Store) -> float:
    """Return how many pages of this database were touched so far."""
    told = text("SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()")
    with store.reading() as tx:
        tx.connection.execute(text("SELECT pg_stat_force_next_flush()"))
    with store.reading() as tx:
        return float(tx.connection.scalar(told) or 0)


@contextmanager
def _snapshot(store: Store) -> Iterator[None]:
    """Hold a snapshot, as a report or a backup does."""
    with store.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.execute(text("SELECT count(*) FROM clinic"))
        connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
        yield
        connection.rollback()
