from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Event, Thread
from uuid import UUID

import pytest

from reminders.core.allow_list import AllowList
from reminders.core.consent import Source
from reminders.core.delivery import Absent, Blame, Refusal, Rejected
from reminders.core.patients import Channel
from reminders.services.begin_attempts import begin_attempts
from reminders.services.expire_overdue import expire_overdue
from reminders.services.opt_out import Said, opt_out_address
from reminders.services.resolve_unknowns import resolve_unknowns
from reminders.services.send_ad_hoc import AdHocRequest, send_ad_hoc
from reminders.store.messages import Claimed
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry, local
from tests.services.deaths import Interrupted
from tests.world import CONFIRM_AT, MINUTE, PHONE, World, only, some_entries

pytestmark = pytest.mark.both_databases

START = NOON + timedelta(days=14)
KEYWORD = Said(Source.KEYWORD, "text")


def test_a_due_reminder_becomes_a_message_and_leaves(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(an_entry())
    world.at(CONFIRM_AT - MINUTE)
    assert world.pump() == 0
    world.at(CONFIRM_AT)
    assert world.pump() == 1
    assert world.states() == [("accepted", None)]
    assert world.reminders() == {("A1", 1, "remind_confirm"): ("dispatched", None)}
    assert "Riverside Clinic" in world.bodies[0]
    world.check()


def test_what_is_claimed_ahead_leaves_at_its_time_and_not_before(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(an_entry())
    world.at(CONFIRM_AT - timedelta(seconds=1))
    assert world.pump() == 1
    assert world.sms.sent[0].at >= CONFIRM_AT
    world.check()


def test_a_pump_told_to_stop_while_it_waits_gives_back_what_it_took(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(an_entry())
    world.at(CONFIRM_AT - timedelta(seconds=1))
    stopping = Event()

    def wake(_seconds: float) -> bool:
        was_set = stopping.is_set()
        if world.messages() and world.messages()[0].state == "claimed":
            stopping.set()
        return was_set

    assert world.pump(wake=wake) == 0
    assert world.states() == [("due", None)]
    assert world.messages()[0].claim is None
    assert world.sms.calls == []


def test_a_pump_ends_in_time_and_gives_back_the_rest(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(*some_entries(40))
    world.at(CONFIRM_AT)
    world.change(sms=Interrupted(world.sms, before=lambda: world.later(timedelta(seconds=21))))
    assert world.pump() == 32
    assert len(world.attempts()) == 32
    assert {state for state, _ in world.states()} == {"due"}, "none is kept until its lease ends"


def test_what_falls_due_for_one_patient_on_one_day_is_one_message(world: World) -> None:
    world.sync(an_entry(booking=a_booking(START)))
    world.at(CONFIRM_AT)
    assert world.pump() == 1
    found = world.reminders()
    assert found["A1", 1, "remind_confirm"] == ("dispatched", None)
    assert found["A1", 1, "prep_first"] == ("merged", "merged")
    assert len(world.bodies) == 1
    ledger = world.check()
    assert (ledger.reminders["dispatched"], ledger.reminders["merged"]) == (1, 1)


def test_what_was_merged_into_a_text_that_lost_its_point_gets_one_of_its_own(world: World) -> None:
    world.sync(an_entry(booking=a_booking(START)))
    world.at(CONFIRM_AT)
    token, taken = world.claim()
    world.text("C")
    assert begin_attempts(world.deps, Channel.SMS, taken, token) == []
    assert world.states()[0] == ("suppressed", "already_confirmed")
    world.pump()
    assert world.reminders()["A1", 1, "prep_first"] == ("dispatched", None)
    assert len(world.bodies) == 2, "the answer to the C, and the preparation"
    world.check()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"has_sms_consent": False, "has_email_consent": False}, "no_consent"),
        ({"phone": None, "email": None}, "no_address"),
    ],
)
def test_a_refusal_at_planning_has_its_reason_and_a_task(
    world: World, change: dict[str, bool | None], reason: str
) -> None:
    world.sync(an_entry(patient=a_record(**change)))  # type: ignore[arg-type]  # one of the builder's own arguments
    world.at(CONFIRM_AT)
    assert world.pump() == 0
    assert set(world.reminders().values()) == {("suppressed", reason)}
    assert len(world.tasks()) == 1
    world.check()


def test_nothing_leaves_for_a_number_that_is_not_on_the_list(world: World) -> None:
    world.change(allow_list=AllowList.parse("+12025559999"))
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    assert world.pump() == 0
    assert world.states() == [("suppressed", "not_on_allow_list")]
    assert world.sms.calls == []
    world.check()


