import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest
from jsonschema import Draft202012Validator
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from reminders.simulator import Simulator, SimulatorSettings
from tests.simulator.conftest import ACCOUNT, LANDLINE, SENDER, TOKEN
from tests.simulator.service import until

MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
SERVICE = "MG" + "0c" * 16
ANA = "+15005550101"
SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "twilio_message_schema.json").read_text(encoding="utf-8"))


def faults_against(schema_name: str, document: object) -> list[str]:
    validator = Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{schema_name}"})
    return [error.message for error in validator.iter_errors(document)]


def test_twilio_s_own_client_creates_fetches_and_lists_a_message(twilio: Client, simulator: Simulator) -> None:
    created = twilio.messages.create(to=ANA, from_=SENDER, body="See you on Tuesday", validity_period=600)
    assert created.sid is not None
    assert (created.status, created.from_, created.num_segments, created.price) == ("queued", SENDER, "1", None)
    assert created.date_created is not None
    assert abs(created.date_created - datetime.now(UTC)) < timedelta(seconds=5)
    simulator.settle()
    assert twilio.messages(created.sid).fetch().status == "delivered"
    assert [message.sid for message in twilio.messages.list(to=ANA)] == [created.sid]
    assert simulator.messages[0].validity_period == 600


def test_a_message_from_a_service_has_no_sender_until_it_leaves(twilio: Client, simulator: Simulator) -> None:
    created = twilio.messages.create(to=ANA, messaging_service_sid=SERVICE, body="See you")
    assert (created.status, created.from_, created.num_segments) == ("accepted", None, "0")
    simulator.settle()
    fetched = twilio.messages(str(created.sid)).fetch()
    assert (fetched.status, fetched.from_, fetched.num_segments) == ("delivered", SENDER, "1")


def test_messages_and_lists_have_the_shape_of_twilio_s_published_schema(http: httpx.Client) -> None:
    created = http.post(MESSAGES, data={"To": ANA, "From": SENDER, "Body": "See you"})
    assert created.status_code == 201
    assert faults_against("message", created.json()) == []
    assert set(created.json()) == set(SCHEMA["$defs"]["message"]["properties"])
    assert parsedate_to_datetime(created.headers["Date"]).tzinfo is not None
    assert faults_against("message_list", http.get(MESSAGES).json()) == []


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"To": ""}, 400, 21604),
        ({"To": "5005550101"}, 400, 21211),
        ({"From": ""}, 400, 21603),
        ({"From": "not a sender at all"}, 400, 21212),
        ({"Body": ""}, 400, 21602),
        ({"Body": "x" * 1601}, 400, 21617),
        ({"StatusCallback": "http://under_score.example/x"}, 400, 21609),
        ({"StatusCallback": "nowhere"}, 400, 21609),
        ({"ValidityPeriod": "0"}, 400, 21624),
        ({"ValidityPeriod": "36001"}, 400, 21624),
        ({"From": "", "MessagingServiceSid": "MGx"}, 404, 21701),
        ({"ScheduleType": "fixed", "SendAt": "2030-01-01T00:00:00Z"}, 400, 35118),
    ],
)
def test_a_faulty_request_is_refused_with_twilio_s_code(
    http: httpx.Client, simulator: Simulator, changes: dict[str, str], status: int, code: int
) -> None:
    answer = http.post(MESSAGES, data={"To": ANA, "From": SENDER, "Body": "See you", **changes})
    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (status, code, status)
    assert simulator.messages == []
    assert [(call.status, call.code) for call in simulator.calls] == [(status, code)]


def test_parameters_twilio_may_add_later_are_accepted(http: httpx.Client) -> None:
    params = {"To": ANA, "From": SENDER, "Body": "See you", "SomethingNew": "1"}
    assert http.post(MESSAGES, data=params).status_code == 201


def test_a_sender_that_is_not_the_account_s_is_refused() -> None:
    settings = SimulatorSettings(account_sid=ACCOUNT, auth_token=TOKEN, numbers=(SENDER,))
    with Simulator(settings) as simulator, httpx.Client(base_url=simulator.base_url, auth=(ACCOUNT, TOKEN)) as http:
        answer = http.post(MESSAGES, data={"To": ANA, "From": "+15005550007", "Body": "See you"})
        assert answer.json()["code"] == 21606


@pytest.mark.parametrize("auth", [None, (ACCOUNT, "wrong"), ("SK" + "0" * 32, "the-api-secret")])
def test_a_stranger_is_turned_away(simulator: Simulator, auth: tuple[str, str] | None) -> None:
    answer = httpx.post(simulator.base_url + MESSAGES, data={"To": ANA}, auth=auth)
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)
    assert httpx.get(simulator.base_url + MESSAGES, auth=auth).status_code == 401


def test_an_unknown_message_is_not_found(twilio: Client) -> None:
    with pytest.raises(TwilioRestException) as raised:
        twilio.messages("SM" + "0" * 32).fetch()
    assert (raised.value.status, raised.value.code) == (404, 20404)


