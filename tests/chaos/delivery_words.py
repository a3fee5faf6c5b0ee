"""The nouns of the reference of delivery: texts and their tries, what is planned, what the provider does."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
BEHIND = 7 * HOUR
"""How far the one zone of the reference is behind UTC, all year."""
GIVEN_UP = ("absent", "failed")
ENDS = ("undelivered", "rejected", "suppressed", "cancelled", "expired", "needs_staff")
LADDER = ("due held claimed", "sending unknown needs_staff", "accepted", "sent", "delivered undelivered")
"""A receipt only takes a text further up; from what is not here it takes nothing away."""


def opening(at: datetime) -> datetime:
    """Return the first instant, not before this one, at which we may write: nine to eight, on Sundays from noon."""
    local = at - BEHIND
    while local.time() >= time(20):
        local = datetime.combine(local.date() + DAY, time(0), local.tzinfo)
    opens = datetime.combine(local.date(), time(12 if local.weekday() == 6 else 9), local.tzinfo)
    return max(local, opens) + BEHIND


def is_above(new: str, old: str) -> bool:
    """Say whether a state is further up than another."""
    place = {word: step for step, words in enumerate(LADDER) for word in words.split()}
    return place[new] > place.get(old, len(LADDER))


Key = tuple[int, int]
"""Patient and version."""


@dataclass(slots=True)
class Try:
    """One call, from its intent on."""

    begun: datetime
    state: str = "sending"
    sid: str | None = None
    looks: list[datetime] = field(default_factory=list)
    looked: datetime | None = None
    is_late: bool = False


@dataclass(slots=True)
class Text:
    """One message."""

    key: Key
    due: datetime
    expires: datetime
    state: str = "due"
    reason: str | None = None
    lease: datetime | None = None
    tries: list[Try] = field(default_factory=list)
    resends: int = 0
    redeliveries: int = 0

    @property
    def late(self) -> Try | None:
        """The try that was given up, and that the provider had."""
        return next((item for item in reversed(self.tries) if item.is_late and item.state in GIVEN_UP), None)

    @property
    def doubles(self) -> list[Try]:
        """The tries that prove that the provider took two."""
        taken = [item for item in self.tries if item.state == "accepted"]
        return [item for item in self.tries if item.is_late and taken]


def in_turn(text: Text) -> tuple[bool, datetime, datetime, datetime]:
    """Return when the turn of a text in doubt comes: when it was last looked for, when it left, before whom it left."""
    last = text.tries[-1]
    return last.looked is not None, last.looked or last.begun, last.begun, text.due


@dataclass(slots=True)
class Slot:
    """One planned touch."""

    due: datetime
    expires: datetime
    state: str
    reason: str | None = None


@dataclass(slots=True)
class Person:
    """A patient with the session as the schedule has it."""

    phone: str
    start: datetime
    version: int = 1
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """A text that the provider took."""

    sid: str
    key: Key
    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Word:
    """An outcome of a call: its kind, and what the provider does. `refusal` of the rejected, `blame` of the absent."""

    kind: str = "accepted"
    refusal: str = ""
    blame: str = ""
    wait: timedelta | None = None
    has_arrived: bool = True
    is_hidden: bool = False


@dataclass(slots=True)
class Circuit:
    """Whether calls are worth making: after "too many" and while our set-up is refused one probe at a time."""

    cause: str | None = None
    opened: datetime | None = None
    probe: datetime | None = None
    missed: int = 0
    told_later: datetime | None = None

    def passes(self, now: datetime) -> str:
        """Say who may go through: all, one, none."""
        if self.cause is None:
            return "all"
        return "none" if self.probe is not None and now < self.probe else "one"

    def open(self, cause: str, now: datetime, wait: timedelta) -> None:
        """Open it; a refused set-up is worse than a limit, and the later probe counts."""
        self.probe = max(now + wait, self.probe or now)
        if self.cause is None or (cause, self.cause) == ("configuration", "limit"):
            self.cause, self.opened, self.missed, self.told_later = cause, now, 0, None

    def close(self) -> None:
        """Let all through again."""
        self.cause = self.opened = self.probe = self.told_later = None

    def hear(self, word: Word, begun: datetime, now: datetime) -> None:
        """Learn from a call; what began before it opened proves nothing."""
        if self.opened is not None and begun <= self.opened:
            return
        if word.kind in ("accepted", "rejected"):
            if self.told_later is None or begun - self.told_later >= 15 * MINUTE:
                self.close()
        elif word.blame == "configuration":
            self.open("configuration", now, 30 * SECOND)
        elif word.blame == "limit":
            self.open("limit", now, word.wait or 5 * SECOND)
        elif word.kind == "unknown" and self.cause == "limit":
            self.missed += 1
            if self.missed == 3:
                self.cause, self.probe = "failures", max(now + 30 * SECOND, self.probe or now)
