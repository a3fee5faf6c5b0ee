from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from reminders.core.patients import Channel
from reminders.core.staff import Role
from reminders.services.sync_schedule import SyncOptions
from reminders.store import rows, staff_rows
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry
from tests.services.test_statements import counting
from tests.web.browser import Browser, some_app
from tests.web.care import in_series
from tests.web.people import NORTH, clinic_id, page_nonce, signed_in
from tests.world import CLINIC, World, only

DANA = a_record("P1", name="Dána Rivers")
ROBIN = a_record("P2", name="Robin O'Hara <b>", phone="+12025550102", email=None, language="es")


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def key_of(world: World, external_id: str) -> UUID:
    found = world.all(select(rows.patient.c.id).where(rows.patient.c.external_id == external_id))
    return UUID(str(found[0].id))


@pytest.fixture
def clinic(world: World) -> World:
    """Two patients with a session each in a week."""
    world.sync(
        an_entry("A1", patient=DANA, booking=a_booking(NOON + timedelta(days=7))),
        an_entry("A2", patient=ROBIN, booking=a_booking(NOON + timedelta(days=7))),
        options=SyncOptions(is_approved=True),
    )
    return world


class Desk:
    """The page of one patient, and its forms as a person fills them in."""

    def __init__(self, browser: Browser, world: World, external_id: str = "P1") -> None:
        self.browser = browser
        self.path = f"/patients/{key_of(world, external_id)}"

    def read(self, query: str = "") -> str:
        answer = self.browser.get(self.path + query)
        assert answer.status_code == 200, answer.text
        return words(answer.text)

    def do(self, what: str, **fields: str) -> int:
        form = {"do": what, "nonce": page_nonce(self.browser.get(self.path)), **fields}
        self.answer = self.browser.post(self.path, form)
        return self.answer.status_code


@pytest.fixture
def record(clinic: World, desk: Browser) -> Desk:
    return Desk(desk, clinic)


@pytest.mark.parametrize("query", ["dana", "Riv", "P1", "0101", "555-0101", "rivers dana"])
def test_patients_are_found_by_name_id_and_the_end_of_their_phone(clinic: World, desk: Browser, query: str) -> None:
    page = words(desk.get(f"/patients?q={query}").text)
    assert "Dána Rivers P1" in page
    assert "Robin" not in page


@pytest.mark.parametrize("query", ["zz", "d", "01", "%"])
def test_nobody_is_found_by_too_little(clinic: World, desk: Browser, query: str) -> None:
    page = words(desk.get("/patients?q=" + query.replace("%", "%25")).text)
    assert "Dána" not in page
    assert "Nobody of yours is found" in page


@pytest.mark.both_databases
def test_the_page_says_who_it_is_what_is_open_and_what_comes_next(record: Desk) -> None:
    page = record.read()
    assert "Dána Rivers P1" in page
    assert "reads English" in page
    assert "next session Tue Mar 9, noon" in page
    assert "Text +12025550101 open" in page
    assert "E-mail dana@example.org open" in page


def test_what_is_to_be_sent_is_shown_in_its_words(clinic: World, desk: Browser) -> None:
    page = Desk(desk, clinic).read()
    assert "Asks to confirm by text" in page
    assert "Riverside Clinic:" in page
    assert "Reply C to confirm or R to change." in page
    spanish = Desk(desk, clinic, "P2").read()
    assert "Responda C para confirmar" in spanish


def test_what_was_foretold_is_what_is_sent(clinic: World, desk: Browser) -> None:
    page = Desk(desk, clinic).read()
    for _ in range(6):
        clinic.later(timedelta(days=1))
        clinic.pump(Channel.SMS)
    mine = [sent.text.body for sent in clinic.sms.sent if sent.text.to == DANA.phone]
    assert len(mine) > 1
    assert [body for body in mine if " ".join(body.split()) not in page] == []


def test_the_timeline_tells_what_happened_and_why_and_can_be_narrowed(clinic: World, record: Desk) -> None:
    clinic.pump()
    clinic.text("where do I park?")
    page = record.read()
    assert "where do I park?" in page
    assert "where do I park?" not in record.read("?lines=messages")
    assert "where do I park?" in record.read("?lines=replies")


def test_who_opted_out_is_shown_as_closed_and_may_be_opened_by_their_word(clinic: World, record: Desk) -> None:
    fields = {"source": "voice", "received_on": "2027-03-02", "reason": "Rang us: no more texts."}
    assert record.do("opt_out", **fields) == 303
    page = record.read()
    assert "Text +12025550101 closed: opted out by voice" in page
    assert "Rang us: no more texts." in page
    assert record.do("opt_in", **fields | {"reason": "Changed their mind."}) == 303
    assert "Text +12025550101 open" in record.read()


def test_a_patient_is_held_with_a_reason_and_resumed(clinic: World, record: Desk) -> None:
    assert record.do("hold", reason="In hospital") == 303
    page = record.read()
    assert "Everything is on hold since Tue Mar 2 2027, noon : In hospital" in page
    assert "Nothing, while everything is on hold." in page
    assert record.do("resume") == 303
    assert "Asks to confirm by text" in record.read()


def test_a_series_of_somebody_else_is_nobodys_to_hold(clinic: World, record: Desk) -> None:
    other = an_entry("A2", patient=ROBIN, booking=a_booking(NOON + timedelta(days=7), series_id="S9", series_number=1))
    clinic.sync(an_entry("A1", patient=DANA, booking=a_booking(NOON + timedelta(days=7))), other)
    assert record.do("hold", series="S9", reason="Stop") == 404
    assert not clinic.count("pause")


