"""Message lines: each message, the calls to the provider, what the provider reported, and the question it asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from reminders.core.cadences import QuestionKind
from reminders.core.delivery import MessageState
from reminders.core.gate import Origin
from reminders.core.ids import MessageId
from reminders.core.instants import iso
from reminders.core.labels import ATTEMPT_STATES, CHANNELS, MESSAGE_STATES, REASON_SENTENCES, RECEIPTS, title
from reminders.core.patients import Recipient
from reminders.core.timeline.events import Event, EventKind, Surroundings
from reminders.core.timeline.history import History, PastAttempt, PastMessage, PastQuestion, PastReceipt, PastReminder
from reminders.core.timeline.plan_lines import OUTCOMES

ENDED_UNSENT = frozenset(
    {
        MessageState.REJECTED,
        MessageState.SUPPRESSED,
        MessageState.CANCELLED,
        MessageState.EXPIRED,
        MessageState.NEEDS_STAFF,
    }
)
ADDRESSED: Mapping[Recipient, str] = {
    Recipient.PATIENT: "",
    Recipient.ESCORT: " to the escort",
    Recipient.STAFF: " to staff",
}
SHOWN_OF_AN_ID = 18
"""So much of an id names a message and no other: its time to a fraction of a millisecond."""


def message_lines(history: History, scene: Surroundings) -> Iterator[Event]:
    """Yield each message, its calls, questions and receipts, and its end where it never arrived."""
    carried: dict[MessageId, list[PastReminder]] = {}
    for item in history.reminders:
        if item.message_id is not None:
            carried.setdefault(item.message_id, []).append(item)
    messages = {item.id: item for item in history.messages}
    for message in history.messages:
        parts = carried.get(message.id, [])
        # It is made a moment ahead so that it can leave on time; a line before its own reminder's would read badly.
        at = max([message.made_at, *([min(part.reminder.due_at for part in parts)] if parts else [])])
        yield _message_line(message, parts, at, scene)
        if message.state in ENDED_UNSENT and message.reason is not None:
            yield _end_line(message, max(at, message.changed_at), scene)
    yield from (_attempt_line(item, messages[item.message_id]) for item in history.attempts)
    yield from (_receipt_line(item) for item in history.receipts)
    yield from (_question_line(item, messages.get(item.message_id), scene) for item in history.questions)


def _message_name(message: PastMessage) -> str:
    to = ADDRESSED[message.recipient]
    return f"{CHANNELS[message.channel].capitalize()}{to}: {title(message.kind)}"


def _message_line(message: PastMessage, parts: list[PastReminder], at: datetime, scene: Surroundings) -> Event:
    state = MESSAGE_STATES[message.state]
    if message.state is MessageState.HELD and message.reason is not None:
        state = f"on hold until {scene.tell(message.due_at)}"
    return Event(
        at=at,
        kind=EventKind.MESSAGE,
        what=f"{_message_name(message)}{scene.of_version(message.appointment_id, message.version)}",
        why=_made_because(message, parts, scene),
        state=state,
        appointment_id=message.appointment_id,
        message_id=message.id,
        contact_id=message.contact_id,
        version=message.version,
        facts={
            "message_kind": message.kind,
            "origin": message.origin,
            "recipient": message.recipient,
            "channel": message.channel,
            "asks": message.asks,
            "state": message.state,
            "reason": message.reason,
            "made_at": iso(message.made_at),
            "due_at": iso(message.due_at),
            "expires_at": iso(message.expires_at),
            "left_at": iso(message.left_at) if message.left_at is not None else None,
            "author": message.author,
            "override_reason": message.override_reason,
        },
        text=message.text,
    )


def _made_because(message: PastMessage, parts: list[PastReminder], scene: Surroundings) -> str:
    sentences = []
    match message.origin:
        case Origin.STAFF:
            sentences.append(f"Written by staff ({message.author or 'unnamed'}).")
        case Origin.ANSWER:
            sentences.append("Our answer to what the patient wrote.")
        case Origin.ALERT:
            sentences.append("To staff: a patient may need help.")
        case Origin.REMINDER:
            others = [_part(part, message, scene) for part in parts if part.merged_into is not None]
            sentences += [f"Carries along: {', '.join(others)}."] if others else []
    if message.override_reason:
        sentences.append(f"Quiet hours overridden: {message.override_reason}.")
    if message.state is MessageState.HELD and message.reason is not None:
        sentences.append(f"{REASON_SENTENCES[message.reason]} Of use until {scene.tell(message.expires_at)}.")
    return " ".join([*sentences, f"Id {str(message.id)[:SHOWN_OF_AN_ID]}."])


def _part(item: PastReminder, message: PastMessage, scene: Surroundings) -> str:
    held = item.reminder
    return title(held.step) + scene.of_session(held.appointment_id, beside=message.appointment_id)


def _end_line(message: PastMessage, at: datetime, scene: Surroundings) -> Event:
    reason = REASON_SENTENCES[message.reason] if message.reason is not None else ""
    name = f"{_message_name(message)}{scene.of_version(message.appointment_id, message.version)}"
    facts = {"state": message.state, "reason": message.reason}
    state = MESSAGE_STATES[message.state]
    return Event(
        at,
        EventKind.MESSAGE,
        name,
        reason,
        state,
        message.appointment_id,
        message.id,
        version=message.version,
        facts=facts,
    )


def _attempt_line(item: PastAttempt, message: PastMessage) -> Event:
    parts = [item.code or "", item.detail or "", "accepted after all, so it may be a second one" * item.is_late_accept]
    because = "; ".join(part for part in parts if part)
    provider = f"its id is {item.provider_id}" if item.provider_id else ""
    why = "; ".join(part for part in (provider, because) if part)
    return Event(
        at=item.begun_at,
        kind=EventKind.ATTEMPT,
        what=f"Handed to the provider{'' if item.number == 1 else f', call {item.number}'}",
        why=f"{why[:1].upper()}{why[1:]}." if why else "",
        state=ATTEMPT_STATES[item.state],
        appointment_id=message.appointment_id,
        message_id=item.message_id,
        version=message.version,
        facts={"number": item.number, "state": item.state, "provider_id": item.provider_id, "code": item.code},
    )


def _receipt_line(item: PastReceipt) -> Event:
    state = RECEIPTS[item.status] if item.status is not None else item.provider_status
    why = f"It says: {item.provider_status}{f', {item.code}' if item.code else ''}."
    facts = {"provider_id": item.provider_id, "provider_status": item.provider_status, "code": item.code}
    return Event(
        item.received_at, EventKind.RECEIPT, "Provider's receipt", why, state, message_id=item.message_id, facts=facts
    )


ASKED: Mapping[QuestionKind, str] = {
    QuestionKind.CONFIRM: "Asked: does the patient come?",
    QuestionKind.RIDE: "Asked: is the ride home arranged?",
    QuestionKind.CHECK_IN: "Asked: how is the patient?",
    QuestionKind.PICK_UP: "Asked: does the escort come?",
}


def _question_line(item: PastQuestion, message: PastMessage | None, scene: Surroundings) -> Event:
    left_at = message.left_at if message is not None else None
    why = f"An answer counts until {scene.tell(item.expires_at)}."
    return Event(
        at=left_at or item.asked_at,
        kind=EventKind.QUESTION,
        what=ASKED[item.kind] + scene.of_version(item.appointment_id, item.version),
        why=why,
        state=_question_state(item, left_at, scene),
        appointment_id=item.appointment_id,
        message_id=item.message_id,
        version=item.version,
        facts={
            "question": item.kind,
            "expires_at": iso(item.expires_at),
            "answered_at": iso(item.answered_at) if item.answered_at is not None else None,
        },
    )


def _question_state(item: PastQuestion, left_at: datetime | None, scene: Surroundings) -> str:
    if item.answered_at is not None:
        return f"answered {scene.tell(item.answered_at)}"
    if left_at is None:
        return "not asked"
    appointment = scene.booked.get(item.appointment_id)
    if appointment is not None and appointment.version != item.version and appointment.status not in OUTCOMES:
        return "no longer counts"
    return "open" if item.expires_at > scene.now else "not answered"
