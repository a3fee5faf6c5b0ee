"""The provider's record of text messages, in both directions."""

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from uuid import uuid4

from reminders.simulator.journal import Journal
from reminders.simulator.wall_clock import as_instant, now, rfc2822

API_VERSION = "2010-04-01"
FINAL_STATUSES = frozenset({"delivered", "undelivered", "failed", "canceled", "received"})
ERROR_MESSAGES = {
    21610: "Attempt to send to unsubscribed recipient",
    30003: "Unreachable destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30036: "Validity Period Expired",
}


@dataclass(slots=True)
class Message:
    """A text message as Twilio records it; instants are real UTC.

    `handset` is the number of the simulated phone it goes to or comes from, `position` a running number,
    `validity_period` is in seconds. `sender` is empty until a messaging service has chosen a number.
    """

    sid: str
    direction: str
    handset: str
    sender: str | None
    to: str
    body: str
    status: str
    segments: int
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None = None
    service_sid: str | None = None
    error_code: int | None = None
    media: int = 0
    status_callback: str | None = None
    validity_period: int | None = None
    position: int = 0

    @property
    def is_final(self) -> bool:
        """Whether its status no longer changes."""
        return self.status in FINAL_STATUSES

    @property
    def is_inbound(self) -> bool:
        """Whether it was typed on a phone."""
        return self.direction == "inbound"


def new_sid(prefix: str) -> str:
    """A fresh identifier as Twilio forms them: two letters and 32 hexadecimal digits."""
    return prefix + uuid4().hex


def resource(message: Message, account_sid: str) -> dict[str, object]:
    """The message as Twilio's API shows it."""
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{message.sid}"
    is_waiting_for_sender = message.service_sid is not None and message.sender is None
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": rfc2822(message.created_at),
        "date_sent": rfc2822(message.sent_at),
        "date_updated": rfc2822(message.updated_at),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": ERROR_MESSAGES.get(message.error_code) if message.error_code else None,
        "from": message.sender,
        "messaging_service_sid": message.service_sid,
        "num_media": str(message.media),
        "num_segments": "0" if is_waiting_for_sender else str(message.segments),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.to,
        "uri": f"{uri}.json",
    }


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list request asks for; both instants are inclusive."""

    to: str | None = None
    sender: str | None = None
    sent_from: datetime | None = None
    sent_until: datetime | None = None


class MessageLog:
    """The newest `keep` messages, found by identifier, by phone, or in order."""

    def __init__(self, *, keep: int, journal: Journal, list_lag: timedelta, is_queued_hidden: bool) -> None:
        self._keep = keep
        self._journal = journal
        self._list_lag = list_lag
        self._is_queued_hidden = is_queued_hidden
        self._by_sid: OrderedDict[str, Message] = OrderedDict()
        self._by_handset: dict[str, deque[Message]] = {}
        self._last_position = 0
        self.changes = 0

    def __len__(self) -> int:
        return len(self._by_sid)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._by_sid.values())

    def add(self, message: Message) -> None:
        """Record a new message, and drop the oldest beyond the limit."""
        self._insert(message)
        self._journal.write("message", {name: getattr(message, name) for name in _FIELDS})

    def get(self, sid: str) -> Message | None:
        """The message with this identifier, if it is kept."""
        return self._by_sid.get(sid)

    def advance(self, message: Message, status: str, error_code: int | None = None) -> None:
        """Give a message its next status."""
        message.status = status
        message.error_code = error_code
        message.updated_at = now()
        if status == "sent":
            message.sent_at = message.updated_at
        self.changes += 1
        event = {"sid": message.sid, "status": status, "error_code": error_code, "at": message.updated_at}
        self._journal.write("status", event)

    def redact(self, message: Message) -> None:
        """Forget the words of a message, keep the fact."""
        message.body = ""
        self.changes += 1
        self._journal.write("redact", {"sid": message.sid})

    def remove(self, sid: str) -> None:
        """Forget a message."""
        message = self._by_sid.pop(sid, None)
        if message is not None:
            self._by_handset[message.handset].remove(message)
            self.changes += 1
            self._journal.write("remove", {"sid": sid})

    def thread(self, handset: str) -> deque[Message]:
        """All messages of one phone, oldest first."""
        return self._by_handset.get(handset, deque())

    def handsets(self) -> list[str]:
        """The phones that have messages."""
        return [handset for handset, thread in self._by_handset.items() if thread]

    def search(self, wanted: Filter, *, below: int | None) -> Iterator[Message]:
        """Messages that lists show by now, newest first, older than the position `below` if given."""
        visible_until = now() - self._list_lag
        handset = next((number for number in (wanted.to, wanted.sender) if number in self._by_handset), None)
        pool = self._by_sid.values() if handset is None else self._by_handset[handset]
        for message in reversed(pool):
            is_next_page = below is None or message.position < below
            if is_next_page and message.created_at <= visible_until and self._matches(message, wanted):
                yield message

    def _matches(self, message: Message, wanted: Filter) -> bool:
        if wanted.to not in (None, message.to) or wanted.sender not in (None, message.sender):
            return False
        if wanted.sent_from is None and wanted.sent_until is None:
            return True
        # Whether Twilio's date filter finds messages not yet sent is not documented; both answers can be simulated.
        at = message.sent_at or (None if self._is_queued_hidden else message.created_at)
        if at is None:
            return False
        at = at.replace(microsecond=0)
        is_late_enough = wanted.sent_from is None or at >= wanted.sent_from
        return is_late_enough and (wanted.sent_until is None or at <= wanted.sent_until)

    def restore(self, kind: str, event: dict[str, object]) -> None:
        """Take in one event of an earlier run."""
        if kind == "message":
            self._insert(_message_from(event))
            return
        message = self._by_sid.get(str(event.get("sid")))
        if message is None:
            return
        if kind == "status":
            code = event["error_code"]
            message.status, message.error_code = str(event["status"]), code if isinstance(code, int) else None
            message.updated_at = as_instant(str(event["at"]))
            message.sent_at = message.updated_at if message.status == "sent" else message.sent_at
        elif kind == "redact":
            message.body = ""
        elif kind == "remove":
            self._by_handset[message.handset].remove(self._by_sid.pop(message.sid))

    def clear(self) -> None:
        """Forget everything; positions go on."""
        self._by_sid.clear()
        self._by_handset.clear()
        self.changes += 1

    def _insert(self, message: Message) -> None:
        self._last_position += 1
        message.position = self._last_position
        self._by_sid[message.sid] = message
        self._by_handset.setdefault(message.handset, deque()).append(message)
        if len(self._by_sid) > self._keep:
            _, oldest = self._by_sid.popitem(last=False)
            self._by_handset[oldest.handset].popleft()
        self.changes += 1


_INSTANTS = frozenset({"created_at", "updated_at", "sent_at"})
_FIELDS = tuple(field.name for field in fields(Message))


def _message_from(event: dict[str, object]) -> Message:
    values = {name: event[name] for name in _FIELDS if name in event}
    for name in _INSTANTS:
        if values.get(name):
            values[name] = as_instant(str(values[name]))
    return Message(**values)  # type: ignore[arg-type]  # our own journal lines, written from this dataclass
