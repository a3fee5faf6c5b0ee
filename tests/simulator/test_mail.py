import smtplib
from email.message import EmailMessage

import httpx
import pytest

from reminders.simulator import Simulator


def a_mail(to: str = "Ana@example.org") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Lakeside Clinic <visits@lakeside.example>"
    mail["To"] = to
    mail["Subject"] = "Your visit on Tuesday – 9:30"
    mail["Message-ID"] = "<tag1@lakeside.example>"
    mail.set_content("See you on Tuesday, José\n")
    mail.add_alternative("<p>See you on <b>Tuesday</b>, José</p>", subtype="html")
    mail.add_attachment(b"BEGIN:VCALENDAR\r\n", maintype="text", subtype="calendar", filename="visit.ics")
    return mail


def send(simulator: Simulator, mail: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", simulator.smtp_port, timeout=5) as client:
        client.login("any user", "any password")
        client.send_message(mail)


def test_a_mail_comes_through_whole(simulator: Simulator, http: httpx.Client) -> None:
    send(simulator, a_mail())
    (mail,) = simulator.mails
    assert mail.recipients == ("ana@example.org",)
    assert (mail.subject, mail.mail_from) == ("Your visit on Tuesday – 9:30", "visits@lakeside.example")
    assert (mail.text.strip(), mail.html.strip()) == (
        "See you on Tuesday, José",
        "<p>See you on <b>Tuesday</b>, José</p>",
    )
    assert (mail.ics_name, mail.ics and mail.ics.strip()) == ("visit.ics", "BEGIN:VCALENDAR")
    assert dict(mail.headers)["Message-ID"] == "<tag1@lakeside.example>"
    shown = http.get("/control/mails").json()["mails"][0]
    assert (shown["subject"], shown["recipients"]) == (mail.subject, ["ana@example.org"])


def test_listed_addresses_are_refused(simulator: Simulator) -> None:
    simulator.refuse_mail([("ANA@example.org", "550 5.1.1 no such mailbox")])
    with pytest.raises(smtplib.SMTPRecipientsRefused) as raised:
        send(simulator, a_mail())
    assert raised.value.recipients["Ana@example.org"][0] == 550
    simulator.refuse_mail([])
    send(simulator, a_mail())
    assert len(simulator.mails) == 1


@pytest.mark.parametrize(("kind", "code"), [("mail_451", 451), ("mail_550", 550)])
def test_a_mail_can_be_refused_after_its_text(simulator: Simulator, kind: str, code: int) -> None:
    simulator.set_faults(**{kind: 1})
    with pytest.raises(smtplib.SMTPDataError) as raised:
        send(simulator, a_mail())
    assert raised.value.smtp_code == code
    assert simulator.mails == []


@pytest.mark.parametrize(("kind", "kept"), [("mail_dropped", 0), ("mail_accepted_then_dropped", 1)])
def test_a_connection_dropped_after_the_text_may_or_may_not_have_kept_it(
    simulator: Simulator, kind: str, kept: int
) -> None:
    simulator.set_faults(**{kind: 1})
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        send(simulator, a_mail())
    assert len(simulator.mails) == kept
