"""Keep the API's books, for when nobody asks: events get their numbers, old answers are forgotten."""

from __future__ import annotations

from reminders.services.answer_once import purge_answers
from reminders.services.deps import Deps
from reminders.services.number_events import number_events


def keep_feed(deps: Deps) -> None:
    """Number what waits, and forget what requests with an idempotency key were answered long ago."""
    number_events(deps)
    purge_answers(deps)
