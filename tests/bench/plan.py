"""Planning on one core, beside a bare loop that only converts each touch's time from zone to zone."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from time import process_time
from uuid import UUID
from zoneinfo import ZoneInfo

from reminders.core.appointments import AppointmentStatus, Booking, ScheduleEntry
from reminders.core.clinics import DEFAULT_TYPE, Clinic
from reminders.core.foresight import foresee_schedule
from reminders.core.ids import ClinicId
from reminders.core.patients import PatientRecord
from tests.bench.figures import Figure
from tests.bench.options import Options

START = datetime(2027, 3, 1, 14, tzinfo=UTC)
"""A Monday morning in New York, with a clock change two weeks ahead."""
ZONES = (None, "America/Chicago", "America/Los_Angeles", "America/Phoenix", "Europe/London")
SERIES = 6
STEPS_LOOKED_AT = 16
"""How many touches the cadence of one session has; the bare loop converts as many instants."""


def measure(options: Options) -> Sequence[Figure]:
    """Plan a made-up schedule several times, in turns with a bare loop over the same sessions."""
    clinic = Clinic(ClinicId(UUID(int=1)), "bench", "Bench Clinic", "America/New_York", "+12125550100")
    entries = [_entry(number) for number in range(options.size(10_000, 2_000))]
    ours, bare, touches = [], [], 0
    for _ in range(options.times(3, 3)):
        seconds, touches = _timed(lambda: len(foresee_schedule(clinic, entries, now=START)))
        ours.append(len(entries) / seconds)
        bare.append(len(entries) / _timed(lambda: _bare(entries))[0])
    notes = {"sessions": len(entries), "touches": touches}
    return [Figure("plan", "sessions planned", "/s", ours, bare, "converting only", notes=notes)]


def _timed(work: Callable[[], int]) -> tuple[float, int]:
    gc.collect()
    gc.disable()  # as `timeit` does: what is left of one run must not slow the other
    begun = process_time()
    count = work()
    seconds = process_time() - begun
    gc.enable()
    return seconds, count


def _bare(entries: list[ScheduleEntry]) -> int:
    count = 0
    for entry in entries:
        zone, reader = entry.booking.tz, ZoneInfo(entry.patient.timezone or entry.booking.timezone)
        for days in range(STEPS_LOOKED_AT):
            at = (entry.booking.starts_at.astimezone(zone) - timedelta(days=days)).astimezone(UTC)
            count += at.astimezone(reader).day
    return count


def _entry(number: int) -> ScheduleEntry:
    """Make a row: series of six, two or three days apart, at every hour and minute, in several zones."""
    who, which = divmod(number, SERIES)
    start = START + timedelta(days=2 + who % 45 + (2 + who % 2) * which, minutes=(who * 37 + which * 11) % 480)
    patient = PatientRecord(
        external_id=f"P{who}",
        name=f"Patient {who}",
        phone=f"+1212555{who:07d}",
        email=None,
        language="en",
        timezone=ZONES[who % len(ZONES)],
        has_sms_consent=True,
        has_email_consent=False,
    )
    booking = Booking(
        start,
        "America/New_York",
        timedelta(minutes=40 + 20 * (who % 5)),
        DEFAULT_TYPE,
        AppointmentStatus.BOOKED,
        f"S{who}",
        which + 1,
    )
    return ScheduleEntry(f"A{number}", patient, booking)
