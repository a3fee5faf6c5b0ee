"""What opens a task: the ends of messages and reminders that need a person, and the key that opens each once.

The tables are total over Reason: an end that nobody thought of would be a silent one (requirement 8).
"""

from __future__ import annotations

from collections.abc import Mapping

from reminders.core.cadences import ASK_ESCORT
from reminders.core.caps import importance
from reminders.core.check_ins import NUDGE
from reminders.core.consent import OPT_OUT_CONFIRMED
from reminders.core.delivery import ENDED, MessageState
from reminders.core.gate import Origin
from reminders.core.ids import AppointmentId
from reminders.core.messages import Draft
from reminders.core.reminders import Reason
from reminders.core.tasks.kinds import TaskKind

AFTER_MESSAGE: Mapping[Reason, TaskKind | None] = {
    Reason.SUPERSEDED: None,
    Reason.REPLANNED: None,
    Reason.TOO_LATE_WHEN_PLANNED: None,
    Reason.TOO_LATE: TaskKind.NOT_SENT_IN_TIME,
    Reason.NO_WINDOW: TaskKind.NO_WINDOW,
    Reason.NO_CONSENT: TaskKind.NO_CONSENT,
    Reason.NO_ADDRESS: TaskKind.ADDRESS_FAULT,
    Reason.OPTED_OUT: TaskKind.NOT_DELIVERED,
    Reason.ADDRESS_FAULT: TaskKind.ADDRESS_FAULT,
    Reason.NOT_ON_ALLOW_LIST: None,
    Reason.ALREADY_CONFIRMED: None,
    Reason.RIDE_ARRANGED: None,
    Reason.APPOINTMENT_OFF: None,
    Reason.MERGED: None,
    Reason.CAP: TaskKind.NOT_DELIVERED,
    Reason.ON_HOLD: None,
    Reason.SERIES_STOPPED: None,
    Reason.OVERTAKEN: None,
    Reason.QUIET_HOURS: TaskKind.NO_WINDOW,
    Reason.PROVIDER_REFUSED: TaskKind.NOT_DELIVERED,
    Reason.UNDELIVERED: TaskKind.NOT_DELIVERED,
    Reason.UNKNOWN_OUTCOME: TaskKind.OUTCOME_UNKNOWN,
    Reason.KEEPS_CRASHING: TaskKind.OUTCOME_UNKNOWN,
    Reason.WITHDRAWN: None,
    Reason.ACKNOWLEDGED: None,
    Reason.ANSWERED: None,
}
"""What a person is asked to do when a message ends for a reason; None where it need not have been sent.

What gives way to a cap first is no loss that anybody should phone about: see `_is_missed`.
"""
AFTER_REMINDER: Mapping[Reason, TaskKind | None] = {**AFTER_MESSAGE, Reason.OPTED_OUT: TaskKind.NO_CONSENT}
"""The same for a reminder that never became a message. Who opted out is to be phoned, like those who never agreed."""
RIDE_CHECK = "ride_check"
FIRST_TO_MISS = "prep_first"
"""The least of the steps that are missed when a cap drops them; what gives way before it is not."""


MISSED_OF_A_STRANGER = frozenset(
    {Reason.ADDRESS_FAULT, Reason.PROVIDER_REFUSED, Reason.UNDELIVERED, Reason.UNKNOWN_OUTCOME, Reason.KEEPS_CRASHING}
)
"""What staff hear of a text that was to ask an escort: that the number they were given fails, and not that we came too
late or may not ask. The ride itself stays a task of its own."""


def after_reminder(reason: Reason, step: str) -> TaskKind | None:
    """Return the task that a reminder's end calls for, at planning or past its use; None where nobody need act."""
    if step == ASK_ESCORT.key and reason not in MISSED_OF_A_STRANGER:
        return None
    return AFTER_REMINDER[reason] if reason is not Reason.CAP or _is_missed(step) else None


def after_message(state: MessageState, reason: Reason | None, origin: Origin, kind: str) -> TaskKind | None:
    """Return the task that a message's end calls for, None where it is still under way or nobody need act.

    `kind` is the step that leads the message. A question about the ride that a cap dropped asks for the ride itself.
    """
    if state not in {*ENDED, MessageState.UNDELIVERED} or state is MessageState.DELIVERED:
        return None
    if origin is Origin.ALERT or kind == OPT_OUT_CONFIRMED:
        # The climb goes on to the next, and what it is about is a task already. Who wants no more messages lacks none.
        return None
    if kind == NUDGE:
        # Asked or not a second time, an answer that stays away is a task of its own.
        return TaskKind.ADDRESS_FAULT if reason is Reason.ADDRESS_FAULT else None
    if kind == ASK_ESCORT.key and reason not in MISSED_OF_A_STRANGER:
        return None
    if state is MessageState.EXPIRED:
        return TaskKind.NOT_SENT_IN_TIME
    is_answer = origin is Origin.ANSWER and state is not MessageState.NEEDS_STAFF
    if reason is None or is_answer:
        return None
    if reason is Reason.CAP and kind == RIDE_CHECK:
        return TaskKind.RIDE_WANTED
    return AFTER_MESSAGE[reason] if reason is not Reason.CAP or _is_missed(kind) else None


def _is_missed(step: str) -> bool:
    return importance((step,)) >= importance((FIRST_TO_MISS,))


def key_of(kind: TaskKind, appointment_id: AppointmentId, version: int) -> str:
    """Return the key under which such a task is opened once for a version: a session that moves gets it anew."""
    return f"{kind}:{appointment_id}:{version}"


def by_link(key: str) -> str:
    """Return the key under which the patient opens the same task on their own page."""
    return f"{key}:link"


def key_after_message(kind: TaskKind, draft: Draft) -> str:
    """Return the key under which such a task is opened once: an address that does not work is one task per version.

    So is a ride that nobody arranged, whoever finds out first: a message, or planning.
    """
    if draft.appointment_id is None:
        return f"{kind}:{draft.id}"
    if kind in {TaskKind.RIDE_WANTED, TaskKind.ADDRESS_FAULT} and draft.version is not None:
        return key_of(kind, draft.appointment_id, draft.version)
    return f"{kind}:{draft.id}"
