from __future__ import annotations

import pytest

from reminders.core.masking import masked


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("yes dana rivers will come", ["Dana Rivers"], "yes Sam Alex will come"),
        ("This is Mrs. Halloran. I shall be present", [], "This is Mrs. Alex. I shall be present"),
        ("soy Marisol, no puedo", [], "soy Alex, no puedo"),
        ("my husband Frank drives", [], "my husband Alex drives"),
        ("call me at (202) 555-0123 please", [], "call me at (000) 000-0000 please"),
        ("write to d.rivers@example.com", [], "write to name@example.org"),
        ("see https://clinic.example/p/123?x=1 thanks", [], "see https://example.org thanks"),
        ("born 03/07/1961", [], "born 00/00/0000"),
        ("7 out of 10 at 9:30, room 12", [], "7 out of 10 at 9:30, room 12"),
        ("I'm Fine, I will come", ["Will Smith"], "I'm Fine, I will come"),
        ("Will is my name", ["Will Smith"], "Sam is my name"),
    ],
)
def test_nobody_is_named_and_what_carries_meaning_stays(text: str, names: list[str], expected: str) -> None:
    assert masked(text, names) == expected
