from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reminders.core.ad_hoc import (
    Letter,
    good_reason,
    leaving_at,
    length_faults,
    letter_faults,
    letter_notes,
    signed,
    speaks_of_session,
)
from reminders.core.clinics import EXEMPTION
from reminders.core.errors import InputError
from reminders.core.prices import cost, is_price
from tests.builders import NOON, a_clinic, local

CLINIC = a_clinic()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Hello", "{{sender}}: Hello"),
        (" Hello ", "{{sender}}: Hello"),
        ("{{sender}}: hello", "{{sender}}: hello"),
        ("{{ sender }} says hello", "{{ sender }} says hello"),
        ("Greetings from RIVERSIDE clinic", "Greetings from RIVERSIDE clinic"),
    ],
)
def test_every_text_says_who_writes(text: str, read: str) -> None:
    assert signed(text, "Riverside Clinic") == read


def test_who_reads_another_language_gets_that_text_where_it_was_written() -> None:
    both = Letter("Hello", {"es": "Hola"})
    assert both.for_language("es-MX", home="en") == ("Hola", "es")
    assert both.for_language("en", home="en") == ("Hello", "en")
    assert both.for_language("fr", home="en") == ("Hello", "en")
    assert Letter("Hello", {"es": "  "}).for_language("es", home="en") == ("Hello", "en")
    assert Letter("Hola", {"en": "Hello"}).for_language("en", home="es") == ("Hello", "en")
    assert both.by_language("en") == {"en": "Hello", "es": "Hola"}


@pytest.mark.parametrize(
    ("letter", "has_session", "fault"),
    [
        (Letter("See you {{when}}"), True, None),
        (Letter("See you {{when}}"), False, "text: found '{{when}}'"),
        (Letter("Press {{link}}"), True, "text: found '{{link}}'"),
        (Letter("{{question}}"), True, "text: found '{{question}}'"),
        (Letter("Call {{phone"), True, "text: found '{{'"),
        (Letter("Your ketamine"), True, "text: found 'ketamine'"),
        (Letter("Hello", {"es": "Su ketamina"}), True, "text (es): found 'ketamina'"),
        (Letter("Reply STOP to end, or YES to confirm"), True, "text: found 'YES'"),
    ],
)
def test_what_may_not_be_said_is_refused(letter: Letter, fault: str | None, *, has_session: bool) -> None:
    found = letter_faults(letter, CLINIC, has_session=has_session)
    assert found == [] if fault is None else found[0].startswith(fault)


def test_what_is_empty_or_too_long_is_refused() -> None:
    assert len(length_faults(Letter(" ", {"es": "x" * 1601}), CLINIC)) == 2
    assert length_faults(Letter("x" * 1600, {"es": " "}), CLINIC) == []


def test_what_is_dear_is_noted_and_refused_nowhere() -> None:
    assert letter_notes({"en": "Hello"}, CLINIC) == []
    assert "'–' (U+2013 EN DASH: write '-')" in letter_notes({"en": "Hello – you"}, CLINIC)[0]
    assert letter_notes({"en": "Hello – you"}, replace(CLINIC, allows_ucs2=True)) == []
    assert letter_notes({"en": "x" * 500}, CLINIC) == ["The longest takes 4 segments; here texts take 3."]
    short = replace(CLINIC, caps=EXEMPTION)
    assert letter_notes({"en": "x" * 161}, short) == ["The longest has 161 characters; without consent at most 160."]


def test_a_reason_says_something() -> None:
    assert good_reason(None) is None
    assert good_reason("  ") is None
    assert good_reason(" The  clinic\nburns ") == "The clinic burns"
    assert good_reason("x" * 300) == "x" * 200
    for said in ("urgent", "a" + " " * 20 + "b"):
        with pytest.raises(InputError):
            good_reason(said)


def test_a_time_is_the_clinics_and_to_come() -> None:
    assert leaving_at(datetime(2027, 3, 2, 14), CLINIC, now=NOON) == NOON + timedelta(hours=2)  # noqa: DTZ001 - a wall clock
    assert leaving_at(datetime(2027, 3, 2, 11, 59), CLINIC, now=NOON) == NOON  # noqa: DTZ001 - a wall clock
    assert leaving_at(datetime(2027, 3, 14, 3), CLINIC, now=NOON) == local("2027-03-14 03:00")  # noqa: DTZ001 - a wall clock
    for wall in ("2027-03-02T11:50", "2027-03-14T02:30", "2027-06-02T12:00"):
        with pytest.raises(InputError):
            leaving_at(datetime.fromisoformat(wall), CLINIC, now=NOON)


def test_a_text_that_tells_a_time_is_about_a_session() -> None:
    assert speaks_of_session("See you {{when}}")
    assert not speaks_of_session("Call {{phone}}, {{place}}")


@pytest.mark.parametrize(
    ("price", "segments", "sum_"),
    [
        ("0.0079 USD", 18, "0.14 USD"),
        ("0.0079 USD", 1, "0.01 USD"),
        ("1 EUR", 3, "3.00 EUR"),
        ("", 3, ""),
        ("1 EUR", 0, ""),
    ],
)
def test_what_a_message_to_many_costs(price: str, segments: int, sum_: str) -> None:
    assert cost(price, segments) == sum_


@pytest.mark.parametrize("found", ["0.0079", "USD 1", "-1 USD", "1,5 EUR", 7.9, "1  USD", "1 usd"])
def test_what_is_no_price(found: object) -> None:
    assert not is_price(found)
