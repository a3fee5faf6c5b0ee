"""`reminders bench`: how fast the parts are, each beside a bare loop of the same run; ratios, not wishes."""

from __future__ import annotations

import gc
import json
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from time import process_time
from uuid import UUID
from zoneinfo import ZoneInfo

from reminders.cli.tables import print_table
from reminders.core.appointments import AppointmentStatus, Booking, ScheduleEntry
from reminders.core.clinics import DEFAULT_TYPE, Clinic
from reminders.core.foresight import foresee_schedule
from reminders.core.ids import ClinicId
from reminders.core.patients import PatientRecord

DONE = 0
START = datetime(2027, 3, 1, 14, tzinfo=UTC)
"""A Monday morning in New York, with a clock change two weeks ahead."""
ZONES = (None, "America/Chicago", "America/Los_Angeles", "America/Phoenix", "Europe/London")
SERIES = 6
STEPS_LOOKED_AT = 16
"""How many touches the cadence of one session has; the bare loop converts as many instants."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure: CPU seconds of the fastest, the median and the slowest run, beside the bare loop's median."""

    rows: int
    touches: int
    fastest: float
    median: float
    slowest: float
    bare: float

    @property
    def a_second(self) -> float:
        """Return appointments planned in a second of one core."""
        return self.rows / self.median

    @property
    def ratio(self) -> float:
        """Return how often the bare loop would fit into the time of one run."""
        return self.median / self.bare


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Measure planning on one core and print it."""
    found = measure_planning(arguments.rows, runs=arguments.runs)
    if arguments.json:
        print(json.dumps({"plan": {**asdict(found), "a_second": found.a_second, "ratio": found.ratio}}, indent=2))
        return DONE
    headings = ("Measure", "Appointments", "Touches", "CPU s, median (range)", "A second", "Times the bare loop")
    row = (
        "plan",
        f"{found.rows:,}",
        f"{found.touches:,}",
        f"{found.median:.2f} ({found.fastest:.2f} to {found.slowest:.2f})",
        f"{found.a_second:,.0f}",
        f"{found.ratio:.1f}",
    )
    print_table(headings, [row], environment)
    print("The bare loop only converts each touch's time from the clinic's zone to UTC and on to the reader's.")
    return DONE


def measure_planning(rows: int, *, runs: int) -> Measured:
    """Plan a made-up schedule several times, in turns with a bare loop over the same sessions."""
    clinic = Clinic(ClinicId(UUID(int=1)), "bench", "Bench Clinic", "America/New_York", "+12125550100")
    entries = [_entry(number) for number in range(rows)]
    planned, bare, touches = [], [], 0
    for turn in range(1, runs + 1):
        if sys.stderr.isatty():
            print(f"\rrun {turn} of {runs}", end="\n" if turn == runs else "", file=sys.stderr, flush=True)
        seconds, touches = _timed(lambda: len(foresee_schedule(clinic, entries, now=START)))
        planned.append(seconds)
        bare.append(_timed(lambda: _bare(entries))[0])
    return Measured(rows, touches, min(planned), median(planned), max(planned), median(bare))


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
