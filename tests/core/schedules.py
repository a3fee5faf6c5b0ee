"""Random schedules: several patients, zones, series, daily runs, weekends, late bookings, clock changes, closures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from hypothesis import strategies as st

from reminders.core.appointments import AppointmentStatus, Booking, ScheduleEntry
from reminders.core.cadences import DEFAULT_CADENCE, Cadence
from reminders.core.clinics import Clinic
from reminders.core.windows import DEFAULT_WINDOW, Opening, SendWindow
from tests.builders import NEW_YORK, a_clinic, a_record

LATE = SendWindow(((Opening(time(17), time(0, 30)),),) * 5 + ((), (Opening(time(12), time(15)),)))
"""Over midnight on weekdays, never on Saturday itself, and a short Sunday."""
LUNCH = (Opening(time(14), time(18)), Opening(time(9), time(12)))
BROKEN = SendWindow((*((LUNCH,) * 6), (Opening(time(12), time(12, 30)),)))
"""A lunch break, listed out of order, and half an hour on Sunday."""
DAY_OF_TOO = Cadence(tuple(replace(step, is_enabled=True) for step in DEFAULT_CADENCE.steps), rebook_weeks=4)

PLACES = [NEW_YORK, "America/Phoenix", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata", "Europe/Dublin"]
HOMES = [None, None, NEW_YORK, "Pacific/Honolulu", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Chatham"]
AROUND = [  # ordinary days, both clock changes of New York, and those of Lord Howe
    datetime(2027, 3, 2, tzinfo=UTC),
    datetime(2027, 3, 14, tzinfo=UTC),
    datetime(2027, 11, 7, tzinfo=UTC),
    datetime(2027, 4, 3, tzinfo=UTC),
    datetime(2028, 2, 28, tzinfo=UTC),
]
MINUTES = st.integers(0, 24 * 12 - 1).map(lambda fives: timedelta(minutes=5 * fives))


Schedule = tuple[Clinic, list[ScheduleEntry], datetime]


@st.composite
def clinics(draw: st.DrawFn, around: datetime) -> Clinic:
    """A clinic with some closed days, and now and then a window or a cadence of its own."""
    days = st.integers(-6, 20).map(lambda day: (around + timedelta(days=day)).date())
    return replace(
        a_clinic(window=draw(st.sampled_from([DEFAULT_WINDOW, DEFAULT_WINDOW, LATE, BROKEN]))),
        closures=draw(st.frozensets(days, max_size=4)),
        cadences=draw(st.sampled_from([{}, {}, {"*": DAY_OF_TOO}])),
    )


@st.composite
def rows_of_a_patient(draw: st.DrawFn, name: str, around: datetime) -> list[ScheduleEntry]:
    """One patient's sessions: alone, in daily runs and weekly patterns, numbered or not, some of them off."""
    record = a_record(
        name,
        phone=draw(st.sampled_from(["+12025550101"] * 4 + [None])),
        email=draw(st.sampled_from(["a@example.org", None])),
        timezone=draw(st.sampled_from(HOMES)),
        has_sms_consent=draw(st.sampled_from([True, True, True, False])),
    )
    place, at = draw(st.sampled_from(PLACES)), draw(MINUTES)
    gaps = draw(st.lists(st.sampled_from([1, 1, 1, 2, 2, 3, 7]), max_size=4))
    series = draw(st.sampled_from([None, "S1"]))
    is_numbered, first = draw(st.booleans()), draw(st.integers(-2, 9))
    rows = []
    for number, day in enumerate([first + sum(gaps[:count]) for count in range(len(gaps) + 1)], start=1):
        starts_at = around + timedelta(days=day) + at
        status = draw(st.sampled_from([AppointmentStatus.BOOKED] * 6 + list(AppointmentStatus)))
        duration = timedelta(minutes=draw(st.sampled_from([40, 60, 90, 95, 240, 600])))
        booking = Booking(
            starts_at, place, duration, "ketamine_infusion", status, series, number if is_numbered else None
        )
        rows.append(ScheduleEntry(f"{name}-{number}", record, booking))
    return rows


@st.composite
def schedules(draw: st.DrawFn, *, around: Sequence[datetime] = AROUND, sessions: int = 5) -> Schedule:
    """A clinic, its schedule, and a moment to read it."""
    day = draw(st.sampled_from(around))
    clinic = draw(clinics(day))
    names = ("P1", "P2")[: draw(st.integers(1, 2))]
    rows = [row for name in names for row in draw(rows_of_a_patient(name, day))]
    return clinic, rows, day + timedelta(days=draw(st.integers(-8, 6))) + draw(MINUTES)
