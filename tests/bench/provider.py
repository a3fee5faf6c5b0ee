"""A provider that costs next to nothing: Twilio's answers over HTTPS after a set time, and a count of what came.

It is the stand-in of every measurement, so it must be much faster than whoever calls it: one process, one loop, no
framework. It speaks as much of Twilio as sending and looking need; the simulator is the one to believe about the rest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from typing_extensions import override

HOST = "127.0.0.1"
ACCOUNT, TOKEN, SENDER = "AC" + "0" * 32, "a-token-of-the-bench", "+15005550006"
CERTIFICATE, KEY = "certificate.pem", "key.pem"
BITS = 2048
BACKLOG = 4096
START_SECONDS = 15.0
ASK, ARRIVALS, RESET = "/bench", "/bench/arrivals", "/bench/reset"


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What came. Times are the machine's, in seconds since the epoch; `by_number` holds those of each phone number."""

    by_number: Mapping[str, Sequence[float]]

    @property
    def total(self) -> int:
        """How many requests came."""
        return sum(map(len, self.by_number.values()))

    @property
    def first(self) -> float:
        """When the first came."""
        return min(times[0] for times in self.by_number.values())

    def fault(self, expected: int) -> str:
        """Return what is wrong where not each of so many numbers was called once."""
        doubled = sum(len(times) > 1 for times in self.by_number.values())
        lost = expected - len(self.by_number)
        return f"{lost} lost, {doubled} doubled" if lost or doubled else ""


@dataclass(frozen=True, slots=True)
class Provider:
    """A running stand-in."""

    url: str
    pid: int
    certificate: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """Return what our processes need to call it and to trust its certificate."""
        return {
            "REMINDERS_TWILIO_BASE_URL": self.url,
            "REMINDERS_TWILIO_ACCOUNT_SID": ACCOUNT,
            "REMINDERS_TWILIO_AUTH_TOKEN": TOKEN,
            "REMINDERS_TWILIO_FROM": SENDER,
            "SSL_CERT_FILE": str(self.certificate),
        }

    def reset(self, *, latency: float) -> None:
        """Forget what came, and answer after so many seconds from now on."""
        self._ask(f"{RESET}?latency={latency}")

    def arrivals(self) -> Arrivals:
        """Return what came since."""
        return Arrivals(self._ask(ARRIVALS))

    def count(self) -> int:
        """Return how many requests came since."""
        found: int = self._ask(ASK)["count"]
        return found

    def _ask(self, path: str) -> Any:  # noqa: ANN401 - JSON
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        return httpx.get(self.url + path, verify=trusted, timeout=60).raise_for_status().json()


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Yield a stand-in in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="rbench") as folder:
        _make_certificate(Path(folder))
        command = [sys.executable, "-m", "tests.bench.provider", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                port = int(process.stdout.readline())
                yield Provider(f"https://{HOST}:{port}", process.pid, Path(folder) / CERTIFICATE)
            finally:
                process.kill()


def _make_certificate(folder: Path) -> None:
    """Make the kind of certificate that the real one shows: RSA of 2048 bits."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "provider of the bench")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(_address())]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / CERTIFICATE).write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / KEY).write_bytes(text)


def _address() -> Any:  # noqa: ANN401 - an address of either family
    from ipaddress import ip_address  # noqa: PLC0415 - only the maker of the certificate needs it

    return ip_address(HOST)


class _Answering:
    """What the stand-in knows."""

    def __init__(self) -> None:
        self.latency = 0.0
        self.count = 0
        self.arrived: dict[str, list[float]] = {}
        self.sids: dict[str, list[tuple[str, str]]] = {}
        self.numbers = count(1)
        self.second = 0
        self.head = ""

    def answer(self, method: str, target: str, body: bytes, at: float) -> tuple[int, bytes]:
        """Return status and body of the answer."""
        if target.startswith(ASK):
            return 200, json.dumps(self._bench(target)).encode()
        if method == "POST":
            return 201, self._take(parse_qs(body.decode()), at)
        return self._look(target)

    def dated(self, status: int, body: bytes) -> bytes:
        """Return the whole answer, with the date that Twilio sends too."""
        if (second := int(time.time())) != self.second:
            self.second, self.head = second, format_datetime(datetime.fromtimestamp(second, UTC), usegmt=True)
        word = {200: "OK", 201: "Created", 404: "Not Found"}[status]
        return (
            f"HTTP/1.1 {status} {word}\r\nDate: {self.head}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )

    def _bench(self, target: str) -> object:
        if target.startswith(RESET):
            self.latency = float(parse_qs(urlsplit(target).query)["latency"][0])
            self.count, self.arrived, self.sids = 0, {}, {}
        return self.arrived if target.startswith(ARRIVALS) else {"count": self.count}

    def _take(self, form: Mapping[str, Sequence[str]], at: float) -> bytes:
        to, text = form["To"][0], form["Body"][0]
        sid = f"SM{next(self.numbers):032x}"
        self.count += 1
        self.arrived.setdefault(to, []).append(at)
        self.sids.setdefault(to, []).append((sid, text))
        return json.dumps(self._message(sid, to, text)).encode()

    def _look(self, target: str) -> tuple[int, bytes]:
        parts = urlsplit(target)
        if not parts.path.endswith("/Messages.json"):
            return 404, b'{"code": 20404, "message": "not found", "status": 404}'
        to = parse_qs(parts.query).get("To", [""])[0]
        found = [self._message(sid, to, text) for sid, text in self.sids.get(to, [])]
        return 200, json.dumps({"messages": found, "next_page_uri": None, "page": 0, "page_size": 100}).encode()

    def _message(self, sid: str, to: str, text: str) -> Mapping[str, object]:
        uri = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}"
        return {
            "sid": sid,
            "account_sid": ACCOUNT,
            "api_version": "2010-04-01",
            "to": to,
            "from": SENDER,
            "body": text,
            "status": "queued",
            "direction": "outbound-api",
            "num_segments": "1",
            "num_media": "0",
            "price": None,
            "price_unit": "USD",
            "error_code": None,
            "error_message": None,
            "date_created": self.head,
            "date_updated": self.head,
            "date_sent": None,
            "messaging_service_sid": None,
            "uri": f"{uri}.json",
            "subresource_uris": {"media": f"{uri}/Media.json"},
        }


class _Connection(asyncio.Protocol):
    """One connection: requests in turn, as a client without pipelining makes them."""

    def __init__(self, answering: _Answering) -> None:
        self._answering = answering
        self._buffer = b""
        self._began = 0.0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    @override
    def data_received(self, data: bytes) -> None:
        if not self._buffer:
            self._began = time.time()
        self._buffer += data
        head, gap, body = self._buffer.partition(b"\r\n\r\n")
        if not gap or len(body) < _length(head):
            return
        self._buffer = b""
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        answering = self._answering
        answer = answering.dated(*answering.answer(method, target, body, self._began))
        if answering.latency and method == "POST":
            asyncio.get_running_loop().call_later(answering.latency, self._write, answer)
        else:
            self._transport.write(answer)

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    return 0


async def _serve(folder: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / CERTIFICATE, folder / KEY)
    answering = _Answering()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(answering), HOST, 0, ssl=context, backlog=BACKLOG)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the certificate and its key are")
    uvloop.run(_serve(parser.parse_args().folder))


if __name__ == "__main__":
    _main()
