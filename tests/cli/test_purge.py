"""`reminders purge`: how long what is stored is kept, and what went."""

from __future__ import annotations

from tests.cli.command_line import CommandLine


def test_each_subject_stands_there_with_its_time_and_the_setting_that_decides(cli: CommandLine) -> None:
    said = cli.run("purge")
    assert (said.status, said.err) == (0, "")
    assert "Texts of messages" in said.out
    assert "30 days" in said.out
    assert "REMINDERS_KEEP_AUDIT_DAYS" in said.out
    document = cli.run("purge", "--json").document
    assert {line["subject"]: line["kept_days"] for line in document}["audit"] == 2192
