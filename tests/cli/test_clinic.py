from __future__ import annotations

import io
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from reminders.cli.progress import show_progress
from reminders.cli.toml import to_toml
from reminders.core.clinic_document import storable
from reminders.services.replan_clinic import Replanned
from tests.cli.command_line import SCHEDULE, CommandLine

EXAMPLE = Path(__file__).resolve().parents[2] / "reminders" / "cli" / "clinic.example.toml"

RIVERSIDE = """\
[clinic]
slug = "riverside"
sender = "Riverside Clinic"
timezone = "America/New_York"
phone = "+12125550100"
assume_fulfilled = true

[clinic.window]
saturday = "closed"
monday = ["09:00-12:00", "13:00-18:00"]

[clinic.caps]
per_day = 3

[clinic.cadence."*"]
off = ["rebook"]
recovery_short_minutes = 50

[clinic.templates.en]
remind_confirm = "{{sender}}: \\"hello\\"\\nsee you {{when}}. {{question}}"
"""


def test_a_clinic_file_is_applied_once(cli: CommandLine) -> None:
    path = cli.folder / "riverside.toml"
    path.write_text(RIVERSIDE)
    assert cli.run("clinic", "apply", path).out == "riverside: applied\n"
    assert cli.run("clinic", "apply", path).out == "riverside: unchanged\n"


EVERYTHING = (
    (
        RIVERSIDE
        + """
[clinic.cadence."*".steps.remind_confirm]
due = "start - 4 days at 11:00"
channels = ["email", "sms"]

[clinic.cadence.consultation.steps.card]
phase = "before"
due = "start - 1 day at 16:00"
expires = "start"

[clinic.templates.es]
card = "{{sender}}: traiga su tarjeta."
"""
    )
    .replace("[clinic.window]", 'closures = [2027-12-24, "2027-12-25"]\nopen_days = ["monday"]\n\n[clinic.window]')
    .replace("[clinic.templates.en]\n", '[clinic.templates.en]\ncard = "{{sender}}: please bring your card."\n')
)


def test_a_changed_file_says_what_it_changed_in_the_plan(cli: CommandLine) -> None:
    path = cli.folder / "riverside.toml"
    path.write_text(RIVERSIDE)
    cli.run("clinic", "apply", path)
    cli.run("import", SCHEDULE)
    assert cli.run("clinic", "apply", path).out == "riverside: unchanged\n"
    path.write_text(RIVERSIDE.replace('off = ["rebook"]', 'off = ["rebook", "remind_final"]\non = ["day_of"]'))
    said = cli.run("clinic", "apply", path)
    assert re.fullmatch(r"riverside: applied; \d+ reminders added, 0 moved, \d+ withdrawn\n", said.out)
    assert said.err == ""
    assert cli.run("clinic", "apply", path).out == "riverside: unchanged\n"


def test_everything_a_file_may_set_survives_export_and_days_become_text(cli: CommandLine) -> None:
    path = cli.folder / "everything.toml"
    path.write_text(EVERYTHING)
    assert cli.run("clinic", "apply", path).out == "riverside: applied\n"
    exported = cli.run("clinic", "export").out
    assert tomllib.loads(exported) == {"clinic": storable(tomllib.loads(EVERYTHING)["clinic"])}
    path.write_text(exported)
    assert cli.run("clinic", "apply", path).out == "riverside: unchanged\n"


def test_the_example_can_be_applied_as_it_is(cli: CommandLine) -> None:
    assert cli.run("clinic", "apply", EXAMPLE).out == "north: applied\n"


def test_texts_are_judged_when_a_file_is_brought_in(cli: CommandLine) -> None:
    path = cli.folder / "loud.toml"
    path.write_text(RIVERSIDE.replace("Riverside Clinic", "Riverside Ketamine").replace("hello", "reply YES"))
    said = cli.run("clinic", "apply", path)
    assert said.status == 2
    assert [line.split(": found ")[0] for line in said.err.splitlines()] == [
        "loud.toml: clinic.sender",
        "loud.toml: clinic.templates.en.remind_confirm",
    ]


class Terminal(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "report", "shown"),
    [
        (Terminal(), Replanned("north", patients=1000, done=400), "\rnorth: planning anew, 400 of 1000 patients"),
        (Terminal(), Replanned("north", patients=400, done=200), ""),
        (io.StringIO(), Replanned("north", patients=1000, done=400), ""),
    ],
)
def test_long_work_counts_along_on_a_terminal_only(stream: io.StringIO, report: Replanned, shown: str) -> None:
    show_progress(report, stream)
    assert stream.getvalue() == shown


def test_the_line_that_counts_goes_away_at_the_end() -> None:
    stream = Terminal()
    show_progress(Replanned("north", patients=1000, done=1000), stream)
    assert stream.getvalue().strip("\r ") == ""


