"""Accept: whoever holds an invitation chooses a password, proves the second factor, and is signed in."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from reminders.core.audit import Deed, about
from reminders.core.errors import InputError, NotFoundError
from reminders.core.sign_in import ISSUER, Person, QrCode, length_faults, own_word_faults, read_code, totp_secret
from reminders.core.staff import Actor
from reminders.services.audit import note
from reminders.services.deps import Deps
from reminders.services.sign_in import SignedIn, begin_session
from reminders.store import sessions, staff
from reminders.store.unit_of_work import Transaction

WRONG_CODE = "code: that is not the code that the app shows now; look again, codes change every 30 seconds"


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """For whom a link is, and the second factor it offers: the same each time it is opened."""

    person: Person
    secret: str
    qr_code: QrCode
    expires_at: datetime


def read_invitation(deps: Deps, token: str) -> InvitationPage | None:
    """Return what a link offers; None where it opens nothing."""
    with deps.store.reading() as tx:
        found = _find(tx, deps, token)
    if found is None:
        return None
    person, invitation_id, expires_at = found
    secret = _secret(deps, token, invitation_id)
    code = deps.credentials.qr_code(deps.credentials.totp_uri(secret, login=person.login, issuer=ISSUER))
    return InvitationPage(person, secret, code, expires_at)


def judge_password(deps: Deps, token: str, password: str) -> Sequence[str]:
    """Return what is to be said against a password, nothing for a good one. Raises NotFoundError for a dead link."""
    with deps.store.reading() as tx:
        found = _find(tx, deps, token)
    if found is None:
        raise NotFoundError("no such invitation")
    return _faults(deps, found[0], password)


def accept_invitation(deps: Deps, token: str, *, password: str, code: str, replaces: str = "") -> SignedIn:
    """Keep what a person chose, end all their sessions, and begin a new one.

    Raises InputError with every fault, or NotFoundError where the link opens nothing any more.
    """
    now = deps.clock.machine_now()
    with deps.store.reading() as tx:
        found = _find(tx, deps, token)
    if found is None:
        raise NotFoundError("no such invitation")
    person, invitation_id, _ = found
    secret = _secret(deps, token, invitation_id)
    step = deps.credentials.totp_step(secret, read_code(code), at=now)
    faults = [f"password: {fault}" for fault in _faults(deps, person, password)]
    if step is None or faults:
        raise InputError([*faults, *([WRONG_CODE] if step is None else [])])
    kept = deps.credentials.hash_password(password)
    with deps.store.transaction() as tx:
        again = staff.get(tx, person.id, for_update=True)
        is_ended = again is None or again.ended_at is not None
        if is_ended or not staff.use_invitation(tx, invitation_id, now=now):
            raise NotFoundError("no such invitation")
        staff.keep_credentials(tx, person.id, password=kept, secret=secret, step=step)
        sessions.end_all(tx, person.id, now=now)
        who = Actor(person.id, person.name, {})
        for clinic_id in sorted(staff.roles_of(tx, [person.id])[person.id]):
            note(tx, deps, who, Deed.INVITATION_ACCEPTED, clinic_id=clinic_id, about=about("staff", person.id))
        return begin_session(tx, deps, staff.get(tx, person.id) or person, replaces=replaces, now=now)


def _find(tx: Transaction, deps: Deps, token: str) -> tuple[Person, UUID, datetime] | None:
    item = staff.find_invitation(tx, token, now=deps.clock.machine_now())
    person = None if item is None else staff.get(tx, item.staff_id)
    if item is None or person is None or person.ended_at is not None:
        return None
    return person, item.id, item.expires_at


def _secret(deps: Deps, token: str, invitation_id: UUID) -> str:
    """Return the second factor that a link offers: not stored before it is accepted, and not to be had without it."""
    return totp_secret(base64.urlsafe_b64decode(deps.store.vault.token(f"totp {token}", invitation_id)))


def _faults(deps: Deps, person: Person, password: str) -> Sequence[str]:
    context = (person.login, *person.login.replace("@", ".").split("."), *person.name.split(), ISSUER)
    faults = length_faults(password) or own_word_faults(password, context)
    return faults or deps.credentials.weakness(password, context)
