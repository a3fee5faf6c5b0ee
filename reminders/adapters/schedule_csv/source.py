"""The schedule source: reads the file, then looks at what only all rows together can show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter
from pathlib import Path

from reminders.adapters.schedule_csv.cells import show
from reminders.adapters.schedule_csv.defaults import CsvDefaults
from reminders.adapters.schedule_csv.rows import ReadRow, RowReader
from reminders.adapters.schedule_csv.table import COLUMNS, MOST_CHARACTERS, Header, Record, load, read_header, records
from reminders.core.appointments import ScheduleEntry
from reminders.core.errors import ScheduleError
from reminders.core.patients import PatientRecord
from reminders.ports import Fault, ScheduleReading

Key = tuple[str | None, str]
"""A clinic's slug and an id that is unique within it."""


class CsvScheduleSource:
    """A ScheduleSource that reads one CSV file, as it stands at each fetch."""

    name = "csv"

    def __init__(self, path: Path, defaults: CsvDefaults) -> None:
        """Remember the file and what its blank cells mean; nothing is read yet."""
        self._path = path
        self._defaults = defaults

    def fetch(self) -> ScheduleReading:
        """Read the file: good rows as entries, each fault with its line and column.

        Rows that share an external id and rows of a patient who is described in two ways are no entries: nobody can
        say which is right.

        Raises:
            ScheduleError: if there is nothing to read, or the columns are unclear.
        """
        stream = records(load(self._path))
        header = self._header(stream)
        reader = RowReader(self._defaults)
        # A column that is missing reads as blank: there is one blank cell more than the header has.
        in_order = itemgetter(*(header.places.get(column, header.width) for column in COLUMNS))
        rows: list[ReadRow] = []
        for record in stream:
            fault = record if isinstance(record, Fault) else _shape_fault(record, header)
            if fault is not None:
                reader.faults.append(fault)
            elif isinstance(record, Record):
                rows.append(reader.read(record.line, in_order([*map(str.strip, record.cells), ""])))
        doubles, double_faults = _doubles(rows)
        disputed, dispute_faults = _disputes(rows)
        faults = sorted((*reader.faults, *double_faults, *dispute_faults), key=_reading_order)
        notes = (*header.notes, *reader.notes, *(() if rows or faults else ("the file has a header and no rows",)))
        return ScheduleReading(tuple(_entries(rows, doubles, disputed)), tuple(faults), notes)

    def _header(self, stream: Iterator[Record | Fault]) -> Header:
        first = next(stream, None)
        if first is None:
            raise ScheduleError([f"the file is empty; its first line names the columns: {','.join(COLUMNS)}"])
        if isinstance(first, Fault):
            raise ScheduleError([str(first)])
        header = read_header(first)
        if self._defaults.needs_clinic and "clinic" not in header.places:
            known = ", ".join(sorted(self._defaults.clinics))
            raise ScheduleError([f"line {first.line}: column clinic is missing; there are several: {known}"])
        return header


def _shape_fault(record: Record, header: Header) -> Fault | None:
    count = len(record.cells)
    if count != header.width:
        word = "few" if count < header.width else "many"
        hint = "; a quote may be missing" if record.lines > 1 else ""
        return Fault(
            record.line,
            "",
            f"too {word} cells: {count}",
            f"the header has {header.width} (quote texts with commas){hint}",
        )
    if not record.is_short and max(map(len, record.cells), default=0) > MOST_CHARACTERS:
        return Fault(record.line, "", "a cell has more than 64 kB", "a cell of a schedule is a short text")
    return None


def _doubles(rows: Iterable[ReadRow]) -> tuple[set[Key], list[Fault]]:
    """Find appointments that stand in the file more than once, rows with other faults included."""
    first: dict[Key, int] = {}
    doubles: set[Key] = set()
    faults: list[Fault] = []
    for row in rows:
        own, line = row.external_id, row.line
        if own is None:
            continue
        key = (row.home, own)
        before = first.setdefault(key, line)
        if before != line:
            doubles.add(key)
            found = f"{show(own)} stands on line {before} and again on line {line}"
            faults.append(Fault(line, "external_id", found, "each appointment has an id of its own"))
    return doubles, faults


def _disputes(rows: Iterable[ReadRow]) -> tuple[set[Key], list[Fault]]:
    """Find patients whose rows disagree about who they are or how they are reached."""
    first: dict[Key, tuple[int, PatientRecord]] = {}
    disputed: set[Key] = set()
    faults: list[Fault] = []
    for row in rows:
        if row.patient is None:
            continue
        key = (row.home, row.patient.external_id)
        line, record = first.setdefault(key, (row.line, row.patient))
        if row.patient is record:  # as nearly always: rows that say the same of a patient share what was read
            continue
        for column, here, there in _differences(row.patient, record):
            disputed.add(key)
            found = f"{here} on line {row.line}, {there} on line {line}"
            faults.append(Fault(row.line, column, found, "rows of one patient must agree"))
    return disputed, faults


def _differences(here: PatientRecord, there: PatientRecord) -> Iterator[tuple[str, str, str]]:
    for column, mine, other in zip(PATIENT_WORDS, _words(here), _words(there), strict=True):
        if mine != other:
            yield column, show(mine) if mine else "blank", show(other) if other else "blank"


PATIENT_WORDS = ("patient_name", "phone", "email", "language", "patient_timezone", "consent_sms", "consent_email")


def _words(record: PatientRecord) -> tuple[str | None, ...]:
    consents = ("yes" if given else "no" for given in (record.has_sms_consent, record.has_email_consent))
    return (record.name, record.phone, record.email, record.language, record.timezone, *consents)


def _entries(
    rows: Iterable[ReadRow], doubles: set[Key], disputed: set[Key]
) -> Iterator[tuple[str | None, ScheduleEntry]]:
    for row in rows:
        if row.external_id is None or row.patient is None or row.booking is None or row.has_clinic_fault:
            continue
        if doubles and (row.home, row.external_id) in doubles:
            continue
        if disputed and (row.home, row.patient.external_id) in disputed:
            continue
        yield row.clinic, ScheduleEntry(row.external_id, row.patient, row.booking, row.line)


def _reading_order(fault: Fault) -> tuple[int, int]:
    return fault.line, COLUMNS.index(fault.column) if fault.column in COLUMNS else -1
