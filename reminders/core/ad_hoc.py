"""Ad hoc: what staff may write themselves, to whom it is addressed in which language, and when it is to leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reminders.core.clinics import Clinic
from reminders.core.content import KNOWN_VALUES, PLACEHOLDER, language_of
from reminders.core.errors import InputError
from reminders.core.lint import odd_characters, placeholder_faults, wording_faults
from reminders.core.segments import measure
from reminders.core.windows import from_local

LONGEST = 1600
"""Characters that the provider takes at most."""
LEAST_REASON = 10
"""Letters in which a reason can be said; less is a key that was held down."""
LONGEST_REASON = 200
LONGEST_AHEAD = timedelta(days=60)
JUST_NOW = timedelta(minutes=2)
"""A time that was this minute when it was chosen is not the past."""
OF_NO_SESSION = frozenset({"sender", "phone", "emergency", "crisis_line", "place"})
OF_A_SESSION = KNOWN_VALUES - OF_NO_SESSION - {"link", "question"}
"""What a text may say where it is about a session: nothing here asks, so there is no question and no page to link."""
SENDER = "{{sender}}"


@dataclass(frozen=True, slots=True)
class Letter:
    """A text in the clinic's language, and in those others in which somebody wrote it too."""

    text: str
    others: Mapping[str, str] = field(default_factory=dict)

    def for_language(self, wanted: str, *, home: str) -> tuple[str, str]:
        """Return the text for a reader, and its language: the clinic's where theirs was not written."""
        mine = language_of(wanted)
        if mine != home and self.others.get(mine, "").strip():
            return self.others[mine], mine
        return self.text, home

    def by_language(self, home: str) -> dict[str, str]:
        """Return every text that was written, the clinic's own language first."""
        rest = {key: text for key, text in self.others.items() if key != home and text.strip()}
        return {home: self.text, **rest}


def signed(text: str, sender: str) -> str:
    """Return a text that says who writes: the clinic's name stands in front where it is not in it already."""
    is_named = "sender" in PLACEHOLDER.findall(text) or sender.casefold() in text.casefold()
    return text.strip() if is_named else f"{SENDER}: {text.strip()}"


def length_faults(letter: Letter, clinic: Clinic) -> list[str]:
    """Return what is empty or too long."""
    found = []
    for path, text in _paths(letter, clinic):
        if not text.strip():
            found.append(f"{path}: found nothing; write what the patient is to read")
        if len(text) > LONGEST:
            found.append(f"{path}: found {len(text)} characters; at most {LONGEST} can be sent")
    return found


def _paths(letter: Letter, clinic: Clinic) -> list[tuple[str, str]]:
    home = language_of(clinic.language)
    texts = letter.by_language(home).items()
    return [("text" if language == home else f"text ({language})", text) for language, text in texts]


def letter_faults(letter: Letter, clinic: Clinic, *, has_session: bool) -> list[str]:
    """Return why a letter may not be sent: what it names or offers, and values that there are not."""
    known = OF_NO_SESSION | OF_A_SESSION if has_session else OF_NO_SESSION
    found: list[str] = []
    for path, text in _paths(letter, clinic):
        found += placeholder_faults(path, text, known)
        found += wording_faults(path, text)
    return found


def letter_notes(bodies: Mapping[str, str], clinic: Clinic) -> list[str]:
    """Return what makes texts dear or unusual, and stops nobody. `bodies` are the longest as read, by language."""
    notes = []
    for body in bodies.values():
        size = measure(body)
        if size.odd_characters and not clinic.allows_ucs2:
            notes.append(f"{', '.join(odd_characters(body))} more than double the price of a text.")
        if size.segments > clinic.most_segments:
            notes.append(f"The longest takes {size.segments} segments; here texts take {clinic.most_segments}.")
        if clinic.caps.characters is not None and len(body) > clinic.caps.characters:
            notes.append(f"The longest has {len(body)} characters; without consent at most {clinic.caps.characters}.")
    return list(dict.fromkeys(notes))


def speaks_of_session(text: str) -> bool:
    """Say whether a text tells times of a session, so that it is wrong once that has moved."""
    return not OF_A_SESSION.isdisjoint(PLACEHOLDER.findall(text))


def good_reason(reason: str | None) -> str | None:
    """Return why quiet hours are overridden, None where they are not. Raises InputError where it says nothing."""
    said = " ".join((reason or "").split())
    if not said:
        return None
    if len(said) < LEAST_REASON:
        raise InputError(
            [f"reason: found {said!r}; say in {LEAST_REASON} letters or more why it cannot wait until quiet hours end"]
        )
    return said[:LONGEST_REASON]


def leaving_at(wall: datetime, clinic: Clinic, *, now: datetime) -> datetime:
    """Return the instant of a wall-clock time at the clinic. Raises InputError for one that is past or is none."""
    at = from_local(wall, clinic.tz)
    shown = f"{wall:%Y-%m-%d %H:%M}"
    if at.astimezone(clinic.tz).replace(tzinfo=None) != wall:
        raise InputError([f"at: found {shown}; the clock goes forward then, and there is no such time"])
    check_time(at, shown, now=now)
    return max(at, now)


def check_time(at: datetime, shown: str, *, now: datetime) -> None:
    """Refuse a time that is past, or so far ahead that nobody remembers. Raises InputError."""
    if at < now - JUST_NOW:
        raise InputError([f"at: found {shown}; that is past"])
    if at > now + LONGEST_AHEAD:
        raise InputError([f"at: found {shown}; at most {LONGEST_AHEAD.days} days ahead"])
