"""Callbacks as the provider sends them: forms with its signature, written out as the bytes of a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import select
from twilio.request_validator import RequestValidator

from reminders.adapters.memory import MemorySmsGateway
from reminders.bootstrap import open_services
from reminders.core.pacing import Pace
from reminders.core.patients import Channel
from reminders.services.send_messages import pump
from reminders.store import rows
from tests.bench.provider import ACCOUNT, SENDER, TOKEN
from tests.bench.site import Round, Site, running_site

TEXTS, RECEIPTS = "/hooks/twilio/sms", "/hooks/twilio/status/"
STATUSES = ("queued", "sending", "sent", "delivered")
"""What the provider tells of every text, in this order."""
PUMPED_FOR = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Taken:
    """A text that the provider took: the tag of its attempt, its id there, and to whom it went."""

    tag: UUID
    provider_id: str
    phone: str


class Signer:
    """Signs and writes callbacks for one public address."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url
        self._validator = RequestValidator(TOKEN)

    def receipt(self, tag: UUID, provider_id: str, status: str) -> bytes:
        """Return a delivery report, with the fields that Twilio sends."""
        fields = {
            "ApiVersion": "2010-04-01",
            "SmsSid": provider_id,
            "SmsStatus": status,
            "MessageSid": provider_id,
            "MessageStatus": status,
            "AccountSid": ACCOUNT,
            "From": SENDER,
            "To": "+12125550101",
        }
        return self._request(f"{RECEIPTS}{tag}", fields)

    def text(self, provider_id: str, sender: str, body: str) -> bytes:
        """Return an inbound text, with the fields that Twilio sends."""
        fields = {
            "ApiVersion": "2010-04-01",
            "SmsMessageSid": provider_id,
            "SmsSid": provider_id,
            "MessageSid": provider_id,
            "SmsStatus": "received",
            "AccountSid": ACCOUNT,
            "From": sender,
            "To": SENDER,
            "Body": body,
            "NumMedia": "0",
            "NumSegments": "1",
            "FromCity": "",
            "FromState": "NY",
            "FromZip": "",
            "FromCountry": "US",
        }
        return self._request(TEXTS, fields)

    def _request(self, path: str, fields: Mapping[str, str]) -> bytes:
        body = urlencode(fields).encode()
        signature = self._validator.compute_signature(self._public_url + path, dict(fields))
        head = (
            f"POST {path} HTTP/1.1\r\nHost: reminders.example\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n"
            f"X-Twilio-Signature: {signature}\r\nI-Twilio-Idempotency-Token: 0f3a7e\r\n"
            "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@contextmanager
def texted_site(count: int) -> Iterator[tuple[Site, Sequence[Taken]]]:
    """Yield a site in which so many texts were taken by the provider, and what is known of each."""
    with running_site(count) as site, site.round() as made:
        taken = _send(made)
        assert len(taken) == count, f"{len(taken)} of {count} texts were taken"
        database = made.environment["REMINDERS_DATABASE_URL"]
        made.services.close()
        yield replace(site, seed=database), taken


def _send(made: Round) -> list[Taken]:
    """Send what is due without a network."""
    services = open_services(made.environment)
    clock = services.deps.clock
    gateway = MemorySmsGateway(clock)
    deps = replace(services.deps, sms=gateway, pacer=None, pace=Pace.of(1_000_000.0))
    services.start_clock()
    clock.sleep_until(clock.now() + timedelta(seconds=3), at_most=timedelta(seconds=3), wake=lambda _: False)
    while pump(deps, Channel.SMS, lasts=PUMPED_FOR, wake=lambda _: False):
        pass
    with deps.store.reading() as tx:
        found = tx.connection.execute(select(rows.attempt.c.tag, rows.attempt.c.provider_id)).all()
    services.close()
    phones = {item.text.tag: item.text.to for item in gateway.sent}
    return [Taken(row.tag, row.provider_id, phones[row.tag]) for row in found]
