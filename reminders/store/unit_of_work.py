"""Transactions: the one place in the tree that commits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from reminders.core.errors import NotReadyError
from reminders.store.engine import READS_ONLY, make_engine
from reminders.store.faults import is_of_the_database
from reminders.store.vault import Vault


class Transaction:
    """One open transaction, with what queries need to seal and open fields."""

    def __init__(self, connection: Connection, vault: Vault) -> None:
        """Wrap a connection on which a transaction has begun."""
        self.connection = connection
        self.vault = vault

    @property
    def is_postgres(self) -> bool:
        """Say whether locks and set-based statements of PostgreSQL are there."""
        return self.connection.dialect.name == "postgresql"


class Store:
    """The database. Never hold a transaction open across a network call."""

    def __init__(self, url: str, vault: Vault) -> None:
        """Remember where the database is; nothing is opened until the first transaction."""
        self.url = url
        self.vault = vault
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        """The engine, made on first use so that a fork before it is harmless."""
        if self._engine is None:
            self._engine = make_engine(self.url)
        return self._engine

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Write: committed at the end of the block, rolled back where it raises.

        An error from the commit itself means that nobody knows whether it happened; never repeat it blindly. Raises
        NotReadyError where the database does not answer, is too busy, or takes nothing: no row is to blame for that.
        """
        with _telling_whose_fault(), self._connected() as connection:
            begun = connection.begin()
            try:
                yield Transaction(connection, self.vault)
            except BaseException:
                begun.rollback()
                raise
            begun.commit()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Read only, from one snapshot. Raises NotReadyError as `transaction` does."""
        with _telling_whose_fault(), self._connected() as connection:
            reader = connection.execution_options(**_reads_only(connection))
            with reader.begin() as begun:
                tx = Transaction(reader, self.vault)
                yield tx
                # PostgreSQL let nothing be written; after a rollback its driver prepares every statement anew.
                (begun.commit if tx.is_postgres else begun.rollback)()

    @contextmanager
    def looking(self) -> Iterator[Transaction]:
        """Read to see whether anything is to be done: each statement sees a moment of its own, and costs one trip.

        On PostgreSQL nothing begins and nothing ends: that would be two trips more, several times a second, in
        processes that mostly find nothing. Raises NotReadyError as `transaction` does.
        """
        with _telling_whose_fault(), self._connected() as connection:
            tx = Transaction(connection, self.vault)
            if tx.is_postgres:
                connection.execution_options(isolation_level="AUTOCOMMIT")
                yield tx
                return
            with connection.execution_options(**{READS_ONLY: True}).begin() as begun:
                yield tx
                begun.rollback()

    def _connected(self) -> Connection:
        """Return a connection. Raises NotReadyError where no database answers or its address is none."""
        try:
            return self.engine.connect()
        except ArgumentError:
            raise NotReadyError("the database's URL cannot be read; it is postgresql://… or sqlite:///…") from None
        except OperationalError as error:
            raise NotReadyError(f"the database does not answer: {' '.join(str(error.orig).split())}") from error

    def close(self) -> None:
        """Give connections back."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


@contextmanager
def _telling_whose_fault() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        if not is_of_the_database(error):
            raise
        said = " ".join(str(getattr(error, "orig", error)).split())
        raise NotReadyError(f"the database could not do it now: {said}") from error


def _reads_only(connection: Connection) -> dict[str, Any]:
    """Return the options by which every statement of a transaction sees one moment. SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return {READS_ONLY: True}
    return {READS_ONLY: True, "isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
