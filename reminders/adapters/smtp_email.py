"""E-mail by a mail server (RFC 5321). We drive the dialogue by hand: the phase of a failure decides what it means.

Until the final dot a server must not deliver anything; from the dot on only its reply proves what became of the mail.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from reminders.core.delivery import Absent, Accepted, Blame, Outcome, Refusal, Rejected, Unknown
from reminders.core.errors import SettingsError
from reminders.core.examination.facts import MailFacts, MailProblem
from reminders.ports import Clock, OutgoingMail, Report

_POLICY = SMTP_POLICY.clone(max_line_length=998)
"""Long links and ids stay in one piece: folded, Python would encode them, and one-click unsubscribing would break."""
_DEFAULT_PORTS = {("smtp", False): 25, ("smtp", True): 587, ("smtps", False): 465}
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_POSITIVE, _START_INPUT, _TEMPORARY, _PERMANENT, _NO_CODE = 200, 354, 400, 500, 600
_ADDRESS_CODES = frozenset({550, 551, 553})
_SIZE_CODE = 552
_FAILURES = (OSError, smtplib.SMTPException, ValueError)
_ABOUT_A_READER = frozenset({"RCPT", "DATA", "mail"})
_INTERRUPTED: Outcome = Unknown("interrupted")
_ENHANCED = re.compile(rb"\s*([245]\.\d{1,3}\.\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class SmtpConfig:
    """A mail server and the sender it takes mail from. Timeouts are seconds (RFC 5321, 4.5.3.2, tightened)."""

    host: str
    port: int
    sender: Address
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    is_tls: bool = False
    is_starttls: bool = False
    cafile: Path | None = None
    connect_timeout: float = 5.0
    command_timeout: float = 30.0
    dot_timeout: float = 120.0

    @classmethod
    def from_url(cls, url: str, *, mail_from: str) -> Self:
        """Read `smtp://user:pass@host:port?starttls=1` or `smtps://…`; `?cafile=` names certificates to trust.

        Raises SettingsError for an address that cannot work or would send a password in the clear.
        """
        parts = _split(url)
        query = parse_qs(parts.query) if parts is not None else {}
        is_starttls = query.get("starttls", ["0"])[-1] in {"1", "true", "yes"}
        faults = _faults(parts, is_starttls=is_starttls, mail_from=mail_from)
        if parts is None or faults:
            raise SettingsError(faults)
        name, address = parseaddr(mail_from)
        return cls(
            host=parts.hostname or "",
            port=parts.port or _DEFAULT_PORTS[parts.scheme, is_starttls],
            sender=Address(name, addr_spec=address),
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password or "") if parts.username else None,
            is_tls=parts.scheme == "smtps",
            is_starttls=is_starttls,
            cafile=Path(query["cafile"][-1]) if "cafile" in query else None,
        )

    def tls(self) -> ssl.SSLContext:
        """Return a context that verifies the server's name and certificate."""
        return ssl.create_default_context(cafile=self.cafile)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    return parts


def _faults(parts: SplitResult | None, *, is_starttls: bool, mail_from: str) -> list[str]:
    faults = []
    wanted = "wanted is smtp://user:password@host:port?starttls=1 or smtps://user:password@host:port"
    if parts is None or (parts.scheme, is_starttls) not in _DEFAULT_PORTS or not parts.hostname:
        faults.append(f"REMINDERS_SMTP_URL: not the address of a mail server; {wanted}")
    elif parts.username and parts.scheme == "smtp" and not is_starttls and parts.hostname not in _LOOPBACK:
        faults.append(f"REMINDERS_SMTP_URL: the password would travel in the clear; {wanted}")
    try:
        Address(addr_spec=parseaddr(mail_from)[1] or "?").addr_spec.encode("ascii")
        is_sender = "@" in parseaddr(mail_from)[1]
    except (ValueError, IndexError, MessageError):
        is_sender = False
    if not is_sender:
        faults.append("REMINDERS_MAIL_FROM: not an e-mail address; wanted is one such as Clinic <desk@example.org>")
    return faults


class _EndError(Exception):
    """One mail has ended, with this outcome; `is_broken` where the connection is of no more use."""

    def __init__(self, outcome: Outcome, *, is_broken: bool) -> None:
        super().__init__(type(outcome).__name__)
        self.outcome, self.is_broken = outcome, is_broken


