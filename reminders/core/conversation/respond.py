"""Respond: what follows from a reply. Pure; a small function for each thing that a text can say.

Everything that a text says is acted on. Attendance, rides and scores are never guessed: whatever is not sure goes to a
person (requirements 30, 35, 36, 41 to 47). No reply vanishes: there is at least one action.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reminders.core.conversation.actions import Action, Note, OpenTask, Say
from reminders.core.conversation.answers import MOST_ANSWERS
from reminders.core.conversation.consent_rules import opt_in, opt_out, resubscribe, wrong_number
from reminders.core.conversation.health_rules import idiom, red_flag, score, symptom, unscored
from reminders.core.conversation.scene import Rule, Scene
from reminders.core.conversation.staff_rules import (
    auto_reply,
    call_me,
    contact_change,
    deceased,
    help_me,
    photo,
    question,
    reaction,
    thanks,
    unclear,
)
from reminders.core.conversation.visit_rules import arrived, confirm, decline, late, reschedule, ride
from reminders.core.replies import Intent
from reminders.core.tasks import TaskKind

__all__ = ["RULES", "respond"]

RULES: dict[Intent, Rule] = {
    Intent.RED_FLAG: red_flag,
    Intent.OPT_OUT: opt_out,
    Intent.DECEASED: deceased,
    Intent.WRONG_NUMBER: wrong_number,
    Intent.DECLINE: decline,
    Intent.RESCHEDULE: reschedule,
    Intent.LATE: late,
    Intent.ARRIVED: arrived,
    Intent.NEEDS_RIDE: ride,
    Intent.SELF_DRIVE: ride,
    Intent.HIRED_RIDE: ride,
    Intent.HAS_RIDE: ride,
    Intent.SCORE: score,
    Intent.SYMPTOM: symptom,
    Intent.CONFIRM: confirm,
    Intent.CALL_ME: call_me,
    Intent.CONTACT_CHANGE: contact_change,
    Intent.OPT_IN: opt_in,
    Intent.QUESTION: question,
    Intent.HELP: help_me,
    Intent.THANKS: thanks,
    Intent.REACTION: reaction,
    Intent.AUTO_REPLY: auto_reply,
    Intent.UNCLEAR: unclear,
}
FROM_A_STRANGER = frozenset({Intent.RED_FLAG, Intent.OPT_OUT, Intent.OPT_IN, Intent.WRONG_NUMBER, Intent.HELP})
"""What is acted on whoever wrote; all else of an unknown number is for a person to read."""
SILENT = frozenset({Intent.REACTION, Intent.AUTO_REPLY, Intent.THANKS, Intent.UNCLEAR})
"""Said alone by texts that nobody should be answered for."""
READ_ANYWAY = frozenset({TaskKind.REPLY_UNCLEAR, TaskKind.SENDER_UNKNOWN})


def respond(scene: Scene) -> tuple[Action, ...]:
    """Decide what follows from a reply, once for each thing that follows."""
    heard = scene.heard
    found: list[Action] = []
    for rule in _rules(scene):
        found += [action for action in rule(scene) if action not in found]
    if scene.is_stranger and _needs_a_reader(scene, found):
        found.append(scene.task(TaskKind.SENDER_UNKNOWN))
    if heard.media_count and not any(isinstance(action, OpenTask) for action in found):
        found += photo(scene)
    kept = [action for action in found if not isinstance(action, Say) or scene.may_say(action.kind)]
    if len(kept) < len(found) and scene.has_had_enough:
        kept.append(Note(f"{MOST_ANSWERS} automatic answers in the last hour are enough"))
    return tuple(_without_doubles(kept)) or (Note("nothing to do"),)


def _rules(scene: Scene) -> Iterator[Rule]:
    """Yield the rules that apply, most pressing first."""
    intents = scene.heard.interpretation.intents
    if scene.is_stranger:
        yield from dict.fromkeys(RULES[intent] for intent in intents if intent in FROM_A_STRANGER)
        return
    if scene.thread.takes_idioms_seriously and scene.heard.interpretation.may_be_idiom:
        yield idiom
    yield from dict.fromkeys(RULES[intent] for intent in intents)
    yield resubscribe
    yield unscored


def _needs_a_reader(scene: Scene, found: Iterable[Action]) -> bool:
    """Say whether a person should see this stranger's text: all but known words, thanks and machines."""
    is_done = any(not isinstance(action, Note) for action in found)
    reading = scene.heard.interpretation
    intents = set(reading.intents)
    is_asking = Intent.HELP in intents and not reading.keyword
    return is_asking or not intents <= (FROM_A_STRANGER | SILENT) or (Intent.UNCLEAR in intents and not is_done)


def _without_doubles(found: Iterable[Action]) -> Iterator[Action]:
    """Leave out a task "read this" where another task brings the same text before somebody."""
    tasks = [action for action in found if isinstance(action, OpenTask)]
    has_other = any(task.kind not in READ_ANYWAY for task in tasks)
    is_told = has_other
    for action in found:
        if isinstance(action, OpenTask) and action.kind in READ_ANYWAY:
            # Of two doubts about one text the first, which is of what presses most, is told.
            if not is_told:
                is_told = True
                yield action
        else:
            yield action
