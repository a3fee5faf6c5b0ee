"""What a patient last said, beside one of several sessions: whether it was said of another one."""

from __future__ import annotations

from reminders.core.ids import AppointmentId
from reminders.core.replies import Intent


def is_of_another(
    meant: AppointmentId | None, here: AppointmentId, *, intent: Intent | None, is_confirmed: bool
) -> bool:
    """Say whether it must be told which session a reply was for, where it stands beside this one.

    One C answers for all days of a run, and is kept with the first: beside one that is confirmed it needs no word.
    """
    return meant not in {None, here} and not (is_confirmed and intent is Intent.CONFIRM)
