from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from icalendar import Calendar
from sqlalchemy import select

from reminders.core.patients import Channel
from reminders.core.tasks import TaskKind
from reminders.services.sync_schedule import SyncOptions
from reminders.store import rows
from reminders.store.unit_of_work import Store
from reminders.web.pages import STATIC
from tests.builders import a_booking, a_record, an_entry
from tests.web.browser import Browser, some_app
from tests.web.snapshots import everything
from tests.web.test_links import BY_MAIL, GONE, GOOD, SEEN, START, book, mailed, path_in
from tests.world import CLINIC, World

MOST_BYTES = 30_000
LATER = timedelta(hours=3)


@pytest.fixture
def link(world: World) -> str:
    """The page of the one patient's visit, as their mail names it."""
    book(world)
    return path_in(mailed(world), "r")


def press(browser: Browser, link: str, answer: str, **fields: str) -> int:
    browser.get(link)
    return browser.post(link, {"answer": answer, "nonce": browser.nonce, **fields}).status_code


def event(browser: Browser, link: str) -> dict[str, str]:
    answer = browser.get(f"{link}/visit.ics")
    assert answer.status_code == GOOD
    assert answer.headers["content-type"].startswith("text/calendar")
    found = Calendar.from_ical(answer.text)
    (one,) = found.walk("VEVENT")
    names = ("UID", "SEQUENCE", "SUMMARY", "STATUS")
    return {"METHOD": str(found["METHOD"])} | {name: str(one[name]) for name in names}


def move(world: World, by: timedelta = LATER) -> None:
    world.sync(an_entry(patient=BY_MAIL, booking=a_booking(START + by)), options=SyncOptions(is_approved=True))


def notes(world: World) -> list[str]:
    with world.store.reading() as tx:
        found = tx.connection.execute(select(rows.task).where(rows.task.c.kind == TaskKind.RESCHEDULE))
        return [tx.vault.open_optional("task.note", row.id, row.note) or "" for row in found]


def test_whoever_confirmed_and_has_a_ride_is_followed_by_their_calendar(
    world: World, browser: Browser, link: str
) -> None:
    assert press(browser, link, "confirm") == SEEN
    assert press(browser, link, "ride") == SEEN
    first = event(browser, link)
    assert first == {
        "METHOD": "PUBLISH",
        "UID": first["UID"],
        "SEQUENCE": "1",
        "SUMMARY": "Riverside Clinic: appointment",
        "STATUS": "CONFIRMED",
    }
    world.later(timedelta(hours=1))
    move(world)
    assert browser.get(link).status_code == GONE
    assert browser.get(f"{link}/visit.ics").status_code == GONE
    world.pump(Channel.EMAIL)
    page = browser.get(link)
    assert page.status_code == GOOD
    assert "Your session was moved" in page.text
    assert "Fri Mar 5, 4:00 PM" in page.text
    assert "<button" not in page.text
    assert event(browser, link) == first | {"SEQUENCE": "2"}
    assert browser.post(link, {"answer": "confirm", "nonce": browser.nonce}).status_code == GONE


def test_a_calendar_entry_is_fetched_without_changing_anything(world: World, browser: Browser, link: str) -> None:
    before = everything(world)
    event(browser, link)
    assert browser.ask("HEAD", f"{link}/visit.ics").status_code == GOOD
    assert everything(world) == before
    text = browser.get(f"{link}/visit.ics").text
    for word in ("Dana", "infusion", "ketamine", "pain"):
        assert word not in text


def test_every_calendar_address_that_opens_nothing_answers_as_every_page_does(browser: Browser, link: str) -> None:
    wrong = browser.get("/r/nobody")
    for path in ("/r/nobody/visit.ics", f"{link}/visit.ics?number=2"):
        answer = browser.get(path)
        assert (answer.status_code, answer.text) == (GONE, wrong.text)


def test_preferred_times_reach_staff_beside_the_task(world: World, browser: Browser, link: str) -> None:
    fields = {"days": "1", "parts": "afternoon", "words": "after  2 please"}
    assert press(browser, link, "reschedule", **fields) == SEEN
    assert notes(world) == ["Tuesday; afternoon; after 2 please"]
    browser.post(link, {"answer": "reschedule", "nonce": browser.nonce, **fields})
    browser.post(link, {"answer": "reschedule", "nonce": browser.nonce, "words": "or Friday"})
    assert notes(world) == ["Tuesday; afternoon; after 2 please\nor Friday"]


