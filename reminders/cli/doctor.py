"""`reminders doctor`: one table of what was looked at, what was found, and for each fault what to do next."""

from __future__ import annotations

import json
import textwrap
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import groupby

from reminders.cli.demo_pointer import demo_environment, temporary_folder
from reminders.cli.opening import with_running_broker
from reminders.cli.surroundings import data_dir
from reminders.cli.tables import BOLD, GREEN, RED, YELLOW, lay_out, paint, room
from reminders.core.errors import SettingsError
from reminders.core.examination.codes import Severity
from reminders.core.examination.diagnosis import diagnose_settings
from reminders.core.examination.facts import ChildFacts
from reminders.core.examination.findings import Finding, exit_status, worst
from reminders.supervisor import read_state

OK = "ok"
WORDS = {None: OK, Severity.LOOK: "look", Severity.BROKEN: "BROKEN"}
COLOURS = {None: GREEN, Severity.LOOK: YELLOW, Severity.BROKEN: RED}
READY = "ready"
INDENT = " " * 2
WIDEST = 120
"""Lines longer than this are hard to read, however wide a terminal is."""


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Examine, show, and return the exit status that `doctor --help` lists."""
    findings = _examine(_chosen(arguments, environment))
    if arguments.json:
        print(json.dumps(to_document(findings), ensure_ascii=False, indent=2))
    else:
        wide = room()
        print("\n".join(page(findings, None if wide is None else min(wide, WIDEST), environment)))
    return exit_status(findings)


def _chosen(arguments: Namespace, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment to examine. Raises NotReadyError where the demo is asked for and none runs."""
    return demo_environment(temporary_folder(environment)) if arguments.demo else with_running_broker(environment)


def _examine(environment: Mapping[str, str]) -> list[Finding]:
    from reminders.bootstrap import open_examination
    from reminders.services.examine import examine

    try:
        given = open_examination(environment)
    except SettingsError as error:
        return diagnose_settings(error.faults)
    with closing(given):
        return examine(given, children=_children(environment))


def _children(environment: Mapping[str, str]) -> list[ChildFacts]:
    tree = read_state(data_dir(environment))
    return [
        ChildFacts(child.name, is_ready=child.phase.value == READY, phase=child.phase.value, restarts=child.restarts)
        for child in (tree.children if tree else ())
    ]


def to_document(findings: Sequence[Finding]) -> dict[str, object]:
    """Return everything for programs."""
    return {
        "exit_status": exit_status(findings),
        "findings": [
            {
                "area": item.area.value,
                "subject": item.subject,
                "found": item.found,
                "severity": item.severity.value if item.severity else OK,
                "code": item.code.value if item.code else None,
                "meaning": item.fault.meaning if item.fault else None,
                "hint": item.hint or None,
            }
            for item in findings
        ],
    }


def page(findings: Sequence[Finding], wide: int | None, environment: Mapping[str, str]) -> Iterator[str]:
    """Return the lines that a person reads, at most `wide` columns but for a word that is longer by itself."""
    cells = [(WORDS[item.severity], item.subject, item.found) for item in findings]
    laid = iter(lay_out(cells, None if wide is None else wide - len(INDENT)))
    margin = INDENT * 2 + " " * max((len(word) for word, _, _ in cells), default=0)
    for area, group in groupby(findings, key=lambda item: item.area):
        yield paint(area.value.capitalize(), BOLD, environment)
        for item in group:
            first, *others = next(laid)
            word = WORDS[item.severity]
            yield f"{INDENT}{paint(word, COLOURS[item.severity], environment)}{first[len(word) :]}"
            yield from (INDENT + line for line in others)
            yield from _fault(item, margin, wide, environment)
    yield ""
    yield from _summary(findings, wide, environment)


def _fault(item: Finding, margin: str, wide: int | None, environment: Mapping[str, str]) -> Iterator[str]:
    """Return what stands under a line: what is wrong, and what to do."""
    if item.fault is None or item.code is None:
        return
    hang = margin + " " * (len(item.code) + 1)
    for line in _filled(item.fault.meaning, f"{margin}{item.code} ", hang, wide):
        yield paint(line, COLOURS[item.severity], environment)
    yield from _filled(item.hint, f"{hang}-> ", f"{hang}   ", wide)


def _filled(text: str, lead: str, margin: str, wide: int | None) -> list[str]:
    """Fold a text between words only: a hint may be copied."""
    if wide is None:
        return [lead + text]
    return textwrap.wrap(
        text, wide, initial_indent=lead, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False
    )


def _summary(findings: Sequence[Finding], wide: int | None, environment: Mapping[str, str]) -> Iterator[str]:
    broken = sum(item.severity is Severity.BROKEN for item in findings)
    looks = sum(item.severity is Severity.LOOK for item in findings)
    first = worst(findings)
    text = f"All is well: {len(findings)} things looked at."
    if first is not None and first.fault is not None:
        counts = f"{broken} broken, {looks} to look at, {len(findings) - broken - looks} ok."
        text = f"{counts} Begin with {first.code}: {first.fault.meaning}"
    for line in _filled(text, "", "", wide):
        yield paint(line, COLOURS[first.severity if first is not None else None], environment)
