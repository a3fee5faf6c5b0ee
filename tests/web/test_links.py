from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from reminders.core.appointments import AppointmentStatus
from reminders.core.patients import Channel
from reminders.services.apply_clinics import apply_clinics
from reminders.services.sync_schedule import SyncOptions
from reminders.store import rows
from reminders.store.service_rows import token_bucket
from tests.builders import NOON, a_booking, a_record, an_entry
from tests.web.browser import Browser, some_app
from tests.web.snapshots import everything
from tests.world import CLINIC, World

START = NOON + timedelta(days=3, hours=1)
BY_MAIL = a_record(phone=None, name="Dana Rivers")
GOOD, GONE, SEEN = 200, 404, 303


def book(world: World, *, status: AppointmentStatus = AppointmentStatus.BOOKED) -> None:
    entry = an_entry(patient=BY_MAIL, booking=a_booking(START, status=status))
    world.sync(entry, options=SyncOptions(is_approved=True))


def mailed(world: World) -> str:
    """Let the question whether the patient comes leave by mail, and return the mail's words."""
    for _ in range(96):
        world.pump(Channel.EMAIL)
        if any("/r/" in mail.text for mail in world.email.sent):
            break
        world.later(timedelta(minutes=30))
    return next(mail.text for mail in world.email.sent if "/r/" in mail.text)


def path_in(words: str, door: str) -> str:
    return (
        next(word for word in words.split() if f"/{door}/" in word)
        .removeprefix("https://reminders.example")
        .rstrip(".")
    )


@pytest.fixture
def link(world: World) -> str:
    """The page of the one patient's visit, as their mail names it."""
    book(world)
    return path_in(mailed(world), "r")


@pytest.fixture
def goodbye(world: World) -> str:
    """The address at which the same mail can be unsubscribed from."""
    book(world)
    mailed(world)
    url = world.email.sent[0].unsubscribe_url
    assert url is not None
    return url.removeprefix("https://reminders.example")


def press(browser: Browser, link: str, answer: str) -> int:
    browser.get(link)
    return browser.post(link, {"answer": answer, "nonce": browser.nonce}).status_code


def appointment(world: World) -> tuple[int | None, int | None]:
    found = world.all(select(rows.appointment))[0]
    return found.confirmed_version, found.ride_version


def test_the_page_says_when_and_where_and_whom_to_call_and_nothing_more(browser: Browser, link: str) -> None:
    answer = browser.get(link)
    assert answer.status_code == GOOD
    for word in ("Fri Mar 5, 1:00 PM", "Riverside Clinic", "tel:+12025550100", 'value="confirm"', 'value="need_ride"'):
        assert word in answer.text
    for word in ("Dana", "example.org", "infusion", "ketamine", "pain", "<script", "style="):
        assert word not in answer.text


def test_the_page_speaks_the_patients_language(world: World, browser: Browser) -> None:
    world.sync(an_entry(patient=a_record(phone=None, language="es-MX"), booking=a_booking(START)))
    answer = browser.get(path_in(mailed(world), "r"))
    assert 'lang="es"' in answer.text
    assert "Necesito otra hora" in answer.text


def test_the_page_names_the_clinics_address(world: World, browser: Browser, link: str) -> None:
    assert "Where" not in browser.get(link).text
    apply_clinics(world.deps, [("clinic.toml", CLINIC | {"address": "12 Harbor Street"})])
    assert "12 Harbor Street" in browser.get(link).text


def test_the_page_asks_for_the_ride_that_the_clinic_wants(world: World, browser: Browser, link: str) -> None:
    assert "An adult must take you home. Please do not drive yourself." in browser.get(link).text
    apply_clinics(world.deps, [("clinic.toml", CLINIC | {"ride_policy": "hire_ok"})])
    assert "You need a ride home. Please do not drive yourself." in browser.get(link).text
    assert "adult" not in browser.get(link).text


def test_a_confirmed_visit_without_a_ride_still_asks_for_it(world: World, browser: Browser, link: str) -> None:
    press(browser, link, "confirm")
    press(browser, link, "need_ride")
    shown = browser.get(link).text
    assert "You have no ride yet. We will call you about it." in shown
    assert 'value="ride"' in shown
    assert appointment(world) == (1, None)


