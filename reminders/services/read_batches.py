"""Read batches: what staff wrote lately, how far each has got, who got it and who was left out. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from reminders.core.audience import OnePatient, describe
from reminders.core.clinics import Clinic
from reminders.core.delivery import ENDED, WAITING, MessageState
from reminders.core.errors import NotFoundError
from reminders.core.ids import BatchId, ClinicId, PatientId
from reminders.core.reminders import Reason
from reminders.core.staff import Actor, Right
from reminders.core.windows import local_day
from reminders.services.deps import Deps
from reminders.store import clinics, mailings, patients
from reminders.store.mailings import Mailing, Sent
from reminders.store.unit_of_work import Transaction

MOST_LINES = 300
"""Shown on a page; those that need a look come first."""
MOST_BATCHES = 50
NOT_YET = WAITING
ON_THE_WAY = frozenset({MessageState.SENDING, MessageState.UNKNOWN, MessageState.ACCEPTED, MessageState.SENT})


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch at a glance. `words` tell the audience; the counts are of its messages, by state."""

    mailing: Mailing
    clinic: Clinic
    words: str
    counts: Mapping[MessageState, int]

    @property
    def number(self) -> int:
        """How many messages it has."""
        return sum(self.counts.values())

    @property
    def waiting(self) -> int:
        """How many have not left: what stopping would end."""
        return sum(count for state, count in self.counts.items() if state in NOT_YET)

    @property
    def is_over(self) -> bool:
        """Say whether nothing about it will change any more, but for late news of a delivery."""
        return all(state in ENDED for state in self.counts)


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever was meant."""

    id: PatientId
    external_id: str
    name: str


@dataclass(frozen=True, slots=True)
class BatchReading:
    """A batch with its people. `sent` may be cut short: `line.number` says how many there are."""

    line: BatchLine
    sent: list[tuple[Person, Sent]]
    left_out: list[tuple[Person, Reason]]
    now: datetime


def read_batches(deps: Deps, who: Actor, *, limit: int = MOST_BATCHES) -> list[BatchLine]:
    """Return the last batches of the clinics that somebody may read, the newest first."""
    with deps.store.reading() as tx:
        found = mailings.newest(tx, who.clinics(Right.READ), limit=limit)
        return _lines(tx, found, now=deps.clock.now())


def read_batch(deps: Deps, who: Actor, batch_id: BatchId, *, limit: int = MOST_LINES) -> BatchReading:
    """Return one batch with whom it went to. Raises NotFoundError, also for another clinic's."""
    now = deps.clock.now()
    with deps.store.reading() as tx:
        mailing = mailings.get(tx, batch_id, who.clinics(Right.READ))
        if mailing is None:
            raise NotFoundError(f"no batch {batch_id}")
        sent = mailings.sent(tx, batch_id, limit=limit)
        people = _people(tx, mailing.clinic_id, {item.patient_id for item in sent} | set(mailing.left_out))
        (line,) = _lines(tx, [mailing], now=now)
        left_out = [(people[key], reason) for key, reason in mailing.left_out.items() if key in people]
        return BatchReading(line, [(people[item.patient_id], item) for item in sent], left_out, now)


def _people(tx: Transaction, clinic_id: ClinicId, ids: Collection[PatientId]) -> dict[PatientId, Person]:
    found = patients.get_many(tx, clinic_id, ids)
    return {key: Person(key, item.record.external_id, item.record.name) for key, item in found.items()}


def _lines(tx: Transaction, found: list[Mailing], *, now: datetime) -> list[BatchLine]:
    every, counts = clinics.every(tx), mailings.counts(tx, [item.id for item in found])
    names = mailings.readers(tx, [item.id for item in found if isinstance(item.audience, OnePatient)])
    return [
        BatchLine(
            mailing=item,
            clinic=every[item.clinic_id],
            words=names.get(item.id) or _words(item, every[item.clinic_id], now),
            counts=counts[item.id],
        )
        for item in found
    ]


def _words(item: Mailing, clinic: Clinic, now: datetime) -> str:
    """Tell whom a batch was for; days are named by the calendar once the day on which it was written is over."""
    made_on = local_day(item.made_at, clinic.tz)
    today = made_on if made_on == local_day(now, clinic.tz) else None
    return describe(item.audience, place=clinic.sender, today=today)