class SmtpEmailGateway:
    """Hands mails to one server, over one connection for each batch."""

    def __init__(self, config: SmtpConfig, clock: Clock) -> None:
        """Open nothing yet."""
        self._config = config
        self._clock = clock

    def send_many(self, mails: Sequence[OutgoingMail], report: Report) -> None:
        """Hand over each mail, in order; return when every outcome has been reported."""
        line, waiting = _Line(self._config), deque(mails)
        try:
            while waiting:
                mail, outcome = waiting.popleft(), _INTERRUPTED
                try:
                    outcome = self._send(mail, line)
                finally:
                    report(mail.tag, outcome)
        finally:
            for mail in waiting:
                report(mail.tag, Absent("interrupted before anything was sent", blame=Blame.MESSAGE))
            line.close()

    def _send(self, mail: OutgoingMail, line: _Line) -> Outcome:
        if self._clock.monotonic() > mail.start_by:
            return Absent("not started in time", blame=Blame.MESSAGE)
        try:
            recipient = Address(addr_spec=mail.to)
            recipient.addr_spec.encode("ascii")
        except (ValueError, IndexError, MessageError):
            return Rejected(Refusal.ADDRESS, "address", "not an address that mail servers take")
        try:
            content = self._compose(mail, recipient).as_bytes(policy=_POLICY)
        except (ValueError, MessageError):
            return Rejected(Refusal.CONTENT, "content", "a header would hold a line break")
        try:
            status = line.deliver(self._config.sender.addr_spec, recipient.addr_spec, content)
        except _EndError as end:
            if end.is_broken:
                line.close()
            return end.outcome
        return Accepted(f"{_bare(mail.message_id)}/{mail.tag.hex[:12]}", status)

    def _compose(self, mail: OutgoingMail, recipient: Address) -> EmailMessage:
        message = EmailMessage(policy=_POLICY)
        message["From"] = self._config.sender
        message["To"] = recipient
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = f"<{_bare(mail.message_id)}>"
        message["Auto-Submitted"] = "auto-generated"
        if mail.unsubscribe_url is not None:
            message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        # Lines of a text may be long; quoted-printable keeps them within what every server takes.
        message.set_content(mail.text, cte="quoted-printable")
        message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
        if mail.calendar is not None:
            method = "CANCEL" if "METHOD:CANCEL" in mail.calendar else "REQUEST"
            message.add_attachment(
                mail.calendar, subtype="calendar", filename="appointment.ics", params={"method": method}, cte="base64"
            )
        return message


class SmtpEmailInspection:
    """Goes as far as the log-in, and says goodbye."""

    def __init__(self, config: SmtpConfig) -> None:
        """Open nothing yet; no step may take longer than a connection may."""
        self._config = replace(config, command_timeout=config.connect_timeout)

    def inspect(self) -> MailFacts:
        """Connect, greet, encrypt, log in, leave. Of what the server says only codes are kept."""
        config = self._config
        facts = MailFacts(f"{config.host}:{config.port}")
        line = _Line(config)
        try:
            line.open()
        except smtplib.SMTPAuthenticationError as error:
            return replace(facts, problem=MailProblem.LOG_IN, detail=f"refused with {error.smtp_code}")
        except (ssl.SSLError, smtplib.SMTPNotSupportedError) as error:
            problem = MailProblem.LOG_IN if "AUTH" in str(error) else MailProblem.TLS
            return replace(facts, problem=problem, detail=_without_words(error))
        except smtplib.SMTPResponseException as error:
            return replace(facts, problem=MailProblem.GREETING, detail=f"refused with {error.smtp_code}")
        except _FAILURES as error:
            return replace(facts, problem=MailProblem.CONNECTION, detail=_without_words(error))
        finally:
            line.close()
        is_encrypted = config.is_tls or config.is_starttls
        return replace(facts, is_encrypted=is_encrypted, is_logged_in=config.user is not None)


