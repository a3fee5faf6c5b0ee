"""A provider of texts that does what it is told: refuses, hides what it took, or has its caller killed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from reminders.core.delivery import Absent, Accepted, Blame, Outcome, ReceiptStatus, Refusal, Rejected, Unknown
from reminders.ports import Clock, OutgoingText, Report, Sighting
from tests.chaos.delivery_words import Word
from tests.services.deaths import Killed

ACCEPTED, HIDDEN = Word(), "hidden"


@dataclass(slots=True)
class TakenText:
    """A text that the provider took. `excuse` says why a second one may follow it."""

    sid: str
    tag: UUID
    to: str
    body: str
    at: datetime
    is_hidden: bool = False
    excuse: str = ""


class HidingProvider:
    """`words` are its answers to the next calls.

    `doubles` are the texts that were followed by the like without excuse, `unavoidable` those that it had hidden.
    """

    def __init__(self, clock: Clock) -> None:
        self.words: list[Word] = []
        self.taken: list[TakenText] = []
        self.doubles: list[str] = []
        self.unavoidable: list[str] = []
        self.calls = 0
        self.dies = ""
        """When its caller is killed: `before` the call or `after`."""
        self.is_blind = False
        self.skew: timedelta | None = None
        self._clock = clock

    def send_many(self, texts: Sequence[OutgoingText], report: Report) -> None:
        """Answer."""
        if self.dies == "before":
            raise Killed
        told = [(text.tag, self._take(text)) for text in texts]
        if self.dies == "after":
            raise Killed
        for tag, outcome in told:
            report(tag, outcome)

    def _take(self, text: OutgoingText) -> Outcome:
        self.calls += 1
        word = self.words.pop(0) if self.words else ACCEPTED
        sid, at = f"SM{self.calls:032x}", self._clock.machine_now()
        if word.has_arrived:
            before = [item for item in self.taken if (item.to, item.body) == (text.to, text.body)]
            self.doubles += [item.sid for item in before if not item.excuse]
            self.unavoidable += [item.sid for item in before if item.excuse == HIDDEN]
            excuse = HIDDEN if word.is_hidden else ""
            self.taken.append(TakenText(sid, text.tag, text.to, text.body, at, word.is_hidden, excuse))
        return outcome_of(word, sid)

    def find(self, to: str, body: str, *, since: datetime) -> Sequence[Sighting] | None:
        """Show what is not hidden, newest first."""
        if self.is_blind:
            return None
        return [
            Sighting(item.sid, ReceiptStatus.QUEUED, "queued", item.at)
            for item in reversed(self.taken)
            if (item.to, item.body) == (to, body) and item.at >= since and not item.is_hidden
        ]

    def fetch(self, provider_id: str) -> Sighting | None:  # noqa: ARG002 - never asked
        """Nothing is asked for by its id here."""
        return None


def outcome_of(word: Word, sid: str) -> Outcome:
    """Say a word of the reference in the service's own."""
    match word.kind:
        case "accepted":
            return Accepted(sid, "queued")
        case "absent":
            return Absent("refused", word.wait, Blame(word.blame))
        case "rejected":
            return Rejected(Refusal(word.refusal), word.refusal, "")
        case _:
            return Unknown("no answer")
