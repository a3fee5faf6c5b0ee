"""The worklist: what it shows, who works on what, and what settles by itself."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from uuid import uuid5

import pytest
from sqlalchemy import select, update

from reminders.core.appointments import AppointmentStatus
from reminders.core.check_ins import Concern
from reminders.core.errors import InputError, NotFoundError
from reminders.core.ids import AppointmentId, ClinicId, InboundId, MessageId, PatientId
from reminders.core.labels import INTENTS
from reminders.core.patients import Channel
from reminders.core.tasks import Group, Outcome, TaskKind, Urgency, key_of
from reminders.ports import LineType
from reminders.services.confirm_sessions import confirm_session
from reminders.services.escalate import Alarm, has_open, raise_alarm
from reminders.services.read_worklist import Filter, TaskLine, read_task, read_worklist
from reminders.services.sync_schedule import SyncOptions
from reminders.services.watch_appointments import watch_appointments
from reminders.services.work_tasks import Resolution, assign_task, reopen_task, resolve_task, take_task
from reminders.store import contacts, lines, rows, tasks
from reminders.store.conversation_rows import inbound
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry, an_id, local
from tests.world import PHONE, World, only, some_entries

START = local("2027-03-16 13:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REACHED = Resolution(Outcome.REACHED, "son drives")


@pytest.fixture
def desk(store: Store) -> World:
    """A clinic that sends nothing by itself, with one patient and their session in two weeks."""
    world = World(store, only())
    world.sync(an_entry(booking=a_booking(START)))
    return world


def the_visit(world: World, external_id: str = "A1") -> tuple[ClinicId, PatientId, AppointmentId]:
    [row] = world.all(select(rows.appointment).where(rows.appointment.c.external_id == external_id))
    return ClinicId(row.clinic_id), PatientId(row.patient_id), AppointmentId(row.id)


def opened(world: World, kind: TaskKind, **parts: object) -> str:
    """Open a task about the session and return its short id."""
    clinic_id, patient_id, appointment_id = the_visit(world)
    item = tasks.Task(
        kind=kind,
        urgency=Urgency.NORMAL,
        key=key_of(kind, appointment_id, 1),
        clinic_id=clinic_id,
        patient_id=patient_id,
        appointment_id=appointment_id,
    )
    new_id = world.identity.new_id()
    with world.store.transaction() as tx:
        assert tasks.open_once(tx, new_id, replace(item, **parts), now=world.clock.now())  # type: ignore[arg-type]
    return new_id.hex[-6:]


def alarmed(world: World) -> str:
    """Raise an alarm about the patient and return its task's short id."""
    clinic_id, patient_id, appointment_id = the_visit(world)
    alarm = Alarm(clinic_id, Concern.RED_FLAG, patient_id, appointment_id)
    with world.store.transaction() as tx:
        raise_alarm(tx, world.deps, alarm, is_patient_told=True, now=world.clock.now())
    return next(line.short_id for line in read_worklist(world.deps).lines if line.group is Group.ESCALATIONS)


def kinds(world: World, chosen: Filter | None = None) -> list[TaskKind]:
    return [line.task.kind for line in read_worklist(world.deps, chosen).lines]


def appointment(world: World, external_id: str = "A1") -> object:
    [row] = world.all(select(rows.appointment).where(rows.appointment.c.external_id == external_id))
    return row


def test_a_line_says_who_when_what_was_written_and_how_it_was_read(desk: World) -> None:
    desk.text("what should I wear??")
    [text_id] = [row.id for row in desk.all(select(inbound.c.id))]
    with desk.store.transaction() as tx:
        tx.connection.execute(update(rows.task).values(resolved_at=NOON))
        tx.connection.execute(update(inbound).values(intents="question,thanks"))
    name = opened(desk, TaskKind.QUESTION, inbound_id=InboundId(text_id))
    [line] = read_worklist(desk.deps).lines
    assert (line.short_id, line.clinic, line.patient, line.name) == (name, "riverside", "P1", "Dana Rivers")
    assert (line.session, line.starts_at, line.timezone) == ("A1", START, "America/New_York")
    assert line.said is not None
    assert line.said.text == "what should I wear??"
    assert [INTENTS[intent] for intent in line.said.intents] == ["asks something", "says thanks"]
    assert line.due_at == NOON + DAY
    assert line.next_action == "Answer it, or phone the patient."


