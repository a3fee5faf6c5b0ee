"""Stop: end what of a batch has not left, in one transaction; what is on its way cannot be called back."""

from __future__ import annotations

from dataclasses import dataclass

from reminders.core.audit import Deed, about
from reminders.core.errors import NotFoundError
from reminders.core.ids import BatchId
from reminders.core.staff import Actor, Right
from reminders.services.audit import note
from reminders.services.deps import Deps
from reminders.store import mailings

LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Stopped:
    """How many messages stopping ended, and how many had left or are leaving."""

    ended: int
    had_left: int


def stop_batch(deps: Deps, who: Actor, batch_id: BatchId) -> Stopped:
    """Stop a batch. Twice is the same as once. Raises NotFoundError, also for another clinic's."""
    with deps.store.transaction() as tx:
        # Its row first: whoever sends some of it holds the row until the intents are committed.
        mailing = mailings.get(tx, batch_id, who.clinics(Right.WRITE), for_update=True)
        if mailing is None:
            raise NotFoundError(f"no batch {batch_id}")
        ended = mailings.stop(tx, batch_id, by=who.name[:LONGEST_NAME], now=deps.clock.now())
        had_left = mailings.begun(tx, batch_id)
        if mailing.stopped_at is None:
            detail = f"{ended} had not left, {had_left} had"
            named = about("batch", batch_id)
            note(tx, deps, who, Deed.BATCH_STOPPED, clinic_id=mailing.clinic_id, about=named, detail=detail)
        return Stopped(ended, had_left)
