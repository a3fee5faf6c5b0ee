import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from reminders.simulator import Person, Simulator, SimulatorSettings
from tests.simulator.service import Service

ACCOUNT = "AC" + "0a" * 16
TOKEN = "the-auth-token"
KEY = "SK" + "0b" * 16
SENDER = "+15005550006"
LANDLINE = "+15005550104"
PEOPLE = (
    Person("Ana Torres", phone="+15005550101", email="ana@example.org", note="Session 3 of 6"),
    Person("Chloe Martin", phone="+15005550103", email="chloe@example.org"),
    Person("Daniel Martin", phone="+15005550103", email="daniel@example.org"),
    Person("Esi Mensah", phone=LANDLINE, is_landline=True),
    Person("Farah Haddad", email="farah@example.org"),
)


class RedirectedClient(TwilioHttpClient):  # type: ignore[misc]  # twilio publishes no types
    """Twilio's own client with scheme and host replaced, as the service does it."""

    def __init__(self, base_url: str) -> None:
        super().__init__(timeout=5)
        self._base_url = base_url

    def request(self, method: str, url: str, *args: object, **kwargs: object) -> Response:
        return super().request(method, re.sub(r"https://\w+\.twilio\.com", self._base_url, url), *args, **kwargs)

    def close(self) -> None:
        if self.session is not None:
            self.session.close()


@pytest.fixture(scope="module")
def shared_service() -> Iterator[Service]:
    with Service() as service:
        yield service


@pytest.fixture(scope="module")
def shared_simulator(shared_service: Service) -> Iterator[Simulator]:
    settings = SimulatorSettings(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        api_key=KEY,
        api_secret="the-api-secret",
        inbound_url=f"{shared_service.url}/hooks/twilio/sms",
        clinic_url="http://127.0.0.1:1/",
        people=PEOPLE,
        delivery_time=timedelta(seconds=0.03),
    )
    with Simulator(settings) as simulator:
        yield simulator


@pytest.fixture
def service(shared_service: Service) -> Service:
    shared_service.reset()
    return shared_service


@pytest.fixture
def simulator(shared_simulator: Simulator, service: Service) -> Iterator[Simulator]:
    shared_simulator.reset()
    service.reset()
    yield shared_simulator
    shared_simulator.settle()


@pytest.fixture
def twilio(simulator: Simulator) -> Iterator[Client]:
    transport = RedirectedClient(simulator.base_url)
    yield Client(KEY, "the-api-secret", ACCOUNT, http_client=transport)
    transport.close()


@pytest.fixture(scope="module")
def shared_http(shared_simulator: Simulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shared_simulator.base_url, auth=(ACCOUNT, TOKEN), timeout=5) as client:
        yield client


@pytest.fixture
def http(simulator: Simulator, shared_http: httpx.Client) -> httpx.Client:
    return shared_http
