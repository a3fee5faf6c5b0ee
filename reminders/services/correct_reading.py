"""Correct: a person says what a reply means. It goes the way of every reading, once, and what it did is said.

Part of one transaction under the lock of the text, so that two people who correct the same one do so one after the
other, and the same correction twice is once.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reminders.core.audit import Deed, about
from reminders.core.conversation.actions import Action, Note, OpenTask, TakeBack
from reminders.core.conversation.respond import respond
from reminders.core.conversation.scene import Scene
from reminders.core.conversation.thread import Thread
from reminders.core.conversation.understanding import Heard
from reminders.core.corrections import (
    ANSWERED_WITHIN,
    Reading,
    corrected,
    in_time,
    left_standing,
    no_longer_confirmed,
    overruled,
)
from reminders.core.errors import InputError, NotFoundError
from reminders.core.ids import InboundId
from reminders.core.replies import Evidence, Intent, interpret
from reminders.core.retention import ERASED
from reminders.core.staff import Actor, Right
from reminders.core.tasks import USUAL_URGENCY, TaskKind
from reminders.ports import SENDING_JOBS
from reminders.services.apply_actions import apply_actions
from reminders.services.audit import note
from reminders.services.deps import Deps
from reminders.services.gather_thread import find_sender, gather_thread, make_rows_for
from reminders.services.hear_patients import visit_of
from reminders.services.receive_replies import FROM_ESCORT, FROM_STAFF
from reminders.services.reply_case import Case
from reminders.store import confirmations, corrections, inbound, tasks
from reminders.store.corrections import Correction
from reminders.store.inbound import ReadText
from reminders.store.unit_of_work import Transaction

__all__ = ["ANSWERED_WITHIN", "Corrected", "correct_reading"]

NO_PATIENT_S = {FROM_STAFF, FROM_ESCORT}
NOTHING_DONE = "nothing to do"


@dataclass(frozen=True, slots=True)
class Corrected:
    """What came of a correction: whether it was new, what was done in a line, and what is left to staff."""

    is_new: bool
    done: str
    left: Sequence[str]


def correct_reading(deps: Deps, who: Actor, text_id: InboundId, reading: Reading) -> Corrected:
    """Take a person's reading of a text for ours, and act on it. The same one again changes nothing.

    Raises NotFoundError for a text of a clinic where they may not work, InputError for one that is no patient's or
    that is read like that already.
    """
    now = deps.clock.now()
    with deps.store.reading() as tx:
        _refuse_others(tx, who, text_id)
    make_rows_for(deps, [text_id])
    with deps.store.transaction() as tx:
        held = inbound.lock_read(tx, text_id)
        if held is None or not who.may(Right.WORK, held.clinic_id):
            raise NotFoundError(f"no text {text_id}")
        made = corrections.of_texts(tx, [text_id]).get(text_id, [])
        before = _before(held)
        if made and _is_same(made[-1], reading):
            return Corrected(is_new=False, done=held.decision, left=left_standing(made[-1].before, reading.intents))
        if frozenset(before) == reading.intents and _score(held, made) == reading.score:
            raise InputError(["meaning: it is read like that already"])
        act = _Act(deps, who, _Held(held, before, made), reading, now)
        done = _correct(tx, act)
    deps.queue.hint(SENDING_JOBS.values())
    return Corrected(is_new=True, done=done, left=left_standing(before, reading.intents))


@dataclass(frozen=True, slots=True)
class _Held:
    """A text under correction: as it stands, how it was read last, and the corrections made before."""

    read: ReadText
    before: tuple[Intent, ...]
    made: Sequence[Correction]


@dataclass(frozen=True, slots=True)
class _Act:
    """One correction under way."""

    deps: Deps
    who: Actor
    held: _Held
    reading: Reading
    now: datetime


def _refuse_others(tx: Transaction, who: Actor, text_id: InboundId) -> None:
    if not inbound.is_there(tx, text_id, clinics=who.clinics(Right.WORK), has_clinicless=who.sees_unassigned):
        raise NotFoundError(f"no text {text_id}")


def _before(held: ReadText) -> tuple[Intent, ...]:
    if held.handled_at is None:
        raise InputError(["this text was not read yet; try again in a moment"])
    if held.kind in NO_PATIENT_S:
        raise InputError(["no patient wrote this: there is nothing to correct"])
    known = {intent.value: intent for intent in Intent}
    found = tuple(known[word] for word in held.intents if word in known)
    return found or (Intent.UNCLEAR,)


def _is_same(made: Correction, reading: Reading) -> bool:
    return frozenset(made.intents) == reading.intents and made.score == reading.score


def _score(held: ReadText, made: Sequence[Correction]) -> int | None:
    if made:
        return made[-1].score
    score = json.loads(held.understood)["score"] if held.understood else None
    return None if score is None else int(score)


def _correct(tx: Transaction, act: _Act) -> str:
    deps, held, reading, now = act.deps, act.held, act.reading, act.now
    text = held.read.text
    sender = find_sender(tx, deps, text)
    thread, clinic = gather_thread(tx, deps, sender, received_at=text.received_at, now=now)
    if clinic is None:
        raise InputError(["there is no clinic yet"])
    if text.body == ERASED:
        raise InputError(["text: it was erased, since texts are kept no longer; nothing can be read in it any more"])
    heard = _heard(held, reading)
    scene = Scene(heard, thread, now)
    actions = _actions(tx, held, reading, scene)
    case = Case(deps, text, sender, clinic, heard, thread, now, is_correction=True)
    done = apply_actions(tx, case, actions) or NOTHING_DONE
    _settle_unclear(tx, text.id, actions, by=act.who.name, now=now)
    _keep(tx, act)
    told = f"corrected by {act.who.name}: {done}"
    inbound.mark_corrected(tx, text.id, reading.in_order, told, appointment_id=visit_of(actions, thread))
    return told


def _heard(held: _Held, reading: Reading) -> Heard:
    """Return the text with a person's reading, which keeps the words that were read right."""
    text = held.read.text
    first = interpret(text.body, open_question=None)
    kept = corrected(reading, text.body, first, _evidence(held.read.understood))
    return Heard(text.body, kept, text.media_count, text.opt_out_type)


