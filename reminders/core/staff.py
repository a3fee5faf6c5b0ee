"""Staff: who may do what at which clinic. Every page, every API key and every audited deed is held against this.

A person has at most one role at each clinic, and none means that the clinic does not exist for them: a stranger's
clinic answers as if there were none (requirement 23 of the security requirements).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from reminders.core.ids import ClinicId, StaffId


class Role(StrEnum):
    """What a person is at a clinic."""

    FRONT_DESK = "front_desk"
    CLINICIAN = "clinician"
    MANAGER = "manager"
    AUDITOR = "auditor"


class Right(StrEnum):
    """What a role permits."""

    READ = "read"
    """See patients, sessions, messages, replies and the worklist."""
    WORK = "work"
    """Work the worklist off, correct readings, record consent, rides and ends of sessions."""
    WRITE = "write"
    """Write to one patient or to a group."""
    PLAN = "plan"
    """Edit the cadence, the texts and the clinic's settings."""
    REPORT = "report"
    """See and export the figures."""
    AUDIT = "audit"
    """See who did what."""
    STAFF = "staff"
    """Add and end staff and API keys."""


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.FRONT_DESK: frozenset({Right.READ, Right.WORK, Right.WRITE}),
    Role.CLINICIAN: frozenset({Right.READ, Right.WORK, Right.WRITE, Right.REPORT}),
    Role.MANAGER: frozenset({Right.READ, Right.WORK, Right.WRITE, Right.PLAN, Right.REPORT, Right.AUDIT, Right.STAFF}),
    Role.AUDITOR: frozenset({Right.READ, Right.REPORT, Right.AUDIT}),
}

ROLE_WORDS: Mapping[Role, str] = {
    Role.FRONT_DESK: "front desk",
    Role.CLINICIAN: "clinician",
    Role.MANAGER: "manager",
    Role.AUDITOR: "auditor",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts: a signed-in person, an API key, or (without id) whoever sits at this machine.

    `name` is what is written beside a deed. `sees_unassigned` is about what belongs to no clinic yet, such as a text
    from a number that nobody knows: only who works at every clinic may see it.
    """

    id: StaffId | None
    name: str
    roles: Mapping[ClinicId, Role]
    sees_unassigned: bool = False

    def may(self, right: Right, clinic_id: ClinicId | None) -> bool:
        """Say whether this may be done at a clinic, or with something that belongs to none yet."""
        if clinic_id is None:
            return self.sees_unassigned and any(right in RIGHTS[role] for role in self.roles.values())
        role = self.roles.get(clinic_id)
        return role is not None and right in RIGHTS[role]

    def clinics(self, right: Right) -> frozenset[ClinicId]:
        """Return the clinics at which this may be done."""
        return frozenset(clinic_id for clinic_id, role in self.roles.items() if right in RIGHTS[role])

    def rights(self) -> frozenset[Right]:
        """Return what may be done at one clinic at least: what the menu offers."""
        return frozenset(right for role in self.roles.values() for right in RIGHTS[role])


def actor(
    staff_id: StaffId | None, name: str, roles: Mapping[ClinicId, Role], *, every_clinic: Collection[ClinicId]
) -> Actor:
    """Return who acts; `every_clinic` is all of the installation's."""
    return Actor(staff_id, name, dict(roles), sees_unassigned=set(every_clinic) <= set(roles))
