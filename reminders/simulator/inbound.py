"""Texts typed on a phone: keywords the provider knows, the post to the service, and the reply it may give."""

from dataclasses import dataclass

from reminders.simulator.messages import API_VERSION, Message, MessageLog, new_sid
from reminders.simulator.provider import Provider
from reminders.simulator.settings import SimulatorSettings
from reminders.simulator.texts import NOTICES, Keyword, keyword, segments, twiml_replies
from reminders.simulator.wall_clock import now
from reminders.simulator.webhooks import Webhooks

_NO_REPLY = 11200  # Twilio's code for a webhook that could not be fetched


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a text: its identifier, the service's HTTP answer if it was asked, and the replies shown."""

    sid: str
    keyword: Keyword | None
    webhook_status: int | None
    is_posted: bool
    replies: tuple[str, ...]


class Inbound:
    """Takes texts from phones."""

    def __init__(self, settings: SimulatorSettings, log: MessageLog, provider: Provider, webhooks: Webhooks) -> None:
        self._settings = settings
        self._log = log
        self._provider = provider
        self._webhooks = webhooks

    def type_text(self, phone: str, body: str, *, to: str | None = None) -> Message:
        """Put a text on the phone's screen as sent; `submit` brings it to the service.

        Without `to` it answers whoever wrote last.
        """
        last = next((text for text in reversed(self._log.thread(phone)) if not text.is_inbound and text.sender), None)
        at = now()
        message = Message(
            sid=new_sid("SM"),
            direction="inbound",
            handset=phone,
            sender=phone,
            to=to or (last.sender if last and last.sender else self._settings.default_number),
            body=body,
            status="received",
            segments=segments(body),
            created_at=at,
            updated_at=at,
            sent_at=at,
            service_sid=last.service_sid if last else None,
        )
        self._log.add(message)
        return message

    async def submit(self, message: Message) -> Received:
        """Act on keywords as Twilio does by default, tell the service, and show its reply."""
        word = keyword(message.body)
        replies = self._apply(word, message)
        is_swallowed = word is Keyword.HELP and self._settings.handles_help and not self._settings.has_advanced_opt_out
        if is_swallowed or self._settings.inbound_url is None:
            return Received(message.sid, word, None, is_posted=False, replies=tuple(replies))
        answer = await self._webhooks.post(self._settings.inbound_url, self._params(message, word))
        if answer.is_ok:
            try:
                asked = twiml_replies(answer.body) if answer.body.strip() else []
            except ValueError:
                self._log.advance(message, message.status, 12100)  # Twilio: document parse failure
                asked = []
            if not self._provider.is_opted_out(message.handset, message.to):
                for text in asked:
                    self._show(message, text)
                    replies.append(text)
        else:
            self._log.advance(message, message.status, _NO_REPLY)
        return Received(message.sid, word, answer.status, is_posted=True, replies=tuple(replies))

    def _apply(self, word: Keyword | None, message: Message) -> list[str]:
        was_opted_out = self._provider.is_opted_out(message.handset, message.to)
        if word is Keyword.STOP:
            self._provider.opt_out(message.handset, message.to)
            is_answered = not was_opted_out
        elif word is Keyword.START:
            self._provider.opt_in(message.handset, message.to)
            is_answered = was_opted_out
        else:
            is_answered = word is Keyword.HELP and self._settings.handles_help
        if word is None or not is_answered:
            return []
        self._show(message, NOTICES[word])
        return [NOTICES[word]]

    def _show(self, cause: Message, body: str) -> None:
        at = now()
        self._log.add(
            Message(
                sid=new_sid("SM"),
                direction="outbound-reply",
                handset=cause.handset,
                sender=cause.to,
                to=cause.handset,
                body=body,
                status="delivered",
                segments=segments(body),
                created_at=at,
                updated_at=at,
                sent_at=at,
                service_sid=cause.service_sid,
            )
        )

    def _params(self, message: Message, word: Keyword | None) -> dict[str, str]:
        params = {
            "ToCountry": "US",
            "ToState": "",
            "SmsMessageSid": message.sid,
            "NumMedia": "0",
            "ToCity": "",
            "FromZip": "",
            "SmsSid": message.sid,
            "FromState": "",
            "SmsStatus": "received",
            "FromCity": "",
            "Body": message.body,
            "FromCountry": "US",
            "To": message.to,
            "ToZip": "",
            "NumSegments": str(message.segments),
            "MessageSid": message.sid,
            "AccountSid": self._settings.account_sid,
            "From": message.handset,
            "ApiVersion": API_VERSION,
        }
        if message.service_sid:
            params["MessagingServiceSid"] = message.service_sid
        if word is not None and self._settings.has_advanced_opt_out:
            params["OptOutType"] = word.value
        return params
