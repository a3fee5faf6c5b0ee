"""Whoever is on call is called at any hour, and at no address that is closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reminders.core.gate import Origin, Send, Suppress, may_send
from reminders.core.patients import Recipient
from reminders.core.reminders import Reason
from tests.builders import NOON, local
from tests.core.test_gate import FULL_WEEK, GOOD, NEVER_OPEN

NOTICE = replace(
    GOOD,
    origin=Origin.ALERT,
    kind="alert",
    version=None,
    appointment=None,
    has_consent=False,
    recipient=Recipient.STAFF,
    expires_at=NOON + timedelta(days=1),
)


def test_who_is_on_call_is_called_in_the_night_and_as_often_as_it_takes() -> None:
    assert may_send(NOTICE, now=local("2027-03-03 03:00")) == Send()
    assert may_send(replace(NOTICE, window=NEVER_OPEN, traffic=FULL_WEEK), now=NOON) == Send()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"is_opted_out": True}, Reason.OPTED_OUT),
        ({"has_address_fault": True}, Reason.ADDRESS_FAULT),
        ({"is_on_allow_list": False}, Reason.NOT_ON_ALLOW_LIST),
    ],
)
def test_a_call_to_staff_goes_to_no_address_that_is_closed(changes: dict[str, Any], reason: Reason) -> None:
    assert may_send(replace(NOTICE, **changes), now=NOON) == Suppress(reason)
