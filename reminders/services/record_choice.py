"""Record a choice: staff enter what somebody told them about being written to (requirements 33 and 39).

It holds at once, like a STOP. Where nobody can tell yet whose address it is about, it waits as a task with a deadline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from reminders.core.audit import Deed
from reminders.core.business_days import IsBusinessDay, end_of, hurries_on
from reminders.core.choices import Deadline, Heard, deadline_of, faults
from reminders.core.clinics import Clinic
from reminders.core.errors import InputError
from reminders.core.ids import ClinicId, PatientId
from reminders.core.patients import Channel
from reminders.core.staff import Actor
from reminders.core.tasks import TaskKind, Urgency
from reminders.core.windows import local_day
from reminders.ports import SENDING_JOBS
from reminders.services.audit import note_patient
from reminders.services.deps import Deps
from reminders.services.find_subjects import check_words, find_clinic, find_patient
from reminders.services.opt_out import Said, make_rows, opt_in_addresses, opt_out_addresses
from reminders.store import patients, tasks
from reminders.store.unit_of_work import Transaction

Place = tuple[Channel, str]


@dataclass(frozen=True, slots=True)
class Whom:
    """Whose choice it is: exactly one of a phone (E.164), a mailbox, or a patient by the schedule's id."""

    phone: str | None = None
    email: str | None = None
    patient: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded: the addresses that are now closed or open, and how many patients write and read there.

    `deadline` is that of an opt-out. `task_key` names the task of a request that is still to be matched.
    """

    clinic: Clinic
    addresses: Sequence[str] = ()
    patients: int = 0
    deadline: Deadline | None = None
    task_key: str | None = None


def record_choice(
    deps: Deps,
    whom: Whom,
    heard: Heard,
    clinic_slug: str | None,
    *,
    is_granted: bool,
    who: Actor | None = None,
) -> Recorded:
    """Close addresses at every clinic, or open them again by the person's own word. Raises InputError, NotFoundError.

    A patient's choice covers all their addresses, also one that they share: then nobody there is written to.
    `who` is the signed-in person, for the audit log.
    """
    check_words(reason=heard.note, by=heard.by, option="--note")
    with deps.store.reading() as tx:
        clinic = _checked(tx, deps, heard, clinic_slug)
        places, _ = _places(tx, clinic, whom)
    for channel, address in places:
        make_rows(deps, channel, [address])
    with deps.store.transaction() as tx:
        now = deps.clock.now()
        # Read again: the schedule may have brought another number meanwhile.
        places, speaker = _places(tx, clinic, whom)
        due = deadline_of(heard, business_days(deps, clinic), today=local_day(now, clinic.tz))
        said = Said(
            heard.source,
            heard.by.strip(),
            words=heard.note.strip(),
            asked_on=heard.received_on,
            due_on=None if is_granted else due.due_on,
        )
        change = opt_in_addresses if is_granted else opt_out_addresses
        reached = change(tx, deps, [address for _, address in places], said, speaker=speaker, now=now)
        people = patients.at_addresses(tx, reached)
        if speaker is not None:
            detail = f"{'opt-in' if is_granted else 'opt-out'} by {_in_words(heard)}"
            note_patient(tx, deps, who, Deed.CHOICE_RECORDED, speaker, detail=detail)
    deps.queue.hint(SENDING_JOBS.values())
    return Recorded(clinic, reached, len(people), None if is_granted else due)


def record_unmatched(deps: Deps, heard: Heard, clinic_slug: str | None) -> Recorded:
    """Open the task of an opt-out whose address nobody knows yet, due at its deadline. Raises InputError."""
    check_words(reason=heard.note, by=heard.by, option="--unmatched")
    with deps.store.transaction() as tx:
        clinic = _checked(tx, deps, heard, clinic_slug)
        now, works = deps.clock.now(), business_days(deps, clinic)
        today = local_day(now, clinic.tz)
        due = deadline_of(heard, works, today=today)
        key = f"{TaskKind.OPT_OUT_REQUEST}:{deps.identity.new_id()}"
        task = tasks.Task(
            kind=TaskKind.OPT_OUT_REQUEST,
            urgency=Urgency.HIGH if today >= hurries_on(due.due_on, works) else Urgency.NORMAL,
            key=key,
            clinic_id=clinic.id,
            due_at=end_of(due.due_on, clinic.tz),
            note=f"By {_in_words(heard)}, {heard.received_on:%a %d %b %Y}, taken down by {heard.by}: {heard.note}",
        )
        tasks.open_once(tx, deps.identity.new_id(), task, now=now)
    return Recorded(clinic, deadline=due, task_key=key)


def _in_words(heard: Heard) -> str:
    return heard.source.replace("_", " ")


def _checked(tx: Transaction, deps: Deps, heard: Heard, clinic_slug: str | None) -> Clinic:
    clinic = find_clinic(tx, clinic_slug)
    found = faults(heard, today=local_day(deps.clock.now(), clinic.tz))
    if found:
        raise InputError(found)
    return clinic


def business_days(deps: Deps, clinic: Clinic) -> IsBusinessDay:
    """Return what says whether a day is a business day where a clinic is."""
    return partial(deps.calendar.is_business_day, clinic.country)


def _places(tx: Transaction, clinic: Clinic, whom: Whom) -> tuple[list[Place], tuple[ClinicId, PatientId] | None]:
    """Return the addresses meant, and who speaks where that is known."""
    if whom.patient is None:
        named = {Channel.SMS: whom.phone, Channel.EMAIL: whom.email}
        return [(channel, address) for channel, address in named.items() if address], None
    key = find_patient(tx, clinic, whom.patient)
    record = patients.get_many(tx, clinic.id, [key])[key].record
    places = [(channel, address) for channel in Channel if (address := record.address(channel))]
    if not places:
        raise InputError([f"{whom.patient}: has no number and no address; there is nothing to close"])
    return places, (clinic.id, key)
