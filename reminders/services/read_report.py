"""Reports: the figures of one clinic by week, counted in one snapshot by a fixed number of statements; no names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminders.core.audit import Deed
from reminders.core.clinics import Clinic
from reminders.core.errors import NotFoundError
from reminders.core.reports import CodeCount, Figures, Report, Week, reports, weeks_until
from reminders.core.staff import Actor, Right
from reminders.services.audit import note
from reminders.services.deps import Deps
from reminders.services.find_subjects import find_clinic
from reminders.store import clinics
from reminders.store import reports as counts
from reminders.store.unit_of_work import Transaction

Meaning = Callable[[CodeCount], str]


@dataclass(frozen=True, slots=True)
class ReportReading:
    """The reports of one clinic. `every` are the clinics that may be chosen; the last week still runs."""

    now: datetime
    clinic: Clinic
    every: Sequence[Clinic]
    weeks: Sequence[Week]
    reports: Sequence[Report]


def read_reports(deps: Deps, who: Actor, meaning: Meaning, *, clinic: str = "", weeks: int = 12) -> ReportReading:
    """Return the reports of the clinic with this slug, or of the first. Raises NotFoundError.

    `meaning` says in words what an error code means.
    """
    with deps.store.reading() as tx:
        return _read(tx, deps, who, meaning, slug=clinic, count=weeks)


def export_report(
    deps: Deps, who: Actor, meaning: Meaning, key: str, *, clinic: str = "", weeks: int = 12
) -> tuple[Clinic, Report]:
    """Return one report to be taken away, and write down who took it. Raises NotFoundError."""
    with deps.store.transaction() as tx:
        found = _read(tx, deps, who, meaning, slug=clinic, count=weeks)
        report = next((item for item in found.reports if item.key == key), None)
        if report is None:
            raise NotFoundError(f"no report {key!r}")
        note(tx, deps, who, Deed.REPORT_EXPORTED, clinic_id=found.clinic.id, detail=f"{report.title}, {weeks} weeks")
        return found.clinic, report


def export_reports(deps: Deps, who: Actor, meaning: Meaning, *, clinic: str = "", weeks: int = 12) -> ReportReading:
    """Return all reports to be taken away, and write down who took them. Raises NotFoundError."""
    with deps.store.transaction() as tx:
        found = _read(tx, deps, who, meaning, slug=clinic, count=weeks)
        note(tx, deps, who, Deed.REPORT_EXPORTED, clinic_id=found.clinic.id, detail=f"all, {weeks} weeks")
        return found


def the_clinic(deps: Deps, slug: str | None) -> str:
    """Return the clinic that is meant. Raises InputError where there are several and none was named."""
    with deps.store.reading() as tx:
        return find_clinic(tx, slug).slug


def _read(tx: Transaction, deps: Deps, who: Actor, meaning: Meaning, *, slug: str, count: int) -> ReportReading:
    permitted = who.clinics(Right.REPORT)
    every = [item for key, item in clinics.every(tx).items() if key in permitted]
    clinic = next((item for item in every if slug in {"", item.slug}), None)
    if clinic is None:
        raise NotFoundError(f"no clinic {slug!r}" if slug else "no clinic")
    now = deps.clock.now()
    counts.prefer_indexes(tx)
    weeks = weeks_until(now, clinic.tz, count)
    return ReportReading(now, clinic, every, weeks, reports(weeks, _figures(tx, clinic, weeks, now), meaning))


def _figures(tx: Transaction, clinic: Clinic, weeks: Sequence[Week], now: datetime) -> Figures:
    clinic_id = clinic.id
    return Figures(
        confirmations=counts.confirmations(tx, clinic_id, weeks, now),
        absences=counts.absences(tx, clinic_id, weeks, now, timedelta(hours=clinic.late_cancel_hours)),
        deliveries=counts.deliveries(tx, clinic_id, weeks),
        codes=counts.codes(tx, clinic_id, weeks),
        opt_outs=counts.opt_outs(tx, clinic_id, weeks),
        check_ins=counts.check_ins(tx, clinic_id, weeks),
        delays=counts.delays(tx, clinic_id, weeks),
        replies=counts.replies(tx, clinic_id, weeks),
        late_hours=clinic.late_cancel_hours,
    )
