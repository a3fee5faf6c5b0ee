"""What becomes of texts, told a second time: from the specification (reliability, 5 and (a)), not from our code.

One provider account, phones that two patients may share, one text for each version of a session. Times are instants in
UTC; states are words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.chaos.delivery_plans import Plans
from tests.chaos.delivery_words import (
    DAY,
    GIVEN_UP,
    HOUR,
    MINUTE,
    SECOND,
    Circuit,
    Key,
    Taken,
    Text,
    Try,
    Word,
    in_turn,
    is_above,
    opening,
)

LEASE, CALL_LASTS, LEAST_LIFE, LATE = 60 * SECOND, 45 * SECOND, 60 * SECOND, 15 * MINUTE
GRACE, SPREAD, LOOK_EVERY, HEARING = 10 * MINUTE, 2 * MINUTE, 30 * SECOND, HOUR
LOOK_BACK_FOR, LOOK_BACK_EVERY = DAY, 30 * MINUTE
MOST_RESENDS = MOST_REDELIVERIES = LOOKS_THAT_PROVE = 2
DOUBLES_COUNT_FOR = 7 * DAY
OPEN = ("sending", "unknown")
WAITING = ("due", "held", "claimed")
ASKS = {
    "too_late": "not_sent_in_time",
    "unknown_outcome": "outcome_unknown",
    "opted_out": "not_delivered",
    "provider_refused": "not_delivered",
    "undelivered": "not_delivered",
    "address_fault": "address_fault",
    "quiet_hours": "no_window",
}
"""What a person is asked to do when a text ends for a reason."""
PROGRESS = {"queued": "accepted", "sent": "sent", "delivered": "delivered"}


@dataclass(slots=True)
class Delivery(Plans):
    """The whole of it."""

    texts: dict[Key, Text] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    kept: set[tuple[str, str]] = field(default_factory=set)
    heard: datetime | None = None
    circuit: Circuit = field(default_factory=Circuit)
    holds: bool = False
    allowed: datetime | None = None
    calls: int = 0

    def change(self, number: int, start: datetime, *, is_off: bool) -> None:
        """The schedule moves, cancels or books again a session."""
        person = self.people[number]
        person.start, person.is_off, person.version = start, is_off, person.version + 1
        for key, text in self.texts.items():
            if key[0] == number and text.state in WAITING:
                text.state, text.reason = "cancelled", "superseded"
                self.slots[key].state, self.slots[key].reason = "cancelled", "superseded"
        self.plan(number)

    def stop(self, phone: str) -> None:
        """STOP."""
        self.opted_out.add(phone)
        for text in self._texts_to(phone):
            if text.state in WAITING:
                text.state, text.reason = "cancelled", "opted_out"
        self.plan_phone(phone)

    def start(self, phone: str) -> None:
        """START."""
        self.opted_out.discard(phone)
        self.plan_phone(phone)

    def _texts_to(self, phone: str) -> list[Text]:
        return [text for key, text in self.texts.items() if self.people[key[0]].phone == phone]

    def claim(self) -> list[Text]:
        """Make messages of what is due and take what may leave, in the order in which it leaves."""
        planned = [(slot.due, key) for key, slot in self.slots.items() if slot.state == "planned"]
        made = sorted((due, place) for place, (due, _) in enumerate(planned) if due <= self.now)
        late = [(due, place) for due, place in made if due < self.now - LATE]
        # What is on time never waits behind what an outage left; of that the newest need goes first.
        for due, place in [*made[len(late) :], *sorted(late, key=lambda one: one[0], reverse=True)]:
            key = planned[place][1]
            if self.now < self.slots[key].expires:
                self.slots[key].state = "dispatched"
                self.texts[key] = Text(key, due, self.slots[key].expires)
        waiting = [text for text in self.texts.values() if text.state in ("due", "held") and text.due <= self.now]
        passes = self.circuit.passes(self.now)
        if not waiting or passes == "none":
            return []
        if passes == "one":
            self.circuit.probe = self.now + (SECOND if self.circuit.cause == "limit" else 30 * SECOND)
            waiting = sorted(waiting, key=lambda text: (bool(text.tries), self.now - text.due))[:1]
        for text in waiting:
            text.state, text.lease = "claimed", self.now + LEASE
        return sorted(waiting, key=lambda text: text.due)

    def begin(self, claimed: Sequence[Text]) -> list[Text]:
        """Ask the gate, and write down the intents of those that leave."""
        leaving = [text for text in claimed if self._passes_gate(text)]
        for text in leaving:
            text.state = "sending"
            text.tries.append(Try(self.now))
        return leaving

    def _passes_gate(self, text: Text) -> bool:
        person, opens = self.people[text.key[0]], opening(self.now)
        if person.phone in self.opted_out:
            self._end(text, "suppressed", "opted_out")
        elif person.phone in self.faulty:
            self._end(text, "suppressed", "address_fault")
        elif text.key[1] != person.version:
            self._end(text, "suppressed", "superseded")
        elif self.now + LEAST_LIFE > text.expires:
            self._end(text, "expired", "too_late")
        elif opens == self.now:
            return True
        elif opens + LEAST_LIFE > text.expires:
            self._end(text, "suppressed", "quiet_hours")
        else:
            text.state, text.due = "held", opens
        return False

    def _end(self, text: Text, state: str, reason: str) -> None:
        text.state, text.reason = state, reason
        if reason in ASKS:
            kind = ASKS[reason]
            self.ask(kind, text.key if kind == "address_fault" else (*text.key, "text"))
        is_given_up = state == "undelivered" and reason == "undelivered" and text.redeliveries >= MOST_REDELIVERIES
        if reason == "address_fault" or is_given_up:
            self.plan(text.key[0])

    def call(self, text: Text, word: Word) -> None:
        """The provider is called."""
        self.calls += 1
        if word.has_arrived:
            sid = f"SM{self.calls:032x}"
            self.taken.append(Taken(sid, text.key, len(text.tries) - 1, self.now))
            self.hidden |= {sid} if word.is_hidden else set()

    def record(self, key: Key, number: int, word: Word, sid: str | None) -> None:
        """An outcome is recorded; one of a settled call can only be a success that comes late."""
        text = self.texts[key]
        item, earlier, is_open = text.tries[number], text.late, text.state in OPEN
        if item.state not in OPEN:
            if word.kind == "accepted" and item.state != "failed":
                self._accept_late(text, item, sid)
            return
        item.state = word.kind
        if word.kind in ("accepted", "unknown"):
            item.sid = self._free(sid) if word.kind == "accepted" else None
            text.state = word.kind if is_open else text.state
        elif earlier is not None:
            self._revive(earlier, earlier.sid)
            text.state = "accepted" if is_open else text.state
        else:
            self._not_sent(text, word, is_open=is_open)
        self._learn(text, item, word)
        if earlier is not None:
            self._hold_if_doubled()

    def _learn(self, text: Text, item: Try, word: Word) -> None:
        if word.refusal == "unlisted":
            self.ask("code_unlisted", "unlisted")
        self.close(self.people[text.key[0]].phone, word.refusal)
        before = self.circuit.cause, self.circuit.opened
        self.circuit.hear(word, item.begun, self.now)
        self._tell_of_circuit(before)

    def _not_sent(self, text: Text, word: Word, *, is_open: bool) -> None:
        before = text.state, text.reason, text.due
        if word.kind == "absent":
            pause = self.jitter * min(15 * MINUTE, 5 * SECOND * 2 ** min(len(text.tries), 10))
            again = self.now + max(pause, word.wait or pause)
            if again < text.expires:
                text.state, text.due = "due", again
            else:
                self._end(text, "expired", "too_late")
        elif word.refusal == "opted_out":
            self._end(text, "suppressed", "opted_out")
        else:
            self._end(text, "rejected", "address_fault" if word.refusal == "address" else "provider_refused")
        if not is_open:  # it is with staff already, and stays there
            text.state, text.reason, text.due = before

    def _tell_of_circuit(self, before: tuple[str | None, datetime | None]) -> None:
        if (self.circuit.cause, self.circuit.opened) != before and self.circuit.cause == "configuration":
            self.ask("channel_paused", self.circuit.opened)
        if self.circuit.cause is None and before[0] is not None:
            self.settle("channel_paused", before[1], "provider")

    def _free(self, sid: str | None) -> str | None:
        return None if any(item.sid == sid for text in self.texts.values() for item in text.tries) else sid

    def _accept_late(self, text: Text, item: Try, sid: str | None) -> bool:
        """The provider had a try that was given up; say whether it is the text's again."""
        if item.state not in GIVEN_UP:
            return False
        if any(other.state in (*OPEN, "accepted") for other in text.tries):
            item.is_late, item.sid = True, self._free(sid) or item.sid
            self._hold_if_doubled()
            return False
        self._revive(item, sid)
        if text.state in (*WAITING, "expired", "needs_staff"):
            text.state, text.reason = "accepted", None
        return True

    def _revive(self, item: Try, sid: str | None) -> None:
        item.state, item.is_late, item.sid = "accepted", False, self._free(sid) or item.sid

    @property
    def doubles(self) -> Iterator[Try]:
        """All that were proven."""
        return (item for text in self.texts.values() for item in text.doubles)

    def _hold_if_doubled(self) -> None:
        since = max(self.now - DOUBLES_COUNT_FOR, self.allowed or self.now - DOUBLES_COUNT_FOR)
        if not self.holds and any(item.begun >= since for item in self.doubles):
            self.holds = True
            self.ask("resends_held", self.now)

    def allow_resends(self) -> None:
        """A person lets doubtful texts be sent again."""
        if self.holds:
            self.holds, self.allowed = False, self.now
            for kind, about in list(self.tasks):
                if kind == "resends_held":
                    self.settle(kind, about, "staff")

    def receipt(self, sid: str, at: tuple[Key, int] | None, status: str, refusal: str | None = None) -> None:
        """A receipt arrives, with the tag of a call in its address or without."""
        if (sid, status) in self.kept:
            return
        self.kept.add((sid, status))
        self.heard = self.now
        self.hidden.discard(sid)
        found = self._named(sid, at)
        if found is None or status == "strange":
            return
        text, item = found
        is_bad = status not in PROGRESS
        if item.state != "rejected":
            self._apply(text, item, sid, status, refusal)
        if is_bad:
            self.plan_phone(self.people[text.key[0]].phone)

    def _named(self, sid: str, at: tuple[Key, int] | None) -> tuple[Text, Try] | None:
        if at is not None:
            return self.texts[at[0]], self.texts[at[0]].tries[at[1]]
        every = ((text, item) for text in self.texts.values() for item in text.tries)
        return next(((text, item) for text, item in every if item.sid == sid), None)

    def _apply(self, text: Text, item: Try, sid: str, status: str, refusal: str | None) -> None:
        if item.sid is not None and item.sid != sid:  # one call, two texts
            item.is_late = True
            self._hold_if_doubled()
            return
        if item.state in GIVEN_UP and not self._comes_back(text, item, sid, status):
            return
        if item.state in OPEN:
            item.state, item.sid = "accepted", sid
            if text.late is not None:
                self._hold_if_doubled()
        state = PROGRESS.get(status, "undelivered")
        if not is_above(state, text.state):
            return
        if state == "undelivered":
            self._not_delivered(text, item, refusal)
            return
        text.state, text.reason = state, None
        if state == "delivered":
            self._arrived(item)

    def _comes_back(self, text: Text, item: Try, sid: str, status: str) -> bool:
        """What failed had been taken: only that it arrived after all is news of it."""
        is_proof = status in PROGRESS if item.state == "absent" else status == "delivered"
        return is_proof and self._accept_late(text, item, sid)

    def _arrived(self, item: Try) -> None:
        circuit, before = self.circuit, (self.circuit.cause, self.circuit.opened)
        if circuit.told_later is not None and circuit.opened is not None and item.begun > circuit.opened:
            circuit.close()
            self._tell_of_circuit(before)

    def _not_delivered(self, text: Text, item: Try, refusal: str | None) -> None:
        if refusal == "configuration":
            before = self.circuit.cause, self.circuit.opened
            self.circuit.open("configuration", self.now, 30 * SECOND)
            self.circuit.told_later = self.now
            self._tell_of_circuit(before)
        if refusal == "unlisted":
            self.ask("code_unlisted", "unlisted")
        self.close(self.people[text.key[0]].phone, refusal)
        pause = 5 * MINUTE * 2**text.redeliveries * (0.5 + self.jitter / 2)
        may_pass = refusal in ("transient", "expired", "configuration") and text.state != "needs_staff"
        if may_pass and text.redeliveries < MOST_REDELIVERIES and self.now + pause < text.expires:
            text.state, text.due, text.reason = "due", self.now + pause, None
            text.redeliveries += 1
            item.state = "failed"
            return
        reason = {"opted_out": "opted_out", "address": "address_fault"}.get(refusal or "", "undelivered")
        self._end(text, "undelivered", reason)

    def resolve(self, *, is_blind: bool) -> None:
        """Free leases, take overdue calls into doubt, look for those in doubt."""
        for text in self.texts.values():
            if text.state == "claimed" and text.lease is not None and text.lease < self.now:
                text.state = "due"
            last = text.tries[-1] if text.tries else None
            if last is not None and last.state == "sending" and last.begun + CALL_LASTS < self.now:
                last.state = "unknown"
                text.state = "unknown" if text.state == "sending" else text.state
        # Who was longest not looked for goes first, else who left first: a double that is found holds who comes after.
        doubtful = sorted((text for text in self.texts.values() if text.state == "unknown"), key=in_turn)
        for text in [] if is_blind else doubtful:
            if (looked := text.tries[-1].looked) is None or self.now - looked >= LOOK_EVERY:
                self._look(text, text.tries[-1])
        self.look_back(is_blind=is_blind)

    def _seen(self, text: Text, item: Try) -> list[str]:
        """Return what the list shows of a text since a try began that no try accounts for, oldest first."""
        mine = [one.sid for one in self.taken if one.key == text.key and one.at >= item.begun]
        return [sid for sid in mine if sid not in self.hidden and self._free(sid) is not None]

    def _look(self, text: Text, item: Try) -> None:
        seen = self._seen(text, item)
        if seen:
            item.state, item.sid, text.state = "accepted", seen[-1], "accepted"
            if text.late is not None:
                self._hold_if_doubled()
            return
        item.looks.append(self.now)
        item.looked = self.now
        is_hearing = self.heard is not None and self.heard >= self.now - HEARING
        is_spread = len(item.looks) >= LOOKS_THAT_PROVE and item.looks[-1] - item.looks[0] >= SPREAD
        if is_hearing and is_spread and self.now - item.begun >= GRACE:
            self._was_absent(text, item)

    def _was_absent(self, text: Text, item: Try) -> None:
        item.state, earlier, resent = "absent", text.late, text.resends
        text.resends += 1
        if earlier is not None:
            self._revive(earlier, earlier.sid)
            text.state = "accepted"
        elif self.holds or resent >= MOST_RESENDS:
            self._end(text, "needs_staff", "unknown_outcome")
        elif text.expires <= self.now:
            self._end(text, "expired", "too_late")
        else:
            text.state, text.due = "due", self.now

    def look_back(self, *, is_blind: bool) -> None:
        """Look again for what looks found absent."""
        if is_blind:
            return
        chosen = [
            (text, item) for text in self.texts.values() for item in text.tries if self._is_looked_back(text, item)
        ]
        for text, item in sorted(chosen, key=lambda pair: pair[1].looked or self.now):
            item.looked = self.now
            seen = self._seen(text, item)
            if seen and item.state == "absent" and not any(other.state in OPEN for other in text.tries):
                self._accept_late(text, item, seen[0])

    def _is_looked_back(self, text: Text, item: Try) -> bool:
        is_under_way = any(one.state in OPEN for one in text.tries)
        if item.state != "absent" or item.looked is None or item.is_late or is_under_way:
            return False
        since = self.now - LOOK_BACK_FOR
        return since <= item.looked < self.now - LOOK_BACK_EVERY and item.begun >= since

    def expire(self) -> None:
        """End what is past its use."""
        for key, slot in self.slots.items():
            if slot.state == "planned" and slot.expires <= self.now:
                slot.state, slot.reason = "expired", "too_late"
                self.ask("not_sent_in_time", key)
        for text in self.texts.values():
            if text.expires <= self.now and text.state in WAITING:
                self._end(text, "expired", "too_late")
            elif text.expires <= self.now and text.state == "unknown":
                self._end(text, "needs_staff", "unknown_outcome")
