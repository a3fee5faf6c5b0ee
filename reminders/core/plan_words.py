"""A clinic's plan in words: when a step comes, by what, to whom, what it asks; and how two documents differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from reminders.core.cadences import DEFAULT_CADENCE, Anchor, Cadence, Elapsed, Offset, Phase, QuestionKind, Step
from reminders.core.clinics import Clinic
from reminders.core.labels import CHANNELS, title
from reminders.core.patients import Recipient
from reminders.core.wording import IN_TABLES, many, time_of_day

EVERY_KIND = "*"
TEN = time(10)
"""When the question to book again comes, whatever its step says."""
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ANCHORS: Mapping[Anchor, tuple[str, str]] = {
    Anchor.VERSION: ("as soon as it is booked or changed", "it is booked or changed"),
    Anchor.START: ("when the session starts", "the session"),
    Anchor.ARRIVAL: ("at the time of arrival", "arrival"),
    Anchor.FASTING: ("when the fast begins", "the fast begins"),
    Anchor.END: ("when the session ends", "the session ends"),
    Anchor.DUE: ("at its own time", "its own time"),
}
"""Each anchor as an instant of its own, and behind "before" and "after"."""
DAYS_OF: Mapping[Anchor, str] = {
    Anchor.VERSION: "the day it is booked or changed",
    Anchor.START: "the day of the session",
    Anchor.ARRIVAL: "the day of arrival",
    Anchor.FASTING: "the day the fast begins",
    Anchor.END: "the day the session ends",
    Anchor.DUE: "its own day",
}
RECIPIENTS: Mapping[Recipient, str] = {Recipient.PATIENT: "the patient", Recipient.ESCORT: "who fetches them"}
ASKS: Mapping[QuestionKind | None, str] = {
    None: "asks nothing",
    QuestionKind.CONFIRM: "asks whether they come",
    QuestionKind.RIDE: "asks who takes them home",
    QuestionKind.CHECK_IN: "asks for a score",
    QuestionKind.PICK_UP: "asks whether they will be there",
}
LANGUAGES: Mapping[str, str] = {"en": "English", "es": "Spanish"}
LONGEST_SHOWN = 300


def time_text(offset: Offset) -> str:
    """Write a point in time as a clinic's document does: `cadence_document.read_time` reads the same from it."""
    if isinstance(offset, Elapsed):
        minutes = offset.by // MINUTE
        unit, by = ("hour", minutes // 60) if minutes % 60 == 0 else ("minute", minutes)
        return f"{offset.anchor}{_signed(by, unit)}"
    return f"{offset.anchor}{_signed(offset.days, 'day')} at {offset.at:%H:%M}"


def _signed(by: int, unit: str) -> str:
    return f" {'-' if by < 0 else '+'} {many(abs(by), unit)}" if by else ""


def time_words(offset: Offset, language: str = IN_TABLES) -> str:
    """Say when something is, as in '3 days before the session, at 10:00'."""
    whole, behind = ANCHORS[offset.anchor]
    if isinstance(offset, Elapsed):
        return f"{_span(abs(offset.by))} {_side(offset.by < timedelta(0))} {behind}" if offset.by else whole
    if not offset.days:
        return f"on {DAYS_OF[offset.anchor]}, at {time_of_day(offset.at, language)}"
    days, side = many(abs(offset.days), "day"), _side(offset.days < 0)
    return f"{days} {side} {behind}, at {time_of_day(offset.at, language)}"


def _side(is_before: bool) -> str:  # noqa: FBT001 - one of two words
    return "before" if is_before else "after"


def _span(by: timedelta) -> str:
    minutes = by // MINUTE
    hours = [many(minutes // 60, "hour")] if minutes >= 60 else []  # noqa: PLR2004 - minutes of an hour
    return " ".join([*hours, *([many(minutes % 60, "minute")] if minutes % 60 else [])])


def due_words(step: Step, cadence: Cadence, language: str = IN_TABLES) -> str:
    """Say when a step comes; the question to book again counts in weeks."""
    if step.phase is not Phase.REBOOK:
        return time_words(step.due, language)
    weeks = cadence.rebook_weeks
    if weeks is None:
        return "never: no weeks are set"
    return f"{many(weeks, 'week')} after the last session, at {time_of_day(TEN, language)}"


def is_used(step: Step, cadence: Cadence) -> bool:
    """Say whether a step may ever come."""
    return step.is_enabled and not (step.phase is Phase.REBOOK and cadence.rebook_weeks is None)


def channel_words(step: Step) -> str:
    """Say by what a step goes, the first choice first."""
    return ", else ".join(CHANNELS[channel] for channel in step.channels)


def cadences_of(clinic: Clinic) -> dict[str, Cadence]:
    """Return the cadences that a clinic has, by kind of session; `*` is every kind without one of its own."""
    return {EVERY_KIND: DEFAULT_CADENCE, **clinic.cadences}


def kind_words(kind: str, *, is_only: bool = False) -> str:
    """Say which sessions a cadence is for."""
    if kind == EVERY_KIND:
        return "all sessions" if is_only else "all other sessions"
    return kind.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two documents say differently; `before` or `after` is empty where one of them says nothing."""

    what: str
    before: str
    after: str


def differences(old: Mapping[str, Any], new: Mapping[str, Any], before: Clinic, after: Clinic) -> list[Difference]:
    """Return how two documents of a clinic differ, in words; `before` and `after` are the clinics they describe."""
    found = [*_of_steps(before, after), *_of_texts(before, after), *_of_snippets(before, after)]
    rest_old, rest_new = dict(_rest(old)), dict(_rest(new))
    return found + [
        Difference(path, _shown(rest_old.get(path)), _shown(rest_new.get(path)))
        for path in sorted({*rest_old, *rest_new})
        if rest_old.get(path) != rest_new.get(path)
    ]


def _of_steps(before: Clinic, after: Clinic) -> Iterator[Difference]:
    olds, news = cadences_of(before), cadences_of(after)
    is_only = len({*olds, *news}) == 1
    for kind in sorted({*olds, *news}):
        # A kind that one of them has no cadence for follows that of all others there.
        old, new = olds.get(kind, olds[EVERY_KIND]), news.get(kind, news[EVERY_KIND])
        where = "" if is_only else f" ({kind_words(kind)})"
        for key in dict.fromkeys(step.key for cadence in (old, new) for step in cadence.steps):
            first, second = _facts(old, key, after.language), _facts(new, key, after.language)
            for name in {**first, **second}:
                if first.get(name) != second.get(name):
                    yield Difference(f"{title(key)}{where}: {name}", first.get(name, ""), second.get(name, ""))


def _facts(cadence: Cadence, key: str, language: str) -> dict[str, str]:
    step = cadence.step(key)
    if step is None:
        return {}
    return {
        "on or off": "on" if step.is_enabled else "off",
        "comes": due_words(step, cadence, language),
        "useless from": time_words(step.expires, language),
        "goes by": channel_words(step),
        "goes to": RECIPIENTS[step.recipient],
        "asks": ASKS[step.asks],
        "first session only": "yes" if step.is_first_only else "no",
        "only without a session in between": "yes" if step.is_alone_in_between else "no",
    }


def _of_texts(before: Clinic, after: Clinic) -> Iterator[Difference]:
    for language in sorted({*before.templates, *after.templates}):
        olds, news = before.templates.get(language, {}), after.templates.get(language, {})
        for key in sorted({*olds, *news}):
            if olds.get(key) != news.get(key):
                name = LANGUAGES.get(language, language)
                ours = "our usual text"
                yield Difference(f"{title(key)}, text in {name}", olds.get(key, ours), news.get(key, ours))


def _of_snippets(before: Clinic, after: Clinic) -> Iterator[Difference]:
    for language in sorted({*before.snippets, *after.snippets}):
        olds, news = before.snippets.get(language, {}), after.snippets.get(language, {})
        for key in sorted({*olds, *news}):
            if olds.get(key) != news.get(key):
                name = LANGUAGES.get(language, language)
                yield Difference(f"{snippet_name(key)}, for staff, in {name}", olds.get(key, ""), news.get(key, ""))


def snippet_name(key: str) -> str:
    """Return what a text for staff to answer with is called on screen."""
    return key.replace("-", " ").replace("_", " ").capitalize()


def _rest(document: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield every other setting by its path."""
    for key, value in document.items():
        if key in {"templates", "snippets"}:
            continue
        if key == "cadence" and isinstance(value, Mapping):
            for kind, table in value.items():
                plain = {name: item for name, item in table.items() if name not in {"steps", "on", "off"}}
                yield from ((f"cadence {kind}: {name}", item) for name, item in _flat("", plain))
            continue
        yield from _flat("", {key: value})


def _flat(path: str, table: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(f"{path}{key}.", value)
        else:
            yield f"{path}{key}".replace("_", " "), value


def _shown(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
