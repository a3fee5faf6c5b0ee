"""Clinics as stored: the document they were configured by, and its version."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, Select, bindparam, insert, select, update

from reminders.core.clinics import Clinic
from reminders.core.errors import NotFoundError
from reminders.core.ids import ClinicId
from reminders.core.stored_document import read_stored, without_controls
from reminders.store.console_rows import clinic_version
from reminders.store.rows import clinic
from reminders.store.sets import listed
from reminders.store.unit_of_work import Transaction

LONGEST_NAME, LONGEST_NOTE = 80, 200
DOCUMENT = select(clinic.c.document).where(clinic.c.id == bindparam("clinic_id"))
log = structlog.get_logger()


def every(tx: Transaction) -> dict[ClinicId, Clinic]:
    """Return all clinics by id."""
    rows = tx.connection.execute(select(clinic.c.id, clinic.c.document).order_by(clinic.c.slug))
    return {ClinicId(row.id): _parsed(row.id, row.document) for row in rows}


def lock(tx: Transaction, clinic_id: ClinicId) -> None:
    """Let one transaction at a time change what a clinic has booked."""
    here = select(clinic.c.id).where(clinic.c.id == clinic_id)
    tx.connection.execute(here.with_for_update(key_share=True))


def get(tx: Transaction, clinic_id: ClinicId) -> Clinic:
    """Return one clinic. Raises NotFoundError."""
    document = tx.connection.scalar(DOCUMENT, {"clinic_id": clinic_id})
    if document is None:
        raise NotFoundError(f"no clinic {clinic_id}")
    return _parsed(clinic_id, document)


def documents(name: str, *, is_postgres: bool) -> Select[Any]:
    """Ask for the clinics whose ids are given under a name."""
    return select(clinic.c.id, clinic.c.document).where(listed(clinic.c.id, name, is_postgres=is_postgres))


def from_rows(rows: Sequence[Any]) -> dict[ClinicId, Clinic]:
    """Return clinics by id, of rows as `documents` asks for them."""
    return {ClinicId(row.id): _parsed(row.id, row.document) for row in rows}


def document(tx: Transaction, slug: str) -> Mapping[str, Any] | None:
    """Return the stored configuration of a clinic as it was given, or None."""
    text = tx.connection.scalar(select(clinic.c.document).where(clinic.c.slug == slug))
    return None if text is None else without_controls(json.loads(text))


@dataclass(frozen=True, slots=True)
class Made:
    """Who made a version of a clinic's configuration, when, and why."""

    by: str
    note: str
    at: datetime


def save(tx: Transaction, new_id: ClinicId, slug: str, content: Mapping[str, Any], *, made: Made) -> bool:
    """Store a clinic's configuration as a new version, which is kept for good; False where nothing changed."""
    text = _text(content)
    # One at a time, so that two who save at once make two versions.
    held = tx.connection.execute(
        select(clinic).where(clinic.c.slug == slug).with_for_update(key_share=True)
    ).one_or_none()
    if held is None:
        values = {"id": new_id, "slug": slug, "document": text, "version": 1, "applied_at": made.at}
        tx.connection.execute(insert(clinic).values(values))
        _keep(tx, new_id, 1, text, made)
        return True
    if held.document == text:
        return False
    changed = update(clinic).where(clinic.c.id == held.id)
    tx.connection.execute(changed.values(document=text, version=held.version + 1, applied_at=made.at))
    _keep(tx, ClinicId(held.id), held.version + 1, text, made)
    return True


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False)


def _keep(tx: Transaction, clinic_id: ClinicId, version: int, text: str, made: Made) -> None:
    values = {
        "clinic_id": clinic_id,
        "version": version,
        "document": text,
        "made_by": made.by[:LONGEST_NAME],
        "note": made.note[:LONGEST_NOTE],
        "made_at": made.at,
    }
    tx.connection.execute(insert(clinic_version).values(values))


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a clinic's configuration."""

    number: int
    document: Mapping[str, Any]
    made: Made


def current(tx: Transaction, clinic_id: ClinicId) -> tuple[int, Mapping[str, Any], Clinic]:
    """Return the version that holds: its number, its document, and the clinic it describes. Raises NotFoundError."""
    row = tx.connection.execute(select(clinic).where(clinic.c.id == clinic_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"no clinic {clinic_id}")
    return row.version, without_controls(json.loads(row.document)), _parsed(row.id, row.document)


def versions(tx: Transaction, clinic_id: ClinicId, *, limit: int) -> list[tuple[int, Made]]:
    """Return who made the newest versions, the newest first."""
    of_clinic = select(clinic_version).where(clinic_version.c.clinic_id == clinic_id)
    newest = of_clinic.order_by(clinic_version.c.version.desc()).limit(limit)
    return [(row.version, _made(row)) for row in tx.connection.execute(newest).all()]


def version(tx: Transaction, clinic_id: ClinicId, number: int) -> Version | None:
    """Return one version, or None."""
    one = (clinic_version.c.clinic_id == clinic_id) & (clinic_version.c.version == number)
    row = tx.connection.execute(select(clinic_version).where(one)).one_or_none()
    return None if row is None else Version(row.version, json.loads(row.document), _made(row))


def _made(row: Row[Any]) -> Made:
    return Made(row.made_by, row.note, row.made_at)


def rename(tx: Transaction, old: str, new: str, *, only_if: Mapping[str, Any]) -> bool:
    """Give a clinic another slug, if its configuration is still this one and the new slug is free."""
    is_taken = tx.connection.scalar(select(clinic.c.id).where(clinic.c.slug == new)) is not None
    if is_taken or document(tx, old) != only_if:
        return False
    tx.connection.execute(update(clinic).where(clinic.c.slug == old).values(slug=new))
    return True


def parsed(clinic_id: ClinicId, content: Mapping[str, Any]) -> Clinic:
    """Return the clinic that a stored document describes."""
    return _parsed(clinic_id, _text(content))


@lru_cache(maxsize=1024)
def _parsed(clinic_id: UUID, text: str) -> Clinic:
    stored = read_stored(json.loads(text), clinic_id=ClinicId(clinic_id))
    for path in stored.set_aside:  # once for each document and process, as this is remembered
        log.warning("clinic.part_not_read", clinic_id=str(clinic_id), path=path)
    return stored.clinic
