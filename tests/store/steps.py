"""The migrations that bring new words and columns, as the tests go up and down with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from alembic import command
from sqlalchemy import Engine

from reminders.store.migrating import configuration

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


def address_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


@dataclass(frozen=True)
class Step:
    """A migration with words of its own: each as table, column, the word, and the old word nearest to it."""

    before: str
    after: str
    words: tuple[tuple[str, str, str, str], ...]

    def up(self, engine: Engine) -> None:
        command.upgrade(configuration(address_of(engine)), self.after)

    def down(self, engine: Engine) -> None:
        command.downgrade(configuration(address_of(engine)), self.before)


SECOND = Step(
    "0001",
    "0002",
    (
        ("message", "reason", "on_hold", "withdrawn"),
        ("reminder", "reason", "series_stopped", "withdrawn"),
        ("message", "reason", "overtaken", "too_late_when_planned"),
        ("reminder", "reason", "overtaken", "too_late_when_planned"),
        ("task", "reason", "on_hold", "withdrawn"),
        ("task", "kind", "mark_outcome", "missing_from_schedule"),
        ("task", "kind", "session_on_closed_day", "reschedule"),
    ),
)
FOURTH = Step(
    "0003",
    "0004",
    (
        ("task", "kind", "escalation", "reply_unclear"),
        ("task", "kind", "self_drive", "ride_wanted"),
        ("task", "kind", "declined", "reschedule"),
        ("task", "kind", "running_late", "reply_unclear"),
        ("task", "kind", "symptom", "reply_unclear"),
        ("task", "kind", "question", "reply_unclear"),
        ("task", "kind", "call_wanted", "reply_unclear"),
        ("task", "kind", "contact_change", "address_fault"),
        ("task", "kind", "wrong_number", "address_fault"),
        ("task", "kind", "deceased", "reply_unclear"),
        ("task", "kind", "unconfirmed", "reply_unclear"),
        ("task", "kind", "check_in_unanswered", "not_delivered"),
        ("task", "kind", "escort_declined", "ride_wanted"),
        ("task", "kind", "opt_out_request", "phone_patient"),
        ("task", "kind", "opted_in", "reply_unclear"),
        *((table, "reason", "acknowledged", "withdrawn") for table in ("message", "reminder", "task")),
        *((table, "reason", "answered", "withdrawn") for table in ("message", "reminder", "task")),
        ("message", "recipient", "staff", "escort"),
        ("reminder", "recipient", "staff", "escort"),
        ("message", "origin", "alert", "staff"),
        ("message", "asks", "pick_up", "ride"),
        ("question", "kind", "pick_up", "ride"),
    ),
)
NEW_COLUMNS: Mapping[str, Mapping[str, Any]] = {
    "appointment": {"ride_state": "needed", "ride_state_version": 3},
    "inbound": {"intents": "confirm,question", "understood": b"sealed"},
    "question": {"nudged_at": NOON, "lapsed_at": NOON},
    "task": {
        "due_at": NOON,
        "owner": "Kim",
        "acknowledged_at": NOON,
        "acknowledged_by": "Kim",
        "outcome": "reached",
        "note": b"sealed",
    },
}
"""What the fourth adds, each with a value that it takes."""
NEW_TABLES = ("permission_event", "check_in", "escalation")
