"""What every e-mail gateway does, by SMTP and in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from reminders.adapters.memory import MemoryEmailGateway
from reminders.adapters.smtp_email import SmtpConfig, SmtpEmailGateway
from reminders.adapters.system_clock import SystemClock
from reminders.core.delivery import Absent, Accepted, Outcome, Refusal, Rejected, Unknown
from reminders.core.ids import AttemptTag
from reminders.ports import EmailGateway, OutgoingMail
from tests.adapters.scripted_mail import DROP, scripted_mail

CLOCK = SystemClock()


@dataclass(frozen=True)
class World:
    gateway: EmailGateway
    refuse_address: Callable[[], None]
    refuse_for_now: Callable[[], None]
    drop_at_the_end: Callable[[], None]
    subjects: Callable[[], list[str]]


@pytest.fixture(params=["smtp", "memory"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    yield from by_smtp() if request.param == "smtp" else in_memory()


def by_smtp() -> Iterator[World]:
    with scripted_mail() as server:
        config = SmtpConfig.from_url(f"smtp://127.0.0.1:{server.port}", mail_from="Clinic <desk@clinic.example>")
        yield World(
            SmtpEmailGateway(config, CLOCK),
            refuse_address=lambda: server.replies.update(RCPT=["550 5.1.1 nobody here"]),
            refuse_for_now=lambda: server.replies.update(RCPT=["451 4.7.1 greylisted"]),
            drop_at_the_end=lambda: server.replies.update(DATA=[DROP]),
            subjects=lambda: [str(mail["Subject"]) for mail in server.mails],
        )


def in_memory() -> Iterator[World]:
    gateway = MemoryEmailGateway(CLOCK)
    yield World(
        gateway,
        refuse_address=lambda: gateway.answer_next(Rejected(Refusal.ADDRESS, "5.1.1", "nobody there")),
        refuse_for_now=lambda: gateway.answer_next(Absent("greylisted")),
        drop_at_the_end=lambda: gateway.answer_next(Unknown("dropped")),
        subjects=lambda: [mail.subject for mail in gateway.sent],
    )


def a_mail(subject: str = "Your visit", *, starts_within: float = 5.0) -> OutgoingMail:
    tag = AttemptTag(uuid4())
    start_by = CLOCK.monotonic() + starts_within
    return OutgoingMail(tag, "ann@example.org", subject, "Hello", "<p>Hello</p>", "<m1@clinic.example>", start_by)


def send(gateway: EmailGateway, *mails: OutgoingMail) -> list[Outcome]:
    reports: list[tuple[AttemptTag, Outcome]] = []
    gateway.send_many(mails, lambda tag, outcome: reports.append((tag, outcome)))
    assert sorted(tag for tag, _ in reports) == sorted(mail.tag for mail in mails)
    outcomes = dict(reports)
    return [outcomes[mail.tag] for mail in mails]


def test_each_mail_is_accepted_under_an_id_of_its_own_attempt(world: World) -> None:
    outcomes = send(world.gateway, a_mail("one"), a_mail("two"))

    ids = {outcome.provider_id for outcome in outcomes if isinstance(outcome, Accepted)}
    assert len(ids) == 2
    assert all(provider_id.startswith("m1@clinic.example/") for provider_id in ids)
    assert world.subjects() == ["one", "two"]


def test_nothing_to_send_is_nothing_reported(world: World) -> None:
    assert send(world.gateway) == []


def test_a_mail_whose_time_to_start_has_passed_never_leaves(world: World) -> None:
    late, good = send(world.gateway, a_mail("late", starts_within=-0.1), a_mail("good"))

    assert isinstance(late, Absent)
    assert isinstance(good, Accepted)
    assert world.subjects() == ["good"]


def test_an_address_that_does_not_exist_is_told_apart_and_stops_no_other_mail(world: World) -> None:
    world.refuse_address()

    refused, good = send(world.gateway, a_mail("to nobody"), a_mail("good"))

    assert isinstance(refused, Rejected)
    assert refused.kind is Refusal.ADDRESS
    assert isinstance(good, Accepted)
    assert world.subjects() == ["good"]


def test_what_the_server_puts_off_is_absent(world: World) -> None:
    world.refuse_for_now()

    [outcome] = send(world.gateway, a_mail())

    assert isinstance(outcome, Absent)
    assert world.subjects() == []


def test_a_line_that_drops_at_the_end_leaves_the_outcome_unknown_and_the_next_mail_unharmed(world: World) -> None:
    world.drop_at_the_end()

    lost, good = send(world.gateway, a_mail("lost"), a_mail("good"))

    assert isinstance(lost, Unknown)
    assert isinstance(good, Accepted)
    assert world.subjects()[-1] == "good"
