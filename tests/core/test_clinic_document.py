"""A clinic's configuration: what it sets, and that every fault is one line with its path."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest

from reminders.core.clinic_document import is_zone, read_clinic
from reminders.core.clinics import DEFAULT_TYPE
from reminders.core.errors import ClinicFileError
from reminders.core.ids import ClinicId
from reminders.core.windows import DEFAULT_WINDOW, Opening
from tests.builders import an_id

ID = ClinicId(an_id("riverside"))
BASICS: dict[str, Any] = {
    "slug": "riverside",
    "sender": "Riverside Clinic",
    "timezone": "America/New_York",
    "phone": "+12025550100",
}


def test_the_least_document_gives_the_products_defaults() -> None:
    clinic = read_clinic(BASICS, clinic_id=ID)
    assert clinic.window == DEFAULT_WINDOW
    assert clinic.cadence(DEFAULT_TYPE).step("remind_final") is not None
    assert (clinic.caps.per_day, clinic.caps.per_week) == (2, 8)
    assert not clinic.assume_fulfilled


def test_what_a_document_sets_is_what_the_clinic_has() -> None:
    document = BASICS | {
        "language": "es",
        "assume_fulfilled": True,
        "window": {"sunday": "closed", "monday": "08:00-12:00", "friday": ["09:00-12:00", "22:00-02:00"]},
        "caps": {"per_day": 1},
        "cadence": {DEFAULT_TYPE: {"solids_fast_minutes": 360, "rebook_weeks": 4, "off": ["booked"], "on": ["day_of"]}},
        "templates": {"en": {"booked": "See you {{when}}."}},
    }
    clinic = read_clinic(document, clinic_id=ID)
    cadence = clinic.cadence(DEFAULT_TYPE)
    assert clinic.language == "es"
    assert clinic.assume_fulfilled
    assert clinic.window.days[6] == ()
    assert clinic.window.days[4][1] == Opening(time(22), time(2))
    assert clinic.window.days[1] == DEFAULT_WINDOW.days[1]
    assert clinic.caps.per_day == 1
    assert cadence.solids_fast == timedelta(hours=6)
    assert cadence.rebook_weeks == 4
    assert {step.key for step in cadence.steps if not step.is_enabled} == {"booked"}
    assert clinic.templates["en"]["booked"] == "See you {{when}}."


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"sender": ""}, "clinic.sender"),
        ({"slug": "River Side"}, "clinic.slug"),
        ({"timezone": "Mars/Base"}, "clinic.timezone"),
        ({"phone": 5}, "clinic.phone"),
        ({"assume_fulfilled": "yes"}, "clinic.assume_fulfilled"),
        ({"colour": "red"}, "clinic.colour"),
        ({"window": "always"}, "clinic.window"),
        ({"window": {"funday": "09:00-20:00"}}, "clinic.window.funday"),
        ({"window": {"monday": "9-20"}}, "clinic.window.monday"),
        ({"window": {"monday": 9}}, "clinic.window.monday"),
        ({"caps": {"per_day": 0}}, "clinic.caps.per_day"),
        ({"caps": {"per_week": True}}, "clinic.caps.per_week"),
        ({"cadence": {"*": {"off": ["nonsense"]}}}, "clinic.cadence.*.off"),
        ({"cadence": {"*": {"off": 5}}}, "clinic.cadence.*.off"),
        ({"cadence": {"*": {"on": [{}]}}}, "clinic.cadence.*.on"),
        ({"cadence": {"*": {"solids_fast_minutes": -1}}}, "clinic.cadence.*.solids_fast_minutes"),
        ({"cadence": {"*": {"rebook_weeks": "four"}}}, "clinic.cadence.*.rebook_weeks"),
        ({"cadence": {"*": {"sometimes": 1}}}, "clinic.cadence.*.sometimes"),
        ({"templates": {"en": {"nonsense": "x"}}}, "clinic.templates.en.nonsense"),
        ({"templates": {"en": {"booked": " "}}}, "clinic.templates.en.booked"),
    ],
)
def test_a_fault_is_one_line_that_begins_with_its_path(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(ClinicFileError) as caught:
        read_clinic(BASICS | changes, clinic_id=ID)
    (fault,) = caught.value.faults
    assert fault.startswith(f"{path}: found ")


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ClinicFileError) as caught:
        read_clinic({"slug": "a b", "window": {"monday": "never"}}, clinic_id=ID)
    assert len(caught.value.faults) == 5


@pytest.mark.parametrize(
    ("name", "expected"), [("Europe/Dublin", True), ("", False), ("../etc/passwd", False), (5, False), ("EST5", False)]
)
def test_a_zone_is_one_of_the_iana_database(name: object, *, expected: bool) -> None:
    assert is_zone(name) is expected