def test_what_is_exported_can_be_applied_again_and_says_the_same(cli: CommandLine) -> None:
    path = cli.folder / "riverside.toml"
    path.write_text(RIVERSIDE)
    cli.run("clinic", "apply", path)
    exported = cli.run("clinic", "export")
    assert exported.status == 0
    assert tomllib.loads(exported.out) == tomllib.loads(RIVERSIDE)
    again = cli.folder / "again.toml"
    again.write_text(exported.out)
    assert cli.run("clinic", "apply", again).out == "riverside: unchanged\n"


def test_a_folder_holds_several_clinics_and_each_is_exported_by_name(cli: CommandLine) -> None:
    folder = cli.folder / "clinics"
    folder.mkdir()
    (folder / "a.toml").write_text(RIVERSIDE)
    (folder / "b.toml").write_text(RIVERSIDE.replace("riverside", "hillside"))
    assert cli.run("clinic", "apply", folder).out == "riverside: applied\nhillside: applied\n"
    assert 'slug = "hillside"' in cli.run("clinic", "export", "hillside").out
    unclear = cli.run("clinic", "export")
    assert (unclear.status, unclear.err) == (2, "clinic: found none named; name one of: hillside, riverside\n")


def test_every_fault_of_a_clinic_file_is_a_line_and_nothing_is_applied(cli: CommandLine) -> None:
    path = cli.folder / "bad.toml"
    path.write_text(RIVERSIDE.replace("America/New_York", "Mars/Base").replace("per_day = 3", "per_day = 300"))
    said = cli.run("clinic", "apply", path)
    assert said.status == 2
    assert said.err.count("\n") == 2
    assert "clinic.timezone" in said.err
    assert cli.run("clinic", "export").status == 2


VALUES = st.one_of(st.text(), st.booleans(), st.integers(-(2**40), 2**40), st.lists(st.text(), max_size=3))
TABLES = st.recursive(
    st.dictionaries(st.text(), VALUES, max_size=4),
    lambda inner: st.dictionaries(st.text(), VALUES | inner, max_size=4),
    max_leaves=12,
)


@given(table=TABLES)
def test_whatever_a_clinic_file_may_hold_survives_the_round_trip(table: dict[str, Any]) -> None:
    assert tomllib.loads(to_toml("clinic", table)) == {"clinic": table}


@pytest.fixture
def twice(cli: CommandLine) -> CommandLine:
    """Return a clinic whose settings were changed once."""
    path = cli.folder / "riverside.toml"
    path.write_text(RIVERSIDE)
    cli.run("clinic", "apply", path)
    path.write_text(RIVERSIDE.replace("per_day = 3", "per_day = 1").replace('off = ["rebook"]\n', ""))
    assert cli.run("clinic", "apply", path).out.startswith("riverside: applied")
    return cli


def test_who_changed_the_settings_and_when_is_told_the_newest_first(twice: CommandLine) -> None:
    said = twice.run("clinic", "versions", "riverside")
    assert said.status == 0
    heading, newest, first = said.out.splitlines()
    assert heading.split() == ["Version", "Made", "By", "What"]
    assert newest.split()[:4] == ["2", "2027-03-01", "09:00", "clinic"]
    assert first.startswith("1 ")
    assert "applied from riverside.toml" in newest
    found = twice.run("clinic", "versions", "--json", "--limit", "1").document
    assert [(one["version"], one["made_by"], one["made_at"][:16]) for one in found] == [
        (2, "clinic file", "2027-03-01T14:00")
    ]


def test_one_version_is_shown_whole_and_applies_again(twice: CommandLine) -> None:
    shown = twice.run("clinic", "versions", "--show", "1").out
    assert tomllib.loads(shown)["clinic"]["caps"] == {"per_day": 3}
    path = twice.folder / "back.toml"
    path.write_text(shown)
    assert twice.run("clinic", "apply", path).out.startswith("riverside: applied")
    assert twice.run("clinic", "versions", "--diff", "1", "3").out == "versions 1 and 3 say the same\n"
    document = twice.run("clinic", "versions", "--show", "2", "--json").document
    assert (document["version"], document["document"]["caps"]["per_day"]) == (2, 1)


def test_what_differs_between_two_versions_is_told_value_by_value(twice: CommandLine) -> None:
    lines = twice.run("clinic", "versions", "--diff", "1", "2").out.splitlines()
    assert lines == ['- cadence.*.off = ["rebook"]', "~ caps.per_day: 3 -> 1"]
    back = twice.run("clinic", "versions", "--diff", "2", "1", "--json").document
    assert (back["from"], back["to"]) == (2, 1)
    assert {"path": "cadence.*.off", "before": None, "after": ["rebook"]} in back["changes"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("nowhere",), "riverside"),
        (("--show", "9"), "no version 9"),
        (("--diff", "1", "9"), "no version 9"),
        (("--show", "1", "--diff", "1", "2"), "not allowed with"),
        (("--diff", "1"), "expected 2"),
    ],
)
def test_a_version_that_is_not_there_is_refused_in_words(
    twice: CommandLine, words: tuple[str, ...], complaint: str
) -> None:
    said = twice.run("clinic", "versions", *words)
    assert said.status == 2
    assert complaint in said.err
