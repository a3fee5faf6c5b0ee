"""Circumstances: what the gate asks about every group's patients and clinics besides what it locks, in one trip.

To be read after the locks: what somebody changed while the gate waited for them must be seen.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select

from reminders.core.clinics import Clinic
from reminders.core.delivery import WAITING
from reminders.core.gate import Origin
from reminders.core.ids import ClinicId, MessageId, PatientId
from reminders.core.patients import Override, Recipient
from reminders.core.pauses import Pauses
from reminders.core.reminders import Reminder
from reminders.store import clinics, overrides, pauses, reminders
from reminders.store.one_trip import OneTrip
from reminders.store.rows import message, reminder
from reminders.store.sets import listed
from reminders.store.types import plain
from reminders.store.unit_of_work import Transaction

IS_CAPPED = (message.c.origin == plain(Origin.REMINDER)) & (message.c.recipient == plain(Recipient.PATIENT))
LONGEST_DAY = timedelta(days=8)
"""How far back traffic is counted: 7 days and the part of a local day before them."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is still to leave, with the steps of everything that was merged into it."""

    due_at: datetime
    steps: frozenset[str]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is so at one moment. Of the last three, each of those whose traffic is asked for has an entry.

    `overrides`: what holds for patients; those with the clinic's own cadence are left out. `left`: when automated
    messages left to the patients themselves in the last week. `waiting`: the automated messages of use that they are
    still to get before an instant. `upcoming`: the waiting reminders of use due before it.
    """

    clinics: dict[ClinicId, Clinic]
    pauses: dict[ClinicId, Pauses]
    overrides: dict[PatientId, Override]
    left: dict[PatientId, list[datetime]]
    waiting: dict[PatientId, dict[MessageId, Waiting]]
    upcoming: dict[PatientId, list[Reminder]]


def read(
    tx: Transaction,
    at: Collection[ClinicId],
    people: Collection[PatientId],
    capped: Collection[PatientId],
    *,
    now: datetime,
    before: datetime,
) -> Circumstances:
    """Return what is so at these clinics and with these patients; `capped` are those whose traffic is counted."""
    given = {
        "clinics": list(at),
        "people": list(people),
        "capped": list(capped),
        "since": now - LONGEST_DAY,
        "now": now,
        "before": before,
    }
    found = _questions(is_postgres=tx.is_postgres).ask(tx, given)
    left: dict[PatientId, list[datetime]] = {key: [] for key in capped}
    for row in found["left"]:
        left[PatientId(row.patient_id)].append(row.left_at)
    return Circumstances(
        clinics=clinics.from_rows(found["clinics"]),
        pauses=pauses.from_rows(found["pauses"], at),
        overrides={PatientId(row.patient_id): overrides.from_document(row.document) for row in found["overrides"]},
        left=left,
        waiting=_waiting(found["waiting"], capped),
        upcoming=reminders.by_patient(found["upcoming"], capped),
    )


@cache
def _questions(*, is_postgres: bool) -> OneTrip:
    return OneTrip(
        {
            "clinics": clinics.documents("clinics", is_postgres=is_postgres),
            "pauses": pauses.that_hold("clinics", is_postgres=is_postgres),
            "overrides": overrides.that_hold("people", is_postgres=is_postgres),
            "left": _departures(is_postgres=is_postgres),
            "waiting": _to_leave(is_postgres=is_postgres),
            "upcoming": reminders.upcoming("capped", is_postgres=is_postgres),
        }
    )


def _departures(*, is_postgres: bool) -> Select[Any]:
    is_late_enough = message.c.left_at >= bindparam("since", type_=message.c.left_at.type)
    theirs = listed(message.c.patient_id, "capped", is_postgres=is_postgres)
    return select(message.c.patient_id, message.c.left_at).where(theirs, is_late_enough, IS_CAPPED)


def _to_leave(*, is_postgres: bool) -> Select[Any]:
    parts = message.outerjoin(reminder, reminder.c.message_id == message.c.id)
    columns = (message.c.id, message.c.patient_id, message.c.due_at, message.c.kind, reminder.c.step)
    theirs = listed(message.c.patient_id, "capped", is_postgres=is_postgres)
    is_soon = message.c.due_at < bindparam("before", type_=message.c.due_at.type)
    is_of_use = message.c.expires_at > bindparam("now", type_=message.c.expires_at.type)
    waits = message.c.state.in_([plain(state) for state in sorted(WAITING)])
    return select(*columns).select_from(parts).where(theirs, waits, IS_CAPPED, is_soon, is_of_use)


def _waiting(rows: Sequence[Any], capped: Collection[PatientId]) -> dict[PatientId, dict[MessageId, Waiting]]:
    found: dict[PatientId, dict[MessageId, Waiting]] = {key: {} for key in capped}
    for row in rows:
        mine = found[PatientId(row.patient_id)]
        steps = mine[row.id].steps if row.id in mine else frozenset({row.kind})
        mine[MessageId(row.id)] = Waiting(row.due_at, steps | ({row.step} if row.step is not None else set()))
    return found
