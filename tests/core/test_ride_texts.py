"""What texts say of the ride home: to patients what their clinic wants, to escorts time and place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reminders.core.cadences import DEFAULT_CADENCE, QuestionKind
from reminders.core.clinics import EXEMPTION
from reminders.core.content import Question, compose
from reminders.core.labels import RIDES
from reminders.core.patients import Channel
from reminders.core.texts import RIDE_RULES, TEMPLATES
from reminders.core.transport import RidePolicy, RideState
from tests.builders import NOON, a_clinic, a_patient, an_appointment, local
from tests.core.test_content import as_text, say

SAYS_OF_A_RIDE = ("booked_late", "booked_last", "moved_late", "moved_last", "prep_first", "ride_check")


@pytest.mark.parametrize("language", TEMPLATES)
@pytest.mark.parametrize("key", SAYS_OF_A_RIDE)
def test_a_text_asks_for_the_ride_that_the_clinic_wants_and_for_no_more(key: str, language: str) -> None:
    for policy in RidePolicy:
        step, visit, now = as_text(key, "2027-03-16 09:00")
        clinic = a_clinic(cadences={"*": replace(DEFAULT_CADENCE, ride_policy=policy)})
        body = say(step, visit, clinic=clinic, language=language, now=now).body
        assert RIDE_RULES[language][policy] in body
        short = say(step, visit, clinic=replace(clinic, caps=EXEMPTION), language=language, now=now).body
        wants_adult = policy is not RidePolicy.HIRE_OK
        assert [("adult" in text.lower()) for text in (body, short)] == [wants_adult, wants_adult]


def test_an_escort_is_asked_about_the_pick_ups_and_never_hears_when_a_session_starts() -> None:
    first = an_appointment(local("2027-03-16 09:00"))
    second = an_appointment(local("2027-03-17 09:00"), external_id="A2")
    asked = say("ask_escort", first, second, asks=QuestionKind.PICK_UP).body
    assert "Tue Mar 16, 10:40 AM; Wed Mar 17, 10:40 AM" in asked
    both = Question(QuestionKind.PICK_UP, (first,))
    told = compose(
        "pick_up", [first, second], a_clinic(), a_patient(), channel=Channel.SMS, now=NOON, question=both
    ).body
    assert "Tue Mar 16, 10:40 AM: Reply C if you will be there" in told
    assert "9:00" not in asked + told


def test_staff_read_of_every_ride_that_is_none_that_it_is_none() -> None:
    assert set(RIDES) == {None, *RideState}
    assert [state for state, words in RIDES.items() if not words.startswith("no ride")] == [RideState.ARRANGED]


@pytest.mark.parametrize(("language", "words"), [("en", "Bring your ride"), ("es", "Venga con quien le lleve")])
def test_the_last_reminder_of_a_confirmed_session_asks_for_the_ride_all_the_same(language: str, words: str) -> None:
    visit = an_appointment(local("2027-03-16 09:00"), confirmed_version=1)
    assert words in say("remind_final", visit, language=language).body
