from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from reminders.adapters.random_ids import RandomIdentity
from reminders.core.appointments import AppointmentStatus
from reminders.core.audience import Visitors
from reminders.core.delivery import Absent, Unknown
from reminders.core.errors import InputError, NotFoundError
from reminders.core.ids import BatchId
from reminders.core.patients import Channel
from reminders.core.reminders import Reason
from reminders.core.staff import Actor, Role, actor
from reminders.services.begin_attempts import begin_attempts
from reminders.services.read_batches import read_batch, read_batches
from reminders.services.read_session import operator
from reminders.services.record_outcomes import record_outcomes
from reminders.services.send_ad_hoc import AdHocRequest, SentBatch, plan_ad_hoc, send_batch
from reminders.services.send_test import Trial, send_test
from reminders.services.stop_batch import stop_batch
from reminders.services.sync_schedule import SyncOptions
from reminders.store import rows, staff_rows
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry, local
from tests.servers.wiping import wipe
from tests.services.test_opt_out_races import Halfway
from tests.services.test_statements import counting
from tests.world import CLINIC, MINUTE, World, only

TOMORROW = Visitors(date(2027, 3, 3), date(2027, 3, 3))
START = local("2027-03-03 09:30")
APPROVED = SyncOptions(is_approved=True)


def visitors(world: World, count: int, *, slug: str | None = None) -> None:
    """So many patients have a session tomorrow."""
    entries = [
        an_entry(
            f"A{n}",
            patient=a_record(f"P{n}", name=f"Patient {n}", phone=f"+1202555{n:04d}", email=None),
            booking=a_booking(START),
        )
        for n in range(1, count + 1)
    ]
    world.sync(*((slug, entry) for entry in entries), options=APPROVED)


@pytest.fixture
def world(store: Store) -> World:
    """Three come tomorrow, and are sent nothing by themselves."""
    world = World(store, only("rebook"))
    visitors(world, 3)
    return world


def request(key: str = "k1", **parts: Any) -> AdHocRequest:  # noqa: ANN401 - any field of a request
    return AdHocRequest("Use the side door.", "desk", key, **{"audience": TOMORROW, **parts})


def desk(world: World) -> Actor:
    return operator(world.deps, "Desk")


def sent(world: World, **parts: Any) -> BatchId:  # noqa: ANN401 - as above
    found = send_batch(world.deps, request(**parts), who=desk(world))
    assert found.id is not None
    return found.id


