"""What the address of Today asks for, and the addresses of its other pages; a form keeps it and comes back there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from reminders.core.ids import AppointmentId, TaskId
from reminders.services.read_today import Choice, Span

FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)
"""Between these a day may be asked for: no clinic's schedule reaches further."""
PLACE = ("clinic", "span", "day", "tasks_from", "sessions_from")


class Asked(BaseModel):
    """A place on Today: whose, how far ahead or which day, and where its list of tasks and its day are turned to."""

    model_config = ConfigDict(frozen=True)

    clinic: str = Field("", max_length=64)
    span: Span = Span.NEXT
    day: date | None = Field(None, ge=FIRST, le=LAST)
    tasks_from: UUID | None = None
    """The task with which the page of the worklist begins."""
    sessions_from: UUID | None = None
    """The session with which the page of the day begins."""

    @property
    def choice(self) -> Choice:
        """What is to be read."""
        return Choice(
            clinic=self.clinic,
            span=self.span,
            on=self.day,
            opening_task=TaskId(self.tasks_from) if self.tasks_from is not None else None,
            opening_session=AppointmentId(self.sessions_from) if self.sessions_from is not None else None,
        )

    @property
    def fields(self) -> Sequence[tuple[str, str]]:
        """What is asked for, as an address and a form say it; what goes without saying is left out."""
        told = ((name, getattr(self, name)) for name in PLACE)
        return [(name, str(value)) for name, value in told if value not in {None, "", Span.NEXT}]

    @property
    def query(self) -> str:
        """What is asked for, behind the path of a page; empty where nothing is."""
        return f"?{urlencode(self.fields)}" if self.fields else ""

    def beside(self, **changes: Any) -> str:  # noqa: ANN401 - any of the fields
        """Return the same for another place, which differs in this."""
        return self.model_copy(update=changes).query
