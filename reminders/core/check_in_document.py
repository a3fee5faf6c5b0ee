"""Reading `[clinic.check_in]`: from which score staff hear of a check-in at once, and when we ask a second time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any

from reminders.core.check_ins import MOST, CheckInRules, Thresholds
from reminders.core.reading import Reader, within

OFF = "off"
PATH = "clinic.check_in"
RANGES = {"high": (1, MOST), "jump": (1, MOST), "nudge_hours": (1, 72)}


def read_check_in(reader: Reader, document: Mapping[str, Any]) -> CheckInRules:
    """Return what a `[clinic]` table says of check-ins over the product's own rules, noting every fault."""
    table = reader.table(PATH, document.get("check_in", {}))
    reader.unknown_keys(PATH, table, set(RANGES))
    given = {key: _number(reader, key, table[key]) for key in RANGES if key in table}
    thresholds = Thresholds(**{field.name: given[field.name] for field in fields(Thresholds) if field.name in given})
    if "nudge_hours" not in given:
        return CheckInRules(thresholds)
    hours = given["nudge_hours"]
    return CheckInRules(thresholds, None if hours is None else timedelta(hours=hours))


def _number(reader: Reader, key: str, found: object) -> int | None:
    """Return a number, None where it is switched off."""
    least, most = RANGES[key]
    is_good = within(least, most)
    wanted = f'a whole number from {least} to {most}, or "{OFF}", is wanted'
    reader.value(f"{PATH}.{key}", found, lambda value: value == OFF or is_good(value), wanted)
    return found if isinstance(found, int) else None
