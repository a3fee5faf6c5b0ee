"""What becomes of a text, for every way in which a call can end."""

from __future__ import annotations

import logging
import socket
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from reminders.adapters.twilio.sms import TwilioSmsGateway
from reminders.core.delivery import Absent, Blame, Refusal, Rejected, Unknown
from tests.adapters.scripted_twilio import (
    Behaviour,
    ScriptedTwilio,
    answer,
    keeping_silent,
    refusing,
    replying,
    resetting,
    taking,
)
from tests.adapters.texts import ANN, CLOCK, LEAKY, WORDS, a_gateway, a_text, send_one


@pytest.mark.parametrize(
    ("behaviour", "blame", "retry_after"),
    [
        pytest.param(refusing(429, 20429, LEAKY, Retry_After="3"), Blame.LIMIT, 3, id="20429 with wait"),
        pytest.param(refusing(429), Blame.LIMIT, None, id="429 bare"),
        pytest.param(refusing(400, 20429, LEAKY), Blame.LIMIT, None, id="20429 as 400"),
        pytest.param(refusing(429, Retry_After="soon"), Blame.LIMIT, None, id="wait is no time"),
        pytest.param(refusing(429, Retry_After="999999999999"), Blame.LIMIT, 3600, id="wait too long"),
        pytest.param(refusing(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), Blame.LIMIT, 0, id="wait in the past"),
        pytest.param(refusing(400, 21611, LEAKY), Blame.LIMIT, None, id="queue full"),
        pytest.param(refusing(429, 21610, LEAKY), Blame.LIMIT, None, id="429 with another code"),
        pytest.param(refusing(429, 29999, LEAKY), Blame.LIMIT, None, id="429 with an unlisted code"),
        pytest.param(refusing(400, 20503, LEAKY, Retry_After="9"), Blame.PROVIDER, 9, id="20503 as 400"),
        pytest.param(refusing(400, 30001, LEAKY), Blame.PROVIDER, None, id="queue overflow"),
        pytest.param(refusing(400, 30450, LEAKY), Blame.MESSAGE, None, id="one number is blocked for a while"),
        pytest.param(refusing(400, 14107, LEAKY), Blame.MESSAGE, None, id="too many to one number"),
        pytest.param(refusing(400, 21608, LEAKY), Blame.CONFIGURATION, None, id="trial account"),
        pytest.param(refusing(404, 21701, LEAKY), Blame.CONFIGURATION, None, id="no such service"),
        pytest.param(refusing(408), Blame.PROVIDER, None, id="request timeout"),
        pytest.param(refusing(401, 20003, LEAKY), Blame.CONFIGURATION, None, id="20003"),
        pytest.param(refusing(401), Blame.CONFIGURATION, None, id="401"),
        pytest.param(refusing(403), Blame.CONFIGURATION, None, id="403"),
        pytest.param(refusing(404, 20404), Blame.CONFIGURATION, None, id="20404"),
        pytest.param(refusing(400, 21606, LEAKY), Blame.CONFIGURATION, None, id="bad sender"),
        pytest.param(replying(answer(401, b"<html>no</html>")), Blame.CONFIGURATION, None, id="401 in html"),
        pytest.param(replying(answer(401, b"x" * 2_000_000)), Blame.CONFIGURATION, None, id="401 endless"),
    ],
)
def test_what_was_provably_not_taken_is_absent(
    twilio: ScriptedTwilio,
    gateway: TwilioSmsGateway,
    behaviour: Behaviour,
    blame: Blame,
    retry_after: int | None,
) -> None:
    twilio.script.append(behaviour)

    outcome = send_one(gateway)

    assert isinstance(outcome, Absent)
    assert outcome.blame is blame
    assert outcome.retry_after == (None if retry_after is None else timedelta(seconds=retry_after))


def test_a_date_to_come_back_at_becomes_a_wait(twilio: ScriptedTwilio, gateway: TwilioSmsGateway) -> None:
    twilio.script.append(refusing(429, Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=60))))

    outcome = send_one(gateway)

    assert isinstance(outcome, Absent)
    assert outcome.retry_after is not None
    assert timedelta(seconds=50) < outcome.retry_after <= timedelta(seconds=60)


