"""Reading a clinic's configuration: every fault is one line with its path, what was found, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reminders.core.cadences import DEFAULT_CADENCE, Cadence
from reminders.core.clinics import Caps, Clinic
from reminders.core.content import KNOWN_VALUES, PLACEHOLDER
from reminders.core.errors import ClinicFileError
from reminders.core.ids import ClinicId
from reminders.core.windows import DEFAULT_WINDOW, Opening, SendWindow

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
REQUIRED = ("slug", "sender", "timezone", "phone")
TEXT_KEYS = ("sender", "phone", "country", "language", "emergency_number", "address")
FLAGS = ("assume_fulfilled", "resends_unknown")
DISTANCES = tuple(field.name for field in fields(Cadence) if field.name not in {"steps", "rebook_weeks"})
KNOWN = {"slug", "timezone", *TEXT_KEYS, *FLAGS, "window", "caps", "cadence", "templates"}


class _Reader:
    """Collects faults while reading, so that a person sees all of them at once."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def fault(self, path: str, found: object, wanted: str) -> None:
        self.faults.append(f"{path}: found {found!r}; {wanted}")

    def unknown_keys(self, path: str, table: Mapping[str, Any], allowed: set[str]) -> None:
        for key in sorted(set(table) - allowed):
            self.fault(f"{path}.{key}", table[key], f"unknown key; known here: {', '.join(sorted(allowed))}")

    def value(self, path: str, found: object, is_good: Callable[[Any], bool], wanted: str) -> bool:
        if is_good(found):
            return True
        self.fault(path, found, wanted)
        return False

    def table(self, path: str, found: object) -> Mapping[str, Any]:
        if isinstance(found, Mapping):
            return found
        self.fault(path, found, "a table is wanted")
        return {}


def read_clinic(document: Mapping[str, Any], *, clinic_id: ClinicId) -> Clinic:
    """Return the clinic that a `[clinic]` table describes. Raises ClinicFileError with every fault."""
    reader = _Reader()
    reader.unknown_keys("clinic", document, KNOWN)
    _check_basics(reader, document)
    window = _window(reader, reader.table("clinic.window", document.get("window", {})))
    caps = _caps(reader, reader.table("clinic.caps", document.get("caps", {})))
    cadences = {
        kind: _cadence(reader, f"clinic.cadence.{kind}", reader.table(f"clinic.cadence.{kind}", table))
        for kind, table in reader.table("clinic.cadence", document.get("cadence", {})).items()
    }
    templates = _templates(reader, reader.table("clinic.templates", document.get("templates", {})))
    if reader.faults:
        raise ClinicFileError(reader.faults)
    plain = {key: document[key] for key in (*TEXT_KEYS, *FLAGS) if key in document}
    return Clinic(
        id=clinic_id,
        slug=document["slug"],
        timezone=document["timezone"],
        window=window,
        caps=caps,
        cadences=cadences,
        templates=templates,
        **plain,
    )


def _check_basics(reader: _Reader, document: Mapping[str, Any]) -> None:
    for key in REQUIRED:
        if not document.get(key):
            reader.fault(f"clinic.{key}", document.get(key), "a value is required")
    _check_kinds(reader, document)
    if document.get("slug"):
        reader.value("clinic.slug", document["slug"], _is_slug, "small letters, digits and hyphens are wanted")
    if document.get("timezone"):
        wanted = "an IANA zone such as America/New_York is wanted"
        reader.value("clinic.timezone", document["timezone"], is_zone, wanted)


def _check_kinds(reader: _Reader, document: Mapping[str, Any]) -> None:
    for key in TEXT_KEYS:
        if key in document:
            reader.value(f"clinic.{key}", document[key], lambda found: isinstance(found, str), "text is wanted")
    for key in FLAGS:
        if key in document:
            reader.value(
                f"clinic.{key}", document[key], lambda found: isinstance(found, bool), "true or false is wanted"
            )


def _is_slug(found: object) -> bool:
    return isinstance(found, str) and SLUG.fullmatch(found) is not None


