"""What the pages of the plan show: the steps in words, a text as it arrives, and what an edit changes for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from reminders.core.answer_texts import ANSWER_KEYS
from reminders.core.cadences import Anchor, Cadence, Step
from reminders.core.clinics import Clinic
from reminders.core.errors import ContentError
from reminders.core.labels import CHANNELS, title
from reminders.core.lint import odd_characters
from reminders.core.patients import Recipient
from reminders.core.plan_diff import Change
from reminders.core.plan_words import (
    ASKS,
    LANGUAGES,
    RECIPIENTS,
    cadences_of,
    channel_words,
    due_words,
    is_used,
    kind_words,
    snippet_name,
    time_words,
)
from reminders.core.sample_texts import (
    VARIANTS,
    Sample,
    languages_of,
    sample,
    sample_answer,
    sample_snippet,
    text_keys,
    text_of,
    text_steps,
)
from reminders.core.snippets import BUILT_IN
from reminders.core.upcoming import Upcoming
from reminders.core.wording import many
from reminders.services.change_plan import Affected, Outcome
from reminders.web.console.plan_picture import in_order
from reminders.web.console.times import Times

CHANGES: Mapping[Change, tuple[str, str]] = {
    Change.ADDED: ("added", "good"),
    Change.GONE: ("gone", "bad"),
    Change.MOVED: ("moved", "wait"),
    Change.REWORDED: ("reworded", "calm"),
}
CHANNEL_CHOICES = (
    ("sms,email", "text, else e-mail"),
    ("email,sms", "e-mail, else text"),
    ("sms", "text only"),
    ("email", "e-mail only"),
)
DUE_ANCHORS = (
    (Anchor.VERSION, "it is booked or changed"),
    (Anchor.START, "the session starts"),
    (Anchor.ARRIVAL, "arrival"),
    (Anchor.FASTING, "the fast begins"),
    (Anchor.END, "the session ends"),
)
ALL_ANCHORS = (*DUE_ANCHORS, (Anchor.DUE, "its own time"))
UNITS = (("minute", "minutes"), ("hour", "hours"), ("day", "days"), ("week", "weeks"))


@dataclass(frozen=True, slots=True)
class Bubble:
    """A text as it arrives on a phone."""

    key: str
    heading: str
    language: str
    language_code: str
    text: str
    size: str
    odd: tuple[str, ...]
    is_own: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One step in words."""

    key: str
    name: str
    when: str
    until: str
    way: str
    to: str
    asks: str
    note: str
    is_on: bool
    bubbles: tuple[Bubble, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """One line of a preview."""

    patient: str
    patient_id: str
    step: str
    change: str
    tone: str
    before: str
    after: str
    words_before: str
    words_after: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What an edit changes, in words."""

    lead: str
    counts: tuple[tuple[str, str, int], ...]
    lines: tuple[Moved, ...]
    more: int


def kinds_of(clinic: Clinic) -> list[tuple[str, str]]:
    """Return the kinds of session that have a plan of their own, each with its name."""
    found = cadences_of(clinic)
    return [(kind, kind_words(kind, is_only=len(found) == 1)) for kind in found]


def rows_of(clinic: Clinic, cadence: Cadence, *, now: datetime) -> list[Row]:
    """Return the steps of a cadence in words, in the order in which they come."""
    return [_row(clinic, cadence, step, now) for step in in_order(cadence)]


def _row(clinic: Clinic, cadence: Cadence, step: Step, now: datetime) -> Row:
    notes = [
        *(["only at the first session of a series"] if step.is_first_only else []),
        *(["not where another session lies in between"] if step.is_alone_in_between else []),
    ]
    home = languages_of(step, clinic)[0]
    bubbles = [bubble_of(clinic, key, home, now=now) for key in text_keys(step.key)]
    return Row(
        key=step.key,
        name=title(step.key),
        when=due_words(step, cadence, clinic.language),
        until=time_words(step.expires, clinic.language),
        way=channel_words(step),
        to="" if step.recipient is Recipient.PATIENT else RECIPIENTS[step.recipient],
        asks=ASKS[step.asks],
        note=", ".join(notes),
        is_on=is_used(step, cadence),
        bubbles=tuple(item for item in bubbles if item is not None),
    )


def bubble_of(clinic: Clinic, key: str, language: str, *, now: datetime) -> Bubble | None:
    """Return a text as it arrives; None where it cannot be filled in."""
    is_answer = key in ANSWER_KEYS
    try:
        found = (sample_answer if is_answer else sample)(clinic, key, language, now=now)
    except ContentError:
        return None
    is_own = key in clinic.templates.get(language, {})
    name = LANGUAGES.get(language, language)
    heading = "" if is_answer or len(text_keys(text_steps(clinic)[key][1].key)) == 1 else heading_of(key)
    odd = tuple(odd_characters(text_of(clinic, key, language)))
    return Bubble(key, heading, name, language, found.body, _size(found), odd, is_own)


def snippet_bubble(clinic: Clinic, name: str, language: str, text: str) -> Bubble | None:
    """Return a text for staff to answer with as it arrives; None where it cannot be filled in."""
    try:
        found = sample_snippet(clinic, text)
    except ContentError:
        return None
    is_own = text != BUILT_IN.get(language, {}).get(name)
    spoken = LANGUAGES.get(language, language)
    return Bubble(
        name, snippet_name(name), spoken, language, found.body, _size(found), tuple(odd_characters(text)), is_own
    )


def heading_of(key: str) -> str:
    """Say when a text is the one, among those of its step."""
    return next((words for ending, words in VARIANTS.items() if ending and key.endswith(ending)), VARIANTS[""])


def _size(found: Sample) -> str:
    return f"{len(found.body)} characters, {many(found.size.segments, 'segment')}, {found.size.alphabet}"


def preview_of(found: Outcome) -> Preview:
    """Return what an edit changes, in words."""
    counts = [(*CHANGES[change], found.counts[change]) for change in Change if found.counts.get(change)]
    lead = f"{many(found.total, 'message')} of the next 7 days" if found.total else "No message of the next 7 days"
    return Preview(
        lead=f"{lead} {'changes' if found.total < 2 else 'change'}.",  # noqa: PLR2004 - one changes, two change
        counts=tuple((name, tone, count) for name, tone, count in counts),
        lines=tuple(_moved(item, Times(found.clinic.clock)) for item in found.lines),
        more=found.total - len(found.lines),
    )


def _moved(item: Affected, times: Times) -> Moved:
    line = item.line
    words, tone = CHANGES[line.change]
    is_reworded = line.change is Change.REWORDED
    return Moved(
        patient=item.patient,
        patient_id=str(item.patient_id),
        step=title(line.message.step),
        change=words,
        tone=tone,
        before=_when(line.before, times),
        after=_when(line.after, times),
        words_before=_words(line.before) if is_reworded else "",
        words_after=_words(line.after) if is_reworded or line.change is Change.ADDED else "",
    )


def _when(item: Upcoming | None, times: Times) -> str:
    return "" if item is None else Markup("{}, {}").format(times.moment(item.at), CHANNELS[item.channel])


def _words(item: Upcoming | None) -> str:
    return "" if item is None or item.words is None else item.words.body


def others_of(clinic: Clinic, key: str, languages: Sequence[str], *, now: datetime) -> list[Bubble]:
    """Return the same text in other languages."""
    return [item for language in languages if (item := bubble_of(clinic, key, language, now=now)) is not None]
