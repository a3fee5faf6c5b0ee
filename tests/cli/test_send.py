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
    assert recipients[0]["text"] == "Your clinic: See you Tue Mar 9, 10:30 AM."
    assert [item["channel"] for item in recipients] == ["sms", "email"]
    assert said.document["sent"] is False


def test_who_is_left_out_is_named_with_the_reason(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    cli.environment["REMINDERS_ALLOW_LIST"] = ""
    said = cli.run("send", "--patient", "P-02", "--text", TEXT, "--yes")
    assert said.status == 1
    assert "left out: not on the allow-list" in said.out
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
        (("--to", "P-02"), "--text: found nothing"),
        (("--to", "P-02", "--snippet", "nonsense"), "known here: call-us"),
        (("--to", "P-02", "--text", "your ketamine"), "a text names no drug"),
        (("--to", "P-02", "--text", TEXT, "--at", "2027-02-01T12:00"), "that is past"),
        (("--to", "P-02", "--text", TEXT, "--override-quiet-hours", "now"), "say in 10 letters or more"),
    ):
        said = cli.run("send", *words)
        assert (said.status, said.err.count("\n")) == (2, 1), said.err
        assert complaint in said.err


def test_a_day_that_is_none_is_refused(cli: CommandLine) -> None:
    for text in ("someday", "2027-03-10..2027-03-09", "2027-02-30"):
        said = cli.run("send", "--day", text, "--text", TEXT)
        assert said.status == 2
        assert text in said.err


def test_a_day_is_narrowed_and_told_back(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    words = ("send", "--day", "2027-03-09..2027-03-10", "--text", TEXT, "--before", "10:00", "--json", "--dry-run")
    said = cli.run(*words)
    assert said.status in {0, 1}
    assert said.document["to"].startswith("sessions from Tue Mar 9 to Wed Mar 10 at Your clinic, before 10:00 AM: ")
    assert "P-02" not in [item["patient"] for item in said.document["recipients"]]
    assert said.document["sent"] is False
    for option in ("--unconfirmed", "--no-ride", "--important"):
        assert cli.run("send", "--day", "tomorrow", "--text", TEXT, option, "--dry-run").status in {0, 1}


def test_an_approved_text_is_named(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    said = cli.run("send", "--to", "P-02", "--snippet", "noted", "--dry-run")
    assert said.status == 0
    assert "Your clinic: Thank you, we have noted that." in said.out
    assert sent(cli) == 0


def test_what_waits_for_its_time_can_be_stopped(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    said = cli.run("send", "--to", "P-02", "--text", TEXT, "--at", "2027-03-01T15:00", "--yes", "--json")
    assert said.document["sent"] is True
    assert cli.ledger()["messages"]["due"] == 1
    stopped = cli.run("send", "--stop", said.document["batch"], "--json")
    assert stopped.document == {"batch": said.document["batch"], "ended": 1, "had_left": 0}
    assert "1 had not left and will not" in stopped.err
    assert cli.ledger()["messages"]["cancelled"] == 1
    assert cli.run("send", "--stop", "00000000-0000-4000-8000-000000000000").status == 2
