"""Texts: `{{placeholder}}` templates, the values they may use, and what a message finally says.

There is no template language on purpose: staff edit these texts (security requirement 11). No text names the drug, the
diagnosis or the specialty (requirement 49).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from reminders.core.appointments import Appointment
from reminders.core.cadences import Anchors, QuestionKind, anchors
from reminders.core.clinics import Clinic
from reminders.core.errors import ContentError
from reminders.core.texts import HELP_ANSWERS, MONTHS, QUESTIONS, SUBJECTS, TEMPLATES, WEEKDAYS
from reminders.core.windows import local_day

PLACEHOLDER = re.compile(r"\{\{\s*([a-z_]+)\s*\}\}")
KNOWN_VALUES = frozenset(
    {
        "sender",
        "phone",
        "emergency",
        "when",
        "arrive_at",
        "pick_up_at",
        "solids_until",
        "liquids_until",
        "drive_after",
        "link",
        "question",
    }
)
"""What a clinic's own texts may speak of; one that asks for more is refused with the clinic's file, not when due."""
FALLBACK_LANGUAGE = "en"
NOON = 12
QUARTER = timedelta(minutes=15)


def render(template: str, values: Mapping[str, str]) -> str:
    """Fill a template. Raises ContentError for a placeholder without a value; a value is never a template itself."""
    missing = sorted({name for name in PLACEHOLDER.findall(template) if name not in values})
    if missing:
        message = (
            f"no value for {', '.join('{{' + name + '}}' for name in missing)}; known: {', '.join(sorted(values))}"
        )
        raise ContentError(message)
    filled = PLACEHOLDER.sub(lambda match: values[match.group(1)], template)
    return re.sub(r"[ \t]+", " ", filled).strip()


@dataclass(frozen=True, slots=True)
class Words:
    """What one message says: `subject` is for e-mail only."""

    subject: str
    body: str


def language_of(wanted: str) -> str:
    """Return the language we have texts in: the wanted one, or English."""
    short = wanted.lower().replace("_", "-").split("-")[0]
    return short if short in TEMPLATES else FALLBACK_LANGUAGE


def compose(
    step: str,
    appointment: Appointment,
    clinic: Clinic,
    *,
    language: str,
    asks: QuestionKind | None,
    link: str = "",
    also: Sequence[Appointment] = (),
    about: Appointment | None = None,
) -> Words:
    """Return the words of one touch. `link` is the patient's own page; without it the text asks for a reply.

    `also` are further sessions of which the same is to be said: `when` then names them all. `about` is the session that
    the question is about; where merging made it another one than the text's, the question names it.
    """
    tongue = language_of(language)
    values = {**appointment_values(appointment, clinic, language=tongue), "link": link}
    days = [moment(item.starts_at, item.booking.tz, tongue) for item in sorted(also, key=lambda item: item.starts_at)]
    values["when"] = "; ".join([values["when"], *days])
    values["question"] = _question(asks, tongue, has_link=bool(link), values=values)
    if asks is not None and about is not None and about.id != appointment.id:
        # "Reply C" under Wednesday's text must not be read as Wednesday's when it confirms Friday.
        values["question"] = f"{moment(about.starts_at, about.booking.tz, tongue)}: {values['question']}"
    return Words(render(SUBJECTS[tongue], values), render(_asking(_template(step, clinic, tongue)), values))


def _asking(template: str) -> str:
    """Give a template a place for the question, which a merged touch may bring to a text that has none of its own."""
    return template if "question" in PLACEHOLDER.findall(template) else template + " {{question}}"


def _template(step: str, clinic: Clinic, language: str) -> str:
    own = clinic.templates.get(language, {}).get(step)
    return own or TEMPLATES[language][step]


def _question(asks: QuestionKind | None, language: str, *, has_link: bool, values: Mapping[str, str]) -> str:
    if asks is None:
        return ""
    return render(QUESTIONS[language][asks.value + ("_link" if has_link else "")], values)


def help_answer(clinic: Clinic, *, language: str) -> str:
    """Return the answer to HELP: who we are, whom to call, how to stop (requirement 37)."""
    return render(HELP_ANSWERS[language_of(language)], {"sender": clinic.sender, "phone": clinic.phone})


def appointment_values(appointment: Appointment, clinic: Clinic, *, language: str) -> dict[str, str]:
    """Return what templates may say about an appointment. Times are shown in its own zone.

    Fasting and driving times are elapsed time, rounded to the safe side: eat earlier, drive later (requirement 5).
    """
    cadence = clinic.cadence(appointment.booking.appointment_type)
    base = anchors(
        appointment.starts_at,
        appointment.booking.duration,
        cadence,
        versioned_at=appointment.versioned_at,
        ended_at=appointment.ended_at,
    )
    zone = appointment.booking.tz
    return {
        "sender": clinic.sender,
        "phone": clinic.phone,
        "emergency": clinic.emergency_number,
        "when": moment(base.start, zone, language),
        "arrive_at": clock(base.arrival, zone, language),
        "pick_up_at": moment(base.end, zone, language) if _spans_days(base, zone) else clock(base.end, zone, language),
        "solids_until": moment(quarter_before(base.fasting), zone, language),
        "liquids_until": moment(quarter_before(base.start - cadence.liquids_fast), zone, language),
        "drive_after": moment(quarter_after(base.end + cadence.driving_ban), zone, language),
    }


def _spans_days(base: Anchors, tz: ZoneInfo) -> bool:
    return local_day(base.start, tz) != local_day(base.end, tz)


def quarter_before(at: datetime) -> datetime:
    """Round down to a quarter of an hour."""
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)


def quarter_after(at: datetime) -> datetime:
    """Round up to a quarter of an hour."""
    down = quarter_before(at)
    return down if down == at else down + QUARTER


def clock(at: datetime, tz: ZoneInfo, language: str) -> str:
    """Write a time of day as people of that language read it."""
    local = at.astimezone(tz)
    if language != FALLBACK_LANGUAGE:
        return f"{local.hour}:{local.minute:02d}"
    return f"{(local.hour - 1) % NOON + 1}:{local.minute:02d} {'AM' if local.hour < NOON else 'PM'}"


def moment(at: datetime, tz: ZoneInfo, language: str) -> str:
    """Write a day and time, always with the day: 'Tue Mar 3, 9:00 AM'."""
    local = at.astimezone(tz)
    weekday, month = WEEKDAYS[language][local.weekday()], MONTHS[language][local.month - 1]
    day = f"{weekday} {month} {local.day}" if language == FALLBACK_LANGUAGE else f"{weekday} {local.day} {month}"
    return f"{day}, {clock(at, tz, language)}"
