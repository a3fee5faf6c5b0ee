"""What requests with an idempotency key were answered, sealed. Times are the machine's. Status 0 is one under way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update

from reminders.core.ids import ApiKeyId
from reminders.store.once import insert_once
from reminders.store.staff_rows import api_answer
from reminders.store.unit_of_work import Transaction

UNDER_WAY = 0
FIELD = "api_answer.body"


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A request that came before, and what it was answered; `status` 0 while it is under way."""

    id: UUID
    fingerprint: bytes
    status: int
    body: str
    made_at: datetime


def begin(
    tx: Transaction, new_id: UUID, key: ApiKeyId, name: str, fingerprint: bytes, *, machine_now: datetime
) -> bool:
    """Say that a request is under way; False where one of this name came before."""
    values = {
        "id": new_id,
        "api_key_id": key,
        "idempotency_key": name,
        "fingerprint": fingerprint,
        "status": UNDER_WAY,
        "body": b"",
        "made_at": machine_now,
    }
    return insert_once(tx, api_answer, values)


def find(tx: Transaction, key: ApiKeyId, name: str) -> KeptAnswer | None:
    """Return what is kept of a request of this name."""
    here = (api_answer.c.api_key_id == key) & (api_answer.c.idempotency_key == name)
    row = tx.connection.execute(select(api_answer).where(here)).one_or_none()
    if row is None:
        return None
    body = tx.vault.open(FIELD, row.id, row.body) if row.status != UNDER_WAY else ""
    return KeptAnswer(row.id, row.fingerprint, row.status, body, row.made_at)


def take_over(tx: Transaction, found: KeptAnswer, *, machine_now: datetime) -> bool:
    """Begin anew a request whose worker is gone; False where somebody else did so first."""
    here = (api_answer.c.id == found.id) & (api_answer.c.made_at == found.made_at)
    mine = update(api_answer).where(here, api_answer.c.status == UNDER_WAY)
    return tx.connection.execute(mine.values(made_at=machine_now)).rowcount == 1


def keep(tx: Transaction, answer_id: UUID, status: int, body: str) -> None:
    """Keep what a request was answered."""
    sealed = tx.vault.seal(FIELD, answer_id, body)
    tx.connection.execute(update(api_answer).where(api_answer.c.id == answer_id).values(status=status, body=sealed))


def forget(tx: Transaction, answer_id: UUID) -> None:
    """Forget a request that did nothing: it may come again."""
    tx.connection.execute(delete(api_answer).where(api_answer.c.id == answer_id))


def is_any_older(tx: Transaction, *, before: datetime) -> bool:
    """Say whether something is older."""
    return (
        tx.connection.execute(select(api_answer.c.id).where(api_answer.c.made_at < before).limit(1)).first() is not None
    )


def purge(tx: Transaction, *, before: datetime) -> int:
    """Forget what is older."""
    return tx.connection.execute(delete(api_answer).where(api_answer.c.made_at < before)).rowcount
