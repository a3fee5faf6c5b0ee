"""Change the plan: what an edit of a clinic's plan or texts leads to for its patients, and saving it as a version.

A preview stores nothing. Saving takes what was shown, over the version it was shown over, or refuses in words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminders.core.audit import Deed, about
from reminders.core.clinic_document import read_clinic
from reminders.core.clinics import Clinic
from reminders.core.errors import ConflictError, InputError, NotFoundError
from reminders.core.ids import ClinicId, PatientId
from reminders.core.plan_diff import Change, Line, held_after, plan_diff
from reminders.core.plan_edits import BringBack, Edit, edited, judged, seen
from reminders.core.plan_words import Difference, differences
from reminders.core.reminders import Reminder
from reminders.core.staff import Actor, Right
from reminders.core.upcoming import Upcoming, upcoming
from reminders.ports import SENDING_JOBS
from reminders.services.audit import note as audited
from reminders.services.deps import Deps
from reminders.services.plan_reminders import Surroundings, cases, surroundings
from reminders.services.replan_clinic import MONTH, replan_clinic
from reminders.store import clinics, replans
from reminders.store.batches import in_batches
from reminders.store.clinics import Made
from reminders.store.unit_of_work import Transaction

AHEAD = timedelta(days=7)
MOST_LINES = 50
MOST_VERSIONS = 200
PATIENTS_AT_ONCE = 500
LONGEST_DETAIL = 1000
PAGE = "/r/…"
"""Stands for the address of the patient's own page in a mail that is not made yet."""


@dataclass(frozen=True, slots=True)
class PlanReading:
    """A clinic's plan as it holds: the version, what it says, and whether whoever asks may change it."""

    clinic: Clinic
    version: int
    document: Mapping[str, object]
    may_change: bool


@dataclass(frozen=True, slots=True)
class Affected:
    """One message that a change makes another, with whose it is."""

    patient: str
    patient_id: PatientId
    line: Line


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an edit leads to. `lines` are the first in order of time; `counts` are of all."""

    clinic: Clinic
    version: int
    edit: Edit
    differences: Sequence[Difference]
    counts: Mapping[Change, int]
    lines: Sequence[Affected]
    until: datetime
    seen: str

    @property
    def total(self) -> int:
        """How many messages change."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class VersionReading:
    """One version of a clinic's plan, and how it differs from the one before it."""

    number: int
    made: Made
    differences: Sequence[Difference]
    is_current: bool


def plan_clinics(deps: Deps, who: Actor, right: Right) -> list[Clinic]:
    """Return the clinics at which a person has a right, by name."""
    mine = who.clinics(right)
    with deps.store.reading() as tx:
        return [item for item in clinics.every(tx).values() if item.id in mine]


def read_plan(deps: Deps, who: Actor, clinic_id: ClinicId) -> PlanReading:
    """Return a clinic's plan. Raises NotFoundError for a clinic where a person has no role."""
    with deps.store.reading() as tx:
        version, document, clinic = _current(tx, who, clinic_id, Right.READ)
        return PlanReading(clinic, version, document, may_change=who.may(Right.PLAN, clinic_id))


def bring_back(deps: Deps, who: Actor, clinic_id: ClinicId, number: int) -> BringBack:
    """Return the edit that makes an earlier version hold again. Raises NotFoundError."""
    with deps.store.reading() as tx:
        _current(tx, who, clinic_id, Right.PLAN)
        found = clinics.version(tx, clinic_id, number)
    if found is None:
        raise NotFoundError(f"no version {number}")
    return BringBack(number, found.document)


def preview_change(deps: Deps, who: Actor, clinic_id: ClinicId, edit: Edit, *, version: int) -> Outcome:
    """Return what an edit changes in the next days; nothing is stored.

    Raises ConflictError where the clinic is at another version, InputError with what is wrong with the edit.
    """
    now = deps.clock.now()
    with deps.store.reading() as tx:
        held, document, before = _current(tx, who, clinic_id, Right.PLAN)
        _refuse_stale(tx, before, held, version)
        new = edited(document, before, edit)
        after = judged(new, before)
        until = now + AHEAD
        affected = _affected(tx, before, after, now=now, until=until)
    affected.sort(key=lambda item: (item.line.at, item.patient, item.line.message.step))
    return Outcome(
        clinic=before,
        version=held,
        edit=edit,
        differences=differences(document, new, before, after),
        counts=Counter(item.line.change for item in affected),
        lines=affected[:MOST_LINES],
        until=until,
        seen=seen(new, held),
    )


def judge_change(deps: Deps, who: Actor, clinic_id: ClinicId, edit: Edit) -> None:
    """Find what is wrong with an edit, while somebody makes it. Raises InputError."""
    with deps.store.reading() as tx:
        _, document, before = _current(tx, who, clinic_id, Right.PLAN)
    judged(edited(document, before, edit), before)


@dataclass(frozen=True, slots=True)
class Trial:
    """An edit under way: the clinic that it would make, None where it makes none yet, and what is wrong with it."""

    clinic: Clinic | None
    faults: Sequence[str]


