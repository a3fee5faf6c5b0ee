from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reminders.cli.toml import to_toml
from tests.cli.command_line import CommandLine

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
