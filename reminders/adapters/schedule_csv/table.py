"""From bytes to numbered records: limits, encoding, quotes and the header, before anything is understood."""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from reminders.adapters.schedule_csv.cells import has_stray_bytes, show
from reminders.core.errors import ScheduleError
from reminders.ports import Fault

REQUIRED = ("external_id", "patient_id", "patient_name", "starts_at", "status")
ADDRESSES = ("phone", "email")
COLUMNS = (
    *("external_id", "patient_id", "patient_name", "phone", "email", "language", "patient_timezone", "starts_at"),
    *("timezone", "duration_minutes", "appointment_type", "status", "series_id", "series_number", "consent_sms"),
    *("consent_email", "escort_name", "escort_phone", "clinic"),
)
MOST_BYTES = 32 * 1024 * 1024
MOST_ROWS = 120_000
MOST_COLUMNS = 200
MOST_FILE_LINES = 1_048_576
"""As many as a spreadsheet has: some export all of their blank rows."""
TOO_MANY_LINES = f"the file has more than {MOST_FILE_LINES:,} lines; remove the blank ones"
MOST_CHARACTERS = 64 * 1024
MOST_LINES = 50
"""A record over more lines than this is a quote that was never closed; without a limit it would swallow the file."""
FEWEST_KNOWN = 2
"""A first line that names fewer of our columns than this is data, or has another separator."""
SAVE_AS = "save the file as 'CSV UTF-8 (comma delimited)'"
FOREIGN_STARTS = {
    BOM_UTF16_LE: "the file is UTF-16 text",
    BOM_UTF16_BE: "the file is UTF-16 text",
    b"PK\x03\x04": "the file is a workbook (.xlsx or .ods)",
    b"\xd0\xcf\x11\xe0": "the file is an old workbook (.xls)",
    b"%PDF": "the file is a PDF",
}
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


class Record(NamedTuple):
    """One record of the file and the line on which it starts; lines count from 1."""

    line: int
    cells: tuple[str, ...]
    lines: int = 1
    is_short: bool = False
    """Nothing in it can be too long for a cell."""

    @property
    def is_blank(self) -> bool:
        """Say whether it holds nothing but spaces: spreadsheets leave such rows behind."""
        return not "".join(self.cells).strip()


@dataclass(frozen=True, slots=True)
class Header:
    """Where each column stands, and what to tell about columns we do not know."""

    places: Mapping[str, int]
    width: int
    notes: tuple[str, ...]


def load(path: Path) -> Iterable[str]:
    """Read a file as lines of text, decoded one by one: as a whole it would take several times its room.

    Bytes that are not UTF-8 stay in it as lone surrogates: each is a fault of its row.

    Raises:
        ScheduleError: if there is no such file, it is too large, or it is no UTF-8 text at all.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise ScheduleError([f"cannot be read: {reason or error}"]) from error
    if len(content) > MOST_BYTES:
        raise ScheduleError(["the file is larger than 32 MB; export fewer weeks at a time"])
    for start, what in FOREIGN_STARTS.items():
        if content.startswith(start):
            raise ScheduleError([f"line 1: {what}; {SAVE_AS}"])
    if content[:2000].count(0) > len(content[:2000]) // 4:
        raise ScheduleError([f"line 1: the file is no UTF-8 text (it is full of NUL bytes); {SAVE_AS}"])
    if content.count(b"\n") > MOST_FILE_LINES:
        raise ScheduleError([TOO_MANY_LINES])
    return io.TextIOWrapper(io.BytesIO(content.removeprefix(BOM_UTF8)), "utf-8", "surrogateescape", newline="")


class _Lines:
    """The lines of a text for the csv reader, which can be set back within the present record."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._rest = iter(lines)
        self._kept: list[str] = []
        """From the first line of the present record on; more than it has taken where it was set back."""
        self.record_starts = 0
        self.upcoming = 0

    @property
    def taken(self) -> int:
        """How many lines the present record has taken so far."""
        return self.upcoming - self.record_starts

    def begin_record(self) -> None:
        """Let the next line be a record's first."""
        del self._kept[: self.taken]
        self.record_starts = self.upcoming

    def plain(self) -> str | None:
        """Take the record's first line where no quote is in it, which makes it the whole record; else leave it.

        Raises StopIteration behind the last line.
        """
        if not self._kept:
            self._kept.append(next(self._rest))
        line = self._kept[0]
        if '"' in line or len(line) > MOST_CHARACTERS or self.upcoming >= MOST_FILE_LINES:
            return None
        self.upcoming += 1
        return line

    def set_back(self) -> None:
        """Let the next line be the present record's second."""
        self.upcoming = self.record_starts + 1

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        taken = self.upcoming - self.record_starts  # not the property: each line of the file comes here
        if taken >= MOST_LINES:
            raise csv.Error("unexpected length of a record")
        if taken == len(self._kept):
            self._kept.append(next(self._rest))
        if self.upcoming >= MOST_FILE_LINES:
            raise ScheduleError([TOO_MANY_LINES])
        self.upcoming += 1
        return self._kept[taken]


