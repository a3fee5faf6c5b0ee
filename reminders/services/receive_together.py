"""Receive together: texts of different patients, read in one transaction, in as many statements as for one.

Ordinary is what ends with the patient who wrote: a yes, a word about a ride, a task for staff, an answer. Opt-outs are
read together before them. What opens an address, calls somebody, or was written by staff or by who fetches a patient,
has a transaction of its own. The locks are taken in the order that all others keep, each kind for all texts: addresses,
sessions, tasks, messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reminders.core.conversation.actions import (
    Action,
    Confirm,
    Note,
    OpenTask,
    OptOut,
    RaiseAlarm,
    RecordRide,
    RecordScore,
    Say,
)
from reminders.core.escalations import person_at
from reminders.core.ids import InboundId, PatientId
from reminders.services.apply_actions import apply_together
from reminders.services.deps import Deps
from reminders.services.gather_thread import find_senders, make_rows_for
from reminders.services.hear_patients import hear_patients
from reminders.services.reply_case import Sender
from reminders.store import clinics, inbound, pick_ups
from reminders.store.inbound import StoredText
from reminders.store.unit_of_work import Transaction

ORDINARY: tuple[type[Action], ...] = (Confirm, RecordRide, OpenTask, Say, Note)
OPTING_OUT: tuple[type[Action], ...] = (OptOut, OpenTask, Say, Note)
URGENT = (RaiseAlarm, RecordScore)
"""What may call somebody: of what is left it is read first."""
Written = tuple[StoredText, Sender]


@dataclass(frozen=True, slots=True)
class Received:
    """How many texts were read together, which are left to be read alone, in this order, and which others hold."""

    read: int
    left: Sequence[InboundId]
    elsewhere: frozenset[InboundId]


def opt_out_together(deps: Deps, ids: Sequence[InboundId]) -> Received:
    """Read opt-outs of different phones that wait, and stop everything to those who wrote them."""
    make_rows_for(deps, ids)
    return _receive(deps, ids, OPTING_OUT)


def receive_together(deps: Deps, ids: Sequence[InboundId]) -> Received:
    """Read texts of different phones that wait, and apply what follows from the ordinary ones."""
    return _receive(deps, ids, ORDINARY)


def _receive(deps: Deps, ids: Sequence[InboundId], kinds: tuple[type[Action], ...]) -> Received:
    with deps.store.transaction() as tx:
        now = deps.clock.now()
        items = inbound.lock_many_waiting(tx, ids)
        written = _of_patients(tx, items)
        hearings = hear_patients(tx, deps, written, now=now)
        fitting = [
            (item, clinic)
            for item in hearings
            if (clinic := item.clinic) is not None and all(isinstance(action, kinds) for action in item.actions)
        ]
        cases = [(item.case(deps, clinic, now), item.actions) for item, clinic in fitting]
        decided = apply_together(tx, cases, now=now)
        found = {item.item.id: item.decision(told) for (item, _), told in zip(fitting, decided, strict=True)}
        inbound.mark_many_handled(tx, found, now=now)
    urgent = {item.item.id for item in hearings if any(isinstance(action, URGENT) for action in item.actions)}
    left = [item.id for item in items if item.id not in found]
    elsewhere = frozenset(ids) - {item.id for item in items}
    return Received(len(found), sorted(left, key=lambda key: key not in urgent), elsewhere)


def _of_patients(tx: Transaction, items: Sequence[StoredText]) -> list[Written]:
    """Return those texts that patients wrote, no two of them about the same patient."""
    senders = find_senders(tx, [item.sender for item in items])
    fetched = pick_ups.fetched_by(tx, [key for sender in senders.values() for key in sender.contacts])
    chains = [clinic.escalation for clinic in clinics.every(tx).values()]
    found: list[Written] = []
    taken: set[PatientId] = set()
    for item in items:
        sender = senders.get(item.sender)
        if sender is None:
            continue
        theirs = {key for _, key in sender.people}
        others = {key for row in sender.contacts for key in fetched.get(row, ())}
        is_staff = any(person_at(chain, item.sender) for chain in chains)
        if not (is_staff or others or theirs & taken):
            found.append((item, sender))
        # Also of who is left: what is written about the same patient later must not be read before.
        taken |= theirs | others
    return found
