"""Keep the API's books, for when nobody asks: events get their numbers; old answers and old tries are forgotten."""

from __future__ import annotations

from reminders.services.answer_once import purge_answers
from reminders.services.deps import Deps
from reminders.services.limit_tries import forget_tries
from reminders.services.number_events import number_events


def keep_feed(deps: Deps) -> None:
    """Number what waits, and forget what was answered, or tried in vain, long ago."""
    number_events(deps)
    purge_answers(deps)
    forget_tries(deps)
