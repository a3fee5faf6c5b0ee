"""The staff worklist: its kinds of task, what to do about each and how soon, and what opens and ends them."""

from __future__ import annotations

from reminders.core.tasks.doubts import DOUBTS, Doubt
from reminders.core.tasks.due import DUE_WITHIN, due_at, told
from reminders.core.tasks.ending import (
    ABOUT_A_VERSION,
    LOOKED_UP_WITHIN,
    Resolver,
    ended_by,
    ended_by_change,
    ended_by_record,
)
from reminders.core.tasks.evidence import Proof, fitting, language_read, proofs
from reminders.core.tasks.kinds import Outcome, TaskKind, Urgency
from reminders.core.tasks.morning import GROUP_TITLES, GROUPS, SAID_IN_REPLY, Group, group_of, place, pressing
from reminders.core.tasks.opening import (
    AFTER_MESSAGE,
    AFTER_REMINDER,
    RIDE_CHECK,
    after_message,
    after_reminder,
    by_link,
    key_after_message,
    key_of,
)
from reminders.core.tasks.words import NEXT_ACTIONS, OUTCOMES, PHONE_A_LANDLINE, TITLES, USUAL_URGENCY, next_action
from reminders.core.tasks.work import CAN_BE_CONFIRMED, CAN_GET_A_RIDE, Standing, Verb, how_it_ended, refusal, with_line

__all__ = [
    "ABOUT_A_VERSION",
    "AFTER_MESSAGE",
    "AFTER_REMINDER",
    "CAN_BE_CONFIRMED",
    "CAN_GET_A_RIDE",
    "DOUBTS",
    "DUE_WITHIN",
    "GROUPS",
    "GROUP_TITLES",
    "LOOKED_UP_WITHIN",
    "NEXT_ACTIONS",
    "OUTCOMES",
    "PHONE_A_LANDLINE",
    "RIDE_CHECK",
    "SAID_IN_REPLY",
    "TITLES",
    "USUAL_URGENCY",
    "Doubt",
    "Group",
    "Outcome",
    "Proof",
    "Resolver",
    "Standing",
    "TaskKind",
    "Urgency",
    "Verb",
    "after_message",
    "after_reminder",
    "by_link",
    "due_at",
    "ended_by",
    "ended_by_change",
    "ended_by_record",
    "fitting",
    "group_of",
    "how_it_ended",
    "key_after_message",
    "key_of",
    "language_read",
    "next_action",
    "place",
    "pressing",
    "proofs",
    "refusal",
    "told",
    "with_line",
]
