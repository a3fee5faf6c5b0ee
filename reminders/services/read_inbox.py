"""Inbox: who wrote lately, what we understood, what was done and what is still to do; and one conversation whole.

Reads only what `who` may read, in a number of statements that does not grow with the texts. Who reads a patient's
conversation is written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from zoneinfo import ZoneInfo

from reminders.core.audit import Deed, about
from reminders.core.clinics import Clinic
from reminders.core.content import language_of
from reminders.core.errors import NotFoundError
from reminders.core.ids import ClinicId, ContactId, InboundId, PatientId
from reminders.core.patients import Patient
from reminders.core.snippets import snippets_for
from reminders.core.staff import Actor, Right
from reminders.core.wording import StaffClock
from reminders.services.audit import note
from reminders.services.deps import Deps
from reminders.services.read_worklist import TaskLine, lines_of
from reminders.store import clinics, conversation, corrections, patients, tasks
from reminders.store.conversation import Phone, Sent, Sought, Written
from reminders.store.corrections import Correction
from reminders.store.unit_of_work import Transaction

__all__ = [
    "Conversation",
    "Correction",
    "Inbox",
    "Phone",
    "Sent",
    "Show",
    "ThreadLine",
    "Written",
    "find_thread",
    "read_inbox",
    "read_thread",
]

MOST_THREADS, MOST_TEXTS, MOST_OF_A_THREAD = 40, 400, 80


class Show(StrEnum):
    """Which threads are shown."""

    ALL = "all"
    PERSON = "person"
    """Those with a task that waits for somebody."""
    UNCLEAR = "unclear"
    """Those with a text that nobody, and nothing, has understood yet."""


@dataclass(frozen=True, slots=True)
class ThreadLine:
    """One phone's newest text that was asked for. `people` are whose phone it may be, nobody for a stranger's."""

    id: ContactId | None
    phone: str
    clinic: Clinic | None
    people: Sequence[Patient]
    newest: Written
    others: int
    """How many more of its texts were asked for."""
    tasks: Sequence[TaskLine]


@dataclass(frozen=True, slots=True)
class Inbox:
    """The threads, newest first. `older` is where the next ones begin; None at the end."""

    now: datetime
    threads: Sequence[ThreadLine]
    older: datetime | None
    has_several_clinics: bool
    clock: StaffClock
    """How to tell times of what belongs to no clinic."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Everything to and from one phone at one clinic, oldest first, with what may be answered."""

    now: datetime
    clinic: Clinic
    phone: Phone
    people: Sequence[Patient]
    texts: Sequence[Written | Sent]
    tasks: Sequence[TaskLine]
    corrections: Mapping[InboundId, Sequence[Correction]]
    snippets: Mapping[str, str]


def read_inbox(deps: Deps, who: Actor, show: Show, *, before: datetime | None = None) -> Inbox:
    """Return the threads whose texts are asked for, the newest first; `before` goes on where a page ended."""
    now, readable = deps.clock.now(), who.clinics(Right.READ)
    with deps.store.reading() as tx:
        sought = Sought(
            readable,
            who.sees_unassigned,
            needs_person=show is Show.PERSON,
            is_unclear=show is Show.UNCLEAR,
            before=before,
        )
        found = conversation.newest(tx, sought, limit=MOST_TEXTS)
        grouped = _grouped(found)
        shown = dict(islice(grouped.items(), MOST_THREADS))
        lines = _lines(tx, who, list(shown.values()))
        is_more = len(found) == MOST_TEXTS or len(grouped) > len(shown)
        older = min((texts[0].at for texts in shown.values()), default=None) if is_more else None
        mine = (item.clock for key, item in clinics.every(tx).items() if key in readable)
        clock = next(mine, StaffClock(ZoneInfo("UTC")))
        return Inbox(now, lines, older, has_several_clinics=len(readable) > 1, clock=clock)


def _grouped(found: Iterable[Written]) -> dict[tuple[ClinicId | None, bytes], list[Written]]:
    grouped: dict[tuple[ClinicId | None, bytes], list[Written]] = {}
    for item in found:
        grouped.setdefault((item.clinic_id, item.index), []).append(item)
    return grouped


