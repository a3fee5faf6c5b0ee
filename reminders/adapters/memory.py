"""Every port in memory: for tests, and for dry runs in which nothing may leave the machine."""

from __future__ import annotations

import random
from base64 import urlsafe_b64encode
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from reminders.core.delivery import Absent, Accepted, Blame, Outcome, ReceiptStatus, Refusal, Unknown
from reminders.core.errors import ForgedHookError, ScheduleError
from reminders.core.examination.facts import SenderReport
from reminders.core.ids import AttemptTag
from reminders.core.pacing import WITHOUT_BROKER, Bucket, Grant, Pace, take
from reminders.ports import (
    Clock,
    InboundText,
    Job,
    LineType,
    OutgoingMail,
    OutgoingText,
    Receipt,
    Report,
    ScheduleReading,
    Sighting,
)


class MemoryClock:
    """A clock that moves only when told to: both times and the monotonic one move together."""

    def __init__(self, now: datetime, *, machine_now: datetime | None = None, speed: float = 1.0) -> None:
        """Stand at `now`; the machine's time is the same unless given."""
        self._now = now
        self._machine_now = machine_now or now
        self._monotonic = 0.0
        self._speed = speed
        self.skew = timedelta(0)

    @property
    def speed(self) -> float:
        """How many seconds of clinic time pass in one of machine time."""
        return self._speed

    def now(self) -> datetime:
        """Return the clinic's time."""
        return self._now

    def machine_now(self) -> datetime:
        """Return the machine's time."""
        return self._machine_now

    def skew_from(self, other: datetime) -> timedelta:  # noqa: ARG002 - this time is made up, and so is its skew
        """Return `skew`, whatever others say: assign it to let the clocks disagree."""
        return self.skew

    def monotonic(self) -> float:
        """Return the machine's seconds since the clock was made."""
        return self._monotonic

    def advance(self, clinic_time: timedelta) -> None:
        """Let so much clinic time pass, and machine time at its speed."""
        self._now += clinic_time
        self._machine_now += clinic_time / self._speed
        self._monotonic += clinic_time.total_seconds() / self._speed

    def set(self, now: datetime) -> None:
        """Let clinic time pass until `now`; back, if need be, without the machine's time going back."""
        if now >= self._now:
            self.advance(now - self._now)
        else:
            self._now = now

    def sleep_until(self, at: datetime, *, at_most: timedelta, wake: Callable[[float], bool]) -> None:
        """Ask `wake` once without waiting, then let the time pass at once."""
        if at > self._now and not wake(0.0):
            self.advance(min(at - self._now, at_most * self._speed))


class MemoryIdentity:
    """Ids, tags and tokens that are the same for the same seed, and all different within one identity."""

    def __init__(self, seed: int = 0) -> None:
        """Start from a seed."""
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose; never used where guessing matters
        self._count = 0

    def new_id(self) -> UUID:
        """Return an id that sorts after all before."""
        self._count += 1
        return UUID(int=(self._count << 80) | (7 << 76) | (2 << 62) | self._random.getrandbits(62))

    def new_tag(self) -> AttemptTag:
        """Return an id in the form of version 4."""
        return AttemptTag(UUID(int=self._random.getrandbits(128), version=4))

    def new_token(self) -> str:
        """Return 32 characters that are safe in a URL."""
        return urlsafe_b64encode(self._random.randbytes(24)).decode()

    def jitter(self) -> float:
        """Return a number in [0, 1)."""
        return self._random.random()


class MemoryPacer:
    """Counts in this process alone. While `is_gone`, nobody can count."""

    def __init__(self, clock: Clock) -> None:
        """Begin with buckets half full, as whoever may have forgotten the last burst."""
        self.is_gone = False
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def take(self, pool: str, sizes: Sequence[int], pace: Pace) -> Grant | None:
        """Let as many leave as there are tokens for."""
        if self.is_gone:
            return None
        machine_now = self._clock.machine_now()
        bucket = self._buckets.get(pool) or Bucket(pace.burst * WITHOUT_BROKER, machine_now)
        self._buckets[pool], grant = take(bucket, sizes, pace, machine_now=machine_now)
        return grant


