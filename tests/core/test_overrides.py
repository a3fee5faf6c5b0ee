"""What staff may change for one patient (requirement 57): read, amended, refused with every fault, shown in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.cadences import DEFAULT_CADENCE, overridden
from reminders.core.errors import InputError
from reminders.core.overrides import Change, amended, in_hours, in_words, to_override
from reminders.core.patients import NO_OVERRIDE, Channel, Override
from tests.builders import a_clinic

HOUR = timedelta(hours=1)


def after(change: Change, document: dict[str, Any] | None = None) -> dict[str, Any]:
    return amended(document or {}, change, a_clinic())


def faults(change: Change, document: dict[str, Any] | None = None) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        after(change, document)
    return caught.value.faults


def test_an_empty_document_changes_nothing() -> None:
    assert to_override({}) == NO_OVERRIDE
    assert after(Change()) == {}
    assert in_words({}) == []


def test_everything_that_may_be_changed_is_read_back_as_it_acts() -> None:
    change = Change(
        off=("prep_first",),
        on=("day_of",),
        channels="email,sms",
        distances={"solids_fast": "24h", "liquids_fast": "90m", "driving_ban": "1h30m", "arrive_early": "30 min"},
        rebook_weeks="6",
    )
    assert to_override(after(change)) == Override(
        off=frozenset({"prep_first"}),
        on=frozenset({"day_of"}),
        channels=(Channel.EMAIL, Channel.SMS),
        distances={
            "solids_fast": 24 * HOUR,
            "liquids_fast": 1.5 * HOUR,
            "driving_ban": 1.5 * HOUR,
            "arrive_early": 0.5 * HOUR,
        },
        rebook_weeks=6,
    )


def test_a_change_amends_what_holds_and_the_last_word_about_a_step_counts() -> None:
    document = after(Change(off=("prep_first",), channels="email"))
    document = after(Change(on=("prep_first",), distances={"solids_fast": "24h"}), document)
    assert document == {"on": ["prep_first"], "channels": ["email"], "solids_fast_minutes": 1440}


def test_default_gives_a_value_back_and_clear_all_of_them() -> None:
    document = after(Change(off=("prep_first",), channels="email", distances={"solids_fast": "24h"}))
    back = Change(channels="default", distances={"solids_fast": "default"})
    assert after(back, document) == {"off": ["prep_first"]}
    assert after(Change(is_cleared=True), document) == {}
    assert after(Change(is_cleared=True, on=("day_of",)), document) == {"on": ["day_of"]}


@pytest.mark.parametrize("word", ["declined", "discharged"])
def test_who_declined_or_was_discharged_is_never_asked_to_rebook_until_that_is_taken_back(word: str) -> None:
    cadence = replace(DEFAULT_CADENCE, rebook_weeks=4)
    document = after(Change(rebook=word))
    assert overridden(cadence, to_override(document)).rebook_weeks is None
    assert overridden(cadence, to_override(after(Change(rebook="allowed"), document))).rebook_weeks == 4
    assert overridden(cadence, to_override(after(Change(rebook_weeks="8"), document))).rebook_weeks == 8


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (Change(off=("prep",)), "--off: found 'prep'; steps are: ask_escort, booked, cancelled, "),
        (Change(on=("a\nb",)), "--on: found 'a\\nb'; steps are: "),
        (Change(off=("day_of",), on=("day_of",)), "--on: found 'day_of' under --off too; name it once"),
        (Change(channels="fax"), "--channels: found 'fax'; sms, email, email,sms or default is wanted"),
        (Change(channels="sms,sms"), "--channels: found 'sms,sms'"),
        (Change(channels=""), "--channels: found ''"),
        (Change(distances={"solids_fast": ""}), "--solids-fast: found ''; a time such as 24h, 90m or 1h30m"),
        (Change(distances={"solids_fast": "8"}), "--solids-fast: found '8'"),
        (Change(distances={"solids_fast": "0h"}), "--solids-fast: found '0h'"),
        (Change(distances={"driving_ban": "400h"}), "--driving-ban: found '400h'"),
        (Change(distances={"liquids_fast": "9h"}), "--liquids-fast: found 9h, longer than the solids fast of 8h"),
        (Change(distances={"solids_fast": "1h"}), "--liquids-fast: found 2h, longer than the solids fast of 1h"),
        (Change(rebook_weeks="0"), "--rebook-weeks: found '0'; whole weeks from 1 to 104 are wanted"),
        (Change(rebook_weeks="six"), "--rebook-weeks: found 'six'"),
        (Change(rebook="no"), "--rebook: found 'no'; declined, discharged, allowed are wanted"),
        (Change(rebook="declined", rebook_weeks="4"), "--rebook: found together with --rebook-weeks"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(change: Change, fault: str) -> None:
    (line,) = faults(change)
    assert line.startswith(fault)
    assert "\n" not in line


def test_every_fault_is_named() -> None:
    assert len(faults(Change(off=("x", "y"), channels="fax", distances={"solids_fast": "?"}, rebook="no"))) == 5


def test_a_step_of_the_clinics_own_may_be_named() -> None:
    own = replace(DEFAULT_CADENCE, steps=(replace(DEFAULT_CADENCE.steps[0], key="own_step"),))
    assert amended({}, Change(off=("own_step",)), a_clinic(cadences={"*": own})) == {"off": ["own_step"]}


def test_a_document_is_shown_one_thing_a_line() -> None:
    document = {"off": ["prep_first"], "on": ["day_of"], "channels": ["email"], "solids_fast_minutes": 1440}
    assert in_words({**document, "rebook_weeks": 6, "rebook": "discharged"}) == [
        "never: prep_first",
        "also: day_of",
        "channels: email",
        "solids fast: 24h",
        "rebook: after 6 weeks",
        "rebook: never asked, the patient is discharged",
    ]


@given(st.integers(1, 14 * 24 * 60))
def test_a_time_reads_back_as_it_was_written(minutes: int) -> None:
    text = in_hours(timedelta(minutes=minutes))
    assert after(Change(distances={"driving_ban": text})) == {"driving_ban_minutes": minutes}
