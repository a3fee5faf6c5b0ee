from __future__ import annotations

import pytest

from tests.cli.command_line import SCHEDULE, CommandLine


def test_an_empty_service_has_a_balanced_ledger_and_nothing_to_do(cli: CommandLine) -> None:
    said = cli.run("status")
    assert said.status == 0
    assert "reminders: none" in said.out
    assert "the ledger balances; possible doubles: 0" in said.out
    assert "nothing is running" in said.out


def test_the_ledger_adds_up_and_the_clock_is_told(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    document = cli.run("status", "--json").document
    assert document["now"] == "2027-03-01T14:00:00+00:00"
    assert document["clock"]["simulated"] is True
    assert document["ledger"]["balanced"] is True
    assert document["ledger"]["possible_doubles"] == 0
    assert set(document["ledger"]["contradictions"].values()) == {0}


def test_coming_appointments_are_listed_for_people_and_programs(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    first, *_ = cli.run("status", "--json", "--days", "30").document["appointments"]
    assert {key: first[key] for key in ("external_id", "patient", "name", "status", "confirmed", "ride")} == {
        "external_id": "A-1001",
        "patient": "P-01",
        "name": "María Álvarez",
        "status": "booked",
        "confirmed": False,
        "ride": False,
    }
    assert first["starts_at"] == "2027-03-05T14:00:00+00:00"
    said = cli.run("status", "--days", "30")
    assert "Coming sessions (11)" in said.out
    assert "Fri 05 Mar 09:00  María Álvarez     A-1001" in said.out


def test_days_bound_what_is_listed(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    assert "Coming sessions (1)" in cli.run("status", "--days", "5").out


def test_what_is_paused_is_told_with_its_reason(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    assert "Paused" not in cli.run("status").out
    cli.run("pause", "patient", "P-01", "--reason", "In hospital until Friday")
    assert "Paused (1)" in cli.run("status").out
    assert "patient  P-01   In hospital until Friday" in cli.run("status").out


def test_tasks_of_one_urgency_stand_in_the_order_of_their_sessions(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    for on in ("2027-03-12", "2027-03-05", "2027-03-09"):
        cli.run("pause", "day", on, "--reason", "Snow")
    starts = [task["starts_at"] for task in cli.run("status", "--json").document["tasks"] if task["urgency"] == "high"]
    assert len(starts) > 2
    assert starts == sorted(starts)


def test_a_part_without_a_sign_of_life_is_not_healthy(cli: CommandLine) -> None:
    cli.run("migrate")
    said = cli.run("health", "worker-sms")
    assert said.status == 1
    assert said.err == "worker-sms: no sign of life in the last 90 s\n"


def test_migrating_twice_is_harmless(fresh_cli: CommandLine) -> None:
    assert fresh_cli.run("migrate").out == "database migrated\n"
    assert fresh_cli.run("migrate").out == "database is up to date\n"


def test_without_a_demo_there_is_nothing_to_ask_it(cli: CommandLine) -> None:
    said = cli.run("status", "--demo")
    assert said.status == 1
    assert "no demo is running" in said.err


def test_a_bad_setting_is_one_line_that_names_it(cli: CommandLine) -> None:
    cli.environment["REMINDERS_PUBLIC_URL"] = "nonsense"
    said = cli.run("status")
    assert said.status == 2
    assert said.err.startswith("REMINDERS_PUBLIC_URL: ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("postgresql://somebody:secret@127.0.0.1:9/x", "the database does not answer: connection failed"),
        ("no address", "the database's URL cannot be read"),
    ],
)
def test_a_database_that_is_not_there_is_one_line_without_its_password(
    cli: CommandLine, url: str, complaint: str
) -> None:
    cli.environment["REMINDERS_DATABASE_URL"] = url
    said = cli.run("status")
    assert (said.status, said.err.count("\n")) == (1, 1)
    assert said.err.startswith(complaint)
    assert "secret" not in said.err
