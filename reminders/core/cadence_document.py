"""Reading `[clinic.cadence.TYPE]`: a clinic's own times, channels, switches and steps over those of the product.

A time is written as people say it: `start - 3 days at 10:00` is wall-clock time in the clinic's zone, `end + 24 hours`
is elapsed time, `fasting` is the instant itself. A step of the product can be switched off, not deleted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from reminders.core.answer_texts import ANSWER_KEYS
from reminders.core.cadences import (
    DEFAULT_CADENCE,
    DISTANCES,
    Anchor,
    Cadence,
    Civil,
    Elapsed,
    Offset,
    Phase,
    QuestionKind,
    Step,
    anchors,
    instant,
)
from reminders.core.conditions import LASTING
from reminders.core.patients import Channel, Recipient
from reminders.core.reading import Reader
from reminders.core.ride_document import RIDE_POLICY, read_ride_policy
from reminders.core.texts import TEMPLATES
from reminders.core.transport import RidePolicy

MOST_MINUTES = 60 * 24 * 60
MOST_WEEKS = 50
MINUTES = (0, MOST_MINUTES)
SHIPPED = {step.key: step for step in DEFAULT_CADENCE.steps}
STEP_KEYS = {"due", "expires", "channels", "on", "only_first", "alone"}
OWN_STEP_KEYS = STEP_KEYS | {"phase", "asks", "recipient"}
OWN_KEY = re.compile(r"[a-z][a-z0-9_]{1,39}")
TAKEN = {"ad_hoc", "test", "help", *ANSWER_KEYS, *(key for texts in TEMPLATES.values() for key in texts)} - set(SHIPPED)
"""What other messages are called: an own step of that name could not be told from them."""
OWN_PHASES = (Phase.BEFORE, Phase.AFTER)
OWN_QUESTIONS = tuple(QuestionKind)
OWN_RECIPIENTS = (Recipient.PATIENT, Recipient.ESCORT)
QUESTIONS = {
    Phase.BEFORE: {QuestionKind.CONFIRM, QuestionKind.RIDE, QuestionKind.PICK_UP},
    Phase.AFTER: {QuestionKind.CHECK_IN},
}
ASKED = {
    QuestionKind.CONFIRM: Recipient.PATIENT,
    QuestionKind.RIDE: Recipient.PATIENT,
    QuestionKind.CHECK_IN: Recipient.PATIENT,
    QuestionKind.PICK_UP: Recipient.ESCORT,
}
"""Who can answer each question."""
RANKS = {
    QuestionKind.CONFIRM: 4,
    QuestionKind.RIDE: 3,
    QuestionKind.CHECK_IN: 7,
    QuestionKind.PICK_UP: 1,
    None: 8,
}
"""Where an own step stands when several merge: as its kin of the product, and behind what a session depends on."""
TIME = re.compile(
    r"(?P<anchor>[a-z]+)"
    r"(?:\s*(?P<sign>[+−-])\s*(?P<count>\d{1,5})\s*(?P<unit>minute|hour|day|week)s?)?"
    r"(?:\s+at\s+(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d))?",
    re.ASCII,
)
UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
FARTHEST = timedelta(days=366)
WANTED = (
    'a time such as "start - 3 days at 10:00", "end + 24 hours" or "fasting" is wanted; '
    "it counts in minutes, hours, days or weeks, at most 366 days, from"
)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the file we read, and with what."""

    reader: Reader
    path: str

    def fault(self, key: str, found: object, wanted: str) -> None:
        self.reader.fault(f"{self.path}.{key}", found, wanted)


def read_cadences(reader: Reader, document: Mapping[str, Any]) -> dict[str, Cadence]:
    """Return a clinic's cadences by appointment type. A `ride_policy` of the clinic holds where a type names none."""
    policy = read_ride_policy(reader, "clinic", document, usual=DEFAULT_CADENCE.ride_policy)
    tables = reader.table("clinic.cadence", document.get("cadence", {}))
    found = {}
    for kind, table in tables.items():
        path = f"clinic.cadence.{kind}"
        found[kind] = read_cadence(reader, path, reader.table(path, table), ride_policy=policy)
    usual = replace(DEFAULT_CADENCE, ride_policy=policy)
    return found if usual == DEFAULT_CADENCE else {"*": usual, **found}


