"""Pause, override and escort as staff meet them: plain sentences, one line for a fault, JSON for programs."""

from __future__ import annotations

import pytest

from tests.cli.command_line import SCHEDULE, CommandLine

WHY = ("--reason", "in hospital", "--by", "Kim")


@pytest.fixture
def clinic(cli: CommandLine) -> CommandLine:
    cli.run("import", SCHEDULE)
    return cli


def planned(cli: CommandLine) -> int:
    found: int = cli.ledger()["reminders"]["planned"]
    return found


def test_a_patient_on_hold_and_back(clinic: CommandLine) -> None:
    before = planned(clinic)
    said = clinic.run("pause", "patient", "P-02", *WHY)
    assert said.status == 0
    first, second = said.out.splitlines()
    assert first == "P-02 is on hold, since Mon 01 Mar 2027 09:00, by Kim, because: in hospital"
    stopped = int(second.split()[0])
    assert second == f"{stopped} reminders will not go out"
    assert planned(clinic) == before - stopped
    again = clinic.run("pause", "patient", "P-02", "--reason", "another")
    assert again.status == 0
    assert "P-02 is on hold already" in again.out
    assert "in hospital" in again.out
    back = clinic.run("resume", "patient", "P-02", "--by", "Lee")
    assert back.status == 0
    assert f"{stopped} reminders will go out after all" in back.out
    assert planned(clinic) == before
    assert clinic.ledger()["balanced"]


def test_a_closed_day_names_its_sessions(clinic: CommandLine) -> None:
    said = clinic.run("pause", "day", "2027-03-09", *WHY)
    assert said.status == 0
    assert "The clinic is closed on Tue 09 Mar 2027, since" in said.out
    assert "1 session is booked on that day:" in said.out
    assert "Tue 09 Mar 2027 10:30  A-1005   Daniel Okafor (P-02)" in said.out
    back = clinic.run("resume", "day", "2027-03-09")
    assert back.status == 0
    assert "The clinic is open again on Tue 09 Mar 2027" in back.out


def test_a_series_is_stopped(clinic: CommandLine) -> None:
    said = clinic.run("pause", "series", "S-01", *WHY, "--json")
    assert said.status == 0
    assert said.document["reminders_stopped"] > 0
    assert (said.document["kind"], said.document["name"], said.document["changed"]) == ("series", "S-01", True)
    back = clinic.run("resume", "series", "S-01", "--json").document
    assert back["reminders_revived"] == said.document["reminders_stopped"]
    assert back["paused"] is False


def test_what_else_keeps_reminders_back_is_named_when_one_pause_ends(clinic: CommandLine) -> None:
    before = planned(clinic)
    clinic.run("pause", "patient", "P-01", *WHY)
    clinic.run("pause", "series", "S-01", *WHY)
    back = clinic.run("resume", "patient", "P-01")
    assert "Series S-01 is stopped still: `python3 -m reminders resume series S-01` ends that" in back.out
    assert planned(clinic) < before
    last = clinic.run("resume", "series", "S-01", "--json").document
    assert last["still_paused"] == []
    assert planned(clinic) == before
    clinic.run("pause", "patient", "P-01", *WHY)
    clinic.run("pause", "series", "S-01", *WHY)
    assert "P-01 is on hold still" in clinic.run("resume", "series", "S-01").out


