"""What left by rules that a clinic has changed since is not explained by a rule that never moved it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from reminders.core.clinics import Clinic
from reminders.core.conditions import Case, case_of
from reminders.core.planning import desired
from reminders.core.timeline.rules import explain
from tests.builders import a_clinic, a_patient
from tests.core.planning_cases import LONG_BEFORE, SILENT, a_visit


def a_case(clinic: Clinic) -> Case:
    return case_of(a_visit("2027-03-25 10:00"), a_patient(), clinic, siblings=(), telling=SILENT, now=LONG_BEFORE)


def test_a_closure_that_is_gone_is_no_reason_to_call_a_reminder_pulled_back() -> None:
    step = a_clinic().cadence("ketamine_infusion").step("ride_check")
    assert step is not None
    closed = a_case(replace(a_clinic(), closures=frozenset({date(2027, 3, 23)})))
    plan = next(plan for plan in desired(closed) if plan.key.step == step.key)
    assert explain(step, closed, plan).shift == "the clinic is closed on Tue 23 Mar, so the open day before"
    assert explain(step, a_case(a_clinic()), plan).shift == (
        "planned for Mon 22 Mar 10:00 by rules that have changed since"
    )