def at_once(*acts: Callable[[], object]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.both_databases
def test_a_double_click_by_two_threads_sends_once(world: World) -> None:
    world.change(identity=RandomIdentity())
    found: list[SentBatch] = []
    at_once(*(lambda: found.append(send_batch(world.deps, request(), who=desk(world))) for _ in range(4)))
    assert len({item.id for item in found}) == 1
    assert [item.is_new for item in found].count(True) == 1
    assert world.pump() == 3
    assert world.count("batch") == 1
    assert world.count("message") == 3
    world.check()


def test_a_second_click_that_meets_the_first_halfway_waits_for_it(postgres_store: Store) -> None:
    world = World(postgres_store, only("rebook"))
    visitors(world, 3)
    world.change(identity=RandomIdentity())
    first: list[SentBatch] = []
    # The fourth id is asked for after the row of the batch is there.
    with Halfway(world, lambda: first.append(send_batch(world.deps, request())), ids=3) as halfway:
        second: list[SentBatch] = []
        other = threading.Thread(target=lambda: second.append(send_batch(world.deps, request())))
        other.start()
        other.join(0.3)
        assert not second
        halfway.end()
        other.join()
    assert [first[0].is_new, second[0].is_new] == [True, False]
    assert first[0].id == second[0].id
    assert world.count("message") == 3


def test_the_same_key_shows_the_same_batch_whatever_else_was_asked(world: World) -> None:
    first = sent(world)
    again = send_batch(world.deps, request(channel=Channel.EMAIL), who=desk(world))
    assert (again.id, again.is_new) == (first, False)
    assert all(item.is_sent_before for item in plan_ad_hoc(world.deps, request()).recipients)
    assert world.count("message") == 3


def test_nothing_is_sent_where_somebody_would_get_something_else_than_was_seen(world: World) -> None:
    seen = plan_ad_hoc(world.deps, request()).fingerprint
    world.text("STOP", sender="+12025550002")
    refused = send_batch(world.deps, request(), seen=seen)
    assert (refused.id, refused.has_changed) == (None, True)
    assert world.count("batch") == 0
    assert send_batch(world.deps, request(), seen=plan_ad_hoc(world.deps, request()).fingerprint).id is not None


def test_a_batch_tells_who_got_it_and_who_was_left_out(world: World) -> None:
    world.text("STOP", sender="+12025550002")
    batch = sent(world)
    world.pump()
    found = read_batch(world.deps, desk(world), batch)
    assert [(person.external_id, item.state) for person, item in found.sent] == [("P1", "accepted"), ("P3", "accepted")]
    assert [(person.external_id, reason) for person, reason in found.left_out] == [("P2", Reason.OPTED_OUT)]
    assert [line.words for line in read_batches(world.deps, desk(world))] == ["tomorrow’s sessions at Riverside Clinic"]
    world.later(timedelta(days=1))
    assert read_batches(world.deps, desk(world))[0].words == "sessions on Wed Mar 3 at Riverside Clinic"


@pytest.mark.both_databases
def test_a_message_to_one_patient_is_a_batch_of_one_that_names_them(world: World) -> None:
    batch = sent(world, audience=None, patient_external_id="P2")
    assert read_batch(world.deps, desk(world), batch).line.words == "Patient 2"
    assert [line.words for line in read_batches(world.deps, desk(world))] == ["Patient 2"]


@pytest.mark.both_databases
def test_stopping_ends_what_has_not_left_once_and_for_all(world: World) -> None:
    batch = sent(world, send_at=NOON + timedelta(hours=1))
    assert world.pump() == 0
    found = [stop_batch(world.deps, desk(world), batch) for _ in range(2)]
    assert [(item.ended, item.had_left) for item in found] == [(3, 0), (0, 0)]
    world.later(timedelta(hours=2))
    assert world.pump() == 0
    assert set(world.states()) == {("cancelled", "withdrawn")}
    assert world.tasks() == []
    deeds = world.all(select(staff_rows.audit_event.c.deed).order_by(staff_rows.audit_event.c.id))
    assert [row.deed for row in deeds] == ["message_written", "batch_stopped"]
    world.check()


def test_what_is_leaving_when_a_batch_is_stopped_is_not_tried_again(world: World) -> None:
    batch = sent(world)
    token, taken = world.claim()
    outgoing = begin_attempts(world.deps, Channel.SMS, taken, token)
    stopped = stop_batch(world.deps, desk(world), batch)
    assert (stopped.ended, stopped.had_left) == (0, 3)
    record_outcomes(world.deps, [(item.tag, Absent("busy")) for item in outgoing[:2]])
    record_outcomes(world.deps, [(outgoing[2].tag, Unknown("silence"))])
    world.hear_receipts()
    world.resolve_for(timedelta(minutes=30), every=5 * MINUTE)
    assert world.pump() == 0
    assert set(world.states()) == {("suppressed", "withdrawn")}
    assert len(world.attempts()) == 3
    world.check()


def test_stop_and_pump_at_once_leave_nothing_behind_but_what_had_its_intent(store: Store) -> None:
    world = World(store, only("rebook"))
    visitors(world, 40)
    world.change(identity=RandomIdentity())
    batch = sent(world)
    intents: list[int] = []

    def stop() -> None:
        found = stop_batch(world.deps, desk(world), batch)
        intents.append(found.had_left)

    at_once(world.pump, stop)
    world.pump()
    # Whoever had an intent when the stop was committed is all that ever left.
    assert len(world.attempts()) == len(world.sms.sent) == intents[0]
    assert sum(state == "cancelled" for state, _ in world.states()) == 40 - intents[0]
    world.check()


def test_a_session_that_moves_or_ends_takes_what_was_written_about_it_along(world: World) -> None:
    at = NOON + timedelta(hours=2)
    send_batch(world.deps, AdHocRequest("See you {{when}}.", "desk", "k1", audience=TOMORROW, send_at=at))
    send_batch(world.deps, request("k2", send_at=at, exceeds_caps=True))
    moved = a_record("P1", name="Patient 1", phone="+12025550001", email=None)
    gone = a_record("P2", name="Patient 2", phone="+12025550002", email=None)
    world.sync(
        an_entry("A1", patient=moved, booking=a_booking(START + timedelta(hours=1))),
        an_entry("A2", patient=gone, booking=a_booking(START, status=AppointmentStatus.CANCELLED)),
        options=APPROVED,
    )
    world.at(at)
    world.pump()
    fates = [(row.body is not None, row.state, row.reason) for row in world.messages() if row.batch_id is not None]
    assert sorted((state, reason) for _, state, reason in fates if state == "suppressed") == [
        ("suppressed", "appointment_off"),
        ("suppressed", "appointment_off"),
        ("suppressed", "superseded"),
    ]


@pytest.mark.both_databases
def test_an_opt_out_while_a_batch_waits_beats_it_whatever_was_overridden(world: World) -> None:
    sent(world, send_at=NOON + timedelta(hours=10), override_reason="The water was cut off")
    world.text("STOP", sender="+12025550002")
    world.at(NOON + timedelta(hours=10))
    world.pump()
    assert sorted(body for body in world.bodies if "side door" in body) == ["Riverside Clinic: Use the side door."] * 2
    (noted,) = world.all(select(staff_rows.audit_event.c.by).where(staff_rows.audit_event.c.deed.like("quiet%")))
    assert noted.by == "Desk"


@pytest.mark.both_databases
def test_only_ones_own_clinics_are_written_to_read_and_stopped(store: Store) -> None:
    world = World(store, only("rebook"), {**CLINIC, "slug": "lakeside", "sender": "Lakeside"})
    visitors(world, 2, slug="riverside")
    every = {row.slug: row.id for row in world.all(select(rows.clinic))}
    stranger = actor(None, "Stranger", {every["lakeside"]: Role.MANAGER}, every_clinic=every.values())
    auditor = actor(None, "Auditor", {every["riverside"]: Role.AUDITOR}, every_clinic=every.values())
    batch = sent(world, clinic_slug="riverside", send_at=NOON + timedelta(hours=1))
    for who in (stranger, auditor):
        with pytest.raises(NotFoundError):
            send_batch(world.deps, request("k9", clinic_slug="riverside"), who=who)
        with pytest.raises(NotFoundError):
            stop_batch(world.deps, who, batch)
        with pytest.raises(NotFoundError):
            send_test(world.deps, Trial("riverside", "+12025559999", "Hello", "k"), who=who)
    with pytest.raises(NotFoundError):
        read_batch(world.deps, stranger, batch)
    assert read_batches(world.deps, stranger) == []
    assert read_batch(world.deps, auditor, batch).line.number == 2
    with pytest.raises(NotFoundError):
        send_batch(world.deps, request("k9", audience=None, patient_external_id="P1"), who=stranger)


@pytest.mark.both_databases
def test_a_test_is_sent_in_quiet_hours_and_not_too_often(world: World) -> None:
    world.at(local("2027-03-02 23:00"))
    for n in range(11):
        trial = Trial("riverside", "+12025559999", "Hello", f"k{n}")
        if n < 10:
            send_test(world.deps, trial, who=desk(world))
        else:
            with pytest.raises(InputError, match="wait a little"):
                send_test(world.deps, trial, who=desk(world))
    assert world.pump() == 10


def test_many_cost_as_many_statements_as_a_few(store: Store) -> None:
    costs = []
    for count in (4, 100):
        wipe(store)
        world = World(store, only("rebook"))
        visitors(world, count)
        with counting(store) as statements:
            sent(world, key=f"k{count}")
        costs.append(len(statements))
        assert world.count("message") == count
    assert costs[0] == costs[1]
