"""`reminders worklist` as the front desk meets it: the list at both widths, the verbs, and their refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from reminders.bootstrap import open_services
from reminders.cli.worklist_arguments import GROUPS, OUTCOMES
from reminders.cli.worklist_words import cut, listing
from reminders.core.ids import InboundId
from reminders.core.tasks import Group, Outcome, TaskKind, Urgency
from reminders.ports import InboundText
from reminders.services.deps import Deps
from reminders.services.read_worklist import read_worklist
from reminders.services.receive_replies import store_text
from reminders.store import tasks
from reminders.store.conversation_rows import inbound
from reminders.store.rows import appointment, task
from reminders.store.tasks import Task
from tests.cli.command_line import MONDAY, SCHEDULE, CommandLine

SAID = "Could I come Thursday after two instead, my daughter cannot drive me on Tuesday and I do not want to miss it"
UNDERSTOOD = '{"findings":[{"intent":"reschedule","evidence":[{"start":0,"end":34,"rule":"reschedule.ask"}]}]}'
IDS = {
    "ride": "00000000000070008000000000aaaa01",
    "late": "00000000000070008000000000aaaa02",
    "ask": "00000000000070008000000000aaaa03",
    "code": "00000000000070008000000000aaaa04",
}


@contextmanager
def inside(clinic: CommandLine) -> Iterator[Deps]:
    services = open_services(clinic.environment)
    try:
        yield services.deps
    finally:
        services.close()


@pytest.fixture
def desk(cli: CommandLine) -> CommandLine:
    """A clinic with four tasks: a ride, one overdue and taken, a reply, and one that is no patient's."""
    cli.environment["REMINDERS_CLOCK"] = "2027-03-01T09:00:00-05:00@0.0001"
    cli.run("import", SCHEDULE)
    with inside(cli) as deps:
        _fill(deps)
    return cli


def _fill(deps: Deps) -> None:
    now = datetime.fromisoformat(MONDAY)
    store_text(deps, InboundText("SMin1", "+12025550101", "+12025550100", SAID, 0))
    with deps.store.transaction() as tx:
        tx.connection.execute(update(task).values(resolved_at=now, resolved_by="time"))
        [text_id] = tx.connection.scalars(select(inbound.c.id))
        sealed = tx.vault.seal("inbound.understood", text_id, UNDERSTOOD)
        read = {"handled_at": now, "intents": "reschedule", "understood": sealed, "decision": "task opened: reschedule"}
        tx.connection.execute(update(inbound).values(read))
        visit = tx.connection.execute(select(appointment).where(appointment.c.external_id == "A-1005")).one()
        about = {"clinic_id": visit.clinic_id, "patient_id": visit.patient_id, "appointment_id": visit.id}
        items = {
            "ride": Task(TaskKind.RIDE_WANTED, Urgency.HIGH, "ride", **about),
            "late": Task(TaskKind.NOT_DELIVERED, Urgency.NORMAL, "late", **about, due_at=now - timedelta(hours=2)),
            "ask": Task(TaskKind.RESCHEDULE, Urgency.NORMAL, "ask", **about, inbound_id=InboundId(text_id)),
            "code": Task(TaskKind.CODE_UNLISTED, Urgency.LOW, "code"),
        }
        for name, item in items.items():
            tasks.open_once(tx, UUID(IDS[name]), item, now=now)
        taken = {"acknowledged_at": now, "acknowledged_by": "Konstantina", "owner": "Konstantina"}
        tx.connection.execute(update(task).where(task.c.key == "late").values(taken))


