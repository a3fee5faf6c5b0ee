"""Edits of a clinic's document, as pages make them: each is a small change that is applied to what holds.

What an edit leads to is read and judged like a clinic file (`cadence_document`, `lint`), but for faults that the
document had before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from reminders.core.cadences import Phase, Step
from reminders.core.clinic_document import read_clinic
from reminders.core.clinics import Clinic
from reminders.core.errors import InputError
from reminders.core.lint import lint
from reminders.core.patients import Channel, Recipient
from reminders.core.plan_words import cadences_of, time_text
from reminders.core.texts import TEMPLATES

SEEN_LETTERS = 40


@dataclass(frozen=True, slots=True)
class StepEdit:
    """A step of one kind of session as it shall be. Times are written as in a document; `weeks` is for `rebook`."""

    kind: str
    key: str
    is_on: bool
    due: str
    expires: str
    channels: tuple[str, ...]
    weeks: int | None = None


@dataclass(frozen=True, slots=True)
class TextEdit:
    """A text of the clinic's own; an empty one gives the product's own back."""

    language: str
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class SnippetEdit:
    """What staff may answer with, under a short name; an empty text takes it away."""

    language: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class NewStep:
    """A step of the clinic's own for one kind of session, with its texts by language. Times are as in a document."""

    kind: str
    key: str
    phase: str
    asks: str
    recipient: str
    due: str
    expires: str
    channels: tuple[str, ...]
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BringBack:
    """All of an earlier version."""

    version: int
    document: Mapping[str, Any]


Edit = StepEdit | TextEdit | SnippetEdit | NewStep | BringBack


def step_edit(kind: str, step: Step, clinic: Clinic) -> StepEdit:
    """Return the edit that changes nothing about a step: what its form begins with."""
    weeks = cadences_of(clinic)[kind].rebook_weeks if step.phase is Phase.REBOOK else None
    due, expires = time_text(step.due), time_text(step.expires)
    return StepEdit(kind, step.key, step.is_enabled, due, expires, tuple(step.channels), weeks)


def edited(document: Mapping[str, Any], clinic: Clinic, edit: Edit) -> dict[str, Any]:
    """Return a document with an edit; `clinic` is what the document describes. What the edit leaves alone stays."""
    new = deepcopy(dict(document))
    match edit:
        case BringBack():
            return deepcopy(dict(edit.document))
        case TextEdit():
            _put_text(new, edit)
        case StepEdit():
            _put_step(new, clinic, edit)
        case SnippetEdit():
            _put_snippet(new, clinic, edit)
        case NewStep():
            _put_new_step(new, clinic, edit)
    return new


def _put_text(new: dict[str, Any], edit: TextEdit) -> None:
    texts = new.setdefault("templates", {}).setdefault(edit.language, {})
    text = edit.text.strip()
    if text:
        texts[edit.key] = text
        return
    texts.pop(edit.key, None)
    new["templates"] = {language: table for language, table in new["templates"].items() if table}
    if not new["templates"]:
        del new["templates"]


def _put_snippet(new: dict[str, Any], clinic: Clinic, edit: SnippetEdit) -> None:
    """Put a snippet in the place of that name. With its first own one a clinic takes ours over: a table is whole."""
    tables = {language: dict(texts) for language, texts in clinic.snippets.items()}
    texts = tables.setdefault(edit.language, {})
    text = edit.text.strip()
    if text:
        texts[edit.name] = text
    elif texts.pop(edit.name, None) is None:
        raise InputError([f"clinic.snippets.{edit.language}.{edit.name}: found nothing; write what it says"])
    new["snippets"] = tables


def _put_new_step(new: dict[str, Any], clinic: Clinic, edit: NewStep) -> None:
    path = f"clinic.cadence.{edit.kind}.steps.{edit.key}"
    if edit.key in text_keys_of(clinic):
        raise InputError([f"{path}: found {edit.key!r}; a message is called that already"])
    row: dict[str, Any] = {"phase": edit.phase, "due": edit.due, "expires": edit.expires}
    if edit.recipient == Recipient.PATIENT:
        row["channels"] = list(edit.channels)
    else:
        row["recipient"] = edit.recipient
    if edit.asks:
        row["asks"] = edit.asks
    table = dict(new.get("cadence", {}).get(edit.kind, {}))
    table["steps"] = {**table.get("steps", {}), edit.key: row}
    new["cadence"] = {**new.get("cadence", {}), edit.kind: table}
    for language, text in edit.texts.items():
        if text.strip():
            new.setdefault("templates", {}).setdefault(language, {})[edit.key] = text.strip()


