"""What every service is given: the ports, the database, and the installation's decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from reminders.core.allow_list import AllowList
from reminders.core.delivery import Resolution
from reminders.core.lookout import Lookout
from reminders.core.pacing import Pace
from reminders.core.patients import Channel
from reminders.core.retention import Retention
from reminders.ports import (
    Calendar,
    Clock,
    Credentials,
    EmailGateway,
    Identity,
    Invite,
    JobQueue,
    LineLookup,
    Pacer,
    SmsGateway,
)
from reminders.store.unit_of_work import Store

GATE_AHEAD = timedelta(milliseconds=120)
"""Long enough for a gate and a claim on a busy machine; short enough that hardly anybody opts out meanwhile."""


@dataclass(frozen=True, slots=True)
class SendingPolicy:
    """Numbers of the sending path. All durations are machine time except `ahead`, which is the clinic's."""

    ahead: timedelta = timedelta(seconds=1.5)
    """How early a message is claimed, so that it can leave at its very time."""
    lease: timedelta = timedelta(seconds=60)
    deadline: timedelta = timedelta(seconds=45)
    """After this an attempt without an outcome is in doubt; longer than any call may take."""
    start_within: timedelta = timedelta(seconds=5)
    """A call that does not begin so soon after its intent does not begin at all."""
    mail_deadline: timedelta = timedelta(seconds=300)
    claim_size: int = 128
    in_flight: int = 32
    """How many calls one pump has under way at most."""
    mails_at_once: int = 32
    """How many mails are one batch: they leave one after the other, and all must have begun within `start_within`."""
    on_deck: int = 0
    """How many more intents are written while calls end quickly. A kill leaves these in doubt too."""
    least_group: int = 8
    """How many calls must have ended before more are begun, unless fewer are waiting: each beginning costs a commit."""
    flush_after: timedelta = timedelta(milliseconds=5)
    look_again_after: timedelta = timedelta(seconds=30)
    gate_ahead: timedelta = timedelta(0)
    """How long before it is due (machine time) the intent of a text may be written: its call waits for its time."""
    works_aside: bool = False
    """Whether messages are made, and outcomes recorded, beside the sending of others.

    On SQLite one would only wait for the other.
    """

    @classmethod
    def of(cls, calls: int, *, is_shared: bool) -> Self:
        """Return the numbers that fit so many calls at a time, and a database that is shared or embedded.

        A quarter more is on deck: while outcomes are recorded, and what follows them is begun, the wire must not fall
        idle.
        """
        least = max(1, calls // 3)
        size = max(4 * calls, 100)
        return cls(
            in_flight=calls,
            on_deck=calls // 4,
            least_group=least,
            claim_size=size,
            gate_ahead=GATE_AHEAD,
            works_aside=is_shared,
        )


@dataclass(frozen=True, slots=True)
class Deps:
    """The bundle. `sms` or `email` is None where no provider is configured: such messages wait, then go to staff."""

    store: Store
    clock: Clock
    identity: Identity
    queue: JobQueue
    sms: SmsGateway | None
    email: EmailGateway | None
    invite: Invite
    allow_list: AllowList
    calendar: Calendar
    credentials: Credentials
    public_url: str
    mail_domain: str
    provider_answers_keywords: bool = True
    own_number: str = ""
    """The number that texts leave from, in E.164, where there is one: from a toll-free one YES subscribes nobody."""
    accounts: Mapping[Channel, str] = field(default_factory=lambda: {channel: channel.value for channel in Channel})
    """Which provider account each channel uses: circuits and paces are kept by it."""
    pacer: Pacer | None = None
    pace: Pace = field(default_factory=lambda: Pace.of(100.0))
    """How fast texts may leave, in segments a second."""
    lookup: LineLookup | None = None
    resolution: Resolution = field(default_factory=Resolution)
    policy: SendingPolicy = field(default_factory=SendingPolicy)
    retention: Retention = field(default_factory=Retention)
    """How long what is stored is kept."""
    lookout: Lookout = field(default_factory=Lookout)
    """What this process remembers of its looks at what waits."""
