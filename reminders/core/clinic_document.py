"""Reading a clinic's configuration: every fault is one line with its path, what was found, and what is allowed.

What a text may say is judged by `core/lint.py`, when a file is brought in: a stored document is read as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reminders.core.answer_texts import ANSWER_KEYS
from reminders.core.cadence_document import SHIPPED, own_steps, read_cadences
from reminders.core.cadences import Cadence
from reminders.core.check_in_document import read_check_in
from reminders.core.clinics import EXEMPTION, MONDAY_TO_FRIDAY, Caps, Clinic
from reminders.core.content import language_of
from reminders.core.errors import ClinicFileError
from reminders.core.escalation_document import read_escalation, read_idioms
from reminders.core.ids import ClinicId
from reminders.core.prices import is_price
from reminders.core.reading import Reader, is_day, is_flag, is_text
from reminders.core.snippets import read_snippets
from reminders.core.texts import TEMPLATES
from reminders.core.windows import DEFAULT_WINDOW, Opening, SendWindow

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
CONTROLS, CONTROLS_BUT_LINES = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]"), re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
NO_CONTROLS = "text without control characters is wanted"
REQUIRED = ("slug", "sender", "timezone", "phone")
TEXT_KEYS = ("sender", "phone", "country", "language", "emergency_number", "crisis_line", "address")
FLAGS = ("assume_fulfilled", "resends_unknown", "allows_ucs2")
NUMBERS = {"most_segments": (1, 10), "catch_up_per_minute": (1, 6000), "late_cancel_hours": (1, 336)}
CAPS = {"per_day": (1, 50), "per_week": (1, 50), "characters": (70, 1600)}
PRESETS = {"exemption": EXEMPTION}
TABLES = {"window", "caps", "cadence", "templates", "snippets", "check_in", "escalation"}
KNOWN = {
    "slug",
    "timezone",
    "segment_price",
    "closures",
    "open_days",
    "idioms",
    "ride_policy",
    *TEXT_KEYS,
    *FLAGS,
    *NUMBERS,
    *TABLES,
}
BUILT_IN = {
    "slug": "clinic",
    "sender": "Your clinic",
    "timezone": "America/New_York",
    "phone": "our front desk",
}
"""What holds until a clinic file is given: enough to try the service, plain enough to show that it is missing."""


def read_clinic(document: Mapping[str, Any], *, clinic_id: ClinicId) -> Clinic:
    """Return the clinic that a `[clinic]` table describes. Raises ClinicFileError with every fault."""
    reader = Reader()
    reader.unknown_keys("clinic", document, KNOWN)
    _check_controls(reader, document)
    _check_basics(reader, document)
    reader.numbers("clinic", document, NUMBERS)
    closures, open_days = _closures(reader, document), _open_days(reader, document)
    window = _window(reader, reader.table("clinic.window", document.get("window", {})))
    caps = _caps(reader, reader.table("clinic.caps", document.get("caps", {})))
    cadences = read_cadences(reader, document)
    templates = _templates(reader, document, cadences)
    snippets, check_in = read_snippets(reader, document), read_check_in(reader, document)
    escalation, alarms_on_idioms = read_escalation(reader, document), read_idioms(reader, document)
    if reader.faults:
        raise ClinicFileError(reader.faults)
    plain = {key: document[key] for key in (*TEXT_KEYS, *FLAGS, *NUMBERS, "segment_price") if key in document}
    return Clinic(
        id=clinic_id,
        slug=document["slug"],
        timezone=document["timezone"],
        closures=closures,
        open_days=open_days,
        window=window,
        caps=caps,
        cadences=cadences,
        templates=templates,
        snippets=snippets,
        check_in=check_in,
        escalation=escalation,
        alarms_on_idioms=alarms_on_idioms,
        **plain,
    )


def storable(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with TOML's dates as ISO text: it is stored as JSON, which knows none."""
    closures = document.get("closures")
    if not isinstance(closures, list):
        return dict(document)
    return {**document, "closures": [item.isoformat() if is_day(item) else item for item in closures]}


def _check_basics(reader: Reader, document: Mapping[str, Any]) -> None:
    for key in REQUIRED:
        found = document.get(key)
        if not found or (isinstance(found, str) and not is_text(found)):
            reader.fault(f"clinic.{key}", document.get(key), "a value is required")
    for key in (key for key in TEXT_KEYS if key in document):
        # These stand in headers of mail and calendars, where a line break would begin another header.
        is_fit = _is_lines if key == "address" else _is_line
        reader.value(f"clinic.{key}", document[key], is_fit, NO_CONTROLS)
    for key in (key for key in FLAGS if key in document):
        reader.value(f"clinic.{key}", document[key], is_flag, "true or false is wanted")
    if "segment_price" in document:
        wanted = "an amount and a currency such as '0.0079 USD' is wanted"
        reader.value("clinic.segment_price", document["segment_price"], is_price, wanted)
    if document.get("slug"):
        reader.value("clinic.slug", document["slug"], _is_slug, "small letters, digits and hyphens are wanted")
    if document.get("timezone"):
        wanted = "an IANA zone such as America/New_York is wanted"
        reader.value("clinic.timezone", document["timezone"], is_zone, wanted)


