"""A short life of three clinics, on both databases: five weeks around the clock change of 14 March."""

from __future__ import annotations

from datetime import UTC, datetime

from reminders.store.unit_of_work import Store
from tests.simulation.checker import Rule
from tests.simulation.clinic_year import ClinicYear, shown

BEGINS = datetime(2027, 2, 24, 14, 0, tzinfo=UTC)


def test_every_invariant_holds_in_a_short_life_of_three_clinics(store: Store) -> None:
    outcome = ClinicYear(store, patients=9, days=35, seed=314, begins=BEGINS, looks=4).run()
    assert not outcome.checker.breaches, shown(outcome.checker.breaches)
    unasked = [rule.name for rule in Rule if not outcome.checker.checked[rule]]
    assert not unasked, f"a life in which these never came up shows nothing about them: {unasked}"
    assert outcome.sent.total() > 50
