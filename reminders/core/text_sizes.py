"""What every text of a clinic costs at its longest, before it is ever sent (requirements 12 and 25)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from uuid import UUID
from zoneinfo import ZoneInfo

from reminders.core.answer_texts import ANSWER_KEYS
from reminders.core.appointments import Appointment, AppointmentStatus, Booking
from reminders.core.cadences import DEFAULT_CADENCE, Anchor, Cadence, Elapsed, Phase, QuestionKind, Step
from reminders.core.check_ins import NUDGE
from reminders.core.clinics import DEFAULT_TYPE, Clinic
from reminders.core.content import (
    KNOWN_VALUES,
    OF_A_TIME,
    PLACEHOLDER,
    WAY_OUT,
    Question,
    compose,
    language_of,
)
from reminders.core.ids import AppointmentId, PatientId
from reminders.core.merging import NEWS, QUESTION_ORDER
from reminders.core.patients import Channel, Patient, PatientRecord, Recipient
from reminders.core.reading import fault_line
from reminders.core.segments import measure
from reminders.core.texts import QUESTIONS, TEMPLATES
from reminders.core.transport import RidePolicy

LINK_CHARACTERS = 60
USUAL = {"sender": "Riverside Family Clinic", "phone": "+1 202 555 0100", "address": "12 Riverside Drive, Suite 100"}
"""Names of a usual length: where even these do not fit, the clinic's own are not to blame."""
FEW = 3
LONG_WAIT = timedelta(hours=24)
LONGEST = Cadence(
    DEFAULT_CADENCE.steps,
    arrive_early=timedelta(0),
    recovery_short=timedelta(0),
    recovery_long=timedelta(0),
    solids_fast=LONG_WAIT + timedelta(hours=22, minutes=45),
    liquids_fast=LONG_WAIT,
    driving_ban=LONG_WAIT,
    ride_policy=RidePolicy.ADULT_OR_ESCORTED_HIRE,
)
"""Not a cadence for people: with sessions at 22:45 it makes every day and time that a text prints a long one."""
ASKS_AGAIN = Step(NUDGE, Phase.AFTER, Elapsed(Anchor.END), Elapsed(Anchor.END), rank=0, asks=QuestionKind.CHECK_IN)
"""A check-in's nudge, as if it were a step: it has texts like one."""
LATE_IN_SEPTEMBER = datetime(2027, 9, 22, 22, 45)  # noqa: DTZ001 - a wall-clock time, read in the clinic's zone below
WEEK = 7
NO_CAP = 100_000
NOBODY = PatientId(UUID(int=0))


@dataclass(frozen=True, slots=True)
class _Text:
    """One text of a clinic at its longest."""

    language: str
    key: str
    is_own: bool
    is_to_escort: bool
    body: str

    @property
    def name(self) -> str:
        return f"{self.key} ({self.language})"


def size_faults(clinic: Clinic) -> Iterator[str]:
    """Yield a line for every own text that is too long, and one for all of the product's with this clinic's names."""
    texts = list(_texts(clinic))
    for text in texts:
        if text.is_own and _is_too_long(text, clinic):
            path = f"clinic.templates.{text.language}.{text.key}"
            yield fault_line(
                path, _size(text.body, clinic), f"at most {_allowed(clinic)}, at the longest days and names"
            )
    yield from _way_out_faults(clinic)
    broken = [text for text in texts if not text.is_own and _is_too_long(text, clinic)]
    if broken:
        yield _blame(clinic, broken)


def _way_out_faults(clinic: Clinic) -> Iterator[str]:
    """Find own texts that may not go under the exemption from consent: name, contact and way out (domain C1)."""
    if clinic.caps.characters is None:
        return
    to_escorts = escort_steps(clinic)
    for language, texts in clinic.templates.items():
        for step, text in texts.items():
            missing = {"sender", "phone"} - set(PLACEHOLDER.findall(text))
            if step not in to_escorts | ANSWER_KEYS and (missing or WAY_OUT not in text):
                wanted = "under clinic.caps.characters every text says {{sender}}, {{phone}} and STOP"
                yield fault_line(f"clinic.templates.{language}.{step}", text, wanted)


def _blame(clinic: Clinic, broken: Sequence[_Text]) -> str:
    """Say in one line which of a clinic's own words, or which limit, makes our texts too long."""
    worst = _size(max(broken, key=lambda text: len(text.body)).body, clinic)
    named = ", ".join(text.name for text in broken[:FEW])
    names = named if len(broken) <= FEW else f"{named} and {len(broken) - FEW} more"
    for key, usual in USUAL.items():
        mine = getattr(clinic, key)
        if len(mine) >= len(usual) // 2 and not _breaks(_with(clinic, key, usual)):
            odd = measure(mine).odd_characters if clinic.allows_ucs2 else ()
            advice = (
                f"without {', '.join(odd)} more would fit" if odd else f"at most {_room(clinic, key)} characters fit"
            )
            wanted = f"with it our texts take up to {worst}, at most {_allowed(clinic)}; {advice}: {names}"
            return fault_line(f"clinic.{key}", mine, wanted)
    if clinic.caps.characters is not None and any(len(text.body) > clinic.caps.characters for text in broken):
        wanted = f"with this clinic's name and phone our texts take up to {worst}; shorten these: {names}"
        return fault_line("clinic.caps.characters", clinic.caps.characters, wanted)
    wanted = f"our texts take up to {worst}; allow more, or write shorter ones: {names}"
    return fault_line("clinic.most_segments", clinic.most_segments, wanted)


def _breaks(clinic: Clinic) -> bool:
    return any(_is_too_long(text, clinic) for text in _texts(clinic) if not text.is_own)


