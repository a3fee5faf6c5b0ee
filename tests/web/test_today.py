from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from reminders.core.retention import ERASED
from reminders.core.tasks import TITLES, TaskKind, Urgency
from reminders.services.sync_schedule import SyncOptions
from reminders.store import conversation_rows, rows
from reminders.store.tasks import Task, open_many
from reminders.store.unit_of_work import Store
from reminders.web.errors import words_of
from tests.builders import a_booking, a_record, an_entry, local
from tests.servers.wiping import wipe
from tests.services.test_statements import counting
from tests.web.front_desk import (
    HOUR,
    LONG,
    MOST_BYTES,
    NORTH,
    NOW,
    a_clinic,
    a_desk,
    a_task,
    crowd,
    entries,
    erase_replies,
    press,
    short,
    shown,
    task,
    turned,
    words,
)
from tests.world import CLINIC, World


def test_a_press_that_is_not_taken_leaves_the_page_as_it_is_and_says_so(store: Store, tmp_path: Path) -> None:
    desk = a_desk(a_clinic(store, 1, 1), tmp_path)
    assert 'id="refused"' in desk.get("/").text
    for nonce, status in ((desk.nonce, 404), ("", 403)):
        form = {"nonce": nonce, "do": "take"}
        answer = desk.ask("POST", "/worklist/none", form=form, headers={"hx-request": "true"})
        assert (answer.status_code, answer.headers["hx-reswap"]) == (status, "none")
        assert json.loads(answer.headers["hx-trigger"])["refused"] == words_of(status)[0]
    assert "hx-trigger" not in desk.get("/worklist/none").headers


def test_sixty_sessions_and_forty_tasks_weigh_little_with_all_that_the_page_brings(
    store: Store, tmp_path: Path
) -> None:
    world = a_clinic(store, 60, 40)
    desk = a_desk(world, tmp_path)
    page = desk.get("/").text
    assert page.count('class="visit') == 60
    assert page.count("data-task>") == 40
    brought = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    weights = {path: desk.get(path, **{"accept-encoding": "gzip"}).num_bytes_downloaded for path in brought}
    assert len(page.encode()) + sum(weights.values()) < MOST_BYTES, (len(page), weights)


def test_more_rows_cost_no_more_statements(store: Store, tmp_path: Path) -> None:
    costs: dict[int, dict[str, int]] = {}
    for sessions, tasks in ((5, 5), (60, 60)):
        wipe(store)
        world = a_clinic(store, sessions, tasks)
        desk, costs[sessions] = a_desk(world, tmp_path), {}
        for page in ("/", "/?span=week", f"/worklist/{a_task(world)}"):
            desk.get(page)
            with counting(store) as seen:
                assert desk.get(page).status_code == 200
            costs[sessions][page.partition("/worklist/")[1] or page] = len(seen)
    assert costs[5] == costs[60]


def test_every_task_is_on_one_of_the_pages_and_each_page_says_how_many_there_are(store: Store, tmp_path: Path) -> None:
    world = a_clinic(store, 2, 0)
    crowd(world, tasks=215)
    desk = a_desk(world, tmp_path)
    pages = list(turned(desk, desk.get("/?span=week").text, "tasks-after"))
    rows_of = [shown(page, "item") for page in pages]
    assert [len(keys) for keys in rows_of] == [40, 40, 40, 40, 40, 15]
    assert len({key for keys in rows_of for key in keys}) == 215
    assert "Tasks 81 to 120 of 215" in words(pages[2])
    assert 'name="span" value="week"' in pages[2]
    assert f"tasks_from={UUID(rows_of[2][0])}" in re.findall(r'data-source="([^"]+)"', pages[2])[0]
    back = [shown(page, "item") for page in turned(desk, pages[-1], "tasks-before")]
    assert back == rows_of[::-1]
    assert "tasks-before" not in pages[0]


def test_a_page_of_tasks_stays_where_it_is_whatever_is_ended_before_it_or_on_it(store: Store, tmp_path: Path) -> None:
    world = a_clinic(store, 2, 0)
    crowd(world, tasks=100)
    desk = a_desk(world, tmp_path)
    first, second, third = (shown(page, "item") for page in turned(desk, desk.get("/").text, "tasks-after"))
    place = {"tasks_from": str(UUID(second[0])), "span": "week"}
    assert press(desk, f"/worklist/{first[3]}", done="reached") == 303
    desk.get("/")
    answer = desk.post(f"/worklist/{second[0]}", {"nonce": desk.nonce, "done": "reached", **place})
    page = desk.get(answer.headers["location"]).text
    assert shown(page, "item") == [*second[1:], third[0]]
    assert "Tasks 40 to 79 of 98" in words(page)
    assert desk.get("/?tasks_from=none").status_code == 400
    assert shown(desk.get(f"/?tasks_from={uuid4()}").text, "item")[0] == first[0]


