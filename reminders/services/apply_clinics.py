"""Apply: bring clinic files into the database, which holds the configuration from then on, versioned.

What is planned follows at once. Where that is cut short, applying the same file again goes on with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from reminders.core.cadence_document import SHIPPED
from reminders.core.clinic_document import BUILT_IN, read_clinic, storable
from reminders.core.clinics import Clinic
from reminders.core.errors import ClinicFileError
from reminders.core.ids import ClinicId
from reminders.core.lint import lint
from reminders.core.reading import is_text
from reminders.ports import SENDING_JOBS
from reminders.services.deps import Deps
from reminders.services.replan_clinic import Watch, replan_clinic
from reminders.store import clinics

BY_FILE = "clinic file"
"""Who made a version that a file brought."""
_KEPT = 32
"""How many documents are known as judged; an installation has a few clinics."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A document to be judged: two that read alike are judged alike."""

    text: str
    document: Mapping[str, Any] = field(compare=False)
    clinic_id: ClinicId = field(compare=False)


def apply_clinics(
    deps: Deps,
    documents: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    watch: Watch = lambda _progress: None,
) -> list[str]:
    """Store clinic documents, each with the name of its file, and plan anew. Returns the slugs that changed.

    Raises ClinicFileError with every fault of every file; then nothing is stored.
    """
    ready = [storable(document) for _, document in documents]
    _check([(name, document) for (name, _), document in zip(documents, ready, strict=True)], deps)
    now = deps.clock.now()
    slugs = [document["slug"] for document in ready]
    with deps.store.transaction() as tx:
        if len(slugs) == 1:
            # The first real clinic takes the place of the built-in one, with whatever was imported for it.
            clinics.rename(tx, BUILT_IN["slug"], slugs[0], only_if=BUILT_IN)
        changed = [
            document["slug"]
            for (name, _), document in zip(documents, ready, strict=True)
            if clinics.save(
                tx,
                ClinicId(deps.identity.new_id()),
                document["slug"],
                document,
                made=clinics.Made(BY_FILE, f"applied from {name}", now),
            )
        ]
    for clinic in known_clinics(deps):
        # One that did not change too: the last time may have been cut short between storing and planning.
        if clinic.slug in slugs:
            replan_clinic(deps, clinic, watch)
    deps.queue.hint(SENDING_JOBS.values())
    return changed


def _check(documents: Sequence[tuple[str, Mapping[str, Any]]], deps: Deps) -> None:
    """Raise ClinicFileError with every fault of every file."""
    faults: list[str] = []
    for name, document in documents:
        sheet = _Sheet(repr(document), document, ClinicId(deps.identity.new_id()))
        faults += [f"{name}: {fault}" for fault in _faults(sheet)]
    slugs = [str(document.get("slug")) for _, document in documents]
    faults += [f"clinic.slug: found {slug!r} twice; each clinic needs its own" for slug in _doubles(slugs)]
    if faults:
        raise ClinicFileError(faults)


@lru_cache(_KEPT)
def _faults(sheet: _Sheet) -> tuple[str, ...]:
    """Return every fault of a document; texts are judged even where other parts of it cannot be read.

    Kept, because it writes and measures every text at its longest: of several clinics mostly one has changed.
    """
    document, clinic_id = sheet.document, sheet.clinic_id
    try:
        return tuple(lint(read_clinic(document, clinic_id=clinic_id)))
    except ClinicFileError as error:
        found = list(error.faults)
    # What cannot be read gives way to a default, so that the rest can be judged all the same.
    spoiled = {
        key for key in document if any(fault.startswith((f"clinic.{key}:", f"clinic.{key}.")) for fault in found)
    }
    sound = {key: value for key, value in document.items() if key not in spoiled}
    with suppress(ClinicFileError):
        texts = _known_texts(document.get("templates"))
        found += lint(read_clinic(BUILT_IN | sound | {"templates": texts}, clinic_id=clinic_id))
    return tuple(found)


def _known_texts(templates: object) -> dict[str, dict[str, str]]:
    """Return the texts of our own steps: those of a clinic's own are judged when their steps can be read."""
    tables = templates.items() if isinstance(templates, Mapping) else ()
    return {
        language: {key: text for key, text in texts.items() if key in SHIPPED and is_text(text)}
        for language, texts in tables
        if isinstance(texts, Mapping)
    }


def _doubles(slugs: Sequence[str]) -> list[str]:
    return sorted({slug for slug in slugs if slugs.count(slug) > 1})


def known_clinics(deps: Deps) -> list[Clinic]:
    """Return all clinics."""
    with deps.store.reading() as tx:
        return list(clinics.every(tx).values())


def clinic_document(deps: Deps, slug: str) -> Mapping[str, Any] | None:
    """Return a clinic's configuration as it was given, for export."""
    with deps.store.reading() as tx:
        return clinics.document(tx, slug)
