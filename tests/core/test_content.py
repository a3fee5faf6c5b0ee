"""Texts: neutral, cheap, never advertising a carrier's word, and showing clinical times on the safe side."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.cadences import DEFAULT_STEPS, QuestionKind
from reminders.core.content import PLACEHOLDER, appointment_values, compose, language_of, render
from reminders.core.errors import ContentError
from reminders.core.segments import Alphabet, measure
from reminders.core.texts import HELP_ANSWERS, MONTHS, QUESTIONS, SUBJECTS, TEMPLATES, WEEKDAYS
from tests.builders import a_clinic, an_appointment, local

LANGUAGES = sorted(TEMPLATES)
STEPS = [step.key for step in DEFAULT_STEPS]
MOST_SEGMENTS = 3
LONG = a_clinic(sender="Riverside Wellness and Family Practice Associates", phone="+1 (202) 555-0100 ext. 4321")
LINK = "https://reminders.riverside-associates.example.com/r/" + "x" * 32
NAMES_TOO_MUCH = re.compile(
    r"ketamin|infusi|esketamin|spravato|pain clinic|dolor cr|depress|deprim|anxi|ptsd|psych|psiqui|suicid|opioid|opiate"
    r"|addict|adicc|clinica del dolor|treatment|tratamiento|therap|terapia|diagnos|anesthe|anestes|drug\b|droga|inject",
    re.IGNORECASE,
)
CARRIER_WORDS = re.compile(r"\b(YES|NO|Y|N|CANCEL|END|QUIT|START|SI|NO MAS|ALTO)\b")
"""Capitals on purpose: that is how a text offers a word to reply with."""
EVERY_TEXT = {
    *(text for texts in TEMPLATES.values() for text in texts.values()),
    *(text for texts in QUESTIONS.values() for text in texts.values()),
    *SUBJECTS.values(),
    *HELP_ANSWERS.values(),
}


def test_every_language_has_every_text() -> None:
    assert set(WEEKDAYS) == set(MONTHS) == set(SUBJECTS) == set(QUESTIONS) == set(HELP_ANSWERS) == set(TEMPLATES)
    for language in LANGUAGES:
        assert set(TEMPLATES[language]) == set(STEPS)
        assert set(QUESTIONS[language]) == {
            kind.value + suffix for kind, suffix in product(QuestionKind, ("", "_link"))
        }
        assert (len(WEEKDAYS[language]), len(MONTHS[language])) == (7, 12)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("step", STEPS)
def test_every_text_is_cheap_at_its_longest_and_leaves_no_placeholder(step: str, language: str) -> None:
    # A late evening in September makes the longest days and times; merging may bring any question to any text.
    visit = an_appointment(local("2027-09-22 22:45"), duration=timedelta(hours=4))
    other = an_appointment(local("2027-09-29 22:45"), external_id="A2")
    for asks in (None, *QuestionKind):
        words = compose(step, visit, LONG, language=language, asks=asks, about=other)
        size = measure(words.body)
        assert size.alphabet is Alphabet.GSM7, size.odd_characters
        assert size.segments <= MOST_SEGMENTS, words.body
        assert "{" not in words.body + words.subject
        assert words.body.startswith(LONG.sender)


def test_no_text_names_the_drug_or_the_specialty() -> None:
    assert [text for text in EVERY_TEXT if NAMES_TOO_MUCH.search(text)] == []


def test_no_text_offers_a_word_that_carriers_take_for_themselves() -> None:
    assert [text for text in EVERY_TEXT if CARRIER_WORDS.search(text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_day_and_month_can_be_written_cheaply(language: str) -> None:
    for day in range(0, 365, 3):
        values = appointment_values(
            an_appointment(local("2027-01-01 09:00") + timedelta(days=day)), LONG, language=language
        )
        assert measure(values["when"]).alphabet is Alphabet.GSM7
    assert measure("".join(WEEKDAYS[language] + MONTHS[language])).alphabet is Alphabet.GSM7


@pytest.mark.parametrize("step", STEPS)
def test_a_question_that_is_asked_is_in_the_text_whatever_leads(step: str) -> None:
    for asks, link in product(QuestionKind, ["", LINK]):
        body = compose(step, an_appointment(), a_clinic(), language="en", asks=asks, link=link).body
        asked = QUESTIONS["en"][asks.value + ("_link" if link else "")].replace("{{link}}", link)
        asked = asked.replace("{{phone}}", a_clinic().phone)
        assert body.count(asked) == 1


def test_a_question_about_another_session_than_the_texts_names_it() -> None:
    wednesday, friday = (
        an_appointment(local("2027-03-17 09:00")),
        an_appointment(local("2027-03-19 09:00"), external_id="A2"),
    )
    for about, named in ((friday, "Fri Mar 19, 9:00 AM: Reply C to confirm"), (wednesday, "Reply C to confirm")):
        body = compose(
            "remind_final", wednesday, a_clinic(), language="en", asks=QuestionKind.CONFIRM, about=about
        ).body
        assert named in body
        assert ("Fri Mar 19" in body) is (about is friday)


def test_a_clinics_own_text_without_a_place_for_the_question_gets_it_at_the_end() -> None:
    clinic = a_clinic(templates={"en": {"remind_confirm": "See you {{when}}."}})
    words = compose("remind_confirm", an_appointment(), clinic, language="en", asks=QuestionKind.CONFIRM)
    assert words.body == "See you Tue Mar 16, 1:00 PM. Reply C to confirm or R to change."
    spanish = compose("remind_confirm", an_appointment(), clinic, language="es", asks=None)
    assert spanish.body.startswith("Riverside Clinic: su cita")


def test_one_text_names_every_session_that_it_is_about() -> None:
    first, second = an_appointment(local("2027-03-16 09:00")), an_appointment(local("2027-03-18 09:00"))
    body = compose("moved", first, a_clinic(), language="en", asks=None, also=[second]).body
    assert "Tue Mar 16, 9:00 AM; Thu Mar 18, 9:00 AM" in body


@pytest.mark.parametrize(
    ("wanted", "found"), [("en", "en"), ("es", "es"), ("es-MX", "es"), ("ES_mx", "es"), ("fr", "en"), ("", "en")]
)
def test_the_language_is_the_wanted_one_or_english(wanted: str, found: str) -> None:
    assert language_of(wanted) == found


def test_a_placeholder_without_a_value_is_an_error_that_names_it() -> None:
    with pytest.raises(ContentError, match=r"no value for \{\{b\}\}, \{\{c\}\}; known: a"):
        render("{{a}} {{b}} {{ c }}", {"a": "1"})


@given(st.text(alphabet="{}ab \t\\$1é", max_size=20), st.text(alphabet="{}ab ", max_size=20))
def test_a_value_is_never_read_as_a_template(name: str, secret: str) -> None:
    value = f"{name}{{{{secret}}}}"
    found = render("<{{name}}>", {"name": value, "secret": secret})
    assert found == re.sub(r"[ \t]+", " ", f"<{value}>")
    assert PLACEHOLDER.findall(found)


def _values(start: str, *, minutes: int = 60, ended: str | None = None, language: str = "en") -> dict[str, str]:
    visit = an_appointment(
        local(start), duration=timedelta(minutes=minutes), ended_at=None if ended is None else local(ended)
    )
    return appointment_values(visit, a_clinic(), language=language)


def test_what_a_patient_reads_about_a_session() -> None:
    values = _values("2027-03-16 09:00")
    assert values["when"] == "Tue Mar 16, 9:00 AM"
    assert values["arrive_at"] == "8:45 AM"
    assert values["pick_up_at"] == "10:40 AM"
    assert values["solids_until"] == "Tue Mar 16, 1:00 AM"
    assert values["liquids_until"] == "Tue Mar 16, 7:00 AM"
    assert values["drive_after"] == "Wed Mar 17, 10:45 AM"


def test_times_in_spanish_are_on_a_24_hour_clock() -> None:
    values = _values("2027-03-16 15:00", language="es")
    assert values["when"] == "mar 16 mar, 15:00"
    assert values["liquids_until"] == "mar 16 mar, 13:00"


@pytest.mark.parametrize(
    ("start", "solids"),
    [
        ("2027-03-14 09:00", "Sun Mar 14, 12:00 AM"),  # an hour is missing: earlier on the wall
        ("2027-11-07 09:00", "Sun Nov 7, 1:00 AM"),
        ("2027-03-16 09:10", "Tue Mar 16, 1:00 AM"),  # 1:10, and eating ends earlier
        ("2027-03-16 03:00", "Mon Mar 15, 7:00 PM"),
    ],
)
def test_the_fast_begins_on_the_safe_side_and_names_its_day(start: str, solids: str) -> None:
    assert _values(start)["solids_until"] == solids


@pytest.mark.parametrize(
    ("start", "ended", "drive"),
    [
        ("2027-03-16 09:00", "2027-03-16 11:01", "Wed Mar 17, 11:15 AM"),
        ("2027-03-16 09:00", "2027-03-16 11:00", "Wed Mar 17, 11:00 AM"),
        ("2027-03-13 09:00", "2027-03-13 11:00", "Sun Mar 14, 12:00 PM"),
        ("2027-11-06 09:00", "2027-11-06 11:00", "Sun Nov 7, 10:00 AM"),
    ],
)
def test_the_driving_ban_lasts_a_whole_day_of_real_time_and_is_rounded_up(start: str, ended: str, drive: str) -> None:
    assert _values(start, ended=ended)["drive_after"] == drive


def test_a_pick_up_after_midnight_names_its_day() -> None:
    assert _values("2027-03-16 21:00", minutes=240)["pick_up_at"] == "Wed Mar 17, 2:00 AM"


@pytest.mark.parametrize(
    ("start", "shown"), [("00:00", "12:00 AM"), ("12:00", "12:00 PM"), ("00:30", "12:30 AM"), ("23:59", "11:59 PM")]
)
def test_noon_and_midnight_are_written_as_people_read_them(start: str, shown: str) -> None:
    assert _values(f"2027-03-16 {start}")["when"] == f"Tue Mar 16, {shown}"
