"""Appointments as calendar entries to attach to e-mail (RFC 5545, RFC 5546)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parseaddr

from icalendar import Calendar, Event, vCalAddress

from reminders.core.calendar_entries import CalendarEntry

_PRODUCT = "-//reminders//appointment//EN"
_FIRST_STAMP = datetime(2020, 1, 1, tzinfo=UTC)
_NO_ADDRESS = "invalid:nomail"
"""What calendars write for an organizer whom nobody can write to."""


def invite(entry: CalendarEntry) -> str:
    """Return a calendar object with one event, in UTC; the same for the same entry.

    `uid` stays the same for all versions of an appointment and `sequence` is the version, so that calendars replace the
    entry. `organizer` is an address, a name, or `Name <address>`. `summary` and `location` show on lock screens: no
    clinical words in them.
    """
    event = Event.new(
        uid=entry.uid,
        start=entry.starts_at.astimezone(UTC),
        end=entry.ends_at.astimezone(UTC),
        # Calendars compare stamps within one version only, so a stamp by version orders them and keeps a copy a copy.
        stamp=_FIRST_STAMP + timedelta(seconds=entry.sequence),
        summary=entry.summary,
        location=entry.location or None,
        organizer=_organizer(entry.organizer),
        sequence=entry.sequence,
    )
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", _PRODUCT)
    calendar.add("method", "CANCEL" if entry.is_cancelled else "PUBLISH" if entry.is_published else "REQUEST")
    calendar.add_component(event)
    return bytes(calendar.to_ical()).decode("utf-8")


def _organizer(text: str) -> vCalAddress:
    name, address = parseaddr(text)
    if "@" not in address:
        name, address = text, ""
    organizer = vCalAddress(f"mailto:{address}" if address else _NO_ADDRESS)
    if name:
        organizer.params["CN"] = name
    return organizer
