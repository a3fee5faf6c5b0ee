"""`[clinic.check_in]`: the product's own rules, a clinic's, and every fault as a line that says what is wanted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reminders.core.check_ins import DEFAULT_RULES, CheckInRules, Thresholds
from reminders.core.clinic_document import read_clinic
from reminders.core.errors import ClinicFileError
from reminders.core.ids import ClinicId
from tests.builders import an_id
from tests.world import CLINIC


def rules(**table: Any) -> CheckInRules:  # noqa: ANN401 - whatever a file may hold
    return read_clinic({**CLINIC, "check_in": table}, clinic_id=ClinicId(an_id("C"))).check_in


def test_a_clinic_that_says_nothing_gets_the_products_own() -> None:
    assert rules() == DEFAULT_RULES == CheckInRules(Thresholds(8, 3), timedelta(hours=6))


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"high": 7}, CheckInRules(Thresholds(7, 3))),
        ({"high": "off", "jump": 5}, CheckInRules(Thresholds(None, 5))),
        ({"jump": "off"}, CheckInRules(Thresholds(8, None))),
        ({"nudge_hours": 3}, CheckInRules(nudge_after=timedelta(hours=3))),
        ({"nudge_hours": "off"}, CheckInRules(nudge_after=None)),
    ],
)
def test_each_number_may_be_changed_or_switched_off(table: dict[str, Any], expected: CheckInRules) -> None:
    assert rules(**table) == expected


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ({"high": 11}, 'clinic.check_in.high: found 11; a whole number from 1 to 10, or "off", is wanted'),
        ({"jump": True}, 'clinic.check_in.jump: found True; a whole number from 1 to 10, or "off", is wanted'),
        ({"jump": 2.5}, 'clinic.check_in.jump: found 2.5; a whole number from 1 to 10, or "off", is wanted'),
        ({"nudge_hours": 0}, 'clinic.check_in.nudge_hours: found 0; a whole number from 1 to 72, or "off", is wanted'),
        ({"highest": 8}, "clinic.check_in.highest: found 8; unknown key; known here: high, jump, nudge_hours"),
    ],
)
def test_a_fault_says_what_is_wanted(table: dict[str, Any], fault: str) -> None:
    with pytest.raises(ClinicFileError) as raised:
        rules(**table)
    assert raised.value.faults == (fault,)


def test_it_is_a_table() -> None:
    with pytest.raises(ClinicFileError, match=r"clinic\.check_in: found 8; a table is wanted"):
        read_clinic({**CLINIC, "check_in": 8}, clinic_id=ClinicId(an_id("C")))