def _check_controls(reader: Reader, document: Mapping[str, Any]) -> None:
    """Note control characters in the clinic's own texts: a database or a carrier would refuse the message."""
    for name in ("templates", "snippets"):
        for language, texts in _tables_of(document.get(name)).items():
            for key, text in _tables_of(texts).items():
                if isinstance(text, str) and not _is_lines(text):
                    reader.fault(f"clinic.{name}.{language}.{key}", text, NO_CONTROLS)


def _is_line(found: object) -> bool:
    return isinstance(found, str) and CONTROLS.search(found) is None


def _is_lines(found: object) -> bool:
    return isinstance(found, str) and CONTROLS_BUT_LINES.search(found) is None


def _is_slug(found: object) -> bool:
    return isinstance(found, str) and SLUG.fullmatch(found) is not None


def is_zone(found: object) -> bool:
    """Say whether this names a zone of the IANA database."""
    try:
        return isinstance(found, str) and ZoneInfo(found) is not None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _closures(reader: Reader, document: Mapping[str, Any]) -> frozenset[date]:
    found = reader.items("clinic.closures", document.get("closures", []))
    wanted = "a day such as 2027-12-24 is wanted"
    days = [(item, _day(item)) for item in found]
    for item, day in days:
        if day is None:
            reader.fault("clinic.closures", item, wanted)
    return frozenset(day for _, day in days if day is not None)


def _day(found: object) -> date | None:
    if is_day(found) and isinstance(found, date):
        return found
    if not isinstance(found, str) or ISO_DAY.fullmatch(found) is None:
        return None
    try:
        return date.fromisoformat(found)
    except ValueError:
        return None


def _open_days(reader: Reader, document: Mapping[str, Any]) -> frozenset[int]:
    if "open_days" not in document:
        return MONDAY_TO_FRIDAY
    found = reader.items("clinic.open_days", document["open_days"])
    wanted = f"days are wanted: {', '.join(DAYS)}"
    days = frozenset(
        DAYS.index(item) for item in found if reader.value("clinic.open_days", item, DAYS.__contains__, wanted)
    )
    if document["open_days"] == []:
        reader.fault(
            "clinic.open_days", found, "at least one day is wanted, or nobody would ever work off the worklist"
        )
    return days


def _window(reader: Reader, table: Mapping[str, Any]) -> SendWindow:
    reader.unknown_keys("clinic.window", table, set(DAYS))
    return SendWindow(
        tuple(
            _openings(reader, f"clinic.window.{day}", table[day]) if day in table else DEFAULT_WINDOW.days[index]
            for index, day in enumerate(DAYS)
        )
    )


def _openings(reader: Reader, path: str, found: object) -> tuple[Opening, ...]:
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


def _caps(reader: Reader, table: Mapping[str, Any]) -> Caps:
    """Read caps; under a preset only stricter ones may be given."""
    reader.unknown_keys("clinic.caps", table, {*CAPS, "preset"})
    given = reader.numbers("clinic.caps", table, CAPS)
    name = table.get("preset")
    if name is None:
        return Caps(**given)
    if not isinstance(name, str) or name not in PRESETS:
        reader.fault("clinic.caps.preset", name, f"one of these is wanted: {', '.join(PRESETS)}")
        return Caps()
    preset = PRESETS[name]
    limits = {
        "per_day": preset.per_day,
        "per_week": preset.per_week,
        "characters": preset.characters or CAPS["characters"][1],
    }
    for key, found in given.items():
        if found > limits[key]:
            reader.fault(f"clinic.caps.{key}", found, f'preset = "{name}" allows at most {limits[key]}')
    return Caps(**{**limits, **given})


def _templates(
    reader: Reader, document: Mapping[str, Any], cadences: Mapping[str, Cadence]
) -> Mapping[str, Mapping[str, str]]:
    table = reader.table("clinic.templates", document.get("templates", {}))
    own = own_steps(cadences.values())
    # A step of the clinic's own that has faults is known all the same: its text is not at fault.
    named = {key for kind in _tables(document.get("cadence")) for key in _tables_of(kind.get("steps"))}
    steps = {*SHIPPED, *own, *named, *ANSWER_KEYS, *(key for texts in TEMPLATES.values() for key in texts)}
    wanted = f"a step or an answer is wanted: {', '.join(sorted(steps))}"
    for language, texts in table.items():
        path = f"clinic.templates.{language}"
        for key, text in reader.table(path, texts).items():
            reader.value(f"{path}.{key}", key, steps.__contains__, wanted)
            reader.value(f"{path}.{key}", text, is_text, "text is wanted")
    _check_own_texts(reader, table, sorted(own), language=document.get("language", "en"))
    return table


def _check_own_texts(reader: Reader, table: Mapping[str, Any], own: Sequence[str], *, language: object) -> None:
    """Note steps of the clinic's own that would have nothing to say."""
    spoken = {language_of(language)} if isinstance(language, str) else set()
    for tongue in sorted({*table, *spoken}):
        texts = table.get(tongue, {})
        for key in own:
            if isinstance(texts, Mapping) and key not in texts:
                reader.fault(
                    f"clinic.templates.{tongue}.{key}", None, "a step of your own needs a text in your languages"
                )


def _tables(found: object) -> Collection[Mapping[str, Any]]:
    return [row for row in _tables_of(found).values() if isinstance(row, Mapping)]


def _tables_of(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}
