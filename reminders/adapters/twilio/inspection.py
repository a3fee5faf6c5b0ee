"""What Twilio's own record says of our account and sender. Reads only; nothing is sent and nothing is changed.

A standard API key may read everything but the account itself (Twilio, "API keys": /Accounts wants a main key), so its
being turned away there says nothing of the credentials.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from reminders.adapters.twilio.error_codes import classify
from reminders.adapters.twilio.line import REAL_TWILIO, OpenLine, TwilioConfig, TwilioLine
from reminders.adapters.twilio.passage import Passage, RefusedError, UnreadableError
from reminders.core.examination.facts import SenderReport
from reminders.ports import Clock

_CONNECT_SECONDS, _READ_SECONDS = 3.0, 8.0
_SERVICES = "https://messaging.twilio.com/v1/Services"

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Reply:
    """How one question was answered: by a document, by a refusal, or not at all."""

    document: Document | None = None
    status: int | None = None
    trouble: str = ""

    @property
    def is_reached(self) -> bool:
        return self.status is not None


@dataclass(frozen=True, slots=True)
class _Sender:
    """What was found out about the sender."""

    is_ours: bool | None = None
    can_text: bool | None = None
    hook_url: str | None = None
    note: str = ""


class TwilioSenderInspection:
    """Asks over a line of its own, which is closed again: whoever inspects goes home afterwards."""

    def __init__(self, config: TwilioConfig, clock: Clock) -> None:
        """Ask about this account and sender; the clock is what Twilio's is held against."""
        self._config = config
        self._clock = clock

    def inspect(self) -> SenderReport:
        """Ask. Raises nothing: what cannot be found out is None."""
        with closing(TwilioLine(self._config, self._clock)) as line:
            try:
                report = line.run(self._inspect)
            except Exception as error:  # noqa: BLE001 - the port promises a report; the kind of fault is all that is told
                return SenderReport(is_reached=False, detail=type(error).__name__)
            return replace(report, skew=line.skew)

    async def _inspect(self, line: OpenLine) -> SenderReport:
        account, (replies, sender) = await asyncio.gather(self._ask_account(line), self._ask_sender(line))
        if account.status == HTTPStatus.UNAUTHORIZED and self._config.api_key:
            account = replace(account, trouble="a standard API key may not ask for it")
            judged = replies
        else:
            judged = [account, *replies]
        details = [f"account: {account.trouble}" if account.trouble else "", sender.note]
        return SenderReport(
            is_reached=any(reply.is_reached for reply in (account, *replies)),
            has_good_credentials=_credentials(judged),
            account_status=_text(account.document, "status"),
            is_ours=sender.is_ours,
            can_text=sender.can_text,
            hook_url=sender.hook_url,
            detail="; ".join(filter(None, details)),
        )

    async def _ask_account(self, line: OpenLine) -> _Reply:
        return await _ask(line, f"{self._account_url}.json")

    async def _ask_sender(self, line: OpenLine) -> tuple[list[_Reply], _Sender]:
        config = self._config
        if config.messaging_service_sid:
            return await _ask_service(line, f"{_SERVICES}/{config.messaging_service_sid}")
        if not (config.sender or "").startswith("+"):
            return [], _Sender(note="only phone numbers can be looked at, no short codes or names")
        reply = await _ask(line, f"{self._account_url}/IncomingPhoneNumbers.json", PhoneNumber=config.sender or "")
        return [reply], _number(reply, config.sender or "")

    @property
    def _account_url(self) -> str:
        return f"{REAL_TWILIO}/2010-04-01/Accounts/{self._config.account_sid}"


async def _ask(line: OpenLine, url: str, **params: str) -> _Reply:
    try:
        document = await line.ask(url, Passage(_CONNECT_SECONDS, read_timeout=_READ_SECONDS), **params)
    except RefusedError as error:
        meaning = f", code {error.code}: {classify(error.code).meaning}" if error.code else ""
        return _Reply(status=error.status, trouble=f"HTTP {error.status}{meaning}")
    except UnreadableError as error:
        return _Reply(status=HTTPStatus.OK, trouble=str(error))
    except Exception as error:  # noqa: BLE001 - any fault of any layer below; one question must not spoil the others
        return _Reply(trouble=f"no answer ({type(error).__name__})")
    return _Reply(document, HTTPStatus.OK)


def _credentials(replies: list[_Reply]) -> bool | None:
    """Say whether the credentials are good: where one question was answered; not where all were turned away."""
    if any(reply.document is not None for reply in replies):
        return True
    reached = [reply for reply in replies if reply.is_reached]
    return False if reached and all(reply.status == HTTPStatus.UNAUTHORIZED for reply in reached) else None


def _number(reply: _Reply, sender: str) -> _Sender:
    if reply.document is None:
        return _Sender(note=f"sender: {reply.trouble}")
    ours = [item for item in _items(reply.document, "incoming_phone_numbers") if item.get("phone_number") == sender]
    if not ours:
        return _Sender(is_ours=False)
    number = ours[0]
    capabilities = number.get("capabilities")
    can_text = capabilities.get("sms") if isinstance(capabilities, dict) else None
    known = _Sender(is_ours=True, can_text=can_text if isinstance(can_text, bool) else None)
    if number.get("sms_application_sid"):
        return replace(known, note="texts that come in go where the number's application says")
    note = "texts that come in are brought by GET" if number.get("sms_method") == "GET" else ""
    return replace(known, hook_url=_address(number, "sms_url"), note=note)


async def _ask_service(line: OpenLine, url: str) -> tuple[list[_Reply], _Sender]:
    service, pool = await asyncio.gather(_ask(line, url), _ask(line, f"{url}/PhoneNumbers", PageSize="100"))
    replies = [service, pool]
    if service.status == HTTPStatus.NOT_FOUND:
        return replies, _Sender(is_ours=False)
    if service.document is None:
        return replies, _Sender(note=f"messaging service: {service.trouble}")
    numbers = _items(pool.document, "phone_numbers")
    can_text = any("SMS" in (item.get("capabilities") or ()) for item in numbers) if numbers else None
    if service.document.get("use_inbound_webhook_on_number") is True:
        return replies, _Sender(is_ours=True, can_text=can_text, note="texts that come in go where each number says")
    return replies, _Sender(is_ours=True, can_text=can_text, hook_url=_address(service.document, "inbound_request_url"))


def _items(document: Document | None, name: str) -> list[Document]:
    found = (document or {}).get(name)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _text(document: Document | None, name: str) -> str | None:
    found = (document or {}).get(name)
    return found if isinstance(found, str) and found else None


def _address(document: Document, name: str) -> str | None:
    """Return an address as it is set: empty where none is, which is an answer too."""
    found = document.get(name, "") or ""
    return found if isinstance(found, str) else None
