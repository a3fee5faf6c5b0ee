"""Twilio's words that both directions share: message ids, statuses and how its callbacks are to be repeated."""

from __future__ import annotations

import re

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
