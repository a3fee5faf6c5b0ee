"""Three clinics with years behind them and a full week ahead: what benchmarks of pages look at.

A fortnight is lived through the real services, with texts that are delivered and patients who answer; it is copied into
the years before; then come the days around now, lived the same way.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import cycle
from random import Random

from sqlalchemy import text, update

from reminders.core.appointments import AppointmentStatus, Booking, ScheduleEntry
from reminders.core.clinics import DEFAULT_TYPE
from reminders.core.delivery import ReceiptStatus
from reminders.core.patients import Channel, PatientRecord
from reminders.core.tasks import Outcome
from reminders.ports import InboundText, Receipt
from reminders.services.apply_receipts import apply_receipts, store_receipt
from reminders.services.receive_replies import receive_replies, store_text
from reminders.services.watch_appointments import watch_appointments
from reminders.store import conversation_rows, rows
from reminders.store.unit_of_work import Store
from tests.bench.copies import copy_into_the_past
from tests.builders import NEW_YORK, local
from tests.world import CLINIC, World

SLUGS = ("riverside", "north", "harbor")
CLINICS = tuple({**CLINIC, "slug": slug, "sender": f"{slug.title()} Clinic"} for slug in SLUGS)
SEVEN = local("2027-03-08 07:00")
"""Monday, when the front desk comes in."""
FORTNIGHT, THREE_DAYS, DAY, HOUR = timedelta(days=14), timedelta(days=3), timedelta(days=1), timedelta(hours=1)
IMPORT_HOUR = 11
"""The hour (UTC) at which the schedule is read."""
ANSWERS = cycle(
    (
        "C",
        "yes",
        "",
        "",
        "yes but no ride",
        "my sister drives me",
        "6",
        "",
        "4",
        "can we do Thursday",
        "",
        "purple",
        "8",
    )
)


class Town:
    """The world of the services, and the sessions that its clinics have."""

    def __init__(self, store: Store, *, seed: int = 1) -> None:
        """Begin with nothing booked."""
        self.world = World(store, *CLINICS, now=SEVEN - THREE_DAYS - FORTNIGHT)
        self._rng = Random(seed)  # noqa: S311 - a life to live again
        self._entries: dict[str, list[ScheduleEntry]] = {slug: [] for slug in SLUGS}
        self._heard = 0

    def book(self, days: int, *, a_day: int) -> None:
        """Book sessions on so many days from now on, so many a day at each clinic, in series of two a week."""
        for slug in SLUGS:
            people = [self._person(slug, number) for number in range(max(1, a_day * days // 4))]
            for number in range(a_day * days):
                day, place = divmod(number, a_day)
                start = self.world.clock.now() + DAY * day + HOUR * 2 + timedelta(minutes=10 * (place % 50))
                self._entries[slug].append(_session(people[number % len(people)], start, number))

    def _person(self, slug: str, number: int) -> PatientRecord:
        key = f"{slug}-{self.world.clock.now():%m%d}-{number}"
        digits = self._rng.randrange(10**7)
        language = "es" if number % 5 == 0 else "en"
        return PatientRecord(
            key, f"Patient {key}", f"+1212{digits:07d}", f"{key}@example.org", language, None,
            has_sms_consent=True, has_email_consent=number % 3 == 0,
        )  # fmt: skip

    def live(self, until: datetime) -> None:
        """Let time pass by the hour: import, send, deliver, hear, watch."""
        while self.world.clock.now() < until:
            now = self.world.clock.now()
            if now.hour == IMPORT_HOUR or not self.world.sms.calls:
                self._read(now)
            for channel in Channel:
                self.world.pump(channel)
            self._deliver()
            watch_appointments(self.world.deps)
            self.world.later(HOUR)

    def _read(self, now: datetime) -> None:
        self.world.sync(*((slug, _as_of(entry, now)) for slug, entries in self._entries.items() for entry in entries))

    def _deliver(self) -> None:
        for sent in self.world.sms.sent[self._heard :]:
            receipt = Receipt(sent.provider_id, ReceiptStatus.DELIVERED, "delivered", None, None)
            store_receipt(self.world.deps, sent.text.tag, receipt)
            answer = next(ANSWERS)
            if answer and "reply" in sent.text.body.lower():
                written = InboundText(f"SMa{sent.provider_id}", sent.text.to, CLINIC["phone"], answer, 0)
                store_text(self.world.deps, written)
        self._heard = len(self.world.sms.sent)
        apply_receipts(self.world.deps)
        receive_replies(self.world.deps)


def _session(patient: PatientRecord, start: datetime, number: int) -> ScheduleEntry:
    booking = Booking(
        start, NEW_YORK, timedelta(minutes=60), DEFAULT_TYPE, AppointmentStatus.BOOKED, f"S{patient.external_id}", None
    )
    return ScheduleEntry(f"{patient.external_id}-{number}", patient, booking, number + 2)


def _as_of(entry: ScheduleEntry, now: datetime) -> ScheduleEntry:
    """Return the row as the clinic writes it at this time: a session that has begun took place, but for a few."""
    if entry.booking.starts_at > now:
        return entry
    status = AppointmentStatus.NOSHOW if entry.line % 25 == 0 else AppointmentStatus.FULFILLED
    return replace(entry, booking=replace(entry.booking, status=status))


def _work_off(store: Store) -> None:
    """Let staff have ended every task and every climb of the past when it began."""
    task, climb = rows.task, conversation_rows.escalation
    done = {"resolved_at": task.c.opened_at, "resolved_by": "Kim Doe", "outcome": Outcome.DONE}
    taken = {"acknowledged_at": climb.c.opened_at, "acknowledged_by": "Kim Doe"}
    with store.transaction() as tx:
        tx.connection.execute(update(task).where(task.c.resolved_at.is_(None)).values(done))
        tx.connection.execute(update(climb).where(climb.c.acknowledged_at.is_(None)).values(taken))


def lived(store: Store, *, copies: int, a_day: int = 5, busy_day: int = 40) -> World:
    """Fill an empty database: a fortnight, copied so many times into the past, and the days around this Monday.

    Each copy holds 42 times `a_day` sessions. Returns the world, in which it is 7:00.
    """
    town = Town(store)
    town.book(14, a_day=a_day)
    town.live(SEVEN - THREE_DAYS)
    copy_into_the_past(store, copies=copies, every=FORTNIGHT)
    _work_off(store)
    town.book(7, a_day=busy_day)
    town.live(SEVEN)
    if store.engine.dialect.name == "postgresql":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
    return town.world
