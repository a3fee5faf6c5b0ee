import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from twilio.rest import Client

from reminders.simulator import Simulator
from reminders.simulator.people import PeopleFileError, read_people
from reminders.simulator.wall_clock import ShownClock
from tests.simulator.conftest import LANDLINE, SENDER
from tests.simulator.service import Service
from tests.simulator.test_mail import a_mail, send

ANA = "+15005550101"
SHARED = "+15005550103"


def test_the_overview_shows_every_phone_once_and_those_who_share_it_together(http: httpx.Client) -> None:
    page = http.get("/").text
    assert "This is a simulator. No real message leaves this machine." in page
    assert "Chloe Martin &amp; Daniel Martin" in page
    assert page.count(f'href="/phones/{SHARED}"') == 1
    assert 'href="/mailboxes/farah@example.org"' in page
    assert 'href="http://127.0.0.1:1/"' in page


def test_newest_activity_comes_first_with_a_dot_until_it_is_looked_at(
    twilio: Client, http: httpx.Client, simulator: Simulator
) -> None:
    twilio.messages.create(to=SHARED, from_=SENDER, body="Hello Chloe")
    simulator.settle()
    page = http.get("/").text
    assert re.findall(r'data-id="([^"]+)"', page)[0] == SHARED
    assert "1 unread" in page
    assert "Hello Chloe" in http.get(f"/phones/{SHARED}").text
    assert "unread</span>" not in http.get("/").text


def test_a_text_on_the_page_is_escaped_and_its_link_opens_elsewhere(
    twilio: Client, http: httpx.Client, simulator: Simulator
) -> None:
    twilio.messages.create(to=ANA, from_=SENDER, body="<script>x</script> http://127.0.0.1:8000/r/Ab_c-9")
    simulator.settle()
    page = http.get(f"/phones/{ANA}").text
    assert "<script>x" not in page
    assert '<a href="http://127.0.0.1:8000/r/Ab_c-9" rel="noopener noreferrer" target="_blank">' in page


