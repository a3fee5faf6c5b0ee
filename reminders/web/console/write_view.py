"""What the page on which staff write shows beside the form: who gets what, how it reads, what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from reminders.core.audience import OnePatient
from reminders.core.clinics import Clinic
from reminders.core.content import language_of
from reminders.core.labels import REASONS
from reminders.core.patients import Channel
from reminders.core.prices import cost
from reminders.core.reminders import Reason
from reminders.core.wording import day_and_time
from reminders.services.send_ad_hoc import Plan, Recipient
from reminders.web.console.times import When

LANGUAGES = {"en": "English", "es": "Spanish"}
MOST_CHOICES = 200
MOST_NAMES = 60
"""So many are named; of the rest there is a number."""


@dataclass(frozen=True, slots=True)
class Bubble:
    """One text as its reader will see it."""

    name: str
    language: str
    is_text: bool
    text: str
    size: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """A preview: what pressing the button would do."""

    words: str
    when: str
    people: int
    summary: str
    bubbles: tuple[Bubble, ...]
    choices: tuple[tuple[str, str], ...]
    shown: str
    total: str
    notes: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    more_left_out: int
    held: tuple[tuple[int, str], ...]
    reason: str
    button: str
    request_key: str
    seen: str


def outlook(plan: Plan, *, shown: str, reason: str, request_key: str) -> Outlook:
    """Return the preview of a plan; `shown` is whose text is wanted, by the clinic's own id."""
    reached = [target.recipient for target in plan.reached]
    left_out = [(item.name, _why(item)) for item in plan.recipients if item.left_out is not None]
    chosen = next((item for item in reached if item.external_id == shown), reached[0] if reached else None)
    count = len(reached)
    return Outlook(
        words=plan.recipients[0].name if isinstance(plan.audience, OnePatient) else plan.words,
        when="leaves now" if plan.is_now else Markup("leaves {}").format(at_clinic(plan.due_at, plan.clinic)),
        people=count,
        summary=f"{_people(count)} {'gets' if count == 1 else 'get'} it, {len(left_out)} left out",
        bubbles=tuple(_bubble(item) for item in _examples(reached, chosen)),
        choices=tuple((item.external_id, item.name) for item in reached[:MOST_CHOICES]),
        shown=chosen.external_id if chosen else "",
        total=_total(plan),
        notes=(*plan.notes, *_lacking(reached, plan.clinic), *_noted(reached)),
        left_out=tuple(left_out[:MOST_NAMES]),
        more_left_out=max(0, len(left_out) - MOST_NAMES),
        held=_held(reached, plan.clinic),
        reason=reason,
        button=f"{'Send' if plan.is_now else 'Send later'} to {_people(count)}",
        request_key=request_key,
        seen=plan.fingerprint,
    )


def at_clinic(at: datetime, clinic: Clinic) -> When:
    """Write an instant as the clinic's clock shows it, with its zone."""
    return When(at, f"{clinic.clock.moment(at)} {at.astimezone(clinic.tz):%Z}")


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _why(item: Recipient) -> str:
    return REASONS[item.left_out] if item.left_out is not None else ""


def _examples(reached: Sequence[Recipient], chosen: Recipient | None) -> list[Recipient]:
    """Return whose texts are shown: the chosen one's, and one in each other language."""
    found = {} if chosen is None else {chosen.language: chosen}
    for item in reached:
        found.setdefault(item.language, item)
    return list(found.values())


def _bubble(item: Recipient) -> Bubble:
    size, count = item.size, len(item.text)
    if size is None:
        words = f"{count} characters, e-mail"
    else:
        parts = "1 segment" if size.segments == 1 else f"{size.segments} segments"
        words = f"{count} characters, {parts}, {size.alphabet}"
    return Bubble(item.name, LANGUAGES[item.language], item.channel is Channel.SMS, item.text, words)


def _total(plan: Plan) -> str:
    segments = plan.segments
    if not segments:
        return ""
    words = "1 segment in all" if segments == 1 else f"{segments} segments in all"
    price = cost(plan.clinic.segment_price, segments)
    return f"{words}, about {price}" if price else words


def _lacking(reached: Sequence[Recipient], clinic: Clinic) -> list[str]:
    """Say who reads another language than that of the text they get."""
    home = LANGUAGES[language_of(clinic.language)]
    lacking = Counter(item.reads for item in reached if item.reads != item.language)
    return [
        f"{_people(count)} {'reads' if count == 1 else 'read'} {LANGUAGES[language]} and"
        f" {'gets' if count == 1 else 'get'} the {home} text: write it in {LANGUAGES[language]} too."
        for language, count in sorted(lacking.items())
    ]


NOTES = {
    Reason.ON_HOLD: "is on hold; this leaves all the same.",
    Reason.SERIES_STOPPED: "is in a series that was stopped; this leaves all the same.",
    Reason.CAP: "had enough messages already; this leaves all the same.",
}


def _noted(reached: Sequence[Recipient]) -> list[str]:
    return [f"{item.name} {NOTES[reason]}" for item in reached[:MOST_NAMES] for reason in item.notes if reason in NOTES]


def _held(reached: Sequence[Recipient], clinic: Clinic) -> tuple[tuple[int, str], ...]:
    """Return how many wait for the end of quiet hours, and until when in their own zone."""
    until = Counter(
        f"{day_and_time(item.held_until, ZoneInfo(item.zone), clinic.language)}"
        f" {item.held_until.astimezone(ZoneInfo(item.zone)):%Z}"
        for item in sorted(reached, key=lambda item: str(item.held_until))
        if item.held_until is not None
    )
    return tuple((count, words) for words, count in until.items())
