"""The page of a check-in that was asked by mail: eleven buttons, open for as long as an answer counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from reminders.core.cadences import DEFAULT_STEPS
from reminders.core.patients import Channel
from reminders.services.follow_up import follow_up
from reminders.services.sync_schedule import SyncOptions
from reminders.store import conversation_rows
from reminders.store.unit_of_work import Store
from tests.services.check_in_cases import BY_MAIL, EXPIRES, NUDGED, a_world, answers, ask, fulfilled, questions
from tests.web.browser import Browser, some_app
from tests.web.snapshots import everything
from tests.world import World

OTHERS = [step.key for step in DEFAULT_STEPS]
GOOD, SEEN, BAD, FORBIDDEN, GONE = 200, 303, 400, 403, 404


@pytest.fixture
def world(store: Store) -> World:
    world = a_world(store)
    ask(world, BY_MAIL)
    return world


def page_of(world: World, place: int = -1) -> str:
    """Return the path of the page that a mail names."""
    words = world.email.sent[place].text.split()
    return next(word for word in words if "/r/" in word).removeprefix("https://reminders.example").rstrip(".")


def press(browser: Browser, link: str, score: str) -> int:
    browser.get(link)
    return browser.post(link, {"score": score, "nonce": browser.nonce}).status_code


@pytest.mark.both_databases
def test_the_mail_leads_to_a_page_that_opens_after_the_session(world: World, browser: Browser) -> None:
    shown = browser.get(page_of(world))
    assert shown.status_code == GOOD
    assert "How is your pain now?" in shown.text
    assert all(f'name="score" value="{score}"' in shown.text for score in range(11))
    for word in ("Dana", "example.org", "infusion", "ketamine", "<script", "style="):
        assert word not in shown.text


def test_it_speaks_the_patients_language(world: World, browser: Browser) -> None:
    world.sync(fulfilled("A1", replace(BY_MAIL, language="es")), options=SyncOptions(is_approved=True))
    shown = browser.get(page_of(world))
    assert 'lang="es"' in shown.text
    assert "¿Cuánto dolor tiene ahora?" in shown.text


def test_reading_changes_nothing(world: World, browser: Browser) -> None:
    before = everything(world)
    for method in ("GET", "HEAD"):
        assert browser.ask(method, page_of(world)).status_code == GOOD
        assert browser.ask(method, f"{page_of(world)}?score=9").status_code == GOOD
    assert everything(world) == before


@pytest.mark.parametrize("score", ["0", "7", "10"])
def test_a_pressed_number_is_recorded_once_and_shown(world: World, browser: Browser, score: str) -> None:
    assert press(browser, page_of(world), score) == SEEN
    once = everything(world)
    assert press(browser, page_of(world), "3") == SEEN
    assert everything(world) == once
    assert [found for found, _ in answers(world)] == [int(score)]
    assert questions(world)[0].answered_at == world.clock.now()
    shown = browser.get(page_of(world)).text
    assert f"You pressed <b>{score}</b>" in shown
    assert 'name="score"' not in shown


@pytest.mark.parametrize("score", ["11", "-1", "4.5", "", "x", "٣"])
def test_what_is_no_number_from_0_to_10_is_refused(world: World, browser: Browser, score: str) -> None:
    assert press(browser, page_of(world), score) == BAD
    assert answers(world) == []


def test_a_form_from_elsewhere_changes_nothing(world: World, browser: Browser) -> None:
    browser.get(page_of(world))
    answer = browser.post(page_of(world), {"score": "9", "nonce": "x" * 32})
    assert answer.status_code == FORBIDDEN
    assert "Please press the button once more" in answer.text
    assert answers(world) == []


def test_it_closes_when_an_answer_no_longer_counts(world: World, browser: Browser) -> None:
    world.at(EXPIRES - timedelta(minutes=1))
    assert browser.get(page_of(world)).status_code == GOOD
    world.at(EXPIRES)
    assert browser.get(page_of(world)).status_code == GONE
    assert browser.post(page_of(world), {"score": "9", "nonce": browser.nonce}).status_code == GONE
    assert answers(world) == []


def test_the_nudges_page_answers_the_same_question(world: World, browser: Browser) -> None:
    world.at(NUDGED)
    follow_up(world.deps)
    world.pump(Channel.EMAIL)
    assert press(browser, page_of(world, 1), "4") == SEEN
    assert "You pressed <b>4</b>" in browser.get(page_of(world, 0)).text
    assert [found for found, _ in answers(world)] == [4]


def test_a_high_number_raises_an_alarm_and_the_page_says_whom_to_call(world: World, browser: Browser) -> None:
    assert press(browser, page_of(world), "9") == SEEN
    (climb,) = world.all(select(conversation_rows.escalation))
    assert (climb.concern, climb.is_patient_told) == ("high_score", True)
    assert world.tasks() == ["escalation"]
    shown = browser.get(page_of(world)).text
    assert 'href="tel:911"' in shown
    assert "If you feel unwell call" in shown


def test_it_stays_open_for_as_long_as_the_clinics_own_question_counts(store: Store, tmp_path: Path) -> None:
    step = {"phase": "after", "asks": "check_in", "due": "end + 24 hours", "expires": "end + 360 hours"}
    texts = {"en": {"ask_long": "{{sender}}: {{question}}"}}
    world = a_world(store, templates=texts, cadence={"*": {"off": OTHERS, "steps": {"ask_long": step}}})
    ask(world, BY_MAIL)
    world.later(timedelta(days=13))
    assert Browser(some_app(world, tmp_path)).get(page_of(world)).status_code == GOOD
