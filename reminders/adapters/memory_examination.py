"""The looks of an examination in memory: each brings home what somebody put there."""

from __future__ import annotations

from reminders.core.examination.facts import BrokerFacts, MachineFacts, MailFacts, Visit, VisitProblem


class MemoryMachineInspection:
    """A machine as somebody describes it."""

    def __init__(self, facts: MachineFacts) -> None:
        """Take the description; assign another to `facts` at will."""
        self.facts = facts

    def inspect(self) -> MachineFacts:
        """Return the description."""
        return self.facts


class MemoryBrokerInspection:
    """A broker as somebody describes it."""

    def __init__(self, facts: BrokerFacts) -> None:
        """Take the description; assign another to `facts` at will."""
        self.facts = facts

    def inspect(self) -> BrokerFacts:
        """Return the description."""
        return self.facts


class MemoryEmailInspection:
    """A mail server as somebody describes it."""

    def __init__(self, facts: MailFacts) -> None:
        """Take the description; assign another to `facts` at will."""
        self.facts = facts

    def inspect(self) -> MailFacts:
        """Return the description."""
        return self.facts


class MemoryVisitor:
    """Pages that were put here by method and address; nobody answers at all others."""

    def __init__(self) -> None:
        """Know no page."""
        self.pages: dict[tuple[str, str], Visit] = {}

    def visit(self, url: str, *, form: bytes | None = None) -> Visit:
        """Return what was put at this address."""
        nobody = Visit(None, problem=VisitProblem.NOT_REACHED, detail="Connection refused")
        return self.pages.get(("GET" if form is None else "POST", url), nobody)
