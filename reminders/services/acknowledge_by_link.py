"""Acknowledge by link: the page in a notice by e-mail, at which somebody on call takes an alarm over with one press.

Reading it changes nothing: mail scanners read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reminders.core.clinics import Clinic
from reminders.core.content import language_of
from reminders.core.escalations import Escalation, person_at
from reminders.services.deps import Deps
from reminders.services.escalate import acknowledge, token_of
from reminders.store import clinics, contacts, escalations, links
from reminders.store.links import SHORTEST_LIFE, Link, Purpose
from reminders.store.unit_of_work import Transaction

LONGEST_CLIMB = 4 * SHORTEST_LIFE
"""How old a climb may be whose newest notice is still good."""
BY_LINK = "link"
"""Who took over, where the address is on the chain no more."""


@dataclass(frozen=True, slots=True)
class AlarmPage:
    """What the page shows: whose alarm it is and whether it is still open. Nothing of a patient, nothing clinical."""

    language: str
    sender: str
    code: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """What a link opens."""

    link: Link
    clinic: Clinic
    item: Escalation


def read_alarm(deps: Deps, token: str) -> AlarmPage | None:
    """Return what a link shows; None for one that is wrong or expired, both alike."""
    with deps.store.reading() as tx:
        found = _found(tx, token, deps.clock.now())
    if found is None:
        return None
    clinic, item = found.clinic, found.item
    return AlarmPage(language_of(clinic.language), clinic.sender, item.code, item.acknowledged_at is None)


def acknowledge_by_link(deps: Deps, token: str) -> bool:
    """Take the alarm of a link over; False where the link is not ours. Twice is the same as once."""
    with deps.store.transaction() as tx:
        now = deps.clock.now()
        found = _found(tx, token, now)
        if found is None:
            return False
        person = person_at(found.clinic.escalation, contacts.address_of(tx, found.link.contact_id))
        acknowledge(tx, deps, found.item.task_key, by=person.name if person else BY_LINK, now=now)
    return True


def _found(tx: Transaction, token: str, now: datetime) -> _Found | None:
    """Find the climb that a token was made of: no column leads from a link to it, and a clinic's climbs are few."""
    link = links.find(tx, token, Purpose.ACKNOWLEDGE, now=now)
    if link is None:
        return None
    recent = escalations.since(tx, link.clinic_id, now - LONGEST_CLIMB)
    item = next((each for each in recent if token_of(tx, each, link.contact_id) == token), None)
    return None if item is None else _Found(link, clinics.get(tx, link.clinic_id), item)
