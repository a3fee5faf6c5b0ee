from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, update

from reminders.core.appointments import ScheduleEntry
from reminders.core.retention import ERASED
from reminders.core.staff import Role, actor
from reminders.core.tasks import TITLES, TaskKind, Urgency
from reminders.services.apply_clinics import known_clinics
from reminders.services.sync_schedule import SyncOptions
from reminders.services.watch_appointments import watch_appointments
from reminders.store import conversation_rows, rows
from reminders.store.tasks import Task, open_many
from reminders.store.unit_of_work import Store
from reminders.web.console.door import acting
from reminders.web.errors import words_of
from tests.builders import a_booking, a_record, an_entry, local
from tests.servers.wiping import wipe
from tests.services.test_statements import counting
from tests.web.browser import Browser, some_app
from tests.world import CLINIC, World

NOW = local("2027-03-02 10:00")
NORTH = {**CLINIC, "slug": "north", "sender": "North Clinic"}
ON_CALL = [{"name": "Nurse on call", "phone": "+12025550199"}]
MOST_BYTES = 150_000
HOUR = timedelta(hours=1)
LONG = "what about my parking and the entrance, which door do I take when I come by bus on a Tuesday morning?"


def entries(count: int, *, first: int = 0) -> list[ScheduleEntry]:
    """So many patients, one half today and one half tomorrow."""
    return [
        an_entry(
            f"A{n}",
            patient=a_record(f"P{n}", name=f"Patient Number{n}", phone=f"+1202555{1000 + n}", email=None),
            booking=a_booking(local(f"2027-03-0{2 + n % 2} {8 + n % 9:02d}:{n % 6}0")),
        )
        for n in range(first, first + count)
    ]


def a_clinic(store: Store, sessions: int, tasks: int) -> World:
    """So many sessions and so many replies that need a person."""
    world = World(store, {**CLINIC, "escalation": ON_CALL}, now=NOW - timedelta(days=4))
    world.sync(*entries(sessions), options=SyncOptions(is_approved=True))
    world.at(NOW)
    for n in range(tasks):
        world.text(LONG, sender=f"+1202555{1000 + n}")
    return world


def crowd(world: World, *, sessions: int = 0, tasks: int = 0, alarms: int = 0) -> None:
    """Add so many sessions of the first patient today, and so many urgent tasks and alarms since this morning."""
    (item,) = world.all(select(rows.appointment).order_by(rows.appointment.c.starts_at).limit(1))
    more = [
        {**item._asdict(), "id": uuid4(), "external_id": f"more {n}", "starts_at": NOW + timedelta(seconds=30 * n)}
        for n in range(sessions)
    ]
    waiting = [
        (uuid4(), Task(TaskKind.CALL_WANTED, Urgency.HIGH, f"waits {n}", item.clinic_id, item.patient_id))
        for n in range(tasks)
    ] + [
        (uuid4(), Task(TaskKind.ESCALATION, Urgency.HIGH, f"alarms {n}", item.clinic_id, item.patient_id))
        for n in range(alarms)
    ]
    with world.store.transaction() as tx:
        if more:
            tx.connection.execute(insert(rows.appointment), more)
        open_many(tx, waiting, now=NOW - timedelta(hours=1))


def a_desk(world: World, folder: Path, *clinics: str, role: Role = Role.FRONT_DESK) -> Browser:
    """The browser of somebody who works at some clinics; with none named, at all."""
    app = some_app(world, folder, is_demo=True)
    every = known_clinics(world.deps)
    roles = {item.id: role for item in every if item.slug in clinics or not clinics}
    app.dependency_overrides[acting] = lambda: actor(None, "Alex", roles, every_clinic=[item.id for item in every])
    return Browser(app, "http://localhost:8000", address="127.0.0.1")


def erase_replies(world: World) -> None:
    """Let what patients wrote be kept no longer."""
    inbound = conversation_rows.inbound
    with world.store.transaction() as tx:
        for (key,) in world.all(select(inbound.c.id)):
            sealed = tx.vault.seal("inbound.body", key, ERASED)
            tx.connection.execute(update(inbound).where(inbound.c.id == key).values(body=sealed))


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def press(desk: Browser, address: str, **fields: str) -> int:
    desk.get("/")
    return desk.post(address, {"nonce": desk.nonce, **fields}).status_code


def short(world: World, kind: str) -> str:
    (row,) = world.all(select(rows.task).where(rows.task.c.kind == kind))
    return str(row.id.hex)


def a_task(world: World) -> str:
    return str(world.all(select(rows.task.c.id).limit(1))[0].id.hex)


def task(world: World, kind: str) -> tuple[str | None, str | None, str | None]:
    (row,) = world.all(select(rows.task).where(rows.task.c.kind == kind))
    return row.acknowledged_by, row.resolved_by, row.outcome


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


def turned(desk: Browser, page: str, name: str) -> Iterator[str]:
    """A page, and those that its links of this name lead to, one after the other."""
    yield page
    while link := re.search(rf'id="{name}"[^>]* href="([^"]+)"', page):
        page = desk.get(unescape(link.group(1))).text
        yield page


def shown(page: str, kind: str) -> list[str]:
    """The keys of the rows of a page, in their order."""
    return re.findall(rf'class="{kind}[^>]* data-key="([0-9a-f]+)"', page)


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
