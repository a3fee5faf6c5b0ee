"""The words by which patients are found, as stored: written with every name and phone, asked for by each search."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, exists, select, true, update

from reminders.core.errors import SpoiledError
from reminders.core.ids import ClinicId, PatientId
from reminders.core.search_words import RULE, found_by
from reminders.store.batches import in_batches
from reminders.store.bulk import insert_rows
from reminders.store.rows import patient, patient_search_token
from reminders.store.unit_of_work import Transaction

TOKEN = patient_search_token.c
IS_UNSEARCHABLE = patient.c.search_rule.is_(None)


def replace_tokens(tx: Transaction, clinic_id: ClinicId, people: Mapping[PatientId, tuple[str, str | None]]) -> None:
    """Let patients of a clinic be found by these names and phones, and by no others of before."""
    forget_tokens(tx, people)
    add_tokens(tx, clinic_id, people)


def add_tokens(tx: Transaction, clinic_id: ClinicId, people: Mapping[PatientId, tuple[str, str | None]]) -> None:
    """Let patients of a clinic be found by these names and phones, who were found by none before."""
    words = {key: found_by(name, phone) for key, (name, phone) in people.items()}
    # Beginnings of names, and ends of phones, are the same for many.
    tokens = {word: tx.vault.search_token(clinic_id, word) for word in frozenset().union(*words.values())}
    rows = [
        {"clinic_id": clinic_id, "token": token, "patient_id": key}
        for key, theirs in words.items()
        for token in {tokens[word] for word in theirs}
    ]
    insert_rows(tx, patient_search_token, rows)


def forget_tokens(tx: Transaction, ids: Collection[PatientId]) -> None:
    """Let nobody find these patients by name or phone: for where those change or are taken away."""
    for batch in in_batches(ids):
        tx.connection.execute(delete(patient_search_token).where(TOKEN.patient_id.in_(batch)))


def has_all(tx: Transaction, within: Collection[ClinicId] | None = None) -> bool:
    """Say whether the words of every patient of these clinics, or of all, are stored."""
    here = true() if within is None else patient.c.clinic_id.in_(within)
    return not tx.connection.scalar(select(exists().where(here, IS_UNSEARCHABLE)))


def found_under(tx: Transaction, within: Collection[ClinicId], words: Collection[str]) -> ColumnElement[bool]:
    """Say of a patient of these clinics whether they have all these words."""
    wanted: ColumnElement[bool] = true()
    for word in words:
        tokens = [tx.vault.search_token(clinic_id, word) for clinic_id in within]
        here = TOKEN.clinic_id.in_(within) & TOKEN.token.in_(tokens)
        wanted &= patient.c.id.in_(select(TOKEN.patient_id).where(here))
    return wanted


def index_some(tx: Transaction, *, limit: int) -> int:
    """Store the words of so many patients at most who have none yet; return of how many."""
    waiting = select(patient.c.id, patient.c.clinic_id, patient.c.name, patient.c.phone).where(IS_UNSEARCHABLE)
    # Whoever is being changed just now gets theirs by that; and nobody who refers to a patient need wait for us.
    mine = waiting.limit(limit).with_for_update(skip_locked=True, key_share=True)
    opened: dict[ClinicId, dict[PatientId, tuple[str, str | None]]] = {}
    for row in tx.connection.execute(mine):
        opened.setdefault(ClinicId(row.clinic_id), {})[PatientId(row.id)] = _opened(tx, row)
    done = 0
    for clinic_id, people in opened.items():
        replace_tokens(tx, clinic_id, people)
        for batch in in_batches(people):
            tx.connection.execute(update(patient).where(patient.c.id.in_(batch)).values(search_rule=RULE))
        done += len(people)
    return done


def _opened(tx: Transaction, row: Row[*tuple[Any, ...]]) -> tuple[str, str | None]:
    """Return name and phone of a row. One that was spoiled is found by nothing, and holds up nobody behind it."""
    try:
        name = tx.vault.open("patient.name", row.id, row.name)
        return name, tx.vault.open_optional("patient.phone", row.id, row.phone)
    except SpoiledError:
        return "", None
