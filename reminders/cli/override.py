"""`reminders override`: what staff change of the plan of messages for one patient, and all that was ever changed."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from reminders.cli.authors import author
from reminders.cli.opening import opened
from reminders.cli.tables import print_table
from reminders.core.errors import InputError
from reminders.core.overrides import SETTABLE, Change, in_words
from reminders.core.wording import dated_time
from reminders.services.override import OverrideReport, override_cadence, read_override

DONE = 0


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Change, or show, what holds for a patient. Raises InputError or NotFoundError."""
    change = _change(arguments)
    is_change = change != Change()
    if is_change and arguments.reason is None:
        raise InputError(["--reason: found nothing; say why, for whoever looks at it later"])
    if arguments.reason is not None and not is_change:
        more = "`python3 -m reminders override --help` lists what may be"
        raise InputError([f"override: found a reason and nothing to change; {more}"])
    with opened(arguments, environment) as services:
        services.migrate()
        if is_change:
            report = override_cadence(
                services.deps,
                arguments.patient,
                arguments.clinic,
                change,
                reason=arguments.reason,
                by=author(arguments.by),
            )
        else:
            report = read_override(services.deps, arguments.patient, arguments.clinic)
    if arguments.json:
        print(json.dumps(_document(report), ensure_ascii=False, indent=2))
    else:
        _show(report, environment, is_change=is_change)
    return DONE


def _change(arguments: Namespace) -> Change:
    given = {name: getattr(arguments, name) for name in SETTABLE}
    return Change(
        off=tuple(arguments.off),
        on=tuple(arguments.on),
        channels=arguments.channels,
        distances={name: text for name, text in given.items() if text is not None},
        rebook_weeks=arguments.rebook_weeks,
        rebook=arguments.rebook,
        is_cleared=arguments.clear,
    )


def _show(report: OverrideReport, environment: Mapping[str, str], *, is_change: bool) -> None:
    if is_change and not report.is_changed:
        print(f"{report.patient}: nothing changed; all of this holds already")
    elif is_change:
        counts = f"{report.planned} new, {report.moved} moved, {report.withdrawn} withdrawn"
        print(f"{report.patient} was planned anew: {counts}")
    lines = in_words(report.document)
    print(f"For {report.patient} this differs from the clinic's plan:" if lines else _nothing(report))
    for line in lines:
        print(f"  {line}")
    if not is_change and report.history:
        print()
        rows = [
            (dated_time(item.made_at, ZoneInfo(report.timezone)), item.made_by, item.reason, _summary(item.document))
            for item in report.history
        ]
        print_table(("Decided", "By", "Reason", "What held from then on"), rows, environment)


def _nothing(report: OverrideReport) -> str:
    return f"For {report.patient} the clinic's plan holds as it is"


def _summary(document: Mapping[str, object]) -> str:
    return "; ".join(in_words(document)) or "the clinic's plan"


def _document(report: OverrideReport) -> dict[str, object]:
    """Return what holds and its history, for programs. Instants are UTC in ISO 8601."""
    return {
        "patient": report.patient,
        "override": dict(report.document),
        "changed": report.is_changed,
        "planned": report.planned,
        "moved": report.moved,
        "withdrawn": report.withdrawn,
        "history": [
            {
                "override": dict(item.document),
                "reason": item.reason,
                "made_by": item.made_by,
                "made_at": item.made_at.isoformat(),
                "ended_at": item.ended_at.isoformat() if item.ended_at else None,
            }
            for item in report.history
        ],
    }