def test_a_reply_works_as_a_plain_form(http: httpx.Client, simulator: Simulator, service: Service) -> None:
    answer = http.post(f"/phones/{ANA}/texts", data={"body": "My sister drives me"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/phones/{ANA}")
    simulator.settle()  # two texts sent at once may arrive in either order, as with any network
    http.post(f"/phones/{ANA}/texts", data={"body": "not this", "quick": "C"})
    http.post(f"/phones/{ANA}/texts", data={"body": "   "})
    simulator.settle()
    assert [post.params["Body"] for post in service.posts] == ["My sister drives me", "C"]
    assert "My sister drives me" in http.get(f"/phones/{ANA}").text


def test_a_text_that_did_not_arrive_is_marked(twilio: Client, http: httpx.Client, simulator: Simulator) -> None:
    twilio.messages.create(to=LANDLINE, from_=SENDER, body="Hello Esi")
    simulator.settle()
    assert "not delivered, code 30006" in http.get(f"/phones/{LANDLINE}").text


def test_a_phone_nobody_listed_appears_with_its_first_text(
    twilio: Client, http: httpx.Client, simulator: Simulator
) -> None:
    twilio.messages.create(to="+15005550199", from_=SENDER, body="Who is this?")
    simulator.settle()
    assert 'href="/phones/+15005550199"' in http.get("/").text
    assert http.get("/phones/+15005550199").status_code == 200


def test_fragments_answer_only_when_something_changed(twilio: Client, http: httpx.Client, simulator: Simulator) -> None:
    first = http.get(f"/fragments/thread/{ANA}", params={"since": "none"})
    version = first.headers["X-Version"]
    assert http.get(f"/fragments/thread/{ANA}", params={"since": version}).status_code == 204
    twilio.messages.create(to=ANA, from_=SENDER, body="Something new")
    simulator.settle()
    assert "Something new" in http.get(f"/fragments/thread/{ANA}", params={"since": version}).text
    assert "Something new" in http.get("/fragments/cards", params={"since": version}).text


def test_a_mail_is_shut_into_a_sandbox(http: httpx.Client, simulator: Simulator) -> None:
    send(simulator, a_mail("daniel@example.org"))
    page = http.get(f"/phones/{SHARED}/mail").text
    number = simulator.mails[0].number
    assert f'src="/mails/{number}/body" sandbox="allow-popups' in page
    assert "allow-scripts" not in page
    body = http.get(f"/mails/{number}/body")
    assert body.text.startswith('<base target="_blank">')
    assert body.headers["Content-Security-Policy"].startswith("sandbox allow-popups")
    calendar = http.get(f"/mails/{number}/calendar")
    assert calendar.headers["Content-Type"].startswith("text/calendar")
    assert calendar.text.startswith("BEGIN:VCALENDAR")
    assert "Message-ID: <tag1@lakeside.example>" in http.get(f"/mails/{number}/source").text
    assert "Your visit on Tuesday" in http.get(f"/fragments/mail/{SHARED}").text


def test_a_mailbox_without_a_phone_has_a_page_of_its_own(http: httpx.Client, simulator: Simulator) -> None:
    send(simulator, a_mail("farah@example.org"))
    send(simulator, a_mail("stranger@example.org"))
    assert "Your visit on Tuesday" in http.get("/mailboxes/farah@example.org").text
    assert "Your visit on Tuesday" in http.get("/mailboxes/stranger@example.org").text
    assert 'href="/mailboxes/stranger@example.org"' in http.get("/").text


@pytest.mark.parametrize(
    "path",
    [
        "/phones/nobody",
        "/phones/farah@example.org",
        "/mailboxes/nobody@example.org",
        "/fragments/thread/x",
        "/fragments/mail/x",
        "/mails/99999/body",
        "/mails/99999/calendar",
        "/mails/99999/source",
    ],
)
def test_what_is_not_there_says_so(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 404


def test_pages_run_no_inline_script_and_load_nothing_from_elsewhere(http: httpx.Client) -> None:
    for path in ("/", f"/phones/{ANA}", f"/phones/{ANA}/mail"):
        page = http.get(path)
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert re.findall(r"<script(?! src=\"/static/)", page.text) == []
        assert re.findall(r"(?:src|href)=\"(?:https?:)?//(?!127\.0\.0\.1)", page.text) == []
    assert http.get("/static/simulator.js").status_code == 200
    assert http.get("/static/simulator.css").status_code == 200


def test_the_shown_time_follows_the_clock_file(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    clock = ShownClock(file, ZoneInfo("UTC"))
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert clock.shown(at) == at
    assert not clock.is_simulated()
    content = {"start": "2026-03-14T09:00:00-05:00", "speed": 60, "anchor": at.isoformat(), "zone": "America/Chicago"}
    file.write_text(json.dumps(content), encoding="utf-8")
    shown = clock.shown(at + timedelta(minutes=1))
    assert (shown.isoformat(), clock.is_simulated()) == ("2026-03-14T10:00:00-05:00", True)


def test_people_who_share_a_phone_are_read_from_a_file_and_faults_are_named(tmp_path: Path) -> None:
    file = tmp_path / "people.json"
    file.write_text('[{"name": "Ana", "phone": "+15005550101", "email": "Ana@Example.org"}, {"name": ""}]', "utf-8")
    with pytest.raises(PeopleFileError, match="entry 2 has no name"):
        read_people(file)
    file.write_text('[{"name": "Ana", "phone": "+15005550101", "email": "Ana@Example.org", "note": null}]', "utf-8")
    (ana,) = read_people(file)
    assert (ana.email, ana.note, ana.is_landline) == ("ana@example.org", "", False)
    with pytest.raises(PeopleFileError):
        read_people(tmp_path / "missing.json")
