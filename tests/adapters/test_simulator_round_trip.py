"""The real adapters against the simulated outside world, which was written from Twilio's documents, not from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest

from reminders.adapters.smtp_email import SmtpConfig, SmtpEmailGateway
from reminders.adapters.system_clock import SystemClock
from reminders.adapters.twilio.hooks import TwilioSmsHooks
from reminders.adapters.twilio.inspection import TwilioSenderInspection
from reminders.adapters.twilio.line import TwilioConfig
from reminders.adapters.twilio.lookup import TwilioLineLookup
from reminders.adapters.twilio.sms import TwilioSmsGateway
from reminders.core.delivery import Accepted, Outcome, ReceiptStatus, Refusal, Rejected, Unknown
from reminders.core.ids import AttemptTag
from reminders.ports import LineType, OutgoingMail, OutgoingText, Receipt
from reminders.simulator import Simulator, SimulatorSettings
from tests.simulator.service import Post, Service

ACCOUNT = "AC" + "0a" * 16
ANN, CLINIC = "+12125550101", "+15005550006"
CLOCK = SystemClock()


@dataclass(frozen=True)
class World:
    simulator: Simulator
    service: Service
    gateway: TwilioSmsGateway
    hooks: TwilioSmsHooks
    config: TwilioConfig

    def send(self, *bodies: str) -> list[Outcome]:
        found: dict[AttemptTag, Outcome] = {}
        texts = [
            OutgoingText(AttemptTag(uuid4()), ANN, body, timedelta(hours=1), CLOCK.monotonic() + 60) for body in bodies
        ]
        self.gateway.send_many(texts, found.__setitem__)
        return [found[text.tag] for text in texts]

    def receipts(self) -> list[Receipt]:
        self.simulator.settle()
        return [
            self.hooks.read_receipt(path_of(post), urlencode(post.params).encode(), post.signature)
            for post in self.service.posts
        ]


def path_of(post: Post) -> str:
    return urlsplit(post.url).path


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with Service() as service:
        settings = SimulatorSettings(
            ACCOUNT,
            "token",
            inbound_url=f"{service.url}/hooks/twilio/sms",
            delivery_time=timedelta(seconds=0.02),
        )
        with Simulator(settings) as simulator:
            config = TwilioConfig(
                ACCOUNT,
                f"{service.url}/hooks/twilio/status/",
                auth_token="token",
                sender=CLINIC,
                base_url=simulator.base_url,
                read_timeout=3,
            )
            hooks = TwilioSmsHooks(("token",), ACCOUNT, service.url)
            with closing(TwilioSmsGateway(config, CLOCK)) as gateway:
                yield World(simulator, service, gateway, hooks, config)


@pytest.fixture
def world(running: World) -> World:
    running.simulator.reset()
    running.service.reset()
    return running


def test_a_text_arrives_and_its_receipts_are_genuine(world: World) -> None:
    [outcome] = world.send("Your visit is tomorrow. Réponse: C")

    assert isinstance(outcome, Accepted)
    receipts = world.receipts()
    assert {receipt.provider_id for receipt in receipts} == {outcome.provider_id}
    assert ReceiptStatus.DELIVERED in {receipt.status for receipt in receipts}
    assert [text.body for text in world.simulator.messages] == ["Your visit is tomorrow. Réponse: C"]


def test_a_reply_from_the_phone_is_genuine_and_comes_word_for_word(world: World) -> None:
    world.send("Hello")
    world.simulator.settle()
    world.service.reset()

    world.simulator.text_from(ANN, "  Sí, C & thanks! 👍 ")

    [post] = world.service.posts
    text = world.hooks.read_text(path_of(post), urlencode(post.params).encode(), post.signature)
    assert (text.sender, text.to, text.body) == (ANN, CLINIC, "  Sí, C & thanks! 👍 ")


def test_an_answer_that_was_lost_is_settled_by_a_look_at_the_list(world: World) -> None:
    since = datetime.now(UTC)
    for fault in ("accept_then_reset", "accept_then_500", "accept_then_timeout"):
        world.simulator.fail_next(fault)
        [outcome] = world.send(fault)

        assert isinstance(outcome, Unknown)
        assert len(world.gateway.find(ANN, fault, since=since) or ()) == 1


def test_a_call_that_never_arrived_shows_in_no_list(world: World) -> None:
    since = datetime.now(UTC)
    for fault in ("error_500", "reset"):
        world.simulator.fail_next(fault)
        [outcome] = world.send(fault)

        assert isinstance(outcome, Unknown)
        assert world.gateway.find(ANN, fault, since=since) == []


def test_the_provider_keeps_an_opt_out_even_if_we_did_not_hear_of_it(world: World) -> None:
    world.send("Hello")
    world.simulator.text_from(ANN, "STOP")

    [outcome] = world.send("Hello again")

    assert isinstance(outcome, Rejected)
    assert outcome.kind is Refusal.OPTED_OUT


def test_a_look_finds_the_sender_in_good_order_and_its_hook_at_our_service(world: World) -> None:
    report = TwilioSenderInspection(world.config, CLOCK).inspect()

    assert (report.is_reached, report.has_good_credentials, report.account_status) == (True, True, "active")
    assert (report.is_ours, report.can_text, report.detail) == (True, True, "")
    assert report.hook_url == f"{world.service.url}/hooks/twilio/sms"


def test_a_messaging_service_is_found_in_good_order_as_well(world: World) -> None:
    config = replace(world.config, sender=None, messaging_service_sid="MG" + "0c" * 16)

    report = TwilioSenderInspection(config, CLOCK).inspect()

    assert (report.has_good_credentials, report.is_ours, report.can_text, report.detail) == (True, True, True, "")
    assert report.hook_url == f"{world.service.url}/hooks/twilio/sms"


def test_wrong_credentials_are_told_apart_from_a_provider_out_of_reach(world: World) -> None:
    wrong = TwilioSenderInspection(replace(world.config, auth_token="wrong"), CLOCK).inspect()
    away = TwilioSenderInspection(replace(world.config, base_url="http://127.0.0.1:9"), CLOCK).inspect()

    assert (wrong.is_reached, wrong.has_good_credentials) == (True, False)
    assert (away.is_reached, away.has_good_credentials, away.skew) == (False, None, None)


def test_a_provider_whose_clock_is_wrong_is_found_out_by_sending_and_by_looking(world: World) -> None:
    world.simulator.set_faults(date_skew_seconds=600)

    world.send("Hello")
    by_looking = TwilioSenderInspection(world.config, CLOCK).inspect().skew

    for skew in (world.gateway.skew, by_looking):
        assert skew is not None
        assert abs(skew - timedelta(minutes=10)) < timedelta(seconds=2)


def test_a_landline_is_known_before_anything_is_sent_to_it(world: World) -> None:
    world.simulator.set_lines({ANN: "landline"})
    lookup = TwilioLineLookup(world.gateway.line)

    assert lookup.line_type(ANN) is LineType.LANDLINE
    assert lookup.line_type(CLINIC) is LineType.MOBILE
    assert world.simulator.lookups == [ANN, CLINIC]


def test_many_texts_leave_and_arrive_once_each(world: World) -> None:
    outcomes = world.send(*(f"Text {number}" for number in range(100)))

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert sorted(text.body for text in world.simulator.messages) == sorted(f"Text {number}" for number in range(100))


def test_a_mail_arrives_with_its_bodies_and_its_calendar_entry(world: World) -> None:
    config = SmtpConfig.from_url(f"smtp://127.0.0.1:{world.simulator.smtp_port}", mail_from="desk@clinic.example")
    outcomes: list[Outcome] = []
    calendar = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
    mail = OutgoingMail(
        AttemptTag(uuid4()),
        "ann@example.org",
        "Visit – 9 h",
        "Hello",
        "<p>Hi</p>",
        "<m@x>",
        CLOCK.monotonic() + 5,
        calendar,
    )

    SmtpEmailGateway(config, CLOCK).send_many([mail], lambda _, outcome: outcomes.append(outcome))

    assert isinstance(outcomes[0], Accepted)
    [arrived] = world.simulator.mails
    assert (arrived.subject, arrived.text.strip(), arrived.html.strip()) == ("Visit – 9 h", "Hello", "<p>Hi</p>")
    assert arrived.ics is not None
    assert arrived.ics_name == "appointment.ics"
