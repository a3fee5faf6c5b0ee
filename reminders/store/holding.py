"""What holds at a clinic now: how it is configured and what staff paused, read in one trip."""

from __future__ import annotations

from functools import cache

from reminders.core.clinics import Clinic
from reminders.core.errors import NotFoundError
from reminders.core.ids import ClinicId
from reminders.core.pauses import Pauses
from reminders.store import clinics, pauses
from reminders.store.one_trip import OneTrip
from reminders.store.unit_of_work import Transaction


def read(tx: Transaction, clinic_id: ClinicId) -> tuple[Clinic, Pauses]:
    """Return a clinic and its pauses. Raises NotFoundError."""
    found = _asking(is_postgres=tx.is_postgres).ask(tx, {"ids": [clinic_id]})
    known = clinics.from_rows(found["clinics"])
    if clinic_id not in known:
        raise NotFoundError(f"no clinic {clinic_id}")
    return known[clinic_id], pauses.from_rows(found["pauses"], [clinic_id])[clinic_id]


@cache
def _asking(*, is_postgres: bool) -> OneTrip:
    return OneTrip(
        {
            "clinics": clinics.documents("ids", is_postgres=is_postgres),
            "pauses": pauses.that_hold("ids", is_postgres=is_postgres),
        }
    )