AT_80 = """\
ID      Urgency  Due          Patient        Session           Owner

No ride home (1)
aaaa01  now      in 30 min    Daniel Okafor  Tue 09 Mar 10:30
        No ride home is arranged
        Phone the patient and arrange who takes them home.

Not reached (1)
aaaa02  today    overdue 2 h  Daniel Okafor  Tue 09 Mar 10:30  Konstant…
        Message was not delivered
        Phone the patient with what the message says.

Replies to read (1)
aaaa03  today    in 8 h       Daniel Okafor  Tue 09 Mar 10:30
        Patient asks for another time: “Could I come Thursday after two instead,
        my daughter cannot drive me on Tuesday and I do not want to miss it” –
        wants another time
        Offer another time; the booked one stays until you change it in the
        schedule.

Other (1)
aaaa04  later    in 2 days
        The provider refused a message with a code we do not know
        Tell whoever runs the service to look the code up and add it to the
        table.

4 tasks, 1 overdue, 3 nobody's"""
AT_120 = """\
ID      Urgency  Due          Patient        Session           Owner

No ride home (1)
aaaa01  now      in 30 min    Daniel Okafor  Tue 09 Mar 10:30
        No ride home is arranged
        Phone the patient and arrange who takes them home.

Not reached (1)
aaaa02  today    overdue 2 h  Daniel Okafor  Tue 09 Mar 10:30  Konstantina
        Message was not delivered
        Phone the patient with what the message says.

Replies to read (1)
aaaa03  today    in 8 h       Daniel Okafor  Tue 09 Mar 10:30
        Patient asks for another time: “Could I come Thursday after two instead, my daughter cannot drive me on Tuesday
        and I do not want to miss it” – wants another time
        Offer another time; the booked one stays until you change it in the schedule.

Other (1)
aaaa04  later    in 2 days
        The provider refused a message with a code we do not know
        Tell whoever runs the service to look the code up and add it to the table.

4 tasks, 1 overdue, 3 nobody's"""


@pytest.mark.parametrize(("wide", "expected"), [(80, AT_80), (120, AT_120)])
def test_the_list_reads_well_on_a_narrow_and_on_a_wide_terminal(desk: CommandLine, wide: int, expected: str) -> None:
    with inside(desk) as deps:
        shown = listing(read_worklist(deps), wide, {})
    assert "\n".join(shown) == expected
    assert max(len(line) for line in shown) <= wide


def test_in_a_pipe_every_paragraph_is_one_line(desk: CommandLine) -> None:
    said = desk.run("worklist")
    assert (said.status, said.err) == (0, "")
    assert f"        Patient asks for another time: “{SAID}” – wants another time\n" in said.out


def test_where_nothing_is_to_do_it_says_so(cli: CommandLine) -> None:
    assert cli.run("worklist").out == "Nothing needs a person just now.\n"
    assert cli.run("worklist", "--json").document["tasks"] == []


def test_programs_read_all_of_it(desk: CommandLine) -> None:
    found = desk.run("worklist", "--kind", "reschedule", "--json").document["tasks"]
    assert len(found) == 1
    kept = ("short_id", "kind", "group", "urgency", "is_overdue", "patient", "session", "owner", "opened_at", "due_at")
    assert {name: found[0][name] for name in kept} == {
        "short_id": "aaaa03",
        "kind": "reschedule",
        "group": "replies",
        "urgency": "normal",
        "is_overdue": False,
        "patient": "P-02",
        "session": "A-1005",
        "owner": None,
        "opened_at": "2027-03-01T14:00:00Z",
        "due_at": "2027-03-01T22:00:00Z",
    }
    assert found[0]["said"]["text"] == SAID
    assert found[0]["said"]["evidence"] == [
        {"intent": "reschedule", "words": "Could I come Thursday after two in", "rule": "reschedule.ask"}
    ]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (("--owner", "konstantina"), ["aaaa02"]),
        (("--mine", "--by", "Konstantina"), ["aaaa02"]),
        (("--unassigned",), ["aaaa01", "aaaa03", "aaaa04"]),
        (("--kind", "reschedule", "--kind", "ride_wanted"), ["aaaa01", "aaaa03"]),
        (("--group", "no_ride"), ["aaaa01"]),
        (("--group", "landline"), []),
        (("--clinic", "clinic"), ["aaaa01", "aaaa02", "aaaa03"]),
    ],
)
def test_it_can_be_narrowed(desk: CommandLine, words: tuple[str, ...], ids: list[str]) -> None:
    found = desk.run("worklist", *words, "--json").document["tasks"]
    assert [item["short_id"] for item in found] == ids


