from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.conversation.preferred_times import LONGEST, preferred_times


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("No I can't make it, can we do Thursday after 2?", "Thursday after 2"),
        ("can we do 2 instead", "2"),
        ("what about the 14th", "the 14th"),
        ("Thurs works better", "Thurs"),
        ("move me to next week", "next week"),
        ("monday or tuesday between 9 and 11:30 am", "monday or tuesday between 9 and 11:30 am"),
        ("any time on Friday. also stop texting my work phone", "any time on Friday"),
        ("May 3 at 3pm", "May 3 at 3pm"),
        ("¿puede ser el jueves después de las 2?", "el jueves después de las 2"),
        ("pasado mañana por la tarde", "pasado mañana por la tarde"),
        ("wed morning, or else 5/4", "wed morning; 5/4"),
    ],
)
def test_the_words_that_name_days_and_times_are_kept_as_they_were_written(text: str, phrase: str) -> None:
    assert preferred_times(text) == phrase


@pytest.mark.parametrize("text", ["R", "", "I have 2 kids", "I may come", "no", "my back is an 8", "need another one"])
def test_where_nothing_is_named_nothing_is_noted(text: str) -> None:
    assert preferred_times(text) == ""


@given(st.text(max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    assert len(preferred_times(text)) <= LONGEST
