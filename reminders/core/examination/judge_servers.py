"""Judge the database, the broker, and the clocks of both and of the provider."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from reminders.core.clock_sanity import MOST_DATABASE_SKEW, ClockFault, clock_fault
from reminders.core.examination.codes import Area, Code
from reminders.core.examination.facts import BrokerFacts, DatabaseFacts, Facts, SetupFacts, Standing
from reminders.core.examination.findings import Finding, faulty, judged, well
from reminders.core.examination.sizes import ahead, size, version_text

OLDEST_POSTGRES, OLDEST_SQLITE, OLDEST_BROKER = (13,), (3, 35), (6, 2)
FULL_SHARE = 0.7
"""From here on a broker's memory is worth a look (reliability, (b))."""
LASTING = {
    "fsync": (Code.FSYNC_OFF, {"on"}),
    "synchronous_commit": (Code.COMMIT_NOT_SYNCHRONOUS, {"on", "local", "remote_write", "remote_apply"}),
    "full_page_writes": (Code.PARTIAL_PAGES, {"on"}),
    "journal_mode": (Code.NOT_WAL, {"wal"}),
    "synchronous": (Code.SQLITE_NOT_SYNCHRONOUS, {"full", "extra"}),
}
"""The settings by which a commit lasts, and the values that do: `local` lasts on the primary, where we read."""
_DB, _BR, _CK = Area.DATABASE, Area.BROKER, Area.CLOCKS


def judge_database(database: DatabaseFacts) -> Iterator[Finding]:
    """Judge the database server and what stands in it."""
    if database.problem is not None:
        yield faulty(Code.DATABASE_AWAY, "connection", f"{database.place}: {database.problem}")
        return
    if database.standing is Standing.ABSENT:
        yield faulty(Code.DATABASE_EMPTY, "tables", f"no file yet: {database.place}")
        return
    name, oldest = ("PostgreSQL", OLDEST_POSTGRES) if database.is_postgres else ("SQLite", OLDEST_SQLITE)
    yield well(_DB, "connection", database.place)
    is_old = database.version < oldest
    text = f"{name} {version_text(database.version)}"
    yield judged(Code.DATABASE_OLD if is_old else None, _DB, "version", text)
    yield _tables(database)
    yield from _lasting(database)
    if database.is_read_only:
        yield faulty(Code.DATABASE_READ_ONLY, "writing", "refused")
    yield from _sealed(database)


def _tables(database: DatabaseFacts) -> Finding:
    subject, here, newest = "tables", database.revision, database.newest_revision
    match database.standing:
        case Standing.CURRENT:
            return well(_DB, subject, f"{here}, the newest")
        case Standing.BEHIND:
            return faulty(Code.DATABASE_BEHIND, subject, f"{here}; this code needs {newest}")
        case Standing.NEWER:
            return faulty(Code.DATABASE_NEWER, subject, f"{here}; this code knows up to {newest}")
        case Standing.EMPTY | Standing.ABSENT:
            return faulty(Code.DATABASE_EMPTY, subject, "none")


def _lasting(database: DatabaseFacts) -> Iterator[Finding]:
    good = []
    for setting, value in database.settings.items():
        code, lasting = LASTING[setting]
        if value in lasting:
            good.append(f"{setting} {value}")
        else:
            yield faulty(code, "what is committed", f"{setting} is {value}")
    if good:
        yield well(_DB, "what is committed", "lasts: " + ", ".join(good))


def _sealed(database: DatabaseFacts) -> Iterator[Finding]:
    if database.opens_with_our_key is not None:
        code = None if database.opens_with_our_key else Code.WRONG_KEY
        yield judged(
            code, _DB, "encrypted fields", "our key opens them" if code is None else "written with another key"
        )


def judge_broker(broker: BrokerFacts | None, setup: SetupFacts) -> Iterator[Finding]:
    """Judge the broker."""
    if broker is None:
        if setup.is_embedded_broker:
            yield well(_BR, "connection", "embedded: it starts and ends with the service")
        return
    if not broker.is_reached:
        yield faulty(Code.BROKER_AWAY, "connection", broker.detail or "no answer")
        return
    yield well(_BR, "connection", broker.detail or "answers")
    is_old = bool(broker.version) and broker.version < OLDEST_BROKER
    yield judged(Code.BROKER_OLD if is_old else None, _BR, "version", f"{broker.name} {version_text(broker.version)}")
    if broker.is_replica:
        yield faulty(Code.BROKER_REPLICA, "writing", "a replica")
    if broker.is_refusing_writes:
        yield faulty(Code.BROKER_REFUSES, "writing", "its last write to disk failed")
    yield from _memory(broker)


def _memory(broker: BrokerFacts) -> Iterator[Finding]:
    if broker.policy is None or broker.is_kept is None:
        yield faulty(Code.BROKER_SECRETIVE, "settings", "INFO or CONFIG GET is refused")
    if broker.policy is not None:
        evicts = broker.policy != "noeviction"
        yield judged(Code.BROKER_EVICTS if evicts else None, _BR, "when full", f"maxmemory-policy {broker.policy}")
    if broker.is_kept is not None:
        text = f"appendonly {'yes' if broker.is_kept else 'no'}"
        yield judged(None if broker.is_kept else Code.BROKER_FORGETS, _BR, "after a restart", text)
    if broker.used_bytes is not None:
        most = broker.most_bytes or 0
        is_filling = most > 0 and broker.used_bytes >= FULL_SHARE * most
        limit = f"of {size(most)} ({broker.used_bytes / most:.0%})" if most else "used, no limit set"
        text = f"{size(broker.used_bytes)} {limit}"
        yield judged(Code.BROKER_FILLING if is_filling else None, _BR, "memory", text)


def judge_clocks(facts: Facts) -> Iterator[Finding]:
    """Judge the clocks; all are held against this machine's, and the provider's against the database's."""
    database = facts.database.skew if facts.database is not None else None
    broker = facts.broker.skew if facts.broker is not None else None
    provider = facts.provider.skew if facts.provider is not None else None
    if database is not None:
        is_wrong = clock_fault(database, None) is ClockFault.DATABASE
        yield judged(Code.DATABASE_CLOCK if is_wrong else None, _CK, "database", ahead(database))
    if provider is not None:
        is_wrong = clock_fault(_small(database), provider) is ClockFault.PROVIDER
        yield judged(Code.PROVIDER_CLOCK if is_wrong else None, _CK, "provider", ahead(provider))
    if broker is not None:
        is_wrong = abs(broker) > MOST_DATABASE_SKEW
        yield judged(Code.BROKER_CLOCK if is_wrong else None, _CK, "broker", ahead(broker))


def _small(database: timedelta | None) -> timedelta:
    """Return the database's skew; one that is a fault of its own must not hide the provider's."""
    return database if database is not None and abs(database) <= MOST_DATABASE_SKEW else timedelta(0)