def _lines(tx: Transaction, who: Actor, groups: Sequence[Sequence[Written]]) -> list[ThreadLine]:
    readable = who.clinics(Right.READ)
    phones = conversation.phones(tx, {texts[0].index for texts in groups}, readable)
    every = clinics.every(tx)
    people = _people(tx, every, [(texts[0].clinic_id, texts[0].patient_id) for texts in groups])
    waiting = _waiting(tx, who, [item.id for texts in groups for item in texts])
    found = []
    for texts in groups:
        newest = texts[0]
        rows = phones.get(newest.index, ())
        mine = next((row for row in rows if row.clinic_id == newest.clinic_id), None) or next(iter(rows), None)
        patient = people.get(newest.patient_id) if newest.patient_id is not None else None
        found.append(
            ThreadLine(
                id=mine.id if mine is not None else None,
                phone=mine.address if mine is not None else "",
                clinic=every.get(newest.clinic_id) if newest.clinic_id is not None else None,
                people=[patient] if patient is not None else [],
                newest=newest,
                others=len(texts) - 1,
                tasks=[line for item in texts for line in waiting.get(item.id, ())],
            )
        )
    return found


def _people(
    tx: Transaction, every: Iterable[ClinicId], wanted: Iterable[tuple[ClinicId | None, PatientId | None]]
) -> dict[PatientId, Patient]:
    pairs = [(clinic_id, key) for clinic_id, key in wanted if key is not None]
    found: dict[PatientId, Patient] = {}
    for clinic_id in every:
        theirs = {key for at, key in pairs if at == clinic_id}
        if theirs:
            found |= patients.get_many(tx, clinic_id, theirs)
    return found


def _waiting(tx: Transaction, who: Actor, ids: Sequence[InboundId]) -> dict[InboundId, list[TaskLine]]:
    """Return the open tasks about texts, as far as they may be seen."""
    found: dict[InboundId, list[TaskLine]] = {}
    mine = [item for item in tasks.open_of_texts(tx, ids) if who.may(Right.READ, item.clinic_id)]
    for line in lines_of(tx, mine):
        if line.task.inbound_id is not None:
            found.setdefault(line.task.inbound_id, []).append(line)
    return found


def find_thread(deps: Deps, who: Actor, text_id: InboundId) -> ContactId:
    """Return the thread of a text. Raises NotFoundError for a text that they may not read."""
    with deps.store.reading() as tx:
        text = conversation.wrote(tx, text_id)
        if text is not None and who.may(Right.READ, text.clinic_id):
            rows = conversation.phones(tx, [text.index], who.clinics(Right.READ)).get(text.index, ())
            mine = [row for row in rows if text.clinic_id in {None, row.clinic_id}]
            if mine:
                return mine[0].id
    raise NotFoundError(f"no text {text_id}")


def read_thread(deps: Deps, who: Actor, thread: ContactId) -> Conversation:
    """Return one conversation, and write down who read it. Raises NotFoundError."""
    with deps.store.transaction() as tx:
        phone = conversation.phone(tx, thread, who.clinics(Right.READ))
        if phone is None:
            raise NotFoundError(f"no conversation {thread}")
        clinic = clinics.get(tx, phone.clinic_id)
        keys = [key for at, key in patients.at_address(tx, phone.address) if at == clinic.id]
        people = list(patients.get_many(tx, clinic.id, keys).values())
        for person in people:
            note(tx, deps, who, Deed.PATIENT_READ, clinic_id=clinic.id, about=about("patient", person.id))
        wrote = conversation.of_phone(tx, phone, has_clinicless=who.sees_unassigned, limit=MOST_OF_A_THREAD)
        sent = conversation.sent_to(tx, phone.id, limit=MOST_OF_A_THREAD)
        both: list[Written | Sent] = [*wrote, *sent]
        ids = [item.id for item in wrote]
        return Conversation(
            now=deps.clock.now(),
            clinic=clinic,
            phone=phone,
            people=people,
            texts=sorted(both, key=lambda item: (item.at, str(item.id)))[-MOST_OF_A_THREAD:],
            tasks=[line for lines in _waiting(tx, who, ids).values() for line in lines],
            corrections=corrections.of_texts(tx, ids),
            snippets=snippets_for(clinic, language_of(people[0].record.language) if people else clinic.language),
        )
