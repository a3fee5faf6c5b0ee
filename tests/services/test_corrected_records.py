"""What waits to leave follows the schedule: a corrected number, a consent taken back, other words for the session."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reminders.core.patients import Channel
from reminders.services.escort_consent import record_escort_consent
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry, local
from tests.world import CONFIRM_AT, MINUTE, World, only

NEW_PHONE = "+12025550199"


@pytest.fixture
def asking(store: Store) -> World:
    """A clinic whose question to confirm is made, and claimed by a pump that never gets to send it."""
    world = World(store, only("remind_confirm"))
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    world.claim()
    return world


def test_a_corrected_number_gets_what_was_written_to_the_wrong_one(asking: World) -> None:
    asking.sync(an_entry(patient=a_record(phone=NEW_PHONE)))
    asking.later(MINUTE)
    assert asking.pump() == 1
    assert [sent.text.to for sent in asking.sms.sent] == [NEW_PHONE]
    assert asking.states()[0] == ("cancelled", "replanned")
    asking.check()


def test_a_question_by_text_becomes_a_mail_when_the_schedule_takes_the_consent_to_texts_back(asking: World) -> None:
    asking.sync(an_entry(patient=a_record(has_sms_consent=False)))
    asking.later(MINUTE)
    assert asking.pump() == 0
    assert asking.pump(Channel.EMAIL) == 1
    assert asking.bodies == []
    assert asking.tasks() == []
    asking.check()


def test_who_may_be_written_to_nowhere_any_more_is_left_to_staff_once(asking: World) -> None:
    asking.sync(an_entry(patient=a_record(has_sms_consent=False, has_email_consent=False)))
    asking.later(MINUTE)
    assert asking.pump() == asking.pump(Channel.EMAIL) == 0
    assert asking.reminders()["A1", 1, "remind_confirm"] == ("suppressed", "no_consent")
    assert asking.tasks() == ["no_consent"]
    asking.check()


def test_a_session_of_another_length_is_told_with_the_hours_that_follow_from_it(store: Store) -> None:
    world = World(store, only("remind_final"))
    world.sync(an_entry(booking=a_booking(local("2027-03-16 13:00"))))
    world.at(local("2027-03-15 10:00"))
    world.claim()
    world.sync(an_entry(booking=a_booking(local("2027-03-16 13:00"), duration=timedelta(hours=4))))
    world.later(MINUTE)
    assert world.pump() == 1
    assert "no driving until Wed Mar 17, 6:00 PM" in world.bodies[0]
    world.check()


def test_a_text_to_the_escort_goes_to_who_fetches_the_patient_now(store: Store) -> None:
    world = World(store, only("pick_up"))
    first, second = "+12025550111", "+12025550122"
    world.sync(an_entry(booking=replace(a_booking(), escort_phone=first)))
    for phone in (first, second):
        record_escort_consent(world.deps, "P1", None, phone, is_granted=True, note="said so", by="Kim")
    world.at(local("2027-03-15 10:00"))
    world.claim()
    world.sync(an_entry(booking=replace(a_booking(), escort_phone=second)))
    world.later(MINUTE)
    assert world.pump() == 1
    assert [sent.text.to for sent in world.sms.sent] == [second]
    world.check()
