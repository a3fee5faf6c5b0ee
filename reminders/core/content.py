"""Texts: `{{placeholder}}` templates, the values they may use, and what a message finally says.

There is no template language on purpose: staff edit these texts (security requirement 11). No text names the drug, the
diagnosis or the specialty (requirement 49).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from reminders.core.appointments import Appointment
from reminders.core.cadences import (
    ASK_ESCORT,
    BOOKED,
    MOVED,
    PICK_UP,
    PICK_UP_OFF,
    Anchors,
    Cadence,
    QuestionKind,
    anchors,
)
from reminders.core.clinics import Clinic
from reminders.core.clock_words import brief_moment, clock, moment, moments, not_after, not_before
from reminders.core.errors import ContentError
from reminders.core.patients import Addressee, Channel, Patient, Recipient
from reminders.core.texts import (
    ABOUT,
    BRIEF_RIDE_RULES,
    FALLBACK_LANGUAGE,
    MORE,
    QUESTIONS,
    RIDE_RULES,
    SHORT_QUESTIONS,
    SHORT_TEMPLATES,
    SUBJECTS,
    TEMPLATES,
)
from reminders.core.values import Makers, Values
from reminders.core.windows import local_day

PLACEHOLDER = re.compile(r"\{\{\s*([a-z_]+)\s*\}\}")
BLANKS = re.compile(r"[ \t]+")
KNOWN_VALUES = frozenset(
    {
        "sender",
        "phone",
        "emergency",
        "crisis_line",
        "place",
        "when",
        "arrive_at",
        "pick_up_at",
        "solids_until",
        "liquids_until",
        "drive_after",
        "ride_rule",
        "ride_brief",
        "link",
        "question",
    }
)
"""What a clinic's own texts may speak of; one that asks for more is refused with the clinic's file, not when due."""
TO_ESCORT = frozenset({ASK_ESCORT.key, PICK_UP.key, PICK_UP_OFF.key})
"""Texts to who fetches the patient: in the clinic's language, with pick-up time and place only (requirement 52)."""
OF_A_TIME = frozenset({BOOKED.key, MOVED.key})
"""Notices that tell a time; told late, they also say what is still useful before it."""
WAY_OUT = "STOP"


def render(template: str, values: Mapping[str, str]) -> str:
    """Fill a template. Raises ContentError for a placeholder without a value; a value is never a template itself."""
    missing = sorted(name for name in _named_in(template) if name not in values)
    if missing:
        message = (
            f"no value for {', '.join('{{' + name + '}}' for name in missing)}; known: {', '.join(sorted(values))}"
        )
        raise ContentError(message)
    filled = PLACEHOLDER.sub(lambda match: values[match.group(1)], template)
    return BLANKS.sub(" ", filled).strip()


@lru_cache(maxsize=1000)
def _named_in(template: str) -> frozenset[str]:
    return frozenset(PLACEHOLDER.findall(template))