def test_a_step_is_switched_off_and_the_cadence_given_back(clinic: World, record: Desk) -> None:
    form = record.browser.get(record.path).text
    shown = re.findall(r'name="shown" value="([^"]+)"', form)
    assert "remind_final" in shown
    fields = {"shown": "remind_final", "was_on": "remind_final", "channels": "email", "reason": "They asked for it"}
    assert record.do("cadence", **fields) == 303
    page = record.read()
    assert "never: remind_final" in page
    assert "channels: email" in page
    assert "Final reminder by" not in page.split("To be sent", 1)[1].split("What happened", 1)[0]
    assert record.do("cadence_default", reason="No longer") == 303
    assert "As for everybody." in record.read()


def test_an_escorts_word_is_recorded(clinic: World, record: Desk) -> None:
    assert record.do("escort", phone="202 555 0177", agrees="yes", reason="Said so at the desk") == 303
    assert "May be texted: +12025550177" in record.read()


def test_a_ride_is_recorded_for_this_very_version_only(clinic: World, record: Desk) -> None:
    session = re.search(r'name="session" value="([^"]+)"', record.browser.get(record.path).text)
    assert session is not None
    assert record.do("ride", session=session[1], version="1", ride="arranged") == 303
    assert "not confirmed · ride" in record.read()
    assert record.do("ride", session=session[1], version="7", ride="needed") == 409
    assert "The session changed meanwhile" in words(record.answer.text)


@pytest.mark.parametrize(
    ("what", "fields", "told"),
    [
        ("hold", {}, "say why"),
        ("opt_out", {"reason": "x"}, "Say on which day you heard it"),
        ("opt_out", {"reason": "x", "received_on": "2031-01-01"}, "still to come"),
        ("escort", {"reason": "x", "agrees": "yes", "phone": "nothing"}, "ound"),
        ("escort", {"reason": "x", "phone": "202 555 0177"}, "Say whether the escort agrees"),
        ("ride", {}, "Choose what holds of the ride"),
        ("", {}, "Choose what to do"),
    ],
)
def test_what_cannot_be_recorded_is_said_in_words(record: Desk, what: str, fields: dict[str, str], told: str) -> None:
    assert record.do(what, **fields) == 400
    assert told in words(record.answer.text)
    assert "--" not in words(record.answer.text)


def test_a_form_that_is_not_ours_changes_nothing(clinic: World, record: Desk) -> None:
    assert record.do("hold", reason="No", nonce="x" * 30) == 403
    assert not clinic.count("pause")


def test_scores_are_drawn_with_gaps_and_told_exactly(sqlite_store: Store, tmp_path: Path) -> None:
    world = World(sqlite_store, only("checkin_24h"))
    desk = Browser(some_app(world, tmp_path, is_demo=True), "http://localhost:8000", address="127.0.0.1")
    in_series(world, 4, 3, None, 7)
    html = desk.get(Desk(desk, world).path).text
    page = words(html)
    assert "Scores in order of time: 4, 3, 7. 1 without a number." in page
    assert len(re.findall(r'<circle class="score"', html)) == 3
    assert len(re.findall(r'<circle class="hollow"', html)) == 1
    assert len(re.findall(r"<polyline", html)) == 1
    assert "session 5 of 5" in page
    assert "3 above 4" in page
    assert " style=" not in html


def test_another_clinics_patient_does_not_exist(sqlite_store: Store, tmp_path: Path) -> None:
    world = World(sqlite_store, CLINIC, NORTH)
    north = an_entry("A1", patient=DANA, booking=a_booking(NOON + timedelta(days=7)))
    world.sync(("north", north), options=SyncOptions(is_approved=True))
    app = some_app(world, tmp_path)
    stranger = signed_in(world, tmp_path, "kim.doe", app=app, riverside=Role.MANAGER)
    path = f"/patients/{key_of(world, 'P1')}"
    assert "Dána" not in stranger.get("/patients?q=dana").text
    assert stranger.get(path).status_code == 404
    nonce = page_nonce(stranger.get("/patients"))
    for what in ("hold", "opt_out", "escort", "cadence", "ride"):
        sent = {"do": what, "nonce": nonce, "reason": "x", "received_on": "2027-03-02"}
        assert stranger.post(path, sent).status_code == 404
    assert not world.count("pause")
    own = signed_in(world, tmp_path, "lee.chen", app=app, north=Role.AUDITOR)
    assert own.get(path).status_code == 200
    assert "Record" not in words(own.get(path).text)
    assert own.post(path, {"do": "hold", "reason": "x", "nonce": page_nonce(own.get(path))}).status_code == 404


def test_who_read_and_who_changed_a_patient_is_written_down(clinic: World, tmp_path: Path) -> None:
    kim = signed_in(clinic, tmp_path, "kim.doe", riverside=Role.FRONT_DESK)
    desk = Desk(kim, clinic)
    desk.do("hold", reason="In hospital")
    desk.do("resume")
    desk.do("opt_out", source="voice", received_on="2027-03-02", reason="No texts")
    told = clinic.all(select(staff_rows.audit_event).order_by(staff_rows.audit_event.c.done_at))
    mine = [row.deed for row in told if row.about == f"patient:{key_of(clinic, 'P1')}"]
    assert {"patient_read", "reminders_paused", "reminders_resumed", "choice_recorded"} <= set(mine)
    assert {row.by for row in told if row.about} >= {"Kim Doe"}
    assert clinic_id(clinic, "riverside") in {row.clinic_id for row in told}


def test_a_longer_history_takes_no_more_statements(world: World, desk: Browser) -> None:
    in_series(world, 4)
    record = Desk(desk, world)
    with counting(world.store) as few:
        record.read()
    in_series(world, 4, 5, 6)
    with counting(world.store) as many:
        record.read()
    assert len(many) == len(few)
