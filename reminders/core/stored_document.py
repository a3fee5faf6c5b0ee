"""A clinic's stored document, read by a release that may know less of it, or be stricter, than the one that stored it.

What somebody writes is refused with every fault (`clinic_document`). What is stored must load all the same, or nothing
would be sent at all: control characters become spaces, and what cannot be read is set aside and told to who runs this.
Only the zone and the slug are never guessed: by a wrong zone texts would leave at night.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reminders.core.cadence_document import OWN_STEP_KEYS, SHIPPED
from reminders.core.clinic_document import BUILT_IN, CONTROLS, CONTROLS_BUT_LINES, TEXT_KEYS, read_clinic
from reminders.core.clinics import Clinic
from reminders.core.errors import ClinicFileError
from reminders.core.ids import ClinicId
from reminders.core.reading import printable

NEVER_GUESSED = frozenset({"slug", "timezone"})
NO_TEXT = re.compile(r"clinic\.templates\.[^.:]+\.([^.:]+): found nothing;")
"""A step of the clinic's own that has no text can say nothing."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A clinic as its stored document says, and the paths in it that could not be read."""

    clinic: Clinic
    set_aside: tuple[str, ...] = ()


def read_stored(document: Mapping[str, Any], *, clinic_id: ClinicId) -> Stored:
    """Return the clinic of a stored document. Raises ClinicFileError where its zone or slug cannot be read."""
    sound, sieve = without_controls(document), _Sieve()
    while True:
        try:
            clinic = read_clinic(sound, clinic_id=clinic_id)
        except ClinicFileError as error:
            sieved = sieve.sieved(sound, error.faults)
            if sieved == sound:
                raise
            sound = sieved
        else:
            return Stored(_with_unread(clinic, sieve.unread), tuple(sieve.set_aside))


