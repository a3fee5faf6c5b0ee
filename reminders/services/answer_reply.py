"""Answer: the one automatic answer to a reply, with what it asks anew, and the alarm that says whether it goes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from reminders.core.appointments import Appointment
from reminders.core.cadences import QuestionKind
from reminders.core.check_ins import Concern
from reminders.core.consent import CONFIRMED_WITHIN, has_provider_answered, may_confirm_opt_out
from reminders.core.conversation.actions import RaiseAlarm
from reminders.core.conversation.answers import SHOWN_BY_THE_PAGE, AnswerKind, choose, write_answer, write_on_page
from reminders.core.gate import Origin
from reminders.core.ids import ClinicId, ContactId, MessageId
from reminders.core.messages import Draft
from reminders.core.patients import Channel
from reminders.core.replies import Intent
from reminders.core.segments import measure
from reminders.services.escalate import Alarm, raise_alarm
from reminders.services.reply_case import Case
from reminders.store import clinics, contacts, inbound
from reminders.store.questions import Asked
from reminders.store.unit_of_work import Transaction

ANSWER_LASTS = timedelta(hours=1)
PAGE_ANSWERS = timedelta(hours=1)
"""So long a page shows what it answers: others may open it later."""


def answer_reply(tx: Transaction, case: Case) -> None:
    """Raise the alarm and write the one answer: whether the patient was told is part of the alarm.

    What is written is stored by the caller.
    """
    wanted = {say.kind for say in case.said}
    may_tell = case.sender.is_page or not _has_opted_out(case)
    if case.alarms and not case.thread.is_crisis_told and may_tell:
        # Also for a score that turned out to concern staff: the same numbers as for words.
        wanted.add(AnswerKind.CRISIS)
    if AnswerKind.OPT_OUT_CONFIRMED in wanted and not _confirms_opt_out(case):
        wanted.discard(AnswerKind.OPT_OUT_CONFIRMED)
    is_told = AnswerKind.CRISIS in wanted or (case.thread.is_crisis_told and not _has_opted_out(case))
    if case.sender.is_page:
        is_told = case.is_watched and AnswerKind.CRISIS in wanted
    for alarm in case.alarms[:1]:
        _raise(tx, case, alarm, is_told=is_told)
    if wanted and case.sender.is_page:
        _show(tx, case, choose(wanted - SHOWN_BY_THE_PAGE))
    elif wanted:
        _write(tx, case, choose(wanted))


def _show(tx: Transaction, case: Case, kinds: Sequence[AnswerKind]) -> None:
    """Let the page answer, as long as it does: words on a page are never answered by a text."""
    about = {kind: _about(case, kind) for kind in kinds}
    body, told = write_on_page(case.clinic, kinds, language=case.thread.language, about=about)
    if body and case.now < case.item.received_at + PAGE_ANSWERS:
        inbound.keep_answer(tx, case.item.id, body)
        case.done.append(f"answered on the page: {', '.join(told)}")


def _has_opted_out(case: Case) -> bool:
    closing = (Intent.OPT_OUT, Intent.WRONG_NUMBER)
    return case.thread.is_opted_out or any(case.heard.interpretation.has(intent) for intent in closing)


def _confirms_opt_out(case: Case) -> bool:
    if case.sender.is_page:
        return True
    item, deps = case.item, case.deps
    has_answered = has_provider_answered(
        item.body, opt_out_type=item.opt_out_type, provider_answers_keywords=deps.provider_answers_keywords
    )
    return may_confirm_opt_out(
        item.body,
        was_opted_out=case.thread.is_opted_out,
        has_provider_answered=has_answered,
        received_at=item.received_at,
        now=case.now,
    )


def _raise(tx: Transaction, case: Case, alarm: RaiseAlarm, *, is_told: bool) -> None:
    found = Alarm(
        clinic_id=_called(tx, case) if alarm.patient_id is None else case.clinic_of(alarm.patient_id),
        concern=alarm.concern,
        patient_id=alarm.patient_id,
        appointment_id=alarm.appointment_id,
        inbound_id=case.item.id,
    )
    raise_alarm(tx, case.deps, found, is_patient_told=is_told, now=case.now)
    case.done.append(f"staff alarmed: {'red flag' if alarm.concern is Concern.RED_FLAG else alarm.concern}")


def _called(tx: Transaction, case: Case) -> ClinicId:
    """Return who is to call where the patient is not known: a clinic that named somebody before one that did not."""
    theirs = {clinic_id for clinic_id, _ in case.sender.people}
    every = [item for item in clinics.every(tx).values() if item.id in theirs or not theirs]
    calls = [item.id for item in every if item.escalation]
    return case.clinic.id if case.clinic.escalation or not calls else calls[0]


def _write(tx: Transaction, case: Case, kinds: Sequence[AnswerKind]) -> None:
    language = case.thread.language
    asks = next((say.asks for say in case.said if say.asks is not None and say.kind in kinds), None)
    about = {kind: _about(case, kind) for kind in kinds}
    body, told = write_answer(case.clinic, kinds, language=language, about=about, asks=asks)
    asked = about[AnswerKind.MOVED] if asks is not None and AnswerKind.MOVED in told else ()
    named = {item.id: item for kind in told for item in about[kind]}
    draft = _draft(tx, case, told[0], body, asks=asks if asked else None, about=named.values())
    case.drafts.append(draft)
    if asks is not None:
        case.asked += [_asked(case, draft, item, asks) for item in asked]
    case.done.append(f"answered: {', '.join(told)}")


def _about(case: Case, kind: AnswerKind) -> Sequence[Appointment]:
    return next((say.about for say in case.said if say.kind is kind), ())


def _draft(
    tx: Transaction,
    case: Case,
    kind: AnswerKind,
    body: str,
    *,
    asks: QuestionKind | None,
    about: Collection[Appointment],
) -> Draft:
    clinic, owner, now = case.clinic, case.thread.owner, case.now
    new_id = case.deps.identity.new_id
    only = next(iter(about)) if len(about) == 1 else None
    is_confirmation = kind is AnswerKind.OPT_OUT_CONFIRMED
    return Draft(
        id=MessageId(new_id()),
        clinic_id=clinic.id,
        contact_id=_phone(tx, case),
        patient_id=owner,
        appointment_id=None if only is None else only.id,
        version=None if only is None else only.version,
        channel=Channel.SMS,
        origin=Origin.ANSWER,
        kind=kind.key,
        body=body,
        subject="",
        segments=measure(body).segments,
        due_at=now,
        expires_at=case.item.received_at + CONFIRMED_WITHIN if is_confirmation else now + ANSWER_LASTS,
        asks=asks,
    )


def _phone(tx: Transaction, case: Case) -> ContactId:
    clinic_id, sender = case.clinic.id, case.sender
    if clinic_id in sender.phones:
        return sender.phones[clinic_id]
    return contacts.ensure(tx, clinic_id, Channel.SMS, sender.address, new_id=case.deps.identity.new_id())


def _asked(case: Case, draft: Draft, item: Appointment, kind: QuestionKind) -> Asked:
    return Asked(
        id=case.deps.identity.new_id(),
        clinic_id=case.clinic.id,
        patient_id=item.patient_id,
        contact_id=draft.contact_id,
        appointment_id=item.id,
        message_id=draft.id,
        version=item.version,
        kind=kind,
        expires_at=item.starts_at,
    )
