from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from reminders.core.clinic_document import read_clinic
from reminders.core.clinics import Clinic
from reminders.core.errors import ClinicFileError
from reminders.core.ids import ClinicId
from reminders.core.lint import lint
from reminders.core.snippets import snippets_for
from tests.world import CLINIC


def a_clinic(**parts: Any) -> Clinic:  # noqa: ANN401 - any part of a clinic's document
    return read_clinic({**CLINIC, **parts}, clinic_id=ClinicId(UUID(int=1)))


def test_a_clinic_without_snippets_of_its_own_has_the_built_in_ones_in_both_languages() -> None:
    clinic = a_clinic()
    english, spanish = snippets_for(clinic, "en"), snippets_for(clinic, "es-MX")
    assert english.keys() == spanish.keys()
    assert english["call-us"] == ("Riverside Clinic: Please call us at +12025550100 and we will sort it out together.")
    assert spanish["noted"] == "Riverside Clinic: Gracias, lo hemos anotado."
    assert lint(clinic) == []


def test_a_clinic_s_own_snippets_take_the_place_of_the_built_in_ones() -> None:
    clinic = a_clinic(snippets={"en": {"parking": "{{sender}}: Park behind {{place}}."}})
    assert snippets_for(clinic, "en") == {"parking": "Riverside Clinic: Park behind Riverside Clinic."}


def test_who_speaks_another_language_is_answered_in_the_clinic_s() -> None:
    clinic = a_clinic(snippets={"en": {"parking": "{{sender}}: Park behind us."}})
    assert list(snippets_for(clinic, "es")) == ["parking"]
    assert snippets_for(a_clinic(snippets={}), "en") == {}


@pytest.mark.parametrize(
    ("snippets", "fault"),
    [
        ([], "clinic.snippets: found []; a table is wanted"),
        ({"en": "text"}, "clinic.snippets.en: found 'text'; a table is wanted"),
        ({"en": {"Parking": "x"}}, "a name of small letters, digits and hyphens is wanted"),
        ({"en": {"parking": ""}}, "text is wanted"),
    ],
)
def test_what_is_no_snippet_is_refused_with_its_path(snippets: object, fault: str) -> None:
    with pytest.raises(ClinicFileError) as refused:
        a_clinic(snippets=snippets)
    assert any(fault in line for line in refused.value.faults)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{{when}} is fine", "clinic.snippets.en.x: found '{{when}}'; known here"),
        ("Your ketamine is ready", "a text names no"),
        ("Reply YES to confirm", "carriers act on this word"),
        ("Gràcies ❤", "these more than double the price"),
        ("word " * 120, "at most 3 parts are allowed"),
    ],
)
def test_a_snippet_may_say_no_more_than_any_other_text(text: str, fault: str) -> None:
    assert any(fault in line for line in lint(a_clinic(snippets={"en": {"x": text}})))


def test_a_snippet_in_a_language_of_nobody_is_a_fault() -> None:
    assert "texts are sent in en, es" in " ".join(lint(a_clinic(snippets={"fr": {"x": "Bonjour"}})))