def test_reading_changes_nothing(world: World, browser: Browser, link: str) -> None:
    before = everything(world)
    for method in ("GET", "HEAD", "GET"):
        assert browser.ask(method, link).status_code == GOOD
        assert browser.ask(method, f"{link}?answer=confirm").status_code == GOOD
    assert everything(world) == before


def test_confirm_counts_for_this_version_and_the_page_shows_it(world: World, browser: Browser, link: str) -> None:
    assert press(browser, link, "confirm") == SEEN
    assert appointment(world) == (1, None)
    shown = browser.get(link).text
    assert "You confirmed this time." in shown
    assert 'value="confirm"' not in shown


def test_a_ride_counts_for_this_version_and_the_page_shows_it(world: World, browser: Browser, link: str) -> None:
    assert press(browser, link, "ride") == SEEN
    assert appointment(world) == (None, 1)
    assert "Your ride is arranged." in browser.get(link).text


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("reschedule", "reschedule"), ("need_ride", "ride_wanted")],
)
def test_a_wish_becomes_one_task_and_the_page_promises_a_call(
    world: World, browser: Browser, link: str, answer: str, kind: str
) -> None:
    assert [press(browser, link, answer) for _ in range(2)] == [SEEN, SEEN]
    assert world.tasks().count(kind) == 1
    assert "We will call you" in browser.get(link).text


@pytest.mark.parametrize("answer", ["confirm", "reschedule", "ride", "need_ride"])
def test_pressing_twice_is_the_same_as_once(world: World, browser: Browser, link: str, answer: str) -> None:
    press(browser, link, answer)
    once = everything(world)
    assert press(browser, link, answer) == SEEN
    assert everything(world) == once


def test_the_answer_leads_back_to_the_page(browser: Browser, link: str) -> None:
    browser.get(link)
    answer = browser.post(link, {"answer": "confirm", "nonce": browser.nonce})
    assert answer.headers["location"] == link


def test_a_form_from_elsewhere_changes_nothing_and_shows_the_buttons_again(
    world: World, browser: Browser, link: str, tmp_path: Path
) -> None:
    before = everything(world)
    browser.get(link)
    foreign = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    stranger = Browser(some_app(world, tmp_path))
    answers = [
        browser.post(link, {"answer": "confirm", "nonce": browser.nonce}, **foreign),
        browser.post(link, {"answer": "confirm", "nonce": browser.nonce}, origin="https://evil.example"),
        browser.post(link, {"answer": "confirm", "nonce": "x" * 32}),
        browser.post(link, {"answer": "confirm"}),
        stranger.post(link, {"answer": "confirm", "nonce": browser.nonce}),
    ]
    assert [answer.status_code for answer in answers] == [403] * 5
    assert all("press the button once more" in answer.text for answer in answers)
    assert everything(world) == before


def test_the_nonce_stays_with_our_own_pages(browser: Browser, link: str) -> None:
    cookie = browser.get(link).headers["set-cookie"]
    assert cookie.startswith("__Host-nonce=")
    for attribute in ("HttpOnly", "SameSite=strict", "Secure", "Path=/"):
        assert attribute in cookie


def test_an_open_page_keeps_working_beside_a_second_one(browser: Browser, link: str) -> None:
    browser.get(link)
    first = browser.nonce
    browser.get(link)
    assert browser.post(link, {"answer": "confirm", "nonce": first}).status_code == SEEN


def test_an_answer_we_do_not_know_is_refused(world: World, browser: Browser, link: str) -> None:
    before = everything(world)
    assert press(browser, link, "cancel") == 400
    assert press(browser, link, "") == 400
    assert everything(world) == before


def test_a_closed_page_looks_the_same_whatever_closed_it(world: World, browser: Browser, link: str) -> None:
    wrong = browser.get("/r/no-such-token-at-all")
    assert wrong.status_code == GONE
    assert "+12025550100" in wrong.text

    def assert_gone() -> None:
        for answer in (browser.get(link), browser.post(link, {"answer": "confirm", "nonce": browser.nonce})):
            assert (answer.status_code, answer.content) == (GONE, wrong.content)
            assert "set-cookie" not in answer.headers

    browser.get(link)
    book(world, status=AppointmentStatus.CANCELLED)
    assert_gone()
    book(world)
    assert_gone()  # booked again is a new version: the old page speaks of another visit
    world.at(START + timedelta(days=30))
    assert_gone()


