"""Reading whom a clinic wants told that a patient may need help: the tables `[[clinic.escalation]]`, in their order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from reminders.core.escalations import USUAL_WAIT, Person, Rung
from reminders.core.reading import Reader, is_text

PATH = "clinic.escalation"
KNOWN = {"name", "phone", "email", "wait_minutes"}
WAITS = {"wait_minutes": (0, 120)}
MOST_PEOPLE = 10
PHONE = re.compile(r"\+[1-9]\d{7,14}", re.ASCII)
EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+")
IDIOMS = {"usual": False, "high": True}


def read_escalation(reader: Reader, document: Mapping[str, Any]) -> tuple[Rung, ...]:
    """Return the chain, empty where a clinic names nobody. One with `wait_minutes = 0` is told together with the next.

    Notes every fault in the reader.
    """
    rows = reader.items(PATH, document.get("escalation", []))
    if len(rows) > MOST_PEOPLE:
        reader.fault(PATH, f"{len(rows)} people", f"at most {MOST_PEOPLE} are wanted")
    read = [_row(reader, f"{PATH}[{place}]", row) for place, row in enumerate(rows, start=1)]
    if read and read[-1] is not None and not read[-1][1]:
        reader.fault(f"{PATH}[{len(rows)}].wait_minutes", 0, "the last has nobody to be told together with")
    found = [row for row in read if row is not None]
    _check_doubles(reader, [person for person, _ in found])
    return _rungs(found)


def read_idioms(reader: Reader, document: Mapping[str, Any]) -> bool:
    """Say whether words that are usually a figure of speech raise the alarm too: `idioms = "high"`."""
    found = document.get("idioms", "usual")
    is_good = reader.value("clinic.idioms", found, _is_idioms, f"one of these is wanted: {', '.join(IDIOMS)}")
    return is_good and IDIOMS[found]


def _is_idioms(found: object) -> bool:
    return isinstance(found, str) and found in IDIOMS


def _row(reader: Reader, path: str, found: object) -> tuple[Person, timedelta] | None:
    count = len(reader.faults)
    table = reader.table(path, found)
    if len(reader.faults) > count:
        return None
    reader.unknown_keys(path, table, KNOWN)
    name = table.get("name")
    reader.value(f"{path}.name", name, is_text, "who it is; staff see this name")
    phone, email = table.get("phone"), table.get("email")
    if phone is None and email is None:
        reader.fault(path, dict(table), "a phone or an email is wanted")
    if phone is not None:
        reader.value(f"{path}.phone", phone, _is_phone, "a number with country code such as +12025550100 is wanted")
    if email is not None:
        reader.value(f"{path}.email", email, _is_email, "an address such as oncall@clinic.example is wanted")
    minutes = reader.numbers(path, table, WAITS).get("wait_minutes")
    if len(reader.faults) > count:
        return None
    person = Person(str(name).strip(), phone and _digits(phone), email and email.strip())
    return person, USUAL_WAIT if minutes is None else timedelta(minutes=minutes)


def _digits(phone: str) -> str:
    return re.sub(r"[\s().\-]", "", phone)


def _is_phone(found: object) -> bool:
    return isinstance(found, str) and PHONE.fullmatch(_digits(found)) is not None


def _is_email(found: object) -> bool:
    return isinstance(found, str) and EMAIL.fullmatch(found.strip()) is not None


def _check_doubles(reader: Reader, people: list[Person]) -> None:
    """Note an address that stands twice: a second text to the same phone is no second person."""
    addresses = [address.casefold() for person in people for _, address in person.addresses]
    for double in sorted({address for address in addresses if addresses.count(address) > 1}):
        reader.fault(PATH, double, "each address once is wanted: the climb begins again by itself")


def _rungs(rows: list[tuple[Person, timedelta]]) -> tuple[Rung, ...]:
    rungs: list[Rung] = []
    together: list[Person] = []
    for person, wait in rows:
        together.append(person)
        if wait:
            rungs.append(Rung(tuple(together), wait))
            together = []
    return tuple(rungs)
