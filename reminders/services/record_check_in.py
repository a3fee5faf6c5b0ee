"""Record: the answer to a check-in, in the caller's transaction; the caller raises the alarm that it may call for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from reminders.core.check_ins import Concern, baseline, is_score, judge, nudge_key
from reminders.core.ids import AppointmentId, ClinicId, InboundId, PatientId
from reminders.core.tasks import Resolver, TaskKind
from reminders.services.deps import Deps
from reminders.store import appointments, check_ins, clinics, follow_ups
from reminders.store.check_ins import NewCheckIn
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Answer:
    """What a patient said to a check-in, in their exact words; `score` only where these are one number, 0 to 10.

    Without `question_id` it answers what the patient was last asked about this session. `inbound_id` is the text that
    brought it, None where a button did. `is_correction`: a person reads words anew that may have brought another score.
    """

    clinic_id: ClinicId
    patient_id: PatientId
    appointment_id: AppointmentId
    score: int | None
    words: str
    question_id: UUID | None = None
    inbound_id: InboundId | None = None
    is_correction: bool = False


def record_check_in(tx: Transaction, deps: Deps, answer: Answer, *, now: datetime) -> Concern | None:
    """Keep an answer; return why staff should hear of it at once, if they should.

    A score closes every check-in question that waits for this patient, ends the nudge that has not left, and resolves
    the task that nobody answered. Words without a score leave the question open. The same text twice, or a second score
    to a question that has one, changes nothing and concerns nobody, but for a correction: it holds in its place.
    """
    kept = check_ins.kept(tx, answer.inbound_id) if answer.is_correction else None
    if kept is not None and not is_score(answer.score):
        return None
    asked = check_ins.asked(tx, answer.question_id, answer.appointment_id)
    is_closed = is_score(answer.score) and asked is not None and not check_ins.close(tx, asked.id, now=now)
    if is_closed and not answer.is_correction:
        return None
    session = appointments.get_many(tx, [answer.appointment_id])[answer.appointment_id]
    at = now if kept is None else kept.answered_at
    earlier = [item for item in check_ins.of_patient(tx, answer.patient_id) if item.answered_at < at]
    new = NewCheckIn(
        id=deps.identity.new_id(),
        clinic_id=answer.clinic_id,
        patient_id=answer.patient_id,
        appointment_id=answer.appointment_id,
        question_id=None if asked is None else asked.id,
        inbound_id=answer.inbound_id,
        series_id=session.booking.series_id,
        score=answer.score if is_score(answer.score) else None,
        words=answer.words,
        asked_at=None if asked is None else asked.left_at,
    )
    if kept is not None:
        check_ins.tell_correction(tx, kept, new, now=now)
    elif not check_ins.append(tx, new, now=now) or new.score is None:
        return None
    if new.score is None:
        return None
    closed = check_ins.close_others(tx, answer.patient_id, now=now) + ([] if asked is None else [asked.id])
    follow_ups.cancel_nudges(tx, answer.clinic_id, [nudge_key(key) for key in closed], now=now)
    check_ins.resolve_tasks(tx, answer.patient_id, TaskKind.CHECK_IN_UNANSWERED, by=Resolver.PATIENT, now=now)
    rules = clinics.get(tx, answer.clinic_id).check_in
    return judge(new.score, baseline(earlier, series_id=new.series_id, at=at), rules.thresholds)
