from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from reminders.core.audience import Visitors
from reminders.core.content import KNOWN_VALUES, appointment_values
from reminders.core.errors import ClinicFileError, InputError, NotFoundError
from reminders.core.patients import Channel
from reminders.core.reminders import Reason
from reminders.core.windows import local_day
from reminders.services.apply_clinics import apply_clinics, clinic_document
from reminders.services.respond_by_link import (
    LinkAnswer,
    knows_unsubscribe,
    read_page,
    respond_by_link,
    unsubscribe_by_link,
)
from reminders.services.send_ad_hoc import AdHocRequest, preview_ad_hoc, send_ad_hoc
from reminders.store import rows
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_clinic, a_record, an_appointment, an_entry
from tests.world import CLINIC, CONFIRM_AT, World, only, some_entries

START, NY = NOON + timedelta(days=14), ZoneInfo("America/New_York")
SAME_DAY = Visitors(local_day(START, NY), local_day(START, NY))
REQUEST = AdHocRequest("Bring your card.", "desk", "k1", audience=SAME_DAY)


def test_the_same_clinic_file_again_changes_nothing(world: World) -> None:
    assert apply_clinics(world.deps, [("clinic.toml", CLINIC)]) == []
    assert apply_clinics(world.deps, [("clinic.toml", {**CLINIC, "sender": "Riverside"})]) == ["riverside"]
    assert world.all(select(rows.clinic))[0].version == 2
    assert clinic_document(world.deps, "riverside") == {**CLINIC, "sender": "Riverside"}


@pytest.mark.parametrize(
    ("documents", "fault"),
    [
        ([{**CLINIC, "timezone": "Mars/Olympus"}], "one.toml: clinic.timezone"),
        ([CLINIC, CLINIC], "found 'riverside' twice"),
        ([{**CLINIC, "templates": {"en": {"remind_final": "See {{doctor}}"}}}], "{{doctor}}"),
    ],
)
def test_one_fault_keeps_every_clinic_as_it_was(world: World, documents: list[dict[str, Any]], fault: str) -> None:
    with pytest.raises(ClinicFileError, match=fault.replace("{", r"\{")):
        apply_clinics(world.deps, [("one.toml", document) for document in documents])
    assert clinic_document(world.deps, "riverside") == CLINIC


def test_what_texts_may_speak_of_is_what_there_is() -> None:
    assert {*appointment_values(an_appointment(), a_clinic(), language="en"), "link", "question"} == KNOWN_VALUES


def test_a_second_click_sends_nothing(world: World) -> None:
    world.sync(*some_entries(2))
    for _ in range(2):
        send_ad_hoc(world.deps, REQUEST)
    assert world.pump() == 2
    assert all(recipient.is_sent_before for recipient in preview_ad_hoc(world.deps, REQUEST))
    world.check()


def test_a_preview_says_who_is_left_out_and_why(world: World) -> None:
    world.sync(
        an_entry("A1"),
        an_entry("A2", patient=a_record("P2", phone="+12025550102", email=None, has_sms_consent=False)),
        an_entry("A3", patient=a_record("P3", phone="+12025550103", email=None)),
    )
    world.text("STOP", sender="+12025550103")
    found = {item.external_id: item.left_out for item in preview_ad_hoc(world.deps, REQUEST)}
    assert found == {"P1": None, "P2": Reason.NO_CONSENT, "P3": Reason.OPTED_OUT}


def test_a_request_that_makes_no_sense_is_refused(world: World) -> None:
    with pytest.raises(NotFoundError):
        send_ad_hoc(world.deps, AdHocRequest("Hello", "desk", "k", patient_external_id="nobody"))
    for text, key in (("  ", "k"), ("x" * 1601, "k"), ("Hello", "k" * 65)):
        with pytest.raises(InputError):
            send_ad_hoc(world.deps, AdHocRequest(text, "desk", key, patient_external_id="nobody"))


@pytest.fixture
def mailed(store: Store) -> World:
    """A patient without a phone, who was asked by e-mail whether they come."""
    world = World(store, only("remind_confirm", "remind_final"))
    world.sync(an_entry(patient=a_record(phone=None), booking=a_booking(START)))
    world.at(CONFIRM_AT)
    assert world.pump(Channel.EMAIL) == 1
    return world


def token_of(world: World) -> str:
    return world.email.sent[0].text.partition("/r/")[2].split()[0].rstrip(".")


def test_a_link_confirms_its_version_and_reading_it_does_not(mailed: World) -> None:
    token = token_of(mailed)
    for _ in range(2):
        page = read_page(mailed.deps, token)
        assert page is not None
        assert (page.is_current, page.is_confirmed) == (True, False)
    assert respond_by_link(mailed.deps, token, LinkAnswer.CONFIRM)
    assert respond_by_link(mailed.deps, token, LinkAnswer.CONFIRM), "twice is the same as once"
    page = read_page(mailed.deps, token)
    assert page is not None
    assert page.is_confirmed


def test_a_link_of_a_version_that_is_no_more_answers_nothing(mailed: World) -> None:
    token = token_of(mailed)
    moved = a_booking(START + timedelta(days=1))
    mailed.sync(an_entry(patient=a_record(phone=None), booking=moved))
    assert not respond_by_link(mailed.deps, token, LinkAnswer.CONFIRM)
    page = read_page(mailed.deps, token)
    assert page is not None
    assert not page.is_current
    assert read_page(mailed.deps, "x" + token[1:]) is None


def test_one_click_unsubscribes_and_looking_does_not(mailed: World) -> None:
    url = mailed.email.sent[0].unsubscribe_url
    assert url is not None
    token = url.rpartition("/")[2]
    assert knows_unsubscribe(mailed.deps, token)
    assert mailed.reminders()["A1", 1, "remind_final"] == ("planned", None)
    mailed.later(timedelta(days=1))
    assert unsubscribe_by_link(mailed.deps, token)
    assert "planned" not in {row.state for row in mailed.all(select(rows.reminder))}
    assert not unsubscribe_by_link(mailed.deps, token_of(mailed)), "a page's token opens no other door"
    mailed.check()
