"""Manage staff: change a role, end sessions, end an access. Effects are there with the next request of the person."""

from __future__ import annotations

from reminders.core.audit import Deed, about
from reminders.core.errors import InputError, NotFoundError
from reminders.core.ids import ClinicId, StaffId
from reminders.core.sign_in import Person, keeps_staff_right
from reminders.core.staff import Actor, Right, Role
from reminders.services.audit import note
from reminders.services.deps import Deps
from reminders.services.invite_staff import managed
from reminders.store import sessions, staff
from reminders.store.unit_of_work import Transaction

OWN = "{}: nobody takes this from themselves; another manager can"


def set_role(deps: Deps, who: Actor, staff_id: StaffId, clinic_id: ClinicId, role: Role | None) -> None:
    """Give a person another role at a clinic; None takes it away.

    Raises NotFoundError for whom `who` does not see, or another's clinic; InputError where one would lock oneself out.
    """
    mine = who.clinics(Right.STAFF)
    with deps.store.transaction() as tx:
        person = staff.get(tx, staff_id, for_update=True)
        roles = staff.roles_of(tx, [staff_id])[staff_id]
        is_seen = person is not None and person.ended_at is None and bool(roles.keys() & mine)
        if person is None or not is_seen or clinic_id not in mine:
            raise NotFoundError(f"no such person or clinic: {staff_id}, {clinic_id}")
        if staff_id == who.id and keeps_staff_right(roles.get(clinic_id)) and not keeps_staff_right(role):
            raise InputError([OWN.format(person.login)])
        if roles.keys() == {clinic_id} and role is None:
            raise InputError([f"{person.login}: this is their only role; end their access instead"])
        if roles.get(clinic_id) is role:
            return
        staff.set_roles(tx, staff_id, {clinic_id: (deps.identity.new_id(), role)})
        detail = role.value if role is not None else "none"
        note(tx, deps, who, Deed.ROLE_SET, clinic_id=clinic_id, about=about("staff", staff_id), detail=detail)


def end_sessions(deps: Deps, who: Actor, staff_id: StaffId) -> int:
    """End every session of a person; return how many were open. Raises NotFoundError."""
    with deps.store.transaction() as tx:
        person = managed(tx, who, staff_id)
        ended = sessions.end_all(tx, staff_id, now=deps.clock.machine_now())
        _note(tx, deps, who, person, Deed.SESSIONS_ENDED)
    return ended


def end_staff(deps: Deps, who: Actor, staff_id: StaffId) -> bool:
    """End a person's access for good; False where it ended before. Raises NotFoundError, InputError for oneself."""
    now = deps.clock.machine_now()
    with deps.store.transaction() as tx:
        person = managed(tx, who, staff_id)
        if staff_id == who.id:
            raise InputError([OWN.format(person.login)])
        if not staff.end(tx, staff_id, by=who.name, now=now):
            return False
        staff.close_invitations(tx, staff_id, now=now)
        sessions.end_all(tx, staff_id, now=now)
        _note(tx, deps, who, person, Deed.STAFF_ENDED)
    return True


def sign_out(deps: Deps, who: Actor, token: str) -> None:
    """End the session of this browser."""
    with deps.store.transaction() as tx:
        session = sessions.find(tx, token)
        if session is not None and session.staff_id == who.id:
            sessions.end(tx, session.id, now=deps.clock.machine_now())
            logs: list[ClinicId | None] = [*sorted(who.roles)] or [None]
            for clinic_id in logs:
                note(tx, deps, who, Deed.SIGNED_OUT, clinic_id=clinic_id, about=about("staff", session.staff_id))


def _note(tx: Transaction, deps: Deps, who: Actor, person: Person, deed: Deed) -> None:
    for clinic_id in sorted(staff.roles_of(tx, [person.id])[person.id]):
        note(tx, deps, who, deed, clinic_id=clinic_id, about=about("staff", person.id))