def text_keys_of(clinic: Clinic) -> set[str]:
    """Return what the messages of a clinic's plan are called, over all kinds of session."""
    return {step.key for cadence in cadences_of(clinic).values() for step in cadence.steps}


def _put_step(new: dict[str, Any], clinic: Clinic, edit: StepEdit) -> None:
    cadence = cadences_of(clinic).get(edit.kind)
    step = cadence.step(edit.key) if cadence else None
    if cadence is None or step is None:
        raise InputError([f"step: found {edit.key!r}; the plan has no such step"])
    row = _row(step_edit(edit.kind, step, clinic), edit)
    table = dict(new.get("cadence", {}).get(edit.kind, {}))
    if step.phase is Phase.REBOOK:
        row.pop("due", None)
        _put_weeks(table, cadence.rebook_weeks, edit.weeks)
    if row:
        steps = table.get("steps", {})
        table["steps"] = {**steps, edit.key: {**steps.get(edit.key, {}), **row}}
    if table or edit.kind in new.get("cadence", {}):
        new["cadence"] = {**new.get("cadence", {}), edit.kind: table}


def _row(held: StepEdit, wanted: StepEdit) -> dict[str, Any]:
    """Return what a step's table has to say so that it becomes what is wanted."""
    pairs = {
        "on": (held.is_on, wanted.is_on),
        "due": (held.due, wanted.due),
        "expires": (held.expires, wanted.expires),
        "channels": (list(held.channels), list(wanted.channels)),
    }
    return {name: new for name, (old, new) in pairs.items() if old != new}


def _put_weeks(table: dict[str, Any], held: int | None, wanted: int | None) -> None:
    if wanted is None:
        table.pop("rebook_weeks", None)
    elif wanted != held:
        table["rebook_weeks"] = wanted


def judged(document: Mapping[str, Any], before: Clinic) -> Clinic:
    """Return the clinic that an edited document describes.

    Raises ClinicFileError with every fault of it, and InputError with those of its texts that `before` did not have.
    """
    after = read_clinic(document, clinic_id=before.id)
    old = set(lint(before))
    faults = [fault for fault in lint(after) if fault not in old]
    if faults:
        raise InputError(faults)
    return after


def seen(document: Mapping[str, Any], version: int) -> str:
    """Return what stands for a document over a version, so that nothing is saved but what was shown."""
    text = json.dumps([version, document], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:SEEN_LETTERS]


def faults_by_field(faults: tuple[str, ...], edit: Edit) -> dict[str, list[str]]:
    """Return faults by the field of a form that they are about, without their path; the rest is under ''."""
    fields: dict[str, str] = {}
    match edit:
        case StepEdit():
            path = f"clinic.cadence.{edit.kind}.steps.{edit.key}."
            fields = {f"{path}{name}": name for name in ("due", "expires", "channels", "on")}
            fields[f"clinic.cadence.{edit.kind}.rebook_weeks"] = "weeks"
        case TextEdit():
            fields = {f"clinic.templates.{edit.language}.{edit.key}": "text"}
        case SnippetEdit():
            fields = {f"clinic.snippets.{edit.language}.{edit.name}": "text"}
        case NewStep():
            path = f"clinic.cadence.{edit.kind}.steps.{edit.key}"
            fields = {f"{path}.{name}": name for name in ("due", "expires", "channels", "asks", "phase", "recipient")}
            fields |= {path: "name"}
            fields |= {f"clinic.templates.{language}.{edit.key}": f"text_{language}" for language in TEMPLATES}
        case BringBack():
            pass
    found: dict[str, list[str]] = {}
    for fault in faults:
        path, _, words = fault.partition(": ")
        name = fields.get(path, "")
        found.setdefault(name, []).append(words if name else fault)
    return found


def channels_of(words: str) -> tuple[str, ...]:
    """Return channels as a form names them: 'sms,email'."""
    return tuple(Channel(word) for word in words.split(",") if word in set(Channel))
