from __future__ import annotations

from tests.cli.command_line import SCHEDULE, CommandLine

TEXT = "{{sender}}: please use the side door."


def sent(cli: CommandLine) -> int:
    return sum(cli.ledger()["messages"].values())


def test_without_a_yes_it_shows_who_gets_what_and_sends_nothing(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    said = cli.run("send", "--patient", "P-02", "--text", TEXT)
    assert said.status == 2
    assert "Daniel Okafor (P-02)  sms      1         Your clinic: please use the side door." in said.out
    assert "with --yes it goes to 1" in said.err
    assert sent(cli) == 0


def test_one_patient_is_written_to(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    said = cli.run("send", "--patient", "P-02", "--text", TEXT, "--yes")
    assert said.status == 0
    assert "1 on the way" in said.err
    assert cli.ledger()["messages"]["due"] == 1


def test_the_same_key_again_sends_nothing_twice(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    words = ("send", "--patient", "P-02", "--text", TEXT, "--yes", "--key", "door")
    assert cli.run(*words).status == 0
    again = cli.run(*words)
    assert again.status == 0
    assert "this key was used before" in again.err
    assert sent(cli) == 1


def test_days_are_days_of_the_clinic(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    said = cli.run("send", "--starting", "2027-03-09..2027-03-10", "--text", "See you {{when}}.", "--json")
    recipients = said.document["recipients"]
    assert [item["patient"] for item in recipients] == ["P-02", "P-03"]
    assert recipients[0]["text"] == "See you Tue Mar 9, 10:30 AM."
    assert [item["channel"] for item in recipients] == ["sms", "email"]
    assert said.document["sent"] is False


def test_who_is_left_out_is_named_with_the_reason(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    cli.environment["REMINDERS_ALLOW_LIST"] = ""
    said = cli.run("send", "--patient", "P-02", "--text", TEXT, "--yes")
    assert said.status == 1
    assert "left out: not on allow list" in said.out
    assert "nobody is left to write to" in said.err
    assert sent(cli) == 0


def test_what_cannot_be_sent_is_refused_in_one_line(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    for words, complaint in (
        (("--patient", "P-99", "--text", TEXT), "no patient 'P-99'"),
        (("--patient", "P-02", "--text", "{{colour}}"), "colour"),
        (("--patient", "P-02", "--text", "  "), "text: found nothing"),
        (("--patient", "P-02", "--text", TEXT, "--clinic", "other"), "name one of: clinic"),
        (("--starting", "2027-03-09", "--text", TEXT, "--clinic", "other"), "name one of: clinic"),
    ):
        said = cli.run("send", *words)
        assert (said.status, said.err.count("\n")) == (2, 1), said.err
        assert complaint in said.err


def test_a_day_that_is_none_is_refused(cli: CommandLine) -> None:
    for text in ("tomorrow", "2027-03-10..2027-03-09", "2027-02-30"):
        said = cli.run("send", "--starting", text, "--text", TEXT)
        assert said.status == 2
        assert text in said.err
