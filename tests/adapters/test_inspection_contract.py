"""What every look of an examination brings home, from real servers and from memory; and what only real ones show."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from redis import Redis
from typing_extensions import override

from reminders.adapters.http_visitor import HttpVisitor
from reminders.adapters.local_machine import LocalMachineInspection
from reminders.adapters.memory_examination import (
    MemoryBrokerInspection,
    MemoryEmailInspection,
    MemoryMachineInspection,
    MemoryVisitor,
)
from reminders.adapters.redis_inspection import RedisBrokerInspection
from reminders.adapters.smtp_email import SmtpConfig, SmtpEmailInspection
from reminders.adapters.system_clock import SystemClock
from reminders.core.examination.facts import (
    BrokerFacts,
    MachineFacts,
    MailFacts,
    MailProblem,
    Visit,
    VisitProblem,
)
from reminders.ports import BrokerInspection, EmailInspection, MachineInspection, Visitor
from tests.adapters.scripted_mail import PASSWORD, USER, ScriptedMail, a_certificate, scripted_mail
from tests.servers.valkey import Valkey

CLOCK = SystemClock()
DESK = "desk@clinic.example"


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that is ours, and on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


# --- this machine ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["local", "memory"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> MachineInspection:
    kept, absent = tmp_path / "kept", tmp_path / "absent"
    kept.touch(0o600)
    if request.param == "local":
        return LocalMachineInspection(tmp_path / "not" / "made" / "yet", [kept, absent])
    modes = {str(kept): 0o600, str(absent): None}
    return MemoryMachineInspection(MachineFacts((3, 12, 0), {"celery": "5.7.0"}, "2026b", 10**9, modes))


def test_a_machine_tells_its_python_packages_zones_disk_and_who_may_read_secrets(
    machine: MachineInspection, tmp_path: Path
) -> None:
    facts = machine.inspect()
    assert facts.python >= (3, 11)
    assert (facts.packages["celery"] or "").startswith("5.")
    assert facts.zones is not None
    assert facts.free_bytes
    assert facts.modes == {str(tmp_path / "kept"): 0o600, str(tmp_path / "absent"): None}
    assert not (tmp_path / "not").exists()


# --- the broker ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Broker:
    inspection: BrokerInspection
    gone: BrokerInspection


@pytest.fixture(params=["redis", "memory"])
def broker(request: pytest.FixtureRequest) -> Broker:
    if request.param == "memory":
        there = BrokerFacts(is_reached=True, version=(7, 2), policy="noeviction", is_kept=False, used_bytes=1)
        there = replace(there, skew=timedelta(0))
        return Broker(MemoryBrokerInspection(there), MemoryBrokerInspection(BrokerFacts(is_reached=False, detail="no")))
    server: Valkey = request.getfixturevalue("valkey")
    gone = f"unix://{server.socket_path}.gone"
    return Broker(RedisBrokerInspection(server.redis_url, CLOCK), RedisBrokerInspection(gone, CLOCK))


def test_a_broker_tells_its_version_its_settings_and_its_time(broker: Broker) -> None:
    facts = broker.inspection.inspect()
    assert facts.is_reached
    assert facts.version >= (7,)
    assert (facts.policy, facts.is_kept) == ("noeviction", False)
    assert facts.used_bytes
    assert facts.skew is not None
    assert abs(facts.skew) < timedelta(seconds=5)
    assert (facts.is_replica, facts.is_refusing_writes) == (False, False)


def test_a_broker_that_is_away_is_told_as_away(broker: Broker) -> None:
    facts = broker.gone.inspect()
    assert not facts.is_reached
    assert facts.detail


@pytest.fixture
def open_broker(valkey: Valkey) -> Iterator[Redis]:
    """A client of a broker whose settings are put back afterwards."""
    with Redis.from_url(valkey.redis_url, decode_responses=True) as client:
        before = client.config_get("maxmemory", "maxmemory-policy", "appendonly")
        yield client
        for name, value in before.items():
            client.config_set(name, value)


def test_what_hints_say_to_set_on_a_broker_can_be_set_and_is_seen(open_broker: Redis, valkey: Valkey) -> None:
    open_broker.config_set("maxmemory-policy", "allkeys-lru")
    open_broker.config_set("maxmemory", "50mb")
    facts = RedisBrokerInspection(valkey.redis_url, CLOCK).inspect()
    assert (facts.policy, facts.most_bytes) == ("allkeys-lru", 50 * 1024 * 1024)
    open_broker.config_set("maxmemory-policy", "noeviction")
    open_broker.config_set("appendonly", "yes")
    facts = RedisBrokerInspection(valkey.redis_url, CLOCK).inspect()
    assert (facts.policy, facts.is_kept) == ("noeviction", True)


def test_a_broker_that_keeps_its_settings_to_itself_still_tells_its_policy(open_broker: Redis, valkey: Valkey) -> None:
    open_broker.acl_setuser("shy", enabled=True, passwords=["+pw"], categories=["+@all"], commands=["-config", "-info"])
    url = f"unix://shy:pw@{valkey.socket_path}"
    facts = RedisBrokerInspection(url, CLOCK).inspect()
    open_broker.acl_deluser("shy")
    assert facts.is_reached
    assert (facts.policy, facts.is_kept, facts.used_bytes) == (None, None, None)


def test_a_refused_log_in_is_told_without_the_password(valkey: Valkey) -> None:
    facts = RedisBrokerInspection(f"unix://nobody:hunter2@{valkey.socket_path}", CLOCK).inspect()
    assert not facts.is_reached
    assert facts.detail.endswith("the log-in is refused")
    assert "hunter2" not in facts.detail


# --- the mail server -------------------------------------------------------------------------------------------------


@pytest.fixture(params=["smtp", "memory"])
def mail(request: pytest.FixtureRequest) -> Iterator[EmailInspection]:
    if request.param == "memory":
        yield MemoryEmailInspection(MailFacts("mail.example:25"))
        return
    with scripted_mail() as server:
        yield SmtpEmailInspection(config(f"smtp://127.0.0.1:{server.port}"))


def config(url: str) -> SmtpConfig:
    return replace(SmtpConfig.from_url(url, mail_from=DESK), connect_timeout=1.0)


def test_a_mail_server_without_fault_is_told_as_it_is(mail: EmailInspection) -> None:
    facts = mail.inspect()
    assert facts.place
    assert (facts.problem, facts.is_encrypted, facts.is_logged_in) == (None, False, False)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[tuple[ScriptedMail, str]]:
    """A mail server that demands encryption and a log-in, and the address by which it is used rightly."""
    certificate = a_certificate(tmp_path, "127.0.0.1")
    with scripted_mail(certificate) as server:
        user, password = USER.replace("@", "%40"), PASSWORD.replace("@", "%40").replace(":", "%3A").replace("/", "%2F")
        yield server, f"smtp://{user}:{password}@127.0.0.1:{server.port}?starttls=1&cafile={certificate}"


def test_encryption_and_log_in_are_tried_and_no_mail_is_sent(guarded: tuple[ScriptedMail, str]) -> None:
    server, url = guarded
    facts = SmtpEmailInspection(config(url)).inspect()
    assert (facts.problem, facts.is_encrypted, facts.is_logged_in) == (None, True, True)
    assert (server.mails, server.envelopes) == ([], [])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda url: url.replace("p%40ss", "wrong"), MailProblem.LOG_IN),
        (lambda url: url.partition("&cafile")[0], MailProblem.TLS),
    ],
    ids=["wrong password", "certificate of nobody we trust"],
)
def test_the_step_that_fails_is_named(
    guarded: tuple[ScriptedMail, str], change: Callable[[str], str], problem: MailProblem
) -> None:
    facts = SmtpEmailInspection(config(change(guarded[1]))).inspect()
    assert facts.problem is problem
    assert "wrong" not in facts.detail


def test_encryption_that_a_server_does_not_offer_is_named() -> None:
    with scripted_mail() as server:
        facts = SmtpEmailInspection(config(f"smtp://127.0.0.1:{server.port}?starttls=1")).inspect()
    assert facts.problem is MailProblem.TLS


def test_a_mail_server_that_nobody_runs_is_named_with_its_address() -> None:
    with closed_port() as port:
        facts = SmtpEmailInspection(config(f"smtp://127.0.0.1:{port}")).inspect()
    assert facts == MailFacts(f"127.0.0.1:{port}", MailProblem.CONNECTION, "Connection refused")


# --- pages -----------------------------------------------------------------------------------------------------------


class _Pages(BaseHTTPRequestHandler):
    """Says ok to a GET, refuses a POST, and sends whoever asks for `/moved` elsewhere."""

    def do_GET(self) -> None:
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", "/")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(403)
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def pages() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Pages)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=["http", "memory"])
def visitor(request: pytest.FixtureRequest, pages: str) -> Visitor:
    if request.param == "http":
        return HttpVisitor()
    memory = MemoryVisitor()
    memory.pages = {
        ("GET", f"{pages}/"): Visit(200, "ok\n"),
        ("POST", f"{pages}/"): Visit(403),
        ("GET", f"{pages}/moved"): Visit(302),
    }
    return memory


def test_a_visit_brings_the_status_home_whatever_it_is(visitor: Visitor, pages: str) -> None:
    assert visitor.visit(f"{pages}/") == Visit(200, "ok\n")
    assert visitor.visit(f"{pages}/", form=b"a=b") == Visit(403)
    assert visitor.visit(f"{pages}/moved").status == 302


def test_a_visit_where_nobody_answers_says_so(visitor: Visitor) -> None:
    with closed_port() as port:
        visit = visitor.visit(f"http://127.0.0.1:{port}/")
    assert visit == Visit(None, problem=VisitProblem.NOT_REACHED, detail="Connection refused")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "nonsense", "http://[::1"])
def test_what_is_no_web_address_is_not_visited(url: str) -> None:
    assert HttpVisitor().visit(url).problem is VisitProblem.NOT_REACHED
