"""Kinds of lines by Twilio Lookup (v2, line type intelligence). Each answer costs money: ask once and remember."""

from __future__ import annotations

import re
from functools import partial

import structlog

from reminders.adapters.twilio.line import OpenLine, TwilioLine
from reminders.adapters.twilio.passage import Passage
from reminders.ports import LineType

log = structlog.get_logger()

_NUMBERS = "https://lookups.twilio.com/v2/PhoneNumbers"
_E164 = re.compile(r"\+[1-9][0-9]{5,14}")
_CONNECT_SECONDS, _READ_SECONDS = 3.0, 5.0
_LINES = {
    "landline": LineType.LANDLINE,
    "mobile": LineType.MOBILE,
    "fixedVoip": LineType.OTHER,
    "nonFixedVoip": LineType.OTHER,
    "personal": LineType.OTHER,
    "tollFree": LineType.OTHER,
    "premium": LineType.OTHER,
    "sharedCost": LineType.OTHER,
    "uan": LineType.OTHER,
    "voicemail": LineType.OTHER,
    "pager": LineType.OTHER,
}
"""Twilio's words; "unknown", and a word that is new to us, say nothing."""


class TwilioLineLookup:
    """Asks over the line that texts leave by. No try is repeated."""

    def __init__(self, line: TwilioLine) -> None:
        """Ask over this line."""
        self._line = line

    def line_type(self, phone: str) -> LineType | None:
        """Return the kind of line of a number in E.164; None for any trouble, or where Twilio does not know."""
        if _E164.fullmatch(phone) is None:
            return None
        try:
            return self._line.run(partial(_ask, phone))
        except Exception as error:  # noqa: BLE001 - the port promises None: nothing depends on this answer
            log.warning("sms.lookup_failed", error=type(error).__name__)
            return None


async def _ask(phone: str, line: OpenLine) -> LineType | None:
    passage = Passage(_CONNECT_SECONDS, read_timeout=_READ_SECONDS)
    answer = await line.ask(f"{_NUMBERS}/{phone}", passage, Fields="line_type_intelligence")
    found = answer.get("line_type_intelligence")
    word = found.get("type") if isinstance(found, dict) else None
    return _LINES.get(word) if isinstance(word, str) else None