def _without_words(error: Exception) -> str:
    """Return what went wrong in words of the system's or the library's, never the server's."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return (error.strerror if isinstance(error, OSError) and error.strerror else "") or type(error).__name__


def _bare(message_id: str) -> str:
    return message_id.strip().removeprefix("<").removesuffix(">")


class _Line:
    """A connection that opens when it is needed and serves one mail after the other."""

    def __init__(self, config: SmtpConfig) -> None:
        self._config = config
        self._smtp: smtplib.SMTP | None = None

    def deliver(self, sender: str, recipient: str, content: bytes) -> str:
        """Hand over one mail; return the server's status. Raises _EndError with the outcome otherwise."""
        smtp = self._connected()
        try:
            self._announce(smtp, sender, recipient)
            smtp.send(_stuffed(content))
        except _FAILURES as error:
            raise _EndError(Absent(f"{type(error).__name__} before the end of the mail"), is_broken=True) from error
        return self._finish(smtp)

    def open(self) -> smtplib.SMTP:
        """Connect, greet and log in. Raises what stands in `_FAILURES`."""
        self._smtp = smtp = self._connect()
        return smtp

    def close(self) -> None:
        """Say goodbye, if anyone still listens."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        with contextlib.suppress(*_FAILURES):
            if smtp.sock is not None:
                smtp.sock.settimeout(self._config.connect_timeout)
            smtp.quit()
        smtp.close()

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is None:
            try:
                return self.open()
            except smtplib.SMTPAuthenticationError as error:
                outcome = _refused("log-in", error.smtp_code, b"", is_about_us=error.smtp_code >= _PERMANENT)
                raise _EndError(outcome, is_broken=True) from error
            except (smtplib.SMTPNotSupportedError, ssl.SSLCertVerificationError) as error:
                detail = f"{type(error).__name__} on connecting"
                raise _EndError(Absent(detail, blame=Blame.CONFIGURATION), is_broken=True) from error
            except _FAILURES as error:
                raise _EndError(Absent(f"{type(error).__name__} on connecting"), is_broken=True) from error
        return self._smtp

    def _connect(self) -> smtplib.SMTP:
        config = self._config
        # Our name is the sender's domain: by default smtplib asks the name service for this machine's.
        host, port, name, timeout = config.host, config.port, config.sender.domain, config.connect_timeout
        smtp = (
            smtplib.SMTP_SSL(host, port, name, timeout=timeout, context=config.tls())
            if config.is_tls
            else smtplib.SMTP(host, port, name, timeout=timeout)
        )
        try:
            self._greet(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _greet(self, smtp: smtplib.SMTP) -> None:
        config = self._config
        if smtp.sock is not None:
            smtp.sock.settimeout(config.command_timeout)
        _introduce(smtp)
        if config.is_starttls:
            smtp.starttls(context=config.tls())
            _introduce(smtp)  # what it said before cannot be trusted (RFC 3207, 4.2)
        if config.user is not None:
            smtp.login(config.user, config.password or "")

    def _announce(self, smtp: smtplib.SMTP, sender: str, recipient: str) -> None:
        code, text = smtp.mail(sender)
        if not _POSITIVE <= code < _START_INPUT:
            # It does not want us as a sender: no other mail will fare better.
            self._end(smtp, _refused("MAIL", code, text, is_about_us=code >= _PERMANENT))
        code, text = smtp.rcpt(recipient)
        if not _POSITIVE <= code < _START_INPUT:
            self._end(smtp, _refused("RCPT", code, text))
        code, text = smtp.docmd("DATA")
        if code != _START_INPUT:
            self._end(smtp, _refused("DATA", code, text))

    def _finish(self, smtp: smtplib.SMTP) -> str:
        try:
            if smtp.sock is not None:
                smtp.sock.settimeout(self._config.dot_timeout)
            smtp.send(b".\r\n")
            code, text = smtp.getreply()
            if smtp.sock is not None:
                smtp.sock.settimeout(self._config.command_timeout)
        except _FAILURES as error:
            raise _EndError(Unknown(f"{type(error).__name__} after the end of the mail"), is_broken=True) from error
        if not _POSITIVE <= code < _NO_CODE:
            raise _EndError(Unknown(f"an unreadable reply, {code}, after the end of the mail"), is_broken=True)
        if code >= _TEMPORARY:
            self._end(smtp, _refused("mail", code, text))
        return str(code)

    def _end(self, smtp: smtplib.SMTP, outcome: Outcome) -> None:
        try:
            is_broken = smtp.rset()[0] >= _TEMPORARY
        except _FAILURES:
            is_broken = True
        raise _EndError(outcome, is_broken=is_broken)


def _introduce(smtp: smtplib.SMTP) -> None:
    code, _ = smtp.ehlo()
    if not _POSITIVE <= code < _START_INPUT:
        raise smtplib.SMTPConnectError(code, "the server does not greet back")


def _stuffed(content: bytes) -> bytes:
    text = re.sub(rb"(?m)^\.", b"..", content)
    return text if text.endswith(b"\r\n") else text + b"\r\n"


def _refused(phase: str, code: int, text: bytes, *, is_about_us: bool = False) -> Outcome:
    """Judge a reply of 4xx or 5xx. Of the server's words only the code of RFC 3463 is kept: the others name people."""
    found = _ENHANCED.match(text)
    enhanced = found.group(1).decode() if found else ""
    detail = f"{phase} refused with {code} {enhanced}".rstrip()
    if is_about_us:
        return Absent(detail, blame=Blame.CONFIGURATION)
    if code < _PERMANENT:
        # Put off for this reader (a full mailbox, greylisting), unless it refuses before it knows whom we write to.
        return Absent(detail, blame=Blame.MESSAGE if phase in _ABOUT_A_READER else Blame.PROVIDER)
    return Rejected(_kind(phase, code, enhanced), enhanced or str(code), detail)


def _kind(phase: str, code: int, enhanced: str) -> Refusal:
    if phase == "RCPT" and (
        enhanced.startswith(("5.1.", "5.2.1")) or (code in _ADDRESS_CODES and enhanced[:3] != "5.7")
    ):
        return Refusal.ADDRESS
    if enhanced.startswith("5.6.") or (phase == "mail" and code == _SIZE_CODE):
        return Refusal.CONTENT
    return Refusal.OTHER
