"""What the answer of somebody who was asked to fetch a patient comes to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.ids import AppointmentId, ClinicId, PatientId
from reminders.core.pick_ups import Errand, PickUpWord, is_between_several, pick_up_word, wants_reader
from reminders.core.replies.intents import STANDS_ALONE, Intent
from tests.builders import NOON, an_id

TABLE = [
    ({Intent.CONFIRM}, PickUpWord.YES, False),
    ({Intent.HAS_RIDE}, PickUpWord.YES, False),
    ({Intent.CONFIRM, Intent.SELF_DRIVE}, PickUpWord.YES, False),  # an escort who drives is what we want
    ({Intent.CONFIRM, Intent.QUESTION}, PickUpWord.YES, True),
    ({Intent.CONFIRM, Intent.LATE}, PickUpWord.YES, True),
    ({Intent.DECLINE}, PickUpWord.NO, False),
    ({Intent.RESCHEDULE}, PickUpWord.NO, False),  # R
    ({Intent.NEEDS_RIDE}, PickUpWord.NO, False),  # "my car broke down"
    ({Intent.WRONG_NUMBER}, PickUpWord.NO, False),
    ({Intent.DECLINE, Intent.CALL_ME}, PickUpWord.NO, True),
    ({Intent.CONFIRM, Intent.DECLINE}, PickUpWord.READ, True),
    ({Intent.HAS_RIDE, Intent.NEEDS_RIDE}, PickUpWord.READ, True),
    ({Intent.CONFIRM, Intent.HIRED_RIDE}, PickUpWord.READ, True),  # sends a car instead
    ({Intent.SELF_DRIVE}, PickUpWord.READ, True),
    ({Intent.HIRED_RIDE}, PickUpWord.READ, True),
    ({Intent.OPT_OUT}, PickUpWord.STOP, False),
    ({Intent.OPT_OUT, Intent.CONFIRM}, PickUpWord.STOP, False),
    ({Intent.DECEASED}, PickUpWord.DECEASED, False),
    ({Intent.HELP}, PickUpWord.ANYBODYS, False),
    ({Intent.OPT_IN}, PickUpWord.ANYBODYS, False),
    ({Intent.THANKS}, PickUpWord.NOTHING, False),
    ({Intent.REACTION}, PickUpWord.NOTHING, False),
    ({Intent.AUTO_REPLY}, PickUpWord.NOTHING, False),
    ({Intent.UNCLEAR}, PickUpWord.READ, True),
    ({Intent.QUESTION}, PickUpWord.READ, True),
    ({Intent.LATE}, PickUpWord.READ, True),
    ({Intent.ARRIVED}, PickUpWord.READ, True),
    ({Intent.SYMPTOM}, PickUpWord.READ, True),
    ({Intent.SCORE}, PickUpWord.READ, True),
    ({Intent.CALL_ME}, PickUpWord.READ, True),
    ({Intent.CONTACT_CHANGE}, PickUpWord.READ, True),
    ({Intent.RED_FLAG}, PickUpWord.READ, True),
]


def test_the_table_names_every_intent_alone() -> None:
    assert {next(iter(said)) for said, _, _ in TABLE if len(said) == 1} == set(Intent)


@pytest.mark.parametrize(("said", "word", "is_read"), TABLE)
def test_what_an_escort_says_has_one_meaning_or_a_reader(
    said: set[Intent],
    word: PickUpWord,
    is_read: bool,  # noqa: FBT001 - a column of a table
) -> None:
    assert (pick_up_word(said), wants_reader(pick_up_word(said), said)) == (word, is_read)


@given(st.sets(st.sampled_from(sorted(set(Intent) - STANDS_ALONE)), min_size=1))
def test_a_yes_stands_beside_no_doubt_and_no_opt_out(said: set[Intent]) -> None:
    if pick_up_word(said) is PickUpWord.YES:
        assert not said & {Intent.OPT_OUT, Intent.DECLINE, Intent.RESCHEDULE, Intent.NEEDS_RIDE, Intent.HIRED_RIDE}
    if Intent.OPT_OUT in said:
        assert pick_up_word(said) is PickUpWord.STOP


def an_errand(patient: str, *, is_open: bool = True) -> Errand:
    about = ((AppointmentId(an_id(f"of {patient}")), 1),)
    person = ClinicId(an_id("riverside")), PatientId(an_id(patient))
    return Errand(*person, about, is_open=is_open, left_at=NOON - timedelta(hours=1))


def test_two_patients_who_both_wait_for_an_answer_leave_it_open_whose_it_is() -> None:
    assert is_between_several([an_errand("P1"), an_errand("P2")])
    assert not is_between_several([an_errand("P1"), an_errand("P1")])
    assert not is_between_several([an_errand("P1"), an_errand("P2", is_open=False)])
