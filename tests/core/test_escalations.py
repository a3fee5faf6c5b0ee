"""Requirement 45: who is told, when the next are, and what takes an alarm over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.check_ins import Concern
from reminders.core.delivery import MessageState
from reminders.core.emergency import ELSEWHERE, NUMBERS, numbers_of
from reminders.core.escalation_document import IDIOMS
from reminders.core.escalations import (
    CANNOT_GO,
    LOOK_FOR_CHAIN,
    Escalation,
    Notice,
    Person,
    Rung,
    codes_in,
    is_due,
    is_only_codes,
    may_join,
    new_code,
    next_notices,
    person_at,
    takes_over,
)
from reminders.core.ids import ClinicId
from reminders.core.patients import Channel
from reminders.core.segments import measure
from reminders.core.staff_texts import notice, open_codes, taken_over
from tests.builders import NOON, a_clinic, an_id
from tests.core.test_clinic_document import faults_of, read

MINUTE = timedelta(minutes=1)
NURSE, SECOND = Person("Nurse", "+12025550171"), Person("Second", "+12025550172", "second@example.org")
LEAD = Person("Lead", email="lead@example.org")
CHAIN = (Rung((NURSE,), 5 * MINUTE), Rung((SECOND, LEAD), 20 * MINUTE))


def an_escalation(rung: int = 0, **changes: Any) -> Escalation:  # noqa: ANN401 - any field
    values: dict[str, Any] = {
        "id": an_id("climb"),
        "clinic_id": ClinicId(an_id("riverside")),
        "patient_id": None,
        "inbound_id": None,
        "task_key": "escalation:x",
        "concern": Concern.RED_FLAG,
        "code": "4711",
        "is_patient_told": True,
        "rung": rung,
        "opened_at": NOON,
        "next_at": NOON + 5 * MINUTE,
    }
    return Escalation(**values | changes)


@pytest.mark.parametrize(
    ("rung", "names", "wait"),
    [
        (0, ["Nurse"], 5 * MINUTE),
        (1, ["Second", "Second", "Lead"], 20 * MINUTE),
        (2, ["Nurse"], 10 * MINUTE),
        (3, ["Second", "Second", "Lead"], 20 * MINUTE),
        (200, ["Nurse"], 10 * MINUTE),
    ],
)
def test_each_rung_is_told_in_turn_and_has_longer_from_the_second_round_on(
    rung: int, names: list[str], wait: timedelta
) -> None:
    found = next_notices(an_escalation(rung), CHAIN, now=NOON)
    assert [each.name for each in found.notices] == names
    assert (found.rung, found.next_at) == (rung + 1, NOON + wait)


def test_without_a_chain_nobody_is_told_and_the_climb_looks_again() -> None:
    found = next_notices(an_escalation(), (), now=NOON)
    assert found.is_unheard
    assert (found.rung, found.next_at) == (0, NOON + LOOK_FOR_CHAIN)


def test_a_person_is_told_by_every_way_they_have() -> None:
    found = next_notices(an_escalation(1), CHAIN, now=NOON)
    assert found.notices[:2] == (
        Notice("Second", Channel.SMS, "+12025550172"),
        Notice("Second", Channel.EMAIL, "second@example.org"),
    )


@given(rung=st.integers(0, 500), waits=st.lists(st.integers(1, 120), min_size=1, max_size=10))
def test_a_climb_never_ends_by_itself_and_never_stands_still(rung: int, waits: list[int]) -> None:
    chain = tuple(Rung((Person(f"N{n}", f"+1202555{n:04d}"),), wait * MINUTE) for n, wait in enumerate(waits))
    found = next_notices(an_escalation(rung), chain, now=NOON)
    assert found.notices
    assert found.next_at > NOON
    assert found.rung == rung + 1


FAILED, GONE, WAITS = MessageState.SUPPRESSED, MessageState.DELIVERED, MessageState.DUE


@pytest.mark.parametrize(
    ("rung", "fates", "minutes", "expected"),
    [
        (1, {0: [GONE]}, 4, False),
        (1, {0: [GONE]}, 5, True),
        (1, {0: [FAILED]}, 0, True),
        (1, {0: [FAILED, WAITS]}, 0, False),
        (1, {0: [FAILED, MessageState.REJECTED]}, 0, True),
        (1, {}, 0, False),
        (2, {0: [GONE], 1: [FAILED]}, 0, True),
        (2, {0: [FAILED], 1: [FAILED]}, 0, False),
        (2, {0: [FAILED], 1: [FAILED]}, 5, True),
        (3, {1: [FAILED], 2: [FAILED]}, 0, False),
        (3, {1: [GONE], 2: [FAILED]}, 0, True),
    ],
)
def test_the_next_are_told_in_time_or_at_once_where_the_last_cannot_hear(
    rung: int, fates: dict[int, list[MessageState]], minutes: int, *, expected: bool
) -> None:
    assert is_due(an_escalation(rung), CHAIN, fates, now=NOON + minutes * MINUTE) is expected


def test_what_somebody_took_over_is_never_due() -> None:
    over = an_escalation(1, acknowledged_at=NOON, next_at=None)
    assert not is_due(over, CHAIN, {0: [FAILED]}, now=NOON + timedelta(days=1))


def test_what_may_yet_arrive_has_not_failed_and_what_an_opt_out_called_back_has() -> None:
    open_ends = {MessageState.ACCEPTED, MessageState.SENT, MessageState.UNKNOWN, MessageState.DUE, MessageState.HELD}
    assert not open_ends & CANNOT_GO
    ends = {MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.REJECTED, MessageState.CANCELLED}
    assert ends <= CANNOT_GO


@pytest.mark.parametrize(
    ("changes", "minutes", "expected"),
    [({}, 59, True), ({}, 60, False), ({"acknowledged_at": NOON}, 1, False)],
)
def test_an_alarm_joins_a_climb_that_is_open_and_young(
    changes: dict[str, Any], minutes: int, *, expected: bool
) -> None:
    assert may_join(an_escalation(**changes), now=NOON + minutes * MINUTE) is expected


@given(jitter=st.floats(0, 1, exclude_max=True), taken=st.sets(st.integers(1000, 9999).map(str), max_size=200))
def test_a_code_has_four_digits_and_is_of_no_other_open_climb(jitter: float, taken: set[str]) -> None:
    found = new_code(jitter, taken)
    assert codes_in(f"taking {found} now") == {found}
    assert found not in taken


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4711", {"4711"}),
        ("4711!", {"4711"}),
        ("Code 4711, and 1234", {"4711", "1234"}),
        ("call +12025550171", set()),
        ("room 12", set()),
    ],
)
def test_a_code_is_a_number_of_four_digits_that_stands_alone(text: str, expected: set[str]) -> None:
    assert codes_in(text) == expected


@pytest.mark.parametrize("text", ["ok", " Ok. ", "ACK", "got it!", "on it", "I\u2019m on it", "Yes", "s\u00ed", "Voy"])
def test_a_short_word_takes_over(text: str) -> None:
    assert takes_over(text)


@pytest.mark.parametrize("text", ["", "not ok", "ok but not me", "who is it?", "no", "cannot", "is anyone on it", "?"])
def test_anything_else_does_not(text: str) -> None:
    assert not takes_over(text)


def test_people_are_known_by_any_of_their_addresses() -> None:
    assert person_at(CHAIN, "SECOND@example.org") is SECOND
    assert person_at(CHAIN, "+12025550171") is NURSE
    assert person_at(CHAIN, "+12025550199") is None


def test_a_document_names_the_chain_in_its_order_and_who_is_told_together() -> None:
    clinic = read(
        escalation=[
            {"name": "Nurse", "phone": "+1 (202) 555-0171", "wait_minutes": 0},
            {"name": "Second", "email": "second@example.org"},
            {"name": "Lead", "phone": "+12025550173", "email": "lead@example.org", "wait_minutes": 15},
        ],
        idioms="high",
    )
    assert clinic.escalation == (
        Rung((Person("Nurse", "+12025550171"), Person("Second", None, "second@example.org")), 5 * MINUTE),
        Rung((Person("Lead", "+12025550173", "lead@example.org"),), 15 * MINUTE),
    )
    assert clinic.alarms_on_idioms
    assert (read().escalation, read().alarms_on_idioms) == ((), False)


GOOD = {"name": "Nurse", "phone": "+12025550171"}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"escalation": GOOD}, "clinic.escalation: found {"),
        ({"escalation": ["+12025550171"]}, "clinic.escalation[1]: found '+12025550171'; a table"),
        ({"escalation": [{"phone": "+12025550171"}]}, "clinic.escalation[1].name: found nothing"),
        ({"escalation": [{"name": "Nurse"}]}, "clinic.escalation[1]: found"),
        ({"escalation": [{"name": "Nurse", "phone": "2025550171"}]}, "clinic.escalation[1].phone"),
        ({"escalation": [{"name": "Nurse", "phone": 12025550171}]}, "clinic.escalation[1].phone"),
        ({"escalation": [{"name": "Nurse", "email": "nurse"}]}, "clinic.escalation[1].email"),
        ({"escalation": [{**GOOD, "wait": 5}]}, "clinic.escalation[1].wait: found 5; unknown key"),
        ({"escalation": [{**GOOD, "wait_minutes": 121}]}, "clinic.escalation[1].wait_minutes"),
        ({"escalation": [{**GOOD, "wait_minutes": 0}]}, "clinic.escalation[1].wait_minutes: found 0; the last"),
        ({"escalation": [GOOD, GOOD]}, "clinic.escalation: found '+12025550171'; each address once"),
        (
            {
                "escalation": [{"name": f"N{n}", "phone": f"+1202555017{n}"} for n in range(10)]
                + [{**GOOD, "phone": "+12025550180"}]
            },
            "clinic.escalation: found '11 people'",
        ),
        ({"idioms": True}, "clinic.idioms: found True; one of these is wanted: usual, high"),
        ({"idioms": ["high"]}, "clinic.idioms: found"),
    ],
)
def test_each_fault_of_a_chain_is_one_line_with_its_place(changes: dict[str, Any], path: str) -> None:
    faults = faults_of(changes)
    assert len(faults) == 1
    assert faults[0].startswith(path)


@pytest.mark.parametrize("language", ["en", "es"])
def test_texts_to_staff_are_one_segment_of_plain_characters_and_the_mail_has_its_link(language: str) -> None:
    clinic = read(language=language)
    for is_told in (True, False):
        _, body = notice(clinic, Channel.SMS, "4711", is_patient_told=is_told, link="")
        assert "4711" in body
        assert (measure(body).segments, measure(body).odd_characters) == (1, ())
        subject, mail = notice(clinic, Channel.EMAIL, "4711", is_patient_told=is_told, link="https://x.example/a/t")
        assert "https://x.example/a/t" in mail
        assert clinic.sender in subject
    texts = (taken_over(clinic, "4711")[1], open_codes(clinic, ["4711", "4712"]), open_codes(clinic, []))
    for text in texts:
        assert (measure(text).segments, measure(text).odd_characters) == (1, ())


@pytest.mark.parametrize(
    ("country", "general", "crisis"),
    [
        ("US", "911", "988"),
        ("CA", "911", "988"),
        ("MX", "911", "800 911 2000"),
        ("ES", "112", "024"),
        ("GB", "999", "116 123"),
        ("AU", "000", "13 11 14"),
        ("de", "112", "0800 111 0 111"),
        ("XX", "112", "112"),
    ],
)
def test_each_country_has_its_emergency_number_and_its_crisis_line(country: str, general: str, crisis: str) -> None:
    clinic = read(country=country)
    assert (clinic.emergency, clinic.crisis) == (general, crisis)


def test_a_clinic_may_name_other_numbers() -> None:
    clinic = read(emergency_number="933", crisis_line="1 800 273 8255")
    assert (clinic.emergency, clinic.crisis) == ("933", "1 800 273 8255")


def test_every_number_is_one_that_a_phone_can_dial() -> None:
    for numbers in (*NUMBERS.values(), ELSEWHERE):
        assert all(
            set(number) <= set("0123456789 *") and number.strip() for number in (numbers.general, numbers.crisis)
        )
    assert numbers_of(" us ") == NUMBERS["US"]
    assert set(IDIOMS) == {"usual", "high"}
    assert a_clinic().emergency == "911"


@pytest.mark.parametrize(
    ("body", "is_only"), [("4711", True), (" 4711! ", True), ("4711, 4712", True), ("STOP 4711", False), ("ok", False)]
)
def test_a_bare_code_is_known_from_one_with_words_beside_it(body: str, *, is_only: bool) -> None:
    assert is_only_codes(body) is is_only
