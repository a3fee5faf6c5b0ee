"""Pauses: what is paused does not leave, whatever it had become; what is still useful afterwards leaves once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from reminders.core.appointments import AppointmentStatus, ScheduleEntry
from reminders.core.delivery import Absent
from reminders.core.errors import InputError, NotFoundError
from reminders.core.gate import Origin
from reminders.core.patients import Channel
from reminders.core.pauses import PauseKind
from reminders.services.begin_attempts import begin_attempts
from reminders.services.dispatch_due import dispatch_due
from reminders.services.expire_overdue import expire_overdue
from reminders.services.pause import PauseReport, Subject, list_pauses, pause, resume
from reminders.services.record_outcomes import record_outcomes
from reminders.services.send_ad_hoc import AdHocRequest, send_ad_hoc
from reminders.services.sync_schedule import SyncOptions
from reminders.store import rows
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry, local
from tests.world import CLINIC, CONFIRM_AT, MINUTE, World, only, some_entries

START = NOON + timedelta(days=14)  # Tuesday 16 March
P1 = Subject(PauseKind.PATIENT, "P1")
S1 = Subject(PauseKind.SERIES, "S1")
WHY, WHO = "in hospital", "Kim"


def hold(world: World, subject: Subject = P1, reason: str = WHY) -> PauseReport:
    report = pause(world.deps, subject, reason=reason, by=WHO)
    world.check()
    return report


def release(world: World, subject: Subject = P1) -> PauseReport:
    report = resume(world.deps, subject, by=WHO)
    world.check()
    return report


def day(on: str) -> Subject:
    return Subject(PauseKind.DAY, on)


def of_series(external_id: str, days: int, number: int, series_id: str | None = "S1") -> ScheduleEntry:
    return an_entry(
        external_id, booking=a_booking(START + timedelta(days=days), series_id=series_id, series_number=number)
    )


def sessions(count: int) -> list[ScheduleEntry]:
    """Return sessions of different patients at the same time."""
    return some_entries(count)


@pytest.fixture
def quiet(store: Store) -> World:
    """One step only, so that what leaves can be counted."""
    return World(store, only("remind_confirm"))


def test_nothing_leaves_to_a_patient_on_hold_and_what_is_still_useful_leaves_once_afterwards(quiet: World) -> None:
    quiet.sync(an_entry())
    report = hold(quiet)
    assert (report.is_new, report.stopped, report.messages_stopped) == (True, 1, 0)
    assert quiet.reminders()["A1", 1, "remind_confirm"] == ("suppressed", "on_hold")
    quiet.at(CONFIRM_AT)
    assert quiet.pump() == 0
    assert release(quiet).revived == 1
    assert quiet.pump() == 1
    assert quiet.pump() == 0
    quiet.check()


@pytest.mark.parametrize("state", ["due", "held", "claimed"])
def test_a_message_that_was_already_made_is_stopped_and_its_reminder_waits_again_after_the_hold(
    quiet: World, state: str
) -> None:
    quiet.sync(an_entry())
    quiet.at(CONFIRM_AT)
    if state == "due":
        dispatch_due(quiet.deps)
    elif state == "held":
        dispatch_due(quiet.deps)
        quiet.at(CONFIRM_AT + timedelta(hours=11))
        quiet.pump()
    else:
        quiet.claim()
    assert quiet.states()[0][0] == state
    assert hold(quiet).messages_stopped == 1
    assert quiet.states() == [("cancelled", "on_hold")]
    assert quiet.reminders()["A1", 1, "remind_confirm"] == ("suppressed", "on_hold")
    quiet.at(CONFIRM_AT + timedelta(hours=27))
    assert quiet.pump() == 0
    assert quiet.bodies == []
    assert release(quiet).revived == 1
    assert quiet.pump() == 1
    assert quiet.states()[1][0] == "accepted"
    quiet.check()


def test_reminders_that_were_merged_are_given_back_with_their_leader(store: Store) -> None:
    world = World(store, only("remind_confirm", "prep_first", cadence={"*": {"off": [], "on": []}}))
    world.sync(of_series("A1", 0, 1), of_series("A2", 1, 2))
    world.at(START - timedelta(days=2, hours=1))
    dispatch_due(world.deps)
    before = world.reminders()
    tied = {key for key, (state, _) in before.items() if state in {"dispatched", "merged"}}
    assert any(state == "merged" for state, _ in before.values())
    hold(world)
    assert {world.reminders()[key] for key in tied} == {("suppressed", "on_hold")}
    assert world.pump() == 0
    release(world)
    assert world.pump() == 1
    again = world.reminders()
    assert {key for key in tied if again[key][0] in {"dispatched", "merged"}} == tied
    world.check()


@pytest.mark.both_databases
def test_stopping_a_series_takes_its_part_out_of_a_message_and_the_rest_still_leaves(quiet: World) -> None:
    quiet.sync(of_series("A1", 0, 1), of_series("B1", 0, 1, series_id=None))
    quiet.at(CONFIRM_AT)
    dispatch_due(quiet.deps)
    assert sorted(state for state, _ in quiet.reminders().values()) == ["dispatched", "merged"]
    report = hold(quiet, S1)
    assert report.messages_stopped == 1
    assert quiet.reminders()["A1", 1, "remind_confirm"] == ("suppressed", "series_stopped")
    assert quiet.pump() == 1
    assert quiet.reminders()["B1", 1, "remind_confirm"][0] == "dispatched"
    release(quiet, S1)
    assert quiet.reminders()["A1", 1, "remind_confirm"][0] == "planned"
    assert quiet.pump() == 1
    quiet.check()


def test_what_left_before_the_hold_is_not_said_again_after_it(quiet: World) -> None:
    quiet.sync(an_entry())
    quiet.at(CONFIRM_AT)
    assert quiet.pump() == 1
    assert hold(quiet).stopped == 0
    assert release(quiet).revived == 0
    assert quiet.pump() == 0


def test_what_became_useless_during_the_hold_stays_ended_and_asks_nobody_to_act(world: World) -> None:
    world.sync(an_entry())
    hold(world)
    tasks = world.tasks()
    world.at(START - timedelta(hours=1))
    expire_overdue(world.deps)
    report = release(world)
    expire_overdue(world.deps)
    assert report.revived == 0
    assert {end for key, end in world.reminders().items() if key[2].startswith("remind_")} == {
        ("suppressed", "on_hold")
    }
    assert world.tasks() == tasks
    assert world.pump() == 0


def test_a_session_that_is_booked_moved_or_cancelled_during_the_hold_says_nothing_until_it_ends(world: World) -> None:
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    world.pump()
    said = len(world.bodies)
    hold(world)
    world.later(MINUTE)
    world.sync(
        an_entry(booking=a_booking(START + timedelta(days=2))),
        an_entry("A2", booking=a_booking(START + timedelta(days=20))),
    )
    new = {end for key, end in world.reminders().items() if key[1] == 2 or key[0] == "A2"}
    assert new == {("suppressed", "on_hold")}
    assert world.pump() == 0
    release(world)
    assert world.reminders()["A1", 2, "moved"][0] == "planned"
    world.pump()
    assert len(world.bodies) == said + 1
    assert world.pump() == 0
    world.check()


def test_pausing_twice_is_the_same_as_once_and_keeps_the_first_reason(world: World) -> None:
    world.sync(an_entry())
    hold(world)
    before = world.all(select(rows.reminder).order_by(rows.reminder.c.id))
    world.later(MINUTE)
    again = hold(world, reason="another")
    assert not again.is_new
    assert again.pause.reason == WHY
    assert world.count("pause") == 1
    assert world.all(select(rows.reminder).order_by(rows.reminder.c.id)) == before


@pytest.mark.both_databases
def test_a_pause_that_ended_is_remembered_with_who_and_why(world: World) -> None:
    world.sync(an_entry())
    hold(world)
    world.later(MINUTE)
    release(world)
    hold(world, reason="again")
    assert [item.reason for _, item in list_pauses(world.deps, None, with_ended=False)] == ["again"]
    kept = [(item.reason, item.made_by, item.ended_by) for _, item in list_pauses(world.deps, None, with_ended=True)]
    assert kept == [("again", WHO, None), (WHY, WHO, WHO)]
    sealed = [row.reason for row in world.all(select(rows.pause))]
    assert all(WHY.encode() not in value for value in sealed)


def test_resuming_what_is_not_paused_is_refused(world: World) -> None:
    world.sync(an_entry())
    with pytest.raises(InputError, match="patient P1: not paused"):
        release(world)


@pytest.mark.parametrize(
    ("subject", "found"),
    [(Subject(PauseKind.PATIENT, "P9"), "no patient 'P9'"), (Subject(PauseKind.SERIES, "S9"), "no series 'S9'")],
)
def test_whom_nobody_knows_cannot_be_paused(world: World, subject: Subject, found: str) -> None:
    world.sync(an_entry())
    with pytest.raises(NotFoundError, match=found):
        hold(world, subject)
    assert world.count("pause") == 0


@pytest.mark.both_databases
@pytest.mark.parametrize(("reason", "by"), [(" ", WHO), (WHY, ""), ("x" * 501, WHO), (WHY, "x" * 81)])
def test_a_decision_that_nobody_could_explain_is_refused(world: World, reason: str, by: str) -> None:
    world.sync(an_entry())
    with pytest.raises(InputError, match="found"):
        pause(world.deps, P1, reason=reason, by=by)
    assert world.count("pause") == 0


def test_a_patient_without_consent_is_not_lost_from_the_worklist_by_a_hold(world: World) -> None:
    silent = a_record(has_sms_consent=False, has_email_consent=False)
    world.sync(an_entry())
    hold(world)
    world.sync(an_entry("A2", patient=silent), an_entry("A1", patient=silent))
    assert "no_consent" in world.tasks()
    release(world)
    assert {reason for (name, _, _), (_, reason) in world.reminders().items() if name == "A2"} == {"no_consent"}


def test_a_patient_reached_by_mail_is_held_and_released_on_that_channel(quiet: World) -> None:
    quiet.sync(an_entry(patient=a_record(phone=None)))
    hold(quiet)
    assert [row.channel for row in quiet.all(select(rows.reminder))] == [Channel.EMAIL]
    release(quiet)
    quiet.at(CONFIRM_AT)
    assert quiet.pump(Channel.EMAIL) == 1


def test_a_message_that_came_back_unsent_does_not_leave_during_the_hold_and_does_after_it(quiet: World) -> None:
    quiet.sync(an_entry())
    quiet.at(CONFIRM_AT)
    quiet.sms.answer_next(Absent("busy", retry_after=MINUTE))
    quiet.pump()
    assert quiet.states()[0][0] == "due"
    hold(quiet)
    quiet.later(timedelta(hours=1))
    assert quiet.pump() == 0
    release(quiet)
    assert quiet.pump() == 1
    quiet.check()


@pytest.mark.both_databases
def test_a_closed_day_moves_what_is_due_on_it_to_the_open_day_before_and_back(quiet: World) -> None:
    quiet.sync(an_entry())
    assert hold(quiet, day("2027-03-13")).moved == 1
    assert quiet.all(select(rows.reminder.c.due_at))[0][0] == local("2027-03-12 10:00")
    assert release(quiet, day("2027-03-13")).moved == 1
    assert quiet.all(select(rows.reminder.c.due_at))[0][0] == CONFIRM_AT


def test_sessions_on_a_closed_day_are_named_and_become_tasks_once_each(quiet: World) -> None:
    quiet.sync(
        *sessions(3),
        an_entry("B1", patient=a_record("P4", phone="+12025550199"), booking=a_booking(START + timedelta(days=1))),
    )
    closed = day("2027-03-16")
    report = hold(quiet, closed)
    assert [item.external_id for item in report.sessions] == ["A1", "A2", "A3"]
    assert quiet.tasks() == ["session_on_closed_day"] * 3
    assert not hold(quiet, closed).is_new
    assert len(quiet.tasks()) == 3
    release(quiet, closed)
    assert {row.resolved_by for row in quiet.all(select(rows.task))} == {WHO}
    hold(quiet, closed)
    assert {row.resolved_at for row in quiet.all(select(rows.task))} == {None}


def test_a_session_that_is_booked_on_a_closed_day_later_becomes_a_task_too(store: Store) -> None:
    world = World(store, {**only("remind_confirm")})
    hold(world, day("2027-03-16"))
    entry = an_entry()
    world.sync(entry)
    assert world.tasks() == ["session_on_closed_day"]
    world.sync(an_entry(booking=a_booking(status=AppointmentStatus.CANCELLED)), options=SyncOptions(is_approved=True))
    assert world.tasks() == ["session_on_closed_day"]


def test_a_day_that_is_over_cannot_be_closed(quiet: World) -> None:
    with pytest.raises(InputError, match="today is 2027-03-02"):
        hold(quiet, day("2027-03-01"))
    assert hold(quiet, day("2027-03-02")).is_new


def test_everybody_with_something_to_come_is_planned_anew_in_batches(quiet: World) -> None:
    quiet.sync(*some_entries(201))
    seen: list[int] = []
    report = pause(quiet.deps, day("2027-03-13"), reason=WHY, by=WHO, watch=lambda done: seen.append(done.done))
    assert seen == [0, 200, 201]
    assert (report.moved, report.patients_planned) == (201, 201)
    quiet.check()


def test_a_pause_is_of_one_clinic(store: Store) -> None:
    world = World(store, CLINIC, {**CLINIC, "slug": "lakeside"})
    world.sync(("riverside", an_entry()), ("lakeside", an_entry()))
    with pytest.raises(InputError, match="name one of: lakeside, riverside"):
        hold(world)
    report = hold(world, Subject(PauseKind.PATIENT, "P1", "lakeside"))
    states: dict[Any, set[str]] = {}
    for row in world.all(select(rows.reminder)):
        states.setdefault(row.clinic_id, set()).add(row.state)
    assert states.pop(report.clinic.id) == {"suppressed"}
    assert all("suppressed" not in found for found in states.values())


def test_a_pause_that_commits_before_the_intent_wins(quiet: World) -> None:
    quiet.sync(an_entry())
    quiet.at(CONFIRM_AT)
    token, taken = quiet.claim()
    assert len(taken) == 1
    hold(quiet)
    assert begin_attempts(quiet.deps, Channel.SMS, taken, token) == []
    assert quiet.attempts() == []
    quiet.check()


def test_what_was_on_its_way_when_the_hold_began_and_proved_unsent_waits_until_it_ends(quiet: World) -> None:
    quiet.sync(an_entry())
    quiet.at(CONFIRM_AT)
    token, taken = quiet.claim()
    (outgoing,) = begin_attempts(quiet.deps, Channel.SMS, taken, token)
    assert hold(quiet).messages_stopped == 0
    record_outcomes(quiet.deps, [(outgoing.tag, Absent("busy", retry_after=MINUTE))])
    quiet.later(timedelta(hours=1))
    assert quiet.pump() == 0
    assert quiet.states() == [("suppressed", "on_hold")]
    quiet.check()
    release(quiet)
    assert quiet.pump() == 1
    assert quiet.pump() == 0
    quiet.check()


def test_answers_and_what_staff_write_leave_during_a_hold(quiet: World) -> None:
    quiet.sync(an_entry())
    hold(quiet)
    quiet.text("HELP")
    send_ad_hoc(quiet.deps, AdHocRequest("We are thinking of you.", WHO, "k1", patient_external_id="P1"))
    assert quiet.pump() == 2
    assert {row.origin for row in quiet.messages()} == {Origin.ANSWER, Origin.STAFF}
