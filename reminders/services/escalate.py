"""Escalate: an alarm about a patient reaches a person, day or night, and climbs until somebody takes it over.

Lock order here: tasks, then escalations, then messages. An alarm, its task, its climb and its first notices are one
transaction with what raised it, so that there is none of them without the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reminders.core.check_ins import Concern
from reminders.core.clinics import Clinic
from reminders.core.consent import provider_verdict
from reminders.core.conversation.answers import CRISIS_LASTS, AnswerKind
from reminders.core.escalations import (
    CODES_AGAIN,
    NOTICE_LASTS,
    Escalation,
    codes_in,
    is_due,
    is_only_codes,
    may_join,
    new_code,
    next_notices,
    notice_key,
    person_at,
    takes_over,
)
from reminders.core.gate import Origin
from reminders.core.ids import AppointmentId, ClinicId, ContactId, InboundId, MessageId, PatientId
from reminders.core.messages import Draft
from reminders.core.patients import Channel, Recipient
from reminders.core.replies import Intent, interpret
from reminders.core.segments import measure
from reminders.core.staff_texts import CODES, NOTICE, TAKEN, notice, open_codes, taken_over
from reminders.core.tasks import USUAL_URGENCY, TaskKind
from reminders.ports import SENDING_JOBS
from reminders.services.apart import together_or_apart
from reminders.services.deps import Deps
from reminders.store import clinics, contacts, escalations, links, messages, patients, tasks
from reminders.store.unit_of_work import Transaction

MOST_OF_A_NAME = 80


@dataclass(frozen=True, slots=True)
class Alarm:
    """Why staff are to be told at once, and about whom as far as that is known."""

    clinic_id: ClinicId
    concern: Concern
    patient_id: PatientId | None = None
    appointment_id: AppointmentId | None = None
    inbound_id: InboundId | None = None


def raise_alarm(tx: Transaction, deps: Deps, alarm: Alarm, *, is_patient_told: bool, now: datetime) -> str:
    """Open the task, the climb and the first notices of an alarm, in the caller's transaction. Returns the task's key.

    Once for each text. What comes while a climb about the same patient is open and young joins it: another task, so
    that its words are seen, and no second climb. Hint at `SENDING_JOBS` after the commit.
    """
    kind = TaskKind.ESCALATION
    key = f"{kind}:{alarm.inbound_id or deps.identity.new_id()}"
    task = tasks.Task(
        kind=kind,
        urgency=USUAL_URGENCY[kind],
        key=key,
        clinic_id=alarm.clinic_id,
        patient_id=alarm.patient_id,
        appointment_id=alarm.appointment_id,
        inbound_id=alarm.inbound_id,
    )
    is_new = tasks.open_once(tx, deps.identity.new_id(), task, now=now)
    held = escalations.about(tx, alarm.patient_id, alarm.inbound_id)
    if is_new and not any(may_join(item, now=now) for item in held):
        _begin(tx, deps, alarm, key, is_patient_told=is_patient_told, now=now)
    return key


def _begin(tx: Transaction, deps: Deps, alarm: Alarm, key: str, *, is_patient_told: bool, now: datetime) -> None:
    item = Escalation(
        id=deps.identity.new_id(),
        clinic_id=alarm.clinic_id,
        patient_id=alarm.patient_id,
        inbound_id=alarm.inbound_id,
        task_key=key,
        concern=alarm.concern,
        code=new_code(deps.identity.jitter(), escalations.open_codes(tx)),
        is_patient_told=is_patient_told,
        rung=0,
        opened_at=now,
        next_at=now,
    )
    escalations.add(tx, item, alarm.appointment_id)
    _go_on(tx, deps, item, clinics.get(tx, alarm.clinic_id), now)


def begin_anew(tx: Transaction, deps: Deps, task: tasks.Task, *, now: datetime) -> None:
    """Begin the climb of an alarm's task again, from its first rung, when somebody opened it again: nobody has it now.

    None where one about the same patient is under way that it may join. The task is locked.
    """
    held = escalations.about(tx, task.patient_id, task.inbound_id)
    own = escalations.by_task(tx, task.key)
    climbs = own is not None and own.acknowledged_at is None
    if task.clinic_id is None or climbs or any(may_join(item, now=now) for item in held):
        return
    if own is not None:
        escalations.make_former(tx, own)
    before = own or _joined(tx, task)
    alarm = Alarm(
        clinic_id=task.clinic_id,
        concern=Concern.RED_FLAG if before is None else before.concern,
        patient_id=task.patient_id,
        appointment_id=task.appointment_id,
        inbound_id=task.inbound_id,
    )
    _begin(tx, deps, alarm, task.key, is_patient_told=before is not None and before.is_patient_told, now=now)


def _joined(tx: Transaction, task: tasks.Task) -> Escalation | None:
    """Return the climb that an alarm's task had joined, as far as that is known."""
    if task.patient_id is None or task.opened_at is None:
        return None
    began = [item for item in escalations.of_patient(tx, task.patient_id) if item.opened_at <= task.opened_at]
    return began[-1] if began else None


