"""Hear: what patients say with their texts, and what follows from that. Nothing is done about it here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reminders.core.clinics import Clinic
from reminders.core.consent import provider_verdict
from reminders.core.conversation.actions import Action, Confirm, OpenTask, RaiseAlarm, RecordRide, RecordScore
from reminders.core.conversation.respond import respond
from reminders.core.conversation.scene import Scene
from reminders.core.conversation.thread import Thread
from reminders.core.conversation.understanding import Heard, understand, understand_wish, with_provider_word
from reminders.core.ids import AppointmentId
from reminders.core.replies import Interpretation
from reminders.services.deps import Deps
from reminders.services.gather_thread import gather_threads
from reminders.services.reply_case import Case, Sender
from reminders.store.inbound import Decision, StoredText
from reminders.store.unit_of_work import Transaction

NO_CLINIC = "there is no clinic yet"


@dataclass(frozen=True, slots=True)
class Hearing:
    """One text, who wrote it, what it falls into, what it says, and what follows; nothing does without a clinic."""

    item: StoredText
    sender: Sender
    thread: Thread
    clinic: Clinic | None
    heard: Heard
    actions: tuple[Action, ...]

    def case(self, deps: Deps, clinic: Clinic, now: datetime, *, is_watched: bool = False) -> Case:
        """Return what acting on it takes."""
        return Case(deps, self.item, self.sender, clinic, self.heard, self.thread, now, is_watched=is_watched)

    def decision(self, decided: str) -> Decision:
        """Return what is kept of it."""
        reading, is_known = self.heard.interpretation, self.clinic is not None and bool(self.sender.people)
        shown = next((key for key, _ in self.sender.shown), None)
        return Decision(
            intent=reading.intents[0],
            decision=decided,
            intents=reading.intents,
            understood=to_json(reading),
            clinic_id=self.clinic.id if self.clinic is not None and is_known else None,
            patient_id=self.thread.owner,
            appointment_id=visit_of(self.actions, self.thread) or shown,
        )


def hear_patients(
    tx: Transaction, deps: Deps, written: Sequence[tuple[StoredText, Sender]], *, now: datetime
) -> list[Hearing]:
    """Read texts, each given with who wrote it, in as many statements as for one."""
    threads = gather_threads(tx, deps, [(sender, item.received_at) for item, sender in written], now=now)
    return [
        _heard(item, sender, thread, clinic, now)
        for (item, sender), (thread, clinic) in zip(written, threads, strict=True)
    ]


def _heard(item: StoredText, sender: Sender, thread: Thread, clinic: Clinic | None, now: datetime) -> Hearing:
    reading = understand_wish(item.body, thread) if sender.is_page else understand(item.body, thread)
    reading = with_provider_word(reading, provider_verdict(item.opt_out_type), item.body)
    heard = Heard(item.body, reading, item.media_count, item.opt_out_type)
    actions = () if clinic is None else respond(Scene(heard, thread, now))
    return Hearing(item, sender, thread, clinic, heard, actions)


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
