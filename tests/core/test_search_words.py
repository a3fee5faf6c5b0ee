"""The words by which patients are found leave out nobody whom a search means."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.search_words import found_by, plain, sought_in_names, sought_in_phones

SIGNS = "aáAñmnbroO'-– .(7_ßİöé\u0301/\u00a0"
PARTS = ("Ana", "ana", "María", "O'Brien", "Núñez", "de la", "García-López", "Jo", "J.", "Østergård", "Ng", "--", "(7)")
NAMES = st.one_of(
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map(" ".join), st.text(SIGNS, max_size=12), st.text()
)


def is_meant(name: str, query: str) -> bool:
    """Say whether each word of a query begins some part of a name: what a search promises."""
    told = plain(name)
    return all(re.search(rf"(?<!\w){re.escape(word)}", told) for word in plain(query).split())


@st.composite
def names_and_queries(draw: st.DrawFn) -> tuple[str, str]:
    """A name, and something to search for: made of pieces of the name more often than not."""
    name = draw(NAMES)
    starts = [draw(st.integers(0, len(name))) for _ in range(draw(st.integers(0, 3)))]
    pieces = [name[start : start + draw(st.integers(1, 9))] for start in starts]
    return name, draw(st.one_of(st.just(" ".join(pieces)), NAMES))


@given(names_and_queries())
def test_whoever_is_meant_by_a_name_has_every_word_that_is_sought(pair: tuple[str, str]) -> None:
    name, query = pair
    if is_meant(name, query):
        assert sought_in_names(query) <= found_by(name, None)


@given(
    st.one_of(st.from_regex(r"\+[0-9]{3,15}", fullmatch=True), st.text("0123456789+- x٣", max_size=12)),
    st.integers(3, 12),
)
def test_whoever_has_a_phone_that_ends_so_has_the_word_that_is_sought(phone: str, length: int) -> None:
    digits = re.sub(r"[^0-9]", "", phone)[-length:]
    if len(digits) >= 3 and phone.endswith(digits):
        assert sought_in_phones(digits) <= found_by("", phone)


@pytest.mark.parametrize(
    ("query", "name"),
    [("ana", "Marianne"), ("zz", "Ana"), ("brien", "OBrien"), ("gar lop", "García"), ("annabe", "Anna")],
)
def test_who_is_not_meant_is_seldom_opened(query: str, name: str) -> None:
    assert not sought_in_names(query) <= found_by(name, "+12025550101")


def test_few_rows_are_kept_of_a_patient_and_no_whole_name_or_phone() -> None:
    words = found_by("María-José O'Brien Guadalupe", "+12025550101")
    assert len(words) <= 25
    assert max(len(word.split()[1]) for word in words) == 6
    assert {word for word in words if word.startswith("phone")} == {"phone 101", "phone 0101"}


def test_a_query_without_letters_and_digits_leaves_out_nobody() -> None:
    assert sought_in_names("-- '") == frozenset()
