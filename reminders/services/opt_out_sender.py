"""Opt out whoever wrote: by text their phone, and what goes with it; on a page every address of its patient."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reminders.core.consent import Source
from reminders.core.ids import InboundId
from reminders.core.patients import Channel
from reminders.services.deps import Deps
from reminders.services.opt_out import Said, Wish, opt_out_all
from reminders.services.reply_case import Sender
from reminders.store import patients
from reminders.store.unit_of_work import Transaction

BY_TEXT, ON_PAGE = "text", "page"


def said_by(sender: Sender, source: Source, text_id: InboundId) -> Said:
    """Return what the ledger keeps of it. No bare word on a page is one that a carrier acted on."""
    return (
        Said(Source.LINK, ON_PAGE, inbound_id=text_id) if sender.is_page else Said(source, BY_TEXT, inbound_id=text_id)
    )


def opt_out_sender(
    tx: Transaction, deps: Deps, sender: Sender, source: Source, text_id: InboundId, *, now: datetime
) -> None:
    """Stop everything automatic to whoever wrote. Whose a page is is known, though others may share the address."""
    opt_out_senders(tx, deps, [(sender, source, text_id)], now=now)


def opt_out_senders(
    tx: Transaction, deps: Deps, wanted: Sequence[tuple[Sender, Source, InboundId]], *, now: datetime
) -> None:
    """Stop likewise everything to several who wrote, given with their means and texts."""
    wishes = [_wish(tx, sender, said_by(sender, source, text_id)) for sender, source, text_id in wanted]
    if wishes:
        opt_out_all(tx, deps, wishes, now=now)


def _wish(tx: Transaction, sender: Sender, said: Said) -> Wish:
    if not sender.is_page or not sender.people:
        return Wish([sender.address], said)
    person = clinic_id, patient_id = sender.people[0]
    record = patients.get_many(tx, clinic_id, [patient_id])[patient_id].record
    known = [address for channel in Channel if (address := record.address(channel))]
    return Wish(list(dict.fromkeys([sender.address, *known])), said, person)
