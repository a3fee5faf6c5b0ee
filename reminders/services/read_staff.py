"""Read staff: who may come in at the clinics that somebody manages, and how they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reminders.core.errors import NotFoundError
from reminders.core.ids import ClinicId, StaffId
from reminders.core.sign_in import Person, manages_wholly, read_login
from reminders.core.staff import Actor, Right, Role
from reminders.services.deps import Deps
from reminders.store import sessions, staff


class Standing(StrEnum):
    """How a person stands."""

    ACTIVE = "active"
    INVITED = "invited"
    LAPSED = "lapsed"
    """The invitation ran out before it was used."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class StaffLine:
    """One person. `roles` are those at clinics of whoever asks; times are the machine's.

    `is_whole` says whether whoever asks manages each of the person's clinics, and so may invite them again or end
    their access.
    """

    id: StaffId
    login: str
    name: str
    roles: Mapping[ClinicId, Role]
    standing: Standing
    invited_until: datetime | None
    sessions: int
    seen_at: datetime | None
    is_whole: bool
    is_self: bool


def read_staff(deps: Deps, who: Actor) -> Sequence[StaffLine]:
    """Return everybody with a role at a clinic that `who` manages, those whose access ended last."""
    mine = who.clinics(Right.STAFF)
    now = deps.clock.machine_now()
    with deps.store.reading() as tx:
        people = staff.at_clinics(tx, mine)
        ids = [person.id for person in people]
        roles = staff.roles_of(tx, ids)
        invited = staff.invited_until(tx, ids, now=now)
        alive = sessions.alive(tx, ids, now=now)
        seen = sessions.last_seen(tx, ids)
    lines = [
        StaffLine(
            id=person.id,
            login=person.login,
            name=person.name,
            roles={key: role for key, role in roles[person.id].items() if key in mine},
            standing=_standing(person, is_invited=person.id in invited),
            invited_until=invited.get(person.id),
            sessions=alive.get(person.id, 0),
            seen_at=seen.get(person.id),
            is_whole=manages_wholly(mine, roles[person.id]),
            is_self=person.id == who.id,
        )
        for person in people
    ]
    return sorted(lines, key=lambda line: line.standing is Standing.ENDED)


def find_staff(deps: Deps, who: Actor, login: str) -> StaffLine:
    """Return a person by login. Raises NotFoundError."""
    wanted = read_login(login)
    found = next((line for line in read_staff(deps, who) if line.login == wanted), None)
    if found is None:
        raise NotFoundError(f"no login {wanted!r}; `reminders staff list` shows all")
    return found


def has_staff(deps: Deps) -> bool:
    """Say whether anybody may come in."""
    with deps.store.reading() as tx:
        return not staff.is_empty(tx)


def _standing(person: Person, *, is_invited: bool) -> Standing:
    if person.ended_at is not None:
        return Standing.ENDED
    if person.may_sign_in:
        return Standing.ACTIVE
    return Standing.INVITED if is_invited else Standing.LAPSED
