"""What becomes of a call whose outcome nobody knows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from reminders.adapters.memory import SentText
from reminders.core.delivery import Accepted, Outcome, ReceiptStatus, Refusal, Unknown
from reminders.core.ids import AttemptTag
from reminders.core.patients import Channel
from reminders.services.expire_overdue import expire_overdue
from reminders.services.record_outcomes import record_outcomes
from reminders.store import attempts, rows
from reminders.store.unit_of_work import Store
from tests.builders import a_record, an_entry
from tests.world import CONFIRM_AT, MINUTE, World, only, some_entries

LOST = Unknown("no answer")


@pytest.fixture
def world(store: Store) -> World:
    return World(store, only("remind_confirm"))


def lose(world: World, outcome: Outcome = LOST, *, has_arrived: bool = False, patients: int = 1) -> None:
    """Send, and learn nothing of what became of it."""
    world.sync(*some_entries(patients))
    world.at(CONFIRM_AT)
    for _ in range(patients):
        world.sms.answer_next(outcome, has_arrived=has_arrived)
    world.pump()
    assert {state for state, _ in world.states()} == {"unknown"}


def prove_absent(world: World) -> None:
    """Look twice, far enough apart, past the grace, while other receipts arrive."""
    for _ in range(3):
        world.later(6 * MINUTE)
        world.hear_receipts()
        world.resolve()


def test_an_unknown_text_that_the_list_shows_is_accepted(world: World) -> None:
    lose(world, has_arrived=True)
    world.later(MINUTE)
    assert world.resolve() == 1
    assert world.states() == [("accepted", None)]
    assert world.attempts()[0].provider_id == world.sms.sent[0].provider_id
    assert len(world.sms.calls) == 1
    world.check()


def test_an_equal_text_that_another_attempt_accounts_for_proves_nothing(world: World) -> None:
    twin = a_record("P2", phone="+12025550001", email=None)
    world.sync(an_entry("A1", patient=a_record("P1", phone="+12025550001")), an_entry("A2", patient=twin))
    world.at(CONFIRM_AT)
    world.sms.answer_next(Accepted("SM1", "queued"))
    world.sms.answer_next(LOST, has_arrived=False)
    world.pump()
    assert world.bodies == [call.body for call in world.sms.calls][:1] == [call.body for call in world.sms.calls][1:]
    world.later(MINUTE)
    assert world.resolve() == 0
    assert sorted(state for state, _ in world.states()) == ["accepted", "unknown"]


def test_what_the_list_shows_as_failed_becomes_a_task(world: World) -> None:
    lose(world, has_arrived=True)
    world.sms.report_status(world.sms.sent[0].provider_id, ReceiptStatus.UNDELIVERED)
    world.later(MINUTE)
    world.resolve()
    assert world.states() == [("undelivered", "undelivered")]
    assert world.tasks() == ["not_delivered"]
    world.check()


def test_absence_needs_two_looks_apart_the_grace_and_receipts_that_arrive(world: World) -> None:
    lose(world)
    for _ in range(4):
        world.later(timedelta(seconds=40))
        world.hear_receipts()
        assert world.resolve() == 0, "two looks, but too young"
    world.later(10 * MINUTE)
    assert world.resolve() == 1
    assert world.states() == [("due", None)]
    assert world.pump() == 1
    assert world.states() == [("accepted", None)]
    world.check()


def test_silence_of_all_receipts_is_no_proof(world: World) -> None:
    lose(world)
    world.resolve_for(timedelta(hours=2), every=10 * MINUTE)
    assert world.states() == [("unknown", None)]
    world.hear_receipts()
    world.later(MINUTE)
    assert world.resolve() == 1


@pytest.mark.both_databases
def test_texts_in_doubt_are_looked_for_in_the_order_in_which_they_left_wherever_their_rows_lie(world: World) -> None:
    lose(world, patients=5)
    tags = [row.tag for row in world.attempts()]
    for tag in reversed(tags):
        with world.store.transaction() as tx:
            tx.connection.execute(update(rows.attempt).where(rows.attempt.c.tag == tag).values(detail="moved"))
    with world.store.reading() as tx:
        found = attempts.unknown(tx, Channel.SMS, limit=9)
    assert [item.address for item in found] == [call.to for call in world.sms.calls]


def test_a_look_that_failed_is_no_proof(world: World) -> None:
    lose(world)
    world.sms.is_blind = True
    prove_absent(world)
    assert world.states() == [("unknown", None)]
    assert world.attempts()[0].empty_looks == 0


def test_a_text_is_sent_again_twice_and_then_goes_to_staff(world: World) -> None:
    lose(world)
    for calls in (2, 3):
        prove_absent(world)
        world.sms.answer_next(LOST, has_arrived=False)
        world.pump()
        assert len(world.sms.calls) == calls
    prove_absent(world)
    assert world.pump() == 0
    assert world.states() == [("needs_staff", "unknown_outcome")]
    assert world.tasks() == ["outcome_unknown"]
    assert world.check().attempts["absent"] == 3


def test_a_clinic_may_rather_ask_than_send_again(store: Store) -> None:
    world = World(store, only("remind_confirm", resends_unknown=False))
    lose(world)
    prove_absent(world)
    assert world.pump() == 0
    assert world.states() == [("needs_staff", "unknown_outcome")]
    assert world.tasks() == ["outcome_unknown"]
    assert len(world.sms.calls) == 1
    world.check()


def test_doubt_that_outlives_the_use_of_a_text_goes_to_staff(world: World) -> None:
    lose(world)
    world.later(timedelta(days=3))
    expire_overdue(world.deps)
    assert world.states() == [("needs_staff", "unknown_outcome")]
    assert world.tasks() == ["outcome_unknown"]
    world.check()


def test_good_news_for_a_text_that_staff_were_asked_about_is_still_believed(world: World) -> None:
    lose(world)
    tag = world.attempts()[0].tag
    world.later(timedelta(days=3))
    expire_overdue(world.deps)
    world.receipt(tag, ReceiptStatus.DELIVERED, provider_id="SMlate")
    assert world.states() == [("delivered", None)]
    world.check()


def test_a_mail_in_doubt_is_sent_again_after_half_an_hour_under_the_same_message_id(world: World) -> None:
    world.sync(an_entry(patient=a_record(phone=None)))
    world.at(CONFIRM_AT)
    world.email.answer_next(Unknown("connection lost after the final dot"), has_arrived=True)
    world.pump(Channel.EMAIL)
    world.resolve_for(timedelta(minutes=29), every=10 * MINUTE)
    assert world.pump(Channel.EMAIL) in {0, 1}
    world.resolve_for(timedelta(minutes=10), every=5 * MINUTE)
    world.pump(Channel.EMAIL)
    first, second = world.email.sent
    assert first.message_id == second.message_id
    assert first.tag != second.tag
    assert world.states() == [("accepted", None)]
    world.check()


def test_mails_in_doubt_do_not_keep_us_from_looking_for_texts(world: World) -> None:
    mailed = [an_entry(f"M{n}", patient=a_record(f"M{n}", phone=None, email=f"m{n}@example.org")) for n in range(60)]
    world.sync(*mailed, an_entry())
    world.at(CONFIRM_AT)
    for _ in mailed:
        world.email.answer_next(Unknown("connection lost"), has_arrived=False)
    world.sms.answer_next(LOST, has_arrived=True)
    world.pump(Channel.EMAIL)
    world.pump(Channel.SMS)
    world.later(MINUTE)
    assert world.resolve() == 1


def test_late_news_of_an_absent_text_stops_the_second_try_that_has_not_begun(world: World) -> None:
    lose(world)
    tag = world.attempts()[0].tag
    prove_absent(world)
    assert world.states() == [("due", None)]
    world.receipt(tag, ReceiptStatus.DELIVERED, provider_id="SMhidden")
    assert world.states() == [("delivered", None)]
    assert world.pump() == 0
    assert len(world.sms.calls) == 1
    assert world.check().possible_doubles == 0


def test_late_news_of_an_absent_text_after_the_second_try_counts_as_a_possible_double(world: World) -> None:
    lose(world)
    tag = world.attempts()[0].tag
    prove_absent(world)
    world.pump()
    world.receipt(tag, ReceiptStatus.SENT, provider_id="SMhidden")
    world.receipt(tag, ReceiptStatus.DELIVERED, provider_id="SMhidden")
    assert world.states() == [("accepted", None)]
    ledger = world.check()
    assert ledger.possible_doubles == 1
    assert (ledger.attempts["absent"], ledger.attempts["accepted"]) == (1, 1)


def test_a_worker_that_wakes_after_every_grace_still_tells_of_its_success(world: World) -> None:
    lose(world)
    tag = AttemptTag(world.attempts()[0].tag)
    prove_absent(world)
    record_outcomes(world.deps, [(tag, Accepted("SMlate", "queued"))])
    assert world.states() == [("accepted", None)]
    assert world.pump() == 0
    assert world.check().possible_doubles == 0


def test_doubt_and_refusal_of_a_receipt_end_in_a_task(world: World) -> None:
    lose(world)
    tag = world.attempts()[0].tag
    world.receipt(tag, ReceiptStatus.UNDELIVERED, provider_id="SM9", code="30006", refusal=Refusal.ADDRESS)
    assert world.states() == [("undelivered", "address_fault")]
    assert world.tasks() == ["address_fault"]
    world.check()


def test_an_answer_in_doubt_is_shown_to_staff_too(world: World) -> None:
    world.sync(*some_entries(1))
    world.text("HELP", sender="+12025550001")
    world.sms.answer_next(LOST)
    world.pump()
    world.later(timedelta(hours=2))
    expire_overdue(world.deps)
    assert world.states() == [("needs_staff", "unknown_outcome")]
    assert world.tasks() == ["outcome_unknown"]
    world.check()


@pytest.mark.both_databases
def test_a_text_that_the_list_hid_beyond_the_grace_is_counted_as_a_double_even_if_no_receipt_ever_tells(
    world: World,
) -> None:
    lose(world)
    hidden = SentText(world.sms.calls[0], "SMhidden", world.clock.machine_now())
    prove_absent(world)
    assert world.pump() == 1
    world.sms.sent.append(hidden)
    world.resolve_for(timedelta(hours=1), every=5 * MINUTE)
    assert world.check().proven_doubles == 1
    assert "resends_held" in world.tasks()


@pytest.mark.both_databases
def test_a_text_that_staff_were_asked_about_is_good_once_the_list_shows_it(store: Store) -> None:
    world = World(store, only("remind_confirm", resends_unknown=False))
    lose(world)
    hidden = SentText(world.sms.calls[0], "SMhidden", world.clock.machine_now(), ReceiptStatus.DELIVERED)
    prove_absent(world)
    assert world.states() == [("needs_staff", "unknown_outcome")]
    world.sms.sent.append(hidden)
    world.resolve_for(timedelta(hours=1), every=5 * MINUTE)
    assert world.states() == [("delivered", None)]
    assert world.check().proven_doubles == 0
