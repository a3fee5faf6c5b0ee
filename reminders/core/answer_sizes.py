"""What a clinic's automatic answers cost at their longest: each alone fits into two parts (requirement 25)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from reminders.core.answer_texts import ANSWER_TEMPLATES, ANSWER_VALUES
from reminders.core.appointments import Appointment, AppointmentStatus, Booking
from reminders.core.cadences import QuestionKind
from reminders.core.clinics import DEFAULT_TYPE, Clinic
from reminders.core.content import PLACEHOLDER
from reminders.core.conversation.answers import MOST_SEGMENTS, AnswerKind, write_answer
from reminders.core.ids import AppointmentId, PatientId
from reminders.core.reading import fault_line
from reminders.core.segments import measure

LATE_IN_SEPTEMBER = datetime(2027, 9, 22, 22, 45)  # noqa: DTZ001 - a wall-clock time, read in the clinic's zone below
NOBODY = PatientId(UUID(int=0))


def answer_size_faults(clinic: Clinic) -> Iterator[str]:
    """Yield a line for every answer of the clinic's own that is too long, and one for the product's with its names."""
    broken = []
    for language in ANSWER_TEMPLATES:
        for kind in AnswerKind:
            own = clinic.templates.get(language, {}).get(kind.key)
            if not set(PLACEHOLDER.findall(own or "")) <= ANSWER_VALUES or _segments(clinic, language, kind) <= _most(
                clinic
            ):
                continue
            if own is None:
                broken.append(f"{kind.key} ({language})")
            else:
                path = f"clinic.templates.{language}.{kind.key}"
                yield fault_line(path, own, f"an answer has at most {_most(clinic)} parts")
    if broken:
        wanted = f"with this clinic's name and phone our answers are too long; shorten these: {', '.join(broken[:3])}"
        yield fault_line("clinic.sender", clinic.sender, wanted)


def _most(clinic: Clinic) -> int:
    """Return the parts an answer may have: characters that cost double are allowed to, where a clinic allows them."""
    return MOST_SEGMENTS * 2 if clinic.allows_ucs2 else MOST_SEGMENTS


def _segments(clinic: Clinic, language: str, kind: AnswerKind) -> int:
    asks = QuestionKind.CONFIRM if kind is AnswerKind.MOVED else None
    body, _ = write_answer(clinic, [kind], language=language, about={kind: [_visit(clinic)]}, asks=asks)
    size = measure(body)
    if clinic.allows_ucs2 or not size.odd_characters:
        return size.segments
    # Characters that are not allowed are a fault of their own.
    return measure("".join("x" if char in size.odd_characters else char for char in body)).segments


def _visit(clinic: Clinic) -> Appointment:
    start = LATE_IN_SEPTEMBER.replace(tzinfo=ZoneInfo(clinic.timezone)).astimezone(UTC)
    booking = Booking(start, clinic.timezone, timedelta(hours=1), DEFAULT_TYPE, AppointmentStatus.BOOKED)
    return Appointment(AppointmentId(UUID(int=1)), "", NOBODY, booking, version=1, versioned_at=start)