@pytest.mark.parametrize(
    ("behaviour", "kind", "code"),
    [
        pytest.param(refusing(400, 21610, LEAKY), Refusal.OPTED_OUT, "21610", id="opted out"),
        pytest.param(refusing(403, 21610, LEAKY), Refusal.OPTED_OUT, "21610", id="opted out as 403"),
        pytest.param(refusing(400, 21211, LEAKY), Refusal.ADDRESS, "21211", id="no number"),
        pytest.param(refusing(400, 21614, LEAKY), Refusal.ADDRESS, "21614", id="no mobile"),
        pytest.param(refusing(400, 21617, LEAKY), Refusal.CONTENT, "21617", id="too long"),
        pytest.param(refusing(400, 29999, LEAKY), Refusal.UNLISTED, "29999", id="unlisted code"),
        pytest.param(refusing(422), Refusal.UNLISTED, "http 422", id="no code"),
        pytest.param(replying(answer(400, [1, 2])), Refusal.UNLISTED, "http 400", id="list"),
        pytest.param(replying(answer(400, {"code": {"a": 1}})), Refusal.UNLISTED, "http 400", id="odd code"),
        pytest.param(
            replying(answer(400, {"type": "t", "title": "x", "status": 400, "code": 21614, "detail": LEAKY})),
            Refusal.ADDRESS,
            "21614",
            id="problem details",
        ),
    ],
)
def test_what_is_refused_for_good_is_rejected_with_its_kind(
    twilio: ScriptedTwilio, gateway: TwilioSmsGateway, behaviour: Behaviour, kind: Refusal, code: str
) -> None:
    twilio.script.append(behaviour)

    outcome = send_one(gateway)

    assert isinstance(outcome, Rejected)
    assert (outcome.kind, outcome.code) == (kind, code)


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(refusing(500, 20500, LEAKY), id="20500"),
        pytest.param(refusing(500, 21610, LEAKY), id="500 with a final code"),
        pytest.param(refusing(503, 20503, LEAKY), id="20503"),
        pytest.param(refusing(503, Retry_After="5"), id="503 with wait"),
        pytest.param(refusing(307, Location="/elsewhere"), id="redirect"),
        pytest.param(resetting, id="reset"),
        pytest.param(keeping_silent(0.8), id="silence"),
        pytest.param(replying(b"HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{"), id="cut short"),
        pytest.param(replying(b"\x00\x01\x02 not http\r\n\r\n"), id="no http"),
        pytest.param(replying(answer(201, b"<html>")), id="html"),
        pytest.param(replying(answer(201, b"\xff\xfe")), id="no utf-8"),
        pytest.param(replying(answer(201, {"status": "queued"})), id="no sid"),
        pytest.param(replying(answer(201, {"sid": "CA" + "0" * 32, "status": "queued"})), id="sid of a call"),
        pytest.param(replying(answer(201, [])), id="list"),
        pytest.param(replying(answer(201, b'{"sid": "' + b"x" * 10_000_000)), id="huge"),
        pytest.param(replying(answer(204, b"")), id="empty"),
    ],
)
def test_what_was_perhaps_taken_is_unknown_and_sent_once(
    twilio: ScriptedTwilio, gateway: TwilioSmsGateway, behaviour: Behaviour
) -> None:
    twilio.script.append(behaviour)

    assert isinstance(send_one(gateway), Unknown)
    assert len(twilio.requests) == 1


def test_an_answer_that_drips_for_ever_ends_with_the_time_for_a_whole_call(twilio: ScriptedTwilio) -> None:
    def drip(line: socket.socket, _: object) -> bool:
        line.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(50):
            line.sendall(b" ")
            time.sleep(0.1)
        return False

    twilio.script.append(drip)
    with closing(a_gateway(twilio.url, connect_timeout=0.3, read_timeout=0.4)) as gateway:
        started_at = time.monotonic()
        assert isinstance(send_one(gateway), Unknown)
    assert time.monotonic() - started_at < 2


def test_a_closed_port_and_an_unknown_name_are_absent() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", "http://no-such-host.invalid"):
        with closing(a_gateway(url, connect_timeout=1)) as gateway:
            assert isinstance(send_one(gateway), Absent)


def test_a_server_that_does_not_speak_tls_or_never_ends_its_handshake_is_absent(twilio: ScriptedTwilio) -> None:
    with closing(a_gateway(twilio.url.replace("http:", "https:"))) as gateway:
        assert isinstance(send_one(gateway), Absent)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        with closing(a_gateway(url, connect_timeout=0.3)) as gateway:
            assert isinstance(send_one(gateway), Absent)
    assert twilio.messages == []


def test_connecting_may_not_last_beyond_the_time_to_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        with closing(a_gateway(url, connect_timeout=3)) as gateway:
            started_at = time.monotonic()
            text = a_text().starting_by(CLOCK.monotonic() + 0.2)
            assert isinstance(send_one(gateway, text), Absent)
    assert time.monotonic() - started_at < 1


def test_nothing_is_logged_of_whom_a_text_goes_to_or_what_it_says(
    twilio: ScriptedTwilio,
    gateway: TwilioSmsGateway,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    twilio.script.extend([taking(0), refusing(500, 20500, LEAKY), taking(0), refusing(500, 20500, LEAKY)])

    send_one(gateway)
    send_one(gateway)
    gateway.find(ANN, WORDS, since=datetime.now(UTC))
    gateway.find(ANN, WORDS, since=datetime.now(UTC))

    captured = capfd.readouterr()
    everything = caplog.text + captured.out + captured.err
    assert "sms.look_failed" in everything
    assert ANN not in everything
    assert WORDS not in everything
