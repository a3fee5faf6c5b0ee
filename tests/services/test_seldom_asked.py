"""What the desk and the command line ask now and then, asked of both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from reminders.core.api_keys import Scope
from reminders.core.ids import PatientId
from reminders.core.patients import Channel
from reminders.core.staff import Role
from reminders.services.answer_once import KEPT, Begun, Reused, UnderWay, begin, give_up
from reminders.services.api_keys import add_key, end_key, read_keys
from reminders.services.apply_clinics import known_clinics
from reminders.services.invite_staff import add_staff
from reminders.services.read_deeds import DeedQuery, read_deeds
from reminders.services.read_patient import read_patient
from reminders.services.read_session import operator
from reminders.services.read_staff import has_staff
from reminders.services.steer_sending import read_channels, resend_doubtful
from reminders.store import circuits
from reminders.store.rows import patient
from tests.builders import an_entry
from tests.world import World

pytestmark = pytest.mark.both_databases


def test_the_first_person_who_may_come_in_is_noticed(world: World) -> None:
    assert not has_staff(world.deps)
    river = known_clinics(world.deps)[0].id
    add_staff(world.deps, operator(world.deps, "Op"), login="kim", name="Kim", roles={river: Role.FRONT_DESK})
    assert has_staff(world.deps)


def test_who_read_a_patient_is_told_by_what_the_schedule_calls_them(world: World) -> None:
    world.sync(an_entry("A1"))
    who = operator(world.deps, "Op")
    [patient_id] = world.all(select(patient.c.id))
    read_patient(world.deps, who, PatientId(patient_id.id))
    assert {line.subject for line in read_deeds(world.deps, who, DeedQuery(patient="P1")).lines} == {"P1"}


def test_a_key_is_listed_until_and_after_it_ends(world: World) -> None:
    made = add_key(world.deps, "The portal", scopes=[Scope.SEND], days=30, clinic_slug=None, by="Op")
    assert [(key.prefix, key.ended_at) for key, _ in read_keys(world.deps, None)] == [(made.key.prefix, None)]
    end_key(world.deps, made.key.prefix, by="Op")
    assert [key.ended_at is None for key, _ in read_keys(world.deps, None)] == [False]


def test_a_request_that_did_nothing_or_is_a_day_old_may_come_again(world: World) -> None:
    key = add_key(world.deps, "The portal", scopes=[Scope.SEND], days=30, clinic_slug=None, by="Op").key.id
    begun = begin(world.deps, key, "k1", b"mark")
    assert isinstance(begun, Begun)
    assert isinstance(begin(world.deps, key, "k1", b"mark"), UnderWay)
    assert isinstance(begin(world.deps, key, "k1", b"another"), Reused)
    give_up(world.deps, begun)
    assert isinstance(begin(world.deps, key, "k1", b"another"), Begun)
    world.later(KEPT + timedelta(seconds=1))
    assert isinstance(begin(world.deps, key, "k1", b"mark"), Begun)


def test_doubtful_texts_are_held_until_a_person_lets_them_go(world: World) -> None:
    assert not resend_doubtful(world.deps, by="Op")
    with world.store.transaction() as tx:
        circuits.hold_unknown(tx, world.deps.accounts[Channel.SMS], world.clock.now())
    assert resend_doubtful(world.deps, by="Op")
    assert [line.holds_unknown_since for line in read_channels(world.deps)] == [None, None]
