"""The staff worklist: its kinds of task, what to do about each and how soon, and what opens and ends them."""

from __future__ import annotations

from reminders.core.tasks.ending import ABOUT_A_VERSION, Resolver, ended_by
from reminders.core.tasks.kinds import Outcome, TaskKind, Urgency
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

__all__ = [
    "ABOUT_A_VERSION",
    "AFTER_MESSAGE",
    "AFTER_REMINDER",
    "NEXT_ACTIONS",
    "OUTCOMES",
    "PHONE_A_LANDLINE",
    "RIDE_CHECK",
    "TITLES",
    "USUAL_URGENCY",
    "Outcome",
    "Resolver",
    "TaskKind",
    "Urgency",
    "after_message",
    "after_reminder",
    "by_link",
    "ended_by",
    "key_after_message",
    "key_of",
    "next_action",
]
