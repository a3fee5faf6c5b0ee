from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reminders.core.content import Words
from reminders.core.patients import Channel, Recipient
from reminders.core.plan_diff import Change, plan_diff
from reminders.core.reminders import Reason
from reminders.core.upcoming import Upcoming
from tests.builders import NOON, an_appointment

UNTIL = NOON + timedelta(days=7)
DAY = timedelta(days=1)
IS = Upcoming(NOON + DAY, "booked", Channel.SMS, Recipient.PATIENT, an_appointment(), Words("", "Come."))
LATE = replace(IS, at=UNTIL + DAY, words=None)


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ([IS], [IS], []),
        ([], [IS], [Change.ADDED]),
        ([IS], [], [Change.GONE]),
        ([IS], [replace(IS, at=NOON)], [Change.MOVED]),
        ([IS], [replace(IS, channel=Channel.EMAIL)], [Change.MOVED]),
        ([IS], [replace(IS, words=Words("", "Do come."))], [Change.REWORDED]),
        ([IS], [replace(IS, at=NOON, words=Words("", "Do come."))], [Change.MOVED]),
        ([IS], [LATE], [Change.MOVED]),
        ([LATE], [IS], [Change.MOVED]),
        ([LATE], [], []),
        ([], [LATE], []),
        ([LATE], [replace(LATE, at=UNTIL)], []),
        ([IS], [replace(IS, recipient=Recipient.ESCORT)], [Change.GONE, Change.ADDED]),
        ([IS], [replace(IS, needless=Reason.ALREADY_CONFIRMED, words=None)], [Change.GONE]),
        ([replace(IS, needless=Reason.ALREADY_CONFIRMED, words=None)], [], []),
    ],
)
def test_each_message_is_added_gone_moved_or_reworded(
    before: list[Upcoming], after: list[Upcoming], changes: list[Change]
) -> None:
    assert [line.change for line in plan_diff(before, after, until=UNTIL)] == changes


def test_lines_come_in_order_of_time() -> None:
    second = replace(IS, step="moved", at=IS.at + DAY)
    found = plan_diff([second], [IS], until=UNTIL)
    assert [line.message.step for line in found] == ["booked", "moved"]
