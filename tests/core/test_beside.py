"""When it must be told which session a reply was for."""

from __future__ import annotations

from uuid import UUID

import pytest

from reminders.core.conversation.beside import is_of_another
from reminders.core.ids import AppointmentId
from reminders.core.replies import Intent

HERE, OTHER = AppointmentId(UUID(int=1)), AppointmentId(UUID(int=2))


@pytest.mark.parametrize(
    ("meant", "intent", "is_confirmed", "is_told"),
    [
        (HERE, Intent.CONFIRM, False, False),
        (None, Intent.CONFIRM, False, False),
        (OTHER, Intent.CONFIRM, False, True),
        (OTHER, Intent.CONFIRM, True, False),
        (OTHER, Intent.HAS_RIDE, True, True),
        (OTHER, None, False, True),
    ],
)
def test_it_is_told_of_another_session_but_for_a_yes_that_stands_for_a_run(
    meant: AppointmentId | None, intent: Intent | None, *, is_confirmed: bool, is_told: bool
) -> None:
    assert is_of_another(meant, HERE, intent=intent, is_confirmed=is_confirmed) is is_told
