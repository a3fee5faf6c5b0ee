"""Text messages by Twilio. The two clocks: `start_by` is monotonic, everything that Twilio dates is Twilio's time."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from reminders.adapters.twilio.calls import Batch, Call
from reminders.adapters.twilio.loop_thread import LoopThread
from reminders.adapters.twilio.outcomes import refused, taken
from reminders.adapters.twilio.passage import Passage, RefusedError, UnreadableError, passing
from reminders.adapters.twilio.protocol import CALLBACK_POLICY, MESSAGE_SID, status_of
from reminders.core.delivery import Absent, Blame, Outcome, ReceiptStatus
from reminders.core.errors import SettingsError
from reminders.ports import Clock, OutgoingText, Report, Sighting

if TYPE_CHECKING:
    from twilio.rest import Client
    from twilio.rest.api.v2010.account.message import MessageInstance

    from reminders.adapters.twilio.wire import Wire

REAL_TWILIO = "https://api.twilio.com"
T = TypeVar("T")
log = structlog.get_logger()

_LONGEST_VALIDITY = 36_000
_LEAST_CONNECT_TIMEOUT = 0.05
_CONNECTIONS_FOR_LOOKS = 4
_LOOK_BACK = timedelta(seconds=5)
"""Twilio dates messages by whole seconds of its own clock."""
_PAGE_SIZE, _MOST_PAGES = 100, 10
_TRIAL_PREFIX = "Sent from your Twilio trial account - "
"""What Twilio puts before each text of a trial account."""
_HEARTBEAT_SECONDS = 1.0
_LAST_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class TwilioConfig:
    """One account and one sender. `status_callback_base` is a public address that ends where the attempt's tag follows.

    Credentials are an API key with its secret, or the account's auth token. Timeouts are seconds.
    """

    account_sid: str
    status_callback_base: str
    api_key: str | None = None
    api_secret: str | None = field(default=None, repr=False)
    auth_token: str | None = field(default=None, repr=False)
    sender: str | None = None
    messaging_service_sid: str | None = None
    base_url: str = REAL_TWILIO
    connect_timeout: float = 3.0
    read_timeout: float = 10.0
    concurrency: int = 32

    def __post_init__(self) -> None:
        """Raise SettingsError where credentials or a sender are missing."""
        faults = []
        if not self.auth_token and not (self.api_key and self.api_secret):
            faults.append(
                "REMINDERS_TWILIO_API_KEY and _API_SECRET, or REMINDERS_TWILIO_AUTH_TOKEN: needed to call Twilio"
            )
        if not self.sender and not self.messaging_service_sid:
            faults.append("REMINDERS_TWILIO_FROM or REMINDERS_TWILIO_MESSAGING_SERVICE_SID: needed to send texts")
        if faults:
            raise SettingsError(faults)

    @property
    def credentials(self) -> tuple[str, str]:
        """User name and password of each call; a key is preferred, because it can be revoked alone."""
        if self.api_key and self.api_secret:
            return self.api_key, self.api_secret
        return self.account_sid, self.auth_token or ""


@dataclass(frozen=True, slots=True)
class _Line:
    """An open line to Twilio: everything that belongs to one event loop of one process."""

    pid: int
    thread: LoopThread
    wire: Wire
    client: Client
    slots: asyncio.Semaphore

    @property
    def is_usable(self) -> bool:
        return self.pid == os.getpid() and self.thread.is_alive


class TwilioSmsGateway:
    """Sends many texts at a time from one background thread, which starts with the first call of a process."""

    def __init__(self, config: TwilioConfig, clock: Clock) -> None:
        """Open nothing yet: the process may still fork."""
        self._config = config
        self._clock = clock
        self._lock = threading.Lock()
        self._open_line: _Line | None = None
        self.skew: timedelta | None = None
        self._inherited: list[_Line] = []

    def send_many(self, texts: Sequence[OutgoingText], report: Report) -> None:
        """Call Twilio for each text, concurrently; return when every outcome has been reported, each exactly once."""
        if not texts:
            return
        batch = Batch(texts, report)
        patience = 0.0
        try:
            self._run(partial(self._send_all, batch))
        except Exception as error:  # noqa: BLE001 - whatever broke, each text is owed its report
            log.warning("sms.batch_failed", error=type(error).__name__)
        except BaseException:
            patience = _LAST_PATIENCE_SECONDS
            raise
        finally:
            batch.settle_rest(patience=patience)
        if batch.fault is not None:
            raise batch.fault

    def find(self, to: str, body: str, *, since: datetime) -> Sequence[Sighting] | None:
        """Look through Twilio's list, newest first. None where that failed or the list did not end in time."""
        return self._look(partial(self._find, to, body, since - _LOOK_BACK))

    def fetch(self, provider_id: str) -> Sighting | None:
        """Look at one message; None where the look failed."""
        if MESSAGE_SID.fullmatch(provider_id) is None:
            return None
        return self._look(partial(self._fetch, provider_id))

    def close(self) -> None:
        """Cancel what runs and close the line; the next call opens a new one."""
        with self._lock:
            line, self._open_line = self._open_line, None
        if line is None or not line.is_usable:
            return
        line.thread.close(line.wire.close)

    def _line(self) -> _Line:
        with self._lock:
            if self._open_line is None or not self._open_line.is_usable:
                if self._open_line is not None:
                    # After a fork its sockets are the parent's: kept, so that nothing here closes them.
                    self._inherited.append(self._open_line)
                self._open_line = self._open()
            return self._open_line

    @staticmethod
    def load() -> None:
        """Import what a line needs: half a second that a worker spends ahead, not between an intent and its call."""
        from twilio.rest.api.v2010.account import message  # noqa: F401, PLC0415 - else twilio-python imports it on our loop

        import reminders.adapters.twilio.wire  # noqa: F401, PLC0415 - a process that sends nothing need not spend it

    def _open(self) -> _Line:
        self.load()
        from twilio.rest import Client  # noqa: PLC0415 - as in load

        from reminders.adapters.twilio.wire import Wire  # noqa: PLC0415 - as in load

        config = self._config

        async def connect() -> _Line:
            wire = Wire(
                config.base_url,
                connections=config.concurrency + _CONNECTIONS_FOR_LOOKS,
                connect_timeout=config.connect_timeout,
                read_timeout=config.read_timeout,
            )
            # With no environment given, the client would read the real one.
            nothing = {"TWILIO_EDGE": ""}
            client = Client(*config.credentials, config.account_sid, http_client=wire, environment=nothing)
            return _Line(os.getpid(), thread, wire, client, asyncio.Semaphore(config.concurrency))

        thread = LoopThread("twilio")
        return thread.submit(connect()).result(config.read_timeout)

    def _run(self, work: Callable[[_Line], Coroutine[Any, Any, T]]) -> T:
        line = self._line()
        future: Future[T] = line.thread.submit(work(line))
        try:
            while line.is_usable and not wait([future], timeout=_HEARTBEAT_SECONDS).done:
                pass
            return future.result(timeout=0)  # TimeoutError where the thread has died
        except BaseException:
            future.cancel()
            raise

    def _look(self, work: Callable[[_Line], Coroutine[Any, Any, T]]) -> T | None:
        try:
            return self._run(work)
        except Exception as error:  # noqa: BLE001 - the port promises None: a failed look is no evidence of anything
            log.warning("sms.look_failed", error=type(error).__name__)
            return None

    async def _send_all(self, batch: Batch, line: _Line) -> None:
        await asyncio.gather(*(self._send(call, batch, line) for call in batch.calls))

    async def _send(self, call: Call, batch: Batch, line: _Line) -> None:
        try:
            async with line.slots:
                outcome = await self._create(call, line)
        except asyncio.CancelledError:
            batch.settle(call, call.cut_short("cancelled"))
            raise
        except Exception as error:  # noqa: BLE001 - any fault of any layer below; how far the request came decides
            outcome = call.cut_short(type(error).__name__)
        batch.settle(call, outcome)

    async def _create(self, call: Call, line: _Line) -> Outcome:
        text, config = call.text, self._config
        left = text.start_by - self._clock.monotonic()
        if left < 0:
            return Absent("not started in time", blame=Blame.MESSAGE)
        connect_timeout = max(_LEAST_CONNECT_TIMEOUT, min(config.connect_timeout, left))
        sender = (
            {"messaging_service_sid": config.messaging_service_sid}
            if config.messaging_service_sid
            else {"from_": config.sender}
        )
        with passing(Passage(connect_timeout, call.leave)):
            try:
                message = await line.client.messages.create_async(
                    to=text.to,
                    body=text.body,
                    status_callback=f"{config.status_callback_base}{text.tag}{CALLBACK_POLICY}",
                    validity_period=min(max(int(text.validity.total_seconds()), 1), _LONGEST_VALIDITY),
                    **sender,
                )
            except RefusedError as error:
                return refused(error, now=self._clock.machine_now())
        return taken(message.sid, message.status)

    async def _find(self, to: str, body: str, since: datetime, line: _Line) -> Sequence[Sighting] | None:
        found: list[Sighting] = []
        # No DateSent filter: it is not known whether that hides texts which are still queued.
        page = await line.client.messages.page_async(to=to, page_size=_PAGE_SIZE)
        for _ in range(_MOST_PAGES):
            for message in page:
                created_at = _created_at(message)
                if created_at < since:
                    return found
                if message.to == to and message.body in {body, _TRIAL_PREFIX + body}:
                    found.append(_sighting(message))
            if page.next_page_url is None:
                return found
            page = await line.client.messages.get_page_async(page.next_page_url)
        return found or None

    async def _fetch(self, provider_id: str, line: _Line) -> Sighting:
        return _sighting(await line.client.messages(provider_id).fetch_async())


def _created_at(message: MessageInstance) -> datetime:
    at = message.date_created
    if not isinstance(at, datetime):
        raise UnreadableError("a message without a date")
    return at


def _sighting(message: MessageInstance) -> Sighting:
    sid, word = str(message.sid), str(message.status)
    if MESSAGE_SID.fullmatch(sid) is None:
        raise UnreadableError("a message without an id")
    # A status that is new to us proves at least that the message is there.
    return Sighting(sid, status_of(word) or ReceiptStatus.QUEUED, word, _created_at(message))