def test_the_list_shows_what_holds_and_with_all_what_held(clinic: CommandLine) -> None:
    assert clinic.run("pause", "list").out == "nothing is paused\n"
    clinic.run("pause", "patient", "P-02", *WHY)
    clinic.run("pause", "day", "2027-03-13", *WHY)
    clinic.run("resume", "patient", "P-02", "--by", "Lee")
    assert "P-02" not in clinic.run("pause", "list").out
    assert [item["name"] for item in clinic.run("pause", "list", "--json").document] == ["2027-03-13"]
    kept = clinic.run("pause", "list", "--all").out
    assert "patient P-02" in kept
    assert "by Lee" in kept


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("pause", "patient", "P-99", *WHY), "no patient 'P-99'"),
        (("pause", "series", "S-99", *WHY), "no series 'S-99'"),
        (("pause", "day", "2027-02-01", *WHY), "what is over cannot be closed"),
        (("pause", "patient", "P-02", "--reason", " "), "--reason: found nothing"),
        (("pause", "patient", "P-02", *WHY, "--clinic", "other"), "name one of: clinic"),
        (("resume", "patient", "P-02"), "patient P-02: not paused"),
        (("resume", "day", "2027-03-09"), "day 2027-03-09: not paused"),
        (("override", "P-99"), "no patient 'P-99'"),
        (("override", "P-02", "--off", "prep_first"), "--reason: found nothing"),
        (("override", "P-02", *WHY), "nothing to change"),
        (("override", "P-02", "--off", "prep", *WHY), "--off: found 'prep'; steps are: "),
        (("override", "P-02", "--solids-fast", "a day", *WHY), "--solids-fast: found 'a day'; a time such as 24h"),
        (("override", "P-02", "--rebook", "maybe", *WHY), "--rebook: found 'maybe'; declined, discharged, allowed"),
        (("escort", "P-99"), "no patient 'P-99'"),
        (("escort", "P-02", "--phone", "12", "--consent", "yes", "--note", "x"), "--phone: found '12' is no"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    clinic: CommandLine, words: tuple[str, ...], complaint: str
) -> None:
    before = clinic.ledger()
    said = clinic.run(*words)
    assert (said.status, said.err.count("\n")) == (2, 1), said.err
    assert complaint in said.err
    assert clinic.ledger() == before


def test_a_day_that_is_none_is_refused(clinic: CommandLine) -> None:
    said = clinic.run("pause", "day", "Christmas", *WHY)
    assert said.status == 2
    assert "found 'Christmas'; a day such as 2027-12-24 is wanted" in said.err


def test_an_override_is_shown_with_its_history(clinic: CommandLine) -> None:
    assert "For P-02 the clinic's plan holds as it is" in clinic.run("override", "P-02").out
    said = clinic.run("override", "P-02", "--off", "prep_first", "--solids-fast", "24h", *WHY)
    assert said.status == 0
    assert "P-02 was planned anew: 0 new, " in said.out
    assert "  never: prep_first\n  solids fast: 24h\n" in said.out
    assert "nothing changed" in clinic.run("override", "P-02", "--solids-fast", "1440m", *WHY).out
    clinic.run("override", "P-02", "--clear", "--reason", "stopped the medicine", "--by", "Lee")
    shown = clinic.run("override", "P-02").out
    assert "Lee" in shown
    assert "never: prep_first; solids fast: 24h" in shown
    history = clinic.run("override", "P-02", "--json").document["history"]
    assert [item["override"] for item in history] == [{}, {"off": ["prep_first"], "solids_fast_minutes": 1440}]


def test_an_escort_who_agreed_is_planned_for(clinic: CommandLine) -> None:
    said = clinic.run("escort", "P-02", "--phone", "(212) 555-0122", "--consent", "yes", "--note", "on the phone")
    assert said.status == 0
    assert "+12125550122 may be texted when and where to fetch P-02, and nothing else" in said.out
    assert "1 session to come names this phone; 1 reminder was planned" in said.out
    shown = clinic.run("escort", "P-02").out
    assert "may be texted now: +12125550122" in shown
    no = clinic.run("escort", "P-02", "--phone", "+12125550122", "--consent", "no", "--note", "changed her mind")
    assert no.out == "+12125550122 is not texted about fetching P-02\n"
    assert clinic.run("escort", "P-02", "--json").document["willing"] == []
    assert clinic.ledger()["balanced"]


def test_an_escort_whom_no_booking_names_is_not_planned_for(clinic: CommandLine) -> None:
    said = clinic.run("escort", "P-02", "--phone", "+12125550155", "--consent", "yes", "--note", "on the phone")
    assert "no session to come names this phone" in said.out
    assert "nobody who fetches P-03 has been asked yet" in clinic.run("escort", "P-03").out


def test_half_a_consent_is_none(clinic: CommandLine) -> None:
    said = clinic.run("escort", "P-02", "--phone", "+12125550122")
    assert said.status == 2
    assert said.err.splitlines() == [
        "--consent: found nothing; --phone, --consent and --note are given together",
        "--note: found nothing; --phone, --consent and --note are given together",
    ]
