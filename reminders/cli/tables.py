"""Tables that a person can read: aligned, as wide as the terminal, one row a line where nobody looks."""

from __future__ import annotations

import shutil
import sys
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TextIO

GAP = "  "
NARROWEST = 8
BOLD, RED, GREEN, YELLOW = "1", "31", "32", "33"


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], environment: Mapping[str, str]) -> None:
    """Print a table on standard output; nothing where there are no rows."""
    if not rows:
        return
    first, *others = lay_out([headings, *rows], room())
    print("\n".join(paint(line, BOLD, environment) for line in first))
    for lines in others:
        print("\n".join(lines))


def room() -> int | None:
    """Return how many columns there are where a person looks; None in a pipe or a file, where lines may be long."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def lay_out(rows: Sequence[Sequence[str]], wide: int | None) -> list[list[str]]:
    """Return each row as the lines it takes: columns aligned, and folded where `wide` characters are too few."""
    clean = [[" ".join(cell.split()) for cell in row] for row in rows]
    columns = [Counter(width(cell) for cell in column) for column in zip(*clean, strict=True)]
    widths = [max(column) for column in columns]
    while wide is not None and sum(widths) + len(GAP) * (len(widths) - 1) > wide and max(widths) > NARROWEST:
        may = [place for place, limit in enumerate(widths) if limit > NARROWEST]
        widths[min(may, key=lambda place: (_added(columns[place], widths[place]), -widths[place]))] -= 1
    return [_lines(row, widths) for row in clean]


def _added(column: Counter[int], limit: int) -> int:
    """Return how many lines more a column takes if it is narrower by one: what is folded is what folds best."""
    return sum(number * (-(-cell // (limit - 1)) - -(-cell // limit)) for cell, number in column.items())


def _lines(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    folded = [fold(cell, limit) for cell, limit in zip(row, widths, strict=True)]
    height = max(len(parts) for parts in folded)
    padded = [[*parts, *[""] * (height - len(parts))] for parts in folded]
    return [
        GAP.join(part + " " * (limit - width(part)) for part, limit in zip(parts, widths, strict=True)).rstrip()
        for parts in zip(*padded, strict=True)
    ]


def fold(cell: str, limit: int) -> list[str]:
    """Return a text as lines of so many columns, broken between words where that can be."""
    return [cell] if width(cell) <= limit else textwrap.wrap(cell, limit, break_on_hyphens=False) or [""]


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def paint(text: str, colour: str, environment: Mapping[str, str], stream: TextIO | None = None) -> str:
    """Colour a text where a person looks at a terminal that can, and has not said no (no-color.org)."""
    may = not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return f"\N{ESCAPE}[{colour}m{text}\N{ESCAPE}[0m" if may and (stream or sys.stdout).isatty() else text
