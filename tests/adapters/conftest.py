from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from reminders.adapters.twilio.sms import TwilioSmsGateway
from tests.adapters.scripted_twilio import (
    ScriptedTwilio,
    scripted_twilio,
)
from tests.adapters.texts import a_gateway


@pytest.fixture
def twilio() -> Iterator[ScriptedTwilio]:
    with scripted_twilio() as server:
        yield server


@pytest.fixture
def gateway(twilio: ScriptedTwilio) -> Iterator[TwilioSmsGateway]:
    with closing(a_gateway(twilio.url)) as opened:
        yield opened
