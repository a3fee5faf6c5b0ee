"""`reminders clinic`: the database holds each clinic's configuration; files bring it in and out."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from reminders.cli.clinic_versions import show_versions
from reminders.cli.opening import opened
from reminders.cli.progress import show_progress
from reminders.cli.toml import to_toml
from reminders.core.errors import InputError
from reminders.services.apply_clinics import apply_clinics, clinic_document, known_clinics
from reminders.services.replan_clinic import Replanned

if TYPE_CHECKING:
    from reminders.bootstrap import Services

DONE = 0


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Apply, export, or show versions. Raises ClinicFileError with every fault, InputError for a slug nobody has."""
    with opened(arguments, environment) as services:
        services.migrate()
        if arguments.verb == "apply":
            _apply(services, arguments)
        elif arguments.verb == "versions":
            show_versions(services.deps, arguments, environment)
        else:
            print(_export(services, arguments.slug), end="")
    return DONE


def _apply(services: Services, arguments: Namespace) -> None:
    documents = services.clinic_documents(arguments.path)
    reports: dict[str, Replanned] = {}

    def watch(report: Replanned) -> None:
        reports[report.slug] = report
        show_progress(report, sys.stderr)

    changed = set(apply_clinics(services.deps, documents, watch=watch))
    for _, document in documents:
        slug = document["slug"]
        print(f"{slug}: {'applied' if slug in changed else 'unchanged'}{_counted(reports[slug])}")


def _counted(report: Replanned) -> str:
    """Say what planning anew changed; nothing where it changed nothing."""
    counts = (report.added, report.moved, report.withdrawn)
    said = "; {} added, {} moved, {} withdrawn".format(_reminders(report.added), *counts[1:]) if any(counts) else ""
    failed = (
        f"; {report.failed} of {report.patients} patients could not be planned, see the log" if report.failed else ""
    )
    return said + failed


def _reminders(count: int) -> str:
    return "1 reminder" if count == 1 else f"{count} reminders"


def _export(services: Services, slug: str | None) -> str:
    known = [clinic.slug for clinic in known_clinics(services.deps)]
    chosen = [item for item in known if slug in {None, item}]
    document = clinic_document(services.deps, chosen[0]) if len(chosen) == 1 else None
    if document is None:
        raise InputError([f"clinic: found {slug or 'none named'}; name one of: {', '.join(known) or 'none yet'}"])
    return to_toml("clinic", document)