class MemoryScheduleSource:
    """A schedule as somebody set it."""

    def __init__(self, reading: ScheduleReading, name: str = "memory") -> None:
        """Hold a reading; assign another to `reading` when the schedule changes, or an error to be raised."""
        self.reading: ScheduleReading | ScheduleError = reading
        self._name = name

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._name

    def fetch(self) -> ScheduleReading:
        """Return the reading, or raise the error."""
        if isinstance(self.reading, ScheduleError):
            raise self.reading
        return self.reading


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider in memory does with one item: what it reports, and whether the item arrived after all."""

    outcome: Outcome | None
    has_arrived: bool


class _Script:
    """Answers prepared for the next items to an address, or to anyone."""

    def __init__(self) -> None:
        self._by_address: defaultdict[str, deque[Answer]] = defaultdict(deque)
        self._for_anyone: deque[Answer] = deque()

    def add(self, outcome: Outcome, to: str | None, *, has_arrived: bool | None) -> None:
        arrived = isinstance(outcome, Accepted) if has_arrived is None else has_arrived
        (self._for_anyone if to is None else self._by_address[to]).append(Answer(outcome, arrived))

    def next(self, to: str) -> Answer:
        for answers in (self._by_address[to], self._for_anyone):
            if answers:
                return answers.popleft()
        return Answer(None, has_arrived=True)


@dataclass(frozen=True, slots=True)
class SentText:
    """A text that reached the provider in memory; `at` is the clock's machine time."""

    text: OutgoingText
    provider_id: str
    at: datetime
    status: ReceiptStatus = ReceiptStatus.QUEUED


class MemorySmsGateway:
    """A provider of text messages that delivers to nobody.

    `calls` are all texts it was asked to send, `sent` those that arrived. While `is_blind`, looks fail. `ahead` is how
    far its clock is ahead of ours, as its next answer will show.
    """

    def __init__(self, clock: Clock) -> None:
        """Accept everything until told otherwise."""
        self.calls: list[OutgoingText] = []
        self.sent: list[SentText] = []
        self.is_blind = False
        self.ahead = timedelta(0)
        self.skew: timedelta | None = None
        self._clock = clock
        self._script = _Script()

    def answer_next(self, outcome: Outcome, *, to: str | None = None, has_arrived: bool | None = None) -> None:
        """Prepare the outcome of the next text (to this number). Only accepted ones arrive, unless said otherwise."""
        self._script.add(outcome, to, has_arrived=has_arrived)

    def report_status(self, provider_id: str, status: ReceiptStatus) -> None:
        """Let the provider's list show another status."""
        self.sent = [replace(sent, status=status) if sent.provider_id == provider_id else sent for sent in self.sent]

    def forget(self, provider_id: str) -> None:
        """Let the provider's list show a text no more."""
        self.sent = [sent for sent in self.sent if sent.provider_id != provider_id]

    def send_many(self, texts: Sequence[OutgoingText], report: Report) -> None:
        """Report what was prepared for each text, or accept it."""
        for text in texts:
            report(text.tag, self._send(text))

    def _send(self, text: OutgoingText) -> Outcome:
        if self._clock.monotonic() > text.start_by:
            return Absent("not started in time", blame=Blame.MESSAGE)
        self.calls.append(text)
        waits = timedelta(seconds=max(0.0, text.start_at - self._clock.monotonic()))
        answer = self._script.next(text.to)
        provider_id = f"SM{len(self.calls):032x}"
        if isinstance(answer.outcome, Accepted):
            provider_id = answer.outcome.provider_id
        if answer.has_arrived:
            self.sent.append(SentText(text, provider_id, self._clock.machine_now() + waits))
        if not isinstance(answer.outcome, Unknown):
            self.skew = self.ahead
        return answer.outcome or Accepted(provider_id, ReceiptStatus.QUEUED.value)

    def find(self, to: str, body: str, *, since: datetime) -> Sequence[Sighting] | None:
        """Look through what arrived, newest first."""
        if self.is_blind:
            return None
        self.skew = self.ahead
        return [
            _sighting(sent)
            for sent in reversed(self.sent)
            if sent.text.to == to and sent.text.body == body and sent.at >= since
        ]

    def fetch(self, provider_id: str) -> Sighting | None:
        """Look at one message."""
        if self.is_blind:
            return None
        self.skew = self.ahead
        return next((_sighting(sent) for sent in self.sent if sent.provider_id == provider_id), None)


def _sighting(sent: SentText) -> Sighting:
    return Sighting(sent.provider_id, sent.status, sent.status.value, sent.at)


class MemoryLineLookup:
    """Knows the lines it was told of. `asked` are the numbers in order; while `is_gone`, nobody can say."""

    def __init__(self, lines: Mapping[str, LineType] | None = None) -> None:
        """Know these lines; add more to `lines`."""
        self.lines = dict(lines or {})
        self.asked: list[str] = []
        self.is_gone = False

    def line_type(self, phone: str) -> LineType | None:
        """Return what it was told."""
        self.asked.append(phone)
        return None if self.is_gone else self.lines.get(phone)


