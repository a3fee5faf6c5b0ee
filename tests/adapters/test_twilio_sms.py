"""How texts leave: what goes over the wire, how many at a time, and what an interruption leaves behind."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from base64 import b64encode
from contextlib import closing
from dataclasses import replace

import pytest
from typing_extensions import override

from reminders.adapters.system_clock import SystemClock
from reminders.adapters.twilio.sms import TwilioConfig, TwilioSmsGateway
from reminders.core.delivery import Absent, Accepted, Blame, Outcome
from reminders.core.errors import SettingsError
from reminders.core.ids import AttemptTag
from tests.adapters.scripted_twilio import (
    ACCOUNT,
    ScriptedTwilio,
    keeping_silent,
    taking,
)
from tests.adapters.texts import ANN, CLOCK, a_gateway, a_text, send_one


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


class HeldUp(SystemClock):
    """A process that is put to sleep for a minute after it looked whether there is time to connect."""

    looks = 0

    @override
    def monotonic(self) -> float:
        self.looks += 1
        return super().monotonic() + (60 if self.looks > 2 else 0)


def test_what_was_held_up_while_connecting_never_leaves(twilio: ScriptedTwilio) -> None:
    """By then a look at the provider's list may have shown that nothing was sent, and the text be on its way again."""
    config = TwilioConfig(ACCOUNT, "https://clinic.example/s/", auth_token="t", sender=ANN, base_url=twilio.url)
    with closing(TwilioSmsGateway(config, HeldUp())) as gateway:
        outcome = send_one(gateway)
    assert outcome == Absent("EndedError before anything was sent", blame=Blame.MESSAGE)
    assert twilio.requests == []


def test_waiting_for_a_place_counts_against_the_time_to_start(twilio: ScriptedTwilio) -> None:
    twilio.always = taking(0.3)
    outcomes: list[Outcome] = []
    texts = [a_text().starting_by(CLOCK.monotonic() + 0.2) for _ in range(2)]
    with closing(a_gateway(twilio.url, concurrency=1)) as gateway:
        gateway.send_many(texts, lambda _, outcome: outcomes.append(outcome))

    assert [type(outcome) for outcome in outcomes] == [Accepted, Absent]
    assert len(twilio.requests) == 1


def test_a_text_waits_for_its_time_and_holds_up_nobody_whose_time_has_come(twilio: ScriptedTwilio) -> None:
    twilio.always = taking(0)
    texts = [replace(a_text(str(number)), start_at=CLOCK.monotonic() + 0.3 * (number % 2)) for number in range(4)]
    moments: dict[AttemptTag, float] = {}
    with closing(a_gateway(twilio.url, concurrency=1)) as gateway:
        gateway.send_many(texts, lambda tag, _: moments.update({tag: CLOCK.monotonic()}))

    at_once, later = [texts[0], texts[2]], [texts[1], texts[3]]
    assert all(moments[text.tag] < texts[1].start_at for text in at_once)
    assert all(moments[text.tag] >= text.start_at for text in later)


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