def test_danger_in_the_words_of_a_wish_calls_staff_once(world: World, browser: Browser, link: str) -> None:
    fields = {"days": "1", "words": "any day, I want to die"}
    for _ in range(2):
        assert press(browser, link, "reschedule", **fields) == SEEN
    assert sorted(world.tasks()) == [TaskKind.ESCALATION, TaskKind.RESCHEDULE]
    assert world.count("escalation") == 1
    assert "Tuesday; any day, I want to die" in notes(world)
    assert press(browser, link, "reschedule", words="dying to see results lol") == SEEN
    assert world.count("escalation") == 1


def form_in(page: str) -> str:
    """Return the key of the form for wishes, new with each page."""
    (found,) = re.findall(r'name="form" value="([^"]+)"', page)
    return str(found)


def test_words_on_the_page_are_answered_there_and_a_double_press_is_one_reply(
    world: World, browser: Browser, link: str
) -> None:
    shown = browser.get(link)
    fields = {"answer": "reschedule", "nonce": browser.nonce, "form": form_in(shown.text), "words": "I want to die"}
    assert [browser.post(link, fields).status_code for _ in range(2)] == [SEEN, SEEN]
    assert world.count("inbound") == 1
    answer = browser.get(link)
    assert 'role="status"' in answer.text
    for word in ("911", "988"):
        assert word in answer.text
    assert "die" not in answer.text, "what they wrote is not shown to whoever opens the page"
    world.later(timedelta(hours=2))
    assert "911" not in browser.get(link).text


def test_each_page_has_a_form_key_of_its_own_and_a_strange_one_is_none(
    world: World, browser: Browser, link: str
) -> None:
    assert form_in(browser.get(link).text) != form_in(browser.get(link).text)
    for strange in ("", "x", "' OR 1=1 --", "\u202e" * 30):
        assert press(browser, link, "reschedule", words="or Friday", form=strange) == SEEN
    assert world.count("inbound") == 1


def test_too_long_a_wish_is_refused_in_words_and_kept_in_its_field(world: World, browser: Browser, link: str) -> None:
    browser.get(link)
    sent = {"answer": "reschedule", "nonce": browser.nonce, "days": "1", "words": "x" * 201}
    answer = browser.post(link, sent)
    assert answer.status_code == 400
    assert "at most 200 letters" in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert 'value="1" checked' in answer.text
    assert not notes(world)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("hire_ok", "Your ride is arranged"),
        ("adult_present", "A hired car alone is not enough here"),
        ("adult_or_escorted_hire", "A hired car alone is not enough here"),
    ],
)
def test_a_hired_car_is_a_ride_only_where_the_clinic_accepts_it(
    sqlite_store: Store, tmp_path: Path, policy: str, said: str
) -> None:
    world = World(sqlite_store, {**CLINIC, "cadence": {"*": {"ride_policy": policy}}})
    browser = Browser(some_app(world, tmp_path))
    book(world)
    link = path_in(mailed(world), "r")
    assert press(browser, link, "hired_ride") == SEEN
    page = browser.get(link).text
    assert said in page
    assert (TaskKind.RIDE_WANTED.value in world.tasks()) is (policy != "hire_ok")
    assert ("Your ride is arranged" in page) is (policy == "hire_ok")


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_page_with_its_styles_is_small_and_has_one_heading(world: World, browser: Browser, language: str) -> None:
    patient = a_record(phone=None, language=language)
    world.sync(an_entry(patient=patient, booking=a_booking(START)), options=SyncOptions(is_approved=True))
    page = browser.get(path_in(mailed(world), "r"))
    files = [STATIC / name for name in re.findall(r'/static/([^"]+)"', page.text)]
    assert len(page.content) + sum(file.stat().st_size for file in files) < MOST_BYTES
    assert page.text.count("<h1") == 1
    assert f'<html lang="{language}">' in page.text
    assert " style=" not in page.text
    named = set(re.findall(r'for="([^"]+)"', page.text))
    assert named <= set(re.findall(r' id="([^"]+)"', page.text))


def test_the_field_for_words_is_in_no_form_that_confirms(browser: Browser, link: str) -> None:
    forms = browser.get(link).text.split("<form")[1:]
    assert all("</form>" in form for form in forms)
    (with_words,) = [form.partition("</form>")[0] for form in forms if 'name="words"' in form.partition("</form>")[0]]
    assert re.findall(r'name="answer" value="([^"]+)"', with_words) == ["reschedule"]
