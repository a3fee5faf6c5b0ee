"""Overrides: what staff may change of the cadence for one patient (requirement 57), as a document and as it acts.

The document is plain JSON: `off` and `on` (steps), `channels`, one `…_minutes` for each distance, `rebook_weeks`, and
`rebook` with the reason why nobody asks for another session. Later changes amend it; what is left out is the clinic's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from reminders.core.cadences import DEFAULT_CADENCE, DISTANCES, Cadence, overridden
from reminders.core.clinics import Clinic
from reminders.core.errors import InputError
from reminders.core.ids import ClinicId, PatientId
from reminders.core.patients import Channel, Override

SETTABLE = ("solids_fast", "liquids_fast", "driving_ban", "arrive_early")
"""The distances that differ from patient to patient: GLP-1 users fast for 24 h (domain A1)."""
NOT_ASKED = {"declined": "declined another session", "discharged": "is discharged"}
ALLOWED = "allowed"
DEFAULT = "default"
"""The word that gives a value back to the clinic."""
SPAN = re.compile(r"(?:(\d{1,4}) ?h(?:ours?)?)? ?(?:(\d{1,5}) ?m(?:in(?:utes)?)?)?", re.IGNORECASE)
LONGEST = timedelta(days=14)
MOST_WEEKS = 104
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What staff ask for, in their own words; None and empty leave things as they are."""

    off: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    channels: str | None = None
    distances: Mapping[str, str] = field(default_factory=dict)
    rebook_weeks: str | None = None
    rebook: str | None = None
    is_cleared: bool = False
    """Begin from the clinic's own cadence again."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One change by staff, with all that holds from then on. An empty document is the clinic's own cadence again."""

    id: UUID
    clinic_id: ClinicId
    patient_id: PatientId
    document: Document
    reason: str
    made_by: str
    made_at: datetime
    ended_at: datetime | None = None


def to_override(document: Document) -> Override:
    """Return what a stored document means to the planner."""
    return Override(
        off=frozenset(document.get("off", ())),
        on=frozenset(document.get("on", ())),
        channels=tuple(Channel(word) for word in document.get("channels", ())),
        distances={name: document[f"{name}_minutes"] * MINUTE for name in DISTANCES if f"{name}_minutes" in document},
        rebook_weeks=document.get("rebook_weeks"),
        is_rebooking="rebook" not in document,
    )


def amended(document: Document, change: Change, clinic: Clinic) -> dict[str, Any]:
    """Return the document as staff want it from now on. Raises InputError with every fault, one line each."""
    faults: list[str] = []
    found: dict[str, Any] = {} if change.is_cleared else dict(document)
    _amend_steps(found, change, _steps(clinic), faults)
    _amend_channels(found, change, faults)
    for name, text in change.distances.items():
        _amend_distance(found, name, text, faults)
    _amend_rebooking(found, change, faults)
    if not faults:
        faults += _contradictions(to_override(found), clinic)
    if faults:
        raise InputError(faults)
    return found


def _cadences(clinic: Clinic) -> tuple[Cadence, ...]:
    own = tuple(clinic.cadences.values())
    return own if "*" in clinic.cadences else (*own, DEFAULT_CADENCE)


def _steps(clinic: Clinic) -> set[str]:
    return {step.key for cadence in (*_cadences(clinic), DEFAULT_CADENCE) for step in cadence.steps}


def _amend_steps(found: dict[str, Any], change: Change, known: Collection[str], faults: list[str]) -> None:
    for option, keys in (("--off", change.off), ("--on", change.on)):
        unknown = [key for key in keys if key not in known]
        faults += [f"{option}: found {key!r}; steps are: {', '.join(sorted(known))}" for key in unknown]
    both = sorted(set(change.off) & set(change.on))
    faults += [f"--on: found {key!r} under --off too; name it once" for key in both]
    for word, mine, others in (("off", change.off, change.on), ("on", change.on, change.off)):
        _put(found, word, sorted({*found.get(word, ()), *mine} - set(others)))


def _amend_channels(found: dict[str, Any], change: Change, faults: list[str]) -> None:
    if change.channels is None:
        return
    words = [] if change.channels == DEFAULT else [word.strip() for word in change.channels.split(",")]
    if len(set(words)) < len(words) or not set(words) <= {channel.value for channel in Channel}:
        faults.append(f"--channels: found {change.channels!r}; sms, email, email,sms or {DEFAULT} is wanted")
    _put(found, "channels", words)


def _amend_distance(found: dict[str, Any], name: str, text: str, faults: list[str]) -> None:
    key = f"{name}_minutes"
    if text == DEFAULT:
        found.pop(key, None)
        return
    span = _span(text)
    if span is None or not MINUTE <= span <= LONGEST:
        option = f"--{name.replace('_', '-')}"
        faults.append(f"{option}: found {text!r}; a time such as 24h, 90m or 1h30m, or {DEFAULT}, is wanted")
    else:
        found[key] = span // MINUTE


def _span(text: str) -> timedelta | None:
    match = SPAN.fullmatch(text.strip())
    return None if match is None else int(match[1] or 0) * HOUR + int(match[2] or 0) * MINUTE


def _amend_rebooking(found: dict[str, Any], change: Change, faults: list[str]) -> None:
    weeks, word = change.rebook_weeks, change.rebook
    if weeks is not None and word is not None:
        faults.append("--rebook: found together with --rebook-weeks; use one of them")
    elif weeks is not None:
        # Whoever says when to ask wants it asked.
        found.pop("rebook", None)
        if not weeks.isdecimal() or not 1 <= int(weeks) <= MOST_WEEKS:
            faults.append(f"--rebook-weeks: found {weeks!r}; whole weeks from 1 to {MOST_WEEKS} are wanted")
        else:
            found["rebook_weeks"] = int(weeks)
    elif word == ALLOWED:
        found.pop("rebook", None)
    elif word in NOT_ASKED:
        found["rebook"] = word
    elif word is not None:
        faults.append(f"--rebook: found {word!r}; {', '.join((*NOT_ASKED, ALLOWED))} are wanted")


def _put(found: dict[str, Any], key: str, value: list[str]) -> None:
    if value:
        found[key] = value
    else:
        found.pop(key, None)


def _contradictions(override: Override, clinic: Clinic) -> Iterator[str]:
    """Name what no text could say: clear liquids may be drunk for longer than solids may be eaten."""
    changed = [overridden(cadence, override) for cadence in _cadences(clinic)]
    wrong = [item for item in changed if item.liquids_fast > item.solids_fast]
    for item in wrong[:1]:
        liquids, solids = in_hours(item.liquids_fast), in_hours(item.solids_fast)
        yield f"--liquids-fast: found {liquids}, longer than the solids fast of {solids}; solids are stopped first"


def in_hours(span: timedelta) -> str:
    """Return a span as people write it: 24h, 1h30m, 45m."""
    hours, minutes = divmod(span // MINUTE, 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes or not hours else "")


def in_words(document: Document) -> list[str]:
    """Return what a document changes, one thing a line; nothing where all is the clinic's own."""
    override = to_override(document)
    lines = [f"never: {key}" for key in sorted(override.off)]
    lines += [f"also: {key}" for key in sorted(override.on)]
    lines += [f"channels: {', '.join(override.channels)}"] if override.channels else []
    lines += [f"{name.replace('_', ' ')}: {in_hours(span)}" for name, span in override.distances.items()]
    lines += [f"rebook: after {override.rebook_weeks} weeks"] if override.rebook_weeks else []
    lines += [f"rebook: never asked, the patient {NOT_ASKED[document['rebook']]}"] if "rebook" in document else []
    return lines
