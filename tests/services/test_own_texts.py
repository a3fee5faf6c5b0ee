"""What one patient reads is their own: their fasting in texts, mails, calendars and pages, and no question unasked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from reminders.core.audience import Visitors
from reminders.core.overrides import Change
from reminders.core.patients import Channel
from reminders.services.override import override_cadence
from reminders.services.respond_by_link import read_page
from reminders.services.send_ad_hoc import AdHocRequest, preview_ad_hoc
from reminders.store import conversation_rows
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, an_entry, local
from tests.world import CLINIC, World, only

VISIT = an_entry(booking=a_booking(local("2027-03-16 09:00")))
DISTANCES = {"solids_fast": "24h", "driving_ban": "48h", "recovery_short": "2h"}


def _world(store: Store, step: str, *, channels: str | None = None) -> World:
    world = World(store, only(step))
    world.sync(VISIT)
    change = replace(Change(), distances=DISTANCES)
    change = change if channels is None else replace(change, channels=channels)
    override_cadence(world.deps, "P1", None, change, reason="asked for it", by="Kim")
    return world


def test_a_text_speaks_of_the_patients_own_fasting(store: Store) -> None:
    world = _world(store, "remind_final")
    world.at(local("2027-03-14 19:00"))
    assert world.pump() == 1
    assert "No food after Mon Mar 15, 9:00 AM" in world.bodies[0]
    assert "no driving until Thu Mar 18, noon" in world.bodies[0]


def test_the_mail_its_calendar_and_its_page_show_the_patients_own_end(store: Store) -> None:
    world = _world(store, "ride_check", channels="email")
    world.at(local("2027-03-14 12:00"))
    assert world.pump(Channel.EMAIL) == 1
    mail = world.email.sent[0]
    assert "at about noon" in mail.text
    assert mail.calendar is not None
    assert "DTEND:20270316T160000Z" in mail.calendar
    token = mail.text.split("/r/")[1].split()[0].rstrip(".")
    page = read_page(world.deps, token)
    assert page is not None
    assert page.pick_up_at == "noon"


def test_what_staff_write_speaks_of_the_patients_own_fasting(store: Store) -> None:
    world = _world(store, "remind_final")
    audience = Visitors(date(2027, 3, 16), date(2027, 3, 16))
    request = AdHocRequest("{{solids_until}}, {{place}}", "desk", "k1", audience=audience)
    texts = [item.text for item in preview_ad_hoc(world.deps, request)]
    assert texts == ["Riverside Clinic: Mon Mar 15, 9:00 AM, Riverside Clinic"]


@pytest.mark.both_databases
@pytest.mark.parametrize(("sender", "asked"), [("Elm", ["ride"]), ("Riverside Associates of Family", [])])
def test_no_answer_is_awaited_to_a_question_that_the_text_had_no_room_for(
    store: Store, sender: str, asked: list[str]
) -> None:
    clinic = {**only("ride_check", "remind_final"), "sender": sender, "caps": {"preset": "exemption"}}
    world = World(store, clinic, now=local("2027-03-15 11:00"))
    world.sync(VISIT)
    assert world.pump() == 1
    body = world.bodies[0]
    assert len(body) <= 160
    assert all(part in body for part in (sender, CLINIC["phone"], "STOP", "No food after Tue 1:00 AM"))
    assert ("Who takes you home?" in body) is bool(asked)
    assert [row.kind for row in world.all(select(conversation_rows.question))] == asked
    world.check()
