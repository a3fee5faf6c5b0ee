"""Carries accepted messages to the phones, and reports each step to the address the sender gave."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminders.simulator.errands import Errands
from reminders.simulator.faults import CALLBACK_FAULTS, DELIVERY_FAULTS, ORDER_FAULTS, Faults
from reminders.simulator.lines import Lines
from reminders.simulator.messages import API_VERSION, Message, MessageLog
from reminders.simulator.wall_clock import now
from reminders.simulator.webhooks import Webhooks

_LANDLINE = ("undelivered", 30006)
_OPTED_OUT = ("failed", 21610)
_FAULTY_ENDS = {
    "undelivered": ("undelivered", 30003),
    "failed": ("failed", 30008),
    "expired": ("failed", 30036),
    "filtered": ("undelivered", 30007),
}


@dataclass(frozen=True, slots=True)
class _Report:
    """One status callback as it is to be posted; the words of the moment, for the message moves on."""

    url: str
    params: dict[str, str]
    key: str


class Carrier:
    """Moves messages on with small delays; a landline, an opted-out phone or a fault ends them early."""

    def __init__(
        self,
        *,
        account_sid: str,
        log: MessageLog,
        faults: Faults,
        webhooks: Webhooks,
        errands: Errands,
        delivery_time: timedelta,
        pool_number: str,
        lines: Lines,
    ) -> None:
        self._account_sid = account_sid
        self._log = log
        self._faults = faults
        self._webhooks = webhooks
        self._errands = errands
        self._pause = delivery_time.total_seconds() / 3
        self._pool_number = pool_number
        self._lines = lines

    def take(self, message: Message, *, is_opted_out: bool, send_at: datetime | None = None) -> None:
        """Start a message on its way, at `send_at` if it is scheduled."""
        self._errands.start(self._carry(message, is_opted_out=is_opted_out, send_at=send_at))

    def cancel(self, message: Message) -> None:
        """Stop a scheduled message and say so."""
        self._log.advance(message, "canceled")
        report = self._report(message)
        if report is not None:
            self._errands.start(self._tell(report))

    async def _carry(self, message: Message, *, is_opted_out: bool, send_at: datetime | None) -> None:
        if send_at is not None:
            await asyncio.sleep((send_at - now()).total_seconds())
            if message.is_final:
                return
        is_reversed = self._faults.draw(ORDER_FAULTS, f"order {message.position}") is not None
        reports: list[_Report] = []
        for status, error_code in self._route(message, is_opted_out=is_opted_out):
            await asyncio.sleep(self._pause)
            if status == "sending" and message.sender is None:
                message.sender = self._pool_number
            self._log.advance(message, status, error_code)
            report = self._report(message)
            if report is None:
                continue
            if is_reversed:
                reports.append(report)
            else:
                self._errands.start(self._tell(report))
        for report in reversed(reports):
            await self._tell(report)

    def _route(self, message: Message, *, is_opted_out: bool) -> list[tuple[str, int | None]]:
        # The status that the create call answered with is never called back.
        queued: list[tuple[str, int | None]] = [("queued", None)] if message.service_sid else []
        if is_opted_out:
            return [_OPTED_OUT]
        if self._lines.is_landline(message.to):
            return [*queued, ("sending", None), ("sent", None), _LANDLINE]
        fault = self._faults.draw(DELIVERY_FAULTS, f"delivery {message.position}")
        if fault is None:
            return [*queued, ("sending", None), ("sent", None), ("delivered", None)]
        status, code = _FAULTY_ENDS[fault]
        return (
            [*queued, ("sending", None), (status, code)]
            if status == "failed"
            else [
                *queued,
                ("sending", None),
                ("sent", None),
                (status, code),
            ]
        )

    def _report(self, message: Message) -> _Report | None:
        if not message.status_callback:
            return None
        params = {
            "AccountSid": self._account_sid,
            "ApiVersion": API_VERSION,
            "From": message.sender or "",
            "MessageSid": message.sid,
            "MessageStatus": message.status,
            "SmsSid": message.sid,
            "SmsStatus": message.status,
            "To": message.to,
        }
        if message.service_sid:
            params["MessagingServiceSid"] = message.service_sid
        if message.error_code:
            params["ErrorCode"] = str(message.error_code)
        if message.status == "delivered":
            params["RawDlrDoneDate"] = message.updated_at.strftime("%y%m%d%H%M")
        return _Report(url=message.status_callback, params=params, key=f"{message.position} {message.status}")

    async def _tell(self, report: _Report) -> None:
        fault = self._faults.draw(CALLBACK_FAULTS, f"callback {report.key}")
        if fault == "callback_lost":
            return
        if fault == "callback_delayed":
            await asyncio.sleep(self._faults.seconds("callback_delay_seconds"))
        await self._webhooks.post(report.url, report.params)
        if fault == "callback_duplicate":
            await self._webhooks.post(report.url, report.params)
