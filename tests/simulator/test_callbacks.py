from __future__ import annotations

from twilio.request_validator import RequestValidator
from twilio.rest import Client

from reminders.simulator import Simulator
from reminders.simulator.webhooks import split_policy
from tests.simulator.conftest import ACCOUNT, LANDLINE, SENDER, TOKEN
from tests.simulator.service import Post, Service, until

ANA = "+15005550101"


def final(service: Service) -> Post:
    """The callback of the last step: posted last, yet a network may bring it earlier."""
    return next(
        post for post in service.posts if post.params["MessageStatus"] in {"delivered", "undelivered", "failed"}
    )


def statuses(service: Service) -> list[str]:
    return [post.params["MessageStatus"] for post in service.posts]


def create(twilio: Client, service: Service, *, to: str = ANA, path: str = "/hooks/twilio/status/tag1") -> str:
    return str(twilio.messages.create(to=to, from_=SENDER, body="Hi", status_callback=service.url + path).sid)


def test_each_step_after_the_first_is_reported_signed_and_in_order(
    twilio: Client, simulator: Simulator, service: Service
) -> None:
    sid = create(twilio, service, path="/hooks/twilio/status/tag1?clinic=a%20b#rc=2&rp=all")
    simulator.settle()
    assert sorted(statuses(service)) == ["delivered", "sending", "sent"]  # posted in turn, heard in any order
    last = final(service)
    assert last.url == f"{service.url}/hooks/twilio/status/tag1?clinic=a%20b"
    assert RequestValidator(TOKEN).validate(last.url, last.params, last.signature)
    assert last.params["RawDlrDoneDate"].isdigit()
    assert {name: last.params[name] for name in ("MessageSid", "SmsSid", "SmsStatus", "AccountSid", "From", "To")} == {
        "MessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "delivered",
        "AccountSid": ACCOUNT,
        "From": SENDER,
        "To": ANA,
    }


def test_a_failure_is_reported_with_its_code(twilio: Client, simulator: Simulator, service: Service) -> None:
    create(twilio, service, to=LANDLINE)
    simulator.settle()
    assert final(service).params["MessageStatus"] == "undelivered"
    assert final(service).params["ErrorCode"] == "30006"


def test_a_refused_callback_is_retried_as_the_fragment_asks(
    twilio: Client, simulator: Simulator, service: Service
) -> None:
    service.statuses = [503]
    create(twilio, service, path="/s/tag#rc=2&rp=5xx")
    assert until(lambda: statuses(service).count("sending") == 2)


def test_a_refused_callback_is_not_retried_by_default(twilio: Client, simulator: Simulator, service: Service) -> None:
    service.statuses = [503, 503, 503]
    create(twilio, service)
    simulator.settle()
    assert sorted(statuses(service)) == ["delivered", "sending", "sent"]  # posted in turn, heard in any order


def test_the_retry_policy_is_read_from_the_fragment() -> None:
    assert split_policy("http://a.example/x?y=1#rc=3&rp=ct,5xx") == (
        "http://a.example/x?y=1",
        3,
        frozenset({"ct", "5xx"}),
    )
    assert split_policy("http://a.example/x") == ("http://a.example/x", 1, frozenset({"ct"}))


def test_callbacks_can_be_lost_doubled_and_turned_round(twilio: Client, simulator: Simulator, service: Service) -> None:
    simulator.set_faults(callback_lost=1)
    create(twilio, service)
    simulator.settle()
    assert statuses(service) == []
    simulator.set_faults(callback_duplicate=1)
    create(twilio, service)
    simulator.settle()
    assert sorted(statuses(service)) == ["delivered", "delivered", "sending", "sending", "sent", "sent"]
    service.reset()
    simulator.set_faults(callback_reversed=1)
    create(twilio, service)
    simulator.settle()
    assert statuses(service) == ["delivered", "sent", "sending"]


def test_a_delayed_callback_still_reports_its_own_step(twilio: Client, simulator: Simulator, service: Service) -> None:
    simulator.set_faults(callback_delayed=1, callback_delay_seconds=0.2)
    create(twilio, service)
    assert until(lambda: simulator.messages[0].status == "delivered")
    assert statuses(service) == []
    simulator.settle()
    assert sorted(statuses(service)) == ["delivered", "sending", "sent"]


def test_phones_can_fail_to_take_a_text(twilio: Client, simulator: Simulator, service: Service) -> None:
    simulator.set_faults(expired=1)
    create(twilio, service)
    simulator.settle()
    assert (final(service).params["MessageStatus"], final(service).params["ErrorCode"]) == ("failed", "30036")
