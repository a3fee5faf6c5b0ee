"""`reminders report`: the figures of a clinic by week, as tables for people, as CSV, or as JSON."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence

from reminders.cli.authors import author
from reminders.cli.opening import opened
from reminders.cli.tables import BOLD, paint, print_table
from reminders.core.reports import Report, to_csv
from reminders.services.read_report import ReportReading, export_reports, read_reports, the_clinic
from reminders.services.read_session import operator

DONE = 0


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Print them. Raises NotFoundError, or InputError where it is not clear which clinic is meant.

    What is printed for programs leaves this place, as a file that a page gives away does, and is written down alike.
    """
    from reminders.bootstrap import meaning_of

    with opened(arguments, environment) as services:
        services.migrate()
        deps, who = services.deps, operator(services.deps, author())
        slug = the_clinic(deps, arguments.clinic)
        read = export_reports if arguments.csv or arguments.json else read_reports
        found = read(deps, who, meaning_of, clinic=slug, weeks=arguments.weeks)
    wanted = [report for report in found.reports if arguments.name in {None, report.key}]
    if arguments.json:
        print(json.dumps(to_document(found, wanted), ensure_ascii=False, indent=2))
    elif arguments.csv:
        # The lines of RFC 4180 end in CR LF, which a terminal's text stream would leave alone and Windows' double.
        sys.stdout.write("\r\n".join(to_csv(report) for report in wanted))
    else:
        show(found, wanted, environment)
    return DONE


def to_document(found: ReportReading, wanted: Sequence[Report]) -> dict[str, object]:
    """Return reports for programs: bare numbers, spans in seconds, shares in hundredths and null where too few."""
    return {
        "clinic": found.clinic.slug,
        "timezone": found.clinic.timezone,
        "weeks": [week.monday.isoformat() for week in found.weeks],
        "reports": [
            {
                "report": report.key,
                "title": report.title,
                "counted": report.counted,
                "units": report.units,
                "rows": [
                    {report.of: row.name, **dict(zip(report.columns, (cell.raw for cell in row.cells), strict=True))}
                    for row in report.rows
                ],
            }
            for report in wanted
        ],
    }


def show(found: ReportReading, wanted: Sequence[Report], environment: Mapping[str, str]) -> None:
    """Print each table below its title and how it is counted."""
    print(f"{found.clinic.sender}; weeks begin on Monday by the clock of {found.clinic.timezone}, the last still runs")
    for report in wanted:
        print(f"\n{paint(report.title, BOLD, environment)}\n{report.counted}")
        if not report.rows:
            print("nothing of that happened in these weeks")
        print_table(
            (report.of, *report.columns), [(row.name, *map(str, row.cells)) for row in report.rows], environment
        )