def _with(clinic: Clinic, key: str, value: str) -> Clinic:
    names = {name: getattr(clinic, name) for name in USUAL} | {key: value}
    return replace(clinic, sender=names["sender"], phone=names["phone"], address=names["address"])


def _room(clinic: Clinic, key: str) -> int:
    """Return how many characters a name may have; each is as good as another."""
    lengths = range(len(getattr(clinic, key)), 0, -1)
    return next((length for length in lengths if not _breaks(_with(clinic, key, "x" * length))), 0)


def _allowed(clinic: Clinic) -> str:
    parts = f"{clinic.most_segments} parts"
    return parts if clinic.caps.characters is None else f"{clinic.caps.characters} characters in {parts}"


def _size(body: str, clinic: Clinic) -> str:
    return f"{len(body)} characters in {_segments(body, clinic)} parts"


def _is_too_long(text: _Text, clinic: Clinic) -> bool:
    # Escorts gave their consent, so what is written under an exemption from it does not bind what they get.
    most = NO_CAP if text.is_to_escort else clinic.caps.characters or NO_CAP
    return len(text.body) > most or _segments(text.body, clinic) > clinic.most_segments


def _segments(body: str, clinic: Clinic) -> int:
    """Count parts; characters that are not allowed count as plain ones, because they are a fault of their own."""
    size = measure(body)
    if clinic.allows_ucs2 or not size.odd_characters:
        return size.segments
    return measure("".join("x" if char in size.odd_characters else char for char in body)).segments


def escort_steps(clinic: Clinic) -> frozenset[str]:
    """Return the steps of which the patient's escort hears."""
    return frozenset(step.key for step in _steps(clinic) if step.recipient is Recipient.ESCORT)


def _texts(clinic: Clinic) -> Iterator[_Text]:
    """Yield every text that may leave: of each step that is on or has a text of the clinic's own, in each language."""
    home = language_of(clinic.language)
    for language in TEMPLATES:
        for step in _used_steps(clinic, language):
            is_to_escort = step.recipient is Recipient.ESCORT
            if is_to_escort and language != home:
                continue
            for key, now in _variants(step.key, clinic):
                own = clinic.templates.get(language, {}).get(key)
                is_known = own is not None or key in TEMPLATES[language]
                # One that asks for what there is not is a fault of its own, and cannot be filled.
                if is_known and set(PLACEHOLDER.findall(own or "")) <= KNOWN_VALUES:
                    body = _longest(step, now, clinic, language, own)
                    yield _Text(language, key, own is not None, is_to_escort, body)


def _steps(clinic: Clinic) -> Iterator[Step]:
    """Yield the steps of all cadences that hold for some appointment."""
    cadences = [*clinic.cadences.values(), *(() if "*" in clinic.cadences else (DEFAULT_CADENCE,))]
    steps = (step for cadence in cadences for step in cadence.steps)
    return chain(steps, () if clinic.check_in.nudge_after is None else (ASKS_AGAIN,))


def _used_steps(clinic: Clinic, language: str) -> list[Step]:
    own = clinic.templates.get(language, {})
    return list({step.key: step for step in _steps(clinic) if step.is_enabled or step.key in own}.values())


def _variants(step: str, clinic: Clinic) -> list[tuple[str, datetime]]:
    """Return the keys of a step's texts, each with the moment at which it is the one (see `content.compose`)."""
    start = _start(clinic)
    usual = (step, start - 3 * LONG_WAIT)
    if step not in OF_A_TIME:
        return [usual]
    return [usual, (f"{step}_late", start - 1.5 * LONG_WAIT), (f"{step}_last", start - LONG_WAIT / 2)]


def _longest(step: Step, now: datetime, clinic: Clinic, language: str, own: str | None) -> str:
    """Return a text at its longest: with the longest question that merging may bring, about another session.

    Where characters are counted a text asks only what still fits, so only the question of the step itself is wanted.
    """
    long = replace(clinic, cadences={"*": replace(LONGEST, steps=(step,))})
    is_asked = step.key not in NEWS and step.recipient is Recipient.PATIENT
    kind = max(QUESTION_ORDER, key=lambda kind: len(QUESTIONS[language][kind])) if is_asked else step.asks
    about = _visit(clinic, WEEK)
    if clinic.caps.characters is not None:
        kind, about = step.asks, _visit(clinic, 0)
        # Without a limit the first choice is taken, which is the clinic's own text and not our short one.
        long = replace(long, caps=replace(clinic.caps, characters=NO_CAP)) if own is not None else long
    question = Question(kind, (about,)) if kind else None
    patient, visits = _patient(language), [_visit(clinic, 0)]
    words = compose(step.key, visits, long, patient, channel=Channel.SMS, now=now, question=question)
    return words.body + "x" * (LINK_CHARACTERS * (own or "").count("{{link}}"))


def _start(clinic: Clinic) -> datetime:
    return LATE_IN_SEPTEMBER.replace(tzinfo=ZoneInfo(clinic.timezone))


def _visit(clinic: Clinic, days: int) -> Appointment:
    start = _start(clinic) + timedelta(days=days)
    status = AppointmentStatus.BOOKED
    booking = Booking(start.astimezone(UTC), clinic.timezone, LONG_WAIT, DEFAULT_TYPE, status)
    return Appointment(AppointmentId(UUID(int=days + 1)), "", NOBODY, booking, version=1, versioned_at=start)


def _patient(language: str) -> Patient:
    record = PatientRecord(
        external_id="",
        name="",
        phone=None,
        email=None,
        language=language,
        timezone=None,
        has_sms_consent=True,
        has_email_consent=True,
    )
    return Patient(NOBODY, record)