class MemorySenderInspection:
    """Says of us what it was told: a sender in good order, until another `report` is assigned."""

    def __init__(self, report: SenderReport | None = None) -> None:
        """Hold a report."""
        self.report = report or SenderReport(
            is_reached=True, has_good_credentials=True, account_status="active", is_ours=True, can_text=True
        )

    def inspect(self) -> SenderReport:
        """Return the report."""
        return self.report


class MemoryEmailGateway:
    """A mail server that keeps everything to itself: `calls` are what it was asked, `sent` what it took."""

    def __init__(self, clock: Clock) -> None:
        """Accept everything until told otherwise."""
        self.calls: list[OutgoingMail] = []
        self.sent: list[OutgoingMail] = []
        self._clock = clock
        self._script = _Script()

    def answer_next(self, outcome: Outcome, *, to: str | None = None, has_arrived: bool | None = None) -> None:
        """Prepare the outcome of the next mail (to this address). Only accepted ones arrive, unless said otherwise."""
        self._script.add(outcome, to, has_arrived=has_arrived)

    def send_many(self, mails: Sequence[OutgoingMail], report: Report) -> None:
        """Report what was prepared for each mail, or accept it."""
        for mail in mails:
            report(mail.tag, self._send(mail))

    def _send(self, mail: OutgoingMail) -> Outcome:
        if self._clock.monotonic() > mail.start_by:
            return Absent("not started in time")
        self.calls.append(mail)
        answer = self._script.next(mail.to)
        if answer.has_arrived:
            self.sent.append(mail)
        return answer.outcome or Accepted(f"{mail.message_id.strip('<>')}/{mail.tag.hex[:12]}", "250")


class MemorySmsHooks:
    """Callbacks of a provider in memory: forms with our own field names, signed with the secret itself.

    `form_of_text` and `form_of_receipt` are the provider's side: they return a body and its signature.
    """

    def __init__(self, secret: str) -> None:
        """Take callbacks that carry this secret; none at all where it is empty."""
        self._secret = secret

    def form_of_text(self, text: InboundText) -> tuple[bytes, str]:
        """Return the callback that brings a text."""
        fields = {
            "provider_id": text.provider_id,
            "sender": text.sender,
            "to": text.to,
            "body": text.body,
            "media_count": text.media_count,
            "opt_out_type": text.opt_out_type or "",
        }
        return urlencode(fields).encode(), self._secret

    def form_of_receipt(self, receipt: Receipt) -> tuple[bytes, str]:
        """Return the callback that brings a receipt."""
        fields = {
            "provider_id": receipt.provider_id,
            "provider_status": receipt.provider_status,
            "error_code": receipt.error_code or "",
            "refusal": receipt.refusal.value if receipt.refusal else "",
        }
        return urlencode(fields).encode(), self._secret

    def read_text(self, path: str, body: bytes, signature: str | None) -> InboundText:
        """Read an inbound text. Raises ForgedHookError."""
        fields = self._genuine(path, body, signature, {"provider_id", "sender", "to", "body", "media_count"})
        return InboundText(
            provider_id=fields["provider_id"],
            sender=fields["sender"],
            to=fields["to"],
            body=fields["body"],
            media_count=int(fields["media_count"]),
            opt_out_type=fields.get("opt_out_type") or None,
        )

    def read_receipt(self, path: str, body: bytes, signature: str | None) -> Receipt:
        """Read a delivery report. Raises ForgedHookError."""
        fields = self._genuine(path, body, signature, {"provider_id", "provider_status"})
        word = fields["provider_status"]
        status = ReceiptStatus(word) if word in set(ReceiptStatus) else None
        refusal = Refusal(fields["refusal"]) if fields.get("refusal") else None
        return Receipt(fields["provider_id"], status, word, fields.get("error_code") or None, refusal)

    def _genuine(self, path: str, body: bytes, signature: str | None, required: set[str]) -> dict[str, str]:
        if not self._secret or signature != self._secret:
            raise ForgedHookError(f"the signature is wrong or missing on {path}")
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
        except ValueError as error:
            raise ForgedHookError("the body is not a form") from error
        fields = dict(pairs)
        is_whole = len(fields) == len(pairs) and required <= fields.keys()
        if not is_whole or not fields.get("media_count", "0").isdigit():
            raise ForgedHookError("a field is missing, double or malformed")
        return fields


class MemoryJobQueue:
    """Hints in the order they came, the newest ten thousand: enough for every test, and bounded where nobody reads."""

    def __init__(self) -> None:
        """Start empty."""
        self.hints: deque[Job] = deque(maxlen=10_000)

    def hint(self, jobs: Iterable[Job]) -> None:
        """Keep the hints."""
        self.hints.extend(jobs)

    def take(self) -> tuple[Job, ...]:
        """Return the hints so far and forget them."""
        taken = tuple(self.hints)
        self.hints.clear()
        return taken
