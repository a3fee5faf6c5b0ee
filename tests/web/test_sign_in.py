from __future__ import annotations

import re
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from sqlalchemy import select

from reminders.core.sign_in import IDLE, LONGEST
from reminders.core.staff import Role
from reminders.store.staff_rows import staff_session
from reminders.web.console.sign_in import FAILED
from tests.web.browser import Browser, some_app
from tests.web.people import PASSWORD, Member, accepted, invited, page_nonce, secret_of
from tests.web.snapshots import everything
from tests.world import World

MINUTE = timedelta(minutes=1)


@pytest.fixture
def kim(world: World, browser: Browser) -> Member:
    """A manager, signed in in this browser."""
    return accepted(world, browser, "kim.lee", riverside=Role.MANAGER)


@pytest.fixture
def other(world: World, browser: Browser, tmp_path: Path) -> Browser:
    """Another browser, which nobody has signed in from."""
    return Browser(some_app(world, tmp_path), address="198.51.100.9")


def cookies(answer: httpx.Response) -> SimpleCookie:
    found = SimpleCookie()
    for header in answer.headers.get_list("set-cookie"):
        found.load(header)
    return found


def test_a_page_leads_whoever_is_not_signed_in_to_the_form_and_back(other: Browser, kim: Member) -> None:
    asked = other.get("/?clinic=riverside&span=next")
    assert (asked.status_code, asked.text) == (303, "")
    assert asked.headers["location"] == "/sign-in?next=/%3Fclinic%3Driverside%26span%3Dnext"
    form = other.get(asked.headers["location"])
    after = form.text.partition('name="after" value="')[2].partition('"')[0].replace("&amp;", "&")
    answer = kim.sign_in(other, after=after)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?clinic=riverside&span=next")
    assert other.get("/").status_code == 200


def test_a_part_of_a_page_tells_its_script_where_to_go(other: Browser) -> None:
    for headers in ({}, {"hx-request": "true"}, {"sec-fetch-dest": "empty"}):
        path = "/parts/today" if not headers else "/"
        answer = other.ask("GET", path, headers=headers)
        assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in")


@pytest.mark.parametrize(
    "evil",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:x",
    ],
)
def test_the_way_back_leads_to_a_page_of_ours_only(kim: Member, other: Browser, evil: str) -> None:
    assert 'name="after" value="/"' in other.get(f"/sign-in?{urlencode({'next': evil})}").text
    assert kim.sign_in(other, after=evil).headers["location"] == "/"


def test_the_session_is_a_secret_of_256_bits_that_only_this_host_hears_by_tls(kim: Member, other: Browser) -> None:
    found = cookies(kim.sign_in(other))
    session = found["__Host-session"]
    assert len(session.value) == 43
    assert (session["secure"], session["httponly"], session["samesite"].lower()) == (True, True, "lax")
    assert (session["path"], session["domain"], session["max-age"]) == ("/", "", "")
    stored = kim.world.all(select(staff_session))
    assert session.value.encode() not in b"".join(row.token_hash + row.form_key.encode() for row in stored)


def test_each_sign_in_makes_new_secrets_and_ends_what_the_browser_had(
    kim: Member, browser: Browser, other: Browser
) -> None:
    before = dict(browser.cookies)
    answer = kim.sign_in(browser)
    assert cookies(answer)["__Host-session"].value != before["__Host-session"]
    rows = kim.world.all(select(staff_session).order_by(staff_session.c.begun_at))
    assert [row.ended_at is None for row in rows] == [False, True]
    assert rows[0].form_key != rows[1].form_key
    other.cookies.set("__Host-session", before["__Host-session"], domain="reminders.example")
    assert other.get("/").status_code == 303


def test_a_session_ends_after_a_quarter_of_an_hour_without_a_person(kim: Member, browser: Browser) -> None:
    for _ in range(6):
        kim.world.later(IDLE - MINUTE)
        assert browser.get("/").status_code == 200
    kim.world.later(IDLE)
    assert browser.get("/").status_code == 303


def test_a_page_that_looks_for_news_by_itself_keeps_no_session_open(kim: Member, browser: Browser) -> None:
    for _ in range(14):
        kim.world.later(MINUTE)
        assert browser.get("/parts/today").status_code == 200
    kim.world.later(MINUTE)
    assert browser.get("/parts/today").status_code == 401


def test_a_session_ends_after_twelve_hours_whoever_is_there(kim: Member, browser: Browser) -> None:
    passed = timedelta(0)
    while passed + 14 * MINUTE < LONGEST:
        kim.world.later(14 * MINUTE)
        passed += 14 * MINUTE
        assert browser.get("/").status_code == 200
    kim.world.later(14 * MINUTE)
    assert browser.get("/").status_code == 303


