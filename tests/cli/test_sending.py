"""`reminders sending`: what whoever runs the service sees of a paused channel, and the two levers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminders.bootstrap import open_services
from reminders.core.circuit import Cause, Circuit
from reminders.core.patients import Channel
from reminders.store import circuits
from tests.cli.command_line import CommandLine


@pytest.fixture
def paused(cli: CommandLine) -> CommandLine:
    """An installation whose provider refuses the account since a minute, and whose doubtful texts are held."""
    cli.run("clinic", "list")
    services = open_services(cli.environment)
    now, name = services.deps.clock.now(), services.deps.accounts[Channel.SMS]
    with services.deps.store.transaction() as tx:
        circuits.lock(tx, name)
        circuits.write(tx, name, Circuit(Cause.CONFIGURATION, now - timedelta(minutes=1), now + timedelta(seconds=29)))
        circuits.hold_unknown(tx, name, now)
    services.close()
    return cli


def test_a_paused_channel_is_shown_with_its_cause_and_its_next_try(paused: CommandLine) -> None:
    said = paused.run("sending")
    assert (said.status, said.err) == (0, "")
    assert "go to staff since 2027-03-01 14:00:00 UTC" in said.out
    text, mail = paused.run("sending", "--json").document
    assert (text["paused"], text["cause"]) == (True, "configuration")
    assert text["paused_since"] == "2027-03-01T13:59:00Z"
    assert (mail["paused"], mail["holds_unknown_since"]) == (False, None)


def test_a_paused_channel_can_be_tried_now_and_doubtful_texts_sent_again(paused: CommandLine) -> None:
    assert paused.run("sending", "try", "sms").out.startswith("the next message tries it now\n")
    assert paused.run("sending", "--json").document[0]["next_try_at"] == "2027-03-01T14:00:00Z"
    assert paused.run("sending", "try", "email").out.startswith("email is not paused\n")
    paused.run("sending", "resend", "--by", "Kim")
    assert paused.run("sending", "--json").document[0]["holds_unknown_since"] is None
    assert "as they were" in paused.run("sending", "resend").out
