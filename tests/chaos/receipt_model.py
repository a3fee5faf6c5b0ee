"""What becomes of messages by their provider's reports, told a second time: from the specification, not from our code.

Reports are kept once for each (message of the provider, status), are found by the tag in their address, prove that the
provider has the message, and move it forward only: accepted, sent, then delivered or undelivered, of which the first
stands. A failure that may pass is tried again; what is reported of the failed try later changes nothing but, at most,
that it arrived after all. An opt-out closes the phone, a number that cannot be texted its row.
"""

from __future__ import annotations

from dataclasses import dataclass, field

STEPS = {"accepted": 0, "queued": 0, "sending": 0, "sent": 1, "delivered": 2, "undelivered": 2, "failed": 2}
WORDS = ("accepted", "sent")
OPT_OUTS, PASSING = frozenset({"21610"}), frozenset({"30001", "30003"})
DEAD = frozenset({"30004", "30005", "30006"})
"""Blocked, unknown, a landline: never again by text, and a person looks at it."""


@dataclass(slots=True)
class Fate:
    """One message with one attempt: `sid` is what the provider calls it, `is_told` whether our call was answered."""

    sid: str
    is_told: bool
    step: int = -1
    end: str | None = None
    kept: set[tuple[str, str]] = field(default_factory=set)
    is_opted_out: bool = False
    is_dead: bool = False
    is_again: bool = False

    def answered(self) -> None:
        """The provider's answer to our call was recorded."""
        self.step = max(self.step, STEPS["accepted"])

    def heard(self, sid: str, status: str, code: str | None) -> None:
        """A genuine report arrived."""
        if (sid, status) in self.kept:
            return
        self.kept.add((sid, status))
        if status not in STEPS:
            return
        if self.is_again:
            # The try that failed is over; only that it arrived after all is news.
            self.is_again, self.end = (False, "delivered") if status == "delivered" else (True, None)
            return
        if STEPS[status] <= self.step:
            return
        self.step = STEPS[status]
        if status == "delivered":
            self.end = "delivered"
        elif self.step == STEPS["failed"]:
            self.end = "undelivered"
            self.is_opted_out, self.is_dead = code in OPT_OUTS, code in DEAD
            if code in PASSING:
                self.step, self.end, self.is_again = -1, None, True

    @property
    def state(self) -> str:
        """The state in which the message must be found."""
        if self.is_again:
            return "due"
        if self.end is not None:
            return self.end
        return "unknown" if self.step < 0 else WORDS[self.step]