def test_a_page_closes_when_the_visit_moves(world: World, browser: Browser, link: str) -> None:
    world.sync(an_entry(patient=BY_MAIL, booking=a_booking(START + timedelta(hours=1))))
    assert browser.get(link).status_code == GONE
    assert press(browser, link, "confirm") == GONE
    assert appointment(world) == (None, None)


def test_a_page_closes_when_the_visit_starts(world: World, browser: Browser, link: str) -> None:
    world.at(START - timedelta(minutes=1))
    assert browser.get(link).status_code == GOOD
    world.at(START)
    assert browser.get(link).status_code == GONE
    assert press(browser, link, "confirm") == GONE
    assert appointment(world) == (None, None)


def test_a_page_weighs_less_than_30_kilobytes_in_all(browser: Browser, link: str) -> None:
    paths = (link, "/static/patient.css", "/static/icon.svg")
    assert sum(len(browser.get(path).content) for path in paths) < 30_000


def test_an_address_that_tries_too_often_has_to_wait_a_minute(world: World, browser: Browser, link: str) -> None:
    browser.get(link)
    form = {"answer": "confirm", "nonce": browser.nonce}
    answers = [browser.post(link, form) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [SEEN] * 30 + [429]
    assert answers[-1].headers["retry-after"] == "2"
    assert browser.post("/u/whatever", {}).status_code == 429
    counted = world.all(select(token_bucket))
    assert browser.get(link).status_code == GOOD
    assert world.all(select(token_bucket)) == counted, "reading is never counted"
    world.later(timedelta(seconds=61))
    assert browser.post(link, form).status_code == SEEN


def test_every_process_counts_the_same_tries(world: World, browser: Browser, link: str, tmp_path: Path) -> None:
    browser.get(link)
    form = {"answer": "confirm", "nonce": browser.nonce}
    assert {browser.post(link, form).status_code for _ in range(30)} == {SEEN}
    other = Browser(some_app(world, tmp_path))
    other.get(link)
    assert other.post(link, {"answer": "confirm", "nonce": other.nonce}).status_code == 429


def test_nobody_is_kept_from_unsubscribing_by_what_others_do(world: World, browser: Browser, goodbye: str) -> None:
    answers = [browser.post("/u/whatever", {}).status_code for _ in range(31)]
    assert answers == [GONE] * 30 + [429]
    assert browser.post(goodbye, {"List-Unsubscribe": "One-Click"}).status_code == GOOD


def test_reading_the_unsubscribe_page_changes_nothing(world: World, browser: Browser, goodbye: str) -> None:
    before = everything(world)
    for method in ("GET", "HEAD"):
        assert browser.ask(method, goodbye).status_code == GOOD
    assert "List-Unsubscribe" in browser.get(goodbye).text
    assert everything(world) == before


def test_one_click_unsubscribes_without_cookie_or_page(world: World, browser: Browser, goodbye: str) -> None:
    headers = {"sec-fetch-site": "cross-site", "accept": "*/*"}
    answers = [browser.ask("POST", goodbye, form={"List-Unsubscribe": "One-Click"}, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [GOOD, GOOD]
    assert [row.opted_out_by for row in world.all(select(rows.contact))] == ["link"]
    sent = len(world.email.calls)
    world.at(START - timedelta(hours=20))
    world.pump(Channel.EMAIL)
    assert len(world.email.calls) == sent


def test_a_link_of_one_purpose_does_not_open_the_other_door(
    world: World, browser: Browser, link: str, goodbye: str
) -> None:
    before = everything(world)
    other, wrong = link.replace("/r/", "/u/"), goodbye.replace("/u/", "/r/")
    assert [browser.get(path).status_code for path in (other, wrong)] == [GONE, GONE]
    assert browser.post(other, {"List-Unsubscribe": "One-Click"}).status_code == GONE
    assert press(browser, wrong, "confirm") == GONE
    assert everything(world) == before
