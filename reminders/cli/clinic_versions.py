"""`reminders clinic versions`: who changed a clinic's settings and when; one version whole; what differs in two."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from reminders.cli.tables import print_table
from reminders.cli.toml import to_toml
from reminders.core.document_diff import Difference, document_diff
from reminders.core.instants import iso
from reminders.services.read_settings import Made, Version, read_settings, read_settings_history

if TYPE_CHECKING:
    from reminders.services.deps import Deps


def show_versions(deps: Deps, arguments: Namespace, environment: Mapping[str, str]) -> None:
    """Print what was asked for. Raises InputError or NotFoundError."""
    if arguments.show is not None:
        _show(read_settings(deps, arguments.slug, [arguments.show])[0], is_json=arguments.json)
    elif arguments.diff is not None:
        _diff(*read_settings(deps, arguments.slug, arguments.diff), is_json=arguments.json)
    else:
        _list(deps, arguments, environment)


def _list(deps: Deps, arguments: Namespace, environment: Mapping[str, str]) -> None:
    found = read_settings_history(deps, arguments.slug, limit=arguments.limit)
    if arguments.json:
        print(json.dumps([_made(number, made) for number, made in found.versions], indent=2, ensure_ascii=False))
        return
    tz = ZoneInfo(found.clinic.timezone)
    rows = [
        (str(number), f"{made.at.astimezone(tz):%Y-%m-%d %H:%M}", made.by, made.note) for number, made in found.versions
    ]
    print_table(("Version", "Made", "By", "What"), rows, environment)


def _show(version: Version, *, is_json: bool) -> None:
    if is_json:
        told = {**_made(version.number, version.made), "document": version.document}
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return
    print(to_toml("clinic", version.document), end="")


def _diff(before: Version, after: Version, *, is_json: bool) -> None:
    found = document_diff(before.document, after.document)
    if is_json:
        changes = [{"path": one.path, "before": one.before, "after": one.after} for one in found]
        print(json.dumps({"from": before.number, "to": after.number, "changes": changes}, indent=2, ensure_ascii=False))
        return
    if not found:
        print(f"versions {before.number} and {after.number} say the same")
    for one in found:
        print(_line(one))


def _line(one: Difference) -> str:
    """Tell a difference in a line, as a file would say it."""
    if one.before is None:
        return f"+ {one.path} = {_value(one.after)}"
    if one.after is None:
        return f"- {one.path} = {_value(one.before)}"
    return f"~ {one.path}: {_value(one.before)} -> {_value(one.after)}"


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _made(number: int, made: Made) -> dict[str, object]:
    return {"version": number, "made_at": iso(made.at), "made_by": made.by, "note": made.note}
