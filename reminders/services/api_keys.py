"""API keys: make one, show them, end one; and let a request in that shows one, as often as its pace permits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from reminders.core.api_keys import (
    PREFIX_LENGTH,
    SECRET_LENGTH,
    ApiKey,
    Scope,
    compose,
    faults,
    hashed,
    is_secret_of,
    split,
)
from reminders.core.audit import Deed, about
from reminders.core.clinics import Clinic
from reminders.core.errors import InputError, NotFoundError
from reminders.core.ids import ApiKeyId, ClinicId
from reminders.core.pacing import Bucket, Pace, take
from reminders.core.staff import Actor
from reminders.services.audit import note
from reminders.services.deps import Deps
from reminders.services.find_subjects import find_clinic, find_clinics
from reminders.store import api_keys, buckets, clinics
from reminders.store.unit_of_work import Transaction

PACE = Pace(rate=10.0, burst=300.0)
"""How many requests a key may make: 300 at once, then 10 a second (machine time)."""
NOBODY = hashed("")
"""What an unknown key is held against, so that it takes as long as a known one."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it was made; `text` is shown now and never again."""

    key: ApiKey
    clinic: Clinic
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A request that was let in, or is to wait: how many more there may be now, and how long until the next."""

    key: ApiKey
    is_within_pace: bool
    remaining: int
    wait: timedelta


def add_key(deps: Deps, name: str, *, scopes: Collection[str], days: int, clinic_slug: str | None, by: str) -> NewKey:
    """Make a key for a program. Raises InputError."""
    found = faults(name, scopes, days)
    if found:
        raise InputError(found)
    secret = (deps.identity.new_token() + deps.identity.new_token())[:SECRET_LENGTH]
    prefix = deps.identity.new_tag().hex[-PREFIX_LENGTH:]
    now = deps.clock.machine_now()
    with deps.store.transaction() as tx:
        clinic = find_clinic(tx, clinic_slug)
        key = ApiKey(
            id=ApiKeyId(deps.identity.new_id()),
            clinic_id=clinic.id,
            name=name.strip(),
            prefix=prefix,
            scopes=frozenset(Scope(word) for word in scopes),
            made_by=by[:80],
            made_at=now,
            expires_at=now + timedelta(days=days),
        )
        api_keys.add(tx, key, hashed(secret))
        _note(tx, deps, key, Deed.KEY_ADDED, by)
    return NewKey(key, clinic, compose(prefix, secret))


def read_keys(deps: Deps, clinic_slug: str | None) -> list[tuple[ApiKey, Clinic]]:
    """Return all keys of a clinic, or of all. Raises InputError."""
    with deps.store.reading() as tx:
        asked = {clinic.id: clinic for clinic in find_clinics(tx, clinic_slug)}
        return [(key, asked[key.clinic_id]) for key in api_keys.of_clinics(tx, asked)]


def end_key(deps: Deps, prefix: str, *, by: str) -> ApiKey:
    """End a key for good, by its prefix or all of it; one that was ended stays so. Raises NotFoundError."""
    parts = split(prefix.strip())
    wanted = parts[0] if parts else prefix.strip().removeprefix("rk_")
    with deps.store.transaction() as tx:
        found = api_keys.named(tx, wanted)
        if found is None:
            raise NotFoundError(f"no key {wanted!r}; `api-key list` shows them")
        key, _ = found
        if api_keys.end(tx, key.id, by=by[:80], machine_now=deps.clock.machine_now()):
            _note(tx, deps, key, Deed.KEY_ENDED, by)
    return key


def _note(tx: Transaction, deps: Deps, key: ApiKey, deed: Deed, by: str) -> None:
    note(tx, deps, Actor(None, by, {}), deed, clinic_id=key.clinic_id, about=about("api_key", key.id), detail=key.name)


def enter(deps: Deps, text: str) -> Entry | None:
    """Let in whoever shows this key, and count the request; None where it opens nothing, whyever."""
    parts = split(text)
    now = deps.clock.machine_now()
    prefix, secret = parts or ("", "")
    with deps.store.reading() as tx:
        found = api_keys.named(tx, prefix)
    key, kept = found if found is not None else (None, NOBODY)
    if not is_secret_of(secret, kept) or key is None or not key.is_good(now):
        return None
    with deps.store.transaction() as tx:
        bucket = f"api:{key.id}"
        held = buckets.lock(tx, bucket) or Bucket(PACE.burst, now)
        rest, grant = take(held, [1], PACE, machine_now=now)
        buckets.write(tx, bucket, rest)
        api_keys.mark_used(tx, key.id, machine_now=now)
    return Entry(key, bool(grant.count), int(max(0.0, rest.tokens)), grant.wait)


def clinic_of(deps: Deps, clinic_id: ClinicId) -> Clinic:
    """Return the clinic that a key is for. Raises NotFoundError."""
    with deps.store.reading() as tx:
        return clinics.get(tx, clinic_id)


def sorted_scopes(scopes: Collection[Scope]) -> Sequence[Scope]:
    """Return scopes in the order in which they are told."""
    return [scope for scope in Scope if scope in scopes]
