from __future__ import annotations

import pytest

from reminders.core.content import render
from reminders.core.errors import ContentError
from reminders.core.values import Values


def test_a_value_is_worked_out_when_a_text_names_it_and_once() -> None:
    asked: list[str] = []

    def when() -> str:
        asked.append("when")
        return "Tue Mar 16, 9:00 AM"

    values = Values({"when": when, "place": lambda: pytest.fail("no text names it")}, {"sender": "Riverside Clinic"})
    assert render("{{sender}}: {{when}}", values) == "Riverside Clinic: Tue Mar 16, 9:00 AM"
    assert render("{{when}}", values) == "Tue Mar 16, 9:00 AM"
    assert asked == ["when"]


def test_what_is_known_takes_the_place_of_what_would_be_worked_out() -> None:
    values = Values({"when": lambda: "then"}, {"sender": "A"}).but(when="now", link="here")
    assert dict(values) == {"when": "now", "sender": "A", "link": "here"}
    assert len(values) == 3


def test_a_placeholder_that_nobody_knows_names_those_that_are_known() -> None:
    with pytest.raises(ContentError, match=r"no value for \{\{drug\}\}; known: sender, when"):
        render("{{drug}}", Values({"when": lambda: "then"}, {"sender": "A"}))
