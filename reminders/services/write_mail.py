"""Write: the e-mail of one message, with its calendar entry and the address at which one click unsubscribes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminders.core.appointments import Appointment
from reminders.core.cadences import anchors
from reminders.core.calendar_entries import CalendarEntry
from reminders.core.clinics import Clinic
from reminders.core.content import language_of
from reminders.core.ids import AttemptTag
from reminders.core.mail import as_html
from reminders.core.messages import Draft
from reminders.core.patients import NO_OVERRIDE, Override, Recipient
from reminders.ports import OutgoingMail
from reminders.services.deps import Deps
from reminders.store import links
from reminders.store.unit_of_work import Transaction

UNSUBSCRIBE_LASTS = timedelta(days=36_500)
"""However old a mail is, its way out works."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is on the outside of a mail, in whose language its footer is, and what staff changed for its reader."""

    tag: AttemptTag
    address: str
    language: str
    unsubscribe_token: str
    override: Override = NO_OVERRIDE


def write_mail(
    deps: Deps, clinic: Clinic, draft: Draft, appointment: Appointment | None, *, envelope: Envelope, now: datetime
) -> OutgoingMail:
    """Return the mail of a message: its Message-ID depends on the message alone, so a second copy can be told.

    Staff on call are not shown a way out: whom the clinic calls is the clinic's to decide.
    """
    url = None if draft.recipient is Recipient.STAFF else f"{deps.public_url}/u/{envelope.unsubscribe_token}"
    return OutgoingMail(
        tag=envelope.tag,
        to=envelope.address,
        subject=draft.subject,
        text=f"{draft.body}\n" + (f"\n{url}\n" if url else ""),
        html=as_html(draft.subject, draft.body, language=language_of(envelope.language), unsubscribe_url=url),
        message_id=f"<{draft.id}@{deps.mail_domain}>",
        start_by=0.0,
        calendar=_calendar(deps, clinic, appointment, envelope.override, now=now),
        unsubscribe_url=url,
    )


def unsubscribe_token(tx: Transaction, draft: Draft) -> str:
    """Return the token by which an address opts out, the same in every mail to it."""
    return tx.vault.token("unsubscribe", draft.contact_id)


def keep_unsubscribe_links(tx: Transaction, deps: Deps, drafts: Iterable[Draft], *, now: datetime) -> None:
    """Make the unsubscribe tokens of these mails valid; their rows are made with an address's first."""
    found = {
        draft.contact_id: (deps.identity.new_id(), unsubscribe_token(tx, draft), _link(draft, now))
        for draft in drafts
        if draft.recipient is not Recipient.STAFF
    }
    links.add(tx, found.values(), now=now)


def _link(draft: Draft, now: datetime) -> links.Link:
    return links.Link(
        purpose=links.Purpose.UNSUBSCRIBE,
        clinic_id=draft.clinic_id,
        contact_id=draft.contact_id,
        patient_id=draft.patient_id,
        appointment_id=None,
        version=None,
        expires_at=now + UNSUBSCRIBE_LASTS,
    )


def _calendar(
    deps: Deps, clinic: Clinic, appointment: Appointment | None, override: Override, *, now: datetime
) -> str | None:
    if appointment is None or appointment.starts_at <= now:
        return None
    base = anchors(
        appointment.starts_at,
        appointment.booking.duration,
        clinic.cadence(appointment.booking.appointment_type, override),
        versioned_at=appointment.versioned_at,
        ended_at=appointment.ended_at,
    )
    entry = CalendarEntry(
        uid=f"{appointment.id}@{deps.mail_domain}",
        starts_at=base.start,
        ends_at=base.end,
        summary=clinic.sender,
        location=clinic.address,
        organizer=clinic.sender,
        sequence=appointment.version,
        is_cancelled=appointment.status.is_off,
    )
    return deps.invite(entry)
