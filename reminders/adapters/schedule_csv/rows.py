"""From one row to a patient and a booking, with every fault of the row and not only the first."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Generic, NamedTuple, TypeVar

from reminders.adapters.schedule_csv import cells
from reminders.adapters.schedule_csv.cells import WrongCellError, show
from reminders.adapters.schedule_csv.defaults import CsvDefaults, Place
from reminders.adapters.schedule_csv.table import COLUMNS
from reminders.core.appointments import AppointmentStatus, Booking
from reminders.core.patients import PatientRecord
from reminders.ports import Fault

T = TypeVar("T")
Row = tuple[str, ...]
"""The cells of a row without surrounding spaces, in the order of `COLUMNS`; a missing column's is blank."""
PATIENT_COLUMNS = (
    *("patient_id", "patient_name", "phone", "email", "language", "patient_timezone", "consent_sms", "consent_email"),
)
PATIENT = itemgetter(*(COLUMNS.index(column) for column in PATIENT_COLUMNS))
VISIT = itemgetter(
    *map(COLUMNS.index, ("clinic", "starts_at", "timezone", "duration_minutes", "appointment_type", "status"))
)
COURSE = itemgetter(*map(COLUMNS.index, ("series_id", "escort_name", "escort_phone")))
OTHERS = itemgetter(*map(COLUMNS.index, ("external_id", "clinic", "series_number")))


class ReadRow(NamedTuple):
    """What could be read of a row; a part is None where it has faults.

    `clinic` is the slug as the row names it, `home` the clinic it belongs to.
    """

    line: int
    clinic: str | None
    home: str | None
    has_clinic_fault: bool
    external_id: str | None
    patient: PatientRecord | None
    booking: Booking | None


class Visit(NamedTuple):
    """When a session is, for how long, of which type and status."""

    starts_at: datetime
    timezone: str
    duration: timedelta
    appointment_type: str
    status: AppointmentStatus


class Course(NamedTuple):
    """Of which series a session is, and who drives the patient home: mostly the same all through a series."""

    series_id: str | None
    escort_name: str | None
    escort_phone: str | None


