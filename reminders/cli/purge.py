"""`reminders purge`: for how long what is stored is kept, what went so far, and what waits."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping
from datetime import timedelta

from reminders.cli.opening import opened
from reminders.cli.tables import print_table
from reminders.core.instants import iso
from reminders.core.retention import Subject
from reminders.services.purge import PurgeLine, read_retention

DONE = 0
WORDS: Mapping[Subject, tuple[str, str]] = {
    Subject.TEXTS: ("Texts of messages", "KEEP_TEXTS_DAYS"),
    Subject.MAILINGS: ("Texts of mailings", "KEEP_TEXTS_DAYS"),
    Subject.REPLIES: ("Words of replies", "KEEP_TEXTS_DAYS"),
    Subject.ATTEMPTS: ("Calls of providers", "KEEP_DELIVERY_DAYS"),
    Subject.RECEIPTS: ("Reports of providers", "KEEP_DELIVERY_DAYS"),
    Subject.EVENTS: ("Events of the API", "KEEP_DELIVERY_DAYS"),
    Subject.AUDIT: ("Log of what staff did", "KEEP_AUDIT_DAYS"),
}
"""What each is called, and the setting that decides."""


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Show it. The workers let go: what they keep is decided where they run, not in whoever's terminal this is."""
    with opened(arguments, environment) as services:
        services.migrate()
        found = read_retention(services.deps)
    if arguments.json:
        print(json.dumps([_document(line) for line in found], indent=2))
        return DONE
    print_table(
        ("What", "Kept for", "Gone so far", "Waits for a task", "Setting"), [_row(line) for line in found], environment
    )
    return DONE


def _row(line: PurgeLine) -> tuple[str, str, str, str, str]:
    name, setting = WORDS[line.subject]
    return (
        name,
        _span(line.kept_for),
        f"{line.gone:,}",
        f"{line.waiting:,}" if line.waiting else "",
        f"REMINDERS_{setting}",
    )


def _span(kept_for: timedelta | None) -> str:
    return "ever" if kept_for is None else f"{kept_for.days:,} days"


def _document(line: PurgeLine) -> dict[str, object]:
    return {
        "subject": line.subject.value,
        "kept_days": line.kept_for.days if line.kept_for is not None else None,
        "gone": line.gone,
        "waiting": line.waiting,
        "looked_at": iso(line.looked_at) if line.looked_at is not None else None,
    }
