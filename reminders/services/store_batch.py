"""Store: a batch with all its messages, in the caller's transaction and as many statements as for one message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reminders.core.audit import Deed, about
from reminders.core.content import render
from reminders.core.gate import Origin
from reminders.core.ids import BatchId, ContactId, MessageId
from reminders.core.messages import Draft
from reminders.core.patients import Channel
from reminders.core.staff import Actor
from reminders.core.texts import SUBJECTS
from reminders.services.address_letter import Order, Plan, Recipient, Target
from reminders.services.audit import note
from reminders.services.deps import Deps
from reminders.store import contacts, mailings, messages
from reminders.store.mailings import Mailing
from reminders.store.unit_of_work import Transaction

KIND = "ad_hoc"
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class SentBatch:
    """What became of a request. `id` is None where nothing was stored: nobody is reached, or more than was seen."""

    id: BatchId | None
    recipients: list[Recipient]
    is_new: bool = False
    has_changed: bool = False
    """Somebody would get something else than what was shown."""


def store_batch(tx: Transaction, deps: Deps, order: Order, plan: Plan, who: Actor) -> SentBatch:
    """Store a batch, then its messages; where another request of its key came first, return that one's."""
    mailing = _mailing(deps, order, plan, who)
    if not mailings.add(tx, mailing):
        return SentBatch(mailings.by_key(tx, order.clinic.id, order.request_key), plan.recipients)
    places = [_place(target) for target in plan.reached]
    rows = contacts.ensure_many(tx, order.clinic.id, set(places), new_id=deps.identity.new_id)
    drafts = [
        _draft(deps, order, target, mailing=mailing, contact_id=rows[place])
        for target, place in zip(plan.reached, places, strict=True)
    ]
    messages.add(tx, drafts, now=order.now)
    named, here = about("batch", mailing.id), order.clinic.id
    note(tx, deps, who, Deed.MESSAGE_WRITTEN, clinic_id=here, about=named, detail=plan.words)
    if mailing.override_reason is not None:
        detail = mailing.override_reason
        note(tx, deps, who, Deed.QUIET_HOURS_OVERRIDDEN, clinic_id=here, about=named, detail=detail)
    return SentBatch(mailing.id, _with_messages(plan, drafts), is_new=True)


def _mailing(deps: Deps, order: Order, plan: Plan, who: Actor) -> Mailing:
    left_out = {item.patient_id: item.left_out for item in plan.recipients if item.left_out is not None}
    return Mailing(
        id=BatchId(deps.identity.new_id()),
        clinic_id=order.clinic.id,
        request_key=order.request_key,
        author=who.name[:LONGEST_NAME],
        texts=order.letter.by_language(order.home),
        audience=order.audience,
        channel=order.posting.channel,
        override_reason=order.override_reason,
        due_at=order.posting.due_at,
        made_at=order.now,
        left_out=left_out,
    )


def _place(target: Target) -> tuple[Channel, str]:
    channel = target.recipient.channel or Channel.SMS
    return channel, target.patient.record.address(channel) or ""


def _draft(deps: Deps, order: Order, target: Target, *, mailing: Mailing, contact_id: ContactId) -> Draft:
    recipient, session = target.recipient, target.about
    subject = SUBJECTS[recipient.language]
    return Draft(
        id=MessageId(deps.identity.new_id()),
        clinic_id=order.clinic.id,
        contact_id=contact_id,
        patient_id=recipient.patient_id,
        appointment_id=session.id if session else None,
        version=session.version if session and target.tells_time else None,
        channel=recipient.channel or Channel.SMS,
        origin=Origin.STAFF,
        kind=KIND,
        body=recipient.text,
        subject=render(subject, {"sender": order.clinic.sender}),
        segments=recipient.size.segments if recipient.size else 0,
        due_at=order.posting.due_at,
        expires_at=target.reach.expires_at,
        author=mailing.author,
        request_key=f"staff:{order.request_key}:{recipient.patient_id}",
        override_reason=order.override_reason,
        batch_id=mailing.id,
    )


def _with_messages(plan: Plan, drafts: Sequence[Draft]) -> list[Recipient]:
    made = {draft.patient_id: draft.id for draft in drafts}
    return [replace(item, message_id=made.get(item.patient_id)) for item in plan.recipients]