def test_the_list_is_empty_unless_somebody_filled_it() -> None:
    assert not AllowList().permits(PHONE)


def test_quiet_hours_hold_a_message_until_they_end(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(an_entry())
    late = local("2027-03-13 20:30")
    world.at(late)
    assert world.pump() == 0
    assert world.states() == [("held", "quiet_hours")]
    opening = local("2027-03-14 12:00")
    world.at(opening - MINUTE)
    assert world.pump() == 0
    world.at(opening)
    assert world.pump() == 1
    assert world.states() == [("accepted", None)]
    world.check()


def test_what_staff_write_is_not_capped(store: Store) -> None:
    world = World(store, only("remind_confirm", caps={"per_day": 1, "per_week": 1}))
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    assert world.pump() == 1
    send_ad_hoc(world.deps, AdHocRequest("Bring your card.", "desk", "k1", patient_external_id="P1"))
    assert world.pump() == 1
    world.check()


def test_a_cap_holds_a_reminder_until_tomorrow(store: Store) -> None:
    world = World(store, only("remind_confirm", caps={"per_day": 1, "per_week": 8}))
    world.sync(an_entry("A1", booking=a_booking(START)))
    world.at(CONFIRM_AT)
    assert world.pump() == 1
    world.sync(an_entry("A1", booking=a_booking(START)), an_entry("A2", booking=a_booking(START + timedelta(hours=2))))
    assert world.pump() == 0
    assert world.states() == [("accepted", None), ("held", "cap")]
    world.at(local("2027-03-14 12:00"))
    assert world.pump() == 1
    world.check()


def claimed(world: World) -> tuple[UUID, list[Claimed]]:
    world.sync(an_entry(booking=a_booking(START)))
    world.at(CONFIRM_AT)
    return world.claim()


def test_an_opt_out_between_claim_and_gate_wins(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    token, taken = claimed(world)
    world.text("STOP")
    assert begin_attempts(world.deps, Channel.SMS, taken, token) == []
    assert world.states() == [("cancelled", "opted_out"), ("due", None)], "only the confirmation of the opt-out is left"
    world.check()


def test_a_move_between_claim_and_gate_wins(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    token, taken = claimed(world)
    world.sync(an_entry(booking=a_booking(START + timedelta(days=1))))
    assert begin_attempts(world.deps, Channel.SMS, taken, token) == []
    assert world.states() == [("cancelled", "superseded")]
    assert world.reminders()["A1", 1, "remind_confirm"] == ("cancelled", "superseded")
    assert world.reminders()["A1", 2, "remind_confirm"] == ("planned", None)
    world.check()


def test_a_message_past_its_use_ends_as_expired_with_a_task(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    token, taken = claimed(world)
    world.at(START - timedelta(hours=26) - timedelta(seconds=30))
    assert begin_attempts(world.deps, Channel.SMS, taken, token) == []
    assert world.states() == [("expired", "too_late")]
    assert world.tasks() == ["not_sent_in_time"]
    world.check()


def test_a_channel_without_a_provider_waits_and_then_goes_to_staff(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.change(sms=None)
    world.sync(an_entry(booking=a_booking(START)))
    world.at(CONFIRM_AT)
    world.pump()
    assert world.states() == [("due", None)]
    world.at(START)
    expire_overdue(world.deps)
    assert world.states() == [("expired", "too_late")]
    assert world.tasks() == ["not_sent_in_time"]
    world.check()


def test_a_reminder_that_nobody_dispatched_in_time_expires_with_a_task(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(*some_entries(3))
    world.at(START)
    assert world.pump() == 0
    assert expire_overdue(world.deps) == 3
    assert set(world.reminders().values()) == {("expired", "too_late")}
    assert world.tasks() == ["not_sent_in_time"] * 3
    world.check()


def test_what_is_past_its_use_does_not_stand_in_the_way_of_what_is_not(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    late = [an_entry(f"L{n}", patient=a_record(f"L{n}", phone=f"+1202556{n:04d}")) for n in range(110)]
    world.sync(*late, an_entry("A1", booking=a_booking(START + timedelta(days=3))))
    world.at(local("2027-03-16 10:00"))
    assert world.pump() == 1


def test_a_provider_that_was_not_reached_is_asked_again(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    world.sms.answer_next(Absent("connection refused"))
    world.pump()
    assert world.states() == [("due", None)]
    assert world.messages()[0].left_at is None
    world.later(timedelta(minutes=1))
    assert world.pump() == 1
    assert [row.state for row in world.attempts()] == ["absent", "accepted"]
    assert [row.fence for row in world.attempts()] == [1, 2]
    world.check()


def test_wrong_credentials_become_one_task_a_day(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(*some_entries(5))
    world.at(CONFIRM_AT)
    for _ in range(5):
        world.sms.answer_next(Absent("HTTP 401", blame=Blame.CONFIGURATION))
    world.pump()
    assert world.tasks() == ["channel_paused"]
    world.later(timedelta(minutes=1))
    assert world.pump() == 5
    world.check()


@pytest.mark.parametrize(
    ("kind", "state", "reason", "tasks"),
    [
        (Refusal.OPTED_OUT, "suppressed", "opted_out", {"not_delivered", "no_consent"}),
        (Refusal.ADDRESS, "rejected", "address_fault", {"address_fault"}),
        (Refusal.CONTENT, "rejected", "provider_refused", {"not_delivered"}),
    ],
)
def test_a_refusal_ends_the_message_and_is_remembered_of_the_address(
    store: Store, kind: Refusal, state: str, reason: str, tasks: set[str]
) -> None:
    world = World(store, only("remind_confirm", "ride_check"))
    world.sync(an_entry(patient=a_record(email=None)))
    world.at(CONFIRM_AT)
    world.sms.answer_next(Rejected(kind, "21610", "refused"))
    world.pump()
    assert world.states() == [(state, reason)]
    assert (set(world.tasks()), len(world.tasks())) == (tasks, len(tasks))
    world.later(timedelta(days=2))
    world.pump()
    assert (len(world.sms.sent) == 1) is (kind is Refusal.CONTENT)
    assert world.tasks().count("address_fault") == (kind is Refusal.ADDRESS), "one a session, not one a message"
    world.check()


def test_a_mail_carries_its_page_its_calendar_entry_and_its_way_out(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(an_entry(patient=a_record(phone=None)))
    world.at(CONFIRM_AT)
    assert world.pump() == 0
    assert world.pump(Channel.EMAIL) == 1
    mail = world.email.sent[0]
    assert "https://reminders.example/r/" in mail.text
    assert mail.unsubscribe_url is not None
    assert mail.unsubscribe_url in mail.text
    assert mail.calendar is not None
    assert mail.message_id == f"<{world.messages()[0].id}@reminders.example>"
    world.check()


@pytest.mark.parametrize("is_stop_first", [True, False])
def test_an_opt_out_and_the_gate_take_turns(store: Store, is_stop_first: bool) -> None:  # noqa: FBT001 - a parameter of the test
    world = World(store, only("remind_confirm"))
    token, taken = claimed(world)
    left: list[object] = []
    sending = Thread(target=lambda: left.extend(begin_attempts(world.deps, Channel.SMS, taken, token)))
    if not is_stop_first:
        sending.start()
        sending.join()
    with store.transaction() as tx:
        opt_out_address(tx, world.deps, PHONE, KEYWORD, now=world.clock.now())
        if is_stop_first:
            sending.start()
            sending.join(0.3)
            assert sending.is_alive(), "the gate must wait for an opt-out that is being recorded"
    sending.join()
    assert len(left) == (0 if is_stop_first else 1)
    assert world.states()[0] == (("cancelled", "opted_out") if is_stop_first else ("sending", None))


def test_opt_outs_and_gates_in_a_crowd_never_lock_each_other_up(postgres_store: Store) -> None:
    world = World(postgres_store, only("remind_confirm"))
    entries = some_entries(12)
    world.sync(*entries)
    world.at(CONFIRM_AT)
    token, taken = world.claim()
    start, failed = Barrier(5), []

    def stop(number: int) -> None:
        start.wait()
        for entry in entries[number::4]:
            try:
                with postgres_store.transaction() as tx:
                    opt_out_address(tx, world.deps, entry.patient.phone or "", KEYWORD, now=world.clock.now())
            except Exception as error:  # noqa: BLE001 - whatever went wrong is what this test looks for
                failed.append(error)

    stopping = [Thread(target=stop, args=(number,)) for number in range(4)]
    for thread in stopping:
        thread.start()
    start.wait()
    left = [
        item for at in range(0, 12, 3) for item in begin_attempts(world.deps, Channel.SMS, taken[at : at + 3], token)
    ]
    for thread in stopping:
        thread.join()
    assert failed == []
    states = [state for state, _ in world.states()]
    assert states.count("sending") == len(left)
    assert states.count("sending") + states.count("cancelled") + states.count("suppressed") == 12


def test_a_lease_that_ended_gives_its_messages_back(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    token, taken = claimed(world)
    world.later(timedelta(seconds=61))
    resolve_unknowns(world.deps)
    assert begin_attempts(world.deps, Channel.SMS, taken, token) == [], "the first claim no longer holds"
    assert world.pump() == 1
    world.check()
