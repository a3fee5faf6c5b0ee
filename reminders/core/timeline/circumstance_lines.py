"""Circumstance lines: consents, opt-outs, pauses, changed cadences, replies and tasks: what decides beside the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from reminders.core.labels import CHANNELS, REASON_SENTENCES
from reminders.core.overrides import in_words
from reminders.core.patients import Recipient
from reminders.core.pauses import Pause, PauseKind
from reminders.core.permissions import PastPermission
from reminders.core.tasks import TITLES, TaskKind
from reminders.core.tasks.evidence import proofs
from reminders.core.timeline.events import Event, EventKind, Surroundings
from reminders.core.timeline.history import History, PastAddress, PastReply, PastTask

OPENED = "task opened: "


def consent_lines(history: History) -> Iterator[Event]:
    """Yield consents of the patient and of escorts."""
    for item in history.consents:
        word = "given" if item.is_granted else "taken back"
        what = f"Consent to {CHANNELS[item.channel]}s {word}"
        facts = {"channel": item.channel, "granted": item.is_granted, "source": item.source}
        why = "The schedule says so." if item.source.startswith("schedule:") else f"Source: {item.source}."
        yield Event(item.recorded_at, EventKind.CONSENT, what, why, facts=facts)
    for told in history.escort_consents:
        what = f"Escort {'agrees' if told.is_granted else 'no longer agrees'} to be texted"
        why = f"{told.note} (recorded by {told.recorded_by})" if told.note else f"Recorded by {told.recorded_by}."
        facts = {"granted": told.is_granted, "recorded_by": told.recorded_by}
        yield Event(told.recorded_at, EventKind.ESCORT, what, why, facts=facts)


def permission_lines(history: History) -> Iterator[Event]:
    """Yield all that the patient said of being written to, and what of it still holds."""
    closed = {item.contact_id for item in history.addresses if item.opted_out_at is not None}
    newest = {past.event.contact_id: past for past in history.permissions}
    for past in history.permissions:
        said = past.event
        is_closed = said.contact_id in closed and newest[said.contact_id] is past and not said.is_granted
        word = "opted in to" if said.is_granted else "opted out of"
        yield Event(
            said.recorded_at,
            EventKind.ADDRESS,
            f"Patient {word} {CHANNELS[past.channel]}s",
            _how(past),
            "holds" if is_closed else "",
            contact_id=said.contact_id,
            facts={"channel": past.channel, "granted": said.is_granted, "source": said.source},
        )


def _how(past: PastPermission) -> str:
    said = past.event
    how = said.source.replace("_", " ")
    if said.asked_on is None:
        return f"By {how}."
    return f"By {how} on {said.asked_on:%d %b %Y}: {said.words} (recorded by {said.recorded_by})"


def address_lines(history: History) -> Iterator[Event]:
    """Yield opt-outs and addresses that were found not to work, as far as they still hold.

    Of an opt-out that the ledger tells of, the ledger tells more.
    """
    told = {past.event.contact_id for past in history.permissions}
    to_escort = {item.contact_id for item in history.messages if item.recipient is Recipient.ESCORT}
    to_patient = {item.contact_id for item in history.messages if item.recipient is Recipient.PATIENT}
    for item in history.addresses:
        who = "Escort" if item.contact_id in to_escort - to_patient else "Patient"
        yield from _address(replace(item, opted_out_at=None) if item.contact_id in told else item, who)


def _address(item: PastAddress, who: str) -> Iterator[Event]:
    facts = {"channel": item.channel, "by": item.opted_out_by, "fault": item.fault}
    if item.opted_out_at is not None:
        what, why = f"{who} opted out of {CHANNELS[item.channel]}s", f"By {item.opted_out_by or 'unknown means'}."
        yield Event(item.opted_out_at, EventKind.ADDRESS, what, why, "holds", contact_id=item.contact_id, facts=facts)
    if item.fault_at is not None:
        what, why = f"{who}'s {ADDRESSES[item.channel]} does not work", f"The provider said so: {item.fault}."
        yield Event(item.fault_at, EventKind.ADDRESS, what, why, "closed", contact_id=item.contact_id, facts=facts)


ADDRESSES: Mapping[str, str] = {"sms": "phone number", "email": "e-mail address"}


def pause_lines(history: History, scene: Surroundings, days: frozenset[date]) -> Iterator[Event]:
    """Yield pauses and changes of the cadence; of closed days only those on which something was to happen."""
    for item in history.pauses:
        if item.kind is not PauseKind.DAY or date.fromisoformat(item.subject) in days:
            yield from _pause(item, scene)
    for changed in history.overrides:
        state = f"until {scene.tell(changed.ended_at)}" if changed.ended_at is not None else "holds"
        words = "; ".join(in_words(changed.document)) or "the clinic's own again"
        why, facts = f"{changed.reason} (by {changed.made_by})", {"override": dict(changed.document)}
        yield Event(changed.made_at, EventKind.OVERRIDE, f"For this patient: {words}", why, state, facts=facts)


def _pause(item: Pause, scene: Surroundings) -> Iterator[Event]:
    what, undone = _paused(item)
    facts = {"pause": item.kind, "subject": item.subject, "by": item.made_by}
    state = "holds" if item.ended_at is None else f"until {scene.tell(item.ended_at)}"
    yield Event(item.made_at, EventKind.PAUSE, what, f"{item.reason} (by {item.made_by})", state, facts=facts)
    if item.ended_at is not None:
        yield Event(item.ended_at, EventKind.PAUSE, undone, f"By {item.ended_by or 'nobody named'}.", facts=facts)


def _paused(item: Pause) -> tuple[str, str]:
    match item.kind:
        case PauseKind.DAY:
            on = f"{date.fromisoformat(item.subject):%a %d %b}"
            return f"Clinic closed on {on}", f"Clinic open again on {on}"
        case PauseKind.PATIENT:
            return "Patient put on hold", "Patient no longer on hold"
        case PauseKind.SERIES:
            return f"Series {item.subject} stopped", f"Series {item.subject} goes on"


def reply_lines(history: History) -> Iterator[Event]:
    """Yield what came back from the patient, what it was understood as, and what was done."""
    for item in history.replies:
        what = "Patient wrote" if item.is_theirs else "Somebody wrote from this phone"
        if item.is_page:
            what = "Patient wrote on their page"
        said = ", ".join(_said(item))
        why = f"Understood as: {said}." if said else ""
        facts = {
            "intent": item.intent,
            "intents": list(item.intents),
            "decision": item.decision,
            "is_theirs": item.is_theirs,
        }
        yield Event(
            item.received_at,
            EventKind.REPLY,
            what,
            why,
            _decided(item),
            item.appointment_id,
            facts=facts,
            text=item.text,
        )


def _said(item: PastReply) -> Iterator[str]:
    """Yield all that a text was understood to say, each with its words where these may be shown."""
    found: dict[str, list[str]] = {intent: [] for intent in item.intents}
    for proof in proofs(item.text, item.understood):
        found.setdefault(proof.intent.value, []).append(proof.words)
    for intent, words in found.items():
        # Who writes the same thing ten times is told it once.
        quoted = ", ".join(
            f"\N{LEFT DOUBLE QUOTATION MARK}{one}\N{RIGHT DOUBLE QUOTATION MARK}" for one in dict.fromkeys(words) if one
        )
        yield intent.replace("_", " ") + (f" ({quoted})" if quoted else "")


def _decided(item: PastReply) -> str:
    if item.handled_at is None:
        return "not read yet"
    return "; ".join(_in_words(part) for part in (item.decision or "").split("; "))


def _in_words(decision: str) -> str:
    kind = decision.removeprefix(OPENED)
    is_task = decision.startswith(OPENED) and kind in set(TaskKind)
    return f"task: {TITLES[TaskKind(kind)]}" if is_task else decision.replace("_", " ")


def task_lines(history: History, scene: Surroundings) -> Iterator[Event]:
    """Yield what people were asked to do, and whether they did."""
    for item in history.tasks:
        yield Event(
            item.opened_at,
            EventKind.TASK,
            f"Task: {TITLES[item.kind]}",
            REASON_SENTENCES[item.reason] if item.reason is not None else "",
            _task_state(item, scene),
            item.appointment_id,
            item.message_id,
            facts={"task": item.kind, "reason": item.reason, "resolved_by": item.resolved_by},
        )


def _task_state(item: PastTask, scene: Surroundings) -> str:
    if item.resolved_at is None:
        return "open"
    by = f" by {item.resolved_by}" if item.resolved_by else ""
    return f"done {scene.tell(item.resolved_at)}{by}"
