"""A made-up schedule file of any size: series of six, in several zones, one in three with somebody who drives home."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path

from tests.builders import NOON

SERIES = 6
HEADER = (
    *("external_id", "patient_id", "patient_name", "phone", "email", "language", "patient_timezone", "starts_at"),
    *("timezone", "duration_minutes", "appointment_type", "status", "series_id", "series_number", "consent_sms"),
    *("consent_email", "escort_name", "escort_phone"),
)
ZONES = ("", "", "America/Chicago", "America/Los_Angeles", "America/Phoenix")
NAMES = ("Dana Rivers", "José Álvarez", "Kim Doe", "Maria van der Berg", "Li Wei", "Aisha Khan", "Tom O'Neil")
MONDAY_AT_EIGHT = (NOON + timedelta(days=14)).replace(hour=8, minute=0, tzinfo=None)


def write_schedule(file: Path, rows: int, *, moved_every: int = 0) -> None:
    """Write so many sessions, six for each patient; `moved_every` moves one of so many by an hour."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(HEADER)
        writer.writerows(islice(_rows(moved_every), rows))


def _rows(moved_every: int) -> Iterator[tuple[object, ...]]:
    number = 0
    while True:
        who, which = divmod(number, SERIES)
        day = timedelta(days=who % 45 + (2 + who % 2) * which, minutes=30 * ((who * 7 + which) % 16))
        late = timedelta(hours=1) if moved_every and number % moved_every == 0 else timedelta()
        escort = (f"Sam Rivers {who}", f"+1646{3_000_000 + who}") if who % 3 == 0 else ("", "")
        yield (
            f"A{number}",
            f"P{who}",
            f"{NAMES[who % len(NAMES)]} {who}",
            f"+1212{2_000_000 + who}",
            f"p{who}@example.org" if who % 2 else "",
            "es" if who % 5 == 0 else "en",
            ZONES[who % len(ZONES)],
            f"{MONDAY_AT_EIGHT + day + late:%Y-%m-%dT%H:%M}",
            "America/New_York",
            40 + 20 * (who % 4),
            "ketamine_infusion",
            "booked",
            f"S{who}",
            which + 1,
            "no" if who % 20 == 0 else "yes",
            "yes" if who % 2 else "no",
            *escort,
        )
        number += 1
