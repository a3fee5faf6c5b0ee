"""Arrivals: what the provider brings side by side is stored by one commit, so that none waits for a disk alone.

One that cannot be stored costs the others nothing: then each is stored by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from reminders.failpoints import Failpoint, reach
from reminders.ports import InboundText, Job, Receipt
from reminders.services.apart import together_or_apart
from reminders.services.apply_receipts import store_receipt
from reminders.services.deps import Deps
from reminders.services.receive_replies import store_text
from reminders.store import inbound, receipts

T = TypeVar("T")
Arrived = tuple[UUID | None, Receipt]
"""A receipt, and the attempt that its address names."""


class Kept(StrEnum):
    """What became of an arrival."""

    STORED = "stored"
    REPEATED = "repeated"
    FAILED = "failed"
    """It is not in the database; the provider has to bring it again."""


def store_receipts(deps: Deps, arrived: Sequence[Arrived]) -> Sequence[Kept]:
    """Keep receipts as they arrive; return what became of each. Raises NotReadyError where the database is away."""
    return _stored(
        arrived,
        together=lambda some: _store_receipts(deps, some),
        alone=lambda one: store_receipt(deps, *one),
    )


def store_texts(deps: Deps, texts: Sequence[InboundText]) -> Sequence[Kept]:
    """Keep texts as they arrive, likewise."""
    return _stored(
        texts,
        together=lambda some: _store_texts(deps, some),
        alone=lambda one: store_text(deps, one),
    )


def _stored(
    items: Sequence[T], *, together: Callable[[Sequence[T]], Sequence[bool]], alone: Callable[[T], bool]
) -> Sequence[Kept]:
    found = [Kept.FAILED] * len(items)

    def store(places: Sequence[int]) -> None:
        some = [items[place] for place in places]
        is_new = [alone(some[0])] if len(some) == 1 else together(some)
        for place, new in zip(places, is_new, strict=True):
            found[place] = Kept.STORED if new else Kept.REPEATED

    together_or_apart(range(len(items)), store, lambda _: None)
    return found


def _store_receipts(deps: Deps, arrived: Sequence[Arrived]) -> Sequence[bool]:
    reach(Failpoint.RECEIPT_ARRIVED)
    rows = [(deps.identity.new_id(), tag, receipt) for tag, receipt in arrived]
    with deps.store.transaction() as tx:
        # Machine time: whether receipts arrive at all is judged against the attempts' own machine times.
        new = receipts.add_many_once(tx, rows, now=deps.clock.machine_now())
    reach(Failpoint.RECEIPT_STORED)
    if new:
        deps.queue.hint([Job.APPLY_RECEIPTS])
    return [key in new for key, *_ in rows]


def _store_texts(deps: Deps, texts: Sequence[InboundText]) -> Sequence[bool]:
    rows = [(deps.identity.new_id(), text) for text in texts]
    with deps.store.transaction() as tx:
        new = inbound.add_many_once(tx, rows, now=deps.clock.now())
    if new:
        deps.queue.hint([Job.RECEIVE_REPLIES])
    return [key in new for key, _ in rows]
