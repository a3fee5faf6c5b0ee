"""`reminders opt-out` as staff meet it: one plain sentence, one line for a fault, JSON for programs."""

from __future__ import annotations

import pytest

from tests.cli.command_line import SCHEDULE, CommandLine

HEARD = ("--by", "voice", "--received-on", "2027-02-26", "--recorded-by", "Kim")
WORDS = ("--note", "No more texts please.")


@pytest.fixture
def clinic(cli: CommandLine) -> CommandLine:
    cli.run("import", SCHEDULE)
    return cli


def patient(clinic: CommandLine) -> tuple[str, str]:
    """Return a patient of the sample schedule with their number."""
    header, *lines = SCHEDULE.read_text(encoding="utf-8").splitlines()
    names = header.split(",")
    row = dict(zip(names, lines[0].split(","), strict=False))
    return row["patient_id"], row["phone"]


def test_a_call_closes_the_patient_s_addresses_and_is_shown(clinic: CommandLine) -> None:
    name, phone = patient(clinic)
    said = clinic.run("opt-out", "record", "--patient", name, *HEARD, *WORDS)
    assert (said.status, said.err) == (0, "")
    assert f"nothing automatic goes to {phone} from now on; what waited is cancelled" in said.out
    assert "the deadline, 10 business days after the request, is Fri 12 Mar 2027: met" in said.out
    listed = clinic.run("opt-out", "list").out
    assert phone in listed
    assert "voice by Kim" in listed
    assert name in listed
    shown = clinic.run("opt-out", "show", name).out
    assert "opted out of texts" in shown
    assert "voice on 26 Feb 2027: Kim, due 12 Mar 2027" in shown
    assert "No more texts please." in shown
    assert clinic.ledger()["balanced"]


def test_a_number_is_read_as_one_of_the_clinic_s_country_and_programs_read_the_answer(clinic: CommandLine) -> None:
    said = clinic.run("opt-out", "record", "--phone", "(202) 555-0188", *HEARD, *WORDS, "--json")
    assert said.document == {
        "addresses": ["+12025550188"],
        "patients": 0,
        "due_on": "2027-03-12",
        "is_met": True,
        "task": None,
    }
    [closed] = clinic.run("opt-out", "list", "--json").document
    assert (closed["address"], closed["patients"], closed["by"]) == ("+12025550188", [], "voice by Kim")


def test_an_opt_out_is_undone_by_the_person_s_own_word(clinic: CommandLine) -> None:
    name, phone = patient(clinic)
    clinic.run("opt-out", "record", "--patient", name, *HEARD, *WORDS)
    said = clinic.run("opt-out", "undo", "--patient", name, *HEARD, "--note", "Wants them back.")
    assert f"{phone} may be written to again" in said.out
    assert clinic.run("opt-out", "list").out == "nobody has opted out\n"
    said_so = [item["words"] for item in clinic.run("opt-out", "show", name, "--json").document["choices"]]
    assert "Wants them back." in said_so


def test_a_deadline_that_passed_is_said(clinic: CommandLine) -> None:
    late = ("--by", "letter", "--received-on", "2027-02-01")
    said = clinic.run("opt-out", "record", "--email", "somebody@example.org", *late, *WORDS)
    # Presidents' Day, 15 February, is no business day.
    assert "the deadline was Tue 16 Feb 2027, 10 business days after the request: it has passed" in said.out


def test_a_request_without_an_address_waits_as_a_task(clinic: CommandLine) -> None:
    said = clinic.run("opt-out", "record", "--unmatched", "Stop writing to my mother. A. Lee", *HEARD)
    assert said.status == 0
    assert "a task is open" in said.out
    assert "it is to be honoured by Fri 12 Mar 2027" in said.out
    assert "An opt-out is still to be honoured" in clinic.run("worklist").out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("record", *HEARD, *WORDS), "found nothing; say whose choice it is"),
        (("record", "--phone", "1", "--email", "a@b.c", *HEARD, *WORDS), "found --phone and --email"),
        (("record", "--phone", "12", *HEARD, *WORDS), "--phone: found '12'"),
        (("record", "--email", "nobody", *HEARD, *WORDS), "--email: found 'nobody'"),
        (("record", "--patient", "nobody", *HEARD, *WORDS), "no patient 'nobody'"),
        (("record", "--patient", "nobody", *HEARD), "--note: found nothing"),
        (("undo", "--phone", "+12025550188", *HEARD), "--note: found nothing"),
        (("record", "--unmatched", "x", "--note", "y", *HEARD), "--note: is not given with --unmatched"),
        (("record", "--unmatched", "x", "--phone", "+12025550188", *HEARD), "--unmatched: is for"),
        (("record", "--unmatched", " ", *HEARD), "--unmatched: found nothing"),
        (("record", "--unmatched", "x", "--by", "voice", "--received-on", "2027-03-02"), "still to come"),
        (("show", "nobody"), "no patient 'nobody'"),
        (("list", "--clinic", "other"), "name one of"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(clinic: CommandLine, words: tuple[str, ...], complaint: str) -> None:
    said = clinic.run("opt-out", *words)
    assert (said.status, said.err.count("\n")) == (2, 1), said.err
    assert complaint in said.err
