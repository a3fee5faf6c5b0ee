"""Escalations: the chain of people who are told that a patient may need help, and who is next until one takes over.

Requirement 45. The climb never ends by itself: after the last rung it begins again, slower. What a notice to staff says
is in `staff_texts`; this module knows no patient.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from reminders.core.check_ins import Concern
from reminders.core.delivery import ENDED, MessageState
from reminders.core.ids import ClinicId, InboundId, PatientId
from reminders.core.patients import Channel

USUAL_WAIT = timedelta(minutes=5)
WAIT_LATER = timedelta(minutes=10)
"""From the second round on each rung has at least this long: who slept through one text needs time for the next."""
LOOK_FOR_CHAIN = timedelta(minutes=1)
"""How often an escalation without a chain looks whether the clinic has one by now."""
JOINS_WITHIN = timedelta(hours=1)
"""So long after it began, an open escalation takes in what else the same patient writes."""
NOTICE_LASTS = timedelta(minutes=30)
"""Then a notice that could not leave is old news; the climb has told others, and comes round again."""
CODES_AGAIN = timedelta(hours=1)
"""How often a text from staff that we do not understand is answered at most."""
CANNOT_GO = ENDED - {MessageState.DELIVERED}
"""How a notice ends that nobody read: a STOP of who is on call cancels it, and a climb that is taken over is over."""
LEAST_CODE, CODES = 1000, 9000
CODE = re.compile(r"(?<!\d)\d{4}(?!\d)")
TAKES_OVER = frozenset(
    {
        *("ok", "okay", "k", "ack", "acknowledged", "yes", "y", "yep", "yeah", "got it", "on it", "im on it"),
        *("mine", "i got it", "ive got it", "i have it", "will do", "taking it", "i take it", "calling", "calling now"),
        *("si", "vale", "voy", "ya voy", "recibido", "entendido", "lo tengo", "yo me encargo", "me encargo"),
    }
)
"""Whole texts by which somebody on the chain takes over, where only one thing can be meant."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is told. The phone is in E.164; one of the two addresses is there."""

    name: str
    phone: str | None = None
    email: str | None = None

    @property
    def addresses(self) -> tuple[tuple[Channel, str], ...]:
        """Where this person is told, on every channel at once."""
        both = ((Channel.SMS, self.phone), (Channel.EMAIL, self.email))
        return tuple((channel, address) for channel, address in both if address)


@dataclass(frozen=True, slots=True)
class Rung:
    """Those who are told at the same moment, and how long they have before the next are told."""

    people: tuple[Person, ...]
    wait: timedelta = USUAL_WAIT


Chain = Sequence[Rung]


@dataclass(frozen=True, slots=True)
class Escalation:
    """One climb as we hold it. `rung` counts the rungs told so far, over all rounds; instants are the clinic's time."""

    id: UUID
    clinic_id: ClinicId
    patient_id: PatientId | None
    inbound_id: InboundId | None
    task_key: str
    concern: Concern
    code: str
    is_patient_told: bool
    rung: int
    opened_at: datetime
    next_at: datetime | None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one person of the chain."""

    name: str
    channel: Channel
    address: str


@dataclass(frozen=True, slots=True)
class Climb:
    """Whom to tell now, how many rungs are told by then, and when the next are."""

    notices: tuple[Notice, ...]
    rung: int
    next_at: datetime

    @property
    def is_unheard(self) -> bool:
        """Say that nobody can be told: the clinic named no one. The task is all there is."""
        return not self.notices


def next_notices(escalation: Escalation, chain: Chain, *, now: datetime) -> Climb:
    """Return the next step of a climb. Without a chain nobody is told, and it looks again soon."""
    if not chain:
        return Climb((), escalation.rung, now + LOOK_FOR_CHAIN)
    rounds, place = divmod(escalation.rung, len(chain))
    rung = chain[place]
    wait = max(rung.wait, WAIT_LATER) if rounds else rung.wait
    addresses = {pair: person.name for person in reversed(rung.people) for pair in person.addresses}
    notices = tuple(Notice(addresses[pair], *pair) for person in rung.people for pair in person.addresses)
    return Climb(tuple(dict.fromkeys(notices)), escalation.rung + 1, now + wait)


def is_due(
    escalation: Escalation, chain: Chain, fates: Mapping[int, Collection[MessageState]], *, now: datetime
) -> bool:
    """Say whether the climb goes on now. `fates` are the states of the notices by the rung (from 0) that they told.

    Where none of a rung's notices can arrive, the next is told at once; but not once a whole round has failed, or
    a chain of dead numbers would be run through day and night.
    """
    if escalation.acknowledged_at is not None or escalation.next_at is None:
        return False
    if escalation.next_at <= now:
        return True
    last = range(max(0, escalation.rung - len(chain)), escalation.rung)
    failed = [has_failed(fates.get(rung, ())) for rung in last]
    return bool(failed) and failed[-1] and not (len(failed) == len(chain) and all(failed))


def has_failed(states: Collection[MessageState]) -> bool:
    """Say whether every notice of a rung ended without arriving."""
    return bool(states) and all(state in CANNOT_GO for state in states)


def may_join(escalation: Escalation, *, now: datetime) -> bool:
    """Say whether a new alarm about the same patient is part of this climb, rather than the begin of another."""
    return escalation.acknowledged_at is None and now - escalation.opened_at < JOINS_WITHIN


def new_code(jitter: float, taken: Collection[str]) -> str:
    """Return a code of four digits that no open escalation has; `jitter` is random, in [0, 1)."""
    first = int(jitter * CODES)
    tries = (str(LEAST_CODE + (first + step) % CODES) for step in range(CODES))
    return next(code for code in tries if code not in taken)


def codes_in(text: str) -> frozenset[str]:
    """Return every number of four digits that a text names."""
    return frozenset(CODE.findall(text))


def is_only_codes(text: str) -> bool:
    """Say whether a text names codes, and not a word beside them."""
    return CODE.search(text) is not None and not any(char.isalpha() for char in text)


def takes_over(text: str) -> bool:
    """Say whether a text is nothing but the word of somebody who takes over."""
    folded = text.casefold().replace("í", "i").replace("'", "").replace("\u2019", "")
    return " ".join(re.sub(r"[^\w\s]+", " ", folded).split()) in TAKES_OVER


def person_at(chain: Chain, address: str) -> Person | None:
    """Return who of a chain has an address."""
    wanted = address.casefold()
    people = (person for rung in chain for person in rung.people)
    return next((one for one in people if any(held.casefold() == wanted for _, held in one.addresses)), None)


def notice_key(escalation_id: UUID, rung: int, place: int) -> str:
    """Return the key under which one notice of a rung is made once; the rung counts from 0."""
    return f"alert:{escalation_id}:{rung}:{place}"
