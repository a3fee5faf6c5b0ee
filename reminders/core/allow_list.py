"""The allow-list: until somebody turns it off, nothing leaves for an address that is not on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AllowList:
    """Which addresses may be written to. `addresses` of None means everybody; the default is nobody."""

    addresses: frozenset[str] | None = frozenset()

    @property
    def is_off(self) -> bool:
        """Say whether everybody may be written to."""
        return self.addresses is None

    def permits(self, address: str) -> bool:
        """Say whether this address may be written to; e-mail addresses compare without regard to case."""
        return self.addresses is None or address.casefold() in self.addresses

    @classmethod
    def parse(cls, text: str) -> AllowList:
        """Read `off`, or addresses separated by commas or spaces; empty text permits nobody."""
        if text.strip().casefold() == "off":
            return cls(None)
        return cls(frozenset(word.casefold() for word in text.replace(",", " ").split()))
