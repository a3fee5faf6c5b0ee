from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest
from twilio.rest import Client

from reminders.simulator import Simulator, SimulatorSettings
from tests.simulator.conftest import ACCOUNT, LANDLINE, SENDER, TOKEN

ANA = "+15005550101"
BASE = f"/2010-04-01/Accounts/{ACCOUNT}"
SERVICE = "MG" + "0c" * 16


def test_twilio_s_own_client_reads_the_account_and_its_number(twilio: Client) -> None:
    assert twilio.api.accounts(ACCOUNT).fetch().status == "active"
    [number] = twilio.incoming_phone_numbers.list(phone_number=SENDER)
    assert number.phone_number == SENDER
    assert number.capabilities["sms"] is True
    assert str(number.sms_url).endswith("/hooks/twilio/sms")


def test_only_the_account_s_own_numbers_are_listed_where_it_has_some() -> None:
    settings = SimulatorSettings(account_sid=ACCOUNT, auth_token=TOKEN, numbers=(SENDER,))
    with Simulator(settings) as simulator, httpx.Client(base_url=simulator.base_url, auth=(ACCOUNT, TOKEN)) as http:
        url = f"{BASE}/IncomingPhoneNumbers.json"
        for wanted, found in (({}, 1), ({"PhoneNumber": SENDER}, 1), ({"PhoneNumber": ANA}, 0)):
            assert len(http.get(url, params=wanted).json()["incoming_phone_numbers"]) == found


def test_a_messaging_service_brings_texts_where_phones_bring_theirs(http: httpx.Client) -> None:
    service = http.get(f"/v1/Services/{SERVICE}").json()
    assert service["inbound_request_url"].endswith("/hooks/twilio/sms")
    [number] = http.get(f"/v1/Services/{SERVICE}/PhoneNumbers").json()["phone_numbers"]
    assert "SMS" in number["capabilities"]
    assert http.get("/v1/Services/MGx").status_code == 404


def look_up(http: httpx.Client, number: str) -> object:
    answer = http.get(f"/v2/PhoneNumbers/{number}", params={"Fields": "line_type_intelligence"})
    return answer.json()["line_type_intelligence"]["type"]


def test_a_number_is_a_mobile_unless_somebody_said_otherwise(http: httpx.Client, simulator: Simulator) -> None:
    assert (look_up(http, ANA), look_up(http, LANDLINE)) == ("mobile", "landline")
    simulator.set_lines({ANA: "nonFixedVoip", LANDLINE: "unknown"})
    assert (look_up(http, ANA), look_up(http, LANDLINE)) == ("nonFixedVoip", None)
    assert simulator.lookups == [ANA, LANDLINE, ANA, LANDLINE]
    simulator.reset()
    assert (look_up(http, ANA), look_up(http, LANDLINE)) == ("mobile", "landline")


def test_a_look_without_the_package_costs_nothing(http: httpx.Client, simulator: Simulator) -> None:
    assert http.get(f"/v2/PhoneNumbers/{ANA}").json()["line_type_intelligence"] is None
    assert simulator.lookups == []
    assert http.get("/v2/PhoneNumbers/nobody").status_code == 404


def test_lines_are_set_and_shown_at_run_time_and_a_wrong_kind_is_named(http: httpx.Client) -> None:
    answer = http.post("/control/lines", json={"lines": {ANA: "landline"}})
    assert answer.json() == {"lines": {LANDLINE: "landline", ANA: "landline"}, "asked": []}
    assert http.post("/control/lines", json={"lines": {ANA: "telegraph"}}).status_code == 400
    assert http.get("/control/lines").json()["lines"][ANA] == "landline"


def test_a_text_to_a_line_that_became_a_landline_does_not_arrive(twilio: Client, simulator: Simulator) -> None:
    simulator.set_lines({ANA: "landline"})
    created = twilio.messages.create(to=ANA, from_=SENDER, body="See you")
    simulator.settle()
    assert twilio.messages(str(created.sid)).fetch().error_code == 30006


@pytest.mark.parametrize(
    "path", [f"{BASE}.json", f"{BASE}/IncomingPhoneNumbers.json", f"/v1/Services/{SERVICE}", f"/v2/PhoneNumbers/{ANA}"]
)
def test_strangers_learn_nothing(simulator: Simulator, path: str) -> None:
    for auth in (None, (ACCOUNT, "wrong")):
        answer = httpx.get(simulator.base_url + path, auth=auth)
        assert (answer.status_code, answer.json()["code"]) == (401, 20003)


@pytest.mark.parametrize("seconds", [0, 600, -600])
def test_every_answer_is_dated_once_by_a_clock_that_may_be_wrong(http: httpx.Client, seconds: int) -> None:
    http.post("/control/faults", json={"faults": {"date_skew_seconds": seconds}})
    wanted = datetime.now(UTC) + timedelta(seconds=seconds)
    for path in (f"{BASE}/Messages.json", f"{BASE}.json", "/no/such/page", "/control/faults"):
        [date] = http.get(path).headers.get_list("Date")
        assert abs(parsedate_to_datetime(date) - wanted) < timedelta(seconds=3)
