"""What a look at the provider's record of us finds, by Twilio and in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

import pytest

from reminders.adapters.memory import MemorySenderInspection
from reminders.adapters.system_clock import SystemClock
from reminders.adapters.twilio.inspection import TwilioSenderInspection
from reminders.adapters.twilio.line import TwilioConfig
from reminders.core.examination.facts import SenderReport
from reminders.ports import SenderInspection
from tests.adapters.scripted_twilio import (
    ACCOUNT,
    Behaviour,
    ScriptedTwilio,
    answer,
    keeping_silent,
    refusing,
    replying,
    resetting,
)

SENDER, HOOK = "+12125550100", "https://clinic.example/hooks/twilio/sms"
ACCOUNT_PATH = f"/2010-04-01/Accounts/{ACCOUNT}.json"
NUMBERS_PATH = f"/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json"
WELL = SenderReport(
    is_reached=True, has_good_credentials=True, account_status="active", is_ours=True, can_text=True, hook_url=HOOK
)


def inspection(twilio: ScriptedTwilio, **changes: str | None) -> TwilioSenderInspection:
    settings: dict[str, Any] = {"auth_token": "t", "sender": SENDER, "base_url": twilio.url, "read_timeout": 0.5}
    return TwilioSenderInspection(TwilioConfig(ACCOUNT, "https://x/s/", **(settings | changes)), SystemClock())


def show(twilio: ScriptedTwilio, report: SenderReport, **changes: object) -> None:
    number = {
        "phone_number": SENDER,
        "capabilities": {"sms": report.can_text, "mms": True, "voice": True},
        "sms_url": report.hook_url or "",
        "sms_method": "POST",
        "sms_application_sid": "",
    }
    twilio.documents[ACCOUNT_PATH] = {"sid": ACCOUNT, "status": report.account_status, "friendly_name": "Clinic"}
    twilio.documents[NUMBERS_PATH] = {"incoming_phone_numbers": [number | changes] if report.is_ours else []}
    if report.has_good_credentials is False:
        twilio.always = refusing(401, 20003)
    if not report.is_reached:
        twilio.always = resetting


@dataclass(frozen=True)
class World:
    """A look, and what lets the provider's record say something."""

    inspection: SenderInspection
    let_it_say: Callable[[SenderReport], None]


@pytest.fixture(params=["twilio", "memory"])
def world(request: pytest.FixtureRequest, twilio: ScriptedTwilio) -> World:
    kind: Literal["twilio", "memory"] = request.param
    if kind == "twilio":
        return World(inspection(twilio), lambda report: show(twilio, report))
    memory = MemorySenderInspection()
    return World(memory, lambda report: setattr(memory, "report", report))


def without_words(report: SenderReport) -> SenderReport:
    return replace(report, detail="", skew=None)


@pytest.mark.parametrize(
    "record",
    [
        WELL,
        replace(WELL, account_status="suspended"),
        replace(WELL, can_text=False),
        replace(WELL, hook_url=""),
        replace(WELL, hook_url="https://demo.twilio.com/welcome/sms/reply"),
        replace(WELL, is_ours=False, can_text=None, hook_url=None),
        SenderReport(is_reached=True, has_good_credentials=False),
        SenderReport(is_reached=False),
    ],
    ids=["well", "suspended", "no texts", "no hook", "other hook", "not ours", "turned away", "out of reach"],
)
def test_a_report_says_what_the_record_says(world: World, record: SenderReport) -> None:
    world.let_it_say(record)

    assert without_words(world.inspection.inspect()) == record


def test_a_look_sends_nothing_and_changes_nothing(twilio: ScriptedTwilio) -> None:
    show(twilio, WELL)

    inspection(twilio).inspect()

    assert {(request.method, request.path) for request in twilio.requests} == {
        ("GET", ACCOUNT_PATH),
        ("GET", NUMBERS_PATH),
    }
    assert [request.query for request in twilio.requests if request.path == NUMBERS_PATH] == [{"PhoneNumber": [SENDER]}]


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(minutes=4)], ids=str)
def test_a_look_tells_the_provider_s_time_even_where_it_is_turned_away(
    twilio: ScriptedTwilio, ahead: timedelta
) -> None:
    twilio.ahead = ahead

    skew = inspection(twilio).inspect().skew

    assert skew is not None
    assert abs(skew - ahead) < timedelta(seconds=2)


