"""Short lives of three clinics: five weeks around the clock change of 14 March, and ten days of them on PostgreSQL.

`python3 -m tests.simulation.clinic_year` lives a year of many patients, on any database.
"""

from __future__ import annotations

from datetime import UTC, datetime

from reminders.store.unit_of_work import Store
from tests.simulation.checker import Rule
from tests.simulation.clinic_year import ClinicYear, shown

BEGINS = datetime(2027, 2, 24, 14, 0, tzinfo=UTC)
BEFORE_THE_CHANGE = datetime(2027, 3, 9, 14, 0, tzinfo=UTC)


def test_every_invariant_holds_in_a_short_life_of_three_clinics(sqlite_store: Store) -> None:
    outcome = ClinicYear(sqlite_store, patients=9, days=35, seed=314, begins=BEGINS, looks=4).run()
    assert not outcome.checker.breaches, shown(outcome.checker.breaches)
    unasked = [rule.name for rule in Rule if not outcome.checker.checked[rule]]
    assert not unasked, f"a life in which these never came up shows nothing about them: {unasked}"
    assert outcome.sent.total() > 50


def test_they_hold_on_postgresql_over_the_change_of_the_clocks(postgres_store: Store) -> None:
    outcome = ClinicYear(postgres_store, patients=6, days=10, seed=314, begins=BEFORE_THE_CHANGE, looks=2).run()
    assert not outcome.checker.breaches, shown(outcome.checker.breaches)
    assert outcome.sent.total() > 10
