"""What an answer of Twilio's means for a text, in the product's words (reliability table of outcomes).

Nothing here repeats the provider's own words: they can hold phone numbers.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus

from reminders.adapters.twilio.error_codes import classify
from reminders.adapters.twilio.passage import RefusedError
from reminders.adapters.twilio.protocol import MESSAGE_SID, http_date
from reminders.core.delivery import Absent, Accepted, Blame, Outcome, Refusal, Rejected, Unknown

_SERVER_FAULTS = 500
_CLIENT_FAULTS = 400
_LONGEST_WAIT = timedelta(hours=1)
_WRONG_SET_UP = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
    }
)
"""Statuses about who calls and where, not about this message."""
_NOT_TAKEN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})
"""Statuses that say the request was not worked on (RFC 9110, RFC 8470); as 429 does (RFC 6585)."""


def taken(sid: str | None, status: str | None) -> Outcome:
    """Return the outcome of a success."""
    if sid is None or MESSAGE_SID.fullmatch(sid) is None:
        return Unknown("a success without a message id")
    return Accepted(sid, str(status or ""))


def refused(error: RefusedError, *, now: datetime) -> Outcome:
    """Return the outcome of an answer that is no success. `now` is machine time, for a wait given as a date."""
    known = classify(error.code)
    detail = f"HTTP {error.status}" + (f", code {error.code}: {known.meaning}" if error.code else "")
    # A redirect or a fault of the server proves nothing, whatever code comes with it (error_codes.toml on 20503).
    if not _CLIENT_FAULTS <= error.status < _SERVER_FAULTS:
        return Unknown(detail)
    if error.status == HTTPStatus.TOO_MANY_REQUESTS:
        # Twilio on 20429: "requests that receive 429 responses aren't processed and are safe to retry".
        return Absent(detail, retry_after=wait(error.retry_after, now=now), blame=Blame.LIMIT)
    match known.kind:
        case Refusal.CONFIGURATION:
            return Absent(detail, blame=Blame.CONFIGURATION)
        case Refusal.TRANSIENT:
            return Absent(detail, retry_after=wait(error.retry_after, now=now), blame=known.blame)
        case Refusal.UNLISTED:
            return _by_status(error, detail, now=now)
        case final:
            return Rejected(final, error.code, detail)


def _by_status(error: RefusedError, detail: str, *, now: datetime) -> Outcome:
    if error.status in _WRONG_SET_UP:
        return Absent(detail, blame=Blame.CONFIGURATION)
    if error.status in _NOT_TAKEN:
        return Absent(detail, retry_after=wait(error.retry_after, now=now))
    return Rejected(Refusal.UNLISTED, error.code or f"http {error.status}", detail)


def wait(retry_after: str | None, *, now: datetime) -> timedelta | None:
    """Read a Retry-After header, seconds or a date (RFC 9110, 10.2.3): at most an hour, None for nonsense."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), _LONGEST_WAIT.total_seconds()))
    at = http_date(text)
    return None if at is None else min(max(at - now, timedelta(0)), _LONGEST_WAIT)
