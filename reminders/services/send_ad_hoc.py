"""Ad hoc: staff write to one patient, or to everybody whom an audience describes, through the same door.

`plan_ad_hoc` says who gets which text and who is left out and why; `send_batch` stores it as one batch. A request key
makes a second click harmless (requirement 56). Quiet hours are overridden only with a reason, an opt-out never.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reminders.core.ad_hoc import Letter, check_time, good_reason, length_faults
from reminders.core.audience import Audience, OnePatient, Visitors
from reminders.core.clinics import Clinic
from reminders.core.errors import InputError, NotFoundError
from reminders.core.patients import Channel
from reminders.core.reach import Posting
from reminders.core.staff import Actor, Right
from reminders.ports import SENDING_JOBS
from reminders.services.address_letter import Order, Plan, Recipient, address_letter, to_list
from reminders.services.deps import Deps
from reminders.services.store_batch import SentBatch, store_batch
from reminders.store import clinics, mailings
from reminders.store.unit_of_work import Transaction

__all__ = [
    "AdHocRequest",
    "Plan",
    "Recipient",
    "SentBatch",
    "plan_ad_hoc",
    "preview_ad_hoc",
    "send_ad_hoc",
    "send_batch",
    "to_list",
]

LONGEST_KEY = 64
LONGEST_AUTHOR = 80


@dataclass(frozen=True, slots=True)
class AdHocRequest:
    """What staff ask for: a text to one patient (the clinic's own id), or to an audience.

    The text is in the clinic's language; `translations` are by language, for those who read another. Both may use
    {{sender}} and {{phone}}, and {{when}} and their other times where the patient has a session. Without `send_at`
    (UTC) it leaves now. `exceeds_caps` writes also to those of a group who had enough messages already.
    """

    text: str
    author: str
    request_key: str
    clinic_slug: str | None = None
    patient_external_id: str | None = None
    channel: Channel | None = None
    override_reason: str | None = None
    audience: Audience | None = None
    translations: Mapping[str, str] = field(default_factory=dict)
    send_at: datetime | None = None
    exceeds_caps: bool = False


def preview_ad_hoc(deps: Deps, request: AdHocRequest, *, who: Actor | None = None) -> list[Recipient]:
    """Return everybody the request reaches or leaves out. Raises InputError, NotFoundError or ContentError."""
    return plan_ad_hoc(deps, request, who=who).recipients


def plan_ad_hoc(deps: Deps, request: AdHocRequest, *, who: Actor | None = None) -> Plan:
    """Return what would be sent; stores nothing. Raises InputError, NotFoundError or ContentError."""
    with deps.store.reading() as tx:
        return address_letter(tx, _order(tx, deps, request, who))


def send_ad_hoc(deps: Deps, request: AdHocRequest, *, who: Actor | None = None) -> list[Recipient]:
    """Store the messages of a request and return whom they go to; a second request of the same key adds nothing."""
    return send_batch(deps, request, who=who).recipients


def send_batch(deps: Deps, request: AdHocRequest, *, who: Actor | None = None, seen: str | None = None) -> SentBatch:
    """Store a batch and its messages in one transaction. The same key again returns the same batch.

    `seen` is the fingerprint of the plan that a person looked at: where another one would be sent by now, nothing is.
    Without `who` everything may be written to, and the request's author did it. Raises as `plan_ad_hoc` does.
    """
    with deps.store.transaction() as tx:
        order = _order(tx, deps, request, who)
        earlier = mailings.by_key(tx, order.clinic.id, request.request_key)
        plan = address_letter(tx, order)
        if earlier is not None:
            return SentBatch(earlier, plan.recipients)
        if not plan.reached or (seen is not None and seen != plan.fingerprint):
            return SentBatch(None, plan.recipients, has_changed=bool(plan.reached))
        found = store_batch(tx, deps, order, plan, _author(request, who))
    deps.queue.hint(SENDING_JOBS.values())
    return found


def _order(tx: Transaction, deps: Deps, request: AdHocRequest, who: Actor | None) -> Order:
    """Judge what can be judged before anybody is looked up."""
    clinic, now = _clinic(tx, request, who), deps.clock.now()
    if len(request.request_key) > LONGEST_KEY:
        raise InputError([f"request_key: found {len(request.request_key)} characters; at most {LONGEST_KEY} are kept"])
    letter = Letter(request.text, request.translations)
    faults = length_faults(letter, clinic)
    if faults:
        raise InputError(faults)
    if request.send_at is not None:
        check_time(request.send_at, request.send_at.isoformat(), now=now)
    audience, reason = _audience(request), good_reason(request.override_reason)
    posting = Posting(
        due_at=max(request.send_at or now, now),
        window=clinic.window,
        caps=clinic.caps,
        permits=deps.allow_list.permits,
        channel=request.channel,
        overrides_quiet_hours=reason is not None,
        is_group=isinstance(audience, Visitors),
        exceeds_caps=request.exceeds_caps,
    )
    return Order(clinic, audience, letter, posting, request.request_key, now, override_reason=reason)


def _clinic(tx: Transaction, request: AdHocRequest, who: Actor | None) -> Clinic:
    every = clinics.every(tx)
    mine = [item for key, item in every.items() if who is None or who.may(Right.WRITE, key)]
    chosen = [item for item in mine if request.clinic_slug in {None, item.slug}]
    if len(chosen) == 1:
        return chosen[0]
    if who is not None and request.clinic_slug is not None:
        raise NotFoundError(f"no clinic {request.clinic_slug!r}")
    known = ", ".join(item.slug for item in mine) or "none yet"
    raise InputError([f"clinic: found {request.clinic_slug!r}; name one of: {known}"])


def _audience(request: AdHocRequest) -> Audience:
    if request.audience is not None:
        return request.audience
    if request.patient_external_id is None:
        raise InputError(["recipients: name a patient, or the days of their sessions"])
    return OnePatient(request.patient_external_id)


def _author(request: AdHocRequest, who: Actor | None) -> Actor:
    return who if who is not None else Actor(None, request.author[:LONGEST_AUTHOR] or "unnamed", {})