def _evidence(understood: str | None) -> dict[Intent, tuple[Evidence, ...]]:
    findings = json.loads(understood)["findings"] if understood else []
    return {
        Intent(found["intent"]): tuple(Evidence(one["start"], one["end"], one["rule"]) for one in found["evidence"])
        for found in findings
    }


def _actions(tx: Transaction, held: _Held, reading: Reading, scene: Scene) -> tuple[Action, ...]:
    """Return what follows: by the rules of the conversation, but for what was overtaken since the text came."""
    text = held.read.text
    later = [Intent(word) for word in inbound.said_later(tx, text) if word in set(Intent)]
    kept_back = overruled(reading.intents, later)
    found: list[Action] = [
        Note(f"a later text speaks of {subject}: nothing was changed about that")
        for subject in dict.fromkeys(kept_back.values())
    ]
    if reading.intents - kept_back.keys():
        said = tuple(one for one in scene.heard.interpretation.findings if one.intent not in kept_back)
        narrowed = Scene(
            replace(scene.heard, interpretation=replace(scene.heard.interpretation, findings=said)),
            scene.thread,
            scene.now,
        )
        found += in_time(respond(narrowed), narrowed, received_at=text.received_at)
    if no_longer_confirmed(held.before, reading.intents):
        found += _taken_back(tx, held, scene.thread)
    return tuple(found)


def _taken_back(tx: Transaction, held: _Held, thread: Thread) -> list[Action]:
    """Take back what this text confirmed, and nothing that anything else did; a person asks the patient."""
    times = {held.read.handled_at, *(item.made_at for item in held.made)} - {None}
    mine = confirmations.confirmed_at(tx, [item.id for item in thread.upcoming], [at for at in times if at is not None])
    kind = TaskKind.UNCONFIRMED
    return [
        action
        for item in thread.upcoming
        if item.id in mine
        for action in (TakeBack(item.id, item.version), OpenTask(kind, USUAL_URGENCY[kind], item.id, item.patient_id))
    ]


def _settle_unclear(
    tx: Transaction, text_id: InboundId, actions: Collection[Action], *, by: str, now: datetime
) -> None:
    """Resolve the task to read this text, unless the rules still want a reader: then it is open."""
    key = f"{TaskKind.REPLY_UNCLEAR}:{text_id}"
    if any(isinstance(one, OpenTask) and one.kind is TaskKind.REPLY_UNCLEAR for one in actions):
        tasks.reopen(tx, [key], now=now)
    else:
        tasks.resolve(tx, [key], by=by, now=now)


def _keep(tx: Transaction, act: _Act) -> None:
    deps, who, held, reading = act.deps, act.who, act.held, act.reading
    text_id, clinic_id = held.read.text.id, held.read.clinic_id
    made = Correction(
        id=deps.identity.new_id(),
        inbound_id=text_id,
        clinic_id=clinic_id,
        before=held.before,
        intents=reading.in_order,
        score=reading.score,
        made_by=who.name[:80],
        made_at=act.now,
    )
    corrections.add(tx, made)
    detail = f"{', '.join(held.before)} -> {', '.join(reading.in_order)}"
    note(tx, deps, who, Deed.READING_CORRECTED, clinic_id=clinic_id, about=about("inbound", text_id), detail=detail)