@dataclass(frozen=True, slots=True)
class Question:
    """What a message is to ask, and about which sessions. `link` is the patient's own page, which asks for them."""

    kind: QuestionKind
    about: tuple[Appointment, ...]
    link: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What one message says: `subject` is for e-mail only.

    `asks` is the question that the body really asks. Where a clinic's texts have a longest length it may have had no
    room; then it is None, no answer is awaited, and the question is still to be asked.
    """

    subject: str
    body: str
    asks: QuestionKind | None = None


@dataclass(frozen=True, slots=True)
class _Subject:
    """Everything a text is made from. `sessions` are in order of time."""

    step: str
    sessions: tuple[Appointment, ...]
    clinic: Clinic
    patient: Patient | Addressee
    language: str
    question: Question | None
    is_to_escort: bool

    def cadence(self, session: Appointment) -> Cadence:
        return self.clinic.cadence(session.booking.appointment_type, self.patient.override)


def language_of(wanted: str) -> str:
    """Return the language we have texts in: the wanted one, or English."""
    short = wanted.lower().replace("_", "-").split("-")[0]
    return short if short in TEMPLATES else FALLBACK_LANGUAGE


def compose(
    step: str,
    sessions: Sequence[Appointment],
    clinic: Clinic,
    patient: Patient | Addressee,
    *,
    channel: Channel,
    now: datetime,
    question: Question | None = None,
) -> Words:
    """Return the words of one touch about one or more sessions, with the patient's own fasting and driving ban.

    Several sessions are all named. A question about other sessions than these names them too. A text that may not be
    longer than `clinic.caps.characters` asks only what still fits: store the question of `Words.asks`, no other.
    """
    in_order = tuple(sorted(sessions, key=lambda session: session.starts_at))
    is_to_escort = _is_to_escort(step, in_order[0], clinic, patient)
    language = language_of(clinic.language) if is_to_escort else _language(step, clinic, patient)
    subject = _Subject(step, in_order, clinic, patient, language, question, is_to_escort)
    longest = None if is_to_escort or channel is Channel.EMAIL else clinic.caps.characters
    return _usual(subject, now) if longest is None else _short(subject, now, longest)


def _is_to_escort(step: str, session: Appointment, clinic: Clinic, patient: Patient | Addressee) -> bool:
    found = clinic.cadence(session.booking.appointment_type, patient.override).step(step)
    return step in TO_ESCORT or (found is not None and found.recipient is Recipient.ESCORT)


def _language(step: str, clinic: Clinic, patient: Patient | Addressee) -> str:
    """Return the language of a text: of a step of the clinic's own it may have written none in the patient's."""
    wanted, home = language_of(patient.language), language_of(clinic.language)
    has_text = step in TEMPLATES[wanted] or step in clinic.templates.get(wanted, {})
    return wanted if has_text else home


def _usual(subject: _Subject, now: datetime) -> Words:
    values = _values(subject, is_brief=False)
    if subject.is_to_escort:
        values = values.but(pick_up_at=_pick_ups(subject, subject.sessions))
    key = _variant(subject, now)
    template = _own(subject, key) or TEMPLATES[subject.language][key]
    return _words(subject, template, QUESTIONS, values, subject.question)


def _short(subject: _Subject, now: datetime, longest: int) -> Words:
    """Return the first wording that fits; the shortest where none does, which only a very long sender brings about."""
    candidates = list(_shorter(subject, now))
    fitting = (words for words in candidates if len(words.body) <= longest)
    return next(fitting, min(candidates, key=lambda words: len(words.body)))


def _shorter(subject: _Subject, now: datetime) -> Iterator[Words]:
    """Yield wordings, best first: with the question before without, all sessions named before the first of them."""
    key, values = _variant(subject, now), _values(subject, is_brief=True)
    first = moment(subject.sessions[0].starts_at, subject.sessions[0].booking.tz, subject.language)
    count = len(subject.sessions) - 1
    fewer = MORE[subject.language].format(first=first, count=count) if count else values["when"]
    own, ours = _own(subject, key), SHORT_TEMPLATES[subject.language].get(key)
    # A step of the clinic's own has no short text of ours: then its own goes, whatever it leaves unsaid.
    wordings = [own if ours is None or (own and _says_who_and_how_to_stop(own)) else None, ours]
    templates = [text for text in wordings if text is not None]
    for question in dict.fromkeys((subject.question, None)):
        for when in dict.fromkeys((values["when"], fewer)):
            for template in templates:
                yield _words(subject, template, SHORT_QUESTIONS, values.but(when=when), question)


def _says_who_and_how_to_stop(template: str) -> bool:
    """Say whether a clinic's own text may go under the exemption: name, contact and way out (domain C1)."""
    return {"sender", "phone"} <= _named_in(template) and WAY_OUT in template


def _words(
    subject: _Subject,
    template: str,
    questions: Mapping[str, Mapping[str, str]],
    values: Values,
    question: Question | None,
) -> Words:
    known = values.but(link=question.link if question else "")
    known = known.but(question=_question(subject, questions[subject.language], known, question) if question else "")
    title = render(SUBJECTS[subject.language], known)
    return Words(title, render(_with_question(template), known), question.kind if question else None)


def _with_question(template: str) -> str:
    """Give a template a place for the question, which a merged touch may bring to a text that has none of its own."""
    return template if "question" in _named_in(template) else template + " {{question}}"


def _question(subject: _Subject, texts: Mapping[str, str], values: Mapping[str, str], question: Question) -> str:
    asked = render(texts[question.kind.value + ("_link" if question.link else "")], values)
    if {item.id for item in question.about} == {item.id for item in subject.sessions}:
        return asked
    if subject.is_to_escort:
        sessions = _pick_ups(subject, question.about)
    else:
        sessions = moments((item.starts_at.astimezone(item.booking.tz) for item in question.about), subject.language)
    return render(ABOUT[subject.language][question.kind.value], {"sessions": sessions, "question": asked})


