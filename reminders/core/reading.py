"""Reading what a person wrote: every fault is one line with its path, what was found, and what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

LONGEST_SHOWN = 80


def fault_line(path: str, found: object, wanted: str) -> str:
    """Return one fault as one line, whatever stands in it; `found` None is what is not there."""
    return printable(f"{path}: found {_shown(found)}; {wanted}")


def printable(text: str) -> str:
    """Return a text on one line, with what cannot be seen written out."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _shown(found: object) -> str:
    if found is None:
        return "nothing"
    text = found.isoformat() if isinstance(found, date) else repr(found)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


class Reader:
    """Collects faults while reading, so that a person sees all of them at once."""

    def __init__(self) -> None:
        """Begin without a fault."""
        self.faults: list[str] = []

    def fault(self, path: str, found: object, wanted: str) -> None:
        """Note a fault."""
        self.faults.append(fault_line(path, found, wanted))

    def unknown_keys(self, path: str, table: Mapping[str, Any], allowed: set[str]) -> None:
        """Note every key that means nothing here, with those that do."""
        for key in sorted(set(table) - allowed):
            self.fault(f"{path}.{key}", table[key], f"unknown key; known here: {', '.join(sorted(allowed))}")

    def value(self, path: str, found: object, is_good: Callable[[Any], bool], wanted: str) -> bool:
        """Say whether a value is good, and note it where it is not."""
        if is_good(found):
            return True
        self.fault(path, found, wanted)
        return False

    def table(self, path: str, found: object) -> Mapping[str, Any]:
        """Return a table; an empty one, and a fault, for anything else."""
        if isinstance(found, Mapping):
            return found
        self.fault(path, found, "a table is wanted")
        return {}

    def items(self, path: str, found: object) -> list[Any]:
        """Return a list; an empty one, and a fault, for anything else."""
        if isinstance(found, list):
            return found
        self.fault(path, found, "a list is wanted")
        return []

    def flag(self, path: str, table: Mapping[str, Any], key: str, *, usual: bool) -> bool:
        """Return a truth value of a table, the usual one where it is not given or not one."""
        found = table.get(key, usual)
        if self.value(f"{path}.{key}", found, is_flag, "true or false is wanted"):
            return bool(found)
        return usual

    def numbers(self, path: str, table: Mapping[str, Any], ranges: Mapping[str, tuple[int, int]]) -> dict[str, int]:
        """Return the whole numbers of a table that are given and in their range."""
        return {
            key: table[key]
            for key, (least, most) in ranges.items()
            if key in table
            and self.value(
                f"{path}.{key}", table[key], within(least, most), f"a whole number from {least} to {most} is wanted"
            )
        }


def within(least: int, most: int) -> Callable[[object], bool]:
    """Return a test for whole numbers in a range, both ends included."""
    return lambda found: isinstance(found, int) and not isinstance(found, bool) and least <= found <= most


def is_flag(found: object) -> bool:
    """Say whether this is a truth value."""
    return isinstance(found, bool)


def is_text(found: object) -> bool:
    """Say whether this is text that says something."""
    return isinstance(found, str) and found.strip() != ""


def is_day(found: object) -> bool:
    """Say whether this is a calendar day of TOML: a date without a time."""
    return isinstance(found, date) and not isinstance(found, datetime)
