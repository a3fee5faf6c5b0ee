"""Whose phones and mailboxes the simulator shows: people who share a number share a phone."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


class PeopleFileError(ValueError):
    """The people file cannot be read; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a phone, a mailbox, or both. A landline rings but takes no texts."""

    name: str
    phone: str | None = None
    email: str | None = None
    note: str = ""
    is_landline: bool = False


@dataclass(frozen=True, slots=True)
class Device:
    """A phone with the mailboxes of those who share it, or a mailbox alone."""

    number: str | None
    people: tuple[Person, ...]
    addresses: tuple[str, ...]

    @property
    def key(self) -> str:
        """The number, or for a mailbox alone its address."""
        return self.number or self.addresses[0]

    @property
    def names(self) -> str:
        """The names of those who share it, or the bare key of one that nobody listed."""
        return " & ".join(person.name for person in self.people) or self.key

    @property
    def is_landline(self) -> bool:
        """Whether texts cannot arrive here."""
        return any(person.is_landline for person in self.people)


def read_people(path: Path) -> tuple[Person, ...]:
    """Read a JSON list of `{"name", "phone", "email", "note", "landline"}`; only the name is required.

    Raises:
        PeopleFileError: if the file is missing, is no JSON list, or an entry lacks its name.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PeopleFileError(f"{path}: {error}") from error
    if not isinstance(entries, list):
        raise PeopleFileError(f"{path}: expected a list of people")
    return tuple(_person(path, number, entry) for number, entry in enumerate(entries, start=1))


def _person(path: Path, number: int, entry: object) -> Person:
    if not isinstance(entry, dict) or not entry.get("name"):
        raise PeopleFileError(f"{path}: entry {number} has no name")
    return Person(
        name=str(entry["name"]),
        phone=entry.get("phone") or None,
        email=(entry.get("email") or "").lower() or None,
        note=str(entry.get("note") or ""),
        is_landline=bool(entry.get("landline")),
    )


def devices_of(people: Iterable[Person]) -> dict[str, Device]:
    """Group people by phone; those without one get a mailbox of their own. Keys are `Device.key`."""
    groups: dict[str, list[Person]] = {}
    for person in people:
        key = person.phone or person.email
        if key:
            groups.setdefault(key, []).append(person)
    return {
        key: Device(
            number=members[0].phone,
            people=tuple(members),
            addresses=tuple(dict.fromkeys(member.email for member in members if member.email)),
        )
        for key, members in groups.items()
    }
