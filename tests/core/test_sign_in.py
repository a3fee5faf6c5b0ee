from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.audit import DEED_WORDS, Deed
from reminders.core.ids import ClinicId, SessionId, StaffId
from reminders.core.sign_in import (
    LONGEST_DELAY,
    Person,
    Session,
    delay_after,
    is_too_soon,
    keeps_staff_right,
    length_faults,
    login_faults,
    manages_wholly,
    own_path,
    own_word_faults,
    read_code,
    read_login,
    totp_secret,
)
from reminders.core.staff import Role

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
STAFF = StaffId(UUID(int=1))
A, B = ClinicId(UUID(int=10)), ClinicId(UUID(int=11))


@pytest.mark.parametrize(
    ("begun_ago", "seen_ago", "is_alive"),
    [
        (timedelta(0), timedelta(0), True),
        (15 * MINUTE - SECOND, 15 * MINUTE - SECOND, True),
        (15 * MINUTE, 15 * MINUTE, False),
        (12 * 60 * MINUTE - SECOND, SECOND, True),
        (12 * 60 * MINUTE, SECOND, False),
    ],
)
def test_a_session_ends_by_idleness_and_by_age(begun_ago: timedelta, seen_ago: timedelta, *, is_alive: bool) -> None:
    session = Session(SessionId(UUID(int=2)), STAFF, "key", NOON - begun_ago, NOON - seen_ago)
    assert session.is_alive(NOON) is is_alive


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (7, 60), (10**9, 60)]
)
def test_the_wait_doubles_with_each_wrong_try_and_is_never_longer_than_a_minute(failures: int, seconds: int) -> None:
    assert delay_after(failures) == timedelta(seconds=seconds)


@given(st.lists(st.integers(0, 90), min_size=1, max_size=200))
def test_no_minute_sees_more_than_five_wrong_tries_and_nobody_is_ever_shut_out(pauses: list[int]) -> None:
    person = Person(STAFF, "kim", "Kim")
    now, looked_at = NOON, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        if not is_too_soon(person, now):
            looked_at.append(now)
            person = Person(STAFF, "kim", "Kim", failures=person.failures + 1, failed_at=now)
    for first in looked_at:
        assert sum(first <= at < first + MINUTE for at in looked_at) <= 5
    assert not is_too_soon(person, now + LONGEST_DELAY)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/", "/"),
        ("/staff", "/staff"),
        ("/?clinic=north&span=next", "/?clinic=north&span=next"),
        ("/patients/P%201#consent", "/patients/P%201#consent"),
        ("", "/"),
        ("staff", "/"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/x\\..\\y", "/"),
        ("/\n/evil.example", "/"),
        ("https://evil.example", "/"),
        ("https:/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("//[", "/"),
    ],
)
def test_the_way_back_is_a_path_of_ours(text: str, path: str) -> None:
    assert own_path(text) == path


@given(st.text(max_size=40))
def test_whatever_is_asked_for_the_way_back_names_no_host(text: str) -> None:
    for asked in (text, "/" + text, "//" + text):
        found = own_path(asked)
        assert found.startswith("/")
        assert not found.startswith(("//", "/\\"))


@pytest.mark.parametrize(
    ("login", "name", "faults"),
    [
        ("kim.lee", "Kim Lee", 0),
        ("kim@clinic.example", "王芳", 0),
        ("k", "Kim", 1),
        ("kim lee", "Kim", 1),
        ("-kim", "Kim", 1),
        ("kim", "", 1),
        ("kim", "K" * 81, 1),
        ("kim\n", "Kim\n", 2),
        ("k" * 121, "Kim", 1),
    ],
)
def test_logins_and_names_are_plain(login: str, name: str, faults: int) -> None:
    assert len(login_faults(login, name)) == faults


def test_a_login_and_a_code_are_read_as_people_type_them() -> None:
    assert read_login("  Kim.Lee@Clinic.example ") == "kim.lee@clinic.example"
    assert read_code(" 123 456\n") == "123456"


@pytest.mark.parametrize(("length", "is_good"), [(0, False), (11, False), (12, True), (128, True), (129, False)])
def test_a_password_has_twelve_to_128_characters(length: int, *, is_good: bool) -> None:
    assert (not length_faults("é" * length)) is is_good


@pytest.mark.parametrize(
    ("password", "is_good"),
    [
        ("Kim.Lee kim.lee", False),
        ("kim.lee2027!", False),
        ("REMINDERS1234", False),
        ("kim drinks tea", True),
        ("heron umbrella quartz nine", True),
    ],
)
def test_a_password_is_more_than_its_owner_s_name(password: str, *, is_good: bool) -> None:
    assert (not own_word_faults(password, ("kim.lee", "Kim", "Lee", "Reminders", ""))) is is_good


def test_the_second_factor_is_160_bits_in_base_32() -> None:
    found = totp_secret(bytes(range(24)))
    assert (len(found), base64.b32decode(found)) == (32, bytes(range(20)))


@pytest.mark.parametrize(
    ("mine", "theirs", "may"),
    [
        ({A}, {A: Role.MANAGER}, True),
        ({A, B}, {A: Role.FRONT_DESK, B: Role.AUDITOR}, True),
        ({A}, {A: Role.FRONT_DESK, B: Role.FRONT_DESK}, False),
        ({A}, {B: Role.FRONT_DESK}, False),
        ({A}, {}, False),
        (set(), {A: Role.FRONT_DESK}, False),
    ],
)
def test_a_person_is_managed_whole_only_where_they_work_nowhere_else(
    mine: set[ClinicId], theirs: dict[ClinicId, Role], *, may: bool
) -> None:
    assert manages_wholly(mine, theirs) is may


def test_only_managers_manage_staff() -> None:
    assert [role for role in Role if keeps_staff_right(role)] == [Role.MANAGER]
    assert not keeps_staff_right(None)


def test_nobody_comes_in_before_the_invitation_or_after_the_end() -> None:
    whole = Person(STAFF, "kim", "Kim", password_hash="x", totp_secret="y")
    assert whole.may_sign_in
    assert not Person(STAFF, "kim", "Kim", password_hash="x").may_sign_in
    assert not Person(STAFF, "kim", "Kim", totp_secret="y").may_sign_in
    assert not Person(STAFF, "kim", "Kim", password_hash="x", totp_secret="y", ended_at=NOON).may_sign_in


def test_every_deed_reads_as_words_and_fits_its_column() -> None:
    assert DEED_WORDS.keys() == set(Deed)
    assert all(len(deed.value) <= 40 for deed in Deed)
