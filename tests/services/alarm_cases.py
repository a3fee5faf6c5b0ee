"""What tests of alarms share: a clinic at night with three people on call, and what happens there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

from sqlalchemy import select

from reminders.core.check_ins import Concern
from reminders.core.ids import PatientId
from reminders.core.patients import Channel
from reminders.services.escalate import Alarm, acknowledge, climb, hear_staff, raise_alarm
from reminders.store import clinics, conversation_rows, rows
from reminders.store.unit_of_work import Store
from tests.builders import an_entry, local
from tests.world import World, only

NIGHT = local("2027-03-10 03:00")
MINUTE = timedelta(minutes=1)
FIRST, SECOND, MAIL = "+12025550171", "+12025550172", "lead@example.org"
CHAIN: list[dict[str, Any]] = [
    {"name": "Nurse on call", "phone": FIRST},
    {"name": "Second nurse", "phone": SECOND, "wait_minutes": 10},
    {"name": "Lead", "email": MAIL},
]
RED_FLAG = "my chest feels tight and i cant breathe"
CALLED = only("remind_confirm", escalation=CHAIN)


def begun(store: Store, *documents: dict[str, Any]) -> World:
    """A night at a clinic with one patient."""
    made = World(store, *documents)
    made.sync(an_entry())
    made.at(NIGHT)
    return made


def alarmed(world: World, concern: Concern = Concern.RED_FLAG, *, is_patient_told: bool = True) -> str:
    """Raise an alarm about the one patient."""
    with world.store.transaction() as tx:
        clinic_id = next(iter(clinics.every(tx)))
        alarm = Alarm(clinic_id, concern, patient_id=patient(world))
        return raise_alarm(tx, world.deps, alarm, is_patient_told=is_patient_told, now=world.clock.now())


def patient(world: World, external_id: str = "P1") -> PatientId:
    return PatientId(world.all(select(rows.patient.c.id).where(rows.patient.c.external_id == external_id))[0].id)


def taken(world: World, key: str, by: str = "Mara") -> bool:
    with world.store.transaction() as tx:
        return acknowledge(tx, world.deps, key, by=by, now=world.clock.now())


def hears(world: World, body: str, sender: str = FIRST) -> str | None:
    with world.store.transaction() as tx:
        return hear_staff(tx, world.deps, sender, body, now=world.clock.now())


def send(world: World) -> None:
    world.pump()
    world.pump(Channel.EMAIL)


def called(world: World) -> list[str]:
    """Who was called, in order: phones and mailboxes."""
    texts = [(sent.text.to, sent.text.body) for sent in world.sms.sent]
    mails = [(mail.to, mail.text) for mail in world.email.sent]
    return [to for to, body in [*texts, *mails] if "needs you now" in body]


def code(world: World) -> str:
    return str(world.all(select(conversation_rows.escalation.c.code))[-1].code)


def climb_of(world: World) -> Any:  # noqa: ANN401 - a row
    return world.all(select(conversation_rows.escalation))[0]


def later(world: World, by: timedelta) -> None:
    world.later(by)
    climb(world.deps)
    send(world)


def at_once(works: Sequence[Callable[[], int]]) -> list[int]:
    """Run some work at the same moment, each in a thread of its own."""
    ready = Barrier(len(works))

    def one(work: Callable[[], int]) -> int:
        ready.wait(10)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))
