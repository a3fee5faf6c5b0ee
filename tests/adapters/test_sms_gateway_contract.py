"""What every SMS gateway does, by Twilio and in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import uuid4

import pytest

from reminders.adapters.memory import MemorySmsGateway
from reminders.adapters.system_clock import SystemClock
from reminders.adapters.twilio.sms import TwilioConfig, TwilioSmsGateway
from reminders.core.delivery import Absent, Accepted, Outcome, ReceiptStatus, Refusal, Rejected, Unknown
from reminders.core.ids import AttemptTag
from reminders.ports import OutgoingText, SmsGateway
from tests.adapters.scripted_twilio import ACCOUNT, accepting_then_resetting, refusing, scripted_twilio

ANN, BOB = "+12125550101", "+12125550102"
CLOCK = SystemClock()


@dataclass(frozen=True)
class World:
    """A gateway, and what makes its provider refuse, hide an answer or a list, or deliver."""

    gateway: SmsGateway
    refuse_opted_out: Callable[[], None]
    refuse_busy: Callable[[], None]
    hide_answer: Callable[[], None]
    hide_list: Callable[[], None]
    deliver: Callable[[str], None]
    delete: Callable[[str], None]
    run_ahead: Callable[[timedelta], None]


@pytest.fixture(params=["twilio", "memory"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    kind: Literal["twilio", "memory"] = request.param
    yield from by_twilio() if kind == "twilio" else in_memory()


def by_twilio() -> Iterator[World]:
    with scripted_twilio() as twilio:
        gateway = TwilioSmsGateway(
            TwilioConfig(
                ACCOUNT, "https://clinic.example/s/", auth_token="t", sender="+12125550100", base_url=twilio.url
            ),
            CLOCK,
        )

        def message_of(provider_id: str) -> dict[str, object]:
            return next(message for message in twilio.messages if message["sid"] == provider_id)

        def deliver(provider_id: str) -> None:
            message_of(provider_id)["status"] = "delivered"

        yield World(
            gateway,
            refuse_opted_out=lambda: twilio.script.append(refusing(400, 21610)),
            refuse_busy=lambda: twilio.script.append(refusing(429, 20429, Retry_After="7")),
            hide_answer=lambda: twilio.script.append(accepting_then_resetting),
            hide_list=lambda: twilio.script.append(refusing(503)),
            deliver=deliver,
            delete=lambda provider_id: twilio.messages.remove(message_of(provider_id)),
            run_ahead=lambda ahead: setattr(twilio, "ahead", ahead),
        )
        gateway.close()


def in_memory() -> Iterator[World]:
    gateway = MemorySmsGateway(CLOCK)

    def hide_list() -> None:
        gateway.is_blind = True

    yield World(
        gateway,
        refuse_opted_out=lambda: gateway.answer_next(Rejected(Refusal.OPTED_OUT, "21610", "opted out")),
        refuse_busy=lambda: gateway.answer_next(Absent("busy", retry_after=timedelta(seconds=7))),
        hide_answer=lambda: gateway.answer_next(Unknown("reset"), has_arrived=True),
        hide_list=hide_list,
        deliver=lambda provider_id: gateway.report_status(provider_id, ReceiptStatus.DELIVERED),
        delete=gateway.forget,
        run_ahead=lambda ahead: setattr(gateway, "ahead", ahead),
    )


def a_text(to: str = ANN, body: str = "Your visit is tomorrow.", *, starts_within: float = 5.0) -> OutgoingText:
    return OutgoingText(AttemptTag(uuid4()), to, body, timedelta(hours=1), CLOCK.monotonic() + starts_within)


def send(gateway: SmsGateway, *texts: OutgoingText) -> list[Outcome]:
    reports: list[tuple[AttemptTag, Outcome]] = []
    gateway.send_many(texts, lambda tag, outcome: reports.append((tag, outcome)))
    assert Counter(tag for tag, _ in reports) == Counter(text.tag for text in texts)
    outcomes = dict(reports)
    return [outcomes[text.tag] for text in texts]


def an_hour_ago() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


def test_nothing_to_send_is_nothing_reported(world: World) -> None:
    assert send(world.gateway) == []


def test_each_text_is_accepted_under_an_id_of_its_own(world: World) -> None:
    outcomes = send(world.gateway, a_text(ANN), a_text(BOB), a_text(ANN))

    ids = {outcome.provider_id for outcome in outcomes if isinstance(outcome, Accepted)}
    assert len(ids) == 3


def test_what_was_accepted_is_found_by_number_and_words_and_by_its_id(world: World) -> None:
    [outcome] = send(world.gateway, a_text(body="Café at 9: ¿todo bien? 👍"))
    assert isinstance(outcome, Accepted)

    found = world.gateway.find(ANN, "Café at 9: ¿todo bien? 👍", since=an_hour_ago())

    assert found is not None
    assert [sighting.provider_id for sighting in found] == [outcome.provider_id]
    assert found[0].status is ReceiptStatus.QUEUED
    assert world.gateway.fetch(outcome.provider_id) == found[0]


def test_other_words_other_numbers_and_earlier_texts_are_not_found(world: World) -> None:
    send(world.gateway, a_text(ANN, "Hello"))

    assert world.gateway.find(ANN, "Hello!", since=an_hour_ago()) == []
    assert world.gateway.find(BOB, "Hello", since=an_hour_ago()) == []
    assert world.gateway.find(ANN, "Hello", since=datetime.now(UTC) + timedelta(minutes=5)) == []


def test_a_delivery_shows_in_later_looks(world: World) -> None:
    [outcome] = send(world.gateway, a_text())
    assert isinstance(outcome, Accepted)

    world.deliver(outcome.provider_id)

    sighting = world.gateway.fetch(outcome.provider_id)
    assert sighting is not None
    assert sighting.status is ReceiptStatus.DELIVERED


def test_a_text_whose_time_to_start_has_passed_never_leaves(world: World) -> None:
    [outcome] = send(world.gateway, a_text(starts_within=-0.1))

    assert isinstance(outcome, Absent)
    assert world.gateway.find(ANN, "Your visit is tomorrow.", since=an_hour_ago()) == []


def test_an_opt_out_at_the_provider_is_told_apart(world: World) -> None:
    world.refuse_opted_out()

    [outcome] = send(world.gateway, a_text())

    assert isinstance(outcome, Rejected)
    assert outcome.kind is Refusal.OPTED_OUT


def test_a_busy_provider_says_when_to_come_back(world: World) -> None:
    world.refuse_busy()

    [outcome] = send(world.gateway, a_text())

    assert isinstance(outcome, Absent)
    assert outcome.retry_after == timedelta(seconds=7)


def test_a_lost_answer_is_unknown_and_a_look_finds_the_text(world: World) -> None:
    world.hide_answer()

    [outcome] = send(world.gateway, a_text())

    assert isinstance(outcome, Unknown)
    found = world.gateway.find(ANN, "Your visit is tomorrow.", since=an_hour_ago())
    assert found is not None
    assert len(found) == 1


def test_a_look_that_fails_is_no_evidence(world: World) -> None:
    send(world.gateway, a_text())
    world.hide_list()

    assert world.gateway.find(ANN, "Your visit is tomorrow.", since=an_hour_ago()) is None


def test_an_id_that_the_provider_does_not_know_is_not_found(world: World) -> None:
    assert world.gateway.fetch("SM" + "f" * 32) is None
    assert world.gateway.fetch("../../Accounts") is None


def test_a_message_that_was_deleted_is_not_found(world: World) -> None:
    [outcome] = send(world.gateway, a_text())
    assert isinstance(outcome, Accepted)

    world.delete(outcome.provider_id)

    assert world.gateway.fetch(outcome.provider_id) is None
    assert world.gateway.find(ANN, "Your visit is tomorrow.", since=an_hour_ago()) == []


def test_before_the_first_answer_nobody_knows_the_provider_s_time(world: World) -> None:
    send(world.gateway, a_text(starts_within=-0.1))

    assert world.gateway.skew is None


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(minutes=5), timedelta(minutes=-5)], ids=str)
def test_every_answer_says_how_far_the_provider_s_clock_is_ahead(world: World, ahead: timedelta) -> None:
    send(world.gateway, a_text())
    world.run_ahead(ahead)

    send(world.gateway, a_text())
    after_sending = world.gateway.skew
    world.run_ahead(ahead + timedelta(hours=1))
    world.gateway.fetch("SM" + "f" * 32)
    after_a_look = world.gateway.skew

    assert after_sending is not None
    assert after_a_look is not None
    assert abs(after_sending - ahead) < timedelta(seconds=2)
    assert abs(after_a_look - ahead - timedelta(hours=1)) < timedelta(seconds=2)


def test_a_call_without_an_answer_leaves_the_provider_s_time_as_it_was(world: World) -> None:
    send(world.gateway, a_text())
    before = world.gateway.skew
    world.run_ahead(timedelta(hours=1))
    world.hide_answer()

    send(world.gateway, a_text())

    assert world.gateway.skew == before
