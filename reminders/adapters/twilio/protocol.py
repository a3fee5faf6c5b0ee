"""Twilio's words that both directions share: message ids, statuses and how its callbacks are to be repeated."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from reminders.core.delivery import ReceiptStatus

MESSAGE_SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
"""Twilio's specification allows both cases of the hexadecimal digits."""
CALLBACK_POLICY = "#rc=5&rp=all"
"""Asks Twilio to repeat a callback five times, whatever went wrong; by itself it does so once, if it cannot connect."""

_STATUSES = {
    "accepted": ReceiptStatus.QUEUED,
    "scheduled": ReceiptStatus.QUEUED,
    "queued": ReceiptStatus.QUEUED,
    "sending": ReceiptStatus.QUEUED,
    "sent": ReceiptStatus.SENT,
    "partially_delivered": ReceiptStatus.SENT,
    "delivered": ReceiptStatus.DELIVERED,
    "read": ReceiptStatus.DELIVERED,
    "undelivered": ReceiptStatus.UNDELIVERED,
    "failed": ReceiptStatus.FAILED,
    "canceled": ReceiptStatus.CANCELLED,
}


def status_of(word: str) -> ReceiptStatus | None:
    """Return Twilio's status in the product's words; None for a word that is new to us."""
    return _STATUSES.get(word)


@lru_cache(maxsize=64)
def http_date(text: str) -> datetime | None:
    """Read the time in a header, UTC and in whole seconds (RFC 9110, 5.6.7); None for nonsense.

    Many answers come within a second and bear the same.
    """
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
