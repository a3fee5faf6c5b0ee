"""Add and invite staff: a link that opens once, within a day, lets a person choose what they sign in with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reminders.core.audit import Deed, about
from reminders.core.errors import InputError, NotFoundError
from reminders.core.ids import ClinicId, StaffId
from reminders.core.sign_in import INVITATION_LASTS, Person, login_faults, manages_wholly, read_login
from reminders.core.staff import Actor, Right, Role
from reminders.services.audit import note
from reminders.services.deps import Deps
from reminders.store import staff
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Invited:
    """A person with their link, which is told this once and stored nowhere. `until` is the machine's time."""

    person: Person
    link: str
    until: datetime


def add_staff(deps: Deps, who: Actor, *, login: str, name: str, roles: Mapping[ClinicId, Role]) -> Invited:
    """Add a person with a role at clinics that `who` manages, and invite them.

    Raises InputError with every fault, or NotFoundError for another's clinic.
    """
    login, name = read_login(login), " ".join(name.split())
    faults = login_faults(login, name)
    if not roles:
        faults.append("clinic: found none; name one at least")
    if not roles.keys() <= who.clinics(Right.STAFF):
        raise NotFoundError("no such clinic")
    if faults:
        raise InputError(faults)
    with deps.store.transaction() as tx:
        person = Person(StaffId(deps.identity.new_id()), login, name)
        if not staff.add(tx, person, by=who.name, now=deps.clock.machine_now()):
            raise InputError([f"login: found {login!r}, which is taken; choose another, or invite that person again"])
        staff.set_roles(tx, person.id, {key: (deps.identity.new_id(), role) for key, role in roles.items()})
        for clinic_id, role in roles.items():
            subject = about("staff", person.id)
            note(tx, deps, who, Deed.STAFF_ADDED, clinic_id=clinic_id, about=subject, detail=role.value)
        return _invite(tx, deps, who, person)


def invite_again(deps: Deps, who: Actor, staff_id: StaffId) -> Invited:
    """Make another link, as for somebody who lost their phone; what they have goes on until they use it.

    Raises NotFoundError for whom `who` does not manage at each of their clinics, InputError where the access ended.
    """
    with deps.store.transaction() as tx:
        person = managed(tx, who, staff_id)
        if person.ended_at is not None:
            raise InputError([f"{person.login}: the access ended; add the person under another login"])
        for clinic_id in staff.roles_of(tx, [staff_id])[staff_id]:
            note(tx, deps, who, Deed.STAFF_INVITED, clinic_id=clinic_id, about=about("staff", staff_id))
        return _invite(tx, deps, who, person)


def managed(tx: Transaction, who: Actor, staff_id: StaffId) -> Person:
    """Return a person, locked, whom `who` may change as a whole. Raises NotFoundError.

    Not one who works at another's clinic too: a new password from here would open that one.
    """
    person = staff.get(tx, staff_id, for_update=True)
    roles = staff.roles_of(tx, [staff_id])[staff_id]
    if person is None or not manages_wholly(who.clinics(Right.STAFF), roles):
        raise NotFoundError(f"no such person: {staff_id}")
    return person


def _invite(tx: Transaction, deps: Deps, who: Actor, person: Person) -> Invited:
    now = deps.clock.machine_now()
    token, until = deps.credentials.new_secret(), now + INVITATION_LASTS
    staff.begin_invitation(tx, deps.identity.new_id(), person.id, token, by=who.name, now=now, until=until)
    return Invited(person, f"{deps.public_url.rstrip('/')}/invitation/{token}", until)