def test_a_task_is_worked_off_and_its_story_told(desk: CommandLine) -> None:
    about = "aaaa03 (Patient asks for another time, Daniel Okafor)"
    taken = desk.run("worklist", "take", "aaaa03", "--by", "Ana")
    assert taken.out.startswith(f"{about} is Ana's, due in ")
    assert desk.run("worklist", "assign", "aaaa03", "--to", "Lee", "--by", "Ana").out.startswith(f"{about} is Lee's")
    words = ("--outcome", "reached", "--note", "comes on Thursday", "--by", "Lee")
    assert desk.run("worklist", "done", "aaaa03", *words).out == (
        f"{about} is resolved: reached the patient: comes on Thursday\n"
    )
    told = desk.run("worklist", "show", "aaaa03").out
    assert told == (
        "aaaa03  Patient asks for another time\n"
        "Patient       Daniel Okafor (P-02), clinic\n"
        "Session       A-1005 on Tue 09 Mar 2027 10:30\n"
        "Opened        Mon 01 Mar 2027 09:00\n"
        "Owner         Lee\n"
        "Taken         by Ana on Mon 01 Mar 2027 09:00\n"
        "Resolved      by Lee on Mon 01 Mar 2027 09:00\n"
        "\n"
        f"They wrote    “{SAID}”, Mon 01 Mar 2027 09:00\n"
        "Understood    “Could I come Thursday after two in”: wants another time (reschedule.ask)\n"
        "Done          task opened: reschedule\n"
        "\n"
        "Notes         Mon 01 Mar 2027 09:00 Ana: gave it to Lee\n"
        "              Mon 01 Mar 2027 09:00 Lee: reached the patient: comes on Thursday\n"
    )
    assert desk.run("worklist", "reopen", "aaaa03", "--by", "Kim").out.startswith(f"{about} is open again. Offer")


def test_what_was_learned_on_the_phone_is_recorded_with_it(desk: CommandLine) -> None:
    said = desk.run("worklist", "done", "aaaa01", "--outcome", "done", "--ride-arranged", "--by", "Kim", "--json")
    assert (said.document["outcome"], said.document["resolved_by"]) == ("done", "Kim")
    visits = desk.run("status", "--json", "--days", "30").document["appointments"]
    assert [item["ride"] for item in visits if item["external_id"] == "A-1005"] == [True]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("show", "ffffff"), "no task 'ffffff'"),
        (("show", "Daniel"), "no task 'Daniel'; tasks are named by the 6 characters that `worklist` shows first"),
        (("take", "aaaa02", "--by", "Ana"), "is taken already: Konstantina took it on Mon 01 Mar 2027 09:00"),
        (("reopen", "aaaa01", "--by", "Ana"), "aaaa01 is still open"),
        (("assign", "aaaa01", "--to", " ", "--by", "Ana"), "--to: found nothing; say who"),
        (("done", "aaaa03", "--outcome", "done", "--ride-arranged", "--by", "A"), "is not about the ride home"),
        (("--kind", "nonsense"), "--kind: found nonsense; kinds are"),
        (("--clinic", "elsewhere"), "name one of: clinic"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(desk: CommandLine, words: tuple[str, ...], complaint: str) -> None:
    said = desk.run("worklist", *words)
    assert (said.status, said.err.count("\n")) == (2, 1), said.err
    assert complaint in said.err


def test_the_second_to_resolve_it_hears_who_was_first(desk: CommandLine) -> None:
    words = ("worklist", "done", "aaaa01", "--outcome", "done", "--by")
    desk.run(*words, "Ana")
    assert desk.run(*words, "Ben").err == "aaaa01 is resolved already: by Ana on Mon 01 Mar 2027 09:00, done\n"


def test_the_words_of_the_options_are_those_of_the_core() -> None:
    assert tuple(Group) == GROUPS
    assert tuple(Outcome) == OUTCOMES


@pytest.mark.parametrize(
    ("text", "most", "shown"), [("short", 5, "short"), ("too long", 5, "too…"), ("日本語です", 6, "日本…")]
)
def test_what_is_too_long_is_cut_to_its_columns(text: str, most: int, shown: str) -> None:
    assert cut(text, most) == shown
