from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from reminders.core.staff import Role
from reminders.services.watch_appointments import watch_appointments
from reminders.store import rows
from reminders.store.unit_of_work import Store
from tests.web.front_desk import NOW, a_clinic, a_desk, press, short, task, words


def test_a_task_is_taken_resolved_and_opened_again_by_one_press_each(store: Store, tmp_path: Path) -> None:
    world = a_clinic(store, 2, 1)
    desk, address = a_desk(world, tmp_path), f"/worklist/{short(world, 'question')}"
    assert press(desk, address, do="take") == 303
    assert task(world, "question") == ("Alex", None, None)
    assert press(desk, address, done="reached") == 303
    assert task(world, "question") == ("Alex", "Alex", "reached")
    assert "Done today 1" in words(desk.get("/").text)
    assert press(desk, address, do="reopen") == 303
    assert task(world, "question") == ("Alex", None, None)


def test_what_somebody_else_did_first_is_said_beside_the_list(store: Store, tmp_path: Path) -> None:
    world = a_clinic(store, 2, 1)
    desk, address = a_desk(world, tmp_path), f"/worklist/{short(world, 'question')}"
    press(desk, address, done="reached")
    desk.get("/")
    answer = desk.post(address, {"nonce": desk.nonce, "done": "not_needed"})
    assert answer.status_code == 409
    assert "This task is resolved already: by Alex" in answer.text
    assert task(world, "question") == ("Alex", "Alex", "reached")


def test_that_a_patient_comes_is_recorded_with_the_press(store: Store, tmp_path: Path) -> None:
    world = a_clinic(store, 2, 0)
    world.text("blorf the gromp", sender="+12025551001")
    assert press(a_desk(world, tmp_path), f"/worklist/{short(world, 'reply_unclear')}", done="confirmed") == 303
    assert task(world, "reply_unclear") == ("Alex", "Alex", "reached")
    (row,) = world.all(select(rows.appointment).where(rows.appointment.c.external_id == "A1"))
    assert row.confirmed_version == row.version


def test_a_red_flag_stands_on_top_with_its_code_the_number_and_a_button(store: Store, tmp_path: Path) -> None:
    world = a_clinic(store, 2, 0)
    world.text("I want to kill myself", sender="+12025551000")
    desk = a_desk(world, tmp_path)
    page = desk.get("/").text
    (code,) = [row.code for row in world.all(select(rows.metadata.tables["escalation"]))]
    assert f"code <strong>{code}</strong>" in page
    assert 'href="tel:+12025551000"' in page
    assert "I want to kill myself" in page
    assert "I take it over" in page
    assert page.index("I take it over") < page.index("Worklist <span")
    assert press(desk, f"/worklist/{short(world, 'escalation')}", do="take") == 303
    (climb,) = world.all(select(rows.metadata.tables["escalation"]))
    assert climb.acknowledged_by == "Alex"
    assert "Alex took it over" in desk.get("/").text


def test_the_page_of_a_task_gives_it_away_and_keeps_a_note(store: Store, tmp_path: Path) -> None:
    world = a_clinic(store, 2, 1)
    desk, address = a_desk(world, tmp_path), f"/worklist/{short(world, 'question')}"
    assert press(desk, address, do="give", to="Sam", back="task") == 303
    assert press(desk, address, do="resolve", done="done", note="Told her the side door", back="task") == 303
    text = words(desk.get(address).text)
    assert "gave it to Sam" in text
    assert "Told her the side door" in text
    assert "Open again" in text


@pytest.mark.parametrize("fields", [{"do": "give", "to": " "}, {"do": "resolve"}, {}])
def test_a_form_that_says_too_little_changes_nothing(store: Store, tmp_path: Path, fields: dict[str, str]) -> None:
    world = a_clinic(store, 2, 1)
    desk, address = a_desk(world, tmp_path), f"/worklist/{short(world, 'question')}"
    assert press(desk, address, back="task", **fields) == 409
    assert task(world, "question") == (None, None, None)


def test_a_form_of_another_site_and_who_may_only_read_change_nothing(store: Store, tmp_path: Path) -> None:
    world = a_clinic(store, 2, 1)
    address = f"/worklist/{short(world, 'question')}"
    desk = a_desk(world, tmp_path)
    desk.get("/")
    assert desk.post(address, {"nonce": "x" * 32, "do": "take"}).status_code == 403
    auditor = a_desk(world, tmp_path, role=Role.AUDITOR)
    assert press(auditor, address, do="take") == 404
    assert "<button formaction" not in auditor.get("/").text
    assert task(world, "question") == (None, None, None)


def test_what_is_urgent_stands_above_what_is_not_whatever_it_is_about(store: Store, tmp_path: Path) -> None:
    world = a_clinic(store, 6, 0)
    world.at(NOW + timedelta(hours=5))
    watch_appointments(world.deps)
    world.text("purple monkey", sender="+12025551001")
    page = a_desk(world, tmp_path).get("/").text
    shown = re.findall(r'class="item-head"><span class="chip \w+">(now|today|soon)', page)
    assert set(shown) >= {"now", "today"}
    assert shown == sorted(shown, key=["now", "today", "soon"].index)
