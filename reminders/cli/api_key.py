"""`reminders api-key`: the keys by which programs use the API."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from reminders.cli.authors import author
from reminders.cli.opening import opened
from reminders.cli.tables import print_table
from reminders.core.api_keys import ApiKey
from reminders.core.clinics import Clinic
from reminders.core.instants import iso
from reminders.services.api_keys import add_key, end_key, read_keys, sorted_scopes

if TYPE_CHECKING:
    from reminders.services.deps import Deps

DONE = 0


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Do what the verb says. Raises InputError or NotFoundError."""
    with opened(arguments, environment) as services:
        services.prepare()
        match arguments.verb:
            case "add":
                _add(services.deps, arguments)
            case "end":
                _end(services.deps, arguments)
            case _:
                _list(services.deps, arguments, environment)
    return DONE


def _add(deps: Deps, arguments: Namespace) -> None:
    scopes = [word.strip() for word in arguments.scopes.split(",") if word.strip()]
    made = add_key(
        deps,
        arguments.name,
        scopes=scopes,
        days=arguments.days,
        clinic_slug=arguments.clinic,
        by=author(arguments.by),
    )
    if arguments.json:
        print(json.dumps({**_document(made.key, made.clinic), "key": made.text}, indent=2))
        return
    print(made.text)
    print(f"for {made.clinic.slug}, {_scopes(made.key)}, until {made.key.expires_at:%d %b %Y}.")
    print("Keep it now where your program keeps its secrets: it cannot be shown again.")


def _end(deps: Deps, arguments: Namespace) -> None:
    key = end_key(deps, arguments.prefix, by=author(arguments.by))
    if arguments.json:
        print(json.dumps({"prefix": key.prefix, "name": key.name, "is_ended": True}, indent=2))
        return
    print(f"the key of {key.name} ({key.prefix}) opens nothing any more")


def _list(deps: Deps, arguments: Namespace, environment: Mapping[str, str]) -> None:
    found = read_keys(deps, arguments.clinic)
    if arguments.json:
        print(json.dumps([_document(key, clinic) for key, clinic in found], indent=2))
        return
    if not found:
        print("there is no key; `reminders api-key add NAME` makes one")
        return
    now = deps.clock.machine_now()
    rows = [
        (key.prefix, key.name, clinic.slug, _scopes(key), _standing(key, now), _day(key.last_used_at) or "never")
        for key, clinic in found
    ]
    print_table(("Prefix", "Name", "Clinic", "May", "Holds", "Last used"), rows, environment)


def _standing(key: ApiKey, now: datetime) -> str:
    if key.ended_at is not None:
        return f"ended {_day(key.ended_at)} by {key.ended_by}"
    return f"until {_day(key.expires_at)}" if key.is_good(now) else f"ran out {_day(key.expires_at)}"


def _scopes(key: ApiKey) -> str:
    return ", ".join(sorted_scopes(key.scopes))


def _day(at: datetime | None) -> str:
    return "" if at is None else f"{at:%d %b %Y}"


def _document(key: ApiKey, clinic: Clinic) -> dict[str, object]:
    return {
        "prefix": key.prefix,
        "name": key.name,
        "clinic": clinic.slug,
        "scopes": list(sorted_scopes(key.scopes)),
        "made_at": iso(key.made_at),
        "made_by": key.made_by,
        "expires_at": iso(key.expires_at),
        "last_used_at": None if key.last_used_at is None else iso(key.last_used_at),
        "ended_at": None if key.ended_at is None else iso(key.ended_at),
        "ended_by": key.ended_by,
    }
