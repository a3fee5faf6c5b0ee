"""A clinic with every port in memory over a real database: what the tests of services, doors and workers act in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from reminders.adapters.calendar_invite import invite
from reminders.adapters.memory import (
    MemoryClock,
    MemoryEmailGateway,
    MemoryIdentity,
    MemoryJobQueue,
    MemoryScheduleSource,
    MemorySmsGateway,
)
from reminders.adapters.memory_calendar import MemoryCalendar
from reminders.adapters.memory_credentials import MemoryCredentials
from reminders.core.allow_list import AllowList
from reminders.core.appointments import ScheduleEntry
from reminders.core.cadences import DEFAULT_CADENCE
from reminders.core.delivery import ReceiptStatus, Refusal
from reminders.core.patients import Channel
from reminders.ports import Fault, InboundText, Receipt, ScheduleReading
from reminders.services.apply_clinics import apply_clinics
from reminders.services.apply_receipts import apply_receipts, store_receipt
from reminders.services.deps import Deps, SendingPolicy
from reminders.services.dispatch_due import dispatch_due
from reminders.services.receive_replies import receive_replies, store_text
from reminders.services.resolve_unknowns import resolve_unknowns
from reminders.services.send_messages import pump
from reminders.services.sync_schedule import SyncOptions, SyncReport, sync_schedule
from reminders.store import ledger, messages, rows
from reminders.store.messages import Claimed
from reminders.store.unit_of_work import Store
from tests.builders import NEW_YORK, NOON, a_record, an_entry, local

CLINIC = {"slug": "riverside", "sender": "Riverside Clinic", "timezone": NEW_YORK, "phone": "+12025550100"}
PHONE = "+12025550101"
"""The phone of the patient that `builders.a_record` makes."""
MINUTE = timedelta(minutes=1)
CONFIRM_AT = local("2027-03-13 10:00")
"""When the patient of `builders.a_booking` is asked to confirm: three days before, a Saturday."""


def only(*steps: str, **parts: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of a clinic's document
    """Return a clinic whose cadence has only these steps."""
    off = [step.key for step in DEFAULT_CADENCE.steps if step.key not in steps]
    return {**CLINIC, "cadence": {"*": {"off": off, "on": list(steps)}}, **parts}


def some_entries(count: int) -> list[ScheduleEntry]:
    """Return one appointment each for so many patients, all at the same time."""
    return [
        an_entry(f"A{n}", patient=a_record(f"P{n}", phone=f"+1202555{n:04d}", email=f"p{n}@example.org"))
        for n in range(1, count + 1)
    ]


class World:
    """One installation. Time stands still until `at` or `later` moves it."""

    def __init__(self, store: Store, *clinics: dict[str, Any], now: datetime = NOON) -> None:
        self.store = store
        self.clock = MemoryClock(now)
        self.identity = MemoryIdentity()
        self.queue = MemoryJobQueue()
        self.sms = MemorySmsGateway(self.clock)
        self.email = MemoryEmailGateway(self.clock)
        self.credentials = MemoryCredentials()
        self.source = MemoryScheduleSource(ScheduleReading((), ()))
        self._numbers = count(1)
        self.deps = Deps(
            store=store,
            clock=self.clock,
            identity=self.identity,
            queue=self.queue,
            sms=self.sms,
            email=self.email,
            invite=invite,
            allow_list=AllowList(None),
            calendar=MemoryCalendar(),
            credentials=self.credentials,
            public_url="https://reminders.example",
            mail_domain="reminders.example",
            provider_answers_keywords=False,
            policy=SendingPolicy(flush_after=timedelta(milliseconds=5)),
        )
        apply_clinics(self.deps, [("clinic.toml", document) for document in (clinics or (CLINIC,))])

    def change(self, **parts: Any) -> None:  # noqa: ANN401 - any of the fields of Deps
        """Replace parts of the bundle that services are given."""
        self.deps = replace(self.deps, **parts)

    def at(self, when: datetime) -> None:
        """Let time pass until an instant."""
        self.clock.set(when)

    def later(self, by: timedelta) -> None:
        """Let time pass."""
        self.clock.advance(by)

    def sync(
        self,
        *entries: ScheduleEntry | tuple[str | None, ScheduleEntry],
        faults: Sequence[Fault] = (),
        options: SyncOptions | None = None,
    ) -> SyncReport:
        """Read a schedule of these rows."""
        pairs = tuple((None, entry) if isinstance(entry, ScheduleEntry) else entry for entry in entries)
        self.source.reading = ScheduleReading(pairs, tuple(faults))
        return sync_schedule(self.deps, self.source, options or SyncOptions())

    def pump(self, channel: Channel = Channel.SMS, *, wake: Callable[[float], bool] | None = None) -> int:
        """Send what is due."""
        return pump(self.deps, channel, lasts=timedelta(seconds=20), wake=wake or (lambda _seconds: False))

    def claim(self, channel: Channel = Channel.SMS, *, limit: int = 100) -> tuple[UUID, list[Claimed]]:
        """Make messages of what is due and take them, as a pump does before the gate."""
        dispatch_due(self.deps)
        token, lease = self.identity.new_id(), self.clock.machine_now() + self.deps.policy.lease
        with self.store.transaction() as tx:
            before = self.clock.now() + self.deps.policy.ahead
            return token, messages.claim(tx, channel, before=before, limit=limit, token=token, lease_until=lease)

    def resolve(self) -> int:
        """Settle what is in doubt."""
        return resolve_unknowns(self.deps)

    def resolve_for(self, span: timedelta, *, every: timedelta = MINUTE) -> None:
        """Look for unknowns again and again while time passes."""
        until = self.clock.machine_now() + span
        while self.clock.machine_now() < until:
            self.later(every)
            self.resolve()

    def text(self, body: str, *, sender: str = PHONE, provider_id: str | None = None) -> bool:
        """Let a text arrive, and read it."""
        text = InboundText(provider_id or f"SMin{next(self._numbers):028x}", sender, "+12025550100", body, 0)
        is_new = store_text(self.deps, text)
        receive_replies(self.deps)
        return is_new

    def receipt(
        self,
        tag: UUID | None,
        status: ReceiptStatus,
        *,
        provider_id: str | None = None,
        code: str | None = None,
        refusal: Refusal | None = None,
    ) -> bool:
        """Let a receipt arrive, and apply it."""
        sid = provider_id or next((sent.provider_id for sent in self.sms.sent if sent.text.tag == tag), "SMnobody")
        is_new = store_receipt(self.deps, tag, Receipt(sid, status, status.value, code, refusal))
        apply_receipts(self.deps)
        return is_new

    def hear_receipts(self) -> None:
        """Let a receipt of something else arrive: proof that receipts reach us at all."""
        self.receipt(self.identity.new_tag(), ReceiptStatus.SENT, provider_id=f"SMother{next(self._numbers)}")

    @property
    def bodies(self) -> list[str]:
        """What arrived at phones, in order."""
        return [sent.text.body for sent in self.sms.sent]

    def all(self, statement: Select[Any]) -> list[Any]:
        """Return rows."""
        with self.store.reading() as tx:
            return list(tx.connection.execute(statement))

    def messages(self) -> list[Any]:
        """Return all messages in the order in which they were made."""
        return self.all(select(rows.message).order_by(rows.message.c.made_at, rows.message.c.id))

    def states(self) -> list[tuple[str, str | None]]:
        """Return state and reason of all messages."""
        return [(row.state, row.reason) for row in self.messages()]

    def attempts(self) -> list[Any]:
        """Return all attempts in order."""
        return self.all(select(rows.attempt).order_by(rows.attempt.c.machine_begun_at, rows.attempt.c.fence))

    def reminders(self) -> dict[tuple[str, int, str], tuple[str, str | None]]:
        """Return state and reason of reminders by (appointment, version, step)."""
        joined = rows.reminder.join(rows.appointment, rows.appointment.c.id == rows.reminder.c.appointment_id)
        columns = (rows.appointment.c.external_id, rows.reminder)
        found = self.all(select(*columns).select_from(joined).order_by(rows.reminder.c.due_at))
        return {(row.external_id, row.version, row.step): (row.state, row.reason) for row in found}

    def tasks(self) -> list[str]:
        """Return the kinds of all tasks, in order."""
        return [row.kind for row in self.all(select(rows.task).order_by(rows.task.c.opened_at, rows.task.c.id))]

    def count(self, name: str) -> int:
        """Return how many rows a table has."""
        table = rows.metadata.tables[name]
        return int(self.all(select(func.count()).select_from(table))[0][0])

    def check(self) -> ledger.Ledger:
        """Return the ledger, and fail where it is not balanced."""
        with self.store.reading() as tx:
            found = ledger.read(tx)
        assert found.is_balanced, found.contradictions
        return found