def has_open(tx: Transaction, patient_id: PatientId) -> bool:
    """Say whether an alarm about a patient waits for somebody to take it over."""
    return bool(escalations.about(tx, patient_id, None))


def climb(deps: Deps) -> int:
    """Take every climb further whose time has come, or whose last notices cannot arrive; return how many.

    First those called hear of it where the patient was not told the numbers after all.
    """
    now = deps.clock.now()
    with deps.store.looking() as tx:
        climbing = escalations.climbing(tx)
        untold = [item for item in climbing if item.is_patient_told and _is_untold(tx, item)]
    if not climbing:
        return 0
    corrected = _each(untold, lambda item: _correct(deps, item))
    with deps.store.reading() as tx:
        climbing = escalations.climbing(tx)
        every = clinics.every(tx)
        due = [item for item in climbing if _is_due(tx, item, every[item.clinic_id], now)]
    done = _each(due, lambda item: _climb_one(deps, item))
    if done or corrected:
        deps.queue.hint(SENDING_JOBS.values())
    return done


def _each(items: Sequence[Escalation], act: Callable[[Escalation], bool]) -> int:
    """Act on each apart: what is wrong with one climb must not keep the others from those whom they call."""
    return sum(sum(together_or_apart([item], lambda some: act(some[0]), lambda _: None)) for item in items)


def _is_untold(tx: Transaction, item: Escalation) -> bool:
    """Say whether the numbers for an emergency were to go to a patient and no longer can: by a STOP soon after, say."""
    return escalations.is_untold(tx, item, AnswerKind.CRISIS.key, since=item.opened_at - CRISIS_LASTS)


def _correct(deps: Deps, item: Escalation) -> bool:
    """Tell all who were called that no text can go to the patient, and say so in each notice from now on."""
    with deps.store.transaction() as tx:
        if not escalations.mark_untold(tx, item):
            return False
        now, clinic = deps.clock.now(), clinics.get(tx, item.clinic_id)
        drafts = []
        for number, (contact_id, channel) in enumerate(sorted(escalations.noticed(tx, item).items())):
            link = _link(tx, deps, item, contact_id, now) if channel is Channel.EMAIL else ""
            words = notice(clinic, channel, item.code, is_patient_told=False, link=link)
            key, to = f"alert:{item.id}:untold:{number}", (channel, contact_id)
            drafts.append(draft_to_staff(deps, clinic, to, NOTICE, words, key=key, now=now))
        messages.add(tx, drafts, now=now)
    return True


def _is_due(tx: Transaction, item: Escalation, clinic: Clinic, now: datetime) -> bool:
    chain = clinic.escalation
    return is_due(item, chain, escalations.fates(tx, item, rungs=len(chain)), now=now)


def _climb_one(deps: Deps, item: Escalation) -> bool:
    with deps.store.transaction() as tx:
        return _go_on(tx, deps, item, clinics.get(tx, item.clinic_id), deps.clock.now())


