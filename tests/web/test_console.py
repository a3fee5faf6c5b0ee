from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reminders.core.appointments import AppointmentStatus
from reminders.core.delivery import ReceiptStatus
from reminders.core.pauses import PauseKind
from reminders.services.pause import Subject, pause
from reminders.services.sync_schedule import SyncOptions
from reminders.web.app import create_app
from tests.builders import NOON, a_booking, a_record, an_entry, local
from tests.web.browser import Browser, some_app, some_services
from tests.web.snapshots import everything
from tests.world import World

DANA = a_record("P1", name="Dana Rivers")
ROBIN = a_record("P2", name="Robin O'Hara <b>", phone="+12025550102", email=None)
TOMORROW = local("2027-03-03 09:30")


@pytest.fixture
def clinic(world: World) -> World:
    """Two patients: one comes tomorrow, one in three days in another zone."""
    world.sync(
        an_entry("A1", patient=DANA, booking=a_booking(TOMORROW)),
        an_entry("A2", patient=ROBIN, booking=a_booking(NOON + timedelta(days=3), timezone="America/Los_Angeles")),
        options=SyncOptions(is_approved=True),
    )
    return world


def shown(browser: Browser, path: str = "/?span=week") -> str:
    """The page as a person reads it."""
    answer = browser.get(path)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


@pytest.mark.both_databases
@pytest.mark.parametrize("path", ["/", "/parts/today", "/send"])
def test_staff_pages_open_without_signing_in_in_the_demo_only(browser: Browser, desk: Browser, path: str) -> None:
    assert desk.get(path).status_code == 200
    assert browser.get(path).status_code == (401 if path.startswith("/parts/") else 303)


@pytest.mark.parametrize("path", ["/", "/parts/today", "/send"])
def test_a_strange_name_for_this_machine_opens_nothing(world: World, tmp_path: Path, path: str) -> None:
    app = some_app(world, tmp_path, is_demo=True)
    for host in ("http://evil.example:8000", "http://localhost.evil.example:8000", "http://192.168.1.7:8000"):
        assert Browser(app, host, address="127.0.0.1").get(path).status_code == 404
    assert Browser(app, "http://localhost:8000", address="192.168.1.9").get(path).status_code == 404
    for host in ("http://127.0.0.1:8000", "http://[::1]:8000", "http://localhost"):
        assert Browser(app, host, address="::1").get(path).status_code == 200


def test_the_page_shows_days_in_order_with_each_visit_in_its_own_zone(clinic: World, desk: Browser) -> None:
    text = shown(desk)
    assert text.index("Tomorrow · Wednesday March 3") < text.index("Friday March 5")
    assert "9:30 AM Dana Rivers" in text
    assert "9:00 AM PST Robin O&#39;Hara &lt;b&gt;" in text
    assert "1 session · 1 not confirmed · 1 without ride · EST" in text


def test_names_are_escaped(clinic: World, desk: Browser) -> None:
    assert "<b>" not in desk.get("/").text


def test_an_empty_clinic_says_what_to_do(desk: Browser) -> None:
    text = shown(desk)
    assert "Import a schedule to begin" in text
    assert "Nothing needs a person just now." in text


def test_messages_replies_and_answers_show_at_a_glance(clinic: World, desk: Browser) -> None:
    clinic.pump()
    for sent in clinic.sms.sent:
        clinic.receipt(sent.text.tag, ReceiptStatus.DELIVERED)
    assert "Asks to confirm delivered" in shown(desk)
    clinic.text("C", sender="+12025550102")
    clinic.text("can I eat breakfast?", sender="+12025550101")
    text = shown(desk)
    assert "✓ confirmed" in text
    assert "C confirms" in text
    assert "can I eat breakfast? asks something" in text
    assert "Patient asks something Dana Rivers" in text
    assert "can I eat breakfast? Answer it, or phone the patient. Take Reached Nobody reached Not needed" in text
    assert "now due in 30 min" in text


def test_a_visit_that_is_over_or_off_asks_for_nothing(clinic: World, desk: Browser) -> None:
    entry = an_entry("A1", patient=DANA, booking=a_booking(TOMORROW, status=AppointmentStatus.CANCELLED))
    clinic.sync(entry, options=SyncOptions(is_approved=True))
    assert "1 session · EST Time" in shown(desk)
    assert "cancelled" in shown(desk)
    clinic.at(local("2027-03-04 08:00"))
    text = shown(desk)
    assert "Tomorrow · Friday March 5" in text
    assert "Wednesday March 3" not in text


def test_who_is_on_hold_and_a_closed_day_are_told_where_one_looks(clinic: World, desk: Browser) -> None:
    assert "on hold" not in shown(desk)
    pause(clinic.deps, Subject(PauseKind.PATIENT, "P1", None), reason="In hospital", by="Alex")
    pause(clinic.deps, Subject(PauseKind.DAY, "2027-03-03", None), reason="Snow", by="Alex")
    text = shown(desk)
    assert "Dana Rivers on hold" in text
    assert "&lt;b&gt; ○ not confirmed" in text
    assert "1 without ride · EST the clinic is closed" in text


def test_the_strip_says_how_the_service_stands(clinic: World, desk: Browser) -> None:
    text = shown(desk)
    for words in ("Simulated time Tue Mar 2, noon EST", "balances", "Messages go to everybody"):
        assert words in text
    assert 'href="http://127.0.0.1:8001/"' in desk.get("/").text


def test_the_part_that_is_fetched_is_the_part_that_is_shown(clinic: World, desk: Browser) -> None:
    page, part = desk.get("/").text, desk.get("/parts/today").text
    assert part.strip() in page
    assert "<html" not in part


def test_looking_changes_nothing(clinic: World, desk: Browser) -> None:
    before = everything(clinic)
    for path in ("/", "/parts/today", "/send", "/send?patient=P1"):
        desk.get(path)
    assert everything(clinic) == before


def test_the_allow_list_says_how_many_may_be_written_to(clinic: World, tmp_path: Path) -> None:
    for count, words in ((0, "nobody: nothing leaves"), (1, "1 address only"), (7, "7 addresses only")):
        services = some_services(clinic, tmp_path, public_url="http://localhost:8000", is_demo=True)
        facts = replace(services.facts, is_allow_list_off=False, allowed_count=count)
        app = create_app(replace(services, facts=facts))
        assert words in shown(Browser(app, "http://localhost:8000", address="127.0.0.1"))