def is_zone(found: object) -> bool:
    """Say whether this names a zone of the IANA database."""
    try:
        return isinstance(found, str) and ZoneInfo(found) is not None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _window(reader: _Reader, table: Mapping[str, Any]) -> SendWindow:
    reader.unknown_keys("clinic.window", table, set(DAYS))
    return SendWindow(
        tuple(
            _openings(reader, f"clinic.window.{day}", table[day]) if day in table else DEFAULT_WINDOW.days[index]
            for index, day in enumerate(DAYS)
        )
    )


def _openings(reader: _Reader, path: str, found: object) -> tuple[Opening, ...]:
    """Read `"09:00-20:00"`, a list of such spans, or `"closed"`."""
    spans = found if isinstance(found, list) else [found]
    if spans == ["closed"]:
        return ()
    openings = []
    for span in spans:
        ends = [CLOCK.fullmatch(part.strip()) for part in span.split("-")] if isinstance(span, str) else []
        opens, closes = ends if len(ends) == 2 else (None, None)  # noqa: PLR2004 - an opening and a closing
        if opens is None or closes is None:
            reader.fault(path, span, 'a span such as "09:00-20:00", a list of them, or "closed" is wanted')
            continue
        openings.append(Opening(*(time(int(end.group(1)), int(end.group(2))) for end in (opens, closes))))
    return tuple(openings)


def _caps(reader: _Reader, table: Mapping[str, Any]) -> Caps:
    reader.unknown_keys("clinic.caps", table, {"per_day", "per_week"})
    good = {
        key: found
        for key, found in table.items()
        if key in {"per_day", "per_week"}
        and reader.value(f"clinic.caps.{key}", found, _is_count, "a whole number from 1 to 50 is wanted")
    }
    return Caps(**good)


def _is_count(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and 1 <= found <= 50  # noqa: PLR2004 - stated to the user


def _cadence(reader: _Reader, path: str, table: Mapping[str, Any]) -> Cadence:
    steps = sorted(step.key for step in DEFAULT_CADENCE.steps)
    reader.unknown_keys(path, table, {*(f"{name}_minutes" for name in DISTANCES), "rebook_weeks", "off", "on"})
    distances = {
        name: timedelta(minutes=table[f"{name}_minutes"])
        for name in DISTANCES
        if f"{name}_minutes" in table
        and reader.value(f"{path}.{name}_minutes", table[f"{name}_minutes"], _is_minutes, "whole minutes are wanted")
    }
    switched: dict[str, bool] = {}
    wanted = f"steps are wanted: {', '.join(steps)}"
    for word, is_on in (("off", False), ("on", True)):
        keys = table.get(word, [])
        for key in keys if isinstance(keys, list) else [keys]:
            if reader.value(f"{path}.{word}", key, steps.__contains__, wanted):
                switched[key] = is_on
    weeks = table.get("rebook_weeks")
    if weeks is not None and not reader.value(f"{path}.rebook_weeks", weeks, _is_count, "a number of weeks is wanted"):
        weeks = None
    changed = tuple(replace(step, is_enabled=switched.get(step.key, step.is_enabled)) for step in DEFAULT_CADENCE.steps)
    return Cadence(changed, **distances, rebook_weeks=weeks)


def _is_minutes(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and found >= 0


def _templates(reader: _Reader, table: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    steps = {step.key for step in DEFAULT_CADENCE.steps}
    for language, texts in table.items():
        path = f"clinic.templates.{language}"
        for key, text in reader.table(path, texts).items():
            reader.value(f"{path}.{key}", key, steps.__contains__, f"a step is wanted: {', '.join(sorted(steps))}")
            if reader.value(f"{path}.{key}", text, _is_text, "text is wanted"):
                for name in sorted(set(PLACEHOLDER.findall(text)) - KNOWN_VALUES):
                    reader.fault(f"{path}.{key}", f"{{{{{name}}}}}", f"known here: {', '.join(sorted(KNOWN_VALUES))}")
    return table


def _is_text(found: object) -> bool:
    return isinstance(found, str) and found.strip() != ""
