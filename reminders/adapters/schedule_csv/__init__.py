"""The clinic's schedule as a CSV file: what a front desk exports, or keeps by hand in a spreadsheet.

The file is read as a whole. What is wrong with a row becomes a fault with its line and column; only a file that cannot
be understood at all raises. Whether good rows beside faulty ones are used is the caller's decision.
"""

from reminders.adapters.schedule_csv.defaults import CsvDefaults, Place
from reminders.adapters.schedule_csv.source import CsvScheduleSource

__all__ = ["CsvDefaults", "CsvScheduleSource", "Place"]