class Findings:
    """The faults of a part of a row: column, what was found, what would be right."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: list[tuple[str, WrongCellError]] = []

    def check(self, column: str, read: Callable[[], T]) -> T | None:
        """Read a cell, or keep what is wrong with it."""
        try:
            return read()
        except WrongCellError as wrong:
            self.add(column, wrong)
            return None

    def add(self, column: str, wrong: WrongCellError) -> None:
        """Keep a fault."""
        self.found.append((column, wrong))

    def on(self, line: int) -> Iterable[Fault]:
        """Return the faults as those of one line."""
        return (Fault(line, column, wrong.found, wrong.wanted) for column, wrong in self.found)


class Column(Generic[T]):
    """Reads the cells of a column. What it has read it keeps: the same few texts stand in most rows of a schedule."""

    def __init__(self, name: str, read: Callable[..., T]) -> None:
        self._name = name
        self._read = read
        self._known: dict[tuple[Hashable, ...], tuple[T | None, WrongCellError | None]] = {}

    def read(self, findings: Findings, *written: Hashable) -> T | None:
        """Return what a cell says, in its surroundings if they matter; what is wrong with it goes to the findings."""
        found = self._known.get(written)
        if found is None:
            found = self._known[written] = self._found(written)
        value, wrong = found
        if wrong is not None:
            findings.add(self._name, wrong)
        return value

    def _found(self, written: tuple[Hashable, ...]) -> tuple[T | None, WrongCellError | None]:
        try:
            return self._read(*written), None
        except WrongCellError as wrong:
            return None, wrong


class RowReader:
    """Reads the rows of one file. What it has read of a patient it keeps, since most patients have many rows."""

    def __init__(self, defaults: CsvDefaults) -> None:
        self.faults: list[Fault] = []
        self.notes: dict[str, None] = {}
        self._defaults = defaults
        self._patients: dict[tuple[str, str, Row], tuple[PatientRecord | None, Findings]] = {}
        self._visits: dict[Row, Visit] = {}
        self._courses: dict[tuple[str, Row], Course] = {}
        self._only_clinic = defaults.only_clinic
        self._places: dict[str | None, Place] = {}
        self._clinic = Column("clinic", self._read_clinic)
        self._timezone = Column("timezone", cells.zone)
        self._local = Column("starts_at", cells.local_time)
        self._starts_at = Column("starts_at", cells.instant)
        self._duration = Column("duration_minutes", lambda cell: timedelta(minutes=cells.minutes(cell)))
        self._type = Column("appointment_type", cells.required)
        self._status = Column("status", cells.status)
        self._series_id = Column("series_id", cells.optional)
        self._position = Column("series_number", cells.position)
        self._escort_name = Column("escort_name", cells.optional)
        self._escort_phone = Column("escort_phone", cells.phone)

    def read(self, line: int, row: Row) -> ReadRow:
        """Read a row."""
        findings = Findings()
        own_id, slug, number = OTHERS(row)
        clinic = self._clinic.read(findings, slug)
        has_clinic_fault = bool(findings.found)
        place = self._place_of(clinic)
        external_id = _external_id(own_id, findings)
        written = VISIT(row)
        visit = self._visits.get(written) or self._visit(line, written, place, findings)
        booking = self._booking(visit, COURSE(row), number, place, findings)
        patient, about_patient = self._patient(PATIENT(row), place)
        if findings.found or about_patient.found:
            self.faults.extend((*findings.on(line), *about_patient.on(line)))
        return ReadRow(line, clinic, clinic or self._only_clinic, has_clinic_fault, external_id, patient, booking)

    def _place_of(self, clinic: str | None) -> Place:
        if clinic not in self._places:
            self._places[clinic] = self._defaults.place(clinic)
        return self._places[clinic]

    def _read_clinic(self, cell: str) -> str | None:
        known = self._defaults.clinics
        if not cell and self._defaults.needs_clinic:
            raise WrongCellError("the cell is blank", f"write one of {', '.join(sorted(known))}")
        if cell and known and cell not in known:
            raise WrongCellError(f"{show(cell)} is no clinic here", f"write one of {', '.join(sorted(known))}")
        return cells.optional(cell)

    def _patient(self, written: Row, place: Place) -> tuple[PatientRecord | None, Findings]:
        key = (place.country, place.language, written)
        known = self._patients.get(key)
        if known is None:
            known = self._patients[key] = patient_of(dict(zip(PATIENT_COLUMNS, written, strict=True)), place)
        return known

    def _visit(self, line: int, written: Row, place: Place, findings: Findings) -> Visit | None:
        """Read when a session is. It is kept for rows that say the same, unless there is something to tell of it."""
        before = len(findings.found)
        _, starts, zone, minutes, kind, status = written
        timezone = self._timezone.read(findings, zone or place.timezone)
        local = self._local.read(findings, starts)
        starts_at, is_odd = self._instant(line, local, timezone, findings)
        duration = self._duration.read(findings, minutes or str(self._defaults.duration_minutes))
        appointment_type = self._type.read(findings, kind or self._defaults.appointment_type)
        is_at = self._status.read(findings, status)
        if len(findings.found) > before or not (starts_at and timezone and duration and appointment_type and is_at):
            return None
        visit = Visit(starts_at, timezone, duration, appointment_type, is_at)
        if not is_odd:
            self._visits[written] = visit
        return visit

    def _booking(
        self, visit: Visit | None, written: Row, number: str, place: Place, findings: Findings
    ) -> Booking | None:
        before = len(findings.found)
        course = self._courses.get((place.country, written)) or self._course(written, place, findings)
        position = self._series_number(number, written[0], findings) if number else None
        if visit is None or course is None or len(findings.found) > before:
            return None
        series_id, escort_name, escort_phone = course
        return Booking(*visit, series_id, position, escort_name, escort_phone)

    def _course(self, written: Row, place: Place, findings: Findings) -> Course | None:
        """Read what belongs to a series more than to a session, and keep it for rows that say the same."""
        before = len(findings.found)
        series, name, phone = written
        course = Course(
            self._series_id.read(findings, series) if series else None,
            self._escort_name.read(findings, name) if name else None,
            self._escort_phone.read(findings, phone, place.country) if phone else None,
        )
        if len(findings.found) > before:
            return None
        self._courses[place.country, written] = course
        return course

    def _instant(
        self, line: int, local: datetime | None, timezone: str | None, findings: Findings
    ) -> tuple[datetime | None, bool]:
        """Return the instant of a start, and whether that line has to be told something about it."""
        if local is None or timezone is None:
            return None, False
        if timezone in cells.STANDING_STILL:
            self.notes[
                f"time zone {timezone} never changes its clocks; where clocks change, "
                f"write {cells.STANDING_STILL[timezone]}"
            ] = None
        found = self._starts_at.read(findings, local, timezone)
        if found is None:
            return None, False
        at, oddity = found
        if oddity is not None:
            self.notes[f"line {line}, starts_at: {local.isoformat(timespec='minutes')!r} {oddity}"] = None
        return at, oddity is not None

    def _series_number(self, number: str, series: str, findings: Findings) -> int | None:
        if series:
            return self._position.read(findings, number)
        wrong = WrongCellError(f"{show(number)} stands without a series_id", "name the series, or leave both blank")
        findings.add("series_number", wrong)
        return None


def _external_id(cell: str, findings: Findings) -> str | None:
    try:
        return cells.required(cell)
    except WrongCellError as wrong:
        findings.add("external_id", wrong)
        return None


def _phone(cell: str, place: Place) -> str | None:
    return cells.phone(cell, place.country) if cell else None


def patient_of(row: Mapping[str, str], place: Place) -> tuple[PatientRecord | None, Findings]:
    """Read a patient, with every fault."""
    findings = Findings()
    return _patient(row, place, findings), findings


def _patient(row: Mapping[str, str], place: Place, findings: Findings) -> PatientRecord | None:
    external_id = findings.check("patient_id", lambda: cells.required(row["patient_id"]))
    name = findings.check("patient_name", lambda: cells.required(row["patient_name"]))
    phone = findings.check("phone", lambda: _phone(row["phone"], place))
    email = findings.check("email", lambda: cells.email(row["email"]) if row["email"] else None)
    language = findings.check("language", lambda: cells.language(row["language"] or place.language))
    timezone = findings.check("patient_timezone", lambda: _zone(row["patient_timezone"]))
    sms = findings.check("consent_sms", lambda: _consent(row["consent_sms"], row["phone"], "phone"))
    mail = findings.check("consent_email", lambda: _consent(row["consent_email"], row["email"], "email"))
    if not row["phone"] and not row["email"]:
        findings.add("phone", WrongCellError("phone and email are both blank", "each patient needs one of them"))
    if findings.found or not (external_id and name and language):
        return None
    return PatientRecord(
        external_id=external_id,
        name=name,
        phone=phone,
        email=email,
        language=language,
        timezone=timezone,
        has_sms_consent=bool(sms),
        has_email_consent=bool(mail),
    )


def _zone(cell: str) -> str | None:
    return cells.zone(cell) if cell else None


def _consent(cell: str, address: str, column: str) -> bool:
    is_given = cells.consent(cell)
    if is_given and not address:
        raise WrongCellError(f"consent is yes and {column} is blank", f"fill in {column}, or write no")
    return is_given
