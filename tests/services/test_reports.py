"""The figures of a clinic, counted on both databases from what the service itself wrote."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from reminders.core.appointments import AppointmentStatus, ScheduleEntry
from reminders.core.delivery import ReceiptStatus, Refusal, Rejected
from reminders.core.errors import NotFoundError
from reminders.core.ids import AppointmentId
from reminders.core.reports import CodeCount, Report
from reminders.core.staff import Actor, Role, actor
from reminders.core.tasks import Outcome
from reminders.services.apply_clinics import known_clinics
from reminders.services.confirm_sessions import confirm_session
from reminders.services.read_report import export_report, read_reports
from reminders.services.sync_schedule import SyncOptions
from reminders.services.work_tasks import Resolution, resolve_task
from reminders.store import rows
from reminders.store.staff_rows import audit_event
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry, local
from tests.services import check_in_cases
from tests.services.test_statements import counting
from tests.world import CLINIC, World, only, some_entries

SESSION = local("2027-03-05 10:00")
ASKED = local("2027-03-02 10:00")
BOOKED, DONE = AppointmentStatus.BOOKED, AppointmentStatus.FULFILLED
OFF, NOSHOW = AppointmentStatus.CANCELLED, AppointmentStatus.NOSHOW
YES = SyncOptions(is_approved=True)


def phone(number: int) -> str:
    return f"+1202555010{number}"


def entry(number: int, status: AppointmentStatus = BOOKED) -> ScheduleEntry:
    who = a_record(f"P{number}", name=f"Patient Number{number}", phone=phone(number), email=None)
    return an_entry(f"A{number}", patient=who, booking=a_booking(SESSION, status=status), line=number + 1)


def schedule(**status: AppointmentStatus) -> list[ScheduleEntry]:
    return [entry(number, status.get(f"p{number}", BOOKED)) for number in range(1, 9)]


def everybody(world: World, *slugs: str, role: Role = Role.MANAGER) -> Actor:
    every = known_clinics(world.deps)
    return actor(
        None,
        "Alex",
        {item.id: role for item in every if not slugs or item.slug in slugs},
        every_clinic=[item.id for item in every],
    )


def meaning(found: CodeCount) -> str:
    return f"means {found.code}"


def reports(world: World, weeks: int = 4) -> dict[str, Report]:
    return {item.key: item for item in read_reports(world.deps, everybody(world), meaning, weeks=weeks).reports}


def cells(report: Report, row: int = -1) -> dict[str, str]:
    return dict(zip(report.columns, map(str, report.rows[row].cells), strict=True))


def confirm_on_page(world: World, name: str) -> None:
    """Do what a press on the patient's page does."""
    (row,) = world.all(select(rows.appointment).where(rows.appointment.c.external_id == name))
    with world.store.transaction() as tx:
        confirm_session(tx, AppointmentId(row.id), row.version, now=world.clock.now())


def confirm_by_staff(world: World) -> None:
    """Do what a press beside a reply that nobody understood does."""
    (row,) = world.all(select(rows.task).where(rows.task.c.kind == "reply_unclear"))
    resolve_task(world.deps, row.id.hex[-12:], Resolution(Outcome.REACHED, is_confirmed=True), by="Alex")


@pytest.fixture
def week(store: Store) -> World:
    """A week with a little of everything; it is Saturday."""
    world = World(store, only("remind_confirm"), now=local("2027-03-01 09:00"))
    world.sync(*schedule(), options=YES)
    world.at(ASKED + timedelta(minutes=2))
    world.sms.answer_next(Rejected(Refusal.CONTENT, "30007", "filtered"), to=phone(8))
    world.pump()
    sent = {item.text.to: item.text.tag for item in world.sms.sent}
    world.receipt(sent[phone(1)], ReceiptStatus.DELIVERED)
    world.receipt(sent[phone(2)], ReceiptStatus.UNDELIVERED, code="30006", refusal=Refusal.ADDRESS)
    world.at(ASKED + timedelta(hours=1))
    world.text("YES", sender=phone(1))
    world.later(timedelta(minutes=1))
    confirm_on_page(world, "A2")
    world.later(timedelta(minutes=1))
    world.text("blorf the gromp", sender=phone(3))
    world.later(timedelta(minutes=1))
    confirm_by_staff(world)
    world.text("I can't make it, cancel please", sender=phone(4))
    world.text("STOP", sender=phone(7))
    world.later(timedelta(minutes=1))
    world.sync(*schedule(p6=OFF), options=YES)
    world.at(local("2027-03-04 18:00"))
    world.sync(*schedule(p4=OFF, p5=OFF, p6=OFF), options=YES)
    world.at(local("2027-03-06 12:00"))
    world.sync(*schedule(p1=DONE, p2=DONE, p3=DONE, p4=OFF, p5=OFF, p6=OFF, p7=NOSHOW), options=YES)
    return world