def records(lines: Iterable[str]) -> Iterator[Record | Fault]:
    """Yield each record that is not blank, or a fault where quotes are wrong; reading goes on with the next line.

    Raises:
        ScheduleError: if there are more lines or rows than we read.
    """
    for count, record in enumerate(_filled(_Lines(lines))):
        if count > MOST_ROWS:
            raise ScheduleError([f"the file has more than {MOST_ROWS:,} rows; export fewer weeks at a time"])
        yield record


def _filled(lines: _Lines) -> Iterator[Record | Fault]:
    reader = csv.reader(lines, strict=True)
    while True:
        lines.begin_record()
        try:
            # The reader takes quotes apart; where there are none, as in most lines, a comma is a comma.
            if (line := lines.plain()) is not None:
                record = Record(lines.upcoming, tuple(line.rstrip("\r\n").split(",")), is_short=True)
            else:
                record = Record(lines.record_starts + 1, tuple(next(reader)), lines.taken)
        except StopIteration:
            return
        except csv.Error as error:
            yield _quoting_fault(error, lines)
            lines.set_back()
            continue
        if not record.is_blank:
            yield record


def _quoting_fault(error: csv.Error, lines: _Lines) -> Fault:
    line = lines.record_starts + 1
    if "limit" in str(error) and lines.taken == 1:
        return Fault(line, "", "a cell has more than 64 kB", "a cell of a schedule is a short text")
    if lines.taken > 1 or "unexpected" in str(error):
        return Fault(line, "", "a quote opens and is never closed", 'close it, or write "" for a quote in a text')
    return Fault(
        line, "", "text follows a closing quote", 'put the whole cell in quotes, or write "" for a quote in it'
    )


def read_header(record: Record) -> Header:
    """Find our columns by name; case and surrounding spaces do not matter.

    Raises:
        ScheduleError: one line for everything that makes the columns unclear.
    """
    names = tuple(cell.strip().lower() for cell in record.cells)
    faults = list(_unreadable(record, names))
    if not faults:
        faults = [*_twice(record, names), *_missing(record, names)]
    if faults:
        raise ScheduleError(faults)
    places = {name: index for index, name in enumerate(names) if name in COLUMNS}
    return Header(places, len(names), tuple(_unknown(names)))


def _unreadable(record: Record, names: Sequence[str]) -> Iterator[str]:
    line = f"line {record.line}"
    if len(names) > MOST_COLUMNS:
        yield f"{line}: {len(names)} columns; a schedule has at most {MOST_COLUMNS}"
    elif any(has_stray_bytes(name) for name in names):
        yield f"{line}: the header is not UTF-8; {SAVE_AS}"
    elif len(set(names) & set(COLUMNS)) < FEWEST_KNOWN:
        yield f"{line}: {_other_separator(record.cells) or _no_header(record.cells)}"


def _other_separator(cells: Sequence[str]) -> str | None:
    whole = ",".join(cells).lower()
    for sign, name in SEPARATORS.items():
        if len({part.strip(' "') for part in whole.split(sign)} & set(COLUMNS)) >= FEWEST_KNOWN:
            return f"the columns are separated by {name}, not by commas; {SAVE_AS}"
    return None


def _no_header(cells: Sequence[str]) -> str:
    return f"no header found, but {show(','.join(cells))}; the first line names the columns: {','.join(COLUMNS)}"


def _twice(record: Record, names: Sequence[str]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if name and count > 1:
            yield f"line {record.line}: the header names {show(name)} {count} times; each column may appear once"


def _missing(record: Record, names: Sequence[str]) -> Iterator[str]:
    strangers = [name for name in names if name not in COLUMNS]
    for name in REQUIRED:
        if name not in names:
            like = get_close_matches(name, [stranger.replace(" ", "_") for stranger in strangers], 1)
            hint = f" (is it {show(like[0])}?)" if like else ""
            yield f"line {record.line}: column {name} is missing{hint}; the header must name it"
    if not set(ADDRESSES) & set(names):
        yield f"line {record.line}: columns phone and email are missing; the header must name at least one of them"


def _unknown(names: Sequence[str]) -> Iterator[str]:
    for position, name in enumerate(names, start=1):
        if not name:
            yield f"column {position} has no name and is ignored"
        elif name not in COLUMNS:
            like = get_close_matches(name, COLUMNS, 1)
            hint = f" (is {like[0]} meant?)" if like else ""
            yield f"column {show(name)} is not known and is ignored{hint}"
