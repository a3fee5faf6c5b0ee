"""A mail server (aiosmtpd) that refuses, drops the line or asks for TLS when told to."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from ipaddress import ip_address
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DROP = "drop"
USER, PASSWORD = "desk@clinic.example", "p@ss:w/rd"


@dataclass
class ScriptedMail:
    """`replies` holds, by phase (MAIL, RCPT, DATA for the final dot), what the server says; DROP drops the line."""

    port: int = 0
    replies: dict[str, list[str]] = field(default_factory=dict)
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    connections: int = 0
    names: list[str] = field(default_factory=list)
    were_encrypted: list[bool] = field(default_factory=list)
    were_logged_in: list[bool] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def _reply(self, phase: str, server: SMTP) -> str:
        waiting = self.replies.get(phase, [])
        said = waiting.pop(0) if waiting else "250 OK"
        if said == DROP:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 OK" if said == DROP else said

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _: SMTP, session: Session, __: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        if session.ssl is None:
            self.connections += 1
        self.names.append(hostname)
        return responses

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _: Session, envelope: Envelope, address: str, __: list[str]
    ) -> str:
        said = self._reply("MAIL", server)
        if said.startswith("250"):
            envelope.mail_from = address
        return said

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _: Session, envelope: Envelope, address: str, __: list[str]
    ) -> str:
        said = self._reply("RCPT", server)
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, EmailMessage, policy=SMTP_POLICY)
        said = self._reply("DATA", server)
        if said.startswith("250"):
            self.mails.append(mail)
            self.envelopes.append(envelope)
            self.were_encrypted.append(session.ssl is not None)
            self.were_logged_in.append(bool(session.authenticated))
        return said


def _admit(_: str, user: bytes, password: bytes) -> bool:
    return (user.decode(), password.decode()) == (USER, PASSWORD)


@contextmanager
def scripted_mail(certificate: Path | None = None) -> Iterator[ScriptedMail]:
    """Run the server; with a certificate it demands STARTTLS and a log-in."""
    mail = ScriptedMail()
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def session() -> SMTP:
        return SMTP(
            mail,
            hostname="mx.example",
            tls_context=context,
            require_starttls=context is not None,
            auth_required=context is not None,
            auth_callback=_admit,
            loop=loop,
        )

    async def listen() -> asyncio.Server:
        return await loop.create_server(session, "127.0.0.1", 0)

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result()
    mail.port = server.sockets[0].getsockname()[1]
    try:
        yield mail
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0)


def a_certificate(folder: Path, name: str) -> Path:
    """Make a certificate of our own for a host, in one file with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path