@pytest.mark.both_databases
def test_a_yes_counts_by_what_brought_it_although_the_session_is_over_now(week: World) -> None:
    assert cells(reports(week)["confirmations"]) == {
        "Sessions": "5",
        "Confirmed": "3",
        "By text": "1",
        "By page": "1",
        "By staff": "1",
        "Share confirmed": "60 %",
    }


def test_a_yes_to_another_time_or_after_the_start_does_not_count(store: Store) -> None:
    world = World(store, now=local("2027-03-01 09:00"))
    world.sync(entry(1), entry(2), options=YES)
    confirm_on_page(world, "A1")
    moved = an_entry("A1", patient=entry(1).patient, booking=a_booking(SESSION + timedelta(hours=2)), line=2)
    world.sync(moved, entry(2), options=YES)
    world.at(SESSION + timedelta(hours=3))
    confirm_on_page(world, "A2")
    assert cells(reports(world)["confirmations"])["Share confirmed"] == "0 of 2"


def test_who_is_lost_is_told_apart_by_who_said_so(week: World) -> None:
    assert cells(reports(week)["absences"]) == {
        "Took place": "3",
        "Did not come": "1",
        "Late, by patient": "1",
        "Late, by clinic": "0",
        "Late, not known": "1",
        "Cancelled earlier": "1",
        "No outcome yet": "1",
        "Share lost": "50 %",
    }


@pytest.mark.parametrize(("hours", "late"), [(24, "1"), (12, "0"), (48, "1")])
def test_the_clinic_says_how_many_hours_before_the_start_a_cancellation_is_late(
    sqlite_store: Store, hours: int, late: str
) -> None:
    world = World(sqlite_store, {**CLINIC, "late_cancel_hours": hours}, now=local("2027-03-01 09:00"))
    world.sync(entry(1), options=YES)
    world.at(SESSION - timedelta(hours=20))
    world.sync(entry(1, OFF), options=YES)
    world.at(SESSION + timedelta(hours=3))
    found = reports(world)["absences"]
    assert cells(found)["Late, not known"] == late
    assert f"in the last {hours} hours before the start" in found.counted


def test_what_arrived_is_told_from_what_did_not_with_each_code(week: World) -> None:
    found = reports(week)
    shown = cells(found["deliveries"])
    assert (shown["Delivered"], shown["Not delivered"], shown["Refused"]) == ("1", "1", "1")
    assert shown["Share delivered"] == "1 of 3"
    codes = {row.name: [str(cell) for cell in row.cells] for row in found["codes"].rows}
    assert codes == {"30006": ["1", "text", "means 30006"], "30007": ["1", "text", "means 30007"]}


def test_opt_outs_and_replies_are_counted(week: World) -> None:
    found = reports(week)
    assert cells(found["opt-outs"]) == {
        "Opted out": "1",
        "By text": "1",
        "By link": "0",
        "By staff": "0",
        "Opted in again": "0",
    }
    shown = cells(found["replies"])
    assert (shown["Replies"], shown["Not understood"], shown["Without a person"]) == ("4", "1", "2")


def test_the_time_from_due_to_sent_is_that_of_the_plan(week: World) -> None:
    assert cells(reports(week)["delays"]) == {"Sent": "7", "Half within": "2 min", "95 in 100 within": "2 min"}


