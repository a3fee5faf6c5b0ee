"""The simulated Twilio account: takes messages, remembers who opted out, and keeps a log of every call."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from reminders.simulator.api_errors import ApiError
from reminders.simulator.carrier import Carrier
from reminders.simulator.creation import read_draft
from reminders.simulator.journal import Journal
from reminders.simulator.messages import Message, MessageLog, new_sid
from reminders.simulator.settings import SimulatorSettings
from reminders.simulator.texts import segments
from reminders.simulator.wall_clock import now


@dataclass(slots=True)
class Call:
    """One create call as the provider saw it, taken or not; `tag` is the last part of its callback address.

    `status` is the HTTP status answered, nothing where no answer was given.
    """

    number: int
    at: datetime
    to: str
    tag: str | None
    status_callback: str | None
    fault: str | None = None
    sid: str | None = None
    status: int | None = None
    code: int | None = None


class Provider:
    """What stands behind the API; knows nothing of HTTP."""

    def __init__(self, settings: SimulatorSettings, log: MessageLog, carrier: Carrier, journal: Journal) -> None:
        self._settings = settings
        self._log = log
        self._carrier = carrier
        self._journal = journal
        self._opt_outs: set[tuple[str, str]] = set()
        self._call_count = 0
        self.calls: deque[Call] = deque(maxlen=settings.keep)

    @property
    def opt_outs(self) -> list[tuple[str, str]]:
        """Pairs of a phone and the sender it refuses."""
        return sorted(self._opt_outs)

    def next_call(self, params: Mapping[str, str]) -> Call:
        """Enter a create call in the log before anything is decided about it."""
        self._call_count += 1
        url = params.get("StatusCallback")
        tag = urlsplit(url).path.rsplit("/", 1)[-1] if url else None
        call = Call(number=self._call_count, at=now(), to=params.get("To", ""), tag=tag or None, status_callback=url)
        self.calls.append(call)
        return call

    def close_call(self, call: Call) -> None:
        """Write a call into the journal once its outcome is known."""
        self._journal.write("call", {name: getattr(call, name) for name in Call.__slots__})

    def accept(self, params: Mapping[str, str]) -> Message:
        """Take a message for delivery.

        Raises:
            ApiError: if Twilio would refuse it.
        """
        draft = read_draft(params, numbers=self._settings.numbers)
        is_opted_out = self.is_opted_out(draft.to, draft.sender or self._settings.default_number)
        if is_opted_out and draft.service_sid is None:
            raise ApiError(21610, "Attempt to send to unsubscribed recipient")
        at = now()
        first_status = "accepted" if draft.service_sid else "queued"
        message = Message(
            sid=new_sid("SM"),
            direction="outbound-api",
            handset=draft.to,
            sender=draft.sender,
            to=draft.to,
            body=draft.body,
            status="scheduled" if draft.send_at else first_status,
            segments=segments(draft.body),
            created_at=at,
            updated_at=at,
            service_sid=draft.service_sid,
            media=draft.media,
            status_callback=draft.status_callback,
            validity_period=draft.validity_period,
        )
        self._log.add(message)
        self._carrier.take(message, is_opted_out=is_opted_out, send_at=draft.send_at)
        return message

    def update(self, message: Message, params: Mapping[str, str]) -> None:
        """Cancel a scheduled message or take its words back.

        Raises:
            ApiError: if it can no longer be cancelled, or other words were asked for.
        """
        if params.get("Status") == "canceled":
            if message.status != "scheduled":
                raise ApiError(30409, "This message cannot be canceled")
            self._carrier.cancel(message)
        if "Body" in params:
            if params["Body"]:
                raise ApiError(20001, "Body can only be set to an empty string")
            self._log.redact(message)

    def remove(self, message: Message) -> None:
        """Delete a message.

        Raises:
            ApiError: if it is still on its way.
        """
        if not message.is_final:
            raise ApiError(20009, "Cannot delete this resource before it is complete", status=409)
        self._log.remove(message.sid)

    def is_opted_out(self, phone: str, sender: str) -> bool:
        """Whether this phone refuses this sender."""
        return (phone, sender) in self._opt_outs

    def opt_out(self, phone: str, sender: str) -> None:
        """Remember that a phone refuses a sender."""
        self._opt_outs.add((phone, sender))
        self._journal.write("opt_out", {"phone": phone, "sender": sender})

    def opt_in(self, phone: str, sender: str) -> None:
        """Forget a refusal."""
        self._opt_outs.discard((phone, sender))
        self._journal.write("opt_in", {"phone": phone, "sender": sender})

    def restore(self, kind: str, event: dict[str, object]) -> None:
        """Take in one event of an earlier run."""
        if kind == "call":
            values = {name: event[name] for name in Call.__slots__}
            values["at"] = datetime.fromisoformat(str(event["at"]))
            call = Call(**values)  # type: ignore[arg-type]  # our own journal lines, written from this dataclass
            self.calls.append(call)
            self._call_count = max(self._call_count, call.number)
        elif kind == "opt_out":
            self._opt_outs.add((str(event["phone"]), str(event["sender"])))
        elif kind == "opt_in":
            self._opt_outs.discard((str(event["phone"]), str(event["sender"])))

    def clear(self) -> None:
        """Forget calls and refusals."""
        self.calls.clear()
        self._opt_outs.clear()