def without_controls(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document whose texts hold no control characters; line breaks stay, but where they begin a header."""
    lines = set(TEXT_KEYS) - {"address"}
    return {
        key: _clean_line(value) if key in lines and isinstance(value, str) else _clean(value)
        for key, value in document.items()
    }


def _clean_line(text: str) -> str:
    return CONTROLS.sub(" ", text).strip() if CONTROLS.search(text) else text


def _clean(value: Any) -> Any:  # noqa: ANN401 - anything that JSON holds
    if isinstance(value, str):
        return CONTROLS_BUT_LINES.sub(" ", value)
    if isinstance(value, Mapping):
        return {key: _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value


def _with_unread(clinic: Clinic, unread: Mapping[str, set[str]]) -> Clinic:
    if not unread:
        return clinic
    cadences = {
        kind: replace(cadence, unread=frozenset(unread.get(kind, ()))) for kind, cadence in clinic.cadences.items()
    }
    return replace(clinic, cadences=cadences)


@dataclass(slots=True)
class _Sieve:
    """Takes out of a document what faults name, and as little beside it as can be."""

    set_aside: list[str] = field(default_factory=list)
    unread: dict[str, set[str]] = field(default_factory=dict)
    """Steps that could not be read, by kind of session."""
    faults: list[str] = field(default_factory=list)

    def sieved(self, document: Mapping[str, Any], faults: Iterable[str]) -> dict[str, Any]:
        """Return a document without what these faults name."""
        self.faults = list(faults)
        kept = {key: self._cadences(value) if key == "cadence" else value for key, value in document.items()}
        sound: dict[str, Any] = self._table(kept, "clinic")
        known = {key: document[key] for key in NEVER_GUESSED if key in document}
        usual = {key: value for key, value in BUILT_IN.items() if key not in NEVER_GUESSED}
        return usual | sound | known

    def _take(self, path: str) -> list[str]:
        """Return the faults at a path and within it, which then count as mended."""
        plain = printable(path)
        found = [fault for fault in self.faults if fault.startswith((f"{plain}:", f"{plain}.", f"{plain}["))]
        self.faults = [fault for fault in self.faults if fault not in found]
        return found

    def _is_named(self, path: str) -> bool:
        plain = printable(path)
        return any(fault.startswith(f"{plain}: ") for fault in self.faults)

    def _holds_named(self, path: str) -> bool:
        plain = printable(path)
        return any(fault.startswith((f"{plain}.", f"{plain}[")) for fault in self.faults)

    def _table(self, table: Mapping[str, Any], path: str) -> dict[str, Any]:
        kept = dict(table)
        # The longest first: the name of one may be the beginning of another's.
        for key in sorted(table, key=len, reverse=True):
            value = self._value(table[key], f"{path}.{key}")
            if value is None:
                del kept[key]
            else:
                kept[key] = value
        return kept

    def _value(self, value: Any, path: str) -> Any:  # noqa: ANN401 - anything that JSON holds
        """Return a value without what is at fault in it; None where it goes as a whole."""
        if not self._is_named(path):
            if not self._holds_named(path):
                return value
            sound = self._inner(value, path)
            if sound != value:
                self._take(path)
                return sound
        self._take(path)
        self.set_aside.append(printable(path))
        return None

    def _inner(self, value: Any, path: str) -> Any:  # noqa: ANN401 - as above
        if isinstance(value, Mapping):
            return self._table(value, path)
        if isinstance(value, list):
            items = [self._value(item, f"{path}[{place}]") for place, item in enumerate(value, start=1)]
            return [item for item in items if item is not None]
        return value

    def _cadences(self, tables: Any) -> Any:  # noqa: ANN401 - as above
        """Take out the steps that cannot be read; what is wrong with the rest of a cadence goes by its own name."""
        if not isinstance(tables, Mapping):
            return tables
        textless = {match[1] for fault in self.faults if (match := NO_TEXT.match(fault))}
        self.faults = [fault for fault in self.faults if NO_TEXT.match(fault) is None]
        return {
            kind: self._cadence(kind, table, textless) if isinstance(table, Mapping) else table
            for kind, table in tables.items()
        }

    def _cadence(self, kind: str, table: Mapping[str, Any], textless: set[str]) -> dict[str, Any]:
        path, kept = f"clinic.cadence.{kind}", dict(table)
        if isinstance(rows := table.get("steps"), Mapping):
            steps = {key: self._step(kind, key, row, textless) for key, row in rows.items()}
            kept["steps"] = {key: row for key, row in steps.items() if row is not None}
        for word in ("on", "off"):
            if isinstance(keys := table.get(word), list) and self._take(f"{path}.{word}"):
                known = [key for key in keys if key in SHIPPED or key in kept.get("steps", {})]
                for key in [str(key) for key in keys if key not in known]:
                    self._set_aside(kind, key, f"{path}.{word}.{key}")
                kept[word] = known
        return kept

    def _step(self, kind: str, key: str, row: Any, textless: set[str]) -> Any:  # noqa: ANN401 - as above
        """Return the row of a step as far as it can be read, None for a step of which too little is understood.

        Of what is said beside the rest nothing depends; but a step at another time than the one asked for would be a
        guess, so one of ours is switched off.
        """
        path = f"clinic.cadence.{kind}.steps.{key}"
        told = self._take(path)
        if key in textless and key not in SHIPPED:
            self._set_aside(kind, key, path)
            return None
        if not told:
            return row
        strange = set(row) - OWN_STEP_KEYS if isinstance(row, Mapping) else set()
        if all(any(fault.startswith(f"{printable(path)}.{name}: ") for name in strange) for fault in told):
            self.set_aside += [printable(f"{path}.{name}") for name in sorted(strange)]
            return {name: value for name, value in row.items() if name not in strange}
        self._set_aside(kind, key, path)
        return {"on": False} if key in SHIPPED else None

    def _set_aside(self, kind: str, key: str, path: str) -> None:
        self.set_aside.append(printable(path))
        self.unread.setdefault(kind, set()).add(key)
