"""Text messages by Twilio. The two clocks: `start_by` is monotonic, everything that Twilio dates is Twilio's time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from reminders.adapters.twilio.calls import Batch, Call
from reminders.adapters.twilio.error_codes import reason
from reminders.adapters.twilio.line import REAL_TWILIO, OpenLine, TwilioConfig, TwilioLine
from reminders.adapters.twilio.outcomes import refused, taken
from reminders.adapters.twilio.passage import Passage, RefusedError, UnreadableError
from reminders.adapters.twilio.protocol import CALLBACK_POLICY, MESSAGE_SID, status_of
from reminders.core.clock_sanity import MOST_DATABASE_SKEW, MOST_PROVIDER_SKEW
from reminders.core.delivery import Absent, Blame, Outcome, ReceiptStatus
from reminders.failpoints import Failpoint, reach
from reminders.ports import Clock, OutgoingText, Report, Sighting

if TYPE_CHECKING:
    from twilio.rest.api.v2010.account.message import MessageInstance

__all__ = ["TwilioConfig", "TwilioSmsGateway"]
T = TypeVar("T")
log = structlog.get_logger()

_LONGEST_VALIDITY = 36_000
_LEAST_CONNECT_TIMEOUT = 0.05
_LOOK_BACK = MOST_PROVIDER_SKEW + MOST_DATABASE_SKEW + timedelta(seconds=5)
"""Twilio dates messages by whole seconds of its own clock, which may be behind ours by what still lets us send."""
_PAGE_SIZE, _MOST_PAGES = 100, 10
_TRIAL_PREFIX = "Sent from your Twilio trial account - "
"""What Twilio puts before each text of a trial account."""
_LAST_PATIENCE_SECONDS = 2.0
_TICK_SECONDS = 0.0015


class TwilioSmsGateway:
    """Sends many texts at a time over one line, which opens with the first call of a process.

    `line` may be shared with whoever else asks Twilio something.
    """

    def __init__(self, config: TwilioConfig, clock: Clock) -> None:
        """Open nothing yet: the process may still fork."""
        self.line = TwilioLine(config, clock)
        self._config = config
        self._clock = clock
        self._messages_url = f"{REAL_TWILIO}/2010-04-01/Accounts/{config.account_sid}/Messages.json"
        by_service = config.messaging_service_sid
        self._sender = {"MessagingServiceSid": by_service} if by_service else {"From": config.sender}

    @property
    def skew(self) -> timedelta | None:
        """How far Twilio's clock was ahead of this machine's at the last answer, to a second; None before."""
        return self.line.skew

    def send_many(self, texts: Sequence[OutgoingText], report: Report) -> None:
        """Call Twilio for each text, concurrently; return when every outcome has been reported, each exactly once."""
        if not texts:
            return
        batch = Batch(texts, report, self._clock.monotonic)
        patience = 0.0
        try:
            self.line.run(partial(self._send_all, batch))
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

    def load(self) -> None:
        """Import what the first text would else wait for; nothing is opened."""
        self.line.load()

    def close(self) -> None:
        """Cancel what runs and close the line; the next call opens a new one."""
        self.line.close()

    def _look(self, work: Callable[[OpenLine], Coroutine[Any, Any, T]]) -> T | None:
        try:
            return self.line.run(work)
        except Exception as error:  # noqa: BLE001 - the port promises None: a failed look is no evidence of anything
            log.warning("sms.look_failed", error=type(error).__name__)
            return None

    async def _send_all(self, batch: Batch, line: OpenLine) -> None:
        await asyncio.gather(*(self._send(call, batch, line) for call in batch.calls))

    async def _send(self, call: Call, batch: Batch, line: OpenLine) -> None:
        try:
            await self._time_of(call.text)
            async with line.slots:
                outcome = await self._create(call, line)
        except asyncio.CancelledError:
            batch.settle(call, call.cut_short("cancelled"))
            raise
        except Exception as error:  # noqa: BLE001 - any fault of any layer below; how far the request came decides
            outcome = call.cut_short(type(error).__name__)
        batch.settle(call, outcome)

    async def _time_of(self, text: OutgoingText) -> None:
        """Wait until its call may begin. A timer of the loop may be a millisecond early: it waits a tick more."""
        left = text.start_at - self._clock.monotonic()
        if left > 0:
            await asyncio.sleep(left + _TICK_SECONDS)

    async def _create(self, call: Call, line: OpenLine) -> Outcome:
        text, config = call.text, self._config
        left = text.start_by - self._clock.monotonic()
        if left < 0:
            return Absent("not started in time", blame=Blame.MESSAGE)
        connect_timeout = max(_LEAST_CONNECT_TIMEOUT, min(config.connect_timeout, left))
        form = {
            "To": text.to,
            "Body": text.body,
            "StatusCallback": f"{config.status_callback_base}{text.tag}{CALLBACK_POLICY}",
            "ValidityPeriod": min(max(int(text.validity.total_seconds()), 1), _LONGEST_VALIDITY),
            **self._sender,
        }
        try:
            message = await line.tell(self._messages_url, Passage(connect_timeout, call.leave), form)
        except RefusedError as error:
            reach(Failpoint.CALL_ANSWERED)
            return refused(error, now=self._clock.machine_now())
        reach(Failpoint.CALL_ANSWERED)
        return taken(message.get("sid"), message.get("status"))

    async def _find(self, to: str, body: str, since: datetime, line: OpenLine) -> Sequence[Sighting] | None:
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

    async def _fetch(self, provider_id: str, line: OpenLine) -> Sighting:
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
    code = str(message.error_code) if message.error_code else None
    status = status_of(word) or ReceiptStatus.QUEUED
    return Sighting(sid, status, word, _created_at(message), code, reason(code) if code else None)
