"""The Date header of every answer: the provider's clock, which may be made wrong."""

from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reminders.simulator.faults import Faults
from reminders.simulator.wall_clock import now


@dataclass(frozen=True, slots=True)
class Dated:
    """An application whose answers are dated, in whole seconds (RFC 9110, 6.6.1)."""

    app: ASGIApp
    faults: Faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""

        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                at = now() + timedelta(seconds=self.faults.seconds("date_skew_seconds"))
                message["headers"] = [*message.get("headers", ()), (b"date", format_datetime(at, usegmt=True).encode())]
            await send(message)

        await self.app(scope, receive, send_dated)
