"""What is stored loads, whatever a later release, or an earlier and less strict one, wrote into it."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.clinic_document import BUILT_IN, read_clinic
from reminders.core.clinics import Clinic
from reminders.core.errors import ClinicFileError
from reminders.core.ids import ClinicId
from reminders.core.stored_document import Stored, read_stored, without_controls
from tests.builders import an_id

ID = ClinicId(an_id("riverside"))
EXAMPLE = tomllib.loads(
    (Path(__file__).resolve().parents[2] / "reminders" / "cli" / "clinic.example.toml").read_text(encoding="utf-8")
)["clinic"]
CARD = {"phase": "before", "due": "start - 4 days at 10:00", "expires": "start - 1 day at 18:00"}


def stored(**parts: Any) -> Stored:  # noqa: ANN401 - any part of a document
    return read_stored({**BUILT_IN, **parts}, clinic_id=ID)


def steps(rows: dict[str, Any], **parts: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    return {"cadence": {"*": {"steps": rows, **parts}}}


def keys(clinic: Clinic) -> dict[str, bool]:
    return {step.key: step.is_enabled for step in clinic.cadence("any").steps}


def test_a_sound_document_is_read_as_it_is() -> None:
    assert stored(**EXAMPLE) == Stored(read_clinic(EXAMPLE, clinic_id=ID))
    assert without_controls(EXAMPLE) == EXAMPLE


@pytest.mark.parametrize(
    ("parts", "wrote"),
    [
        ({"sender": "River\x00side\nClinic"}, "River side Clinic"),
        ({"phone": "555\x07 0100\x1b"}, "555  0100"),
        ({"address": "1 Main St\n2nd\x0bfloor"}, "1 Main St\n2nd floor"),
        ({"templates": {"en": {"booked": "Hello\x00 {{when}}\nBye"}}}, "Hello  {{when}}\nBye"),
        ({"snippets": {"en": {"noted": "Noted\x1f."}}}, "Noted ."),
    ],
)
def test_control_characters_are_refused_when_written_and_spaces_when_read(parts: dict[str, Any], wrote: str) -> None:
    document = {**BUILT_IN, **parts}
    with pytest.raises(ClinicFileError, match="without control characters"):
        read_clinic(document, clinic_id=ID)
    found = read_stored(document, clinic_id=ID)
    assert found.set_aside == ()
    texts = [found.clinic.sender, found.clinic.phone, found.clinic.address]
    texts += [*found.clinic.templates.get("en", {}).values(), *found.clinic.snippets["en"].values()]
    assert wrote in texts
    read_clinic(without_controls(document), clinic_id=ID)


def test_a_sender_of_nothing_but_control_characters_gives_way_to_the_built_in_one() -> None:
    assert stored(sender="\x00\x01").clinic.sender == BUILT_IN["sender"]


@pytest.mark.parametrize(
    ("parts", "set_aside"),
    [
        (steps({"remind_earlier": {"due": "start - 9 days at 10:00"}}), ["clinic.cadence.*.steps.remind_earlier"]),
        (steps({"remind_earlier": {**CARD, "asks": "weather"}}), ["clinic.cadence.*.steps.remind_earlier"]),
        (steps({"remind_earlier": {**CARD, "phase": "during"}}), ["clinic.cadence.*.steps.remind_earlier"]),
        (steps({"remind_earlier": CARD}), ["clinic.cadence.*.steps.remind_earlier"]),
        (steps({"remind_earlier": 5}), ["clinic.cadence.*.steps.remind_earlier"]),
        (steps({}, on=["remind_earlier"]), ["clinic.cadence.*.on.remind_earlier"]),
        (steps({}, off=["remind_earlier"]), ["clinic.cadence.*.off.remind_earlier"]),
    ],
)
def test_a_step_of_a_newer_release_is_set_aside_and_ours_go_on(parts: dict[str, Any], set_aside: list[str]) -> None:
    found = stored(**parts)
    assert list(found.set_aside) == set_aside
    assert "remind_earlier" not in keys(found.clinic)
    assert keys(found.clinic) == keys(stored().clinic)
    assert found.clinic.cadence("any").unread == {"remind_earlier"}


def test_what_is_switched_beside_an_unknown_step_stays_switched() -> None:
    assert keys(stored(**steps({}, off=["remind_earlier", "remind_confirm"])).clinic)["remind_confirm"] is False


def test_the_text_of_a_step_that_is_set_aside_goes_with_it() -> None:
    texts = {"en": {"remind_earlier": "Soon.", "booked": "Booked: {{when}}."}}
    found = stored(**steps({"remind_earlier": {"due": "start"}}), templates=texts)
    assert found.clinic.templates == {"en": {"booked": "Booked: {{when}}."}}
    assert found.set_aside == ("clinic.cadence.*.steps.remind_earlier", "clinic.templates.en.remind_earlier")


def test_a_step_of_ours_at_a_time_that_cannot_be_read_is_switched_off_and_not_moved() -> None:
    found = stored(**steps({"remind_confirm": {"due": "3 working days before", "channels": ["sms"]}}))
    assert keys(found.clinic)["remind_confirm"] is False
    assert found.clinic.cadence("any").unread == {"remind_confirm"}


def test_what_is_said_of_a_step_beside_all_that_we_know_is_passed_over() -> None:
    row = {"due": "start - 4 days at 11:00", "colour": "blue"}
    found = stored(**steps({"remind_confirm": row}))
    assert found.set_aside == ("clinic.cadence.*.steps.remind_confirm.colour",)
    assert found.clinic == stored(**steps({"remind_confirm": {"due": "start - 4 days at 11:00"}})).clinic


@pytest.mark.parametrize(
    ("parts", "set_aside", "kept"),
    [
        ({"colour": "blue"}, "clinic.colour", {}),
        ({"closures": ["never"]}, "clinic.closures", {}),
        ({"caps": {"per_day": 1, "per_hour": 1}}, "clinic.caps.per_hour", {"caps": {"per_day": 1}}),
        ({"cadence": {"a": {"glow": 1}}}, "clinic.cadence.a.glow", {"cadence": {"a": {}}}),
        ({"phone": 5}, "clinic.phone", {}),
        (
            {"escalation": [{"name": "Ann", "phone": "+12025550110"}, {"name": "Bo", "pager": "7"}]},
            "clinic.escalation[2]",
            {"escalation": [{"name": "Ann", "phone": "+12025550110"}]},
        ),
    ],
)
def test_of_the_rest_only_what_cannot_be_read_is_set_aside(
    parts: dict[str, Any], set_aside: str, kept: dict[str, Any]
) -> None:
    found = stored(**parts)
    assert set_aside in found.set_aside
    assert found.clinic == stored(**kept).clinic


@pytest.mark.parametrize("parts", [{"timezone": "Mars/Base"}, {"slug": "No Slug"}])
def test_a_zone_is_never_guessed(parts: dict[str, Any]) -> None:
    with pytest.raises(ClinicFileError):
        stored(**parts)


JSON = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 - anything that JSON holds
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


PLACES = [place for place in places(EXAMPLE) if place and place[0] not in {"slug", "timezone"}]


@given(st.lists(st.tuples(st.sampled_from(PLACES), JSON), max_size=3))
def test_no_document_is_too_strange_to_load(spoilt: list[tuple[tuple[Any, ...], Any]]) -> None:
    document = deepcopy(EXAMPLE)
    for (*way, last), value in spoilt:
        inner = document
        for key in way:
            inner = inner[key] if isinstance(inner, dict | list) and key in _keys(inner) else {}
        if isinstance(inner, dict | list) and last in _keys(inner):
            inner[last] = value
    assert read_stored(document, clinic_id=ID).clinic.slug == EXAMPLE["slug"]


def _keys(found: Any) -> Any:  # noqa: ANN401 - of a table or a list
    return found if isinstance(found, dict) else range(len(found))
