"""The mail side: an SMTP server that keeps every mail, and the mailboxes it fills."""

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from ssl import SSLContext

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from reminders.simulator.faults import MAIL_FAULTS, Faults
from reminders.simulator.journal import Journal
from reminders.simulator.wall_clock import as_instant, now

_SIZE_LIMIT = 10_000_000  # bytes
_TAKEN = "250 OK"


@dataclass(frozen=True, slots=True)
class Mail:
    """A received mail, taken apart; `recipients` are those of the envelope, in lower case."""

    number: int
    at: datetime
    mail_from: str
    recipients: tuple[str, ...]
    raw: bytes
    sender: str
    subject: str
    text: str
    html: str
    ics: str | None
    ics_name: str | None
    headers: tuple[tuple[str, str], ...]


def read_mail(*, number: int, at: datetime, mail_from: str, recipients: Iterable[str], raw: bytes) -> Mail:
    """Take a mail apart."""
    parsed = message_from_bytes(raw, policy=policy.default)
    calendar = next((part for part in parsed.walk() if part.get_content_type() == "text/calendar"), None)
    return Mail(
        number=number,
        at=at,
        mail_from=mail_from,
        recipients=tuple(dict.fromkeys(recipient.lower() for recipient in recipients)),
        raw=raw,
        sender=str(parsed["From"] or mail_from),
        subject=str(parsed["Subject"] or ""),
        text=_body(parsed, "plain"),
        html=_body(parsed, "html"),
        ics=_content(calendar) if calendar is not None else None,
        ics_name=(calendar.get_filename() or "appointment.ics") if calendar is not None else None,
        headers=tuple((name, str(value)) for name, value in parsed.items()),
    )


def _body(parsed: EmailMessage, kind: str) -> str:
    part = parsed.get_body(preferencelist=(kind,))
    return _content(part) if part is not None else ""


def _content(part: MIMEPart) -> str:
    content = part.get_content()
    return content.decode("utf-8", errors="replace") if isinstance(content, bytes) else str(content)


class MailStore:
    """The newest `keep` mails, in all and by mailbox."""

    def __init__(self, *, keep: int, journal: Journal) -> None:
        self._mails: deque[Mail] = deque()
        self._boxes: dict[str, deque[Mail]] = {}
        self._keep = keep
        self._journal = journal
        self._count = 0
        self.changes = 0

    def __iter__(self) -> Iterator[Mail]:
        return iter(self._mails)

    def add(self, *, mail_from: str, recipients: Iterable[str], raw: bytes) -> None:
        """Keep a mail, and drop the oldest beyond the limit."""
        mail = self._insert(at=now(), mail_from=mail_from, recipients=recipients, raw=raw)
        event = {"at": mail.at, "mail_from": mail_from, "recipients": mail.recipients, "raw": raw.decode("latin-1")}
        self._journal.write("mail", event)

    def restore(self, event: Mapping[str, object]) -> None:
        """Take in a mail of an earlier run."""
        recipients = event["recipients"]
        self._insert(
            at=as_instant(str(event["at"])),
            mail_from=str(event["mail_from"]),
            recipients=map(str, recipients) if isinstance(recipients, list) else (),
            raw=str(event["raw"]).encode("latin-1"),
        )

    def _insert(self, *, at: datetime, mail_from: str, recipients: Iterable[str], raw: bytes) -> Mail:
        self._count += 1
        mail = read_mail(number=self._count, at=at, mail_from=mail_from, recipients=recipients, raw=raw)
        self._mails.append(mail)
        for address in mail.recipients:
            self._boxes.setdefault(address, deque()).append(mail)
        if len(self._mails) > self._keep:
            oldest = self._mails.popleft()
            for address in oldest.recipients:
                self._boxes[address].popleft()
        self.changes += 1
        return mail

    def box(self, addresses: Iterable[str]) -> list[Mail]:
        """The mails to any of these addresses, oldest first."""
        found = {mail.number: mail for address in addresses for mail in self._boxes.get(address, ())}
        return [found[number] for number in sorted(found)]

    def get(self, number: int) -> Mail | None:
        """The mail with this number, if it is kept."""
        return next((mail for mail in reversed(self._mails) if mail.number == number), None)

    def addresses(self) -> list[str]:
        """The mailboxes that hold mail."""
        return [address for address, box in self._boxes.items() if box]

    def clear(self) -> None:
        """Empty every mailbox; numbers go on."""
        self._mails.clear()
        self._boxes.clear()
        self.changes += 1


class MailHandler:
    """Answers SMTP commands; the method names are aiosmtpd's."""

    def __init__(self, store: MailStore, faults: Faults, refused: Mapping[str, str]) -> None:
        self._store = store
        self._faults = faults
        self.refused = {address.lower(): answer for address, answer in refused.items()}
        self._count = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks this name up
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or give the answer that was listed for it."""
        answer = self.refused.get(address.lower())
        if answer is not None:
            return answer
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return _TAKEN

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Keep the mail, unless a fault is due."""
        self._count += 1
        fault = self._faults.draw(MAIL_FAULTS, f"mail {self._count}")
        if fault == "mail_451":
            return "451 4.3.0 Try again later"
        if fault == "mail_550":
            return "550 5.7.1 Not accepted"
        if fault != "mail_dropped":
            content = envelope.content
            raw = content if isinstance(content, bytes) else (content or "").encode()
            self._store.add(mail_from=envelope.mail_from or "", recipients=envelope.rcpt_tos, raw=raw)
        if fault is not None and server.transport is not None:
            server.transport.close()  # before the answer below is written, so that it never leaves
        return _TAKEN


def _believe(*_: object) -> AuthResult:
    return AuthResult(success=True)


async def serve_mail(handler: MailHandler, listener: socket.socket, tls: SSLContext | None) -> asyncio.Server:
    """Answer SMTP on a bound socket, with any user and password."""
    loop = asyncio.get_running_loop()
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd warns of its own old ways at every log-in

    def session() -> SMTP:
        return SMTP(
            handler,
            data_size_limit=_SIZE_LIMIT,
            enable_SMTPUTF8=True,
            hostname="simulator.localhost",
            tls_context=tls,
            authenticator=_believe,
            auth_require_tls=False,
            loop=loop,
        )

    return await loop.create_server(session, sock=listener)
