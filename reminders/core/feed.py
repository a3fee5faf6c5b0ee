"""The events feed of the API: what happened at a clinic, for programs that follow it. It names rows, never a person.

An event's id follows from what it tells: the same news of the same instant, told twice, is one event.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from reminders.core.delivery import MessageState
from reminders.core.ids import ClinicId, PatientId


class FeedKind(StrEnum):
    """What an event tells. The order is that of events of one instant: causes before what follows from them."""

    REPLY_RECEIVED = "reply.received"
    PATIENT_OPTED_OUT = "patient.opted_out"
    PATIENT_OPTED_IN = "patient.opted_in"
    APPOINTMENT_MOVED = "appointment.moved"
    APPOINTMENT_CANCELLED = "appointment.cancelled"
    APPOINTMENT_CONFIRMED = "appointment.confirmed"
    APPOINTMENT_DECLINED = "appointment.declined"
    CHECK_IN_SCORED = "check_in.scored"
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGE_UNDELIVERED = "message.undelivered"
    MESSAGE_REJECTED = "message.rejected"
    MESSAGE_EXPIRED = "message.expired"
    MESSAGE_SUPPRESSED = "message.suppressed"
    MESSAGE_CANCELLED = "message.cancelled"
    MESSAGE_NEEDS_STAFF = "message.needs_staff"
    TASK_OPENED = "task.opened"
    TASK_TAKEN = "task.taken"
    TASK_RESOLVED = "task.resolved"


SETTLED: Mapping[MessageState, FeedKind] = {
    MessageState.DELIVERED: FeedKind.MESSAGE_DELIVERED,
    MessageState.UNDELIVERED: FeedKind.MESSAGE_UNDELIVERED,
    MessageState.REJECTED: FeedKind.MESSAGE_REJECTED,
    MessageState.EXPIRED: FeedKind.MESSAGE_EXPIRED,
    MessageState.SUPPRESSED: FeedKind.MESSAGE_SUPPRESSED,
    MessageState.CANCELLED: FeedKind.MESSAGE_CANCELLED,
    MessageState.NEEDS_STAFF: FeedKind.MESSAGE_NEEDS_STAFF,
}
"""What is told when a message comes to one of these states: every one in which it may end."""
_RANKS = {kind: rank for rank, kind in enumerate(FeedKind)}
_VERSION, _VARIANT, _TAIL_BITS, _RANK_BITS = 7, 0b10, 62, 12


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One thing that happened. `row` is what it is about, of the kind that `subject` names; `facts` are our own words.

    No fact may name or describe a patient.
    """

    kind: FeedKind
    clinic_id: ClinicId
    subject: str
    row: UUID
    happened_at: datetime
    patient_id: PatientId | None = None
    facts: Mapping[str, str | int | None] = field(default_factory=dict)

    @property
    def about(self) -> str:
        """Return kind and id of the row, as stored."""
        return f"{self.subject}:{self.row}"

    @property
    def id(self) -> UUID:
        """Return the id that follows from all this; ids sort by time, then by kind."""
        instant = int(self.happened_at.timestamp() * 1_000_000)
        told = f"{self.kind} {self.about} {self.clinic_id} {instant}".encode()
        tail = int.from_bytes(hashlib.sha256(told).digest()[:8]) >> (64 - _TAIL_BITS)
        high = ((instant // 1000) << 16) | (_VERSION << _RANK_BITS) | _RANKS[self.kind]
        return UUID(int=(high << 64) | (_VARIANT << _TAIL_BITS) | tail)


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it is read, with its place in the feed."""

    id: UUID
    number: int
    kind: FeedKind
    subject: str
    row: UUID
    patient_id: PatientId | None
    facts: Mapping[str, str | int | None]
    happened_at: datetime
