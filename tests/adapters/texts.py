"""A gateway for Twilio, and a text whose number and words must never show up in an outcome or a log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from reminders.adapters.system_clock import SystemClock
from reminders.adapters.twilio.sms import TwilioConfig, TwilioSmsGateway
from reminders.core.delivery import Outcome
from reminders.core.ids import AttemptTag
from reminders.ports import OutgoingText
from tests.adapters.scripted_twilio import (
    ACCOUNT,
)

ANN = "+12125550101"
WORDS = "Secret words for Ann"
LEAKY = f"The number {ANN} said: {WORDS}"
CLOCK = SystemClock()


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
