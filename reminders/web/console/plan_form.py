"""The forms in which the plan is edited: their fields as they were filled in, and the edit that they stand for."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import Form
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from reminders.core.cadence_document import read_time
from reminders.core.cadences import Anchor, Elapsed, Offset, Phase, Step
from reminders.core.errors import InputError
from reminders.core.plan_edits import BringBack, Edit, NewStep, SnippetEdit, StepEdit, TextEdit, channels_of
from reminders.core.texts import TEMPLATES

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NUMBER = re.compile(r"\d{1,5}", re.ASCII)
COUNTED_EXACTLY = {"hour", "minute"}
LONGEST_TEXT = 1600


class Times(BaseModel):
    """One point in time, in parts that a person can choose."""

    count: str = ""
    unit: str = "day"
    side: str = "before"
    anchor: str = "start"
    at: str = ""

    @property
    def text(self) -> str:
        """How a document writes it; the reader of documents says what is wrong with it."""
        count = self.count.strip() or "0"
        by = (
            ""
            if NUMBER.fullmatch(count) and not int(count)
            else f" {'-' if self.side == 'before' else '+'} {count} {self.unit}"
        )
        clock = "" if self.unit in COUNTED_EXACTLY or not self.at else f" at {self.at[:5]}"
        return f"{self.anchor}{by}{clock}"


def times_of(offset: Offset) -> Times:
    """Return a point in time as a form shows it."""
    if isinstance(offset, Elapsed):
        minutes = abs(offset.by) // MINUTE
        unit, count = ("hour", minutes // 60) if minutes % 60 == 0 else ("minute", minutes)
        side = "before" if offset.by < timedelta(0) else "after"
        return Times(count=str(count), unit=unit, side=side, anchor=offset.anchor)
    side = "after" if offset.days > 0 else "before"
    return Times(count=str(abs(offset.days)), unit="day", side=side, anchor=offset.anchor, at=f"{offset.at:%H:%M}")


class TimedForm(BaseModel):
    """What every form of a step has: where it belongs, by what it goes, when it comes and until when it is of use."""

    nonce: str = ""
    clinic: str = ""
    kind: str = "*"
    version: int = 0
    channels: str = Field("sms,email", max_length=40)
    due_count: str = Field("", max_length=10)
    due_unit: str = Field("day", max_length=10)
    due_side: str = Field("before", max_length=10)
    due_anchor: str = Field("start", max_length=10)
    due_at: str = Field("", max_length=10)
    expires_count: str = Field("", max_length=10)
    expires_unit: str = Field("day", max_length=10)
    expires_side: str = Field("before", max_length=10)
    expires_anchor: str = Field("start", max_length=10)
    expires_at: str = Field("", max_length=10)

    @property
    def due(self) -> Times:
        """When it comes."""
        return self._times("due")

    @property
    def expires(self) -> Times:
        """From when on it is of no use."""
        return self._times("expires")

    def _times(self, name: str) -> Times:
        return Times(**{part: getattr(self, f"{name}_{part}") for part in Times.model_fields})


class StepForm(TimedForm):
    """The form of one step that the plan has."""

    is_on: bool = False
    weeks: str = Field("", max_length=10)

    def edit(self, step: Step, held: StepEdit) -> StepEdit:
        """Return the edit that this form stands for. Raises InputError where weeks are no number."""
        is_rebook = step.phase is Phase.REBOOK
        weeks = self.weeks.strip()
        if is_rebook and weeks and not NUMBER.fullmatch(weeks):
            path = f"clinic.cadence.{self.kind}.rebook_weeks"
            raise InputError([f"{path}: found {weeks!r}; a whole number from 1 to 50 is wanted"])
        return StepEdit(
            kind=self.kind,
            key=step.key,
            is_on=self.is_on,
            due=held.due if is_rebook else _normal(self.due.text, held.due),
            expires=_normal(self.expires.text, held.expires),
            channels=channels_of(self.channels),
            weeks=int(weeks) if is_rebook and weeks else None,
        )


def _normal(text: str, held: str) -> str:
    """Return a time as the held one is written where both mean the same."""
    found = read_time(text, tuple(Anchor))
    return held if found == read_time(held, tuple(Anchor)) else text


def form_of(edit: StepEdit, clinic: str, version: int) -> StepForm:
    """Return the form of a step as it is."""
    parts: dict[str, Any] = {}
    for name, text in (("due", edit.due), ("expires", edit.expires)):
        offset = read_time(text, tuple(Anchor))
        if not isinstance(offset, str):
            parts |= {f"{name}_{part}": value for part, value in times_of(offset).model_dump().items()}
    weeks = "" if edit.weeks is None else str(edit.weeks)
    return StepForm(
        clinic=clinic,
        kind=edit.kind,
        version=version,
        is_on=edit.is_on,
        channels=",".join(edit.channels),
        weeks=weeks,
        **parts,
    )


class TextForm(BaseModel):
    """The form of one text in one language."""

    nonce: str = ""
    clinic: str = ""
    version: int = 0
    language: str = Field("", max_length=10)
    text: str = Field("", max_length=LONGEST_TEXT)
    gives_back: bool = False

    def edit(self, key: str) -> TextEdit:
        """Return the edit that this form stands for."""
        return TextEdit(self.language, key, "" if self.gives_back else _plain(self.text))


class SnippetForm(BaseModel):
    """The form of one text for staff to answer with, in one language."""

    nonce: str = ""
    clinic: str = ""
    version: int = 0
    language: str = Field("", max_length=10)
    name: str = Field("", max_length=40)
    text: str = Field("", max_length=LONGEST_TEXT)
    takes_away: bool = False

    @property
    def key(self) -> str:
        """The name as it is kept: small letters, with hyphens for spaces."""
        return re.sub(r"\s+", "-", self.name.strip().lower())

    def edit(self, name: str) -> SnippetEdit:
        """Return the edit that this form stands for."""
        return SnippetEdit(self.language, name, "" if self.takes_away else _plain(self.text))


class NewStepForm(TimedForm):
    """The form of a step of the clinic's own."""

    name: str = Field("", max_length=40)
    phase: Literal["before", "after"] = "before"
    asks: Literal["", "confirm", "ride", "check_in", "pick_up"] = ""
    recipient: Literal["patient", "escort"] = "patient"
    text_en: str = Field("", max_length=LONGEST_TEXT)
    text_es: str = Field("", max_length=LONGEST_TEXT)

    @property
    def texts(self) -> dict[str, str]:
        """What it says, by language."""
        return {language: _plain(getattr(self, f"text_{language}")) for language in TEMPLATES}

    def edit(self) -> NewStep:
        """Return the edit that this form stands for."""
        return NewStep(
            kind=self.kind,
            key=re.sub(r"[\s-]+", "_", self.name.strip().lower()),
            phase=self.phase,
            asks=self.asks,
            recipient=self.recipient,
            due=self.due.text,
            expires=self.expires.text,
            channels=channels_of(self.channels),
            texts=self.texts,
        )


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


