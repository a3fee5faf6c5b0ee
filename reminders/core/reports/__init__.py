"""Reports: what is counted by week, how, and how it is written. Pure; the counting itself is `store.reports`."""

from __future__ import annotations

from reminders.core.reports.definitions import Figures, reports
from reminders.core.reports.figures import (
    Absences,
    CheckInAnswers,
    CodeCount,
    Confirmations,
    Delays,
    Deliveries,
    OptOuts,
    Replies,
    Spread,
)
from reminders.core.reports.shapes import Cell, Number, Report, Row, Share, Span, Words, to_csv
from reminders.core.reports.weeks import SPANS, Week, weeks_until

__all__ = [
    "SPANS",
    "Absences",
    "Cell",
    "CheckInAnswers",
    "CodeCount",
    "Confirmations",
    "Delays",
    "Deliveries",
    "Figures",
    "Number",
    "OptOuts",
    "Replies",
    "Report",
    "Row",
    "Share",
    "Span",
    "Spread",
    "Week",
    "Words",
    "reports",
    "to_csv",
    "weeks_until",
]
