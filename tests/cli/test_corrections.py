"""`reminders corrections export`: what staff corrected, one labelled example a line, with nobody in it."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from reminders.bootstrap import open_services
from reminders.core.audit import Deed
from reminders.core.corrections import Reading
from reminders.core.ids import InboundId
from reminders.core.replies import Intent
from reminders.ports import InboundText
from reminders.services.correct_reading import correct_reading
from reminders.services.read_session import operator
from reminders.services.receive_replies import receive_replies, store_text
from reminders.store.conversation_rows import inbound
from reminders.store.staff_rows import audit_event
from tests.cli.command_line import SCHEDULE, CommandLine

WROTE = "blorf María, call 212 555 0101 or maria.alvarez@example.com"


@pytest.fixture
def corrected(cli: CommandLine) -> CommandLine:
    """Return a clinic where staff corrected how one text was read."""
    cli.environment["REMINDERS_CLOCK"] = "2027-03-01T09:00:00-05:00@0.0001"
    cli.run("import", SCHEDULE)
    services = open_services(cli.environment)
    deps = services.deps
    store_text(deps, InboundText("SMin1", "+12125550101", "+12025550100", WROTE, 0))
    receive_replies(deps)
    with deps.store.reading() as tx:
        (text_id,) = tx.connection.scalars(select(inbound.c.id))
    correct_reading(deps, operator(deps, "Kim"), InboundId(text_id), Reading(frozenset({Intent.CALL_ME}), None))
    services.close()
    return cli


def test_a_corrected_text_is_one_line_with_what_a_person_says_and_nobody_in_it(corrected: CommandLine) -> None:
    said = corrected.run("corrections", "export")
    assert (said.status, said.err) == (0, "")
    (line,) = said.out.splitlines()
    example = json.loads(line)
    assert list(example) == ["id", "text", "open_question", "language", "intents", "score", "voice"]
    assert (example["intents"], example["score"], example["language"]) == (["call_me"], None, "es")
    assert example["text"] == "blorf Sam, call 000 000 0000 or name@example.org", "stand-ins of the same shape"
    services = open_services(corrected.environment)
    with services.deps.store.reading() as tx:
        deeds = list(tx.connection.scalars(select(audit_event.c.deed)))
    services.close()
    assert Deed.CORRECTIONS_EXPORTED in deeds


def test_only_those_since_a_day_are_told_and_none_is_no_fault(corrected: CommandLine) -> None:
    assert len(corrected.run("corrections", "export", "--since", "2027-03-01").out.splitlines()) == 1
    later = corrected.run("corrections", "export", "--since", "2027-03-02")
    assert (later.status, later.out, later.err) == (0, "", "")


@pytest.mark.parametrize("words", [("export", "--since", "yesterday"), (), ("import",)])
def test_what_cannot_be_asked_is_refused_in_a_line(cli: CommandLine, words: tuple[str, ...]) -> None:
    said = cli.run("corrections", *words)
    assert (said.status, said.out) == (2, "")