class SaveForm(BaseModel):
    """What a preview carries: the edit as it was shown, over which version."""

    nonce: str = ""
    clinic: str = ""
    version: int = 0
    seen: str = Field("", max_length=100)
    edit: str = Field("", max_length=20_000)
    remark: str = Field("", max_length=200)


class _Step(BaseModel):
    of: Literal["step"]
    kind: str
    key: str
    is_on: bool
    due: str
    expires: str
    channels: tuple[str, ...]
    weeks: int | None


class _Text(BaseModel):
    of: Literal["text"]
    language: str
    key: str
    text: str


class _Snippet(BaseModel):
    of: Literal["snippet"]
    language: str
    name: str
    text: str


class _New(BaseModel):
    of: Literal["new"]
    kind: str
    key: str
    phase: str
    asks: str
    recipient: str
    due: str
    expires: str
    channels: tuple[str, ...]
    texts: dict[str, str]


class _Back(BaseModel):
    of: Literal["back"]
    version: int


_Carried = _Step | _Text | _Snippet | _New | _Back
_EDITS: TypeAdapter[_Carried] = TypeAdapter(Annotated[_Carried, Field(discriminator="of")])


def packed(edit: Edit) -> str:
    """Return an edit as a form carries it; a version that comes back goes by its number."""
    match edit:
        case StepEdit():
            return _Step(of="step", **asdict(edit)).model_dump_json()
        case TextEdit():
            return _Text(of="text", **asdict(edit)).model_dump_json()
        case SnippetEdit():
            return _Snippet(of="snippet", **asdict(edit)).model_dump_json()
        case NewStep():
            return _New(of="new", **asdict(edit)).model_dump_json()
        case BringBack():
            return _Back(of="back", version=edit.version).model_dump_json()


def unpacked(text: str) -> StepEdit | TextEdit | SnippetEdit | NewStep | int:
    """Return the edit that a form carries, or the number of the version that is to come back. Raises InputError."""
    try:
        found = _EDITS.validate_json(text)
    except ValidationError as error:
        raise InputError(["edit: it did not reach us in one piece"]) from error
    if isinstance(found, _Back):
        return found.version
    values: dict[str, Any] = found.model_dump(exclude={"of"})
    match found:
        case _Step():
            return StepEdit(**values)
        case _Snippet():
            return SnippetEdit(**values)
        case _New():
            return NewStep(**values)
        case _Text():
            return TextEdit(**values)


FilledStep = Annotated[StepForm, Form()]
FilledText = Annotated[TextForm, Form()]
FilledSnippet = Annotated[SnippetForm, Form()]
FilledNewStep = Annotated[NewStepForm, Form()]
FilledSave = Annotated[SaveForm, Form()]
