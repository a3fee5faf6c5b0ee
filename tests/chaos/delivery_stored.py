"""What the service stored of deliveries, read beside it in the reference's own words: sixty times for each example."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, make_url, select
from sqlalchemy.dialects import sqlite

from reminders.store.append_only import forgetting_pass
from reminders.store.doubles import IS_DOUBLE
from reminders.store.ledger import CONTRADICTIONS
from reminders.store.rows import attempt, metadata
from reminders.store.unit_of_work import Store
from tests.chaos.delivery_words import ENDS, Key

ABOUT_DELIVERY = (
    "not_delivered",
    "address_fault",
    "not_sent_in_time",
    "outcome_unknown",
    "no_window",
    "no_consent",
    "channel_paused",
    "resends_held",
    "code_unlisted",
)
SLOTS = """
    SELECT a.external_id, r.version, r.state, r.reason, r.due_at, r.expires_at
    FROM reminder r JOIN appointment a ON a.id = r.appointment_id
"""
TEXTS = """
    SELECT a.external_id, m.version, m.state, m.reason, m.due_at, m.fence, m.resends, m.redeliveries, m.id
    FROM message m JOIN appointment a ON a.id = m.appointment_id WHERE m.origin = 'reminder'
"""
TRIES = "SELECT message_id, state, provider_id, empty_looks, is_late_accept, tag FROM attempt ORDER BY fence"
TASKS = f"""
    SELECT t.kind, a.external_id, t.resolved_at IS NULL
    FROM task t LEFT JOIN appointment a ON a.id = t.appointment_id WHERE t.kind IN {ABOUT_DELIVERY}
"""  # noqa: S608 - our own words


def _ledger() -> str:
    """Return the service's own ledger as one statement, and the words of its columns."""
    counts = {
        name: select(func.count()).select_from(table).where(where) for name, (table, where) in CONTRADICTIONS.items()
    }
    counts["possible"] = select(func.count()).select_from(attempt).where(attempt.c.is_late_accept.is_(True))
    counts["proven"] = select(func.count()).select_from(attempt).where(IS_DOUBLE)
    columns = [count.scalar_subquery().label(name) for name, count in counts.items()]
    return str(select(*columns).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))


class StoredDeliveries:
    """Reads the database of a store, by a connection of its own."""

    def __init__(self, store: Store) -> None:
        self._vault = store.vault
        self._connection = sqlite3.connect(make_url(store.url).database or "", isolation_level=None)
        self._ledger = _ledger()

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def wipe(self) -> None:
        """Delete every row."""
        names = [table.name for table in reversed(metadata.sorted_tables) if table is not forgetting_pass]
        deletions = (f"DELETE FROM {name}" for name in (*names, "forgetting"))  # noqa: S608 - our own names
        # What is only added to may go with everything else.
        steps = ("BEGIN", "INSERT INTO forgetting VALUES ('wipe')", *deletions, "COMMIT;")
        self._connection.executescript("; ".join(steps))

    @contextmanager
    def moment(self) -> Iterator[None]:
        """Read everything of one moment."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def slots(self) -> dict[Key, Any]:
        """Return what is planned."""
        return {
            _key(name, version): (state, reason, _at(due) if state == "planned" else None, _at(expires))
            for name, version, state, reason, due, expires in self._connection.execute(SLOTS)
        }

    def texts(self) -> dict[Key, Any]:
        """Return messages with their attempts."""
        tries: dict[Any, list[Any]] = {}
        for message_id, *found, _ in self._connection.execute(TRIES):
            tries.setdefault(message_id, []).append((*found[:-1], bool(found[-1])))
        return {
            _key(name, version): (
                state,
                reason if state in ENDS else None,
                _at(due) if state in ("due", "held") else None,
                *counts,
                tries.get(message_id, []),
            )
            for name, version, state, reason, due, *counts, message_id in self._connection.execute(TEXTS)
        }

    def tag(self, key: Key, number: int) -> UUID:
        """Return the tag of a try."""
        ids = [row[-1] for row in self._connection.execute(TEXTS) if _key(row[0], row[1]) == key]
        return UUID([row[-1] for row in self._connection.execute(TRIES) if row[0] == ids[0]][number])

    def tasks(self) -> Counter[tuple[str, int | None, bool]]:
        """Count tasks by kind, patient and whether they are open."""
        found = self._connection.execute(TASKS)
        return Counter((kind, int(name[1:]) if name else None, bool(is_open)) for kind, name, is_open in found)

    def phones(self) -> tuple[set[str], set[str]]:
        """Return which phones are opted out, and which do not work."""
        columns = "SELECT id, address, opted_out_at, fault_at FROM contact"
        found = [(self._open(key, sealed), out, fault) for key, sealed, out, fault in self._connection.execute(columns)]
        return {phone for phone, out, _ in found if out}, {phone for phone, _, fault in found if fault}

    def _open(self, key: str, sealed: bytes) -> str:
        return self._vault.open("contact.address", UUID(key), sealed)

    def ledger(self) -> dict[str, int]:
        """Return the ledger's contradictions and doubles by name."""
        found = self._connection.execute(self._ledger)
        names = [column[0] for column in found.description]
        return dict(zip(names, found.fetchone(), strict=True))


def _key(name: str, version: int) -> Key:
    return int(name[1:]), version


def _at(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)
