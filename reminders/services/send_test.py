"""Test: staff send a text to themselves before it goes to patients. It leaves by the same door as every message.

It belongs to no patient, so it counts nowhere as one: not for caps, not for figures, not in a timeline.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from reminders.core.audit import Deed
from reminders.core.clinics import Clinic
from reminders.core.content import language_of, render
from reminders.core.errors import InputError, NotFoundError
from reminders.core.gate import Origin
from reminders.core.ids import ContactId, MessageId
from reminders.core.messages import Draft
from reminders.core.patients import Channel, Recipient
from reminders.core.segments import measure
from reminders.core.staff import Actor, Right
from reminders.core.texts import SUBJECTS
from reminders.ports import SENDING_JOBS
from reminders.services.audit import note
from reminders.services.deps import Deps
from reminders.store import clinics, contacts, mailings, messages, patients
from reminders.store.unit_of_work import Transaction

KIND = "test"
LASTS = timedelta(hours=1)
MOST_AN_HOUR = 10
"""At one clinic: enough to try a text, too few to be another way of sending."""
LONGEST_KEY = 64


@dataclass(frozen=True, slots=True)
class Trial:
    """A text as a patient will read it, and the phone (E.164) or mailbox of whoever wants to see it."""

    clinic_slug: str
    address: str
    body: str
    request_key: str

    @property
    def channel(self) -> Channel:
        """A mailbox has an @."""
        return Channel.EMAIL if "@" in self.address else Channel.SMS


def send_test(deps: Deps, trial: Trial, *, who: Actor) -> None:
    """Send a text to staff; the same key again sends nothing more.

    Raises InputError for an address that is not on the allow-list, is a patient's, or after too many tests.
    """
    with deps.store.transaction() as tx:
        clinic = _clinic(tx, trial, who)
        key, now = f"test:{trial.request_key[:LONGEST_KEY]}", deps.clock.now()
        if messages.by_request_key(tx, clinic.id, key) is not None:
            return
        _check(tx, deps, trial, clinic, now)
        place = (trial.channel, trial.address)
        contact_id = contacts.ensure(tx, clinic.id, *place, new_id=deps.identity.new_id())
        messages.add(tx, [_draft(deps, clinic, trial, contact_id=contact_id, key=key, by=who, now=now)], now=now)
        note(tx, deps, who, Deed.TEST_SENT, clinic_id=clinic.id)
    deps.queue.hint(SENDING_JOBS.values())


def _clinic(tx: Transaction, trial: Trial, who: Actor) -> Clinic:
    mine = [item for key, item in clinics.every(tx).items() if who.may(Right.WRITE, key)]
    found = next((item for item in mine if item.slug == trial.clinic_slug), None)
    if found is None:
        raise NotFoundError(f"no clinic {trial.clinic_slug!r}")
    return found


def _check(tx: Transaction, deps: Deps, trial: Trial, clinic: Clinic, now: datetime) -> None:
    if not deps.allow_list.permits(trial.address):
        raise InputError(["test: that address is not on the allow-list, so nothing would arrive there"])
    if patients.at_address(tx, trial.address):
        raise InputError(["test: that is a patient’s address; a test goes to your own"])
    if mailings.made_since(tx, clinic.id, KIND, now - LASTS) >= MOST_AN_HOUR:
        raise InputError([f"test: {MOST_AN_HOUR} tests were sent within an hour; wait a little"])


def _draft(
    deps: Deps, clinic: Clinic, trial: Trial, *, contact_id: ContactId, key: str, by: Actor, now: datetime
) -> Draft:
    return Draft(
        id=MessageId(deps.identity.new_id()),
        clinic_id=clinic.id,
        contact_id=contact_id,
        patient_id=None,
        appointment_id=None,
        version=None,
        channel=trial.channel,
        origin=Origin.ALERT,
        kind=KIND,
        body=trial.body,
        subject=render(SUBJECTS[language_of(clinic.language)], {"sender": clinic.sender}),
        segments=measure(trial.body).segments if trial.channel is Channel.SMS else 0,
        due_at=now,
        expires_at=now + LASTS,
        author=by.name[:80],
        request_key=key,
        recipient=Recipient.STAFF,
    )
