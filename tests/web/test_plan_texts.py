"""Answers, staff's texts and new messages of the plan: each shown as it arrives, previewed, then saved as a version."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI

from reminders.core.cadence_document import OWN_QUESTIONS
from reminders.core.conversation.answers import AnswerKind
from reminders.core.staff import Role
from reminders.services.sync_schedule import SyncOptions
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry, local
from tests.web.browser import Browser, some_app
from tests.web.people import NORTH, signed_in
from tests.web.test_plan import hidden, words
from tests.world import CLINIC, World

SOON = local("2027-03-08 11:00")
NEW_STEP = {
    "name": "Bring a coat",
    "phase": "before",
    "recipient": "patient",
    "asks": "",
    "channels": "sms",
    "due_count": "4",
    "due_unit": "day",
    "due_side": "before",
    "due_anchor": "start",
    "due_at": "10:00",
    "expires_count": "24",
    "expires_unit": "hour",
    "expires_side": "before",
    "expires_anchor": "start",
    "text_en": "{{sender}}: bring a coat {{when}}.",
}


@pytest.fixture
def world(sqlite_store: Store) -> World:
    """Two clinics; at the first a patient with a session in six days."""
    world = World(sqlite_store, CLINIC, NORTH, now=NOON)
    dana = a_record("P1", name="Dana Rivers")
    options = SyncOptions(is_approved=True)
    world.sync(("riverside", an_entry("A1", patient=dana, booking=a_booking(SOON))), options=options)
    return world


@pytest.fixture
def app(world: World, tmp_path: Path) -> FastAPI:
    return some_app(world, tmp_path)


@pytest.fixture
def kim(world: World, tmp_path: Path, app: FastAPI) -> Browser:
    """A manager of the first clinic."""
    return signed_in(world, tmp_path, "kim.lee", app=app, riverside=Role.MANAGER)


def saved(browser: Browser, page: str) -> str:
    """Save what a preview showed, and return the page behind it."""
    answer = browser.post("/plan/save", hidden(page))
    assert answer.status_code == 303, answer.text
    return words(browser.get("/plan/answers").text)


def test_every_answer_and_every_snippet_is_shown_as_it_arrives(kim: Browser) -> None:
    page = words(kim.get("/plan/answers").text)
    assert "Riverside Clinic: Thank you, we noted your ride home." in page
    assert "Call us" in page
    assert "{{" not in page
    assert kim.get("/plan/answers").text.count("/plan/texts/") == len(AnswerKind)
    assert "Gracias" in words(kim.get("/plan/answers?language=es").text)
    assert kim.get("/plan/answers?language=fr").status_code == 404


def test_an_answer_is_reworded_through_a_preview(kim: Browser) -> None:
    form = hidden(kim.get("/plan/texts/answer_late").text) | {"text": "Thanks, see you soon. Call {{phone}}."}
    seen = kim.post("/plan/texts/answer_late/reading", form).text
    assert "Riverside Clinic: Thanks, see you soon. Call +1" in words(seen)
    page = kim.post("/plan/texts/answer_late", form).text
    assert "No message of the next 7 days changes." in words(page)
    assert "Thanks, see you soon. Call +1" in saved(kim, page)


@pytest.mark.parametrize(
    ("text", "fault"),
    [("Thanks. Your ketamine waits.", "names no"), ("Hi {{name}}", "known here"), ("x" * 400, "at most 2 parts")],
)
def test_an_answer_that_may_not_be_is_told_while_it_is_written(kim: Browser, text: str, fault: str) -> None:
    form = hidden(kim.get("/plan/texts/answer_late").text) | {"text": text}
    assert fault in words(kim.post("/plan/texts/answer_late/reading", form).text)
    refused = kim.post("/plan/texts/answer_late", form)
    assert (refused.status_code, fault in words(refused.text)) == (400, True)


def test_staffs_text_is_changed_and_ours_are_kept_beside_it(kim: Browser) -> None:
    form = hidden(kim.get("/plan/snippets/noted").text) | {"text": "{{sender}}: Noted, thanks."}
    assert "Riverside Clinic: Noted, thanks." in words(kim.post("/plan/snippets/noted/reading", form).text)
    preview = kim.post("/plan/snippets/noted", form).text
    assert "Noted, for staff, in English" in words(preview)
    assert "we have noted that. {{sender}}: Noted, thanks." in words(preview)
    assert "Call us" not in words(preview).partition("In the next 7 days")[0]
    after = saved(kim, preview)
    assert "Riverside Clinic: Noted, thanks." in after
    assert "We will call you as soon as we can." in after


def test_a_new_text_for_staff_gets_a_name_that_is_free(kim: Browser) -> None:
    form = hidden(kim.get("/plan/snippets/new").text) | {"name": "Free parking", "text": "{{sender}}: Park behind us."}
    assert "Riverside Clinic: Park behind us." in saved(kim, kim.post("/plan/snippets/new", form).text)
    again = hidden(kim.get("/plan/snippets/new").text) | form | {"version": "2"}
    for name, fault in (("free parking", "of this name already"), ("", "say what staff"), ("ä!", "small letters")):
        refused = kim.post("/plan/snippets/new", again | {"name": name})
        assert (refused.status_code, fault in words(refused.text)) == (400, True), name
    gone = hidden(kim.get("/plan/snippets/free-parking").text) | {"text": "x", "takes_away": "true"}
    assert "Park behind us" not in saved(kim, kim.post("/plan/snippets/free-parking", gone).text)


def test_a_new_message_is_seen_with_whom_it_reaches_before_it_is_saved(kim: Browser) -> None:
    form = hidden(kim.get("/plan/new-step").text) | NEW_STEP
    assert "Riverside Clinic: bring a coat Fri Mar 5, 10:30 AM." in words(kim.post("/plan/new-step/reading", form).text)
    preview = kim.post("/plan/new-step", form).text
    assert "Bring a coat, a new message: what it changes" in words(preview)
    assert "1 message of the next 7 days changes. 1 added" in words(preview)
    assert "Dana Rivers" in words(preview)
    saved(kim, preview)
    assert "4 days before the session, at 10:00 AM; by text; asks nothing." in words(kim.get("/plan").text)
    assert "Bring a coat, text in English" in words(kim.get("/plan/texts/bring_a_coat").text)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"name": "booked"}, "a message is called that already"),
        ({"name": "answer late"}, "a free name of small letters"),
        ({"name": ""}, "a free name of small letters"),
        ({"text_en": ""}, "a step of your own needs a text"),
        ({"text_en": "Your ketamine waits"}, "names no"),
        ({"due_at": ""}, "days need a time of day"),
        ({"phase": "after"}, "this step belongs after it"),
        ({"asks": "check_in"}, "before a session we ask"),
        ({"asks": "ride", "recipient": "escort"}, "only patients are asked"),
        ({"asks": "pick_up"}, "only an escort is asked"),
        ({"expires_count": "200"}, "a time after it is wanted"),
    ],
)
def test_what_is_wrong_with_a_new_message_is_told_and_nothing_is_lost(
    kim: Browser, changes: dict[str, str], fault: str
) -> None:
    form = hidden(kim.get("/plan/new-step").text) | NEW_STEP | changes
    refused = kim.post("/plan/new-step", form)
    assert (refused.status_code, fault in words(refused.text)) == (400, True)
    assert f'value="{form["due_count"]}"' in refused.text
    assert kim.post("/plan/new-step/reading", form).status_code == 200


def test_who_fetches_a_patient_can_be_asked_whether_they_will_be_there(kim: Browser) -> None:
    page = kim.get("/plan/new-step").text
    assert all(f'<option value="{kind}"' in page for kind in OWN_QUESTIONS)
    asking = {"recipient": "escort", "asks": "pick_up", "text_en": "{{sender}}: do you come? {{question}}"}
    form = hidden(page) | NEW_STEP | asking
    assert "do you come? Reply C if you will be there, R if you cannot." in words(
        kim.post("/plan/new-step/reading", form).text
    )
    saved(kim, kim.post("/plan/new-step", form).text)
    assert "by text; to who fetches them; asks whether they will be there." in words(kim.get("/plan").text)


def test_a_stranger_and_who_may_only_read_change_no_texts(world: World, tmp_path: Path, app: FastAPI) -> None:
    desk = signed_in(world, tmp_path, "fay.orr", app=app, riverside=Role.FRONT_DESK)
    page = desk.get("/plan/answers")
    assert page.status_code == 200
    assert "/plan/snippets/" not in page.text
    for path in ("/plan/snippets/noted", "/plan/snippets/new", "/plan/new-step", "/plan/texts/answer_late"):
        assert (path, desk.get(path).status_code) == (path, 404)
    kim = signed_in(world, tmp_path, "kim.lee", app=app, riverside=Role.MANAGER)
    form = hidden(kim.get("/plan/new-step").text) | NEW_STEP | {"clinic": "north", "text": "x", "language": "en"}
    for path in ("/plan/answers", "/plan/snippets/noted", "/plan/new-step", "/plan/texts/answer_late"):
        assert (path, kim.get(f"{path}?clinic=north").status_code) == (path, 404)
    for path in ("/plan/snippets/noted", "/plan/snippets/noted/reading", "/plan/new-step", "/plan/new-step/reading"):
        assert (path, kim.post(path, form).status_code) == (path, 404)


def test_what_there_is_not_is_not_found(kim: Browser) -> None:
    for path in ("/plan/snippets/x", "/plan/snippets/noted?language=fr", "/plan/new-step?kind=x"):
        assert (path, kim.get(path).status_code) == (path, 404)
