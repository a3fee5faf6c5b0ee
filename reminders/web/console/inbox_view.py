"""What the inbox and a conversation show, made from what was read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from reminders.core.corrections import CORRECTABLE, left_standing
from reminders.core.gate import Origin
from reminders.core.labels import REASONS, title
from reminders.core.replies import Intent
from reminders.core.retention import ERASED
from reminders.core.staff import Actor, Right
from reminders.services.read_inbox import Conversation, Correction, Inbox, Sent, ThreadLine, Written
from reminders.web.console.labels import INTENTS, MESSAGE_STATES
from reminders.web.console.reading_words import Meaning, Piece, done_words, meanings, pieces
from reminders.web.console.times import Times, When
from reminders.web.console.worklist_view import Item, item

BY_OTHERS = {"escort": "the escort", "staff": "staff"}
ON_THEIR_PAGE = "on their page"
QUICK = (Intent.CONFIRM, Intent.DECLINE, Intent.RESCHEDULE, Intent.HAS_RIDE, Intent.NEEDS_RIDE, Intent.QUESTION)
"""What an unclear reply most often turns out to mean: one press each."""


@dataclass(frozen=True, slots=True)
class Chip:
    """One thing that a text says, in words, and how loudly."""

    words: str
    tone: str


@dataclass(frozen=True, slots=True)
class Thread:
    """One line of the inbox."""

    key: str
    who: str
    clinic: str
    at: When
    pieces: Sequence[Piece]
    chips: Sequence[Chip]
    done: Sequence[str]
    tasks: Sequence[Item]
    others: int


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a conversation, theirs or ours."""

    key: str
    is_theirs: bool
    at: When
    pieces: Sequence[Piece]
    what: str
    state: str
    tone: str
    chips: Sequence[Chip]
    why: Sequence[str]
    done: Sequence[str]
    corrected: str
    left: Sequence[str]
    may_correct: bool
    is_unclear: bool
    ticked: Sequence[str]
    score: str
    media: int
    answered: str = ""
    """What the patient's page answered at once."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose phone this is."""

    key: str
    name: str
    external_id: str
    language: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A conversation with everything beside it."""

    key: str
    clinic: str
    phone: str
    is_opted_out: bool
    people: Sequence[Person]
    texts: Sequence[Text]
    tasks: Sequence[Item]
    snippets: Sequence[tuple[str, str]]
    may_write: bool
    choices: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    quick: Sequence[tuple[str, str]]


CHOICES = tuple((group, tuple((one.value, INTENTS[one][0]) for one in intents)) for group, intents in CORRECTABLE)


def threads(inbox: Inbox, who: Actor, times: Times) -> list[Thread]:
    """Return the lines of the inbox."""
    return [_thread(line, who, inbox, times) for line in inbox.threads]


def _thread(line: ThreadLine, who: Actor, inbox: Inbox, times: Times) -> Thread:
    newest = line.newest
    names = ", ".join(person.record.name for person in line.people)
    return Thread(
        key=str(line.id) if line.id is not None else "",
        who=names or BY_OTHERS.get(newest.kind, "").capitalize() or line.phone or "unknown number",
        clinic=line.clinic.sender if line.clinic is not None and inbox.has_several_clinics else "",
        at=times.moment(newest.at, line.clinic.clock if line.clinic is not None else None),
        pieces=_pieces(newest),
        chips=_chips(newest),
        done=done_words(newest.decision),
        tasks=[item(task, who, None, inbox.now, times) for task in line.tasks],
        others=line.others,
    )


def whole(found: Conversation, who: Actor) -> Whole:
    """Return one conversation as it is shown to somebody."""
    may_work = who.may(Right.WORK, found.clinic.id)
    return Whole(
        key=str(found.phone.id),
        clinic=found.clinic.sender,
        phone=found.phone.address,
        is_opted_out=found.phone.is_opted_out,
        people=[
            Person(str(one.id), one.record.name, one.record.external_id, one.record.language) for one in found.people
        ],
        texts=[
            _theirs(text, found, may_correct=may_work) if isinstance(text, Written) else _ours(text, found)
            for text in found.texts
        ],
        tasks=[item(task, who, None, found.now, Times(found.clinic.clock)) for task in found.tasks],
        snippets=list(found.snippets.items()),
        may_write=who.may(Right.WRITE, found.clinic.id) and bool(found.people),
        choices=CHOICES,
        quick=[(one.value, INTENTS[one][0]) for one in QUICK],
    )


def _theirs(text: Written, found: Conversation, *, may_correct: bool) -> Text:
    made = found.corrections.get(text.id, ())
    intents = _intents(text)
    is_patients = text.is_read and text.kind not in BY_OTHERS
    return Text(
        key=str(text.id),
        is_theirs=True,
        at=When(text.at, found.clinic.clock.moment(text.at)),
        pieces=_pieces(text),
        what=BY_OTHERS.get(text.kind, ON_THEIR_PAGE if text.is_page else ""),
        state="" if text.is_read else "not yet read",
        tone="calm",
        chips=_chips(text),
        why=[why for meaning in _meanings(text, made) for why in meaning.why],
        done=done_words(text.decision),
        corrected=_corrected(made, found),
        left=left_standing(made[-1].before, made[-1].intents) if made else (),
        may_correct=may_correct and is_patients and text.text != ERASED,
        is_unclear=Intent.UNCLEAR in intents,
        ticked=[one.value for one in intents],
        score=_score(text, made),
        media=text.media_count,
        answered=text.answer or "",
    )


def _ours(text: Sent, found: Conversation) -> Text:
    state, tone = MESSAGE_STATES[text.state]
    why = f": {REASONS[text.reason]}" if text.reason is not None else ""
    return Text(
        key=str(text.id),
        is_theirs=False,
        at=When(text.at, found.clinic.clock.moment(text.at)),
        pieces=[Piece(text.text)],
        what=f"{text.author or 'Staff'} wrote" if text.origin is Origin.STAFF else title(text.kind),
        state=state + why,
        tone=tone,
        chips=(),
        why=(),
        done=(),
        corrected="",
        left=(),
        may_correct=False,
        is_unclear=False,
        ticked=(),
        score="",
        media=0,
    )


def _meanings(text: Written, made: Sequence[Correction]) -> list[Meaning]:
    """Return what our own reading was, and why: what a person made of it needs no reason."""
    first = made[0].before if made else _intents(text)
    return meanings(first, text.text, text.understood)


def _corrected(made: Sequence[Correction], found: Conversation) -> str:
    if not made:
        return ""
    last = made[-1]
    before = ", ".join(INTENTS[one][0] for one in last.before)
    return f"{last.made_by} corrected it on {found.clinic.clock.moment(last.made_at)}; before it read: {before}"


def _score(text: Written, made: Sequence[Correction]) -> str:
    score = made[-1].score if made else json.loads(text.understood)["score"] if text.understood else None
    return "" if score is None else str(score)


def _chips(text: Written) -> list[Chip]:
    if not text.is_read:
        return [Chip("not yet read", "calm")]
    return [Chip(*INTENTS[one]) for one in _intents(text)]


def _intents(text: Written) -> tuple[Intent, ...]:
    known = {one.value: one for one in Intent}
    return tuple(known[word] for word in text.intents if word in known)


def _pieces(text: Written) -> list[Piece]:
    if text.text is None:
        return [Piece("This text cannot be opened.")]
    findings = json.loads(text.understood)["findings"] if text.understood else []
    spans = [
        (one["start"], one["end"], INTENTS[Intent(found["intent"])][0])
        for found in findings
        if found["intent"] != Intent.UNCLEAR
        for one in found["evidence"]
    ]
    return pieces(text.text, spans)