def test_lists_are_paged_newest_first_and_new_messages_shift_nothing(twilio: Client, http: httpx.Client) -> None:
    sids = [twilio.messages.create(to=ANA, from_=SENDER, body=f"No. {number}").sid for number in range(5)]
    first = http.get(MESSAGES, params={"To": ANA, "PageSize": 2}).json()
    twilio.messages.create(to=ANA, from_=SENDER, body="Later")
    second = http.get(first["next_page_uri"]).json()
    third = http.get(second["next_page_uri"]).json()
    pages = [[message["sid"] for message in page["messages"]] for page in (first, second, third)]
    assert pages == [[sids[4], sids[3]], [sids[2], sids[1]], [sids[0]]]
    assert (second["page"], second["start"], second["end"], third["next_page_uri"]) == (1, 2, 3, None)
    assert len(twilio.messages.list(to=ANA, page_size=2)) == 6


def test_lists_filter_by_sender_and_by_date(twilio: Client) -> None:
    twilio.messages.create(to=ANA, from_=SENDER, body="One")
    twilio.messages.create(to="+15005550109", from_="+15005550007", body="Two")
    now = datetime.now(UTC)
    assert [message.body for message in twilio.messages.list(from_="+15005550007")] == ["Two"]
    assert [message.body for message in twilio.messages.list(to=ANA, from_="+15005550007")] == []
    assert len(twilio.messages.list(date_sent_after=now - timedelta(minutes=1))) == 2
    assert twilio.messages.list(date_sent_after=now + timedelta(minutes=1)) == []
    assert twilio.messages.list(date_sent_before=now - timedelta(minutes=1)) == []
    assert len(twilio.messages.list(date_sent_before=now + timedelta(minutes=1))) == 2


def test_lists_take_whole_days(http: httpx.Client, twilio: Client) -> None:
    twilio.messages.create(to=ANA, from_=SENDER, body="One")
    today = datetime.now(UTC).date()

    def found(**params: object) -> int:
        names = {"on": "DateSent", "since": "DateSent>", "until": "DateSent<"}
        query = {names[name]: str(value) for name, value in params.items()}
        return len(http.get(MESSAGES, params=query).json()["messages"])

    yesterday, tomorrow = today - timedelta(days=1), today + timedelta(days=1)
    assert (found(on=today), found(on=yesterday)) == (1, 0)
    assert (found(since=today), found(since=tomorrow)) == (1, 0)
    assert (found(until=today), found(until=yesterday)) == (1, 0)


def test_lists_show_a_message_only_after_the_lag_but_fetch_finds_it_at_once() -> None:
    settings = SimulatorSettings(account_sid=ACCOUNT, auth_token=TOKEN, list_lag=timedelta(seconds=0.3))
    with Simulator(settings) as simulator, httpx.Client(base_url=simulator.base_url, auth=(ACCOUNT, TOKEN)) as http:
        created = http.post(MESSAGES, data={"To": ANA, "From": SENDER, "Body": "See you"}).json()
        assert http.get(MESSAGES, params={"To": ANA}).json()["messages"] == []
        assert http.get(created["uri"]).json()["sid"] == created["sid"]
        assert until(lambda: len(http.get(MESSAGES, params={"To": ANA}).json()["messages"]) == 1)


def test_a_message_can_be_redacted_and_deleted_once_it_is_complete(twilio: Client, simulator: Simulator) -> None:
    sid = str(twilio.messages.create(to=ANA, from_=SENDER, body="See you").sid)
    with pytest.raises(TwilioRestException) as raised:
        twilio.messages(sid).delete()
    assert raised.value.code == 20009
    simulator.settle()
    assert twilio.messages(sid).update(body="").body == ""
    assert twilio.messages(sid).delete()
    assert twilio.messages.list() == []


def test_only_a_scheduled_message_can_be_cancelled(twilio: Client, simulator: Simulator) -> None:
    send_at = datetime.now(UTC) + timedelta(minutes=10)
    waiting = twilio.messages.create(
        to=ANA, messaging_service_sid=SERVICE, body="Later", schedule_type="fixed", send_at=send_at
    )
    assert waiting.status == "scheduled"
    assert twilio.messages(str(waiting.sid)).update(status="canceled").status == "canceled"
    sent = twilio.messages.create(to=ANA, from_=SENDER, body="Now")
    with pytest.raises(TwilioRestException) as raised:
        twilio.messages(str(sent.sid)).update(status="canceled")
    assert raised.value.code == 30409
    simulator.reset()  # the cancelled one still waits for its time


def test_a_landline_accepts_and_then_fails(twilio: Client, simulator: Simulator) -> None:
    created = twilio.messages.create(to=LANDLINE, from_=SENDER, body="See you")
    assert created.status == "queued"
    simulator.settle()
    fetched = twilio.messages(str(created.sid)).fetch()
    assert (fetched.status, fetched.error_code) == ("undelivered", 30006)


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 153 + "€" * 4, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("mañana", 1),
        ("á" * 71, 2),
    ],
    ids=lambda value: f"{value[:4]}-{len(value)}" if isinstance(value, str) else str(value),
)
def test_segments_are_counted_as_twilio_bills_them(twilio: Client, body: str, count: int) -> None:
    assert twilio.messages.create(to=ANA, from_=SENDER, body=body).num_segments == str(count)
