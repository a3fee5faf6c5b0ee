"""Steps of a clinic's own: what each may ask, and of whom."""

from __future__ import annotations

from reminders.core.cadence_document import ASKED, OWN_PHASES, OWN_QUESTIONS, QUESTIONS, RANKS, SHIPPED
from reminders.core.cadences import QuestionKind
from tests.core.test_clinic_document import SNACK, cadence_of, own, read


def test_an_own_step_asks_an_escort_whether_they_will_be_there() -> None:
    found = cadence_of(read(**own({**SNACK, "recipient": "escort", "asks": "pick_up"}))).step("snack")
    assert found is not None
    assert (found.asks, found.rank) == (QuestionKind.PICK_UP, SHIPPED["pick_up"].rank)


def test_the_tables_of_own_steps_are_total() -> None:
    assert set(RANKS) == {None, *QuestionKind}
    assert set(ASKED) == set(QuestionKind)
    assert set(OWN_QUESTIONS) == set(QuestionKind)
    assert set(QUESTIONS) == set(OWN_PHASES)
    assert set().union(*QUESTIONS.values()) == set(QuestionKind)
