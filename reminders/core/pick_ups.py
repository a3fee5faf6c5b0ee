"""Pick-ups: what somebody who was asked to fetch a patient may answer, and which sessions that is about.

Nothing is guessed (promise 4): a yes beside a no, or another car than their own, goes to a person.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reminders.core.ids import AppointmentId, ClinicId, PatientId
from reminders.core.replies.intents import Intent

STILL_HEARD = timedelta(days=1)
"""So long after a session's end its escort's words are still about it."""


class PickUpWord(StrEnum):
    """What an escort's text comes to."""

    YES = "yes"
    NO = "no"
    STOP = "stop"
    """No texts any more; whether they come, nobody knows."""
    DECEASED = "deceased"
    READ = "read"
    """A person reads it."""
    NOTHING = "nothing"
    """A machine's answer, or thanks."""
    ANYBODYS = "anybodys"
    """A word that means the same whoever sends it: who are you, write to me again."""


NO = frozenset({Intent.DECLINE, Intent.RESCHEDULE, Intent.NEEDS_RIDE, Intent.WRONG_NUMBER})
"""R, "can't make it", "my car broke down", "I don't know them"."""
YES = frozenset({Intent.CONFIRM, Intent.HAS_RIDE})
ALONE: dict[Intent, PickUpWord] = {
    Intent.HELP: PickUpWord.ANYBODYS,
    Intent.OPT_IN: PickUpWord.ANYBODYS,
    Intent.THANKS: PickUpWord.NOTHING,
    Intent.REACTION: PickUpWord.NOTHING,
    Intent.AUTO_REPLY: PickUpWord.NOTHING,
}
SAYS_ENOUGH = YES | NO | {Intent.SELF_DRIVE, *ALONE}
"""What leaves nothing to read beside an answer; an escort who says "I drive" comes."""


def pick_up_word(intents: Collection[Intent]) -> PickUpWord:
    """Return what an escort's text comes to, the graver part first. A red flag in it is for the caller to raise."""
    said = set(intents)
    if Intent.OPT_OUT in said:
        return PickUpWord.STOP
    if Intent.DECEASED in said:
        return PickUpWord.DECEASED
    if said & NO and not said & YES:
        return PickUpWord.NO
    if said & YES and not said & (NO | {Intent.HIRED_RIDE}):
        return PickUpWord.YES
    only = next(iter(said)) if len(said) == 1 else None
    return ALONE.get(only, PickUpWord.READ) if only is not None else PickUpWord.READ


def wants_reader(word: PickUpWord, intents: Collection[Intent]) -> bool:
    """Say whether a person should read the text, for what it says beside an answer or instead of one."""
    if word is PickUpWord.READ:
        return True
    is_answer = word in {PickUpWord.YES, PickUpWord.NO}
    return is_answer and bool(set(intents) - SAYS_ENOUGH - {Intent.RED_FLAG})


@dataclass(frozen=True, slots=True)
class Errand:
    """What one text to an escort was about: a patient's sessions, each with its version. `left_at` is when it went."""

    clinic_id: ClinicId
    patient_id: PatientId
    about: tuple[tuple[AppointmentId, int], ...]
    is_open: bool
    """It asked whether they will be there, and that is neither answered nor out of date."""
    left_at: datetime


def is_between_several(errands: Collection[Errand]) -> bool:
    """Say whether open questions of several patients wait on this phone: no word then tells which one is answered."""
    return len({item.patient_id for item in errands if item.is_open}) > 1
