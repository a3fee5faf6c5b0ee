"""What only a real mail server can show: the phases of the dialogue, TLS, and the mail as it arrives."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from uuid import uuid4

import pytest

from reminders.adapters.smtp_email import SmtpConfig, SmtpEmailGateway
from reminders.adapters.system_clock import SystemClock
from reminders.core.delivery import Absent, Accepted, Blame, Outcome, Refusal, Rejected, Unknown
from reminders.core.errors import SettingsError
from reminders.core.ids import AttemptTag
from reminders.ports import OutgoingMail
from tests.adapters.scripted_mail import DROP, ScriptedMail, a_certificate, scripted_mail

CLOCK = SystemClock()
DESK = "Clinic, Front Desk <desk@clinic.example>"


@pytest.fixture
def server() -> Iterator[ScriptedMail]:
    with scripted_mail() as running:
        yield running


def gateway_for(url: str) -> SmtpEmailGateway:
    config = SmtpConfig.from_url(url, mail_from='"Clinic, Front Desk" <desk@clinic.example>')
    return SmtpEmailGateway(replace(config, connect_timeout=1, command_timeout=0.5, dot_timeout=0.5), CLOCK)


def a_mail(**changes: str | None) -> OutgoingMail:
    mail = OutgoingMail(
        AttemptTag(uuid4()), "ann@example.org", "Hi", "Hello", "<p>Hello</p>", "<m1@x.example>", CLOCK.monotonic() + 5
    )
    return replace(mail, **changes)  # type: ignore[arg-type]  # only texts are changed here


def send_one(gateway: SmtpEmailGateway, mail: OutgoingMail | None = None) -> Outcome:
    outcomes: list[Outcome] = []
    gateway.send_many([mail or a_mail()], lambda _, outcome: outcomes.append(outcome))
    [outcome] = outcomes
    assert "ann@" not in repr(outcome)
    return outcome


def plain(server: ScriptedMail) -> SmtpEmailGateway:
    return gateway_for(f"smtp://127.0.0.1:{server.port}")


def part(mail: EmailMessage, content_type: str) -> EmailMessage:
    [found] = [piece for piece in mail.walk() if piece.get_content_type() == content_type]
    assert isinstance(found, EmailMessage)
    return found


def test_a_mail_arrives_with_both_bodies_and_the_headers_of_an_automatic_message(server: ScriptedMail) -> None:
    url = "https://clinic.example/u/" + "t" * 200
    words = "Olá, até amanhã!\n.\n..dots\n" + "long " * 300
    mail_id = "<" + "i" * 100 + "@clinic.example>"

    outcome = send_one(
        plain(server),
        a_mail(subject="Sua visita — amanhã", text=words, html="<p>Olá</p>", unsubscribe_url=url, message_id=mail_id),
    )

    assert isinstance(outcome, Accepted)
    [mail] = server.mails
    assert (str(mail["From"]), str(mail["To"])) == ('"Clinic, Front Desk" <desk@clinic.example>', "ann@example.org")
    assert str(mail["Subject"]) == "Sua visita — amanhã"
    assert mail["Message-ID"] == mail_id
    assert mail["List-Unsubscribe"] == f"<{url}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert abs((parsedate_to_datetime(mail["Date"]) - CLOCK.now()).total_seconds()) < 60
    assert mail.get_content_type() == "multipart/alternative"
    assert part(mail, "text/plain").get_content().replace("\r\n", "\n").rstrip("\n") == words.rstrip("\n")
    assert part(mail, "text/html").get_content().strip() == "<p>Olá</p>"
    assert server.envelopes[0].mail_from == "desk@clinic.example"
    assert server.names == ["clinic.example"]


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_a_calendar_entry_is_attached_with_its_method(server: ScriptedMail, method: str) -> None:
    calendar = f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nEND:VCALENDAR\r\n"

    send_one(plain(server), a_mail(calendar=calendar))

    entry = part(server.mails[0], "text/calendar")
    assert entry.get_param("method") == method
    assert entry.get_filename() == "appointment.ics"
    assert entry.get_content().replace("\r\n", "\n") == calendar.replace("\r\n", "\n")


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Hi\r\nBcc: eve@example.org"},
        {"message_id": "<a@b>\nX: y"},
        {"unsubscribe_url": "https://x/\r\nX: y"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_line_break_in_a_header_is_refused(server: ScriptedMail, changes: dict[str, str | None]) -> None:
    outcome = send_one(plain(server), a_mail(**changes))

    assert isinstance(outcome, Rejected)
    assert outcome.kind is Refusal.CONTENT
    assert server.mails == []


@pytest.mark.parametrize("to", ["ann", "ann@example.org\r\nDATA", "a@b.example, c@d.example", "", "bjørn@example.org"])
def test_an_address_that_no_server_takes_is_refused_here(server: ScriptedMail, to: str) -> None:
    outcome = send_one(plain(server), a_mail(to=to))

    assert isinstance(outcome, Rejected)
    assert outcome.kind is Refusal.ADDRESS
    assert server.mails == []


@pytest.mark.parametrize(
    ("phase", "said", "wanted"),
    [
        ("MAIL", "451 4.3.0 later", Absent("MAIL refused with 451 4.3.0")),
        ("MAIL", "550 5.7.1 ann@ not ours", Absent("MAIL refused with 550 5.7.1", blame=Blame.CONFIGURATION)),
        ("MAIL", DROP, None),
        ("RCPT", "452 4.2.2 full", Absent("RCPT refused with 452 4.2.2", blame=Blame.MESSAGE)),
        ("RCPT", "550 ann@ unknown", Rejected(Refusal.ADDRESS, "550", "RCPT refused with 550")),
        ("RCPT", "551 moved", Rejected(Refusal.ADDRESS, "551", "RCPT refused with 551")),
        ("RCPT", "553 what", Rejected(Refusal.ADDRESS, "553", "RCPT refused with 553")),
        ("RCPT", "554 5.1.1 gone", Rejected(Refusal.ADDRESS, "5.1.1", "RCPT refused with 554 5.1.1")),
        ("RCPT", "550 5.7.1 no relay", Rejected(Refusal.OTHER, "5.7.1", "RCPT refused with 550 5.7.1")),
        ("RCPT", "554 no", Rejected(Refusal.OTHER, "554", "RCPT refused with 554")),
        ("RCPT", DROP, None),
        ("DATA", "451 4.3.0 later", Absent("mail refused with 451 4.3.0", blame=Blame.MESSAGE)),
        ("DATA", "554 5.7.1 spam", Rejected(Refusal.OTHER, "5.7.1", "mail refused with 554 5.7.1")),
        ("DATA", "552 5.3.4 large", Rejected(Refusal.CONTENT, "5.3.4", "mail refused with 552 5.3.4")),
    ],
)
def test_each_reply_is_judged_by_its_phase(server: ScriptedMail, phase: str, said: str, wanted: Outcome | None) -> None:
    server.replies[phase] = [said]

    outcome = send_one(plain(server))

    assert outcome == wanted if wanted is not None else isinstance(outcome, Absent)
    assert server.mails == []


def test_a_batch_uses_one_connection_and_a_new_one_after_it_broke(server: ScriptedMail) -> None:
    outcomes: list[Outcome] = []
    server.replies["RCPT"] = ["250 OK", "550 5.1.1 no", "250 OK", DROP]

    plain(server).send_many([a_mail() for _ in range(6)], lambda _, outcome: outcomes.append(outcome))

    assert [type(outcome) for outcome in outcomes] == [Accepted, Rejected, Accepted, Absent, Accepted, Accepted]
    assert server.connections == 2


def test_an_interruption_still_reports_every_mail(server: ScriptedMail) -> None:
    seen: list[Outcome] = []

    def report(_: AttemptTag, outcome: Outcome) -> None:
        seen.append(outcome)
        if len(seen) == 1:
            raise LookupError("the database has gone")

    with pytest.raises(LookupError):
        plain(server).send_many([a_mail() for _ in range(3)], report)
    assert [type(outcome) for outcome in seen] == [Accepted, Absent, Absent]


def test_starttls_and_a_log_in_protect_the_mail(tmp_path: Path) -> None:
    certificate = a_certificate(tmp_path, "127.0.0.1")
    with scripted_mail(certificate) as server:
        url = f"smtp://desk%40clinic.example:p%40ss%3Aw%2Frd@127.0.0.1:{server.port}?starttls=1&cafile={certificate}"
        assert isinstance(send_one(gateway_for(url)), Accepted)

        assert server.were_encrypted == [True]
        assert server.were_logged_in == [True]


def test_a_wrong_password_or_an_untrusted_server_is_a_matter_of_configuration(tmp_path: Path) -> None:
    certificate = a_certificate(tmp_path, "127.0.0.1")
    stranger = a_certificate(tmp_path, "127.0.0.2")
    with scripted_mail(certificate) as server:
        host = f"127.0.0.1:{server.port}"
        for url in (
            f"smtp://desk:wrong@{host}?starttls=1&cafile={certificate}",
            f"smtp://{host}?starttls=1",
            f"smtp://{host}?starttls=1&cafile={stranger}",
        ):
            outcome = send_one(gateway_for(url))
            assert isinstance(outcome, Absent)
            assert outcome.blame is Blame.CONFIGURATION
        assert server.mails == []


def test_a_server_that_offers_no_starttls_gets_nothing(server: ScriptedMail) -> None:
    outcome = send_one(gateway_for(f"smtp://127.0.0.1:{server.port}?starttls=1"))

    assert isinstance(outcome, Absent)
    assert outcome.blame is Blame.CONFIGURATION
    assert server.mails == []


def test_a_closed_port_and_a_server_that_says_nothing_are_absent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert isinstance(send_one(gateway_for(f"smtp://127.0.0.1:{port}")), Absent)
        assert isinstance(send_one(gateway_for(f"smtps://127.0.0.1:{port}")), Absent)
    assert isinstance(send_one(gateway_for(f"smtp://127.0.0.1:{port}")), Absent)


@pytest.mark.parametrize(
    ("last", "kind"),
    [(b"", Unknown), (b"nonsense\r\n", Unknown), (b"100 what\r\n", Unknown), (b"421 4.3.2 closing\r\n", Absent)],
    ids=["silence", "nonsense", "odd code", "421"],
)
def test_only_a_clear_reply_to_the_final_dot_proves_anything(last: bytes, kind: type[Outcome]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        talking = threading.Thread(target=talk_until_the_dot, args=(listener, last))
        talking.start()
        outcome = send_one(gateway_for(f"smtp://127.0.0.1:{listener.getsockname()[1]}"))
        talking.join()

    assert isinstance(outcome, kind)


def talk_until_the_dot(listener: socket.socket, last: bytes) -> None:
    line, _ = listener.accept()
    with line, line.makefile("rb") as said:
        line.sendall(b"220 ready\r\n")
        for command in said:
            if command.startswith(b"DATA"):
                break
            line.sendall(b"250 OK\r\n")
        line.sendall(b"354 go on\r\n")
        while said.readline() != b".\r\n":
            pass
        line.sendall(last)
        if not last:
            time.sleep(0.7)


@pytest.mark.parametrize(
    "url",
    ["", "https://x", "smtp://", "smtp://h:port", "smtps://h?starttls=1", "smtp://u:p@mx.example", "smtp://[bad"],
)
def test_an_address_that_cannot_work_is_named_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="REMINDERS_SMTP_URL") as caught:
        SmtpConfig.from_url(url, mail_from=DESK)
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize("sender", ["", "Clinic", "desk@", "Clinic <desk>", "désk@clinic.example"])
def test_a_sender_that_cannot_work_is_named(sender: str) -> None:
    with pytest.raises(SettingsError, match="REMINDERS_MAIL_FROM"):
        SmtpConfig.from_url("smtp://mx.example", mail_from=sender)


def test_the_ports_are_those_of_the_protocols() -> None:
    ports = [
        SmtpConfig.from_url(url, mail_from="desk@clinic.example").port
        for url in ("smtp://h", "smtp://h?starttls=1", "smtps://h", "smtp://h:2525")
    ]

    assert ports == [25, 587, 465, 2525]


def test_the_password_does_not_show_in_the_configuration_s_text() -> None:
    assert "hush" not in repr(SmtpConfig.from_url("smtps://u:hush@h", mail_from="desk@clinic.example"))
