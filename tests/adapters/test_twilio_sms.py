"""What only a real HTTP server can show of the Twilio gateway."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import threading
import time
import warnings
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

import pytest

from reminders.adapters.system_clock import SystemClock
from reminders.adapters.twilio.sms import TwilioConfig, TwilioSmsGateway
from reminders.core.delivery import Absent, Accepted, Outcome, Refusal, Rejected, Unknown
from reminders.core.errors import SettingsError
from reminders.core.ids import AttemptTag
from reminders.ports import OutgoingText
from tests.adapters.scripted_twilio import (
    ACCOUNT,
    Behaviour,
    ScriptedTwilio,
    answer,
    keeping_silent,
    refusing,
    replying,
    resetting,
    scripted_twilio,
    taking,
)

ANN = "+12125550101"
WORDS = "Secret words for Ann"
CLOCK = SystemClock()
SID = "SM" + "a" * 32


@pytest.fixture
def twilio() -> Iterator[ScriptedTwilio]:
    with scripted_twilio() as server:
        yield server


@pytest.fixture
def gateway(twilio: ScriptedTwilio) -> Iterator[TwilioSmsGateway]:
    with closing(a_gateway(twilio.url)) as opened:
        yield opened


def a_gateway(url: str, **changes: str | float | None) -> TwilioSmsGateway:
    settings: dict[str, Any] = {"auth_token": "token", "sender": "+12125550100", "base_url": url, "read_timeout": 0.5}
    return TwilioSmsGateway(TwilioConfig(ACCOUNT, "https://clinic.example/s/", **(settings | changes)), CLOCK)


def a_text(body: str = WORDS, *, validity: float = 3600.5) -> OutgoingText:
    return OutgoingText(AttemptTag(uuid4()), ANN, body, timedelta(seconds=validity), CLOCK.monotonic() + 5)


def send_one(gateway: TwilioSmsGateway, text: OutgoingText | None = None) -> Outcome:
    outcomes: list[Outcome] = []
    gateway.send_many([text or a_text()], lambda _, outcome: outcomes.append(outcome))
    [outcome] = outcomes
    assert ANN not in repr(outcome)
    assert WORDS not in repr(outcome)
    return outcome


def test_a_text_goes_out_with_its_tag_in_the_callback_and_whole_seconds_of_validity(
    twilio: ScriptedTwilio, gateway: TwilioSmsGateway
) -> None:
    text = a_text("Ready? +1 & more: €5")

    send_one(gateway, text)

    [request] = twilio.requests
    assert (request.method, request.path) == ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
    assert request.form == {
        "To": [ANN],
        "From": ["+12125550100"],
        "Body": ["Ready? +1 & more: €5"],
        "StatusCallback": [f"https://clinic.example/s/{text.tag}#rc=5&rp=all"],
        "ValidityPeriod": ["3600"],
    }
    assert request.headers["authorization"] == "Basic " + b64encode(f"{ACCOUNT}:token".encode()).decode()


@pytest.mark.parametrize(("seconds", "wanted"), [(0.2, "1"), (59.9, "59"), (36_000, "36000"), (90_000, "36000")])
def test_the_validity_period_stays_within_what_twilio_takes(
    twilio: ScriptedTwilio, gateway: TwilioSmsGateway, seconds: float, wanted: str
) -> None:
    send_one(gateway, a_text(validity=seconds))

    assert twilio.requests[0].form["ValidityPeriod"] == [wanted]


def test_a_messaging_service_and_an_api_key_take_the_place_of_number_and_token(twilio: ScriptedTwilio) -> None:
    with closing(
        a_gateway(twilio.url, api_key="SK1", api_secret="s3", messaging_service_sid="MG1", sender=None)
    ) as gateway:
        send_one(gateway)

    [request] = twilio.requests
    assert request.form["MessagingServiceSid"] == ["MG1"]
    assert "From" not in request.form
    assert request.headers["authorization"] == "Basic " + b64encode(b"SK1:s3").decode()
    assert ACCOUNT in request.path


def test_missing_credentials_and_sender_are_named() -> None:
    with pytest.raises(SettingsError, match=r"(?s)REMINDERS_TWILIO_API_KEY.*REMINDERS_TWILIO_FROM"):
        TwilioConfig(ACCOUNT, "https://clinic.example/s/")


def test_secrets_do_not_show_in_the_configuration_s_text() -> None:
    text = repr(TwilioConfig(ACCOUNT, "https://x/", api_key="SK", api_secret="hush", auth_token="hush", sender="+1"))

    assert "hush" not in text


LEAKY = f"The number {ANN} said: {WORDS}"


@pytest.mark.parametrize(
    ("behaviour", "is_configuration", "retry_after"),
    [
        pytest.param(refusing(429, 20429, LEAKY, Retry_After="3"), False, 3, id="20429 with wait"),
        pytest.param(refusing(429), False, None, id="429 bare"),
        pytest.param(refusing(400, 20429, LEAKY), False, None, id="20429 as 400"),
        pytest.param(refusing(429, Retry_After="soon"), False, None, id="wait is no time"),
        pytest.param(refusing(429, Retry_After="999999999999"), False, 3600, id="wait too long"),
        pytest.param(refusing(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), False, 0, id="wait in the past"),
        pytest.param(refusing(400, 21611, LEAKY), False, None, id="queue full"),
        pytest.param(refusing(408), False, None, id="request timeout"),
        pytest.param(refusing(401, 20003, LEAKY), True, None, id="20003"),
        pytest.param(refusing(401), True, None, id="401"),
        pytest.param(refusing(403), True, None, id="403"),
        pytest.param(refusing(404, 20404), True, None, id="20404"),
        pytest.param(refusing(400, 21606, LEAKY), True, None, id="bad sender"),
        pytest.param(replying(answer(401, b"<html>no</html>")), True, None, id="401 in html"),
        pytest.param(replying(answer(401, b"x" * 2_000_000)), True, None, id="401 endless"),
    ],
)
def test_what_was_provably_not_taken_is_absent(
    twilio: ScriptedTwilio,
    gateway: TwilioSmsGateway,
    behaviour: Behaviour,
    is_configuration: bool,  # noqa: FBT001 - a column of the table
    retry_after: int | None,
) -> None:
    twilio.script.append(behaviour)

    outcome = send_one(gateway)

    assert isinstance(outcome, Absent)
    assert outcome.is_configuration is is_configuration
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
        pytest.param(refusing(400, 29999, LEAKY), Refusal.OTHER, "29999", id="unlisted code"),
        pytest.param(refusing(422), Refusal.OTHER, "http 422", id="no code"),
        pytest.param(replying(answer(400, [1, 2])), Refusal.OTHER, "http 400", id="list"),
        pytest.param(replying(answer(400, {"code": {"a": 1}})), Refusal.OTHER, "http 400", id="odd code"),
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


def test_many_texts_leave_at_once_but_never_more_than_allowed(twilio: ScriptedTwilio) -> None:
    twilio.always = taking(0.1)
    tags: list[AttemptTag] = []
    texts = [a_text(str(number)) for number in range(64)]
    with closing(a_gateway(twilio.url, concurrency=16, read_timeout=5)) as gateway:
        send_one(gateway)
        started_at = time.monotonic()
        gateway.send_many(texts, lambda tag, _: tags.append(tag))
        took = time.monotonic() - started_at

    assert sorted(tags) == sorted(text.tag for text in texts)
    assert twilio.peak == 16
    assert 0.4 <= took < 1.6  # one after the other it would be 6.4


def test_waiting_for_a_place_counts_against_the_time_to_start(twilio: ScriptedTwilio) -> None:
    twilio.always = taking(0.3)
    outcomes: list[Outcome] = []
    texts = [a_text().starting_by(CLOCK.monotonic() + 0.2) for _ in range(2)]
    with closing(a_gateway(twilio.url, concurrency=1)) as gateway:
        gateway.send_many(texts, lambda _, outcome: outcomes.append(outcome))

    assert [type(outcome) for outcome in outcomes] == [Accepted, Absent]
    assert len(twilio.requests) == 1


def test_each_outcome_is_reported_as_soon_as_it_is_known(twilio: ScriptedTwilio) -> None:
    twilio.script.extend([keeping_silent(0.5)])
    twilio.always = taking(0)
    moments: list[float] = []
    with closing(a_gateway(twilio.url, read_timeout=0.4)) as gateway:
        gateway.send_many([a_text(str(number)) for number in range(8)], lambda *_: moments.append(time.monotonic()))

    assert moments[-1] - moments[-2] > 0.2


def test_closing_in_the_middle_still_reports_every_text(twilio: ScriptedTwilio) -> None:
    twilio.always = keeping_silent(2)
    outcomes: list[Outcome] = []
    gateway = a_gateway(twilio.url, concurrency=2, read_timeout=10)
    texts = [a_text(str(number)) for number in range(4)]
    sending = threading.Thread(target=gateway.send_many, args=(texts, lambda _, outcome: outcomes.append(outcome)))

    sending.start()
    while twilio.in_flight < 2:
        time.sleep(0.01)
    gateway.close()
    sending.join(timeout=3)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Absent", "Absent", "Unknown", "Unknown"]


class InterruptedByTest(BaseException):
    pass


def test_an_interrupted_caller_still_gets_every_report(twilio: ScriptedTwilio) -> None:
    def interrupt(*_: object) -> None:
        raise InterruptedByTest

    twilio.always = keeping_silent(2)
    outcomes: list[Outcome] = []
    before = signal.signal(signal.SIGUSR1, interrupt)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    try:
        with (
            closing(a_gateway(twilio.url, concurrency=1, read_timeout=10)) as gateway,
            pytest.raises(InterruptedByTest),
        ):
            gateway.send_many([a_text("1"), a_text("2")], lambda _, outcome: outcomes.append(outcome))
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Absent", "Unknown"]
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_fault_of_the_report_stops_no_other_text_and_comes_out_at_the_end(
    twilio: ScriptedTwilio, gateway: TwilioSmsGateway
) -> None:
    seen: list[AttemptTag] = []

    def report(tag: AttemptTag, _: Outcome) -> None:
        seen.append(tag)
        raise LookupError("the database has gone")

    with pytest.raises(LookupError):
        gateway.send_many([a_text(str(number)) for number in range(5)], report)
    assert len(seen) == len(set(seen)) == 5
    assert len(twilio.messages) == 5


def test_a_gateway_serves_on_after_it_was_closed(twilio: ScriptedTwilio, gateway: TwilioSmsGateway) -> None:
    send_one(gateway)
    gateway.close()
    gateway.close()

    assert isinstance(send_one(gateway), Accepted)


def test_several_threads_share_one_gateway(twilio: ScriptedTwilio, gateway: TwilioSmsGateway) -> None:
    threads = [threading.Thread(target=send_one, args=(gateway,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(twilio.messages) == 6
    assert sum(thread.name == "twilio" for thread in threading.enumerate()) == 1


def test_a_forked_child_opens_a_line_of_its_own(twilio: ScriptedTwilio, gateway: TwilioSmsGateway) -> None:
    send_one(gateway)
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads: so do we here
        child = os.fork()
    if child == 0:
        try:
            os.write(writing, type(send_one(gateway)).__name__.encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)

    assert os.read(reading, 100) == b"Accepted"
    assert isinstance(send_one(gateway), Accepted)
    assert len(twilio.messages) == 3


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