def test_alarms_stand_above_every_page_and_of_many_it_is_said_where_the_others_are(
    store: Store, tmp_path: Path
) -> None:
    world = a_clinic(store, 2, 0)
    crowd(world, tasks=60, alarms=14)
    pages = list(turned(desk := a_desk(world, tmp_path), desk.get("/").text, "tasks-after"))
    assert [(len(shown(page, "alarm")), len(shown(page, "item"))) for page in pages] == [(14, 36), (10, 24)]
    assert "Tasks 1 to 40 of 64" in words(pages[0])
    assert "on other pages" not in pages[0]
    assert "4 more alarms are on other pages of this list. Show them" in words(pages[1])
    assert 'id="alarms-elsewhere" href="/"' in pages[1]


def test_a_day_with_very_many_sessions_is_turned_page_by_page_and_hides_none(store: Store, tmp_path: Path) -> None:
    world = a_clinic(store, 2, 0)
    crowd(world, sessions=250)
    desk = a_desk(world, tmp_path)
    page = desk.get("/?clinic=riverside").text
    assert page.count('class="visit') == 90
    assert "251 sessions" in words(page)
    left_out = re.search(r'href="([^"]+)">Show 162 more of this day<', page)
    assert left_out is not None
    alone = desk.get(unescape(left_out.group(1))).text
    later = [shown(page, "visit") for page in turned(desk, alone, "sessions-after")]
    earlier = [shown(page, "visit") for page in turned(desk, alone, "sessions-before")]
    assert [len(keys) for keys in later] == [90, 90, 69]
    assert earlier[0] == later[0]
    assert "Sessions 3 to 92 of 251" in words(alone)
    assert len({key for keys in (*later, *earlier) for key in keys}) == 251
    assert (
        '<details class="over" id="over-riverside-2027-03-02" open>' in list(turned(desk, alone, "sessions-before"))[1]
    )


def test_a_reply_beside_a_session_that_it_was_not_for_says_which_one_it_was_for(store: Store, tmp_path: Path) -> None:
    world = World(store, CLINIC, now=NOW - timedelta(days=4))
    soon, late = (
        an_entry(key, patient=a_record("P1", phone="+12025551001", email=None), booking=a_booking(local(day)))
        for key, day in (("A1", "2027-03-02 15:00"), ("A2", "2027-03-03 15:00"))
    )
    world.sync(soon, late, options=SyncOptions(is_approved=True))
    world.at(NOW)
    world.text("C", sender="+12025551001")
    visits = {row.external_id: row for row in world.all(select(rows.appointment))}
    inbound = conversation_rows.inbound
    with world.store.transaction() as tx:
        tx.connection.execute(update(inbound).values(appointment_id=visits["A2"].id))
        tx.connection.execute(update(rows.appointment).values(confirmed_version=None))
    text = words(a_desk(world, tmp_path).get("/").text)
    told = re.findall(r"Reply C (confirms (?:for the session of \w+ \w+ \d+)?)", text)
    assert told == ["confirms for the session of Wed Mar 3", "confirms "]


@pytest.mark.both_databases
@pytest.mark.parametrize("whole", ["", "?span=week"])
def test_an_alarm_stands_first_however_much_that_is_urgent_waits_longer(
    store: Store, tmp_path: Path, whole: str
) -> None:
    world = a_clinic(store, 2, 0)
    crowd(world, tasks=260)
    world.text("my chest feels tight and i cant breathe", sender="+12025551001")
    page = a_desk(world, tmp_path).get(f"/{whole}").text
    assert page.count('<section class="alarm"') == 1
    assert page.index('<section class="alarm"') < page.index('<li class="item')


def test_what_is_due_first_is_shown_however_many_have_waited_longer(store: Store, tmp_path: Path) -> None:
    world = a_clinic(store, 2, 0)
    crowd(world, tasks=260)
    (visit,) = world.all(select(rows.appointment).order_by(rows.appointment.c.starts_at).limit(1))
    late = Task(TaskKind.QUESTION, Urgency.HIGH, "late", visit.clinic_id, visit.patient_id, due_at=NOW - HOUR)
    soon = Task(TaskKind.RESCHEDULE, Urgency.HIGH, "soon", visit.clinic_id, visit.patient_id)
    with world.store.transaction() as tx:
        open_many(tx, [(uuid4(), late), (uuid4(), soon)], now=NOW)
    page = a_desk(world, tmp_path).get("/").text
    assert page.count("data-task>") == 40
    assert re.findall(r"<h3><a[^>]*>([^<]+)", page)[0] == TITLES[TaskKind.QUESTION]
    assert "Tasks 1 to 40 of 262" in words(page)


def test_today_reads_what_it_shows_and_no_more(store: Store, tmp_path: Path) -> None:
    desk = a_desk(a_clinic(store, 4, 4), tmp_path)
    desk.get("/?span=week")
    with counting(store) as seen:
        desk.get("/?span=week")
    read = " ".join(seen)
    assert not [word for word in ("escort_phone", "understood", "message.body", "patient.email") if word in read]
    assert sum("FROM clinic" in statement for statement in seen) == 1
    assert sum("FROM pause" in statement for statement in seen) == 1


