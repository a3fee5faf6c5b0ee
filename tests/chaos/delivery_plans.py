"""The reference of what is planned for patients, whom they may be told by, and what a person is asked to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time

from tests.chaos.delivery_words import BEHIND, DAY, HOUR, Key, Person, Slot, opening

MAY_COME_BACK = ("opted_out", "address_fault")
ASKS = {"opted_out": "no_consent", "address_fault": "address_fault", "no_window": "no_window"}


@dataclass(slots=True)
class Plans:
    """One text for each version of a session: due three days before at ten, of use until 26 hours before."""

    now: datetime
    jitter: float
    """The chance in every pause."""
    people: Sequence[Person]
    opted_out: set[str] = field(default_factory=set)
    faulty: set[str] = field(default_factory=set)
    slots: dict[Key, Slot] = field(default_factory=dict)
    tasks: dict[tuple[str, object], str] = field(default_factory=dict)
    """Open, or who resolved it."""

    def plan(self, number: int) -> None:
        """Bring one patient's touches in line with the session."""
        person = self.people[number]
        key = (number, person.version)
        for other, slot in self.slots.items():
            if other[0] == number and other != key and slot.state == "planned":
                slot.state, slot.reason = "cancelled", "superseded"
        for version in range(1, person.version):
            for kind in ("no_consent", "no_window"):
                self.settle(kind, (number, version), "schedule")
        if person.is_off:
            return
        day = (person.start - BEHIND).date() - 3 * DAY
        due = datetime.combine(day, time(10), person.start.tzinfo) + BEHIND
        expires = person.start - 26 * HOUR
        if expires <= self.now:
            self.slots.setdefault(key, Slot(due, expires, "expired", "too_late_when_planned"))
        else:
            at = opening(max(due, self.now))
            self._place(key, at, expires, self._refusal(person.phone) or ("no_window" if at >= expires else None))

    def _place(self, key: Key, at: datetime, expires: datetime, refusal: str | None) -> None:
        held = self.slots.get(key)
        if held is None:
            self.slots[key] = Slot(at, expires, "suppressed" if refusal else "planned", refusal)
        elif held.state == "planned" and refusal in MAY_COME_BACK:
            held.state, held.reason = "suppressed", refusal
        else:
            if held.state == "suppressed" and held.reason in MAY_COME_BACK and refusal is None:
                held.state, held.reason, held.due = "planned", None, at
                for kind in ("no_consent", "address_fault"):
                    self.settle(kind, key, "schedule")
            return
        if refusal:
            self.ask(ASKS[refusal], key, is_anew=True)

    def _refusal(self, phone: str) -> str | None:
        if phone in self.opted_out:
            return "opted_out"
        return "address_fault" if phone in self.faulty else None

    def plan_phone(self, phone: str) -> None:
        """Plan everybody with a phone anew."""
        for number, person in enumerate(self.people):
            if person.phone == phone:
                self.plan(number)

    def close(self, phone: str, refusal: str | None) -> None:
        """The provider says of a phone that it opted out, or that it does not work."""
        if refusal in ("opted_out", "address"):
            (self.opted_out if refusal == "opted_out" else self.faulty).add(phone)
            self.plan_phone(phone)

    def ask(self, kind: str, about: object, *, is_anew: bool = False) -> None:
        """Open a task once, or again where the schedule had ended its cause."""
        if (kind, about) not in self.tasks or (is_anew and self.tasks[kind, about] == "schedule"):
            self.tasks[kind, about] = "open"

    def settle(self, kind: str, about: object, by: str) -> None:
        """Resolve a task that is open."""
        if self.tasks.get((kind, about)) == "open":
            self.tasks[kind, about] = by
