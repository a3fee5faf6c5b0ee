"""Corrections: what a person says that a reply means, where we read it otherwise, and what may follow from that late.

The corrected reading goes the way of every reading, through the rules of the conversation. What came between counts
more: a session that moved since, or what the patient wrote after that, is not overruled by an older text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reminders.core.appointments import Appointment
from reminders.core.check_ins import MOST
from reminders.core.conversation.actions import Action, Confirm, Note, OpenTask, RecordRide, Say, TakeBack
from reminders.core.conversation.answers import AnswerKind
from reminders.core.conversation.scene import Scene
from reminders.core.errors import InputError
from reminders.core.replies import Evidence, Finding, Intent, Interpretation
from reminders.core.replies.intents import PRECEDENCE, STANDS_ALONE
from reminders.core.tasks import Doubt, TaskKind, Urgency
from reminders.core.transport import RideState

BY_A_PERSON = "person"
"""The rule by which a corrected finding was read."""
ANSWERED_WITHIN = timedelta(hours=12)
"""An automatic answer that comes later than this answers nothing any more."""
ATTENDANCE = frozenset({Intent.CONFIRM, Intent.DECLINE, Intent.RESCHEDULE})
RIDES = frozenset({Intent.HAS_RIDE, Intent.NEEDS_RIDE, Intent.HIRED_RIDE, Intent.SELF_DRIVE})
WRITTEN_TO = frozenset({Intent.OPT_OUT, Intent.OPT_IN})
SUBJECTS: Mapping[str, frozenset[Intent]] = {
    "whether they come": ATTENDANCE,
    "the ride home": RIDES,
    "being written to": WRITTEN_TO,
}
"""Of these the patient's last word counts."""
CORRECTABLE: tuple[tuple[str, tuple[Intent, ...]], ...] = (
    (
        "The session",
        (Intent.CONFIRM, Intent.DECLINE, Intent.RESCHEDULE, Intent.LATE, Intent.ARRIVED),
    ),
    ("The ride home", (Intent.HAS_RIDE, Intent.NEEDS_RIDE, Intent.HIRED_RIDE, Intent.SELF_DRIVE)),
    ("How they are", (Intent.RED_FLAG, Intent.SYMPTOM, Intent.SCORE, Intent.DECEASED)),
    ("Writing to them", (Intent.OPT_OUT, Intent.WRONG_NUMBER, Intent.CONTACT_CHANGE, Intent.CALL_ME)),
    ("Else", (Intent.QUESTION, Intent.HELP, Intent.THANKS, Intent.REACTION, Intent.AUTO_REPLY, Intent.UNCLEAR)),
)
"""What may be ticked. That somebody wants texts again is no reading: it is recorded as consent."""
LEFT: Mapping[Intent, str] = {
    Intent.RED_FLAG: "The alarm stays until somebody resolves its task.",
    Intent.OPT_OUT: "The opt-out stays: only the patient ends it, by the word START or by consent that you record.",
    Intent.DECEASED: "The patient stays on hold until you end that on their page.",
    Intent.WRONG_NUMBER: "The number stays suspended until the schedule brings a corrected one.",
    Intent.HAS_RIDE: "The ride stays noted as arranged. If it is not, correct to 'has no ride', or ask the patient.",
    Intent.NEEDS_RIDE: "That a ride is missing stays noted until one is arranged.",
    Intent.HIRED_RIDE: "That a hired car was meant stays noted until a ride is arranged.",
    Intent.SELF_DRIVE: "That the patient means to drive stays noted until a ride is arranged.",
    Intent.SCORE: "An alarm that the first score raised stays until somebody resolves its task.",
    Intent.DECLINE: "The task about not coming stays open: resolve it if it is about nothing.",
    Intent.RESCHEDULE: "The task about another time stays open: resolve it if it is about nothing.",
    Intent.LATE: "The task about being late stays open: resolve it if it is about nothing.",
    Intent.ARRIVED: "The task about the arrival stays open: resolve it if it is about nothing.",
    Intent.SYMPTOM: "The task about the complaint stays open: resolve it if it is about nothing.",
    Intent.CALL_ME: "The task to phone stays open: resolve it if it is about nothing.",
    Intent.CONTACT_CHANGE: "The task about the new number stays open: resolve it if it is about nothing.",
    Intent.QUESTION: "The task about the question stays open: resolve it if it is about nothing.",
}
"""What the first reading did and a correction leaves alone: staff are told, and end it themselves where it is wrong."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text means to a person: intents, and a score with `SCORE` only."""

    intents: frozenset[Intent]
    score: int | None = None

    @property
    def in_order(self) -> tuple[Intent, ...]:
        """The intents, most pressing first."""
        return tuple(sorted(self.intents, key=PRECEDENCE.__getitem__))