def _go_on(tx: Transaction, deps: Deps, item: Escalation, clinic: Clinic, now: datetime) -> bool:
    """Take a climb one rung further and write its notices; say whether anybody was told now, by us."""
    told = next_notices(item, clinic.escalation, now=now)
    if not escalations.step(tx, item, rung=told.rung, next_at=told.next_at):
        return False
    places = [(each.channel, each.address) for each in told.notices]
    rows = contacts.ensure_many(tx, clinic.id, places, new_id=deps.identity.new_id)
    drafts = []
    for number, place in enumerate(places):
        link = _link(tx, deps, item, rows[place], now) if place[0] is Channel.EMAIL else ""
        words = notice(clinic, place[0], item.code, is_patient_told=item.is_patient_told, link=link)
        key = notice_key(item.id, item.rung, number)
        drafts.append(draft_to_staff(deps, clinic, (place[0], rows[place]), NOTICE, words, key=key, now=now))
    messages.add(tx, drafts, now=now)
    return not told.is_unheard


def draft_to_staff(
    deps: Deps,
    clinic: Clinic,
    to: tuple[Channel, ContactId],
    kind: str,
    words: tuple[str, str],
    *,
    key: str | None,
    now: datetime,
) -> Draft:
    """Return a message to somebody on the chain; `words` are subject and body. It names no patient, in no column."""
    channel, contact_id = to
    subject, body = words
    return Draft(
        id=MessageId(deps.identity.new_id()),
        clinic_id=clinic.id,
        contact_id=contact_id,
        patient_id=None,
        appointment_id=None,
        version=None,
        channel=channel,
        origin=Origin.ALERT,
        kind=kind,
        body=body,
        subject=subject if channel is Channel.EMAIL else "",
        segments=measure(body).segments if channel is Channel.SMS else 0,
        due_at=now,
        expires_at=now + NOTICE_LASTS,
        request_key=key,
        recipient=Recipient.STAFF,
    )


def token_of(tx: Transaction, item: Escalation, contact_id: ContactId) -> str:
    """Return the token by which one address takes one climb over."""
    return tx.vault.token(f"acknowledge/{contact_id}", item.id)


def _link(tx: Transaction, deps: Deps, item: Escalation, contact_id: ContactId, now: datetime) -> str:
    token = token_of(tx, item, contact_id)
    page = links.Link(
        purpose=links.Purpose.ACKNOWLEDGE,
        clinic_id=item.clinic_id,
        contact_id=contact_id,
        patient_id=None,
        appointment_id=None,
        version=None,
        expires_at=now + links.SHORTEST_LIFE,
    )
    links.add(tx, [(deps.identity.new_id(), token, page)], now=now)
    return f"{deps.public_url}/a/{token}"


def acknowledge(tx: Transaction, deps: Deps, task_key: str, *, by: str, now: datetime) -> bool:
    """Take an alarm over: its climb stops, notices that wait end, its tasks are marked, who was called hears of it.

    False where the task belongs to no climb, or somebody was first.
    """
    item = _behind(tx, task_key)
    if item is None:
        return False
    keys = escalations.lock_tasks(tx, item, task_key)
    if not escalations.acknowledge(tx, item.id, by=by[:MOST_OF_A_NAME], now=now):
        return False
    escalations.cancel_notices(tx, item, now=now)
    escalations.mark_acknowledged(tx, keys, by=by[:MOST_OF_A_NAME], now=now)
    clinic = clinics.get(tx, item.clinic_id)
    called = sorted(escalations.told(tx, item).items())
    drafts = [
        draft_to_staff(
            deps,
            clinic,
            (channel, contact_id),
            TAKEN,
            taken_over(clinic, item.code),
            key=f"alert:{item.id}:taken:{number}",
            now=now,
        )
        for number, (contact_id, channel) in enumerate(called)
    ]
    messages.add(tx, drafts, now=now)
    return True


