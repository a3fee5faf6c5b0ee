"""What looks at Twilio's list prove, and what they do not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from reminders.adapters.twilio.sms import TwilioSmsGateway
from reminders.core.clock_sanity import MOST_PROVIDER_SKEW
from tests.adapters.scripted_twilio import (
    Behaviour,
    ScriptedTwilio,
    answer,
    keeping_silent,
    refusing,
    replying,
    resetting,
    scripted_twilio,
)
from tests.adapters.texts import ANN, WORDS

SID = "SM" + "a" * 32


def test_a_look_reads_on_until_texts_are_too_old(twilio: ScriptedTwilio, gateway: TwilioSmsGateway) -> None:
    now = datetime.now(UTC)
    for hours in range(20, 0, -1):
        twilio.keep(ANN, WORDS if hours in {4, 15} else "other", at=now - timedelta(hours=hours))

    found = gateway.find(ANN, WORDS, since=now - timedelta(hours=6))

    assert found is not None
    assert len(found) == 1
    assert len(twilio.requests) == 3
    assert "DateSent" not in twilio.requests[0].query


def test_a_list_without_end_is_no_evidence_of_absence_but_what_it_shows_counts(
    twilio: ScriptedTwilio, gateway: TwilioSmsGateway
) -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    for _ in range(60):
        twilio.keep(ANN, "other")

    assert gateway.find(ANN, WORDS, since=since) is None
    twilio.keep(ANN, WORDS)
    assert len(gateway.find(ANN, WORDS, since=since) or ()) == 1


def test_the_provider_s_whole_seconds_hide_no_text(twilio: ScriptedTwilio, gateway: TwilioSmsGateway) -> None:
    now = datetime.now(UTC)
    twilio.keep(ANN, WORDS, at=now - timedelta(seconds=4))

    assert len(gateway.find(ANN, WORDS, since=now) or ()) == 1


def test_a_provider_s_clock_that_is_behind_by_what_still_lets_us_send_hides_no_text(
    twilio: ScriptedTwilio, gateway: TwilioSmsGateway
) -> None:
    begun = datetime.now(UTC)
    twilio.ahead = -MOST_PROVIDER_SKEW
    twilio.keep(ANN, WORDS, at=begun - MOST_PROVIDER_SKEW)

    found = gateway.find(ANN, WORDS, since=begun)

    assert len(found or ()) == 1, "two empty looks would prove it absent, and it would be sent again"


def test_the_prefix_of_a_trial_account_hides_no_text(twilio: ScriptedTwilio, gateway: TwilioSmsGateway) -> None:
    twilio.keep(ANN, f"Sent from your Twilio trial account - {WORDS}")

    assert len(gateway.find(ANN, WORDS, since=datetime.now(UTC)) or ()) == 1


def test_a_next_page_elsewhere_gets_no_credentials(twilio: ScriptedTwilio, gateway: TwilioSmsGateway) -> None:
    with scripted_twilio() as stranger:
        twilio.next_page_host = stranger.url
        for _ in range(5):
            twilio.keep(ANN, "other")

        assert gateway.find(ANN, WORDS, since=datetime.now(UTC) - timedelta(hours=1)) == []
        assert stranger.requests == []
    assert len(twilio.requests) == 2


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            {"messages": [{"sid": SID, "to": ANN, "body": WORDS, "status": "queued", "date_created": "once"}]},
            id="no date",
        ),
        pytest.param(
            {
                "messages": [
                    {
                        "sid": "?",
                        "to": ANN,
                        "body": WORDS,
                        "status": "queued",
                        "date_created": "Wed, 21 Oct 2099 07:28:00 GMT",
                    }
                ]
            },
            id="no id",
        ),
        pytest.param({"messages": 3}, id="no list"),
        pytest.param({"what": 1, "ever": 2}, id="no key"),
        pytest.param([], id="list"),
    ],
)
def test_a_list_that_cannot_be_read_is_no_evidence(
    twilio: ScriptedTwilio, gateway: TwilioSmsGateway, page: object
) -> None:
    twilio.script.append(replying(answer(200, json.loads(json.dumps(page)))))

    assert gateway.find(ANN, WORDS, since=datetime.now(UTC)) is None


@pytest.mark.parametrize(
    "behaviour",
    [refusing(500), refusing(404, 20404), resetting, keeping_silent(0.8)],
    ids=["500", "unknown id", "reset", "silence"],
)
def test_a_fetch_that_fails_is_none(twilio: ScriptedTwilio, gateway: TwilioSmsGateway, behaviour: Behaviour) -> None:
    twilio.always = behaviour

    assert gateway.fetch(SID) is None