def test_signing_out_ends_the_session_on_our_side_too(kim: Member, browser: Browser, other: Browser) -> None:
    other.cookies.update(browser.cookies)
    assert other.get("/").status_code == 200
    shown = browser.get("/staff")
    assert "Kim Lee <small>manager</small>" in shown.text
    answer = browser.post("/sign-out", {"nonce": page_nonce(shown)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "__Host-session" not in browser.cookies
    assert other.get("/").status_code == 303


def test_a_code_works_once(kim: Member, browser: Browser, other: Browser) -> None:
    code = kim.code
    assert kim.sign_in(browser, code=code).status_code == 303
    assert kim.sign_in(other, code=code).status_code == 401
    assert kim.sign_in(other).status_code == 303


@pytest.mark.parametrize("ago", [-2, -1, 0, 1, 2])
def test_a_code_of_the_step_before_or_after_is_taken_for_a_clock_that_is_off(
    kim: Member, other: Browser, ago: int
) -> None:
    kim.world.later(10 * MINUTE)
    at = kim.world.clock.machine_now() + ago * timedelta(seconds=30)
    answer = kim.sign_in(other, code=kim.world.credentials.code(kim.secret, at=at))
    assert answer.status_code == (303 if abs(ago) < 2 else 401)


@pytest.mark.parametrize(
    "changes",
    [
        {"login": "nobody"},
        {"password": "heron umbrella quartz ten"},
        {"code": "000000"},
        {"login": ""},
        {"password": ""},
    ],
)
def test_whatever_is_wrong_is_answered_alike_after_the_same_steps(
    kim: Member, other: Browser, changes: dict[str, str]
) -> None:
    kim.world.later(10 * MINUTE)
    kim.world.credentials.calls.clear()
    answer = kim.sign_in(other, **changes)
    assert answer.status_code == 401
    assert FAILED in answer.text
    assert kim.world.credentials.calls == ["password", "code"]
    assert PASSWORD not in answer.text
    assert "__Host-session" not in other.cookies


def test_somebody_who_was_only_invited_is_answered_like_somebody_unknown(world: World, other: Browser) -> None:
    invited(world, "new.one", riverside=Role.CLINICIAN)
    other.get("/sign-in")
    form = {"password": PASSWORD, "code": "123456", "nonce": other.nonce}
    answers = [other.post("/sign-in", {**form, "login": login}).text for login in ("new.one", "not.there")]
    assert answers[0].replace("new.one", "") == answers[1].replace("not.there", "")


@pytest.mark.both_databases
def test_guessing_elsewhere_keeps_nobody_out_of_a_browser_that_is_known(
    kim: Member, browser: Browser, other: Browser
) -> None:
    for _ in range(7):
        kim.world.later(MINUTE)
        kim.sign_in(other, password="a wrong guess of somebody", code="123456")
    assert kim.sign_in(other).status_code == 401, "from elsewhere the right one waits too"
    assert kim.sign_in(browser).status_code == 303


def test_an_address_tries_twenty_times_a_minute_at_most(kim: Member, other: Browser) -> None:
    other.get("/sign-in")
    form = {"login": "x", "password": "y", "code": "z", "nonce": other.nonce}
    assert [other.post("/sign-in", form).status_code for _ in range(21)] == [401] * 20 + [429]
    kim.world.later(MINUTE + timedelta(seconds=1))
    assert other.post("/sign-in", form).status_code == 401


def test_an_address_that_failed_too_often_keeps_no_known_browser_and_no_second_process_out(
    kim: Member, browser: Browser, tmp_path: Path
) -> None:
    guesser = Browser(some_app(kim.world, tmp_path))
    guesser.get("/sign-in")
    form = {"login": "x", "password": "y", "code": "z", "nonce": guesser.nonce}
    for _ in range(20):
        assert guesser.post("/sign-in", form).status_code == 401
    restarted = Browser(some_app(kim.world, tmp_path))
    restarted.get("/sign-in")
    answer = restarted.post("/sign-in", {**form, "nonce": restarted.nonce})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert kim.sign_in(browser).status_code == 303


def test_who_signs_in_uses_up_nothing_of_what_the_address_may_try(kim: Member, other: Browser) -> None:
    for _ in range(22):
        other.cookies.clear()
        assert kim.sign_in(other).status_code == 303


def test_a_form_without_its_key_or_from_another_site_does_nothing(kim: Member, browser: Browser) -> None:
    key = page_nonce(browser.get("/staff"))
    before = everything(kim.world)
    old_nonce = browser.cookies.get("__Host-nonce") or ""
    for nonce, headers in (
        ("", {}),
        (old_nonce, {}),
        ("x" * 43, {}),
        (key, {"sec-fetch-site": "cross-site"}),
        (key, {"sec-fetch-site": "same-site"}),
        (key, {"origin": "https://evil.example"}),
    ):
        for path in ("/sign-out", f"/staff/{kim.person.id}/sessions"):
            assert browser.post(path, {"nonce": nonce}, **headers).status_code == 403
    assert everything(kim.world) == before
    browser.get("/sign-in")
    answer = kim.sign_in(browser, nonce="y" * 43)
    assert answer.status_code == 403


def test_the_pages_before_signing_in_carry_the_headers_of_all_pages(browser: Browser, world: World) -> None:
    link = urlsplit(invited(world, "new.one", riverside=Role.CLINICIAN).link).path
    for path in ("/sign-in", link, "/invitation/none"):
        answer = browser.get(path)
        assert "'unsafe-inline'" not in answer.headers["content-security-policy"]
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
        assert not re.search(r'<script(?! src)|\sstyle=|\son\w+=|src="(?!/static/)|href="(?!/)', answer.text)


def test_an_invitation_opens_once_and_for_one_day(world: World, browser: Browser) -> None:
    made = invited(world, "new.one", riverside=Role.CLINICIAN)
    path = urlsplit(made.link).path
    before = everything(world)
    assert made.person.name in browser.get(path).text
    assert everything(world) == before, "looking at it changes nothing"
    world.later(timedelta(hours=24))
    assert browser.get(path).status_code == 404


def test_the_second_factor_stays_the_same_while_the_page_is_opened_again(world: World, browser: Browser) -> None:
    made = invited(world, "new.one", riverside=Role.CLINICIAN)
    other = invited(world, "other.one", riverside=Role.CLINICIAN)
    assert secret_of(world, made.link) == secret_of(world, made.link) != secret_of(world, other.link)
    assert len(secret_of(world, made.link)) == 32


def test_what_is_wrong_with_what_was_chosen_is_said_and_the_link_still_opens(world: World, browser: Browser) -> None:
    made = invited(world, "new.one", riverside=Role.CLINICIAN)
    path = urlsplit(made.link).path
    browser.get(path)
    secret = secret_of(world, made.link)
    good = {"password": PASSWORD, "again": PASSWORD, "nonce": browser.nonce}
    code = world.credentials.code(secret, at=world.clock.machine_now())
    for changes, words in (
        ({"password": "short one", "again": "short one"}, "at least 12 characters"),
        ({"password": "x" * 129, "again": "x" * 129}, "at most 128 characters"),
        ({"password": "password 1234 ok", "again": "password 1234 ok"}, "Add another word or two."),
        ({"password": "new.one new.one", "again": "new.one new.one"}, "nothing to do with your name"),
        ({"again": PASSWORD + "x"}, "The two passwords differ."),
        ({"code": "12"}, "That is not the code"),
    ):
        answer = browser.post(path, {**good, "code": code, **changes})
        assert (answer.status_code, words in answer.text) == (400, True), answer.text
        assert PASSWORD not in answer.text
    done = browser.post(path, {**good, "code": code})
    assert done.status_code == 303
    assert browser.get("/").status_code == 200
    assert browser.get(path).status_code == 404
    assert browser.post(path, {**good, "code": code}).status_code == 404


def test_advice_on_a_password_is_given_while_it_is_typed(world: World, browser: Browser) -> None:
    path = urlsplit(invited(world, "new.one", riverside=Role.CLINICIAN).link).path
    browser.get(path)
    shown = browser.post(f"{path}/advice", {"password": "qwerty qwerty", "nonce": browser.nonce})
    assert "Add another word or two." in shown.text
    assert "hard to guess" in browser.post(f"{path}/advice", {"password": PASSWORD, "nonce": browser.nonce}).text
    assert browser.post("/invitation/none/advice", {"password": "x", "nonce": browser.nonce}).status_code == 404
    assert browser.post(f"{path}/advice", {"password": "x", "nonce": "z" * 32}).status_code == 403


def test_in_the_demo_whoever_sits_there_needs_no_sign_in(desk: Browser) -> None:
    shown = desk.get("/staff")
    assert shown.status_code == 200
    assert "Demo" in shown.text
    assert "Sign out" not in shown.text


def test_who_was_away_too_long_is_told_why_they_sign_in_again(world: World, browser: Browser, kim: Member) -> None:
    world.later(IDLE + MINUTE)
    asked = browser.get("/inbox")
    assert asked.headers["location"] == "/sign-in?next=/inbox"
    assert "Your session is over" in browser.get("/sign-in?next=/inbox").text
    kim.sign_in(browser)
    browser.post("/sign-out", {"nonce": page_nonce(browser.get("/"))})
    assert "Your session is over" not in browser.get("/sign-in").text


def test_an_error_leads_staff_back_and_tells_a_patient_of_no_staff_page(
    browser: Browser, other: Browser, kim: Member
) -> None:
    gone = "/patients/00000000-0000-0000-0000-000000000001"
    page = browser.ask("GET", gone, headers={"accept": "text/html"})
    assert (page.status_code, 'href="/">Back to Today' in page.text) == (404, True)
    page = other.ask("GET", "/r/none-such", headers={"accept": "text/html"})
    assert "Back to Today" not in page.text