def try_change(deps: Deps, who: Actor, clinic_id: ClinicId, edit: Edit) -> Trial:
    """Return how far an edit is good, while somebody makes it. Raises NotFoundError."""
    with deps.store.reading() as tx:
        _, document, before = _current(tx, who, clinic_id, Right.PLAN)
    try:
        new = edited(document, before, edit)
        made = read_clinic(new, clinic_id=clinic_id)
    except InputError as error:
        return Trial(None, error.faults)
    try:
        return Trial(judged(new, before), ())
    except InputError as error:
        return Trial(made, error.faults)


def save_change(
    deps: Deps, who: Actor, clinic_id: ClinicId, edit: Edit, *, version: int, shown: str, remark: str
) -> int:
    """Store an edit that was shown as a new version, plan anew, and return the version's number.

    Raises ConflictError where somebody saved meanwhile, where it is not what was shown, and where nothing changes.
    """
    with deps.store.transaction() as tx:
        clinics.lock(tx, clinic_id)
        held, document, before = _current(tx, who, clinic_id, Right.PLAN)
        _refuse_stale(tx, before, held, version)
        new = edited(document, before, edit)
        after = judged(new, before)
        if seen(new, held) != shown:
            raise ConflictError("This is not what you saw. Please look at the preview, then save.")
        made = Made(who.name, remark.strip(), deps.clock.now())
        if not clinics.save(tx, clinic_id, before.slug, new, made=made):
            raise ConflictError("Nothing would change.")
        said = "; ".join([f"version {held + 1}", *(item.what for item in differences(document, new, before, after))])
        named = about("clinic", clinic_id)
        audited(tx, deps, who, Deed.PLAN_CHANGED, clinic_id=clinic_id, about=named, detail=said[:LONGEST_DETAIL])
    replan_clinic(deps, after, lambda _progress: None)
    deps.queue.hint(SENDING_JOBS.values())
    return held + 1


def read_versions(deps: Deps, who: Actor, clinic_id: ClinicId) -> list[tuple[int, Made]]:
    """Return who made which version of a clinic's plan, the newest first. Raises NotFoundError."""
    with deps.store.reading() as tx:
        _current(tx, who, clinic_id, Right.READ)
        return clinics.versions(tx, clinic_id, limit=MOST_VERSIONS)


def read_version(deps: Deps, who: Actor, clinic_id: ClinicId, number: int) -> VersionReading:
    """Return one version and how it differs from the one before it. Raises NotFoundError."""
    with deps.store.reading() as tx:
        held, _, _ = _current(tx, who, clinic_id, Right.READ)
        found, earlier = clinics.version(tx, clinic_id, number), clinics.version(tx, clinic_id, number - 1)
    if found is None:
        raise NotFoundError(f"no version {number}")
    told: Sequence[Difference] = ()
    if earlier is not None:
        before, after = (clinics.parsed(clinic_id, item.document) for item in (earlier, found))
        told = differences(earlier.document, found.document, before, after)
    return VersionReading(number, found.made, told, is_current=number == held)


def _current(
    tx: Transaction, who: Actor, clinic_id: ClinicId, right: Right
) -> tuple[int, Mapping[str, object], Clinic]:
    if not who.may(right, clinic_id):
        raise NotFoundError(f"no clinic {clinic_id}")
    return clinics.current(tx, clinic_id)


def _refuse_stale(tx: Transaction, clinic: Clinic, held: int, version: int) -> None:
    if held == version:
        return
    newest = clinics.version(tx, clinic.id, held)
    by = "" if newest is None else f" by {newest.made.by}, {clinic.clock.dated(newest.made.at)}"
    raise ConflictError(f"The plan was changed meanwhile: version {held}{by}. Please begin again from what holds now.")


def _affected(tx: Transaction, before: Clinic, after: Clinic, *, now: datetime, until: datetime) -> list[Affected]:
    """Return every message that differs between two plans of a clinic, over everybody for whom something may come."""
    ids = replans.patients_with_more_to_come(tx, before.id, since=now - _reach(before, after))
    found: list[Affected] = []
    for batch in in_batches(ids, PATIENTS_AT_ONCE):
        around = surroundings(tx, before.id, batch)
        olds, news = (_foreseen(around, clinic, batch, now=now, until=until) for clinic in (before, after))
        for patient_id in batch:
            name = around.people[patient_id].record.name
            lines = plan_diff(olds[patient_id], news[patient_id], until=until)
            found += [Affected(name, patient_id, line) for line in lines]
    return found


def _foreseen(
    around: Surroundings, clinic: Clinic, ids: Collection[PatientId], *, now: datetime, until: datetime
) -> dict[PatientId, list[Upcoming]]:
    """Return what will be sent to each patient under a clinic's settings."""
    planned: dict[PatientId, list[Reminder]] = {patient_id: [] for patient_id in ids}
    for case, held in cases(around, clinic, now=now):
        planned[case.patient.id] += held_after(case, held)
    return {
        patient_id: upcoming(
            clinic,
            around.people[patient_id],
            {item.id: item for item in around.booked.get(patient_id, ())},
            planned[patient_id],
            page=PAGE,
            until=until,
        )
        for patient_id in ids
    }


def _reach(*settings: Clinic) -> timedelta:
    """Return how long after a session either plan may still have something to say."""
    weeks = [cadence.rebook_weeks or 0 for clinic in settings for cadence in clinic.cadences.values()]
    return timedelta(weeks=max(weeks, default=0)) + MONTH
