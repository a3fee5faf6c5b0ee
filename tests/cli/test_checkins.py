"""What staff read of a patient's check-ins: a table, the line through the series, and the same for programs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminders.cli.checkins import show, to_document
from reminders.core.appointments import ScheduleEntry
from reminders.services.read_check_ins import CheckInReport, read_check_ins
from reminders.services.sync_schedule import SyncOptions
from reminders.store.unit_of_work import Store
from tests.builders import local
from tests.cli.command_line import SCHEDULE, CommandLine
from tests.services.check_in_cases import BY_TEXT, SESSION, a_world, answer, fulfilled
from tests.world import World

SAID: list[list[tuple[int | None, str]]] = [[(7, "7/10 i guess")], [(None, "a bit better"), (4, "4")], []]
SHOWN = """\
Check-ins of Dana Rivers (P1)
Riverside Clinic; times are those of America/New_York

Session     Asked             Answered          Score  Change  Words
A1 (no. 1)  Tue 09 Mar 10:40  Tue 09 Mar 10:40  7      first   “7/10 i guess”
A2 (no. 2)  Wed 10 Mar 10:40  Wed 10 Mar 10:40  –              “a bit better”
A2 (no. 2)  Wed 10 Mar 10:40  Wed 10 Mar 11:40  4      -3      “4”
A3 (no. 3)  Thu 11 Mar 10:40  not answered

Pain, 0 to 10: series S1
  no. 1  +24 h  ███████···  7
  no. 2  +25 h  ████······  4
"""


def session(number: int) -> ScheduleEntry:
    start = SESSION + timedelta(days=number - 1)
    return fulfilled(f"A{number}", BY_TEXT, start=start, number=number, line=number + 1)


@pytest.fixture
def report(sqlite_store: Store) -> CheckInReport:
    """Three sessions on three days: answered, answered in words and then with a number, not answered."""
    world = a_world(sqlite_store)
    entries = []
    for number, said in enumerate(SAID, start=1):
        entries.append(session(number))
        world.at(SESSION + timedelta(days=number - 1, hours=4))
        world.sync(*entries, options=SyncOptions(is_approved=True))
        world.at(SESSION + timedelta(days=number, hours=1, minutes=40))
        world.pump()
        for score, words in said:
            answer(world, score, words)
            world.later(timedelta(hours=1))
    world.at(local("2027-03-12 12:00"))
    return read_check_ins(world.deps, "P1")


def test_people_read_a_table_and_a_line(report: CheckInReport, capsys: pytest.CaptureFixture[str]) -> None:
    show(report, {})
    assert capsys.readouterr().out == SHOWN


def test_programs_read_the_same(report: CheckInReport) -> None:
    found = to_document(report)
    assert found["patient"] == "P1"
    answers, unanswered, series = found["answers"], found["unanswered"], found["series"]
    assert isinstance(answers, list)
    assert [(item["score"], item["baseline"], item["change"]) for item in answers] == [
        (7, None, None),
        (None, None, None),
        (4, 7, -3),
    ]
    assert answers[0] | {"words": ""} == {
        "appointment": "A1",
        "series_id": "S1",
        "asked_at": "2027-03-09T15:40:00Z",
        "answered_at": "2027-03-09T15:40:00Z",
        "score": 7,
        "baseline": None,
        "change": None,
        "words": "",
    }
    assert unanswered == [
        {
            "appointment": "A3",
            "asked_at": "2027-03-11T15:40:00Z",
            "expires_at": "2027-03-12T03:40:00Z",
            "is_over": True,
        }
    ]
    points = [{"session": 1, "hours_after": 24, "score": 7}, {"session": 2, "hours_after": 25, "score": 4}]
    assert series == [{"series_id": "S1", "points": points}]


def test_an_open_question_says_until_when_it_counts(sqlite_store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    world: World = a_world(sqlite_store)
    world.sync(session(1), options=SyncOptions(is_approved=True))
    world.at(SESSION + timedelta(days=1, hours=1, minutes=40))
    world.pump()
    show(read_check_ins(world.deps, "P1"), {})
    assert "A1 (no. 1)  Tue 09 Mar 10:40  open until Tue 09 Mar 22:40" in capsys.readouterr().out


def test_nothing_asked_is_said_and_an_unknown_patient_is_a_fault(cli: CommandLine) -> None:
    cli.run("import", SCHEDULE)
    said = cli.run("checkins", "P-02")
    assert (said.status, "nothing was asked after a session yet" in said.out) == (0, True)
    assert cli.run("checkins", "P-02", "--json").document["answers"] == []
    said = cli.run("checkins", "P-99")
    assert (said.status, said.err) == (2, "no patient 'P-99'; patients are named by their id in the schedule\n")