def test_a_standard_key_may_not_ask_for_the_account_and_is_good_all_the_same(twilio: ScriptedTwilio) -> None:
    show(twilio, WELL)
    twilio.forbidden.add(ACCOUNT_PATH)

    report = inspection(twilio, auth_token=None, api_key="SK1", api_secret="s").inspect()

    assert (report.has_good_credentials, report.account_status, report.is_ours) == (True, None, True)
    assert report.detail == "account: a standard API key may not ask for it"


@pytest.mark.parametrize(
    ("behaviour", "is_reached"),
    [
        (refusing(500, 20500, f"about {SENDER}"), True),
        (refusing(403, 20403), True),
        (replying(answer(200, [])), True),
        (replying(answer(200, b"<html>")), True),
        (replying(answer(200, {"incoming_phone_numbers": 3, "status": 4})), True),
        (keeping_silent(0.1), False),
    ],
    ids=["500", "403", "list", "html", "odd", "silence"],
)
def test_what_cannot_be_read_says_nothing(twilio: ScriptedTwilio, behaviour: Behaviour, *, is_reached: bool) -> None:
    twilio.always = behaviour

    report = inspection(twilio).inspect()

    assert report.is_reached is is_reached
    assert (report.account_status, report.can_text, report.hook_url) == (None, None, None)
    assert SENDER not in report.detail


@pytest.mark.parametrize(
    ("changes", "hook_url", "said"),
    [
        ({"sms_application_sid": "AP1"}, None, "application"),
        ({"sms_method": "GET"}, HOOK, "GET"),
    ],
)
def test_where_texts_go_that_come_in_is_said(
    twilio: ScriptedTwilio, changes: dict[str, object], hook_url: str | None, said: str
) -> None:
    show(twilio, WELL, **changes)

    report = inspection(twilio).inspect()

    assert report.hook_url == hook_url
    assert said in report.detail


SERVICE_PATH = "/v1/Services/MG1"
SERVICE = {"sid": "MG1", "inbound_request_url": HOOK, "use_inbound_webhook_on_number": False}
POOL = {"phone_numbers": [{"phone_number": SENDER, "capabilities": ["SMS", "MMS"]}]}


@pytest.mark.parametrize(
    ("service", "pool", "wanted"),
    [
        (SERVICE, POOL, (True, True, HOOK)),
        (SERVICE, {"phone_numbers": [{"capabilities": ["voice"]}]}, (True, False, HOOK)),
        (SERVICE, {"phone_numbers": []}, (True, None, HOOK)),
        (SERVICE, None, (True, None, HOOK)),
        (SERVICE | {"use_inbound_webhook_on_number": True}, POOL, (True, True, None)),
        (SERVICE | {"inbound_request_url": None}, POOL, (True, True, "")),
        (None, None, (False, None, None)),
    ],
    ids=["well", "no texts", "empty", "no pool", "by number", "no hook", "unknown"],
)
def test_a_messaging_service_is_looked_at_with_its_pool(
    twilio: ScriptedTwilio, service: object, pool: object, wanted: tuple[bool | None, bool | None, str | None]
) -> None:
    show(twilio, WELL)
    shown = {SERVICE_PATH: service, f"{SERVICE_PATH}/PhoneNumbers": pool}
    twilio.documents |= {path: document for path, document in shown.items() if document is not None}

    report = inspection(twilio, sender=None, messaging_service_sid="MG1").inspect()

    assert (report.has_good_credentials, report.account_status) == (True, "active")
    assert (report.is_ours, report.can_text, report.hook_url) == wanted


def test_a_short_code_is_not_looked_at(twilio: ScriptedTwilio) -> None:
    show(twilio, WELL)

    report = inspection(twilio, sender="12345").inspect()

    assert (report.has_good_credentials, report.account_status) == (True, "active")
    assert (report.is_ours, report.can_text, report.hook_url) == (None, None, None)
    assert "short codes" in report.detail