def test_a_text_that_does_not_open_hides_no_other_line(desk: World) -> None:
    desk.text("hello")
    [text_id] = [row.id for row in desk.all(select(inbound.c.id))]
    opened(desk, TaskKind.QUESTION, inbound_id=InboundId(text_id))
    with desk.store.transaction() as tx:
        [sealed] = tx.connection.scalars(select(inbound.c.body))
        tx.connection.execute(update(inbound).values(body=sealed[:-1] + bytes([sealed[-1] ^ 1])))
    found = [line.said for line in read_worklist(desk.deps).lines if line.task.kind is TaskKind.QUESTION]
    assert [said is not None and said.text is None for said in found] == [True]


@pytest.mark.both_databases
def test_the_message_behind_a_task_and_the_last_one_about_the_session_stand_beside_it(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(an_entry(booking=a_booking(START)))
    world.at(local("2027-03-13 10:00"))
    world.pump()
    [sent] = world.messages()
    opened(world, TaskKind.NOT_DELIVERED, message_id=MessageId(sent.id))
    [line] = [item for item in read_worklist(world.deps).lines if item.task.kind is TaskKind.NOT_DELIVERED]
    assert line.about_message == line.last_message
    assert line.about_message is not None
    assert (line.about_message.kind, line.about_message.state) == ("remind_confirm", "accepted")


def test_the_list_runs_in_the_order_of_the_morning(desk: World) -> None:
    mixed = [TaskKind.MARK_OUTCOME, TaskKind.PHONE_PATIENT, TaskKind.QUESTION, TaskKind.CHECK_IN_UNANSWERED]
    mixed += [TaskKind.NOT_DELIVERED, TaskKind.RIDE_WANTED, TaskKind.UNCONFIRMED]
    for kind in mixed:
        opened(desk, kind)
    alarmed(desk)
    assert kinds(desk) == [TaskKind.ESCALATION, *reversed(mixed)]


def test_a_landlines_fault_stands_with_the_landlines_and_says_to_phone(desk: World) -> None:
    opened(desk, TaskKind.ADDRESS_FAULT)
    assert [line.group for line in read_worklist(desk.deps).lines] == [Group.UNDELIVERED]
    with desk.store.transaction() as tx:
        own = contacts.ensure(tx, the_visit(desk)[0], Channel.SMS, PHONE, new_id=desk.identity.new_id())
        lines.remember(tx, [own], LineType.LANDLINE, now=NOON)
    [line] = read_worklist(desk.deps).lines
    assert line.group is Group.LANDLINE
    assert line.next_action.startswith("This number is a landline")


def test_it_can_be_asked_for_by_clinic_kind_and_owner(store: Store) -> None:
    world = World(store, only(), {**only(), "slug": "hillside"})
    world.sync(("riverside", an_entry()), ("hillside", an_entry("B1", patient=a_record("P2", phone="+12025550102"))))
    mine = opened(world, TaskKind.QUESTION)
    opened(world, TaskKind.RIDE_WANTED)
    take_task(world.deps, mine, by="Ana")
    assert kinds(world, Filter(clinic="riverside")) == [TaskKind.RIDE_WANTED, TaskKind.QUESTION]
    assert kinds(world, Filter(clinic="hillside")) == []
    assert kinds(world, Filter(kinds={TaskKind.QUESTION})) == [TaskKind.QUESTION]
    assert kinds(world, Filter(owner="ana")) == [TaskKind.QUESTION]
    assert kinds(world, Filter(is_unassigned=True)) == [TaskKind.RIDE_WANTED]
    with pytest.raises(InputError, match="name one of: hillside, riverside"):
        read_worklist(world.deps, Filter(clinic="elsewhere"))


def test_a_task_is_taken_handed_on_resolved_and_opened_again_with_all_of_it_kept(desk: World) -> None:
    name = opened(desk, TaskKind.QUESTION, note="Thursday after 2")
    taken = take_task(desk.deps, name, by="Ana").task
    assert (taken.owner, taken.acknowledged_by, taken.acknowledged_at) == ("Ana", "Ana", NOON)
    assert take_task(desk.deps, name, by="Ana").task == taken
    desk.later(HOUR)
    assert assign_task(desk.deps, name, to="Lee", by="Ana").task.owner == "Lee"
    desk.later(HOUR)
    done = resolve_task(desk.deps, name, REACHED, by="Lee").task
    assert (done.resolved_by, done.resolved_at, done.outcome) == ("Lee", NOON + 2 * HOUR, Outcome.REACHED)
    assert kinds(desk) == []
    again = reopen_task(desk.deps, name, by="Kim", note="called back").task
    assert (again.resolved_by, again.outcome, again.owner) == (None, None, "Lee")
    assert again.note == (
        "Thursday after 2\n"
        "Tue 02 Mar 2027 13:00 Ana: gave it to Lee\n"
        "Tue 02 Mar 2027 14:00 Lee: reached the patient: son drives\n"
        "Tue 02 Mar 2027 14:00 Kim: opened it again; it was resolved by Lee on Tue 02 Mar 2027 14:00,"
        " reached the patient: called back"
    )
    assert kinds(desk) == [TaskKind.QUESTION]


def test_notes_are_sealed(desk: World) -> None:
    name = opened(desk, TaskKind.QUESTION)
    resolve_task(desk.deps, name, REACHED, by="Lee")
    [row] = desk.all(select(rows.task.c.note))
    assert b"son drives" not in row.note


def test_without_a_word_of_it_nobody_owns_what_somebody_resolved_at_once(desk: World) -> None:
    done = resolve_task(desk.deps, opened(desk, TaskKind.QUESTION), Resolution(Outcome.NOT_NEEDED), by="Kim").task
    assert (done.owner, done.acknowledged_by, done.resolved_by) == ("Kim", "Kim", "Kim")


@pytest.mark.parametrize(
    ("act", "complaint"),
    [
        (lambda world, name: take_task(world.deps, name, by=" "), "--by: found nothing"),
        (lambda world, name: take_task(world.deps, name, by="x" * 81), "--by: found 81 characters"),
        (lambda world, name: assign_task(world.deps, name, to="", by="Kim"), "--to: found nothing"),
        (
            lambda world, name: resolve_task(world.deps, name, Resolution(Outcome.DONE, "x" * 501), by="Kim"),
            "--note: found 501",
        ),
        (lambda world, name: reopen_task(world.deps, name, by="Kim"), "is still open"),
        (
            lambda world, name: resolve_task(world.deps, name, replace(REACHED, is_ride_arranged=True), by="Kim"),
            "--ride-arranged: this task is not about the ride home",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    desk: World, act: Callable[[World, str], TaskLine], complaint: str
) -> None:
    name = opened(desk, TaskKind.QUESTION)
    before = desk.all(select(rows.task))
    with pytest.raises(InputError, match=complaint):
        act(desk, name)
    assert desk.all(select(rows.task)) == before


@pytest.mark.parametrize("name", ["zzzzzz", "abc", "", "000000"])
def test_a_name_that_is_no_tasks_is_said_to_be_none(desk: World, name: str) -> None:
    opened(desk, TaskKind.QUESTION)
    with pytest.raises(NotFoundError, match="no task"):
        take_task(desk.deps, name, by="Kim")


def test_a_name_that_means_two_tasks_asks_for_more_of_it_and_an_open_one_goes_first(desk: World) -> None:
    name = opened(desk, TaskKind.QUESTION)
    [task_id] = [row.id for row in desk.all(select(rows.task.c.id))]
    twin = uuid5(an_id("twin"), "twin").hex[:26] + name
    with desk.store.transaction() as tx:
        held = tasks.get(tx, task_id)
        tasks.open_once(tx, type(task_id)(hex=twin), replace(held, key="twin"), now=NOON)
    with pytest.raises(InputError, match="means 2 tasks; give more of the id"):
        take_task(desk.deps, name, by="Kim")
    resolve_task(desk.deps, twin, Resolution(Outcome.NOT_NEEDED), by="Kim")
    assert take_task(desk.deps, name, by="Kim").id == task_id
    assert read_task(desk.deps, twin)[1].task.resolved_by == "Kim"


def test_staff_who_heard_it_on_the_phone_confirm_the_session_with_the_task(desk: World) -> None:
    name = opened(desk, TaskKind.UNCONFIRMED)
    done = resolve_task(desk.deps, name, replace(REACHED, is_confirmed=True), by="Kim").task
    assert (done.resolved_by, done.outcome) == ("Kim", Outcome.REACHED)
    assert getattr(appointment(desk), "confirmed_version", None) == 1


def test_a_ride_that_was_arranged_on_the_phone_ends_all_that_lacked_one(desk: World) -> None:
    opened(desk, TaskKind.SELF_DRIVE)
    name = opened(desk, TaskKind.RIDE_WANTED)
    done = resolve_task(desk.deps, name, replace(REACHED, is_ride_arranged=True), by="Kim").task
    assert done.resolved_by == "Kim"
    assert getattr(appointment(desk), "ride_version", None) == 1
    assert kinds(desk) == []


@pytest.mark.parametrize("act", ["take", "done"])
def test_taking_or_resolving_an_alarm_stops_its_climb(desk: World, act: str) -> None:
    name, patient_id = alarmed(desk), the_visit(desk)[1]
    assign_task(desk.deps, name, to="Lee", by="Ana")
    with desk.store.reading() as tx:
        assert has_open(tx, patient_id)
    if act == "take":
        assert take_task(desk.deps, name, by="Ana").task.owner == "Ana"
    else:
        assert resolve_task(desk.deps, name, REACHED, by="Ana").task.acknowledged_by == "Ana"
    with desk.store.reading() as tx:
        assert not has_open(tx, patient_id)


@pytest.mark.both_databases
@pytest.mark.parametrize("kind", [TaskKind.QUESTION, TaskKind.ESCALATION])
def test_of_two_who_take_a_task_at_once_one_has_it_and_the_other_hears_who(store: Store, kind: TaskKind) -> None:
    world = World(store, only())
    world.sync(an_entry(booking=a_booking(START)))
    name = alarmed(world) if kind is TaskKind.ESCALATION else opened(world, kind)
    start = Barrier(2)

    def take(by: str) -> str:
        start.wait()
        try:
            return f"{take_task(world.deps, name, by=by).task.owner}"
        except InputError as error:
            return str(error)

    with ThreadPoolExecutor(2) as people:
        first, second = sorted(people.map(take, ("Ana", "Ben")), key=len)
    assert first in {"Ana", "Ben"}
    assert second == f"{name} is taken already: {first} took it on Tue 02 Mar 2027 12:00"


def test_of_two_who_resolve_a_task_at_once_one_outcome_stays(store: Store) -> None:
    world = World(store, only())
    world.sync(an_entry(booking=a_booking(START)))
    name, start = opened(world, TaskKind.RIDE_WANTED), Barrier(2)

    def resolve(by: str) -> str:
        start.wait()
        try:
            done = resolve_task(world.deps, name, replace(REACHED, is_ride_arranged=True), by=by)
        except InputError as error:
            return str(error)
        return done.task.resolved_by or ""

    with ThreadPoolExecutor(2) as people:
        first, second = sorted(people.map(resolve, ("Ana", "Ben")), key=len)
    assert second == f"{name} is resolved already: by {first} on Tue 02 Mar 2027 12:00, reached the patient"
    assert [row.resolved_by for row in world.all(select(rows.task.c.resolved_by))] == [first]


@pytest.mark.both_databases
def test_a_new_time_answers_who_asked_for_one_and_a_cancellation_who_declined(store: Store) -> None:
    world = World(store, only())
    world.sync(*some_entries(2))
    for number, kind in ((1, TaskKind.RESCHEDULE), (2, TaskKind.DECLINED)):
        clinic_id, patient_id, appointment_id = the_visit(world, f"A{number}")
        item = tasks.Task(kind, Urgency.NORMAL, f"{kind}:of-a-text", clinic_id, patient_id, appointment_id)
        with world.store.transaction() as tx:
            tasks.open_once(tx, world.identity.new_id(), item, now=NOON)
    first, second = some_entries(2)
    moved = replace(first, booking=a_booking(START + DAY))
    world.sync(moved, second)
    assert kinds(world) == [TaskKind.DECLINED]
    off = replace(second, booking=replace(second.booking, status=AppointmentStatus.CANCELLED))
    world.sync(moved, off, options=SyncOptions(is_approved=True))
    assert kinds(world) == []
    assert {row.resolved_by for row in world.all(select(rows.task.c.resolved_by))} == {"schedule"}


def test_a_corrected_number_settles_what_was_wrong_with_the_old_one(store: Store) -> None:
    world = World(store, only())
    world.sync(an_entry())
    for kind in (TaskKind.ADDRESS_FAULT, TaskKind.WRONG_NUMBER, TaskKind.CONTACT_CHANGE, TaskKind.QUESTION):
        opened(world, kind)
    world.sync(an_entry(patient=a_record(email="new@example.org")))
    assert set(kinds(world)) == {TaskKind.ADDRESS_FAULT, TaskKind.WRONG_NUMBER, TaskKind.QUESTION}
    world.sync(an_entry(patient=a_record(email="new@example.org", phone="+12025550199")))
    assert kinds(world) == [TaskKind.QUESTION]


def test_a_yes_ends_the_task_about_the_missing_one(desk: World) -> None:
    opened(desk, TaskKind.UNCONFIRMED)
    _, _, appointment_id = the_visit(desk)
    with desk.store.transaction() as tx:
        assert not confirm_session(tx, appointment_id, 2, now=NOON)
    assert kinds(desk) == [TaskKind.UNCONFIRMED]
    with desk.store.transaction() as tx:
        assert confirm_session(tx, appointment_id, 1, now=NOON)
    assert kinds(desk) == []


def test_who_was_late_is_so_no_longer_once_the_session_is_over(desk: World) -> None:
    desk.at(START - HOUR)
    opened(desk, TaskKind.RUNNING_LATE)
    desk.at(START + 6 * HOUR)
    watch_appointments(desk.deps)
    assert TaskKind.RUNNING_LATE not in kinds(desk)


def test_a_code_that_nobody_looked_up_for_a_week_is_let_go(desk: World) -> None:
    item = tasks.Task(TaskKind.CODE_UNLISTED, Urgency.LOW, "code_unlisted:30999")
    with desk.store.transaction() as tx:
        tasks.open_once(tx, desk.identity.new_id(), item, now=desk.clock.now())
    desk.later(7 * DAY - HOUR)
    watch_appointments(desk.deps)
    assert TaskKind.CODE_UNLISTED in kinds(desk)
    desk.later(2 * HOUR)
    watch_appointments(desk.deps)
    assert TaskKind.CODE_UNLISTED not in kinds(desk)


@pytest.mark.both_databases
def test_clocks_that_agree_again_are_no_task_and_that_they_disagree_anew_is_one(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(*some_entries(1))
    world.at(local("2027-03-13 10:00"))
    world.clock.skew = timedelta(minutes=1)
    assert world.pump() == 0
    assert TaskKind.CLOCK_WRONG in kinds(world)
    watch_appointments(world.deps)
    assert TaskKind.CLOCK_WRONG in kinds(world)
    world.clock.skew = timedelta(0)
    world.sms.skew = timedelta(0)
    watch_appointments(world.deps)
    assert TaskKind.CLOCK_WRONG not in kinds(world)
    world.clock.skew = timedelta(minutes=1)
    assert world.pump() == 0
    assert kinds(world).count(TaskKind.CLOCK_WRONG) == 1
