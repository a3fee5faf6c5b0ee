"""The morning list: the order in which the front desk works the worklist off (requirement 58)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from reminders.core.tasks.kinds import TaskKind, Urgency


class Group(StrEnum):
    """What belongs together on the list, in its order: first what cannot wait."""

    ESCALATIONS = "escalations"
    UNCONFIRMED = "unconfirmed"
    NO_RIDE = "no_ride"
    UNDELIVERED = "undelivered"
    LANDLINE = "landline"
    CHECK_INS = "check_ins"
    REPLIES = "replies"
    OPT_OUTS = "opt_outs"
    OTHER = "other"


GROUP_TITLES: Mapping[Group, str] = {
    Group.ESCALATIONS: "May need help now",
    Group.UNCONFIRMED: "Not confirmed",
    Group.NO_RIDE: "No ride home",
    Group.UNDELIVERED: "Not reached",
    Group.LANDLINE: "Landlines: phone instead",
    Group.CHECK_INS: "Check-ins without an answer",
    Group.REPLIES: "Replies to read",
    Group.OPT_OUTS: "Opted out: needs a call",
    Group.OTHER: "Other",
}
GROUPS: Mapping[TaskKind, Group] = {
    TaskKind.ESCALATION: Group.ESCALATIONS,
    TaskKind.UNCONFIRMED: Group.UNCONFIRMED,
    TaskKind.RIDE_WANTED: Group.NO_RIDE,
    TaskKind.SELF_DRIVE: Group.NO_RIDE,
    TaskKind.ESCORT_DECLINED: Group.NO_RIDE,
    TaskKind.NOT_DELIVERED: Group.UNDELIVERED,
    TaskKind.ADDRESS_FAULT: Group.UNDELIVERED,
    TaskKind.NOT_SENT_IN_TIME: Group.UNDELIVERED,
    TaskKind.OUTCOME_UNKNOWN: Group.UNDELIVERED,
    TaskKind.NO_WINDOW: Group.UNDELIVERED,
    TaskKind.CHECK_IN_UNANSWERED: Group.CHECK_INS,
    TaskKind.SYMPTOM: Group.REPLIES,
    TaskKind.RUNNING_LATE: Group.REPLIES,
    TaskKind.DECLINED: Group.REPLIES,
    TaskKind.RESCHEDULE: Group.REPLIES,
    TaskKind.REPLY_UNCLEAR: Group.REPLIES,
    TaskKind.QUESTION: Group.REPLIES,
    TaskKind.CALL_WANTED: Group.REPLIES,
    TaskKind.CONTACT_CHANGE: Group.REPLIES,
    TaskKind.WRONG_NUMBER: Group.REPLIES,
    TaskKind.DECEASED: Group.REPLIES,
    TaskKind.SENDER_UNKNOWN: Group.REPLIES,
    TaskKind.PHONE_PATIENT: Group.OPT_OUTS,
    TaskKind.NO_CONSENT: Group.OPT_OUTS,
    TaskKind.OPT_OUT_REQUEST: Group.OPT_OUTS,
    TaskKind.OPTED_IN: Group.OPT_OUTS,
    TaskKind.MISSING_FROM_SCHEDULE: Group.OTHER,
    TaskKind.CHANNEL_PAUSED: Group.OTHER,
    TaskKind.SCHEDULE_REFUSED: Group.OTHER,
    TaskKind.MARK_OUTCOME: Group.OTHER,
    TaskKind.SESSION_ON_CLOSED_DAY: Group.OTHER,
    TaskKind.CLOCK_WRONG: Group.OTHER,
    TaskKind.RESENDS_HELD: Group.OTHER,
    TaskKind.CODE_UNLISTED: Group.OTHER,
}
SAID_IN_REPLY = frozenset(
    {kind for kind, group in GROUPS.items() if group is Group.REPLIES} | {TaskKind.ESCALATION, TaskKind.PHONE_PATIENT}
)
"""Kinds about which the patient's own words say most; other tasks show theirs only where one led to them."""

Place = tuple[int, int, datetime, datetime]


def group_of(kind: TaskKind, *, is_landline: bool) -> Group:
    """Return where a task stands; `is_landline` says it of the patient's number."""
    return Group.LANDLINE if is_landline and kind is TaskKind.ADDRESS_FAULT else GROUPS[kind]


def pressing(urgency: Urgency, *, due: datetime, at: datetime) -> tuple[int, datetime, datetime]:
    """Return what tasks of one list are sorted by: how urgent, then what is due first; `at` as for `place`."""
    return -list(Urgency).index(urgency), due, at


def place(group: Group, urgency: Urgency, *, due: datetime, at: datetime) -> Place:
    """Return what tasks are sorted by: their group, how urgent they are, what is due first, and whose session is next.

    `at` is the session's start, or since when the task waits where it is about none.
    """
    return list(Group).index(group), *pressing(urgency, due=due, at=at)
