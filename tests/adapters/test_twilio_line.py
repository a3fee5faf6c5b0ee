"""Where requests go, what they may be hurt by in tests, and what time the other side says it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reminders.adapters.twilio.sms import TwilioSmsGateway
from reminders.adapters.twilio.wire import destination, form_of
from reminders.core.delivery import Absent, Blame, Unknown
from reminders.failpoints import arm
from tests.adapters.scripted_twilio import ScriptedTwilio, http_now, refusing
from tests.adapters.texts import send_one

REAL, SIMULATED = "https://api.twilio.com", "http://127.0.0.1:8001/twilio"


@pytest.mark.parametrize(
    ("base", "url", "goes_to"),
    [
        (REAL, "https://api.twilio.com/2010-04-01/x.json?Page=2", "https://api.twilio.com/2010-04-01/x.json?Page=2"),
        (REAL, "https://lookups.twilio.com/v2/PhoneNumbers/+1", "https://lookups.twilio.com/v2/PhoneNumbers/+1"),
        (REAL, "https://messaging.twilio.com/v1/Services/MG1", "https://messaging.twilio.com/v1/Services/MG1"),
        (REAL, "https://evil.example/2010-04-01/x.json", "https://api.twilio.com/2010-04-01/x.json"),
        (REAL, "https://lookups.twilio.com.evil.example/x", "https://api.twilio.com/x"),
        (REAL, "https://lookups.twilio.com@evil.example/x", "https://api.twilio.com/x"),
        (REAL, "https://lookups.twilio.com:99/x", "https://api.twilio.com/x"),
        (REAL, "http://lookups.twilio.com/x", "https://api.twilio.com/x"),
        (SIMULATED, "https://api.twilio.com/2010-04-01/x.json", "http://127.0.0.1:8001/twilio/2010-04-01/x.json"),
        (SIMULATED, "https://lookups.twilio.com/v2/x", "http://127.0.0.1:8001/twilio/v2/x"),
    ],
)
def test_credentials_go_to_the_base_address_and_to_twilio_s_own_hosts_only(base: str, url: str, goes_to: str) -> None:
    assert destination(urlsplit(base), url) == goes_to


def test_parameters_follow_those_of_the_address() -> None:
    goes_to = destination(urlsplit(REAL), f"{REAL}/x?a=1", {"PhoneNumber": "+12125550100"})

    assert goes_to == f"{REAL}/x?a=1&PhoneNumber=%2B12125550100"


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text())))
@example({"Body": "".join(map(chr, range(256))), "To": "+12125550100"})
def test_a_form_is_written_as_the_standard_library_writes_it(data: dict[str, object]) -> None:
    assert form_of(data) == urlencode(data, doseq=True).encode()


@pytest.fixture
def armed() -> Iterator[Callable[[str], None]]:
    yield arm
    arm("")


def test_a_call_that_is_hurt_as_it_leaves_or_as_it_is_answered_is_in_doubt(
    twilio: ScriptedTwilio, gateway: TwilioSmsGateway, armed: Callable[[str], None]
) -> None:
    armed("call.leaves=fail,call.answered=fail")

    assert isinstance(send_one(gateway), Unknown)
    assert twilio.requests == []
    assert isinstance(send_one(gateway), Unknown)
    assert len(twilio.messages) == 1


def test_a_call_that_never_leaves_reaches_neither_place(
    twilio: ScriptedTwilio, gateway: TwilioSmsGateway, armed: Callable[[str], None]
) -> None:
    armed("call.leaves=fail")
    gateway.fetch("SM" + "0" * 32)
    gateway.close()
    twilio.script.append(refusing(429, 20429))

    assert isinstance(send_one(gateway), Unknown), "looks do not count"
    outcome = send_one(gateway)
    assert isinstance(outcome, Absent)
    assert outcome.blame is Blame.LIMIT


@pytest.mark.parametrize("date", ["", "yesterday", "Wed, 99 Oct 2015 07:28:00 GMT", "1700000000"])
def test_a_time_that_cannot_be_read_says_nothing(twilio: ScriptedTwilio, gateway: TwilioSmsGateway, date: str) -> None:
    twilio.script.append(refusing(429, Date=date))

    send_one(gateway)

    assert gateway.skew is None


def test_a_refusal_tells_the_time_as_well(twilio: ScriptedTwilio, gateway: TwilioSmsGateway) -> None:
    twilio.script.append(refusing(500, Date=http_now(timedelta(minutes=3))))

    send_one(gateway)

    assert gateway.skew is not None
    assert abs(gateway.skew - timedelta(minutes=3)) < timedelta(seconds=2)