def _own(subject: _Subject, key: str) -> str | None:
    """Return the clinic's own text, if it wrote one."""
    return subject.clinic.templates.get(subject.language, {}).get(key)


def _variant(subject: _Subject, now: datetime) -> str:
    """Return the key of the text: a notice told when the fast has begun says what is still useful (requirement 10)."""
    first = subject.sessions[0]
    cadence = subject.cadence(first)
    if subject.step not in OF_A_TIME or now < _anchors(first, cadence).fasting:
        return subject.step
    drinks_until = not_after(first.starts_at - cadence.liquids_fast, first.booking.tz)
    return f"{subject.step}_{'late' if now < drinks_until else 'last'}"


def clinic_values(clinic: Clinic) -> dict[str, str]:
    """Return what texts may say that are about no appointment: who we are, and whom to call."""
    return {
        "sender": clinic.sender,
        "phone": clinic.phone,
        "emergency": clinic.emergency,
        "crisis_line": clinic.crisis,
        "place": clinic.address or clinic.sender,
    }


def appointment_values(
    appointment: Appointment, clinic: Clinic, *, language: str, cadence: Cadence | None = None, is_brief: bool = False
) -> Values:
    """Return what templates may say about an appointment. Times are shown in its own zone.

    `cadence` is the clinic's as staff changed it for this patient; without it the clinic's own holds. Fasting and
    driving times are elapsed time, printed on the side that is safe however they are read (requirement 5); `is_brief`
    names their weekday only.
    """
    mine = cadence or clinic.cadence(appointment.booking.appointment_type)
    base, zone = _anchors(appointment, mine), appointment.booking.tz
    write = brief_moment if is_brief else moment
    makers: Makers = {
        "when": lambda: moment(base.start, zone, language),
        "arrive_at": lambda: _beside_start(base.arrival, base, zone, language),
        "pick_up_at": lambda: _beside_start(base.end, base, zone, language),
        "solids_until": lambda: write(not_after(base.fasting, zone), zone, language),
        "liquids_until": lambda: write(not_after(base.start - mine.liquids_fast, zone), zone, language),
        "drive_after": lambda: write(not_before(base.end + mine.driving_ban, zone), zone, language),
        "ride_rule": lambda: RIDE_RULES[language][mine.ride_policy],
        "ride_brief": lambda: BRIEF_RIDE_RULES[language][mine.ride_policy],
    }
    return Values(makers, clinic_values(clinic))


def _anchors(appointment: Appointment, cadence: Cadence) -> Anchors:
    return anchors(
        appointment.starts_at,
        appointment.booking.duration,
        cadence,
        versioned_at=appointment.versioned_at,
        ended_at=appointment.ended_at,
    )


def _beside_start(at: datetime, base: Anchors, tz: ZoneInfo, language: str) -> str:
    """Write a time that stands beside the start: its day is named only where it is another."""
    return (clock if local_day(at, tz) == local_day(base.start, tz) else moment)(at, tz, language)


def _values(subject: _Subject, *, is_brief: bool) -> Values:
    """Return the values of a text about several sessions: each that differs is told for all of them, in order."""
    clinic, language = subject.clinic, subject.language
    found = [
        appointment_values(item, clinic, language=language, cadence=subject.cadence(item), is_brief=is_brief)
        for item in subject.sessions
    ]
    starts = (item.starts_at.astimezone(item.booking.tz) for item in subject.sessions)
    when = moments(starts, language)
    return (found[0] if len(found) == 1 else _of_all(found)).but(when=when)


def _of_all(found: Sequence[Values]) -> Values:
    def told(name: str) -> Callable[[], str]:
        return lambda: "; ".join(dict.fromkeys(each[name] for each in found))

    return Values({name: told(name) for name in found[0]}, {})


def _pick_ups(subject: _Subject, sessions: Sequence[Appointment]) -> str:
    """Name the pick-ups with their days: an escort is not told when the session starts."""
    ends = (_anchors(item, subject.cadence(item)).end.astimezone(item.booking.tz) for item in sessions)
    return moments(ends, subject.language)
