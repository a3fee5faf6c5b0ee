"""The load of a run: a clinic with one step, and a schedule in which every patient is owed exactly one text at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reminders.core.cadences import DEFAULT_CADENCE
from tests.chaos.logs import Promise

STEP = "remind_confirm"
BEGINS_AT = "2026-11-23T14:59:58+00:00"
"""Two seconds before everything falls due, at 10:00 in New York three days before the sessions."""
CLOCK, FAST_CLOCK = f"{BEGINS_AT}@1", f"{BEGINS_AT}@20"
"""The fast one shortens what is counted in the clinic's time: the pauses before another try."""
SESSIONS_ON = "2026-11-26"
QUARTERS = 24
HEADER = (
    "external_id,patient_id,patient_name,phone,email,language,patient_timezone,starts_at,timezone,duration_minutes,"
    "appointment_type,status,series_id,series_number,consent_sms,consent_email,escort_name,escort_phone,clinic"
)
CLINIC = """\
[clinic]
slug = "north"
sender = "North Clinic"
timezone = "America/New_York"
phone = "+1 212 555 0100"
catch_up_per_minute = 6000

[clinic.cadence."*"]
on = ["{step}"]
off = [{off}]
"""


def write_clinic(path: Path) -> None:
    """Write a clinic that sends nothing but the one reminder."""
    off = ", ".join(f'"{step.key}"' for step in DEFAULT_CADENCE.steps if step.key != STEP)
    path.write_text(CLINIC.format(step=STEP, off=off), encoding="utf-8")


def write_schedule(path: Path, count: int) -> Sequence[Promise]:
    """Write a schedule of so many patients, each with a phone and a session of their own; return what it promises."""
    rows, promises = [HEADER], []
    for number in range(count):
        phone = f"+1212{2_000_000 + number:07d}"
        hour, quarter = divmod(number % QUARTERS, 4)
        starts_at = f"{SESSIONS_ON}T{9 + hour:02d}:{15 * quarter:02d}"
        rows.append(
            f"A{number},P{number},Name {number},{phone},,en,,{starts_at},America/New_York,60,ketamine_infusion,booked"
            ",,,yes,no,,,"
        )
        promises.append(Promise(f"A{number}/{STEP}", phone))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return promises
