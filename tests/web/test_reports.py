from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from reminders.core.staff import Role
from reminders.services.sync_schedule import SyncOptions
from reminders.store.staff_rows import audit_event
from reminders.store.unit_of_work import Store
from tests.builders import local
from tests.web.front_desk import NORTH, a_clinic, a_desk, entries, press, words
from tests.world import CLINIC, World


def test_every_report_has_a_table_how_it_is_counted_and_no_name(sqlite_store: Store, tmp_path: Path) -> None:
    world = a_clinic(sqlite_store, 12, 3)
    world.later(timedelta(days=3))
    page = a_desk(world, tmp_path, role=Role.CLINICIAN).get("/reports?weeks=4")
    assert page.status_code == 200
    assert page.text.count("How this is counted:") == 8
    assert page.text.count("<svg") == 2
    assert "Week of 1 Mar: 0 %" in page.text
    assert "Patient Number" not in page.text
    assert "style=" not in page.text
    assert "1 Mar, so far 12 0" in words(page.text)


def test_a_clinic_without_a_past_has_the_page_too(sqlite_store: Store, tmp_path: Path) -> None:
    page = a_desk(World(sqlite_store), tmp_path, role=Role.AUDITOR).get("/reports")
    assert page.status_code == 200
    assert "Nothing of that happened in these weeks." in page.text


def test_a_table_is_saved_as_a_file_and_that_is_written_down(sqlite_store: Store, tmp_path: Path) -> None:
    world = a_clinic(sqlite_store, 6, 0)
    world.later(timedelta(days=3))
    desk = a_desk(world, tmp_path, role=Role.MANAGER)
    desk.get("/reports")
    form = {"nonce": desk.nonce, "report": "confirmations", "weeks": "4", "bom": "yes"}
    answer = desk.post("/reports/export", form)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="riverside-confirmations-4-weeks.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert lines[0][0] == "Week of"
    assert lines[-1] == ["2027-03-01", "6", "0", "0", "0", "0", "0"]
    (row,) = world.all(select(audit_event))
    assert (row.deed, row.by) == ("report_exported", "Alex")


def test_looking_writes_nothing_down(sqlite_store: Store, tmp_path: Path) -> None:
    world = a_clinic(sqlite_store, 2, 0)
    a_desk(world, tmp_path, role=Role.MANAGER).get("/reports")
    assert world.count("audit_event") == 0


@pytest.mark.parametrize("weeks", ["0", "-1", "5", "9999999", "x", ""])
def test_other_spans_than_those_offered_do_not_exist(sqlite_store: Store, tmp_path: Path, weeks: str) -> None:
    assert a_desk(World(sqlite_store), tmp_path, role=Role.MANAGER).get(f"/reports?weeks={weeks}").status_code == 404


def test_the_figures_of_a_clinic_are_shown_to_its_own_people_only(sqlite_store: Store, tmp_path: Path) -> None:
    world = World(sqlite_store, CLINIC, NORTH, now=local("2027-03-01 08:00"))
    pairs = [("riverside", item) for item in entries(4)] + [("north", item) for item in entries(2, first=4)]
    world.sync(*pairs, options=SyncOptions(is_approved=True))
    world.at(local("2027-03-04 08:00"))
    north = a_desk(world, tmp_path, "north", role=Role.MANAGER)
    text = words(north.get("/reports").text)
    assert "1 Mar, so far 2 0" in text
    assert "Riverside" not in text
    assert north.get("/reports?clinic=riverside").status_code == 404
    assert press(north, "/reports/export", report="confirmations", clinic="riverside") == 404
    both = words(a_desk(world, tmp_path, role=Role.MANAGER).get("/reports?clinic=riverside").text)
    assert "1 Mar, so far 4 0" in both
    assert world.count("audit_event") == 0


def test_the_front_desk_has_no_reports_and_no_entry_for_them(sqlite_store: Store, tmp_path: Path) -> None:
    desk = a_desk(World(sqlite_store), tmp_path, role=Role.FRONT_DESK)
    assert desk.get("/reports").status_code == 404
    assert press(desk, "/reports/export", report="delays") == 404
    assert "/reports" not in desk.get("/").text


def test_a_form_of_another_site_takes_nothing_away(sqlite_store: Store, tmp_path: Path) -> None:
    world = World(sqlite_store)
    desk = a_desk(world, tmp_path, role=Role.MANAGER)
    desk.get("/reports")
    assert desk.post("/reports/export", {"nonce": "x" * 32, "report": "delays"}).status_code == 403
    assert world.count("audit_event") == 0
