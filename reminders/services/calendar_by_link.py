"""The session of a patient's page as a calendar entry to fetch: the same entry in every version, so that it follows."""

from __future__ import annotations

from collections.abc import Mapping

from reminders.core.cadences import anchors
from reminders.core.calendar_entries import CalendarEntry
from reminders.core.content import language_of
from reminders.services.deps import Deps
from reminders.services.respond_by_link import Visit, moved_visit, visit_of

TITLES: Mapping[str, str] = {"en": "appointment", "es": "cita"}


def calendar_by_link(deps: Deps, token: str, number: int) -> str | None:
    """Return the calendar entry of the page's session of this number, from 1, in order of time.

    None for every link that opens no page. Nothing in it is clinical: the sender's name, times and the address.
    """
    now = deps.clock.now()
    with deps.store.reading() as tx:
        visit = visit_of(tx, token, now)
        if visit is None or not visit.sessions:
            visit = moved_visit(tx, token, now)
    if visit is None or not 1 <= number <= len(visit.sessions):
        return None
    return deps.invite(_entry(deps, visit, number))


def _entry(deps: Deps, visit: Visit, number: int) -> CalendarEntry:
    held, clinic = visit.sessions[number - 1], visit.clinic
    base = anchors(
        held.starts_at,
        held.booking.duration,
        clinic.cadence(held.booking.appointment_type, visit.patient.override),
        versioned_at=held.versioned_at,
        ended_at=held.ended_at,
    )
    return CalendarEntry(
        uid=f"{held.id}@{deps.mail_domain}",
        starts_at=base.start,
        ends_at=base.end,
        summary=f"{clinic.sender}: {TITLES[language_of(visit.patient.record.language)]}",
        location=clinic.address,
        organizer=clinic.sender,
        sequence=held.version,
        is_cancelled=False,
        is_published=True,
    )