@pytest.mark.both_databases
def test_the_middle_and_the_95th_are_picked_by_nearest_rank(store: Store) -> None:
    world = World(store, only("remind_confirm"), now=local("2027-03-01 09:00"))
    world.sync(*schedule(), options=YES)
    world.at(ASKED)
    world.pump()
    ids = world.all(select(rows.message.c.id).order_by(rows.message.c.id))
    with store.transaction() as tx:
        for place, row in enumerate(ids, start=1):
            at = ASKED + timedelta(seconds=10 * place)
            tx.connection.execute(rows.message.update().where(rows.message.c.id == row.id).values(left_at=at))
    assert cells(reports(world)["delays"]) == {"Sent": "8", "Half within": "40 s", "95 in 100 within": "80 s"}


def test_check_ins_are_counted_with_the_time_that_an_answer_took(store: Store) -> None:
    world = check_in_cases.a_world(store)
    check_in_cases.ask(world, check_in_cases.BY_TEXT)
    world.later(timedelta(minutes=30))
    check_in_cases.answer(world, None, "better")
    world.later(timedelta(minutes=30))
    check_in_cases.answer(world, 4)
    assert cells(reports(world)["check-ins"]) == {
        "Asked": "1",
        "Answered": "1",
        "Share answered": "1 of 1",
        "Half within": "60 min",
        "95 in 100 within": "60 min",
    }


def test_sessions_of_other_weeks_stand_in_theirs_and_those_to_come_nowhere(store: Store) -> None:
    world = World(store, now=local("2027-02-20 09:00"))
    starts = ("2027-02-28 23:59", "2027-03-01 00:00", "2027-03-05 12:00", "2027-03-06 13:00")
    found = [
        an_entry(f"A{n}", patient=entry(n).patient, booking=a_booking(local(start)), line=n + 2)
        for n, start in enumerate(starts)
    ]
    world.sync(*found, options=YES)
    world.at(local("2027-03-06 12:00"))
    report = reports(world)["confirmations"]
    assert [cells(report, place)["Sessions"] for place in range(4)] == ["0", "0", "1", "2"]


def test_an_empty_clinic_has_every_report_and_no_figure(store: Store) -> None:
    found = reports(World(store))
    assert all(str(cell) in {"0", "–"} for report in found.values() for row in report.rows for cell in row.cells)


@pytest.mark.both_databases
def test_each_clinic_is_counted_for_its_own_people_only(store: Store) -> None:
    world = World(store, CLINIC, {**CLINIC, "slug": "north"}, now=local("2027-03-01 09:00"))
    world.sync(("riverside", entry(1)), ("north", entry(2)), ("north", entry(3)), options=YES)
    world.at(SESSION + timedelta(hours=1))
    north = everybody(world, "north")
    found = read_reports(world.deps, north, meaning)
    assert [item.slug for item in found.every] == ["north"]
    assert cells(found.reports[0])["Sessions"] == "2"
    for who, slug in ((north, "riverside"), (everybody(world, role=Role.FRONT_DESK), "")):
        with pytest.raises(NotFoundError):
            read_reports(world.deps, who, meaning, clinic=slug)
        with pytest.raises(NotFoundError):
            export_report(world.deps, who, meaning, "delays", clinic=slug)
    with pytest.raises(NotFoundError):
        export_report(world.deps, north, meaning, "salaries")
    assert world.count("audit_event") == 0


@pytest.mark.both_databases
def test_what_is_taken_away_is_written_down(world: World) -> None:
    export_report(world.deps, everybody(world), meaning, "delays", weeks=4)
    (row,) = world.all(select(audit_event))
    assert (row.deed, row.by, row.clinic_id is None) == ("report_exported", "Alex", False)


@pytest.mark.both_databases
def test_more_rows_and_weeks_cost_no_more_statements(store: Store) -> None:
    world = World(store, now=local("2027-03-01 09:00"))
    costs = []
    for sessions, weeks in ((2, 4), (60, 26)):
        world.sync(*some_entries(sessions), options=YES)
        with counting(store) as seen:
            reports(world, weeks)
        costs.append(len(seen))
    assert costs[0] == costs[1]
