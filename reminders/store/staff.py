"""Staff as stored: who they are, their role at each clinic, and the links by which they come in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update

from reminders.core.ids import ClinicId, StaffId
from reminders.core.sign_in import Person
from reminders.core.staff import Role
from reminders.store.batches import in_batches
from reminders.store.once import insert_once
from reminders.store.rows import clinic
from reminders.store.staff_rows import staff, staff_invitation, staff_role
from reminders.store.unit_of_work import Transaction
from reminders.store.vault import token_hash

TOTP = "staff.totp_secret"


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that was made for a person; times are the machine's."""

    id: UUID
    staff_id: StaffId
    expires_at: datetime
    used_at: datetime | None


def add(tx: Transaction, person: Person, *, by: str, now: datetime) -> bool:
    """Store a person who has not come in yet; False where the login is taken."""
    values = {
        "id": person.id,
        "login": person.login,
        "name": person.name,
        "failures": 0,
        "made_at": now,
        "made_by": by,
    }
    return insert_once(tx, staff, values)


def by_login(tx: Transaction, login: str, *, for_update: bool = False) -> Person | None:
    """Return a person by their login in its one form."""
    return _one(tx, staff.c.login == login, for_update=for_update)


def get(tx: Transaction, staff_id: StaffId, *, for_update: bool = False) -> Person | None:
    """Return a person."""
    return _one(tx, staff.c.id == staff_id, for_update=for_update)


def at_clinics(tx: Transaction, clinic_ids: Collection[ClinicId]) -> list[Person]:
    """Return everybody who has a role at one of these clinics, or had when their access ended."""
    theirs = select(staff_role.c.staff_id).where(staff_role.c.clinic_id.in_(clinic_ids))
    found = tx.connection.execute(select(staff).where(staff.c.id.in_(theirs)).order_by(staff.c.name, staff.c.login))
    return [_person(tx, row) for row in found]


def is_empty(tx: Transaction) -> bool:
    """Say whether nobody may come in yet."""
    return tx.connection.execute(select(staff.c.id).where(staff.c.ended_at.is_(None)).limit(1)).first() is None


def roles_of(tx: Transaction, staff_ids: Collection[StaffId]) -> dict[StaffId, dict[ClinicId, Role]]:
    """Return the roles of each of these people by clinic."""
    found: dict[StaffId, dict[ClinicId, Role]] = {key: {} for key in staff_ids}
    for batch in in_batches(staff_ids):
        for row in tx.connection.execute(select(staff_role).where(staff_role.c.staff_id.in_(batch))):
            found[StaffId(row.staff_id)][ClinicId(row.clinic_id)] = Role(row.role)
    return found


def every_clinic(tx: Transaction) -> list[ClinicId]:
    """Return the ids of all clinics of the installation."""
    return [ClinicId(key) for key in tx.connection.scalars(select(clinic.c.id))]


def set_roles(tx: Transaction, staff_id: StaffId, roles: Mapping[ClinicId, tuple[UUID, Role | None]]) -> None:
    """Give a person another role at clinics, each with a new id; None takes it away."""
    theirs = (staff_role.c.staff_id == staff_id) & staff_role.c.clinic_id.in_(roles)
    tx.connection.execute(delete(staff_role).where(theirs))
    rows = [
        {"id": new_id, "staff_id": staff_id, "clinic_id": clinic_id, "role": role}
        for clinic_id, (new_id, role) in roles.items()
        if role is not None
    ]
    if rows:
        tx.connection.execute(insert(staff_role), rows)


def count_try(tx: Transaction, staff_id: StaffId, *, now: datetime) -> None:
    """Count a try as failed before it is looked at: many at once are as many as one after the other."""
    here = update(staff).where(staff.c.id == staff_id)
    tx.connection.execute(here.values(failures=staff.c.failures + 1, failed_at=now))


def forget_tries(tx: Transaction, staff_id: StaffId) -> None:
    """Count from nothing again."""
    tx.connection.execute(update(staff).where(staff.c.id == staff_id).values(failures=0, failed_at=None))


def use_step(tx: Transaction, staff_id: StaffId, step: int) -> bool:
    """Use up the code of a step; False where it, or a later one, was used already."""
    is_unused = staff.c.totp_step.is_(None) | (staff.c.totp_step < step)
    used = update(staff).where(staff.c.id == staff_id, is_unused).values(totp_step=step)
    return tx.connection.execute(used.returning(staff.c.id)).first() is not None


