"""`reminders corrections export`: what staff corrected, as labelled examples without names or numbers."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from reminders.cli.opening import opened
from reminders.core.staff import Actor
from reminders.services.export_corrections import export_corrections

DONE = 0
OPERATOR = Actor(None, "command line", {})


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Print the examples, oldest first. Nothing is printed where nothing was corrected."""
    since = _since(arguments.since)
    with opened(arguments, environment) as services:
        services.migrate()
        examples = export_corrections(services.deps, OPERATOR, since=since)
    for example in examples:
        print(example.to_line())
    return DONE


def _since(day: str | None) -> datetime | None:
    return None if day is None else datetime.combine(date.fromisoformat(day), time(), UTC)