def read_cadence(reader: Reader, path: str, table: Mapping[str, Any], *, ride_policy: RidePolicy) -> Cadence:
    """Return the cadence that a table describes, noting every fault. `ride_policy` is the clinic's for all."""
    known = {*(f"{name}_minutes" for name in DISTANCES), "rebook_weeks", RIDE_POLICY, "off", "on", "steps"}
    reader.unknown_keys(path, table, known)
    given = reader.numbers(path, table, {f"{name}_minutes": MINUTES for name in DISTANCES})
    weeks = reader.numbers(path, table, {"rebook_weeks": (1, MOST_WEEKS)}).get("rebook_weeks")
    changed = _changed_steps(reader, f"{path}.steps", reader.table(f"{path}.steps", table.get("steps", {})))
    steps = _switched(reader, path, table, {**SHIPPED, **changed}, said=_said(table))
    distances: dict[str, Any] = {
        name: timedelta(minutes=given[key]) for name in DISTANCES if (key := f"{name}_minutes") in given
    }
    policy = read_ride_policy(reader, path, table, usual=ride_policy)
    cadence = replace(Cadence(tuple(steps.values()), rebook_weeks=weeks, ride_policy=policy), **distances)
    for key in changed:
        place = _Place(reader, f"{path}.steps.{key}")
        if not any(fault.startswith(f"{place.path}.") for fault in reader.faults):
            _check_times(place, steps[key], cadence)
    return cadence


def own_steps(cadences: Collection[Cadence]) -> set[str]:
    """Return the keys of steps that a clinic made itself, and has to write the texts of."""
    return {step.key for cadence in cadences for step in cadence.steps if step.key not in SHIPPED}


def _said(table: Mapping[str, Any]) -> set[str]:
    """Return the steps whose own table switches them: it goes before the lists `on` and `off`."""
    steps = table.get("steps")
    rows = steps.items() if isinstance(steps, Mapping) else ()
    return {key for key, row in rows if isinstance(row, Mapping) and "on" in row}


def _switched(
    reader: Reader, path: str, table: Mapping[str, Any], steps: Mapping[str, Step], *, said: Collection[str]
) -> dict[str, Step]:
    switched = dict(steps)
    wanted = f"steps are wanted: {', '.join(sorted(steps))}"
    for word, is_on in (("off", False), ("on", True)):
        keys = table.get(word, [])
        for key in keys if isinstance(keys, list) else [keys]:
            is_step = reader.value(
                f"{path}.{word}", key, lambda found: isinstance(found, str) and found in steps, wanted
            )
            if is_step and key not in said:
                switched[key] = replace(switched[key], is_enabled=is_on)
    return switched


def _changed_steps(reader: Reader, path: str, table: Mapping[str, Any]) -> dict[str, Step]:
    found = {}
    for key, row in table.items():
        place = _Place(reader, f"{path}.{key}")
        step = _step(place, key, reader.table(place.path, row))
        if step is not None:
            found[key] = step
    return found


def _step(place: _Place, key: str, row: Mapping[str, Any]) -> Step | None:
    """Return a step as its table says, over the product's own where there is one; None where it cannot be made."""
    shipped = SHIPPED.get(key)
    place.reader.unknown_keys(place.path, row, STEP_KEYS if shipped else OWN_STEP_KEYS)
    base = shipped or _own_step(place, key, row)
    if base is None:
        return None
    if base.phase is Phase.REBOOK and "due" in row:
        place.fault("due", row["due"], "rebook_weeks says when, on that day at 10:00")
    return replace(
        base,
        due=_time(place, "due", row, base.due, DUE_ANCHORS),
        expires=_time(place, "expires", row, base.expires, tuple(Anchor)),
        channels=_channels(place, row, base),
        is_enabled=place.reader.flag(place.path, row, "on", usual=base.is_enabled),
        is_first_only=place.reader.flag(place.path, row, "only_first", usual=base.is_first_only),
        is_alone_in_between=place.reader.flag(place.path, row, "alone", usual=base.is_alone_in_between),
    )


def _own_step(place: _Place, key: str, row: Mapping[str, Any]) -> Step | None:
    if OWN_KEY.fullmatch(key) is None or key in TAKEN:
        wanted = f"one of ours is wanted ({', '.join(sorted(SHIPPED))}), or a free name of small letters, digits and _"
        place.reader.fault(place.path, key, wanted)
        return None
    for needed in ("due", "expires"):
        if needed not in row:
            place.fault(needed, None, "a step of your own needs it")
    phase = _word(place, "phase", row, OWN_PHASES, None)
    if phase is None:
        if "phase" not in row:
            place.fault("phase", None, "a step of your own needs it: before or after")
        return None
    asks = _word(place, "asks", row, OWN_QUESTIONS, None)
    recipient = _word(place, "recipient", row, OWN_RECIPIENTS, Recipient.PATIENT)
    if asks is not None and asks not in QUESTIONS[phase]:
        place.fault("asks", asks.value, f"{phase} a session we ask: {', '.join(sorted(QUESTIONS[phase]))}")
    if asks is not None and recipient is not ASKED[asks]:
        who = {Recipient.PATIENT: "only patients are asked this", Recipient.ESCORT: "only an escort is asked this"}
        place.fault("asks", asks.value, who[ASKED[asks]])
    channels = (Channel.SMS,) if recipient is Recipient.ESCORT else (Channel.SMS, Channel.EMAIL)
    whenever = Elapsed(Anchor.START)
    return Step(key, phase, whenever, whenever, RANKS[asks], asks, recipient=recipient, channels=channels)