def _behind(tx: Transaction, task_key: str) -> Escalation | None:
    """Return the climb that a task belongs to: it opened it, or was open about the same patient when it was."""
    own = escalations.by_task(tx, task_key)
    if own is not None:
        return own
    facts = escalations.task_facts(tx, task_key)
    return next(iter(escalations.about(tx, *facts)), None) if facts is not None else None


def hear_staff(
    tx: Transaction, deps: Deps, address: str, body: str, *, opt_out_type: str | None = None, now: datetime
) -> str | None:
    """Take a text of somebody on a chain as what it is to us; returns what was done, or None where it is not for us.

    A code takes that alarm over. So does "ok", from a number that is no patient's and was told of one open alarm only.
    An opt-out is left to those who obey it, beside a code too, and what is an alarm itself while none is open to whose
    patient it may belong. All else such a number writes is answered, and is nobody's reply.
    """
    served = {key: clinic for key, clinic in clinics.every(tx).items() if person_at(clinic.escalation, address)}
    if not served:
        return None
    caller = _Caller(address, served, escalations.open_of(tx, served))
    named = [item for item in caller.items if item.code in codes_in(body)]
    is_patient = bool(patients.at_address(tx, address))
    if not named and not is_patient and takes_over(body):
        named = _told_alone(tx, caller)
    done = _take_over(tx, deps, caller, named, now) if named else None
    if done is not None and is_only_codes(body):
        return done
    reading = interpret(body, open_question=None)
    if reading.has(Intent.OPT_OUT) or provider_verdict(opt_out_type) is Intent.OPT_OUT:
        return None
    if done is not None:
        return done
    if is_patient or (reading.has(Intent.RED_FLAG) and not caller.items):
        return None
    return _answer_staff(tx, deps, caller, now)


@dataclass(frozen=True, slots=True)
class _Caller:
    """Somebody on the chain of some clinics, who wrote, and what is open at these."""

    address: str
    clinics: Mapping[ClinicId, Clinic]
    items: Sequence[Escalation]


def _told_alone(tx: Transaction, caller: _Caller) -> list[Escalation]:
    """Return the one open climb that this address was told of; none where there are several to choose from.

    None either where the last it was told is that another was taken over: an "ok" to that takes nothing over.
    """
    rows = set(escalations.contacts_of(tx, caller.address, caller.clinics).values())
    called, relieved = (escalations.last_told(tx, rows, kind) for kind in (NOTICE, TAKEN))
    if called is None or (relieved is not None and called <= relieved):
        return []
    told = [item for item in caller.items if escalations.addressed(tx, item, rows)]
    return told if len(told) == 1 else []


def _take_over(tx: Transaction, deps: Deps, caller: _Caller, named: Sequence[Escalation], now: datetime) -> str:
    for item in named:
        person = person_at(caller.clinics[item.clinic_id].escalation, caller.address)
        acknowledge(tx, deps, item.task_key, by=person.name if person else "", now=now)
    return f"staff took over {', '.join(item.code for item in named)}"


def _answer_staff(tx: Transaction, deps: Deps, caller: _Caller, now: datetime) -> str:
    """Say which codes are open, once an hour at most: a text that nobody reads must not look as if somebody did."""
    items, place = caller.items, (Channel.SMS, caller.address)
    clinic = caller.clinics[items[0].clinic_id] if items else next(iter(caller.clinics.values()))
    contact_id = contacts.ensure_many(tx, clinic.id, [place], new_id=deps.identity.new_id)[place]
    rows = escalations.contacts_of(tx, caller.address, caller.clinics).values()
    last = escalations.last_told(tx, rows, CODES)
    if last is not None and now - last < CODES_AGAIN:
        return "from staff, and takes nothing over"
    words = ("", open_codes(clinic, [item.code for item in items]))
    to = (Channel.SMS, contact_id)
    messages.add(tx, [draft_to_staff(deps, clinic, to, CODES, words, key=None, now=now)], now=now)
    return "from staff, and takes nothing over; answered with the open codes"
