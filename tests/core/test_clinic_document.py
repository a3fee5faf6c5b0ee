"""A clinic's configuration: what it sets, and that every fault is one line with its path."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.cadence_document import SHIPPED, read_time
from reminders.core.cadences import DEFAULT_CADENCE, Anchor, Cadence, Civil, Elapsed, Offset, Phase, QuestionKind
from reminders.core.clinic_document import is_zone, read_clinic, storable
from reminders.core.clinics import DEFAULT_TYPE, EXEMPTION, MONDAY_TO_FRIDAY, Clinic
from reminders.core.errors import ClinicFileError
from reminders.core.ids import ClinicId
from reminders.core.lint import lint
from reminders.core.patients import Channel, Recipient
from reminders.core.windows import DEFAULT_WINDOW, Opening
from tests.builders import an_id

ID = ClinicId(an_id("riverside"))
EXAMPLE = Path(__file__).resolve().parents[2] / "reminders" / "cli" / "clinic.example.toml"
BASICS: dict[str, Any] = {
    "slug": "riverside",
    "sender": "Riverside Clinic",
    "timezone": "America/New_York",
    "phone": "+12025550100",
}
SNACK = {"phase": "before", "due": "start - 1 day at 16:00", "expires": "start"}


def read(**changes: Any) -> Clinic:  # noqa: ANN401 - any part of a document
    return read_clinic(BASICS | changes, clinic_id=ID)


def steps(**tables: Any) -> dict[str, Any]:  # noqa: ANN401 - any table of a step
    return {"cadence": {"*": {"steps": tables}}}


def own(step: dict[str, Any], **texts: str) -> dict[str, Any]:
    return {**steps(snack=step), "templates": {"en": {"snack": "Bring a snack.", **texts}}}


def cadence_of(clinic: Clinic) -> Cadence:
    return clinic.cadence(DEFAULT_TYPE)


def faults_of(changes: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(ClinicFileError) as caught:
        read_clinic(BASICS | changes, clinic_id=ID)
    return caught.value.faults


def test_the_least_document_gives_the_products_defaults() -> None:
    clinic = read()
    assert clinic.window == DEFAULT_WINDOW
    assert cadence_of(clinic) == DEFAULT_CADENCE
    assert (clinic.caps.per_day, clinic.caps.per_week, clinic.caps.characters) == (2, 8, None)
    assert (clinic.closures, clinic.open_days) == (frozenset(), MONDAY_TO_FRIDAY)
    assert (clinic.most_segments, clinic.allows_ucs2, clinic.catch_up_per_minute) == (3, False, 60)
    assert not clinic.assume_fulfilled


def test_what_a_document_sets_is_what_the_clinic_has() -> None:
    clinic = read(
        language="es",
        assume_fulfilled=True,
        closures=[date(2027, 12, 24), "2027-12-25"],
        open_days=["sunday", "monday"],
        most_segments=2,
        allows_ucs2=True,
        catch_up_per_minute=30,
        window={"sunday": "closed", "monday": "08:00-12:00", "friday": ["09:00-12:00", "22:00-02:00"]},
        caps={"per_day": 1},
        cadence={DEFAULT_TYPE: {"solids_fast_minutes": 360, "rebook_weeks": 4, "off": ["booked"], "on": ["day_of"]}},
        templates={"en": {"booked": "See you {{when}}."}},
    )
    cadence = cadence_of(clinic)
    assert clinic.language == "es"
    assert clinic.assume_fulfilled
    assert clinic.closures == {date(2027, 12, 24), date(2027, 12, 25)}
    assert clinic.open_days == {6, 0}
    assert (clinic.most_segments, clinic.allows_ucs2, clinic.catch_up_per_minute) == (2, True, 30)
    assert clinic.window.days[6] == ()
    assert clinic.window.days[4][1] == Opening(time(22), time(2))
    assert clinic.window.days[1] == DEFAULT_WINDOW.days[1]
    assert clinic.caps.per_day == 1
    assert cadence.solids_fast == timedelta(hours=6)
    assert cadence.rebook_weeks == 4
    assert {step.key for step in cadence.steps if not step.is_enabled} == {"booked"}
    assert clinic.templates["en"]["booked"] == "See you {{when}}."


def test_a_step_of_ours_takes_a_clinics_times_channels_and_switch_and_keeps_the_rest() -> None:
    clinic = read(
        **steps(
            remind_confirm={
                "due": "start - 1 week at 09:30",
                "expires": "start - 30 hours",
                "channels": ["email", "sms"],
                "on": False,
            },
            outcome_7d={"expires": "due + 2 days"},
            checkin_72h={"alone": False, "only_first": True},
        )
    )
    cadence = cadence_of(clinic)
    confirm, outcome, checkin = (cadence.step(key) for key in ("remind_confirm", "outcome_7d", "checkin_72h"))
    assert confirm is not None
    assert outcome is not None
    assert checkin is not None
    assert confirm.due == Civil(Anchor.START, -7, time(9, 30))
    assert confirm.expires == Elapsed(Anchor.START, timedelta(hours=-30))
    assert confirm.channels == (Channel.EMAIL, Channel.SMS)
    assert (confirm.is_enabled, confirm.asks) == (False, QuestionKind.CONFIRM)
    assert (outcome.expires, outcome.due) == (Elapsed(Anchor.DUE, timedelta(days=2)), SHIPPED["outcome_7d"].due)
    assert (checkin.is_alone_in_between, checkin.is_first_only) == (False, True)
    assert [step.key for step in cadence.steps] == [step.key for step in DEFAULT_CADENCE.steps]


def test_a_clinic_may_have_steps_of_its_own() -> None:
    snack = {**SNACK, "asks": "ride", "only_first": True, "channels": ["sms"]}
    found = cadence_of(read(**own(snack))).step("snack")
    assert found is not None
    assert (found.phase, found.asks, found.is_first_only) == (Phase.BEFORE, QuestionKind.RIDE, True)
    assert (found.due, found.expires) == (Civil(Anchor.START, -1, time(16)), Elapsed(Anchor.START))
    assert (found.channels, found.recipient, found.is_enabled) == ((Channel.SMS,), Recipient.PATIENT, True)


def test_the_text_of_an_own_step_is_looked_for_in_the_language_without_its_country() -> None:
    assert cadence_of(read(**own(SNACK), language="en-US")).step("snack") is not None


def test_an_own_step_for_escorts_travels_by_text_message() -> None:
    found = cadence_of(read(**own({**SNACK, "recipient": "escort"}))).step("snack")
    assert found is not None
    assert (found.recipient, found.channels) == (Recipient.ESCORT, (Channel.SMS,))


@pytest.mark.parametrize("part", [{"recipient": "staff"}, {"asks": "pick_up"}])
def test_an_own_step_goes_to_patients_and_escorts_and_asks_each_what_they_can_answer(part: dict[str, str]) -> None:
    with pytest.raises(ClinicFileError):
        read(**own({**SNACK, **part}))


def test_a_steps_own_table_goes_before_the_lists_of_steps() -> None:
    cadence = {"on": ["day_of", "snack"], "off": ["booked"], "steps": {"day_of": {"on": False}, "snack": SNACK}}
    clinic = read(cadence={"*": cadence}, templates={"en": {"snack": "Bring a snack."}})
    off = {step.key for step in cadence_of(clinic).steps if not step.is_enabled}
    assert off == {"day_of", "booked"}


def test_the_preset_for_texts_without_consent_may_only_be_made_stricter() -> None:
    assert read(caps={"preset": "exemption"}).caps == EXEMPTION
    assert read(caps={"preset": "exemption", "per_week": 2}).caps.per_week == 2
    assert read(caps={"characters": 320}).caps.characters == 320


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("start", Elapsed(Anchor.START)),
        ("fasting", Elapsed(Anchor.FASTING)),
        ("version", Elapsed(Anchor.VERSION)),
        ("start - 3 days at 10:00", Civil(Anchor.START, -3, time(10))),
        ("start at 07:05", Civil(Anchor.START, 0, time(7, 5))),
        ("start at 9:00", Civil(Anchor.START, 0, time(9))),
        ("end + 1 day at 12:00", Civil(Anchor.END, 1, time(12))),
        ("end + 2 weeks at 23:59", Civil(Anchor.END, 14, time(23, 59))),
        ("end + 24 hours", Elapsed(Anchor.END, timedelta(hours=24))),
        ("arrival - 150 minutes", Elapsed(Anchor.ARRIVAL, timedelta(minutes=-150))),
        ("arrival − 150 minutes", Elapsed(Anchor.ARRIVAL, timedelta(minutes=-150))),
        ("end+1 hour", Elapsed(Anchor.END, timedelta(hours=1))),
        ("due + 4 days", Elapsed(Anchor.DUE, timedelta(days=4))),
        (" due + 1 week ", Elapsed(Anchor.DUE, timedelta(days=7))),
        ("due at 18:00", Civil(Anchor.DUE, 0, time(18))),
    ],
)
def test_a_time_is_written_as_people_say_it(text: str, expected: Offset) -> None:
    assert read_time(text, tuple(Anchor)) == expected


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ("start - 3 days", '"start - 3 days at 10:00", or count 72 hours'),
        ("end + 24 hours at 10:00", '"at" goes with days and weeks only'),
        ("start 3 days at 10:00", "a time such as"),
        ("start - three days at 10:00", "a time such as"),
        ("start - 3 days at 25:00", "a time such as"),
        ("start - 3 days at 9", "a time such as"),
        ("start - 367 days at 10:00", "at most 366 days"),
        ("birth + 1 day at 10:00", "from version, start, arrival, fasting, end"),
        ("due + 1 hour", "from version, start, arrival, fasting, end"),
        ("start - ٣ days at 10:00", "a time such as"),
        ("", "a time such as"),
        (10, "a time such as"),
        (None, "a time such as"),
    ],
)
def test_what_is_no_time_is_answered_with_one_that_is(found: object, wanted: str) -> None:
    said = read_time(found, [anchor for anchor in Anchor if anchor is not Anchor.DUE])
    assert isinstance(said, str)
    assert wanted in said


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"sender": ""}, "clinic.sender"),
        ({"sender": "  "}, "clinic.sender"),
        ({"sender": "Riverside\r\nBcc: x@example.org"}, "clinic.sender"),
        ({"phone": "+12025550100\0"}, "clinic.phone"),
        ({"address": "12 Harbor Street\rX: 1"}, "clinic.address"),
        ({"slug": "River Side"}, "clinic.slug"),
        ({"timezone": "Mars/Base"}, "clinic.timezone"),
        ({"phone": 5}, "clinic.phone"),
        ({"assume_fulfilled": "yes"}, "clinic.assume_fulfilled"),
        ({"allows_ucs2": 1}, "clinic.allows_ucs2"),
        ({"most_segments": 0}, "clinic.most_segments"),
        ({"late_cancel_hours": 0}, "clinic.late_cancel_hours"),
        ({"late_cancel_hours": 400}, "clinic.late_cancel_hours"),
        ({"late_cancel_hours": "24"}, "clinic.late_cancel_hours"),
        ({"most_segments": True}, "clinic.most_segments"),
        ({"catch_up_per_minute": 2.5}, "clinic.catch_up_per_minute"),
        ({"colour": "red"}, "clinic.colour"),
        ({"closures": "2027-12-24"}, "clinic.closures"),
        ({"closures": ["2027-02-30"]}, "clinic.closures"),
        ({"closures": ["20271224"]}, "clinic.closures"),
        ({"closures": [datetime(2027, 12, 24, tzinfo=UTC)]}, "clinic.closures"),
        ({"closures": [time(9)]}, "clinic.closures"),
        ({"open_days": "monday"}, "clinic.open_days"),
        ({"open_days": ["mon"]}, "clinic.open_days"),
        ({"open_days": [[]]}, "clinic.open_days"),
        ({"open_days": []}, "clinic.open_days"),
        ({"window": "always"}, "clinic.window"),
        ({"window": {"funday": "09:00-20:00"}}, "clinic.window.funday"),
        ({"window": {"monday": "9-20"}}, "clinic.window.monday"),
        ({"window": {"monday": 9}}, "clinic.window.monday"),
        ({"caps": {"per_day": 0}}, "clinic.caps.per_day"),
        ({"caps": {"per_week": True}}, "clinic.caps.per_week"),
        ({"caps": {"characters": 10}}, "clinic.caps.characters"),
        ({"caps": {"preset": "none"}}, "clinic.caps.preset"),
        ({"caps": {"preset": ["exemption"]}}, "clinic.caps.preset"),
        ({"caps": {"preset": "exemption", "per_day": 2}}, "clinic.caps.per_day"),
        ({"caps": {"preset": "exemption", "characters": 161}}, "clinic.caps.characters"),
        ({"caps": {"monthly": 9}}, "clinic.caps.monthly"),
        ({"cadence": []}, "clinic.cadence"),
        ({"cadence": {"*": []}}, "clinic.cadence.*"),
        ({"cadence": {"*": {"off": ["nonsense"]}}}, "clinic.cadence.*.off"),
        ({"cadence": {"*": {"off": 5}}}, "clinic.cadence.*.off"),
        ({"cadence": {"*": {"on": [{}]}}}, "clinic.cadence.*.on"),
        ({"cadence": {"*": {"solids_fast_minutes": -1}}}, "clinic.cadence.*.solids_fast_minutes"),
        ({"cadence": {"*": {"solids_fast_minutes": 10**30}}}, "clinic.cadence.*.solids_fast_minutes"),
        ({"cadence": {"*": {"rebook_weeks": "four"}}}, "clinic.cadence.*.rebook_weeks"),
        ({"cadence": {"*": {"sometimes": 1}}}, "clinic.cadence.*.sometimes"),
        ({"cadence": {"*": {"steps": 1}}}, "clinic.cadence.*.steps"),
        (steps(booked=1), "clinic.cadence.*.steps.booked"),
        (steps(booked={"due": "soon"}), "clinic.cadence.*.steps.booked.due"),
        (steps(booked={"due": "due + 1 hour"}), "clinic.cadence.*.steps.booked.due"),
        (steps(booked={"phase": "before"}), "clinic.cadence.*.steps.booked.phase"),
        (steps(booked={"asks": "confirm"}), "clinic.cadence.*.steps.booked.asks"),
        (steps(booked={"on": "yes"}), "clinic.cadence.*.steps.booked.on"),
        (steps(booked={"alone": 1}), "clinic.cadence.*.steps.booked.alone"),
        (steps(remind_confirm={"channels": []}), "clinic.cadence.*.steps.remind_confirm.channels"),
        (steps(remind_confirm={"channels": "sms"}), "clinic.cadence.*.steps.remind_confirm.channels"),
        (steps(remind_confirm={"channels": ["sms", "sms"]}), "clinic.cadence.*.steps.remind_confirm.channels"),
        (steps(remind_confirm={"channels": ["fax"]}), "clinic.cadence.*.steps.remind_confirm.channels"),
        (steps(remind_confirm={"channels": [{}]}), "clinic.cadence.*.steps.remind_confirm.channels"),
        (steps(pick_up={"channels": ["email"]}), "clinic.cadence.*.steps.pick_up.channels"),
        (steps(remind_confirm={"expires": "start - 9 days at 10:00"}), "clinic.cadence.*.steps.remind_confirm.expires"),
        (steps(outcome_7d={"expires": "due"}), "clinic.cadence.*.steps.outcome_7d.expires"),
        (steps(checkin_24h={"due": "start - 2 hours"}), "clinic.cadence.*.steps.checkin_24h.due"),
        (steps(rebook={"due": "end + 2 weeks at 10:00"}), "clinic.cadence.*.steps.rebook.due"),
        (
            steps(remind_final={"due": "start + 1 day at 10:00", "expires": "end + 48 hours"}),
            "clinic.cadence.*.steps.remind_final.due",
        ),
        (own({**SNACK, "phase": "during"}), "clinic.cadence.*.steps.snack.phase"),
        (own({key: SNACK[key] for key in ("due", "expires")}), "clinic.cadence.*.steps.snack.phase"),
        (own({key: SNACK[key] for key in ("phase", "expires")}), "clinic.cadence.*.steps.snack.due"),
        (own({**SNACK, "asks": "name"}), "clinic.cadence.*.steps.snack.asks"),
        (own({**SNACK, "asks": ["ride"]}), "clinic.cadence.*.steps.snack.asks"),
        (own({**SNACK, "asks": "check_in"}), "clinic.cadence.*.steps.snack.asks"),
        (own({**SNACK, "asks": "ride", "recipient": "escort"}), "clinic.cadence.*.steps.snack.asks"),
        (own({**SNACK, "recipient": "mother"}), "clinic.cadence.*.steps.snack.recipient"),
        (own({**SNACK, "rank": 1}), "clinic.cadence.*.steps.snack.rank"),
        (steps(Snack=SNACK), "clinic.cadence.*.steps.Snack"),
        (steps(ad_hoc=SNACK), "clinic.cadence.*.steps.ad_hoc"),
        (steps(booked_late=SNACK), "clinic.cadence.*.steps.booked_late"),
        (steps(snack=SNACK), "clinic.templates.en.snack"),
        ({**own(SNACK), "language": "es"}, "clinic.templates.es.snack"),
        ({**steps(snack=SNACK), "templates": {"en": {"snack": "x"}, "es": {}}}, "clinic.templates.es.snack"),
        ({"templates": {"en": "x"}}, "clinic.templates.en"),
        ({"templates": {"en": {"nonsense": "x"}}}, "clinic.templates.en.nonsense"),
        ({"templates": {"en": {"booked": " "}}}, "clinic.templates.en.booked"),
        ({"templates": {"en": {"book\ned": "x"}}}, "clinic.templates.en.book\\ned"),
    ],
)
def test_a_fault_is_one_line_that_begins_with_its_path(changes: dict[str, Any], path: str) -> None:
    (fault,) = faults_of(changes)
    assert fault.startswith(f"{path}: found ")
    assert fault.isprintable()


def test_all_faults_are_told_at_once() -> None:
    assert len(faults_of({"slug": "a b", "sender": "", "phone": "", "window": {"monday": "never"}})) == 4


def test_an_unknown_key_is_named_with_those_that_are_known() -> None:
    (fault,) = faults_of(steps(booked={"when": "now"}))
    assert fault.endswith("unknown key; known here: alone, channels, due, expires, on, only_first")


def test_a_time_that_is_right_for_some_sessions_is_left_alone() -> None:
    read(**steps(checkin_evening={"due": "start at 18:00", "expires": "start at 23:00"}))
    read(**steps(booked={"due": "version + 1 hour"}))


@pytest.mark.parametrize(
    ("name", "expected"), [("Europe/Dublin", True), ("", False), ("../etc/passwd", False), (5, False), ("EST5", False)]
)
def test_a_zone_is_one_of_the_iana_database(name: object, *, expected: bool) -> None:
    assert is_zone(name) is expected


def test_a_document_is_stored_with_its_days_as_text_and_reads_the_same() -> None:
    document = BASICS | {"closures": [date(2027, 12, 24), "2027-12-25"]}
    stored = json.loads(json.dumps(storable(document)))
    assert stored["closures"] == ["2027-12-24", "2027-12-25"]
    assert read_clinic(stored, clinic_id=ID) == read_clinic(document, clinic_id=ID)
    assert storable(stored) == stored


def choices_taken(text: str) -> str:
    """Take the "# " away from every line that is a choice to make."""
    return re.sub(r"^# (?=\[|[a-z_]+ = )", "", text, flags=re.MULTILINE)


def test_the_example_is_right_as_it_stands_and_with_every_choice_taken() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    plain = read_clinic(tomllib.loads(text)["clinic"], clinic_id=ID)
    assert cadence_of(plain) == DEFAULT_CADENCE
    chosen = read_clinic(tomllib.loads(choices_taken(text))["clinic"], clinic_id=ID)
    assert cadence_of(chosen).step("bring_card") is not None
    assert len(chosen.closures) == 2
    assert lint(plain) == lint(chosen) == []


WORDS = st.sampled_from(
    [
        *SHIPPED,
        "snack",
        "due",
        "on",
        "sms",
        "start - 3 days at 10:00",
        "end + 24 hours",
        "confirm",
        "exemption",
        "before",
    ]
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.dates(), st.times(), st.text(), WORDS)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(), inner, max_size=4),
    max_leaves=8,
)
ROWS = st.dictionaries(st.sampled_from(["due", "expires", "channels", "on", "phase", "asks", "recipient", "x"]), VALUES)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("slug", "sender", "timezone", "phone", "language", "closures", "open_days", "odd"), VALUES),
        "caps": st.dictionaries(st.sampled_from(["preset", "per_day", "characters"]), VALUES) | VALUES,
        "cadence": st.dictionaries(st.text(), st.fixed_dictionaries({"steps": st.dictionaries(WORDS, ROWS)}) | VALUES),
        "templates": st.dictionaries(st.sampled_from(["en", "es", "fr"]), st.dictionaries(WORDS, VALUES) | VALUES),
    },
)


@given(changes=DOCUMENTS)
def test_whatever_a_file_holds_it_is_read_or_its_faults_are_lines(changes: dict[str, Any]) -> None:
    try:
        lines = lint(read_clinic(storable(BASICS | changes), clinic_id=ID))
    except ClinicFileError as error:
        lines = list(error.faults)
    assert all(line.startswith("clinic") and line.isprintable() for line in lines)
