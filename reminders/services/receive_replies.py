"""Replies: store each text once when it arrives, read it later, and apply all that follows in one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache, partial

from reminders.core.cadences import QuestionKind
from reminders.core.consent import provider_verdict
from reminders.core.conversation.actions import Action, Confirm, OpenTask, RaiseAlarm, RecordRide, RecordScore
from reminders.core.conversation.respond import respond
from reminders.core.conversation.scene import Scene
from reminders.core.conversation.thread import Thread
from reminders.core.conversation.understanding import Heard, understand, understand_wish, with_provider_word
from reminders.core.ids import AppointmentId, InboundId
from reminders.core.replies import Interpretation, interpret, prepare
from reminders.ports import SENDING_JOBS, InboundText, Job
from reminders.services.apart import together_or_apart
from reminders.services.apply_actions import apply_actions
from reminders.services.deps import Deps
from reminders.services.escalate import hear_staff
from reminders.services.gather_thread import find_sender, gather_thread, make_rows_for
from reminders.services.hear_escorts import hear_escort
from reminders.services.obey_unread import obey_unread
from reminders.services.reply_case import Case, Sender
from reminders.store import inbound
from reminders.store.inbound import Decision, StoredText
from reminders.store.unit_of_work import Transaction

AT_ONCE = 200
FROM_STAFF, FROM_ESCORT = "staff", "escort"
"""What a text counts as that no patient wrote."""


def store_text(deps: Deps, text: InboundText) -> bool:
    """Keep a text as it arrives; False where the provider already brought it."""
    with deps.store.transaction() as tx:
        is_new = inbound.add_once(tx, deps.identity.new_id(), text, now=deps.clock.now())
    if is_new:
        deps.queue.hint([Job.RECEIVE_REPLIES])
    return is_new


def make_ready() -> None:
    """Load what reading needs, once in a process, so that no text waits for it.

    Where no text can be understood, codes of staff and bare opt-outs are obeyed all the same, one by one.
    """
    together_or_apart(["lexicons"], lambda _: prepare(), lambda _: None)


def receive_replies(deps: Deps) -> int:
    """Read waiting texts, each in a transaction of its own; return how many.

    One that cannot be read is put aside and tried again the next time: it must not keep a STOP behind it waiting.
    """
    read: list[bool] = []
    waiting: Sequence[InboundId] = ()
    while waiting := _next(deps, after=waiting):
        make_ready()
        for text_id in waiting:
            read += together_or_apart([text_id], lambda one: _receive_one(deps, one[0]), partial(obey_unread, deps))
    if any(read):
        deps.queue.hint(SENDING_JOBS.values())
    return sum(read)


def _next(deps: Deps, *, after: Sequence[InboundId]) -> Sequence[InboundId]:
    """Return the next texts that wait: however many cannot be read, those behind them have their turn."""
    with deps.store.reading() as tx:
        return inbound.waiting(tx, limit=AT_ONCE, after=after[-1] if after else None)


def _receive_one(deps: Deps, text_id: InboundId, *, is_watched: bool = False) -> bool:
    make_rows_for(deps, text_id)
    with deps.store.transaction() as tx:
        item = inbound.lock_waiting(tx, text_id)
        if item is not None and item.link_id is not None:
            now, sender = deps.clock.now(), find_sender(tx, deps, item)
            _hear_patient(tx, deps, item, sender, now, is_watched=is_watched)
        elif item is not None:
            _receive(tx, deps, item)
    return item is not None


def receive_now(deps: Deps, text_id: InboundId) -> None:
    """Read what somebody wrote who waits for the answer. What cannot be read is put aside as any text is.

    Never raises for it: the words are stored, and should all else fail the next worker reads them.
    """
    together_or_apart([text_id], lambda one: _receive_one(deps, one[0], is_watched=True), partial(obey_unread, deps))
    deps.queue.hint(SENDING_JOBS.values())


def _receive(tx: Transaction, deps: Deps, item: StoredText) -> None:
    """Hear staff first, then who fetches a patient, then patients: one phone may be several of these."""
    now = deps.clock.now()
    sender = find_sender(tx, deps, item)
    decided = hear_staff(tx, deps, item.sender, item.body, opt_out_type=item.opt_out_type, now=now)
    if decided is not None:
        inbound.mark_handled(tx, item.id, Decision(FROM_STAFF, decided), now=now)
        return
    read = cache(partial(_read_as_escorts, item))
    decided = hear_escort(tx, deps, item.sender, read, inbound_id=item.id, now=now)
    if decided is not None:
        reading = read()
        found = Decision(FROM_ESCORT, decided, reading.intents, to_json(reading))
        inbound.mark_handled(tx, item.id, found, now=now)
        return
    _hear_patient(tx, deps, item, sender, now)


def _read_as_escorts(item: StoredText) -> Interpretation:
    reading = interpret(item.body, open_question=QuestionKind.PICK_UP)
    return with_provider_word(reading, provider_verdict(item.opt_out_type), item.body)


def _hear_patient(
    tx: Transaction, deps: Deps, item: StoredText, sender: Sender, now: datetime, *, is_watched: bool = False
) -> None:
    thread, clinic = gather_thread(tx, deps, sender, received_at=item.received_at, now=now)
    reading = understand_wish(item.body, thread) if sender.is_page else understand(item.body, thread)
    reading = with_provider_word(reading, provider_verdict(item.opt_out_type), item.body)
    heard = Heard(item.body, reading, item.media_count, item.opt_out_type)
    actions: tuple[Action, ...] = ()
    decided = "there is no clinic yet"
    if clinic is not None:
        actions = respond(Scene(heard, thread, now))
        case = Case(deps, item, sender, clinic, heard, thread, now, is_watched=is_watched)
        decided = apply_actions(tx, case, actions)
    found = Decision(
        intent=reading.intents[0],
        decision=decided,
        intents=reading.intents,
        understood=to_json(reading),
        clinic_id=clinic.id if clinic is not None and sender.people else None,
        patient_id=thread.owner,
        appointment_id=visit_of(actions, thread) or next((key for key, _ in sender.shown), None),
    )
    inbound.mark_handled(tx, item.id, found, now=now)


def to_json(reading: Interpretation) -> str:
    """Write what was understood, and by which words and rules, so that staff can see why."""
    found = [
        {
            "intent": item.intent,
            "is_mild": item.is_mild,
            "evidence": [{"start": one.start, "end": one.end, "rule": one.rule} for one in item.evidence],
        }
        for item in reading.findings
    ]
    told = {"findings": found, "score": reading.score, "keyword": reading.keyword, "language": reading.language}
    return json.dumps(told, separators=(",", ":"))


def visit_of(actions: tuple[Action, ...], thread: Thread) -> AppointmentId | None:
    """Return the visit that something was done about, where it is one."""
    found: list[AppointmentId] = []
    for action in actions:
        match action:
            case Confirm(appointment_id=key) | RecordScore(appointment_id=key):
                found.append(key)
            case OpenTask(appointment_id=key) | RaiseAlarm(appointment_id=key) if key is not None:
                found.append(key)
            case RecordRide(visits=visits):
                found += [item.id for item in visits]
            case _:
                pass
    return found[0] if found and not thread.is_shared else None
