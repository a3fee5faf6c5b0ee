"""The front desk in tests: a clinic with sessions, tasks and alarms, and somebody signed in who presses buttons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from uuid import uuid4

from sqlalchemy import insert, select, update

from reminders.core.appointments import ScheduleEntry
from reminders.core.retention import ERASED
from reminders.core.staff import Role, actor
from reminders.core.tasks import TaskKind, Urgency
from reminders.services.apply_clinics import known_clinics
from reminders.services.sync_schedule import SyncOptions
from reminders.store import conversation_rows, rows
from reminders.store.tasks import Task, open_many
from reminders.store.unit_of_work import Store
from reminders.web.console.door import acting
from tests.builders import a_booking, a_record, an_entry, local
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


def turned(desk: Browser, page: str, name: str) -> Iterator[str]:
    """A page, and those that its links of this name lead to, one after the other."""
    yield page
    while link := re.search(rf'id="{name}"[^>]* href="([^"]+)"', page):
        page = desk.get(unescape(link.group(1))).text
        yield page


def shown(page: str, kind: str) -> list[str]:
    """The keys of the rows of a page, in their order."""
    return re.findall(rf'class="{kind}[^>]* data-key="([0-9a-f]+)"', page)
