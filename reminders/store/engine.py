"""How we talk to each database: the settings without which the promises do not hold.

SQLite: WAL, `synchronous=FULL` (a lost intent would be a doubled text), and every writing transaction begins
IMMEDIATE, because one that reads first and writes later fails under load. PostgreSQL: time limits on everything.
"""

from __future__ import annotations

import select
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.types.array import ListBinaryDumper
from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry
from typing_extensions import override

READS_ONLY = "reads_only"
"""Execution option: this transaction writes nothing, so it need not take SQLite's one write lock."""
BUSY_SECONDS = 30
ANSWERS_WITHIN = 40.0
"""Seconds in which PostgreSQL says something, be it that a statement took too long: it stops those after 30."""
GIVEN_BACK, TRUSTED_SECONDS, QUIET_SECONDS = "given_back", 0.5, 3.0
"""A connection that was in use so few seconds ago is not tried first: a trial is two trips and a commit. For the longer
time it is only tried if the server said something unasked: that it ends, which is how it ends with the server."""
POSTGRES_SESSION = (
    "-c statement_timeout=30000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000 "
    "-c synchronous_commit=on -c timezone=UTC"
)


def make_engine(
    url: str,
    *,
    answers_within: float = ANSWERS_WITHIN,
    trusted_for: float = TRUSTED_SECONDS,
    quiet_for: float = QUIET_SECONDS,
) -> Engine:
    """Return an engine for a SQLAlchemy URL. Make it after a fork, never before.

    A PostgreSQL that says nothing for `answers_within` seconds counts as gone. A connection to it that lay idle for
    longer than `trusted_for` seconds is tried before it is used if something came meanwhile, and always after
    `quiet_for`.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    return _postgres(parsed, answers_within, trusted_for, max(trusted_for, quiet_for))


class _ImpatientConnection(psycopg.Connection[Any]):
    """A connection that gives up on a server which says nothing: by itself it would wait for ever.

    The server's own limits do not reach a client whose way there is cut, and those of TCP do not help where something
    in between (a pooler, a load balancer, a frozen machine) still acknowledges what we send.
    """

    answers_within = ANSWERS_WITHIN

    @override
    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        until = monotonic() + self.answers_within
        try:
            return super().wait(gen, interval, self.answers_within if timeout is None else timeout)
        except psycopg.OperationalError:
            if timeout is None and monotonic() >= until and not self.closed:
                self.pgconn.finish()
                raise psycopg.OperationalError("the server says nothing; the connection is closed") from None
            raise


def _pooled(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,  # an error's text goes to logs, and parameters name people
        pool_size=4,
        max_overflow=8,
        pool_recycle=300,
        pool_timeout=10,
        connect_args={
            "connect_timeout": 5,
            "keepalives": 1,
            "keepalives_idle": 30,
            "tcp_user_timeout": 10_000,
            "options": POSTGRES_SESSION,
        },
    )


def _postgres(url: URL, answers_within: float, trusted_for: float, quiet_for: float) -> Engine:
    engine = _pooled(url)

    def on_connect(
        _dialect: Dialect, _record: ConnectionPoolEntry, arguments: list[Any], named: dict[str, Any]
    ) -> psycopg.Connection[Any]:
        connection = _ImpatientConnection.connect(*arguments, **named)
        connection.answers_within = answers_within
        # As text, psycopg would escape an array sign by sign: a quarter of a millisecond for each sealed field.
        connection.adapters.register_dumper(list, ListBinaryDumper)
        return connection

    def on_checkin(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info[GIVEN_BACK] = monotonic()

    def on_checkout(connection: Any, record: ConnectionPoolEntry, _: object) -> None:  # noqa: ANN401 - the driver's own
        given_back = record.info.get(GIVEN_BACK)
        idle = 0.0 if given_back is None else monotonic() - given_back
        is_doubted = idle > quiet_for or (idle > trusted_for and _has_news(connection))
        if is_doubted and not _answers(engine, connection):
            raise InvalidatePoolError

    event.listen(engine, "checkin", on_checkin)
    event.listen(engine, "checkout", on_checkout)
    event.listen(engine, "do_connect", on_connect)
    event.listen(engine, "handle_error", _on_postgres_error)
    return engine


def _has_news(connection: psycopg.Connection[Any]) -> bool:
    """Say whether something came that nobody asked for, or the end of the connection; a look that costs no trip."""
    if connection.closed:
        return True
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))


def _answers(engine: Engine, connection: Any) -> bool:  # noqa: ANN401 - the driver's own object
    """Say whether the server still answers on a connection that was idle for a while."""
    try:
        return engine.dialect.do_ping(connection)
    except psycopg.Error:
        return False


def _on_postgres_error(context: ExceptionContext) -> None:
    """Keep the first line of an error only: the detail below it quotes the row, and a row names people."""
    original, wrapped = context.original_exception, context.sqlalchemy_exception
    kept = str(original).partition("\n")[0]
    original.args = (kept,)
    if wrapped is not None:
        wrapped.args = (f"({type(original).__module__}.{type(original).__name__}) {kept}",)


def _sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
    )
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _on_sqlite_connect(connection: Any, _record: ConnectionPoolEntry) -> None:  # noqa: ANN401 - the driver's own object
    # The driver's own transaction handling would begin DEFERRED, behind our back, at the first write.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_SECONDS * 1000}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _on_sqlite_begin(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get(READS_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
