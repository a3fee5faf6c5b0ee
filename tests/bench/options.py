"""What can be measured, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass

PARTS = {
    "saturated": "a backlog of due texts, beside a bare loop of the same client",
    "lateness": "steady arrivals: from the due time to the first byte of the call",
    "inbound": "delivery reports stored, beside a bare endpoint of the same server and one commit each",
    "reply": "from a reply's first byte to what follows from it, and to the answer, at 50 a second",
    "plan": "work out what a schedule leads to, beside a bare loop over the same sessions",
    "tick": "looking what is due and taking a hundred, with few and with a million reminders to come",
    "import": "read, store and plan a schedule file; the same again; and with one row of twenty moved",
    "memory": "what worker, ticker and broker weigh with none and with half a million reminders to come",
    "idle": "what all processes together cost while nothing falls due",
    "pages": "every page of the console, the patient's page and the API at 50,000 sessions",
    "peers": "the same texts by Celery tasks, procrastinate, dramatiq, huey, rq and taskiq (only if named)",
}
"""Each is a module of this folder with a `measure`."""
MODULES = {"import": "importing"}
"""Those whose name no module can have."""


@dataclass(frozen=True, slots=True)
class Options:
    """How much to measure. Without `rows` each part takes its own size."""

    is_quick: bool = False
    rounds: int | None = None
    rows: int | None = None

    def times(self, usual: int = 5, quick: int = 3) -> int:
        """Return how many rounds to measure."""
        return self.rounds or (quick if self.is_quick else usual)

    def size(self, usual: int, quick: int) -> int:
        """Return how much data to measure with."""
        return self.rows or (quick if self.is_quick else usual)
