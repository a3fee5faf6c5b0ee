"""Somebody on call takes an alarm over by the link in their mail; nothing but a pressed button does it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from reminders.core.check_ins import Concern
from reminders.core.patients import Channel
from reminders.ports import Job
from reminders.services.escalate import Alarm, raise_alarm
from reminders.store import clinics, conversation_rows
from reminders.store.unit_of_work import Store
from tests.web.browser import Browser, some_app
from tests.web.snapshots import everything
from tests.web.test_links import path_in
from tests.world import World, only

GOOD, SEEN, GONE, FORBIDDEN = 200, 303, 404, 403
CHAIN = [{"name": "Mara", "email": "mara@example.org"}, {"name": "Noor", "email": "noor@example.org"}]


@pytest.fixture
def world(store: Store) -> World:
    return World(store, only("remind_confirm", escalation=CHAIN))


@pytest.fixture
def link(world: World) -> str:
    """The page of an alarm, as its first notice names it."""
    with world.store.transaction() as tx:
        alarm = Alarm(next(iter(clinics.every(tx))), Concern.RED_FLAG)
        raise_alarm(tx, world.deps, alarm, is_patient_told=False, now=world.clock.now())
    world.pump(Channel.EMAIL)
    return path_in(world.email.sent[0].text, "a")


def taken_by(world: World) -> str | None:
    found: str | None = world.all(select(conversation_rows.escalation))[0].acknowledged_by
    return found


@pytest.mark.both_databases
def test_reading_the_page_changes_nothing_and_tells_nothing(world: World, browser: Browser, link: str) -> None:
    before = everything(world)
    for method in ("GET", "HEAD", "GET"):
        assert browser.ask(method, link).status_code == GOOD
    shown = browser.get(link).text
    assert everything(world) == before
    assert "I take it over" in shown
    for word in ("Mara", "example.org", "flag", "pain", "<script", "style="):
        assert word not in shown


def test_pressing_the_button_takes_the_alarm_over_and_twice_is_once(world: World, browser: Browser, link: str) -> None:
    browser.get(link)
    world.queue.take()
    for _ in range(2):
        assert browser.post(link, {"nonce": browser.nonce}).status_code == SEEN
    assert taken_by(world) == "Mara"
    assert Job.SEND_EMAIL in world.queue.take()
    assert "Taken over" in browser.get(link).text


def test_a_form_from_elsewhere_and_a_mail_scanners_post_take_nothing_over(
    world: World, browser: Browser, link: str
) -> None:
    assert browser.post(link, {}).status_code == FORBIDDEN
    browser.get(link)
    assert browser.post(link, {"nonce": browser.nonce}, **{"sec-fetch-site": "cross-site"}).status_code == FORBIDDEN
    assert taken_by(world) is None


@pytest.mark.parametrize("door", ["r", "u"])
def test_the_link_opens_no_other_door_and_no_other_link_opens_this(browser: Browser, link: str, door: str) -> None:
    assert browser.get(link.replace("/a/", f"/{door}/")).status_code == GONE
    assert browser.get(f"{link}x").status_code == GONE
    assert browser.post("/a/nothing", {}).status_code == GONE


def test_the_page_speaks_the_clinics_language(store: Store, tmp_path: Path) -> None:
    world = World(store, only("remind_confirm", escalation=CHAIN, language="es"))
    with world.store.transaction() as tx:
        alarm = Alarm(next(iter(clinics.every(tx))), Concern.JUMP)
        raise_alarm(tx, world.deps, alarm, is_patient_told=True, now=world.clock.now())
    world.pump(Channel.EMAIL)
    page = Browser(some_app(world, tmp_path)).get(path_in(world.email.sent[0].text, "a"))
    assert 'lang="es"' in page.text
    assert "Me hago cargo" in page.text
