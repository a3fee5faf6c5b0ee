"""Pages of long lists: a cursor says behind which row the next page begins, and to which question it belongs.

A cursor is opaque, not secret: it holds nothing that the rows of its page did not show, and opens nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from reminders.core.errors import NaiveDatetimeError
from reminders.core.instants import as_utc
from reminders.web.api.problem import Kind, ProblemError, Wrong
from reminders.web.pages import services_of

MOST, USUAL = 200, 50
LONGEST_CURSOR = 300
LONGEST_NUMBER = 18

Limit = Annotated[int, Query(ge=1, le=MOST, description=f"How many at most; {USUAL} unless told, never over {MOST}.")]
WORDS = "Where to go on: `next` of the page before, as it was given. With the same other parameters."
Cursor = Annotated[str | None, Query(alias="cursor", max_length=LONGEST_CURSOR, description=WORDS)]
After = Annotated[str | None, Query(alias="after", max_length=LONGEST_CURSOR, description=WORDS)]


@dataclass(frozen=True, slots=True)
class Pages:
    """Which page is asked for, and where the next one is named."""

    request: Request
    response: Response
    limit: int
    text: str | None
    """The cursor as it came."""

    def link(self, name: str, found: str | None) -> None:
        """Name the next page in a header too (RFC 8288); `name` is the parameter that takes the cursor."""
        if found is None:
            return
        kept = [(key, value) for key, value in self.request.query_params.multi_items() if key != name]
        base = services_of(self.request).facts.public_url.rstrip("/")
        query = urlencode([*kept, (name, found)])
        self.response.headers["Link"] = f'<{base}{self.request.scope["path"]}?{query}>; rel="next"'


def by_cursor(request: Request, response: Response, *, text: Cursor = None, limit: Limit = USUAL) -> Pages:
    """Read which page of a list is asked for."""
    return Pages(request, response, limit, text)


def by_feed(request: Request, response: Response, *, text: After = None, limit: Limit = USUAL) -> Pages:
    """Read which part of the feed is asked for."""
    return Pages(request, response, limit, text)


Paged = Annotated[Pages, Depends(by_cursor)]
Followed = Annotated[Pages, Depends(by_feed)]


def cursor(question: Sequence[str], *place: str) -> str:
    """Write where a page ended."""
    text = json.dumps([_sign(question), *place], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(text: str, question: Sequence[str], *, parts: int) -> list[str]:
    """Read a cursor. Raises ProblemError where it is none of ours, or belongs to another question."""
    try:
        found = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        found = None
    is_ours = isinstance(found, list) and len(found) == parts + 1 and all(isinstance(part, str) for part in found)
    if not is_ours or found[0] != _sign(question):
        raise _refused()
    return [str(part) for part in found[1:]]


def row_after(text: str | None, question: Sequence[str]) -> tuple[datetime, UUID] | None:
    """Read the instant and the id behind which a page begins; None for the first page."""
    if text is None:
        return None
    at, key = place_of(text, question, parts=2)
    try:
        return as_utc(datetime.fromisoformat(at)), UUID(key)
    except (ValueError, OverflowError, NaiveDatetimeError):
        raise _refused() from None


def number_after(text: str | None, question: Sequence[str]) -> int:
    """Read the number behind which a page begins; 0 for the first page."""
    if text is None:
        return 0
    (number,) = place_of(text, question, parts=1)
    if not number.isascii() or not number.isdecimal() or len(number) > LONGEST_NUMBER:
        raise _refused()
    return int(number)


def _sign(question: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(question)).encode()).hexdigest()[:12]


def _refused() -> ProblemError:
    text = "is no cursor of this list with these parameters"
    return ProblemError(Kind.INVALID_REQUEST, wrong=[Wrong(text, parameter="cursor")])
