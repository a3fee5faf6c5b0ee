"""`reminders staff`: who may sign in. Whoever can run this on the machine needs no sign-in, and makes the first one."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from reminders.cli.authors import author
from reminders.cli.opening import opened
from reminders.cli.tables import BOLD, paint, print_table
from reminders.core.errors import InputError
from reminders.core.instants import iso
from reminders.core.staff import ROLE_WORDS, Actor, Role
from reminders.core.wording import dated_time, many
from reminders.services.apply_clinics import known_clinics
from reminders.services.invite_staff import Invited, add_staff, invite_again
from reminders.services.manage_staff import end_sessions, end_staff, set_role
from reminders.services.read_session import operator
from reminders.services.read_staff import StaffLine, Standing, find_staff, read_staff

if TYPE_CHECKING:
    from reminders.bootstrap import Services
    from reminders.core.clinics import Clinic

DONE = 0
FIRST = "python3 -m reminders staff add LOGIN --name NAME --role manager"
STANDINGS: Mapping[Standing, str] = {
    Standing.ACTIVE: "active",
    Standing.INVITED: "invited",
    Standing.LAPSED: "link ran out",
    Standing.ENDED: "ended",
}


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Do what the verb says. Raises InputError with every fault, or NotFoundError for a login nobody has."""
    with opened(arguments, environment) as services:
        services.prepare()
        who = operator(services.deps, author(getattr(arguments, "by", None)))
        clinics = known_clinics(services.deps)
        match arguments.verb:
            case "add" | "invite":
                _show_link(_invited(services, who, clinics, arguments), clinics, arguments, environment)
            case "list":
                _show_all(read_staff(services.deps, who), clinics, arguments, environment)
            case _:
                before = find_staff(services.deps, who, arguments.login)
                said = _change(services, who, clinics, before, arguments)
                after = find_staff(services.deps, who, arguments.login)
                print(json.dumps(_document(after, clinics), indent=2) if arguments.json else said)
    return DONE


def _invited(services: Services, who: Actor, clinics: Sequence[Clinic], arguments: Namespace) -> Invited:
    if arguments.verb == "invite":
        return invite_again(services.deps, who, find_staff(services.deps, who, arguments.login).id)
    roles = {clinic.id: Role(arguments.role) for clinic in _chosen(clinics, arguments.clinic)}
    return add_staff(services.deps, who, login=arguments.login, name=arguments.name, roles=roles)


def _change(services: Services, who: Actor, clinics: Sequence[Clinic], before: StaffLine, arguments: Namespace) -> str:
    """Do what a verb says about one person, and say what was done."""
    deps, login = services.deps, before.login
    if arguments.verb == "end":
        return f"{login} may not sign in any more" if end_staff(deps, who, before.id) else f"{login} had ended already"
    if arguments.verb == "sessions":
        if not arguments.end:
            return f"{login} is signed in on {many(before.sessions, 'browser')}"
        return f"{login} was signed out on {many(end_sessions(deps, who, before.id), 'browser')}"
    role = None if arguments.role == "none" else Role(arguments.role)
    chosen = _chosen(clinics, arguments.clinic)
    for clinic in chosen:
        set_role(deps, who, before.id, clinic.id, role)
    words = ROLE_WORDS[role] if role is not None else "nothing"
    return f"{login} is {words} at {', '.join(clinic.slug for clinic in chosen)}"


def _chosen(clinics: Sequence[Clinic], slugs: Sequence[str]) -> list[Clinic]:
    """Return the clinics that were named, or all. Raises InputError for a slug that nobody has."""
    known = [clinic.slug for clinic in clinics]
    faults = [f"--clinic: found {slug}; name one of: {', '.join(known)}" for slug in slugs if slug not in known]
    if faults:
        raise InputError(faults)
    return [clinic for clinic in clinics if not slugs or clinic.slug in slugs]


def _show_link(found: Invited, clinics: Sequence[Clinic], arguments: Namespace, environment: Mapping[str, str]) -> None:
    if arguments.json:
        document = {"login": found.person.login, "link": found.link, "expires_at": iso(found.until)}
        print(json.dumps(document, indent=2))
        return
    print(paint(found.link, BOLD, environment))
    print(
        f"for {found.person.name} ({found.person.login}): works once, until {dated_time(found.until, _zone(clinics))}."
    )
    print("Send it to them and to nobody else; it is not shown again, and `staff invite` makes another.")


def _show_all(
    lines: Sequence[StaffLine], clinics: Sequence[Clinic], arguments: Namespace, environment: Mapping[str, str]
) -> None:
    if arguments.json:
        print(json.dumps([_document(line, clinics) for line in lines], ensure_ascii=False, indent=2))
    elif lines:
        rows = [_row(line, clinics) for line in lines]
        print_table(("Login", "Name", "Roles", "State", "Signed in", "Last here"), rows, environment)
    else:
        print(f"nobody may sign in yet; `{FIRST}` adds the first person")


def _row(line: StaffLine, clinics: Sequence[Clinic]) -> tuple[str, ...]:
    tz = _zone(clinics)
    state = STANDINGS[line.standing]
    if line.invited_until is not None:
        state += f", link until {dated_time(line.invited_until, tz)}"
    seen = dated_time(line.seen_at, tz) if line.seen_at else "never"
    return line.login, line.name, _roles(line, clinics), state, many(line.sessions, "browser"), seen


def _roles(line: StaffLine, clinics: Sequence[Clinic]) -> str:
    held = [(clinic.slug, ROLE_WORDS[line.roles[clinic.id]]) for clinic in clinics if clinic.id in line.roles]
    if len({words for _, words in held}) == 1 and len(held) == len(clinics):
        return held[0][1]
    return ", ".join(f"{words} ({slug})" for slug, words in held)


def _document(line: StaffLine, clinics: Sequence[Clinic]) -> dict[str, Any]:
    """Return a person, for programs. Instants are UTC, the machine's."""
    return {
        "login": line.login,
        "name": line.name,
        "roles": {clinic.slug: line.roles[clinic.id].value for clinic in clinics if clinic.id in line.roles},
        "state": line.standing.value,
        "invited_until": iso(line.invited_until) if line.invited_until else None,
        "sessions": line.sessions,
        "seen_at": iso(line.seen_at) if line.seen_at else None,
    }


def _zone(clinics: Sequence[Clinic]) -> ZoneInfo:
    return clinics[0].tz if clinics else ZoneInfo("UTC")
