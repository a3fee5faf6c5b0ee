"""Answer once: a request with an idempotency key does its work once, however often it comes.

After draft-ietf-httpapi-idempotency-key-header. An answer is kept for 24 hours once something was done; a request that
did nothing leaves nothing behind, and may come again with the same key.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from reminders.core.ids import ApiKeyId
from reminders.services.deps import Deps
from reminders.store import api_answers

KEPT = timedelta(hours=24)
GONE_AFTER = timedelta(seconds=60)
"""A request that is under way for so long (machine time) has nobody who works on it any more."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Go on, then call `finish` or `give_up`."""

    id: UUID


@dataclass(frozen=True, slots=True)
class Answered:
    """The same request was answered so before."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The same request is under way."""


@dataclass(frozen=True, slots=True)
class Reused:
    """Another request came with this key."""


Turn = Begun | Answered | UnderWay | Reused


def fingerprint(*parts: str) -> bytes:
    """Return what tells requests apart."""
    return hashlib.sha256("\0".join(parts).encode()).digest()


def begin(deps: Deps, key: ApiKeyId, name: str, mark: bytes) -> Turn:
    """Say what is to be done with a request of this name."""
    now = deps.clock.machine_now()
    with deps.store.transaction() as tx:
        new_id = deps.identity.new_id()
        if api_answers.begin(tx, new_id, key, name, mark, machine_now=now):
            return Begun(new_id)
        found = api_answers.find(tx, key, name)
        if found is None:  # it was given up this moment
            return UnderWay()
        if found.made_at < now - KEPT:
            api_answers.forget(tx, found.id)
            api_answers.begin(tx, new_id, key, name, mark, machine_now=now)
            return Begun(new_id)
        if found.fingerprint != mark:
            return Reused()
        if found.status != api_answers.UNDER_WAY:
            return Answered(found.status, found.body)
        is_gone = found.made_at < now - GONE_AFTER
        return Begun(found.id) if is_gone and api_answers.take_over(tx, found, machine_now=now) else UnderWay()


def finish(deps: Deps, begun: Begun, status: int, body: str) -> None:
    """Keep the answer for whoever asks again."""
    with deps.store.transaction() as tx:
        api_answers.keep(tx, begun.id, status, body)


def give_up(deps: Deps, begun: Begun) -> None:
    """Nothing was done: the same request may come again."""
    with deps.store.transaction() as tx:
        api_answers.forget(tx, begun.id)


def purge_answers(deps: Deps) -> int:
    """Forget answers that nobody may ask for any more; return how many."""
    before = deps.clock.machine_now() - KEPT
    with deps.store.reading() as tx:
        if not api_answers.is_any_older(tx, before=before):
            return 0
    with deps.store.transaction() as tx:
        return api_answers.purge(tx, before=before)
