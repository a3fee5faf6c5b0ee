"""The table of requirements at the head of tests/core/test_planning.py names tests that exist."""

from __future__ import annotations

import ast
import re

from tests.architecture.sources import ROOT, functions, tree

TABLE = ROOT / "tests/core/test_planning.py"
TIME_AND_SCHEDULE = range(1, 16)
"""The requirements that are about the schedule and about time."""


def table() -> dict[int, list[str]]:
    """The tests of each requirement, as the table has them; what follows the last number is under 0."""
    found: dict[int, list[str]] = {}
    number = 0
    for line in (ast.get_docstring(tree(TABLE)) or "").splitlines():
        if heading := re.match(r" ?(\d+)  \S", line):
            number = int(heading[1])
        elif not line.startswith("    "):
            number = 0
        elif "::" in line:
            found.setdefault(number, []).append(line.strip())
    return found


def test_each_requirement_about_schedule_and_time_names_its_tests() -> None:
    assert sorted(number for number in table() if number) == list(TIME_AND_SCHEDULE)


def test_every_test_that_the_table_names_exists() -> None:
    named = [name for names in table().values() for name in names]
    missing = [name for name in named if not _exists(*name.split("::"))]
    assert not missing, f"the table at the head of {TABLE.name} promises what is not there: {missing}"


def _exists(path: str, name: str) -> bool:
    file = ROOT / "tests" / path
    return file.is_file() and name in {function.name for function in functions(file)}
