"""Reads a request to create a message, and refuses it where Twilio would."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from reminders.simulator.api_errors import ApiError
from reminders.simulator.wall_clock import as_instant, now

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_SENDER = re.compile(r"\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_HOST = re.compile(r"(?!-)[A-Za-z0-9.-]+(?<!-)|[0-9a-f:.]+")
_LONGEST_BODY = 1600
_LONGEST_VALIDITY = 36_000  # seconds
_SCHEDULE_WINDOW = (timedelta(seconds=300), timedelta(days=35))


@dataclass(frozen=True, slots=True)
class Draft:
    """A request that Twilio would accept; `send_at` is set for a scheduled one."""

    to: str
    sender: str | None
    service_sid: str | None
    body: str
    media: int
    status_callback: str | None
    validity_period: int | None
    send_at: datetime | None


def read_draft(params: Mapping[str, str], *, numbers: Collection[str]) -> Draft:
    """Check the parameters of a create call; parameters we do not know are accepted, as Twilio does.

    Args:
        params: the form as sent.
        numbers: the account's own senders; empty believes every well-formed one.

    Raises:
        ApiError: with Twilio's code for the first thing that is wrong.
    """
    to = params.get("To", "")
    if not to:
        raise ApiError(21604, "A 'To' phone number is required.")
    if not _E164.fullmatch(to):
        raise ApiError(21211, f"Invalid 'To' Phone Number: {to}")
    sender, service_sid = _read_sender(params, numbers)
    return Draft(
        to=to,
        sender=sender,
        service_sid=service_sid,
        body=_read_body(params),
        media=1 if params.get("MediaUrl") else 0,
        status_callback=_read_callback(params.get("StatusCallback", "")),
        validity_period=_read_validity(params.get("ValidityPeriod", "")),
        send_at=_read_schedule(params, service_sid),
    )


def _read_sender(params: Mapping[str, str], numbers: Collection[str]) -> tuple[str | None, str | None]:
    service_sid, sender = params.get("MessagingServiceSid", ""), params.get("From", "")
    if service_sid:
        if not _SERVICE.fullmatch(service_sid):
            raise ApiError(21701, f"The Messaging Service {service_sid} does not exist.", status=404)
        return None, service_sid
    if not sender:
        raise ApiError(21603, "A 'From' phone number is required.")
    if not _SENDER.fullmatch(sender):
        raise ApiError(21212, f"Invalid From Number (caller ID): {sender}")
    if numbers and sender not in numbers:
        raise ApiError(
            21606,
            f"The 'From' phone number {sender} is not a valid, SMS-capable inbound phone number or short code "
            "for your account.",
        )
    return sender, None


def _read_body(params: Mapping[str, str]) -> str:
    body = params.get("Body", "")
    if not body and not params.get("MediaUrl"):
        raise ApiError(21602, "Message body is required.")
    if len(body) > _LONGEST_BODY:
        raise ApiError(21617, "The concatenated message body exceeds the 1600 character limit.")
    return body


def _read_callback(url: str) -> str | None:
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.hostname or ""):
        raise ApiError(21609, f"The 'StatusCallback' URL {url} is not a valid URL.")
    return url


def _read_validity(text: str) -> int | None:
    if not text:
        return None
    if not text.isdigit() or not 1 <= int(text) <= _LONGEST_VALIDITY:
        raise ApiError(21624, f"The validity period {text} is out of range: 1 to {_LONGEST_VALIDITY} seconds.")
    return int(text)


def _read_schedule(params: Mapping[str, str], service_sid: str | None) -> datetime | None:
    if params.get("ScheduleType") != "fixed":
        return None
    if service_sid is None:
        raise ApiError(35118, "MessagingServiceSid is required to schedule a message")
    if not params.get("SendAt"):
        raise ApiError(35111, "SendAt timestamp is missing")
    soonest, latest = _SCHEDULE_WINDOW
    try:
        send_at = as_instant(params["SendAt"])
    except ValueError as error:
        raise ApiError(35114, "SendAt is not a timestamp") from error
    if not soonest < send_at - now() <= latest:
        raise ApiError(35114, "SendAt time must be between 300 seconds and 35 days in the future")
    return send_at
