from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from fastapi import FastAPI

from reminders.core.staff import Role
from reminders.services.sync_schedule import SyncOptions
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry, local
from tests.web.browser import Browser, some_app
from tests.web.people import NORTH, page_nonce, signed_in
from tests.web.snapshots import everything
from tests.world import World, only

SOON = local("2027-03-08 11:00")


@pytest.fixture
def world(sqlite_store: Store) -> World:
    """A clinic that only asks to confirm, where Dana comes on Monday, and another clinic."""
    made = World(sqlite_store, only("remind_confirm"), NORTH)
    made.sync(
        ("riverside", an_entry("A1", patient=a_record("P1"), booking=a_booking(SOON))),
        ("north", an_entry("N1", patient=a_record("PX", name="Nora North"), booking=a_booking(SOON))),
        options=SyncOptions(is_approved=True),
    )
    return made


@pytest.fixture
def app(world: World, tmp_path: Path) -> FastAPI:
    return some_app(world, tmp_path)


@pytest.fixture
def kim(world: World, tmp_path: Path, app: FastAPI) -> Browser:
    """A manager of the one clinic."""
    return signed_in(world, tmp_path, "kim.lee", app=app, riverside=Role.MANAGER)


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def hidden(page: str) -> dict[str, str]:
    """What the last form of a page carries unseen."""
    main = page.partition("<main")[2].rpartition("<form")[2]
    return {name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', main)}


def step_form(browser: Browser, **changes: str) -> dict[str, str]:
    """The form of the question to confirm, as the page gives it, with changes; an empty word leaves a field out."""
    page = browser.get("/plan/steps/remind_confirm").text
    filled = hidden(page) | {"is_on": "true", "channels": "sms,email"}
    filled |= {"due_count": "3", "due_unit": "day", "due_side": "before", "due_anchor": "start", "due_at": "10:00"}
    filled |= {"expires_count": "26", "expires_unit": "hour", "expires_side": "before", "expires_anchor": "start"}
    return {name: value for name, value in {**filled, **changes}.items() if value}


def text_form(browser: Browser, text: str, **changes: str) -> dict[str, str]:
    return hidden(browser.get("/plan/texts/remind_confirm").text) | {"text": text, **changes}


def test_the_plan_is_shown_as_a_picture_and_in_words(kim: Browser) -> None:
    page = kim.get("/plan").text
    assert page.count('<g class="touch') == 17
    assert page.count('<g class="touch off"') == 16
    assert "style=" not in page
    assert "3 days before the session, at 10:00 AM; by text, else e-mail; asks whether they come." in words(page)
    assert "Reply C to confirm or R to change." in words(page)


def test_the_form_as_it_is_changes_nothing(kim: Browser) -> None:
    answer = kim.post("/plan/steps/remind_confirm", step_form(kim))
    assert answer.status_code == 200
    assert "Nothing would change." in words(answer.text)
    assert "Save as version" not in answer.text


def test_a_step_is_moved_previewed_and_then_saved(world: World, kim: Browser) -> None:
    before = everything(world)
    page = kim.post("/plan/steps/remind_confirm", step_form(kim, due_count="4", due_at="11:00")).text
    assert {**everything(world), "staff_session": ()} == {**before, "staff_session": ()}
    assert "1 message of the next 7 days changes. 1 moved" in words(page)
    assert "Dana Rivers" in words(page)
    assert "Fri Mar 5, 10:00 AM , text Thu Mar 4, 11:00 AM , text" in words(page)
    assert "Nora" not in page
    saved = kim.post("/plan/save", hidden(page) | {"remark": "A day more"})
    assert saved.status_code == 303
    shown = words(kim.get(saved.headers["location"]).text)
    assert "Version 2 is saved" in shown
    assert "4 days before the session, at 11:00 AM" in shown
    versions = words(kim.get("/plan/versions").text)
    assert "Version 2 holds now Tue Mar 2 2027, noon Kim Lee A day more" in versions
    assert "changed the plan of" in words(kim.get("/audit").text)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"due_count": "three"}, "a time such as"),
        ({"due_at": ""}, "days need a time of day"),
        ({"due_side": "after"}, "this step belongs before its start"),
        ({"expires_count": "900"}, "a time after it is wanted"),
        ({"channels": "pigeon"}, "the first choice first"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_what_was_filled_in_stays(
    kim: Browser, changes: dict[str, str], said: str
) -> None:
    answer = kim.post("/plan/steps/remind_confirm", step_form(kim, **changes))
    assert answer.status_code == 400
    assert said in words(answer.text)
    assert "clinic.cadence" not in answer.text
    name, value = next(iter(changes.items()))
    if name.endswith("_count"):
        assert f'name="{name}" value="{value}"' in answer.text


def test_a_text_is_read_while_it_is_written(world: World, kim: Browser) -> None:
    before = everything(world)
    fine = kim.post("/plan/texts/remind_confirm/reading", text_form(kim, "{{sender}}: come {{when}}. {{question}}"))
    assert "Riverside Clinic: come Fri Mar 5, 10:30 AM. Reply C" in words(fine.text)
    assert "1 segment, GSM-7" in words(fine.text)
    assert "<html" not in fine.text
    dear = words(
        kim.post("/plan/texts/remind_confirm/reading", text_form(kim, "{{sender}}: venga aquí {{phone}}")).text
    )
    assert "UCS-2" in dear
    assert "costs more 'í'" in dear
    wrong = words(kim.post("/plan/texts/remind_confirm/reading", text_form(kim, "{{sender}}: {{drug}} {{phone}}")).text)
    assert "known here:" in wrong
    assert "cannot be filled in yet" in wrong
    assert {**everything(world), "staff_session": ()} == {**before, "staff_session": ()}


def test_a_text_is_saved_and_given_back(kim: Browser) -> None:
    own = "{{sender}}: please come {{when}}. {{question}} Questions: {{phone}}."
    page = kim.post("/plan/texts/remind_confirm", text_form(kim, own)).text
    assert "1 reworded" in words(page)
    assert "Riverside Clinic: please come Mon Mar 8" in words(page)
    assert kim.post("/plan/save", hidden(page)).status_code == 303
    assert own in unescape(kim.get("/plan/texts/remind_confirm").text)
    page = kim.post("/plan/texts/remind_confirm", text_form(kim, own, gives_back="true")).text
    assert "our usual text" in words(page)
    assert kim.post("/plan/save", hidden(page)).status_code == 303


def test_both_languages_stand_side_by_side_and_an_escort_has_one(kim: Browser) -> None:
    page = words(kim.get("/plan/texts/booked?language=es").text)
    assert "text in Spanish" in page
    assert "su cita es" in page
    assert "your session is booked for" in page
    assert kim.get("/plan/texts/pick_up").status_code == 200
    assert kim.get("/plan/texts/pick_up?language=es").status_code == 404


def test_an_earlier_version_comes_back_through_a_preview(kim: Browser) -> None:
    page = kim.post("/plan/steps/remind_confirm", step_form(kim, is_on="")).text
    assert "1 gone" in words(page)
    kim.post("/plan/save", hidden(page))
    shown = kim.get("/plan/versions/1").text
    preview = kim.post("/plan/versions/1", hidden(shown))
    assert "Version 1 comes back" in words(preview.text)
    assert "1 added" in words(preview.text)
    assert kim.post("/plan/save", hidden(preview.text)).status_code == 303
    assert "Version 3 holds now" in words(kim.get("/plan/versions").text)
    assert "Asks to confirm: on or off off on" in words(kim.get("/plan/versions/3").text)


def test_who_saves_over_a_newer_version_is_refused_in_words(
    world: World, kim: Browser, tmp_path: Path, app: FastAPI
) -> None:
    first = hidden(kim.post("/plan/steps/remind_confirm", step_form(kim, due_count="4")).text)
    stale = step_form(kim, due_count="5")
    other = signed_in(world, tmp_path, "bo.day", app=app, riverside=Role.MANAGER)
    other.post("/plan/save", hidden(other.post("/plan/steps/remind_confirm", step_form(other, is_on="")).text))
    for answer in (kim.post("/plan/save", first), kim.post("/plan/steps/remind_confirm", stale)):
        assert answer.status_code == 409
        assert "The plan was changed meanwhile: version 2 by Bo Day" in words(answer.text)
    assert "Version 3" not in kim.get("/plan/versions").text


def test_nothing_is_saved_that_no_preview_showed(world: World, kim: Browser) -> None:
    held = hidden(kim.post("/plan/steps/remind_confirm", step_form(kim, due_count="4")).text)
    other = hidden(kim.post("/plan/steps/remind_confirm", step_form(kim, due_count="5")).text)
    for form, status in (
        (held | {"edit": other["edit"]}, 409),
        (held | {"seen": "x"}, 409),
        (held | {"edit": "{}"}, 400),
        (held | {"nonce": "x" * 30}, 403),
    ):
        assert kim.post("/plan/save", form).status_code == status
    assert world.count("clinic_version") == 2


def test_another_clinics_plan_does_not_exist(world: World, kim: Browser) -> None:
    held = hidden(kim.post("/plan/steps/remind_confirm", step_form(kim, due_count="4")).text)
    before = everything(world)
    for path in ("", "/versions", "/versions/1", "/steps/remind_confirm", "/texts/booked"):
        answer = kim.get(f"/plan{path}?clinic=north")
        assert (path, answer.status_code) == (path, 404)
        assert "North" not in answer.text
    form = step_form(kim, clinic="north")
    for path in ("/steps/remind_confirm", "/texts/booked", "/texts/booked/reading", "/versions/1"):
        assert (path, kim.post(f"/plan{path}", form).status_code) == (path, 404)
    assert kim.post("/plan/save", held | {"clinic": "north"}).status_code == 404
    assert {**everything(world), "staff_session": ()} == {**before, "staff_session": ()}


def test_who_may_not_change_the_plan_reads_it(world: World, tmp_path: Path, app: FastAPI) -> None:
    desk = signed_in(world, tmp_path, "fay.orr", app=app, riverside=Role.FRONT_DESK)
    page = desk.get("/plan")
    assert page.status_code == 200
    assert "/plan/steps/" not in page.text
    assert desk.get("/plan/versions").status_code == 200
    for path in ("/steps/remind_confirm", "/texts/booked"):
        assert desk.get(f"/plan{path}").status_code == 404
    assert desk.post("/plan/save", {"nonce": page_nonce(page)}).status_code == 404


def test_what_there_is_not_is_not_found(kim: Browser) -> None:
    for path in ("/plan?kind=x", "/plan/steps/x", "/plan/texts/x", "/plan/versions/99", "/plan/steps/booked?kind=x"):
        assert (path, kim.get(path).status_code) == (path, 404)
