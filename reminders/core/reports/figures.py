"""What is counted of one week, of nobody in particular. A week without a figure is one in which nothing happened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Confirmations:
    """Sessions that stood when their time came, and those whose patient had said yes to just that time before it."""

    sessions: int = 0
    by_text: int = 0
    by_staff: int = 0
    by_page: int = 0

    @property
    def confirmed(self) -> int:
        """All of them, whatever brought the yes."""
        return self.by_text + self.by_staff + self.by_page


@dataclass(frozen=True, slots=True)
class Absences:
    """What became of the sessions of a week."""

    took_place: int = 0
    no_show: int = 0
    late_by_patient: int = 0
    late_by_clinic: int = 0
    late_by_schedule: int = 0
    cancelled_earlier: int = 0
    no_outcome: int = 0

    @property
    def late(self) -> int:
        """Cancelled in the last day before the start, by whomever."""
        return self.late_by_patient + self.late_by_clinic + self.late_by_schedule

    @property
    def held_against(self) -> int:
        """The sessions that lost slots are a share of: all that stood a day before, with an outcome."""
        return self.took_place + self.no_show + self.late


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What became of the texts and e-mails that were made in a week and tried."""

    delivered: int = 0
    undelivered: int = 0
    refused: int = 0
    unreported: int = 0
    emails: int = 0

    @property
    def reported(self) -> int:
        """Texts of which we know the end."""
        return self.delivered + self.undelivered + self.refused


@dataclass(frozen=True, slots=True)
class CodeCount:
    """Messages that met one error code; `is_text` False for e-mail."""

    code: str
    is_text: bool
    messages: int


@dataclass(frozen=True, slots=True)
class OptOuts:
    """People, not requests: an address that said so twice in a week counts once."""

    by_text: int = 0
    by_link: int = 0
    by_staff: int = 0
    opted_in: int = 0

    @property
    def total(self) -> int:
        """All ways together."""
        return self.by_text + self.by_link + self.by_staff


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle one of so many seconds, and the one that 95 in 100 do not exceed (nearest rank)."""

    count: int
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class CheckInAnswers:
    """Check-ins that left in a week, those answered with a score, and how long that took."""

    asked: int = 0
    answered: int = 0
    after: Spread | None = None


@dataclass(frozen=True, slots=True)
class Delays:
    """Reminders that left, and how long after they were due."""

    sent: int = 0
    after: Spread | None = None


@dataclass(frozen=True, slots=True)
class Replies:
    """Texts of patients that arrived in a week and were read."""

    read: int = 0
    unclear: int = 0
    corrected: int = 0
    alone: int = 0
    """Neither unclear nor corrected, and no task was opened for them."""
