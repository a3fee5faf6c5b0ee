"""Staff over both databases: who may change whom, what ends with what, and what the log keeps."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from reminders.core.audit import Deed
from reminders.core.errors import InputError, NotFoundError
from reminders.core.ids import ClinicId
from reminders.core.staff import Actor, Role
from reminders.services.accept_invitation import accept_invitation, read_invitation
from reminders.services.apply_clinics import known_clinics
from reminders.services.invite_staff import Invited, add_staff, invite_again
from reminders.services.manage_staff import end_sessions, end_staff, set_role
from reminders.services.read_deeds import DeedQuery, read_deeds
from reminders.services.read_session import operator, read_session
from reminders.services.read_staff import Standing, read_staff
from reminders.services.sign_in import Try, sign_in
from reminders.store.staff_rows import staff
from reminders.store.unit_of_work import Store
from tests.world import CLINIC, World

PASSWORD = "heron umbrella quartz nine"
NORTH = {**CLINIC, "slug": "north", "sender": "North Clinic"}


@pytest.fixture
def world(store: Store) -> World:
    """Two clinics over each database."""
    return World(store, CLINIC, NORTH)


@pytest.fixture
def clinics(world: World) -> tuple[ClinicId, ClinicId]:
    """The ids of both: Riverside's, then North's."""
    found = {clinic.slug: clinic.id for clinic in known_clinics(world.deps)}
    return found["riverside"], found["north"]


def add(world: World, login: str, roles: dict[ClinicId, Role]) -> Invited:
    return add_staff(world.deps, operator(world.deps, "Op"), login=login, name=login.title(), roles=roles)


def accept(world: World, made: Invited) -> str:
    """Accept an invitation and return the secret of the session."""
    token = urlsplit(made.link).path.rpartition("/")[2]
    page = read_invitation(world.deps, token)
    assert page is not None
    code = world.credentials.code(page.secret, at=world.clock.machine_now())
    return accept_invitation(world.deps, token, password=PASSWORD, code=code).token


def acting(world: World, made: Invited) -> Actor:
    found = read_session(world.deps, accept(world, made))
    assert found is not None
    return found.who


def test_a_manager_sees_and_changes_only_their_own_clinic(world: World, clinics: tuple[ClinicId, ClinicId]) -> None:
    river, north = clinics
    kim = acting(world, add(world, "kim", {river: Role.MANAGER}))
    both = add(world, "both", {river: Role.FRONT_DESK, north: Role.CLINICIAN})
    lee = add(world, "lee", {north: Role.FRONT_DESK})
    shown = {line.login: line for line in read_staff(world.deps, kim)}
    assert shown.keys() == {"kim", "both"}
    assert shown["both"].roles == {river: Role.FRONT_DESK}
    assert not shown["both"].is_whole
    for person in (both.person.id, lee.person.id):
        for change in (invite_again, end_sessions, end_staff):
            with pytest.raises(NotFoundError):
                change(world.deps, kim, person)
    for person, clinic in ((both.person.id, north), (lee.person.id, river), (lee.person.id, north)):
        with pytest.raises(NotFoundError):
            set_role(world.deps, kim, person, clinic, Role.MANAGER)
    with pytest.raises(NotFoundError):
        add_staff(world.deps, kim, login="x1", name="X", roles={north: Role.AUDITOR})
    set_role(world.deps, kim, both.person.id, river, None)
    assert {line.login for line in read_staff(world.deps, kim)} == {"kim"}


def test_nobody_takes_their_own_way_in_away(world: World, clinics: tuple[ClinicId, ClinicId]) -> None:
    kim = acting(world, add(world, "kim", {clinics[0]: Role.MANAGER, clinics[1]: Role.AUDITOR}))
    me = kim.id
    assert me is not None
    with pytest.raises(InputError):
        set_role(world.deps, kim, me, clinics[0], Role.AUDITOR)
    with pytest.raises(NotFoundError):
        end_staff(world.deps, kim, me)


def test_a_change_of_role_holds_from_the_next_request_on(world: World, clinics: tuple[ClinicId, ClinicId]) -> None:
    made = add(world, "kim", {clinics[0]: Role.FRONT_DESK})
    token = accept(world, made)
    set_role(world.deps, operator(world.deps, "Op"), made.person.id, clinics[0], Role.AUDITOR)
    found = read_session(world.deps, token)
    assert found is not None
    assert found.who.roles == {clinics[0]: Role.AUDITOR}


@pytest.mark.both_databases
def test_an_ended_access_opens_nothing_and_is_never_opened_again(
    world: World, clinics: tuple[ClinicId, ClinicId]
) -> None:
    made = add(world, "kim", {clinics[0]: Role.FRONT_DESK})
    token = accept(world, made)
    who = operator(world.deps, "Op")
    again = invite_again(world.deps, who, made.person.id)
    assert end_staff(world.deps, who, made.person.id)
    assert not end_staff(world.deps, who, made.person.id)
    assert read_session(world.deps, token) is None
    assert read_invitation(world.deps, urlsplit(again.link).path.rpartition("/")[2]) is None
    assert [line.standing for line in read_staff(world.deps, who)] == [Standing.ENDED]
    row = world.all(select(staff))[0]
    assert (row.password_hash, row.totp_secret) == (None, None)


def test_a_new_link_replaces_the_old_one_and_ends_all_sessions_when_used(
    world: World, clinics: tuple[ClinicId, ClinicId]
) -> None:
    made = add(world, "kim", {clinics[0]: Role.FRONT_DESK})
    token = accept(world, made)
    who = operator(world.deps, "Op")
    first, second = (invite_again(world.deps, who, made.person.id) for _ in range(2))
    assert read_invitation(world.deps, urlsplit(first.link).path.rpartition("/")[2]) is None
    assert read_session(world.deps, token) is not None, "until it is used, what they have goes on"
    world.later(timedelta(minutes=1))
    newer = accept(world, second)
    assert read_session(world.deps, token) is None
    assert read_session(world.deps, newer) is not None


@pytest.mark.both_databases
def test_a_password_kept_more_weakly_is_kept_anew_at_sign_in(world: World, clinics: tuple[ClinicId, ClinicId]) -> None:
    made = add(world, "kim", {clinics[0]: Role.FRONT_DESK})
    token = urlsplit(made.link).path.rpartition("/")[2]
    page = read_invitation(world.deps, token)
    assert page is not None
    accept(world, made)
    before = world.all(select(staff.c.password_hash))[0][0]
    stronger = type(world.credentials)(strength=2)
    world.change(credentials=stronger)
    world.later(timedelta(minutes=1))
    code = stronger.code(page.secret, at=world.clock.machine_now())
    assert sign_in(world.deps, Try("kim", PASSWORD, code)) is not None
    after = world.all(select(staff.c.password_hash))[0][0]
    assert (before[:2], after[:2]) == ("1$", "2$")


@pytest.mark.both_databases
def test_the_log_tells_each_clinic_its_own_deeds(world: World, clinics: tuple[ClinicId, ClinicId]) -> None:
    river, north = clinics
    kim = acting(world, add(world, "kim", {river: Role.MANAGER}))
    add(world, "lee", {north: Role.AUDITOR})
    sign_in(world.deps, Try("nobody", "x", "y"))
    mine = read_deeds(world.deps, kim, DeedQuery())
    assert [line.event.deed for line in mine.lines] == [Deed.SIGNED_IN, Deed.INVITATION_ACCEPTED, Deed.STAFF_ADDED]
    assert {line.subject for line in mine.lines} == {"Kim"}
    everywhere = read_deeds(world.deps, operator(world.deps, "Op"), DeedQuery())
    assert [line.event.deed for line in everywhere.lines][:2] == [Deed.SIGN_IN_TRIED, Deed.STAFF_ADDED]
    assert len(read_deeds(world.deps, kim, DeedQuery(staff_id=kim.id)).lines) == 2
    assert not read_deeds(world.deps, kim, DeedQuery(patient="P1")).lines
    day = world.clock.machine_now().date()
    assert len(read_deeds(world.deps, kim, DeedQuery(day=day)).lines) == 3
    assert not read_deeds(world.deps, kim, DeedQuery(day=day - timedelta(days=2))).lines
