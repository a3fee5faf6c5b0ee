"""Sign in: a password and a code of the second factor open a session, slowly for whoever guesses.

Every try takes the same steps, whether the login is known or not and whether it comes too soon or not: one write, one
hash, one comparison of codes. What it is answered is the same too (requirement 22).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from reminders.core.audit import Deed, about
from reminders.core.ids import ClinicId, SessionId
from reminders.core.sign_in import Person, Session, is_too_soon, read_code, read_login
from reminders.core.staff import Actor
from reminders.services.audit import note
from reminders.services.deps import Deps
from reminders.store import sessions, staff
from reminders.store.unit_of_work import Transaction

NOBODY = Actor(None, "not signed in", {})
DECOY_SECRET = "A" * 32
"""What codes of a login that does not exist are compared with."""


@dataclass(frozen=True, slots=True)
class Try:
    """What somebody typed, and what their browser brought: the mark of an earlier sign-in, and a session to replace."""

    login: str
    password: str
    code: str
    mark: str = ""
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session's secret, for the cookie, and the mark by which the browser is known again."""

    token: str
    mark: str


def sign_in(deps: Deps, given: Try) -> SignedIn | None:
    """Begin a session; None for anything that is not right, or too soon after wrong tries.

    A browser that has signed in as this person before need not wait: whoever guesses elsewhere keeps nobody out.
    """
    now = deps.clock.machine_now()
    with deps.store.transaction() as tx:
        person = staff.by_login(tx, read_login(given.login), for_update=True)
        may = (
            person is not None and person.may_sign_in and (_knows(deps, person, given) or not is_too_soon(person, now))
        )
        if person is not None and may:
            staff.count_try(tx, person.id, now=now)
        _note_for(tx, deps, NOBODY, person, Deed.SIGN_IN_TRIED)
    kept = (person.password_hash if person else None) or deps.credentials.decoy
    secret = (person.totp_secret if person else None) or DECOY_SECRET
    is_right = deps.credentials.verify_password(kept, given.password)
    step = deps.credentials.totp_step(secret, read_code(given.code), at=now)
    if person is None or not may or not is_right or step is None:
        return None
    return _come_in(deps, person, given, step, now=now)


def knows_browser(deps: Deps, given: Try) -> bool:
    """Say whether this person signed in with their present password in this browser before."""
    if not given.mark:
        return False
    with deps.store.reading() as tx:
        person = staff.by_login(tx, read_login(given.login))
    return person is not None and _knows(deps, person, given)


def begin_session(tx: Transaction, deps: Deps, person: Person, *, replaces: str, now: datetime) -> SignedIn:
    """Begin a session of a person as stored, with secrets of its own; the one that the browser had ends."""
    before = sessions.find(tx, replaces) if replaces else None
    if before is not None:
        sessions.end(tx, before.id, now=now)
    token = deps.credentials.new_secret()
    item = Session(SessionId(deps.identity.new_id()), person.id, deps.credentials.new_secret(), now, now)
    sessions.begin(tx, item, token)
    _note_for(tx, deps, Actor(person.id, person.name, {}), person, Deed.SIGNED_IN)
    return SignedIn(token, _mark(deps, person))


def _come_in(deps: Deps, seen: Person, given: Try, step: int, *, now: datetime) -> SignedIn | None:
    kept = seen.password_hash or ""
    stronger = deps.credentials.hash_password(given.password) if deps.credentials.needs_rehash(kept) else None
    with deps.store.transaction() as tx:
        person = staff.get(tx, seen.id, for_update=True)
        is_same = person is not None and person.may_sign_in and person.password_hash == kept
        if person is None or not is_same or not staff.use_step(tx, person.id, step):
            return None
        staff.forget_tries(tx, person.id)
        if stronger is not None:
            staff.keep_password(tx, person.id, stronger)
            person = staff.get(tx, person.id) or person
        return begin_session(tx, deps, person, replaces=given.replaces, now=now)


def _knows(deps: Deps, person: Person, given: Try) -> bool:
    return hmac.compare_digest(given.mark.encode("utf-8", "replace"), _mark(deps, person).encode())


def _mark(deps: Deps, person: Person) -> str:
    """Return what only this installation can make, for this person and this password."""
    return deps.store.vault.token(f"browser {person.password_hash}", person.id)


def _note_for(tx: Transaction, deps: Deps, who: Actor, person: Person | None, deed: Deed) -> None:
    """Write a deed into the log of each clinic where a person has a role; without one, where no clinic's are kept."""
    roles = staff.roles_of(tx, [person.id])[person.id] if person is not None else {}
    subject = about("staff", person.id) if person is not None else None
    logs: list[ClinicId | None] = [*sorted(roles)] or [None]
    for clinic_id in logs:
        note(tx, deps, who, deed, clinic_id=clinic_id, about=subject)
