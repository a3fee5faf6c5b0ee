"""The patient's page of a check-in that was asked by mail: eleven buttons, open for as long as an answer counts."""

from __future__ import annotations

from dataclasses import dataclass

from reminders.core.check_ins import is_score
from reminders.core.content import appointment_values, language_of
from reminders.ports import SENDING_JOBS
from reminders.services.deps import Deps
from reminders.services.escalate import Alarm, raise_alarm
from reminders.services.record_check_in import Answer, record_check_in
from reminders.store import appointments, check_ins, clinics, contacts, patients


@dataclass(frozen=True, slots=True)
class CheckInPage:
    """What the page shows. Reading it changes nothing."""

    language: str
    sender: str
    phone: str
    emergency: str
    when: str
    """The session that it is about."""
    is_answered: bool
    score: int | None
    """The answer, None where it is still to be given or came by another way."""


def read_check_in_page(deps: Deps, token: str) -> CheckInPage | None:
    """Return the page of a check-in; None for a link that is wrong, of something else, or past its time, all alike."""
    now = deps.clock.now()
    with deps.store.reading() as tx:
        found = check_ins.of_link(tx, token, now=now)
        if found is None or found.expires_at <= now:
            return None
        clinic = clinics.get(tx, found.clinic_id)
        patient = patients.get_many(tx, clinic.id, [found.patient_id])[found.patient_id]
        session = appointments.get_many(tx, [found.appointment_id])[found.appointment_id]
    language = language_of(patient.record.language)
    values = appointment_values(session, clinic, language=language)
    return CheckInPage(
        language=language,
        sender=clinic.sender,
        phone=clinic.phone,
        emergency=values["emergency"],
        when=values["when"],
        is_answered=found.answered_at is not None,
        score=found.score,
    )


def answer_check_in(deps: Deps, token: str, score: int) -> bool:
    """Record the pressed number; False where the link is no longer good. Twice is the same as once.

    The page itself tells the patient whom to call, so an alarm that the number raises finds them told.
    """
    now = deps.clock.now()
    with deps.store.transaction() as tx:
        found = check_ins.of_link(tx, token, now=now)
        if found is None or found.expires_at <= now or not is_score(score):
            return False
        # The address first, as everywhere: a text to it may be read at this moment, with an answer of its own.
        contacts.lock_to_close(tx, [found.contact_id])
        answer = Answer(
            clinic_id=found.clinic_id,
            patient_id=found.patient_id,
            appointment_id=found.appointment_id,
            score=score,
            words=str(score),
            question_id=found.question_id,
        )
        concern = record_check_in(tx, deps, answer, now=now)
        if concern is not None:
            alarm = Alarm(found.clinic_id, concern, found.patient_id, found.appointment_id)
            raise_alarm(tx, deps, alarm, is_patient_told=True, now=now)
    if concern is not None:
        deps.queue.hint(SENDING_JOBS.values())
    return True
