"""What the staff page shows: made from what services found, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reminders.core.clinics import Clinic
from reminders.core.staff import ROLE_WORDS, Role
from reminders.services.invite_staff import Invited
from reminders.services.read_staff import StaffLine, Standing
from reminders.web.console.times import Times, When, times_of

STANDINGS: Mapping[Standing, tuple[str, str]] = {
    Standing.ACTIVE: ("active", "good"),
    Standing.INVITED: ("invited", "wait"),
    Standing.LAPSED: ("link ran out", "bad"),
    Standing.ENDED: ("ended", "calm"),
}


@dataclass(frozen=True, slots=True)
class ClinicRole:
    """A role at a clinic; without one, `role` is empty."""

    slug: str
    clinic: str
    role: str
    words: str


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person. `may_invite` and the like say which buttons there are."""

    id: str
    name: str
    login: str
    state: str
    tone: str
    detail: str
    roles: Sequence[ClinicRole]
    is_self: bool
    is_open: bool
    may_invite: bool
    may_end: bool
    has_sessions: bool


@dataclass(frozen=True, slots=True)
class StaffView:
    """The page: people, and what may be chosen for them."""

    people: Sequence[PersonRow]
    clinics: Sequence[tuple[str, str]]
    roles: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link, told this once, and until when it opens."""

    name: str
    link: str
    until: When


def staff_view(lines: Sequence[StaffLine], clinics: Sequence[Clinic]) -> StaffView:
    """Return the page for a manager of these clinics."""
    return StaffView(
        people=[_row(line, clinics) for line in lines],
        clinics=[(clinic.slug, clinic.sender) for clinic in clinics],
        roles=[(role.value, ROLE_WORDS[role]) for role in Role],
    )


def link_view(invited: Invited, clinics: Sequence[Clinic]) -> LinkView:
    """Return a link as it is shown."""
    return LinkView(invited.person.name, invited.link, times_of(clinics).dated(invited.until))


def _row(line: StaffLine, clinics: Sequence[Clinic]) -> PersonRow:
    words, tone = STANDINGS[line.standing]
    is_open = line.standing is not Standing.ENDED
    return PersonRow(
        id=str(line.id),
        name=line.name,
        login=line.login,
        state=words,
        tone=tone,
        detail=_detail(line, times_of(clinics)),
        roles=[_role(line, clinic) for clinic in clinics],
        is_self=line.is_self,
        is_open=is_open,
        may_invite=is_open and line.is_whole,
        may_end=is_open and line.is_whole and not line.is_self,
        has_sessions=line.sessions > 0 and line.is_whole,
    )


def _role(line: StaffLine, clinic: Clinic) -> ClinicRole:
    role = line.roles.get(clinic.id)
    return ClinicRole(clinic.slug, clinic.sender, role.value if role else "", ROLE_WORDS[role] if role else "no role")


def _detail(line: StaffLine, times: Times) -> str:
    parts: list[str] = []
    if line.invited_until is not None:
        parts.append(Markup("link until {}").format(times.dated(line.invited_until)))
    if line.sessions:
        parts.append("signed in now" if line.sessions == 1 else f"signed in now on {line.sessions} browsers")
    elif line.seen_at is not None:
        parts.append(Markup("last here {}").format(times.dated(line.seen_at)))
    return Markup(" · ").join(parts)