def test_only_today_and_the_next_open_day_are_shown_and_what_began_is_folded(store: Store, tmp_path: Path) -> None:
    world = World(store, now=local("2027-03-05 12:00"))
    days = ("2027-03-05 09:00", "2027-03-05 15:00", "2027-03-08 09:00", "2027-03-09 09:00")
    found = [replace(entry, booking=a_booking(local(day))) for entry, day in zip(entries(4), days, strict=True)]
    world.sync(*found, options=SyncOptions(is_approved=True))
    text = words(a_desk(world, tmp_path).get("/").text)
    assert "Today · Friday March 5" in text
    assert "Begun or over 1" in text
    assert "Monday March 8" in text
    assert "Tuesday March 9" not in text


def test_the_week_counts_every_day_and_each_leads_to_a_page_with_all_of_it(store: Store, tmp_path: Path) -> None:
    world = World(store, {**CLINIC, "closures": ["2027-03-11"]}, now=NOW - timedelta(days=4))
    days = (2, 3, 4, 4, 4, 11, 9)
    found = [
        replace(entry, booking=a_booking(local(f"2027-03-{day:02d} 15:00")))
        for entry, day in zip(entries(7), days, strict=True)
    ]
    world.sync(*found, options=SyncOptions(is_approved=True))
    crowd(world, sessions=1_100)
    world.at(NOW)
    world.text("C", sender="+12025551003")
    desk = a_desk(world, tmp_path)
    page = desk.get("/?span=week").text
    text = words(page)
    assert "Today · Tuesday March 2 1101 sessions" in text
    assert "Thursday March 4 3 sessions · 2 not confirmed · 3 without ride" in text
    assert "Tuesday March 9 1 session · 1 not confirmed · 1 without ride" in text
    assert "March 11" not in text
    assert "Number2" not in text
    (link,) = re.findall(r'href="([^"]+)">Thursday March 4<', page)
    alone = desk.get(unescape(link)).text
    assert alone.count('class="visit') == 3
    assert '<h1 class="unseen">Thursday March 4</h1>' in alone
    assert "Today · " not in words(alone)
    assert 'name="day" value="2027-03-04"' in alone
    assert "&amp;day=2027-03-04" in re.findall(r'data-source="([^"]+)"', alone)[0]
    assert "the clinic is closed" in words(desk.get("/?day=2027-03-11").text)
    assert "No sessions on Friday March 12" in words(desk.get("/?day=2027-03-12").text)
    assert {desk.get(f"/?day={day}").status_code for day in ("9999-12-31", "0001-01-01", "soon")} == {400}


def test_after_a_press_on_the_page_of_a_day_that_day_is_shown_again(store: Store, tmp_path: Path) -> None:
    world = a_clinic(store, 2, 1)
    desk, address = a_desk(world, tmp_path), f"/worklist/{short(world, 'question')}"
    desk.get("/")
    answer = desk.post(address, {"nonce": desk.nonce, "do": "take", "clinic": "riverside", "day": "2027-03-03"})
    assert answer.headers["location"] == "/?clinic=riverside&day=2027-03-03"


def test_each_clinic_is_seen_by_its_own_people_only(store: Store, tmp_path: Path) -> None:
    world = World(store, CLINIC, NORTH, now=NOW - timedelta(days=4))
    here, there = entries(2), entries(2, first=2)
    pairs = [("riverside", entry) for entry in here] + [("north", entry) for entry in there]
    world.sync(*pairs, options=SyncOptions(is_approved=True))
    world.at(NOW - timedelta(hours=3))
    world.text(LONG, sender="+12025551000")
    both = words(a_desk(world, tmp_path).get("/").text)
    assert "Number0" in both
    assert "Number2" in both
    assert "All clinics" in both
    one = a_desk(world, tmp_path, "north")
    text = words(one.get("/").text)
    assert "Number2" in text
    assert "Number0" not in text
    assert "All clinics" not in text
    assert one.get("/?clinic=riverside").status_code == 404
    address = f"/worklist/{short(world, 'question')}"
    assert one.get(address).status_code == 404
    assert press(one, address, do="take") == 404
    assert task(world, "question") == (None, None, None)


def test_words_that_are_kept_no_longer_are_quoted_as_nobodys(store: Store, tmp_path: Path) -> None:
    world = a_clinic(store, 2, 1)
    world.text("C", sender="+12025551001")
    desk = a_desk(world, tmp_path)
    before = desk.get("/").text
    assert before.count("<q>") == 2
    assert before.count("<blockquote>") == 1
    erase_replies(world)
    page = desk.get("/").text
    assert ERASED not in page
    assert "<q>" not in page
    assert "<blockquote>" not in page
    assert re.findall(r"Reply ([a-z ]+) Tue Mar 2", words(page)) == ["asks something", "confirms"]
