"""Appointments as calendar entries to attach to e-mail (RFC 5545, RFC 5546)."""

from __future__ import annotations

from datetime import datetime

from icalendar import Calendar, Event, vCalAddress

_PRODUCT = "-//reminders//appointment//EN"


def invite(  # noqa: PLR0913 - the fields of a calendar entry, each named by the caller
    uid: str,
    *,
    starts_at: datetime,
    ends_at: datetime,
    summary: str,
    location: str,
    organizer: str,
    sequence: int,
    is_cancelled: bool,
    now: datetime,
) -> str:
    """Return a calendar object with one event, in UTC.

    `uid` stays the same for all versions of an appointment and `sequence` is the version, so that calendars replace the
    entry. `organizer` is an e-mail address. `summary` and `location` show on lock screens: no clinical words in them.
    """
    event = Event.new(
        uid=uid,
        start=starts_at,
        end=ends_at,
        stamp=now,
        summary=summary,
        location=location or None,
        organizer=vCalAddress(f"mailto:{organizer}"),
        sequence=sequence,
    )
    event.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    calendar = Calendar.new(method="CANCEL" if is_cancelled else "REQUEST", prodid=_PRODUCT, subcomponents=[event])
    return bytes(calendar.to_ical()).decode("utf-8")
