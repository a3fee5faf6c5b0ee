"""`reminders ended` as staff meet it: one plain sentence, one line for a fault, JSON for programs."""

from __future__ import annotations

import pytest

from tests.cli.command_line import SCHEDULE, CommandLine

ENDS = "2027-03-09T10:30,America/New_York,60,ketamine_infusion,booked"
AFTERWARDS = "2027-03-09T13:00:00-05:00@1"


@pytest.fixture
def clinic(cli: CommandLine) -> CommandLine:
    """A clinic on the afternoon of Daniel Okafor's first session, which is not marked yet."""
    cli.run("import", SCHEDULE)
    cli.environment["REMINDERS_CLOCK"] = AFTERWARDS
    return cli


def test_an_end_is_recorded_corrected_and_told(clinic: CommandLine) -> None:
    first = clinic.run("ended", "A-1005", "--at", "11:55", "--by", "Kim")
    assert (first.status, first.err) == (0, "")
    assert first.out == "A-1005 ended at 11:55 AM; check-ins are planned once the schedule says that it took place\n"
    clinic.run("import", clinic.schedule((ENDS, ENDS.replace("booked", "fulfilled"))))
    said = clinic.run("ended", "A-1005", "--at", "2027-03-09T12:20-05:00", "--by", "Lee")
    assert said.out == "A-1005 ended at 12:20 PM; 3 check-ins moved\n"
    again = clinic.run("ended", "A-1005", "--at", "12:20")
    assert again.out == "A-1005 ended at 12:20 PM, as recorded already; nothing changed\n"
    assert "Ended at Tue 09 Mar 12:20, as staff recorded" in " ".join(clinic.run("why", "A-1005").out.split())
    assert clinic.ledger()["balanced"]


def test_without_a_time_it_ended_now_and_programs_read_it(clinic: CommandLine) -> None:
    found = clinic.run("ended", "A-1005", "--by", "Kim", "--json").document
    assert found == {
        "appointment": "A-1005",
        "clinic": "clinic",
        "starts_at": "2027-03-09T15:30:00Z",
        "timezone": "America/New_York",
        "ended_at": "2027-03-09T18:00:00Z",
        "ended_by": "Kim",
        "changed": True,
        "outcome_known": False,
        "check_ins_moved": 0,
        "planned": 0,
        "withdrawn": 0,
    }


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("A-9999",), "no appointment 'A-9999'"),
        (("A-1009",), "A-1009 is cancelled"),
        (("A-1007",), "is before its start on Wed 10 Mar 2027 13:00"),
        (("A-1005", "--at", "18:00"), "is in the future"),
        (("A-1005", "--at", "soon"), "--at: found 'soon'"),
        (("A-1005", "--by", " "), "--by: found nothing"),
        (("A-1005", "--clinic", "other"), "name one of: clinic"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(clinic: CommandLine, words: tuple[str, ...], complaint: str) -> None:
    before = clinic.ledger()
    said = clinic.run("ended", *words)
    assert (said.status, said.err.count("\n")) == (2, 1), said.err
    assert complaint in said.err
    assert clinic.ledger() == before