def checked(intents: Iterable[Intent], score: int | None) -> Reading:
    """Return a reading that can be. Raises InputError with every fault."""
    said = frozenset(intents)
    offered = {intent for _, group in CORRECTABLE for intent in group}
    rules = (
        (not said, "meaning: tick at least one"),
        (bool(said - offered), "meaning: that cannot be said by a correction; record consent instead"),
        (
            bool(said & STANDS_ALONE) and len(said) > 1,
            "meaning: thanks, a reaction, a machine and 'needs a reader' are ticked alone",
        ),
        (
            Intent.CONFIRM in said and bool(said & {Intent.DECLINE, Intent.RESCHEDULE}),
            "meaning: either they come, or they do not or want another time",
        ),
        (len(said & RIDES) > 1, "meaning: of the ride home only one can be so"),
        ((score is not None) != (Intent.SCORE in said), "score: a number goes with 'gave a score', and only with it"),
        (score is not None and not 0 <= score <= MOST, f"score: a whole number from 0 to {MOST} is wanted"),
    )
    faults = [words for is_broken, words in rules if is_broken]
    if faults:
        raise InputError(faults)
    return Reading(said, score)


def corrected(
    reading: Reading, body: str, first: Interpretation, kept: Mapping[Intent, tuple[Evidence, ...]]
) -> Interpretation:
    """Return a person's reading as the rules take it. `kept` is the evidence of what was read right.

    The bare word that a text may be counts only for an opt-out: by it nothing else may happen a second time.
    """
    whole = (Evidence(0, len(body), BY_A_PERSON),)
    findings = tuple(Finding(intent, kept.get(intent) or whole) for intent in reading.in_order)
    keyword = first.keyword if Intent.OPT_OUT in reading.intents else ""
    return replace(first, findings=findings, score=reading.score, keyword=keyword, may_be_idiom=False)


def overruled(intents: Collection[Intent], later: Collection[Intent]) -> dict[Intent, str]:
    """Return which of these are not acted on, because a later text of the same phone spoke of the same matter."""
    return {
        intent: subject
        for subject, about in SUBJECTS.items()
        if about.intersection(later)
        for intent in about.intersection(intents)
    }


def in_time(actions: Sequence[Action], scene: Scene, *, received_at: datetime) -> tuple[Action, ...]:
    """Return the actions without what came too late: for sessions that changed since the text, and old answers.

    That a ride is missing holds for a session that moved, too. What cannot be done goes to a person.
    """
    known = {item.id: item for item in (*scene.thread.upcoming, *scene.thread.past)}
    changed = {key for key, item in known.items() if item.versioned_at > received_at}
    found: list[Action] = []
    for action in actions:
        match action:
            case Confirm(appointment_id=key) | TakeBack(appointment_id=key) if key in changed:
                found.append(Note("the session changed after this was written: nothing was changed about it"))
                found.append(_to_a_person(scene, known[key]))
            case RecordRide(visits=visits, state=RideState.ARRANGED) if any(item.id in changed for item in visits):
                found.append(Note("the session changed after this was written: ask about the ride again"))
                found += [_to_a_person(scene, item) for item in visits]
            case _:
                found.append(action)
    kept = [one for one in found if not isinstance(one, Say) or _may_still_say(one, scene, changed, received_at)]
    return tuple(dict.fromkeys(kept))


def _to_a_person(scene: Scene, item: Appointment) -> OpenTask:
    return OpenTask(TaskKind.REPLY_UNCLEAR, Urgency.HIGH, item.id, scene.thread.owner, doubt=Doubt.MOVED)


def _may_still_say(say: Say, scene: Scene, changed: Collection[object], received_at: datetime) -> bool:
    if say.kind is AnswerKind.CRISIS:
        return True
    is_old = scene.now - received_at > ANSWERED_WITHIN
    is_about_the_past = say.kind is not AnswerKind.MOVED and any(item.id in changed for item in say.about)
    return not is_old and not is_about_the_past


def no_longer_confirmed(before: Collection[Intent], after: Collection[Intent]) -> bool:
    """Say whether a yes that was read was none: what it confirmed does not stand confirmed."""
    return Intent.CONFIRM in before and Intent.CONFIRM not in after and Intent.DECLINE not in after


def left_standing(before: Iterable[Intent], after: Collection[Intent]) -> list[str]:
    """Say what the first reading did that a correction leaves as it is."""
    return [LEFT[intent] for intent in before if intent not in after and intent in LEFT]
