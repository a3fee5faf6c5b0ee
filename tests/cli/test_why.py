"""`reminders why` as a person meets it: what died with a move, what was told, and what no longer counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from reminders.cli import why
from reminders.core.labels import REASON_SENTENCES
from reminders.core.reminders import Reason
from reminders.services.explain import Query, explain
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.builders import NOON, a_booking, an_entry, local
from tests.cli.command_line import SCHEDULE, CommandLine
from tests.conftest import SECRET
from tests.world import CLINIC, World

IMPORTED = datetime.fromisoformat("2027-03-01T09:00:00-05:00")
OLD, NEW = "2027-03-09T10:30", "2027-03-10T10:30"
DANIELS_PHONE = "+12125550102"


@pytest.fixture
def installation(cli: CommandLine, vault: Vault) -> World:
    """Return the clinic as the commands see it, over their own database, with the provider in memory."""
    cli.environment["REMINDERS_SECRET_KEY"] = SECRET
    assert cli.run("migrate").status == 0
    [database] = (cli.folder / "data").glob("*.sqlite3")
    return World(Store(f"sqlite:///{database}", vault), CLINIC, now=IMPORTED)


def move_to(cli: CommandLine, world: World, when: datetime) -> None:
    """Let the time of the commands and of the provider pass."""
    world.at(when)
    cli.environment["REMINDERS_CLOCK"] = f"{when.isoformat()}@1"


def moved_after_a_yes(cli: CommandLine, world: World) -> None:
    """Import, remind, hear the patient's yes, and import again with another time for that session."""
    assert cli.run("import", SCHEDULE).status == 0
    for when in ("2027-03-04 10:00", "2027-03-06 10:00"):
        move_to(cli, world, local(when))
        world.pump()
    world.later(timedelta(minutes=5))
    world.text("C", sender=DANIELS_PHONE)
    move_to(cli, world, local("2027-03-06 11:00"))
    assert "1 moved" in cli.run("import", cli.schedule((OLD, NEW))).out
    world.pump()


def test_a_changed_time_in_the_csv_shows_what_died_what_was_told_and_what_no_longer_counts(
    cli: CommandLine, installation: World
) -> None:
    moved_after_a_yes(cli, installation)
    said = cli.run("why", "A-1005")
    assert (said.status, said.err) == (0, "")
    first, *rows, last = said.out.splitlines()
    assert first == "Daniel Okafor (P-02), session A-1005 on Wed 10 Mar 2027 10:30: booked, not confirmed, no ride"
    table = "\n".join(rows)
    assert "When" in table
    [moved] = [row for row in rows if "Session moved from Tue 09 Mar 10:30 to Wed 10 Mar 10:30" in row]
    assert "The confirmation of version 1 no longer counts." in moved
    dead = [row for row in rows if "(version 1)" in row and "withdrawn" in row]
    assert {row.split(",")[0].split("  ")[-1].strip() for row in dead} == {"Asks about ride", "Final reminder"}
    assert all(REASON_SENTENCES[Reason.SUPERSEDED] in row for row in dead)
    [confirmed] = [row for row in rows if "Confirmed by the patient (version 1)" in row]
    assert confirmed.endswith("no longer counts")
    assert len([row for row in rows if "Text: New time (version 2)" in row]) == 1
    assert last.startswith("What happens next: Asks to confirm by text, Sun 07 Mar 12:00.")


def test_programs_get_one_object_with_stable_keys(cli: CommandLine, installation: World) -> None:
    moved_after_a_yes(cli, installation)
    document = cli.run("why", "A-1005", "--json").document
    assert set(document) == {"now", "subject", "events", "next"}
    assert document["subject"] == {
        "kind": "appointment",
        "id": "A-1005",
        "clinic": "riverside",
        "timezone": "America/New_York",
        "patient": "P-02",
        "name": "Daniel Okafor",
        "appointments": [
            {
                "external_id": "A-1005",
                "starts_at": "2027-03-10T15:30:00Z",
                "timezone": "America/New_York",
                "status": "booked",
                "version": 2,
                "confirmed": False,
                "ride": False,
                "ride_state": None,
            }
        ],
    }
    keys = {"at", "kind", "what", "why", "state", "appointment", "version", "message", "facts", "text"}
    assert all(set(event) == keys for event in document["events"])
    superseded = [
        event["facts"]["step"] for event in document["events"] if event["facts"].get("reason") == "superseded"
    ]
    assert sorted(superseded) == ["remind_final", "ride_check"]
    [confirmation] = [event for event in document["events"] if event["kind"] == "confirmation"]
    assert (confirmation["version"], confirmation["facts"]) == (1, {"holds": False})
    assert document["next"]["at"] == "2027-03-07T17:00:00Z"


def test_the_message_named_in_the_timeline_explains_itself(cli: CommandLine, installation: World) -> None:
    moved_after_a_yes(cli, installation)
    [row] = [row for row in cli.run("why", "A-1005").out.splitlines() if "Text: New time" in row]
    name = row.split("Id ")[1].split(".")[0]
    said = cli.run("why", name, "--text")
    assert said.status == 0
    assert said.out.startswith("Text 'New time' (handed over) for Daniel Okafor (P-02)")
    assert installation.bodies[-1] in said.out
    assert installation.bodies[-1] not in cli.run("why", name).out


def test_a_patient_of_several_sessions_is_told_which_line_is_about_which(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    said = cli.run("why", "P-02")
    assert said.out.startswith("Daniel Okafor (P-02), 2 sessions\n")
    assert "A-1005: Session booked for Tue 09 Mar 10:30" in said.out
    assert "A-1006: Session booked for Tue 16 Mar 10:30" in said.out


def test_an_unknown_name_is_one_line_on_standard_error(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    said = cli.run("why", "A-9999")
    assert (said.status, said.out) == (2, "")
    assert said.err == "no patient, appointment or message is called 'A-9999'\n"
    assert cli.run("why", "A-1005", "--as", "message").err == "no message is called 'A-1005'\n"
    assert cli.run("why", "A-1005", "--clinic", "nowhere").status == 2


def test_at_a_terminal_each_reason_stands_below_what_it_explains(store: Store) -> None:
    world = World(store)
    world.sync(an_entry(booking=a_booking(NOON + timedelta(days=14))))
    world.at(local("2027-03-13 10:00"))
    world.pump()
    lines = why.paragraphs(why.rows(explain(world.deps, Query("A1"))), 60, {})
    assert max(len(line) for line in lines) <= 60
    place = next(place for place, line in enumerate(lines) if "Consent to texts given" in line)
    assert lines[place + 1].strip() == "The schedule says so."
    assert lines[place + 1].index("The") > lines[place].index("Consent")


def test_no_demo_is_one_line(cli: CommandLine, tmp_path: Path) -> None:
    assert "no demo is running" in cli.run("why", "A-1005", "--demo").err
