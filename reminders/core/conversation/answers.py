"""Automatic answers: which one leaves, if any, and what it says (requirements 34, 37, 43, 46 and 47)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from itertools import combinations

from reminders.core.answer_texts import ANSWER_TEMPLATES, ON_THE_PAGE, WITHOUT_A_TIME
from reminders.core.appointments import Appointment
from reminders.core.cadences import QuestionKind
from reminders.core.clinics import Clinic
from reminders.core.clock_words import moments
from reminders.core.consent import OPT_OUT_CONFIRMED
from reminders.core.content import PLACEHOLDER, language_of, render
from reminders.core.segments import measure
from reminders.core.texts import QUESTIONS

MOST_ANSWERS = 3
"""Automatic answers to one phone in an hour (requirement 47): two machines must not talk for ever."""
CRISIS_LASTS = timedelta(hours=24)
"""Who is in a crisis a day later is told the numbers again, though staff have not taken over."""
MOST_SEGMENTS = 2
MOST_JOINED = 3
"""So many sentences at most: an answer is read on a lock screen."""


class AnswerKind(StrEnum):
    """What an answer is about, the most important first."""

    CRISIS = "crisis"
    OPT_OUT_CONFIRMED = "opt_out_confirmed"
    SELF_DRIVE = "self_drive"
    HIRED = "hired"
    SYMPTOM = "symptom"
    DECLINED = "declined"
    RIDE_NEEDED = "ride_needed"
    RESCHEDULE = "reschedule"
    MOVED = "moved"
    CONFIRMED = "confirmed"
    LATE = "late"
    SCORE_UNCLEAR = "score_unclear"
    RIDE_NOTED = "ride_noted"
    SCORE = "score"
    QUESTION = "question"
    HELP = "help"

    @property
    def key(self) -> str:
        """The template's key in a clinic's file, and the kind of the message."""
        return OPT_OUT_CONFIRMED if self is AnswerKind.OPT_OUT_CONFIRMED else f"answer_{self.value}"


IMPORTANCE = {kind: place for place, kind in enumerate(AnswerKind)}
ALONE = frozenset({AnswerKind.CRISIS, AnswerKind.OPT_OUT_CONFIRMED})
SAID_BY: Mapping[AnswerKind, frozenset[AnswerKind]] = {
    AnswerKind.QUESTION: frozenset({AnswerKind.SYMPTOM, AnswerKind.DECLINED, AnswerKind.RESCHEDULE}),
    AnswerKind.SCORE: frozenset({AnswerKind.SYMPTOM}),
    AnswerKind.RESCHEDULE: frozenset({AnswerKind.DECLINED}),
}
"""What says nothing new beside another: staff read or call in any case."""
IN_ORDER = (AnswerKind.CONFIRMED, AnswerKind.SCORE, AnswerKind.RIDE_NOTED)
"""Good news is told before what is still to be done."""
SHOWN_BY_THE_PAGE = frozenset(
    {
        AnswerKind.CONFIRMED,
        AnswerKind.RESCHEDULE,
        AnswerKind.RIDE_NOTED,
        AnswerKind.RIDE_NEEDED,
        AnswerKind.HIRED,
        AnswerKind.MOVED,
        AnswerKind.SCORE_UNCLEAR,
    }
)
"""What a patient's page says of the session in words of its own, or has no place for."""


def choose(kinds: Collection[AnswerKind]) -> list[AnswerKind]:
    """Return what is answered to one reply, most important first.

    Numbers for an emergency and the confirmation of an opt-out go alone.
    """
    wanted = sorted(set(kinds), key=IMPORTANCE.__getitem__)
    if wanted and wanted[0] in ALONE:
        return wanted[:1]
    return [kind for kind in wanted if not SAID_BY.get(kind, frozenset()).intersection(wanted)]


def write_answer(
    clinic: Clinic,
    kinds: Sequence[AnswerKind],
    *,
    language: str,
    about: Mapping[AnswerKind, Sequence[Appointment]],
    asks: QuestionKind | None = None,
) -> tuple[str, tuple[AnswerKind, ...]]:
    """Return the text, and what it says: of several parts as many as fit into two parts of a text, at least the first.

    `about` names the sessions that a part speaks of. A part that asks a question is never left out.
    """
    tongue = language_of(language)
    parts = {kind: _part(clinic, kind, tongue, about.get(kind, ()), asks) for kind in kinds}
    for chosen in _choices(kinds, asks):
        body = _joined(clinic, [parts[kind] for kind in _told_first(chosen)])
        if measure(body).segments <= MOST_SEGMENTS:
            return body, chosen
    lead = (AnswerKind.MOVED,) if asks is not None and AnswerKind.MOVED in kinds else tuple(kinds[:1])
    return _joined(clinic, [parts[kind] for kind in lead]), lead


def write_on_page(
    clinic: Clinic, kinds: Sequence[AnswerKind], *, language: str, about: Mapping[AnswerKind, Sequence[Appointment]]
) -> tuple[str, tuple[AnswerKind, ...]]:
    """Return what a patient's page answers to words written there, and of which kinds that is; empty for nothing.

    Without the clinic's name, which heads the page. What the page shows by itself is left out before.
    """
    tongue = language_of(language)
    told = tuple(kinds[:MOST_JOINED])
    return " ".join(_page_part(clinic, kind, tongue, about.get(kind, ())) for kind in _told_first(told)), told


def _page_part(clinic: Clinic, kind: AnswerKind, language: str, about: Sequence[Appointment]) -> str:
    own = ON_THE_PAGE[language].get(kind.key)
    return _part(clinic, kind, language, about, None) if own is None else render(own, {"phone": clinic.phone})


def _choices(kinds: Sequence[AnswerKind], asks: QuestionKind | None) -> Iterator[tuple[AnswerKind, ...]]:
    """Yield what may be said together, the most first, of as many always the most important."""
    for count in range(min(len(kinds), MOST_JOINED), 0, -1):
        for chosen in combinations(kinds, count):
            if asks is None or AnswerKind.MOVED in chosen:
                yield chosen


def _told_first(chosen: Sequence[AnswerKind]) -> list[AnswerKind]:
    return sorted(chosen, key=lambda kind: kind not in IN_ORDER)


def _joined(clinic: Clinic, parts: Sequence[str]) -> str:
    body = " ".join(parts)
    # A clinic's own text may name the clinic where it likes; then nothing is put before it.
    return body if clinic.sender in body else f"{clinic.sender}: {body}"


def _part(
    clinic: Clinic, kind: AnswerKind, language: str, about: Sequence[Appointment], asks: QuestionKind | None
) -> str:
    own = clinic.templates.get(language, {}).get(kind.key)
    template = own or _ours(language, kind, is_about_one=bool(about))
    starts = (item.starts_at.astimezone(item.booking.tz) for item in about)
    values = {
        "sender": clinic.sender,
        "phone": clinic.phone,
        "emergency": clinic.emergency,
        "crisis_line": clinic.crisis,
        "when": moments(starts, language) if about else "",
        "question": QUESTIONS[language][asks] if asks is not None else "",
    }
    filled = render(template, values)
    is_asked = asks is None or kind is not AnswerKind.MOVED or "question" in PLACEHOLDER.findall(template)
    return filled if is_asked else f"{filled} {values['question']}"


def _ours(language: str, kind: AnswerKind, *, is_about_one: bool) -> str:
    plain = WITHOUT_A_TIME[language].get(kind.key)
    return plain if plain is not None and not is_about_one else ANSWER_TEMPLATES[language][kind.key]
