"""Write: the e-mail of one message, with its calendar entry and the address at which one click unsubscribes."""

from __future__ import annotations

from datetime import datetime, timedelta

from reminders.core.appointments import Appointment
from reminders.core.cadences import anchors
from reminders.core.clinics import Clinic
from reminders.core.content import language_of
from reminders.core.ids import AttemptTag
from reminders.core.mail import as_html
from reminders.core.messages import Draft
from reminders.ports import CalendarEntry, OutgoingMail
from reminders.services.deps import Deps
from reminders.store import links
from reminders.store.unit_of_work import Transaction

UNSUBSCRIBE_LASTS = timedelta(days=400)


def write_mail(
    tx: Transaction,
    deps: Deps,
    clinic: Clinic,
    draft: Draft,
    address: str,
    appointment: Appointment | None,
    tag: AttemptTag,
    *,
    now: datetime,
) -> OutgoingMail:
    """Return the mail of a message: its Message-ID depends on the message alone, so a second copy can be told."""
    url = f"{deps.public_url}/u/{_unsubscribe_token(tx, deps, clinic, draft, now)}"
    return OutgoingMail(
        tag=tag,
        to=address,
        subject=draft.subject,
        text=f"{draft.body}\n\n{url}\n",
        html=as_html(draft.subject, draft.body, language=language_of(clinic.language), unsubscribe_url=url),
        message_id=f"<{draft.id}@{deps.mail_domain}>",
        start_by=0.0,
        calendar=_calendar(deps, clinic, appointment, now),
        unsubscribe_url=url,
    )


def _unsubscribe_token(tx: Transaction, deps: Deps, clinic: Clinic, draft: Draft, now: datetime) -> str:
    """Return the address's own token, the same in every mail; its row is made with the first."""
    token = tx.vault.token("unsubscribe", draft.contact_id)
    item = links.Link(
        purpose=links.Purpose.UNSUBSCRIBE,
        clinic_id=clinic.id,
        contact_id=draft.contact_id,
        patient_id=draft.patient_id,
        appointment_id=None,
        version=None,
        expires_at=now + UNSUBSCRIBE_LASTS,
    )
    links.add(tx, deps.identity.new_id(), token, item, now=now)
    return token


def _calendar(deps: Deps, clinic: Clinic, appointment: Appointment | None, now: datetime) -> str | None:
    if appointment is None or appointment.starts_at <= now:
        return None
    base = anchors(
        appointment.starts_at,
        appointment.booking.duration,
        clinic.cadence(appointment.booking.appointment_type),
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