def keep_password(tx: Transaction, staff_id: StaffId, kept: str) -> None:
    """Keep the same password more strongly."""
    tx.connection.execute(update(staff).where(staff.c.id == staff_id).values(password_hash=kept))


def keep_credentials(tx: Transaction, staff_id: StaffId, *, password: str, secret: str, step: int) -> None:
    """Keep what a person chose: the hash of their password, and the second factor, whose step is used."""
    values = {
        "password_hash": password,
        "totp_secret": tx.vault.seal(TOTP, staff_id, secret),
        "totp_step": step,
        "failures": 0,
        "failed_at": None,
    }
    tx.connection.execute(update(staff).where(staff.c.id == staff_id).values(values))


def end(tx: Transaction, staff_id: StaffId, *, by: str, now: datetime) -> bool:
    """End a person's access for good, and forget what they came in by; False where it ended before."""
    here = update(staff).where(staff.c.id == staff_id, staff.c.ended_at.is_(None))
    values = {"ended_at": now, "ended_by": by, "password_hash": None, "totp_secret": None}
    return tx.connection.execute(here.values(values).returning(staff.c.id)).first() is not None


def begin_invitation(
    tx: Transaction, new_id: UUID, staff_id: StaffId, token: str, *, by: str, now: datetime, until: datetime
) -> None:
    """Make a link valid, in place of every earlier one that was not used."""
    close_invitations(tx, staff_id, now=now)
    values = {
        "id": new_id,
        "staff_id": staff_id,
        "token_hash": token_hash(token),
        "made_by": by,
        "made_at": now,
        "expires_at": until,
    }
    tx.connection.execute(insert(staff_invitation).values(values))


def close_invitations(tx: Transaction, staff_id: StaffId, *, now: datetime) -> None:
    """Let no link of a person open any more."""
    is_open = staff_invitation.c.used_at.is_(None) & (staff_invitation.c.expires_at > now)
    here = update(staff_invitation).where(staff_invitation.c.staff_id == staff_id, is_open)
    tx.connection.execute(here.values(expires_at=now))


def find_invitation(tx: Transaction, token: str, *, now: datetime) -> Invitation | None:
    """Return a link that still opens."""
    is_open = staff_invitation.c.used_at.is_(None) & (staff_invitation.c.expires_at > now)
    here = select(staff_invitation).where(staff_invitation.c.token_hash == token_hash(token), is_open)
    row = tx.connection.execute(here).one_or_none()
    return None if row is None else Invitation(row.id, StaffId(row.staff_id), row.expires_at, row.used_at)


def use_invitation(tx: Transaction, invitation_id: UUID, *, now: datetime) -> bool:
    """Use a link up; False where somebody else just did."""
    here = update(staff_invitation).where(staff_invitation.c.id == invitation_id, staff_invitation.c.used_at.is_(None))
    return tx.connection.execute(here.values(used_at=now).returning(staff_invitation.c.id)).first() is not None


def invited_until(tx: Transaction, staff_ids: Collection[StaffId], *, now: datetime) -> dict[StaffId, datetime]:
    """Return until when each of these people's links opens; those without one are left out."""
    is_open = staff_invitation.c.used_at.is_(None) & (staff_invitation.c.expires_at > now)
    found = {}
    for batch in in_batches(staff_ids):
        columns = (staff_invitation.c.staff_id, func.max(staff_invitation.c.expires_at).label("until"))
        statement = select(*columns).where(is_open, staff_invitation.c.staff_id.in_(batch))
        for row in tx.connection.execute(statement.group_by(staff_invitation.c.staff_id)):
            found[StaffId(row.staff_id)] = row.until
    return found


def _one(tx: Transaction, where: ColumnElement[bool], *, for_update: bool) -> Person | None:
    statement = select(staff).where(where)
    row = tx.connection.execute(statement.with_for_update() if for_update else statement).one_or_none()
    return None if row is None else _person(tx, row)


def _person(tx: Transaction, row: Row[Any]) -> Person:
    return Person(
        id=StaffId(row.id),
        login=row.login,
        name=row.name,
        password_hash=row.password_hash,
        totp_secret=tx.vault.open_optional(TOTP, row.id, row.totp_secret),
        totp_step=row.totp_step,
        failures=row.failures,
        failed_at=row.failed_at,
        ended_at=row.ended_at,
    )
