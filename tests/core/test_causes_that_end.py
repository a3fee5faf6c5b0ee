"""What ends a task about a session on a closed day, and about one that the schedule no longer names."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from reminders.core.conditions import Case, Telling, case_of
from reminders.core.pauses import Pauses
from reminders.core.tasks import Resolver, TaskKind, key_of
from reminders.core.watching import over_by
from tests.builders import NOON, a_clinic, a_patient, an_appointment, local

START = local("2027-03-16 22:30")
ON, AFTER = date(2027, 3, 16), date(2027, 3, 17)
CLOSED_DAY, MISSING = TaskKind.SESSION_ON_CLOSED_DAY, TaskKind.MISSING_FROM_SCHEDULE


def a_case(*, by_file: date | None = None, by_staff: date | None = None, is_missing: bool = False) -> Case:
    return case_of(
        replace(an_appointment(START), missing_since=NOON if is_missing else None),
        a_patient(),
        replace(a_clinic(), closures=frozenset({by_file} if by_file else ())),
        siblings=(),
        telling=Telling(),
        now=NOON,
        pauses=Pauses(days=frozenset({by_staff} if by_staff else ())),
    )


@pytest.mark.parametrize(
    ("kind", "case", "by"),
    [
        (CLOSED_DAY, a_case(by_file=ON), None),
        (CLOSED_DAY, a_case(by_staff=ON), None),
        (CLOSED_DAY, a_case(by_file=AFTER), Resolver.SCHEDULE),
        (CLOSED_DAY, a_case(), Resolver.SCHEDULE),
        (CLOSED_DAY, replace(a_case(by_file=ON), now=START), None),
        (MISSING, a_case(is_missing=True), None),
        (MISSING, a_case(), Resolver.SCHEDULE),
    ],
)
def test_an_open_day_and_a_row_that_is_back_end_their_tasks(kind: TaskKind, case: Case, by: Resolver | None) -> None:
    assert over_by(kind, key_of(kind, case.appointment.id, 1), case) is by
