"""Fall back: what failed on one channel goes out by the other, or a person is asked. In the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reminders.core.fallback import FAILS_FOR_THE_ADDRESS, UNREACHABLE, is_unreachable
from reminders.core.gate import Origin
from reminders.core.ids import ClinicId, PatientId
from reminders.core.messages import Draft
from reminders.core.patients import Channel
from reminders.core.reminders import Reason
from reminders.core.tasks import USUAL_URGENCY, TaskKind, after_message, key_after_message
from reminders.services.deps import Deps
from reminders.services.open_tasks import open_message_tasks
from reminders.services.plan_reminders import plan_patients
from reminders.store import clinics, contacts, failures, reminders, tasks
from reminders.store.messages import Move
from reminders.store.unit_of_work import Transaction


def fall_back(tx: Transaction, deps: Deps, ends: Sequence[tuple[Draft, Move]], *, now: datetime) -> None:
    """Let failed reminders go out by the other channel of their step; open the tasks that ends of messages call for.

    To be called once the messages have moved and the addresses are closed that the provider closed, with the patients
    of what failed locked. A message that another takes over from asks nobody to phone; a number that does not work is
    a person's all the same.
    """
    # First: planning may ask for another number too, and whoever asks first names what failed.
    open_message_tasks(tx, deps.identity, [end for end in ends if not _may_settle(*end)], now=now)
    failed = failures.failed(tx, [draft.id for draft, move in ends if _may_fall(draft, move)])
    people: dict[ClinicId, set[PatientId]] = {}
    for draft, move in ends:
        if draft.id not in failed:
            continue
        # An address that is closed already has its reason; what is left are numbers that were out of reach.
        if draft.channel is Channel.SMS and move.reason is not Reason.ADDRESS_FAULT:
            _close_if_unreachable(tx, deps, draft, now=now)
        if draft.patient_id is not None:
            people.setdefault(draft.clinic_id, set()).add(draft.patient_id)
    for clinic_id, ids in sorted(people.items()):
        plan_patients(tx, clinics.get(tx, clinic_id), ids, identity=deps.identity, now=now)
    elsewhere = reminders.taken_over(tx, failed)
    rest = [end for end in ends if _may_settle(*end) and end[0].id not in elsewhere]
    open_message_tasks(tx, deps.identity, rest, now=now)


def _may_fall(draft: Draft, move: Move) -> bool:
    return draft.origin is Origin.REMINDER and move.state in FAILS_FOR_THE_ADDRESS


def _may_settle(draft: Draft, move: Move) -> bool:
    """Say whether what an end asks of a person is done once another message takes over."""
    return after_message(move.state, move.reason, draft.origin, draft.kind) is TaskKind.NOT_DELIVERED


def _close_if_unreachable(tx: Transaction, deps: Deps, draft: Draft, *, now: datetime) -> None:
    """Close a number that was out of reach to the last for message after message, and ask for another."""
    if not is_unreachable(failures.last_words(tx, draft.contact_id)):
        return
    contacts.mark_fault(tx, [draft.contact_id], UNREACHABLE, now=now)
    kind = TaskKind.ADDRESS_FAULT
    task = tasks.Task(
        kind=kind,
        urgency=USUAL_URGENCY[kind],
        key=key_after_message(kind, draft),
        clinic_id=draft.clinic_id,
        patient_id=draft.patient_id,
        appointment_id=draft.appointment_id,
        message_id=draft.id,
    )
    tasks.open_many(tx, [(deps.identity.new_id(), task)], now=now)
