"""Read: one message of a clinic with its story, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from reminders.core.errors import NotFoundError
from reminders.core.ids import MessageId
from reminders.core.timeline.events import Event
from reminders.core.timeline.history import PastMessage, SubjectKind
from reminders.services.deps import Deps
from reminders.services.explain import Query, explain


@dataclass(frozen=True, slots=True)
class Sent:
    """A message, the clinic's own id of whom it is for, every line of its story, and what comes next."""

    message: PastMessage
    patient: str | None
    events: Sequence[Event]
    outlook: str


def read_message(deps: Deps, clinic_slug: str, message_id: UUID | MessageId) -> Sent:
    """Return a message of this clinic. Raises NotFoundError."""
    query = Query(str(message_id), SubjectKind.MESSAGE, clinic_slug, has_texts=True)
    account = explain(deps, query)
    if account.message is None:
        raise NotFoundError(f"no message {message_id}")
    patient = account.patient.record.external_id if account.patient is not None else None
    return Sent(account.message, patient, account.events, account.outlook.what)
