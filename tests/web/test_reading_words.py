"""Why a text was read as it was: in the language that it was read in."""

from __future__ import annotations

import json

import pytest

from reminders.core.replies import Intent
from reminders.web.console.reading_words import meanings


def understood(language: str, *rules: tuple[str, int, int, str]) -> str:
    """What is kept of a reading: the language, and for each rule what it says and by which letters."""
    findings = [
        {"intent": intent, "evidence": [{"start": start, "end": end, "rule": rule}]}
        for intent, start, end, rule in rules
    ]
    return json.dumps({"findings": findings, "language": language})


@pytest.mark.parametrize(
    ("language", "rules", "why"),
    [
        ("en", ["en.needs_ride.no_ride", "es.needs_ride.no_ride"], ["“no ride”: no ride"]),
        ("es", ["en.needs_ride.no_ride", "es.needs_ride.no_ride"], ["“no ride”: no ride in Spanish"]),
        ("en", ["any.no", "es.needs_ride.no_ride"], ["“no ride”: a plain no"]),
        ("en", ["es.needs_ride.no_ride"], ["“no ride”: no ride"]),
        ("", ["es.needs_ride.no_ride"], ["“no ride”: no ride"]),
    ],
)
def test_no_english_text_is_said_to_have_been_read_in_spanish(language: str, rules: list[str], why: list[str]) -> None:
    kept = understood(language, *(("needs_ride", 0, 7, rule) for rule in rules))
    (found,) = meanings([Intent.NEEDS_RIDE], "no ride", kept)
    assert found.why == why


def test_what_was_said_in_the_other_language_alone_keeps_its_reason() -> None:
    kept = understood("en", ("confirm", 0, 3, "en.yes"), ("needs_ride", 5, 14, "es.needs_ride.no_ride"))
    found = meanings([Intent.CONFIRM, Intent.NEEDS_RIDE], "yes, sin carro hoy", kept)
    assert [one.why for one in found] == [["“yes”: a plain yes"], ["“sin carro”: no ride"]]
