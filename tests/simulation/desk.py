"""The door between a simulated life and the service: whatever happens is done by the real services, and is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from reminders.adapters.memory import MemoryScheduleSource
from reminders.core.delivery import ReceiptStatus, Refusal
from reminders.core.ids import PatientId
from reminders.core.patients import Channel
from reminders.core.pauses import PauseKind
from reminders.ports import Receipt, ScheduleReading
from reminders.services.apply_clinics import apply_clinics
from reminders.services.apply_receipts import apply_receipts, store_receipt
from reminders.services.escort_consent import record_escort_consent
from reminders.services.expire_overdue import expire_overdue
from reminders.services.pause import Subject, pause, resume
from reminders.services.plan_reminders import plan_patients
from reminders.services.record_end import record_end
from reminders.services.respond_by_link import LinkAnswer, respond_by_link
from reminders.services.sync_schedule import SyncOptions, sync_schedule
from reminders.services.watch_appointments import watch_appointments
from reminders.store import clinics, rows
from tests.simulation.facts import (
    AddressIs,
    EscortAgreed,
    Fact,
    MessageLeft,
    Part,
    PausedIs,
    Replanned,
)
from tests.simulation.town import Person, Session, Site, Town
from tests.world import World

LINK = re.compile(r"/r/([\w-]{20,})")


class Desk:
    """Acts on the service and tells what the service was told."""

    def __init__(self, world: World, town: Town, tell: Callable[[Fact], None]) -> None:
        self.world = world
        self._town = town
        self._tell = tell
        self._seen = {Channel.SMS: 0, Channel.EMAIL: 0}
        self._slugs = {row.id: row.slug for row in world.all(select(rows.clinic))}
        self.mails: dict[str, str] = {}
        """The token of the page that a mail leads to, by message."""
        self._reported: list[AddressIs | None] = []

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def read(self, file: str, *, is_first: bool = False) -> None:
        """Let the service read one schedule file as it is now."""
        items = self._town.files[file]
        slug = items[0].person.site.key
        pairs = tuple((slug, item.entry(line)) for line, item in enumerate(items, 2))
        source = MemoryScheduleSource(ScheduleReading(pairs, ()), file)
        options = SyncOptions(is_approved=True, is_announced=not is_first)
        report = sync_schedule(self.world.deps, source, options)
        assert report.is_applied
        for item in items:
            self._told(item)

    def _told(self, item: Session) -> None:
        if item.person.known != item.person.record:
            item.person.known = item.person.record
            self._tell(item.person.fact())
        if item.known != (item.starts_at, item.status):
            item.known = (item.starts_at, item.status)
            item.version += 1
            self._tell(item.fact(self.now))

    def end(self, item: Session, at: datetime) -> None:
        """Record when a session really ended."""
        item.ended_at = at
        record_end(self.world.deps, item.key, item.person.site.key, at.isoformat(), by="desk")
        if item.known is not None:
            starts_at, status = item.known
            self._tell(replace(item.fact(self.now), starts_at=starts_at, status=status.value))

    def apply(self, site: Site) -> None:
        """Bring in a clinic's file."""
        apply_clinics(self.world.deps, [(f"{site.key}.toml", site.document)])
        self._tell(site.fact())

    def text(self, sender: str, body: str) -> None:
        """Let a text arrive and be read."""
        self.world.text(body, sender=sender)
        word = body.upper()
        owners = [item for item in self._town.people if item.known is not None and item.known.phone == sender]
        if word == "STOP":
            self._tell(AddressIs(sender, is_open=False))
            email = owners[0].known.email if len(owners) == 1 and owners[0].known else None
            if email:
                self._tell(AddressIs(email, is_open=False))
        elif word == "START":
            self._tell(AddressIs(sender, is_open=True))

    def answer_mail(self, message: str, answer: LinkAnswer) -> None:
        """Press a button on the page of a mail."""
        if message in self.mails:
            respond_by_link(self.world.deps, self.mails[message], answer)

    def pause(self, kind: PauseKind, name: str, site: Site, *, is_paused: bool) -> None:
        """Pause something, or end that."""
        subject = Subject(kind, name, site.key)
        if is_paused:
            pause(self.world.deps, subject, reason="asked for it", by="Kim")
        else:
            resume(self.world.deps, subject, by="Kim")
        if kind is not PauseKind.DAY:
            self._tell(PausedIs(name, is_paused))

    def agree(self, person: Person) -> None:
        """Record that a patient's escort may be texted."""
        phone = person.escort_phone or ""
        record_escort_consent(
            self.world.deps, person.key, person.site.key, phone, is_granted=True, note="said so", by="Kim"
        )
        self._tell(EscortAgreed(person.key, phone))

    def deliver(self, tag: UUID, provider_id: str, address: str, *, is_dead: bool) -> None:
        """Let the provider report what became of a text."""
        status = ReceiptStatus.UNDELIVERED if is_dead else ReceiptStatus.DELIVERED
        refusal, code = (Refusal.ADDRESS, "30006") if is_dead else (None, None)
        store_receipt(self.world.deps, tag, Receipt(provider_id, status, status.value, code, refusal))
        self._reported.append(AddressIs(address, is_open=False) if is_dead else None)

    def hear_receipts(self) -> None:
        """Take in what the provider reported."""
        if self._reported:
            apply_receipts(self.world.deps)
        for fact in filter(None, self._reported):
            self._tell(fact)
        self._reported.clear()

    def work(self, due: Collection[str]) -> None:
        """Do what is due, as the workers would."""
        if {"dispatch", "sms"} & set(due):
            self.world.pump(Channel.SMS)
        if {"dispatch", "email"} & set(due):
            self.world.pump(Channel.EMAIL)
        if {"reminders", "messages"} & set(due):
            expire_overdue(self.world.deps)
        if "watch" in due:
            watch_appointments(self.world.deps)
        self.world.queue.take()

    def left(self) -> list[tuple[MessageLeft, UUID, str]]:
        """Return what left since the last time, each with its attempt's tag and provider's id, and tell it."""
        texts, mails = self.world.sms.calls, self.world.email.calls
        fresh_texts, fresh_mails = texts[self._seen[Channel.SMS] :], mails[self._seen[Channel.EMAIL] :]
        self._seen = {Channel.SMS: len(texts), Channel.EMAIL: len(mails)}
        where = {text.tag: text.to for text in fresh_texts} | {mail.tag: mail.to for mail in fresh_mails}
        if not where:
            return []
        found = self._departures(where)
        by_tag = {tag: left.key for left, tag, _ in found}
        for mail in fresh_mails:
            link = LINK.search(mail.text)
            if link is not None:
                self.mails[by_tag[mail.tag]] = link.group(1)
        for left, _, _ in found:
            self._tell(left)
        return found

    def _departures(self, where: dict[Any, str]) -> list[tuple[MessageLeft, UUID, str]]:
        attempt, message, patient = rows.attempt, rows.message, rows.patient
        of = attempt.join(message, message.c.id == attempt.c.message_id).outerjoin(
            patient, patient.c.id == message.c.patient_id
        )
        wanted = (
            select(attempt.c.tag, attempt.c.provider_id, attempt.c.begun_at, message, patient.c.external_id)
            .select_from(of)
            .where(attempt.c.tag.in_(list(where)))
            .order_by(attempt.c.begun_at, attempt.c.machine_begun_at)
        )
        found = self.world.all(wanted)
        parts = self._parts([row.id for row in found])
        return [(_departure(row, where[row.tag], parts.get(row.id, ())), row.tag, row.provider_id) for row in found]

    def _parts(self, ids: list[UUID]) -> dict[UUID, tuple[Part, ...]]:
        reminder, appointment = rows.reminder, rows.appointment
        of = reminder.join(appointment, appointment.c.id == reminder.c.appointment_id)
        wanted = select(reminder, appointment.c.external_id).select_from(of).where(reminder.c.message_id.in_(ids))
        parts: dict[UUID, tuple[Part, ...]] = {}
        for row in self.world.all(wanted):
            parts[row.message_id] = (
                *parts.get(row.message_id, ()),
                Part(row.external_id, row.version, row.step),
            )
        return parts

    def replan(self) -> None:
        """Plan everybody anew, which must change nothing."""
        changes: list[str] = []
        with self.world.store.transaction() as tx:
            for clinic_id, clinic in clinics.every(tx).items():
                mine = select(rows.patient.c.id).where(rows.patient.c.clinic_id == clinic_id)
                ids = [PatientId(key) for key in tx.connection.scalars(mine)]
                done = plan_patients(tx, clinic, ids, identity=self.world.identity, now=self.now)
                changes += [f"{clinic.slug} added {row[1:4]} {row[4]}" for row in done.rows]
                changes += [f"{clinic.slug} ended {reason} {ids}" for reason, ids in done.ended.items()]
                changes += [f"{clinic.slug} moved {len(done.moves)}"] if done.moves else []
        self._tell(Replanned(self.now, tuple(changes)))


def _departure(row: Any, address: str, parts: tuple[Part, ...]) -> MessageLeft:  # noqa: ANN401 - a row of the query above
    return MessageLeft(
        at=row.begun_at,
        key=str(row.id),
        person=row.external_id,
        channel=row.channel.value,
        address=address,
        origin=row.origin.value,
        recipient=row.recipient.value,
        kind=row.kind,
        made_at=row.made_at,
        expires_at=row.expires_at,
        parts=parts,
        asks=row.asks.value if row.asks else None,
    )
