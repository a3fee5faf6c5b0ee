from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reminders.core.reports import (
    Absences,
    CheckInAnswers,
    CodeCount,
    Confirmations,
    Figures,
    Number,
    Report,
    Row,
    Share,
    Span,
    Spread,
    Words,
    reports,
    to_csv,
    weeks_until,
)
from tests.builders import NEW_YORK, local

TZ = ZoneInfo(NEW_YORK)


def table(*cells: str) -> Report:
    """One row of words."""
    return Report("x", "X", "", "Code", [f"C{place}" for place in range(len(cells))], [Row("1", [*map(Words, cells)])])


def by_key(found: Figures, weeks: int = 4) -> dict[str, Report]:
    made = reports(weeks_until(local("2027-03-10 12:00"), TZ, weeks), found, lambda one: f"means {one.code}")
    return {item.key: item for item in made}


def cells(report: Report, row: int = -1) -> dict[str, str]:
    return dict(zip(report.columns, map(str, report.rows[row].cells), strict=True))


def test_weeks_run_from_monday_to_sunday_of_the_clinics_clock() -> None:
    found = weeks_until(local("2027-03-10 12:00"), TZ, 3)
    assert [week.monday.isoformat() for week in found] == ["2027-02-22", "2027-03-01", "2027-03-08"]
    assert [week.starts_at for week in found] == [
        local(f"{day} 00:00") for day in ("2027-02-22", "2027-03-01", "2027-03-08")
    ]
    assert found[-1].ends_at == local("2027-03-15 00:00")


def test_the_week_in_which_clocks_change_is_an_hour_shorter() -> None:
    (week,) = weeks_until(local("2027-03-10 12:00"), TZ, 1)
    assert week.ends_at - week.starts_at == timedelta(days=7, hours=-1)


@pytest.mark.parametrize(("now", "monday"), [("2027-03-08 00:00", "2027-03-08"), ("2027-03-07 23:59", "2027-03-01")])
def test_midnight_of_monday_belongs_to_the_new_week(now: str, monday: str) -> None:
    assert weeks_until(local(now), TZ, 2)[-1].monday.isoformat() == monday


def test_a_week_is_the_clinics_and_not_that_of_utc() -> None:
    sunday_evening = datetime(2027, 3, 8, 2, 0, tzinfo=UTC)
    assert weeks_until(sunday_evening, TZ, 1)[0].monday.isoformat() == "2027-03-01"
    assert weeks_until(sunday_evening, ZoneInfo("UTC"), 1)[0].monday.isoformat() == "2027-03-08"


@pytest.mark.parametrize(
    ("part", "whole", "shown", "raw"),
    [
        (0, 0, "–", None),
        (3, 4, "3 of 4", None),
        (0, 4, "0 of 4", None),
        (5, 5, "100 %", 100),
        (0, 5, "0 %", 0),
        (1, 8, "13 %", 13),
        (2, 3_000, "0 %", 0),
        (1, 3, "1 of 3", None),
        (2, 6, "33 %", 33),
    ],
)
def test_a_share_of_fewer_than_five_is_shown_as_numbers(part: int, whole: int, shown: str, raw: int | None) -> None:
    assert (str(Share(part, whole)), Share(part, whole).raw) == (shown, raw)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "–"), (0, "0 s"), (1.6, "2 s"), (119, "119 s"), (120, "2 min"), (7_199, "120 min"), (7_200, "2.0 h")],
)
def test_a_time_is_shown_in_what_people_count_in(seconds: float | None, shown: str) -> None:
    assert str(Span(seconds)) == shown


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_no_cell_of_a_spreadsheet_can_be_a_formula(start: str) -> None:
    (_, row) = csv.reader(io.StringIO(to_csv(table(f"{start}1+1", "1=1")), newline=""))
    assert row == ["1", f"'{start}1+1", "1=1"]


def test_a_table_is_written_as_rfc_4180_has_it() -> None:
    text = to_csv(table('says "no", twice', "plain"))
    assert text == 'Code,C0,C1\r\n1,"says ""no"", twice",plain\r\n'
    assert to_csv(table("plain"), has_bom=True).encode().startswith(b"\xef\xbb\xbf")


def test_spreadsheets_are_given_bare_numbers_with_their_unit_in_the_heading() -> None:
    found = by_key(Figures(check_ins={3: CheckInAnswers(8, 4, Spread(4, 5_400.4, 40_000.0))}), weeks=4)
    lines = to_csv(found["check-ins"]).splitlines()
    assert lines[0] == "Week of,Asked,Answered,Share answered (%),Half within (seconds),95 in 100 within (seconds)"
    assert lines[-1] == "2027-03-08,8,4,50,5400,40000"
    assert lines[1] == "2027-02-15,0,0,,,"


def test_a_week_in_which_nothing_happened_has_a_row_of_its_own() -> None:
    found = by_key(Figures(confirmations={3: Confirmations(10, by_text=3, by_staff=1, by_page=2)}))
    report = found["confirmations"]
    assert cells(report) == {
        "Sessions": "10",
        "Confirmed": "6",
        "By text": "3",
        "By page": "2",
        "By staff": "1",
        "Share confirmed": "60 %",
    }
    assert [row.name for row in report.rows] == ["2027-02-15", "2027-02-22", "2027-03-01", "2027-03-08"]
    assert report.drawn() == [None, None, None, 60]


def test_the_share_lost_leaves_out_what_was_cancelled_in_time_or_has_no_outcome() -> None:
    week = Absences(6, 1, late_by_patient=1, late_by_clinic=1, late_by_schedule=1, cancelled_earlier=50, no_outcome=9)
    assert cells(by_key(Figures(absences={3: week}))["absences"])["Share lost"] == "40 %"


def test_codes_are_listed_by_how_often_they_came_with_what_they_mean() -> None:
    codes = [CodeCount("30003", is_text=True, messages=1), CodeCount("550", is_text=False, messages=7)]
    report = by_key(Figures(codes=codes))["codes"]
    assert [row.name for row in report.rows] == ["550", "30003"]
    assert cells(report, 0) == {"Messages": "7", "Channel": "e-mail", "What it means": "means 550"}


def test_every_report_says_how_it_is_counted_and_has_a_cell_for_each_column() -> None:
    found = by_key(Figures(codes=[CodeCount("1", is_text=True, messages=1)]))
    assert len(found) == 8
    for report in found.values():
        assert report.counted.endswith(".")
        assert all(len(row.cells) == len(report.columns) for row in report.rows)
        assert set(report.units) <= set(report.columns)
        assert report.plotted is None or len(report.drawn()) == 4


def test_words_and_numbers_are_drawn_as_what_they_are() -> None:
    assert (Number(3).drawn, Words("x").drawn, Span(None).drawn, Share(1, 2).drawn) == (3.0, None, None, None)
