from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest

from reminders.core.cadence_document import read_time
from reminders.core.cadences import DEFAULT_STEPS, Anchor, Civil, Elapsed, Offset, Step
from reminders.core.clinic_document import read_clinic
from reminders.core.clinics import Clinic
from reminders.core.errors import InputError
from reminders.core.ids import ClinicId
from reminders.core.plan_edits import BringBack, TextEdit, edited, faults_by_field, judged, step_edit
from reminders.core.plan_words import differences, time_text, time_words
from tests.builders import an_id
from tests.world import CLINIC

HOUR = timedelta(hours=1)


def clinic_of(document: dict[str, Any]) -> Clinic:
    return read_clinic(document, clinic_id=ClinicId(an_id("riverside")))


def changed(document: dict[str, Any], key: str, kind: str = "*", **parts: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of an edit
    clinic = clinic_of(document)
    step = (clinic.cadences.get(kind) or clinic.cadence("any")).step(key)
    assert step is not None
    return edited(document, clinic, replace(step_edit(kind, step, clinic), **parts))


@pytest.mark.parametrize("step", DEFAULT_STEPS, ids=lambda step: str(step.key))
def test_every_time_of_ours_is_written_as_it_is_read(step: Step) -> None:
    for offset in (step.due, step.expires):
        assert read_time(time_text(offset), tuple(Anchor)) == offset


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (Civil(Anchor.START, -3), "3 days before the session, at 10:00"),
        (Civil(Anchor.START, -1, time(18, 30)), "1 day before the session, at 18:30"),
        (Civil(Anchor.END, 0), "on the day the session ends, at 10:00"),
        (Civil(Anchor.END, 1, time(12)), "1 day after the session ends, at 12:00"),
        (Elapsed(Anchor.END, 24 * HOUR), "24 hours after the session ends"),
        (Elapsed(Anchor.ARRIVAL, -2.5 * HOUR), "2 hours 30 minutes before arrival"),
        (Elapsed(Anchor.ARRIVAL, -0.75 * HOUR), "45 minutes before arrival"),
        (Elapsed(Anchor.VERSION), "as soon as it is booked or changed"),
        (Elapsed(Anchor.FASTING), "when the fast begins"),
    ],
)
def test_times_are_told_in_words(offset: Offset, words: str) -> None:
    assert time_words(offset) == words


def test_an_edit_that_changes_nothing_leaves_the_document_as_it_is() -> None:
    for step in DEFAULT_STEPS:
        assert changed(CLINIC, step.key) == CLINIC


def test_a_document_says_only_what_was_changed() -> None:
    new = changed(CLINIC, "remind_confirm", due="start - 4 days at 11:00")
    assert new["cadence"] == {"*": {"steps": {"remind_confirm": {"due": "start - 4 days at 11:00"}}}}
    assert "cadence" not in CLINIC


def test_a_switch_goes_before_the_lists_of_the_file() -> None:
    document = {**CLINIC, "cadence": {"*": {"off": ["prep_first"]}}}
    cadence = clinic_of(changed(document, "prep_first", is_on=True)).cadence("any")
    assert [step.is_enabled for step in cadence.steps if step.key == "prep_first"] == [True]


def test_one_kind_of_session_is_changed_and_the_others_stay() -> None:
    document = {**CLINIC, "cadence": {"consultation": {"off": ["prep_first"]}}}
    clinic = clinic_of(changed(document, "day_of", kind="consultation", is_on=True))
    enabled = {kind: clinic.cadence(kind).step("day_of") for kind in ("consultation", "any")}
    assert [step.is_enabled for step in enabled.values() if step] == [True, False]


def test_weeks_until_the_next_booking_can_be_set_and_taken_away() -> None:
    six = changed(CLINIC, "rebook", weeks=6)
    assert clinic_of(six).cadence("any").rebook_weeks == 6
    assert "rebook_weeks" not in str(changed(six, "rebook", weeks=None))


def test_a_text_is_written_and_given_back() -> None:
    clinic, words = clinic_of(CLINIC), "{{sender}}: see you {{when}}. Questions: {{phone}}."
    own = edited(CLINIC, clinic, TextEdit("en", "booked", f" {words} "))
    assert own["templates"] == {"en": {"booked": words}}
    assert edited(own, clinic_of(own), TextEdit("en", "booked", "")) == CLINIC


def test_an_earlier_version_comes_back_whole() -> None:
    new = changed(CLINIC, "rebook", weeks=6)
    assert edited(new, clinic_of(new), BringBack(1, CLINIC)) == CLINIC


@pytest.mark.parametrize(
    ("parts", "field", "words"),
    [
        ({"due": "start - 3 hours at 10:00"}, "due", '"at" goes with days and weeks only'),
        ({"due": "start - 900 days at 10:00"}, "due", "at most 366 days"),
        ({"due": "start + 1 day at 10:00"}, "due", "this step belongs before its start"),
        ({"expires": "start - 9 days at 10:00"}, "expires", "a time after it is wanted"),
        ({"channels": ()}, "channels", "the first choice first"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(parts: dict[str, Any], field: str, words: str) -> None:
    clinic = clinic_of(CLINIC)
    step = clinic.cadence("any").step("remind_confirm")
    assert step is not None
    edit = replace(step_edit("*", step, clinic), **parts)
    with pytest.raises(InputError) as caught:
        judged(edited(CLINIC, clinic, edit), clinic)
    found = faults_by_field(caught.value.faults, edit)
    assert "" not in found
    assert words in found[field][0]
    assert "clinic.cadence" not in found[field][0]


def test_a_text_is_judged_like_one_of_a_file_and_only_by_what_is_new() -> None:
    old = {**CLINIC, "templates": {"en": {"booked": "{{sender}}: your ketamine. {{phone}}"}}}
    clinic = clinic_of(old)
    after = judged(edited(old, clinic, TextEdit("en", "moved", "{{sender}}: now {{when}}. {{phone}}")), clinic)
    assert "moved" in after.templates["en"]
    edit = TextEdit("en", "moved", "{{sender}}: your {{drug}}. {{phone}}")
    with pytest.raises(InputError) as caught:
        judged(edited(old, clinic, edit), clinic)
    assert list(faults_by_field(caught.value.faults, edit)) == ["text"]


def test_two_documents_differ_in_words() -> None:
    new = changed(CLINIC, "remind_confirm", due="start - 4 days at 11:00", channels=("email",))
    new = edited(new, clinic_of(new), TextEdit("es", "booked", "{{sender}}: su cita es {{when}}. {{phone}}"))
    new = {**new, "caps": {"per_day": 3}}
    told = [
        (item.what, item.before, item.after) for item in differences(CLINIC, new, clinic_of(CLINIC), clinic_of(new))
    ]
    assert told == [
        ("Asks to confirm: comes", "3 days before the session, at 10:00 AM", "4 days before the session, at 11:00 AM"),
        ("Asks to confirm: goes by", "text, else e-mail", "e-mail"),
        ("Booking, text in Spanish", "our usual text", "{{sender}}: su cita es {{when}}. {{phone}}"),
        ("caps.per day", "", "3"),
    ]


def test_the_same_document_differs_in_nothing() -> None:
    assert differences(CLINIC, dict(CLINIC), clinic_of(CLINIC), clinic_of(CLINIC)) == []