def _word(place: _Place, key: str, row: Mapping[str, Any], words: tuple[Any, ...], usual: Any) -> Any:  # noqa: ANN401 - one of the words of any enum
    if key not in row:
        return usual
    found = row[key]
    if isinstance(found, str) and found in words:
        return type(words[0])(found)
    place.fault(key, found, f"one of these is wanted: {', '.join(words)}")
    return usual


def _channels(place: _Place, row: Mapping[str, Any], base: Step) -> tuple[Channel, ...]:
    if "channels" not in row:
        return base.channels
    found = row["channels"]
    words = [*Channel] if base.recipient is Recipient.PATIENT else [Channel.SMS]
    is_good = (
        isinstance(found, list)
        and 0 < len(found) <= len(words)
        and all(isinstance(item, str) and item in words and found.count(item) == 1 for item in found)
    )
    if is_good:
        return tuple(Channel(item) for item in found)
    listed = " and ".join(f'"{word}"' for word in words)
    place.fault("channels", found, f"a list of {listed} is wanted, the first choice first; on = false switches it off")
    return base.channels


DUE_ANCHORS = tuple(anchor for anchor in Anchor if anchor is not Anchor.DUE)


def _time(place: _Place, key: str, row: Mapping[str, Any], usual: Offset, allowed: Collection[Anchor]) -> Offset:
    if key not in row:
        return usual
    found = read_time(row[key], allowed)
    if not isinstance(found, str):
        return found
    place.fault(key, row[key], found)
    return usual


def read_time(found: object, allowed: Collection[Anchor]) -> Offset | str:
    """Return the point in time that a text names, or what is wanted instead.

    Days and weeks need a clock time, because "three days before" means the same hour to nobody when clocks change;
    from `due` they do not, since it has one.
    """
    match = TIME.fullmatch(found.strip()) if isinstance(found, str) else None
    if match is None or match["anchor"] not in set(allowed):
        return f"{WANTED} {', '.join(allowed)}"
    anchor, unit = Anchor(match["anchor"]), match["unit"] or "day"
    by = int(match["count"] or 0) * UNITS[unit] * (1 if match["sign"] in {None, "+"} else -1)
    if abs(by) > FARTHEST:
        return f"{WANTED} {', '.join(allowed)}"
    if match["hour"] is not None:
        if unit not in {"day", "week"}:
            return 'hours and minutes are counted exactly: "at" goes with days and weeks only'
        return Civil(anchor, by.days, time(int(match["hour"]), int(match["minute"])))
    if by and unit in {"day", "week"} and anchor is not Anchor.DUE:
        return f'days need a time of day: "{found} at 10:00", or count {abs(by) // UNITS["hour"]} hours'
    return Elapsed(anchor, by)


PROBE_DAY = datetime(2027, 6, 16, tzinfo=UTC)
PROBE_ZONE = ZoneInfo("Etc/UTC")
PROBE_HOURS = (6, 9, 12, 15, 18)
PROBE_LENGTHS = (timedelta(minutes=30), timedelta(hours=4))
PROBE_NOTICE = timedelta(days=60)


def _probes(step: Step, cadence: Cadence) -> Iterator[tuple[datetime, datetime, datetime, datetime]]:
    """Yield start, end, due and expiry for sessions early and late, short and long."""
    for hour in PROBE_HOURS:
        for length in PROBE_LENGTHS:
            start = PROBE_DAY + timedelta(hours=hour)
            base = anchors(start, length, cadence, versioned_at=start - PROBE_NOTICE, ended_at=None)
            due = instant(step.due, base, PROBE_ZONE)
            yield base.start, base.end, due, instant(step.expires, base, PROBE_ZONE, due=due)


def _check_times(place: _Place, step: Step, cadence: Cadence) -> None:
    """Note times that are wrong for every session; what depends on the hour of the session is left alone."""
    if step.phase is Phase.REBOOK:
        return
    counts = {step.due.anchor, step.expires.anchor} - {Anchor.DUE}
    # How long before a session it is booked, we do not know.
    is_comparable = Anchor.VERSION not in counts or len(counts) == 1
    probes = list(_probes(step, cadence))
    if is_comparable and all(expires <= due for _, _, due, expires in probes):
        place.fault("expires", "a time that is never after `due`", "a time after it is wanted")
    if step.due.anchor is Anchor.VERSION:
        return
    if step.phase is Phase.BEFORE and all(due >= start for start, _, due, _ in probes):
        place.fault("due", "a time that is never before the session", "this step belongs before its start")
    if step.phase in LASTING and all(due < end for _, end, due, _ in probes):
        place.fault("due", "a time that is always before the session's end", "this step belongs after it")
