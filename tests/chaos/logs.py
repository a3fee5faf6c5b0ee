"""The three logs of a run as plain rows: what we promised, what the provider saw, what the database says.

All instants are the machine's time in UTC. States are words, not enums of the service: the checker shares no table of
states with what it checks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Promise:
    """A text that an acknowledged import owes somebody. `key` is `external_id/step`."""

    key: str
    to: str


@dataclass(frozen=True, slots=True)
class Call:
    """A create call as the provider logged it, taken or not. `tag` comes from its callback address."""

    at: datetime
    to: str
    tag: str | None
    fault: str | None
    sid: str | None
    status: int | None


@dataclass(frozen=True, slots=True)
class Text:
    """A text that the provider accepted."""

    sid: str
    to: str
    body: str
    tag: str | None
    at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The provider's log."""

    calls: Sequence[Call]
    texts: Sequence[Text]


@dataclass(frozen=True, slots=True)
class ReminderRow:
    """A reminder as stored. `key` as in `Promise`."""

    key: str
    state: str
    reason: str | None
    message_id: str | None


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message as stored."""

    id: str
    to: str
    state: str
    reason: str | None
    has_task: bool


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """An attempt as stored."""

    tag: str
    message_id: str
    state: str
    begun_at: datetime
    provider_id: str | None = None
    detail: str | None = None
    empty_looks: int = 0
    last_look_at: datetime | None = None
    is_late_accept: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A delivery report as stored."""

    tag: str | None
    provider_id: str
    status: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """The database's log. `contradictions` are the counts of the service's own ledger."""

    reminders: Sequence[ReminderRow]
    messages: Sequence[MessageRow]
    attempts: Sequence[AttemptRow]
    receipts: Sequence[ReceiptRow]
    contradictions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a run may be judged by.

    `grace` is how long an unknown outcome is looked for, `list_lag` how late the provider's list shows a text. Without
    `has_intents` (the control) no attempt precedes a call. `is_whole_plan` says that nothing but the promises leaves.
    """

    grace: timedelta = timedelta(minutes=10)
    list_lag: timedelta = timedelta(0)
    has_intents: bool = True
    is_whole_plan: bool = True
