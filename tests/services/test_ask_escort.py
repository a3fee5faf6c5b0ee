"""Whom a booking names is asked once, in their own right, before we text them of a pick-up (requirement 52)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from reminders.core.appointments import Appointment, ScheduleEntry
from reminders.core.cadences import QuestionKind
from reminders.core.consent import Source
from reminders.core.ids import InboundId
from reminders.core.patients import Channel
from reminders.core.replies import Evidence, Finding, Intent, Interpretation
from reminders.core.replies.intents import PRECEDENCE
from reminders.core.transport import RideState
from reminders.ports import InboundText
from reminders.services.arrange_rides import record_ride
from reminders.services.escort_consent import record_escort_consent
from reminders.services.explain import Query, explain
from reminders.services.hear_escorts import hear_escort
from reminders.services.receive_replies import store_text
from reminders.store import appointments, contacts, conversation_rows, rows
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry, local
from tests.world import PHONE, World, only

FIRST = local("2027-03-18 09:00")
"""A Thursday, as the days before are open: it ends, with the time on site, at 10:40."""
ASKED = local("2027-03-15 10:00")
DAY = timedelta(days=1)
ESCORT = "+12025550177"
SAM = {"escort_name": "Sam Rivers", "escort_phone": ESCORT}


def fetched(name: str = "A1", *, at: datetime = FIRST, patient: str = "P1", **parts: Any) -> ScheduleEntry:  # noqa: ANN401 - any part of a booking
    record = a_record(patient, phone=PHONE if patient == "P1" else "+12025550102", email=None)
    return an_entry(name, patient=record, booking=replace(a_booking(at), **{**SAM, **parts}))


@pytest.fixture
def asked(store: Store) -> World:
    """Make a world in which the escort of a session was asked."""
    world = World(store, only("ask_escort", "pick_up", "pick_up_off"))
    world.sync(fetched())
    world.at(ASKED)
    world.pump()
    return world


def to_escort(world: World, phone: str = ESCORT) -> list[str]:
    return [sent.text.body for sent in world.sms.sent if sent.text.to == phone]


def hear(world: World, *intents: Intent, sender: str = ESCORT) -> str | None:
    """Let an escort's text be heard, as whoever reads texts does."""
    found = sorted(intents, key=PRECEDENCE.__getitem__)
    reply = Interpretation(tuple(Finding(intent, (Evidence(0, 1, "test"),)) for intent in found))
    text = InboundText(f"SM{world.identity.new_id().hex}", sender, "+12025550100", "words", 0)
    store_text(world.deps, text)
    newest = select(conversation_rows.inbound.c.id).order_by(conversation_rows.inbound.c.id.desc())
    inbound_id = InboundId(UUID(str(world.all(newest)[0].id)))
    now = world.clock.now()
    with world.store.transaction() as tx:
        contacts.at_address(tx, sender)
        done = hear_escort(tx, world.deps, sender, lambda: reply, inbound_id=inbound_id, now=now)
    world.check()
    return done


def session(world: World, name: str = "A1") -> Appointment:
    key = next(row.id for row in world.all(select(rows.appointment)) if row.external_id == name)
    with world.store.reading() as tx:
        return appointments.get_many(tx, [key])[key]


def steps(world: World) -> dict[tuple[str, int, str], str]:
    return {key: state for key, (state, _) in world.reminders().items()}


def worklist(world: World) -> list[tuple[str, str]]:
    found = world.all(select(rows.task).where(rows.task.c.resolved_at.is_(None)).order_by(rows.task.c.kind))
    return [(row.kind, row.urgency) for row in found]


# ----- the question


def test_an_escort_is_asked_with_time_and_way_out_and_no_name_and_nothing_clinical(asked: World) -> None:
    (text,) = to_escort(asked)
    assert text == (
        "Riverside Clinic: somebody you know would like you to take them home from an appointment on Thu Mar 18, "
        "10:40 AM. May we text you about it, and will you be there? Reply C if you will be there, R if you cannot. "
        "Text STOP for no texts."
    )
    (question,) = asked.all(select(conversation_rows.question))
    assert (question.kind, question.version) == (QuestionKind.PICK_UP, 1)
    asked.check()


def test_the_patients_story_tells_that_their_escort_was_asked(asked: World) -> None:
    told = explain(asked.deps, Query("P1"))
    assert "Asked: does the escort come?" in [event.what for event in told.events]


def test_an_escort_of_a_clinic_that_writes_spanish_is_asked_in_spanish(store: Store) -> None:
    world = World(store, only("ask_escort", language="es"))
    world.sync(fetched())
    world.at(ASKED)
    world.pump()
    (text,) = to_escort(world)
    assert "le lleve a casa tras una cita el jue 18 mar, 10:40" in text
    assert "Responda C si va a venir, R si no puede." in text


def test_an_escort_is_asked_once_however_often_we_read_and_plan(asked: World) -> None:
    asked.sync(fetched())
    asked.sync(fetched(duration=timedelta(minutes=75)))
    asked.at(FIRST - timedelta(minutes=1))
    asked.pump()
    assert len(to_escort(asked)) == 1


def test_a_booking_made_too_late_asks_nobody(store: Store) -> None:
    world = World(store, only("ask_escort"))
    world.at(FIRST - timedelta(hours=11))
    world.sync(fetched())
    world.pump()
    assert to_escort(world) == []
    assert worklist(world) == []


@pytest.mark.both_databases
def test_days_on_end_are_asked_about_in_one_text(store: Store) -> None:
    world = World(store, only("ask_escort"))
    world.sync(fetched(), fetched("A2", at=FIRST + DAY))
    world.at(ASKED)
    world.pump()
    world.at(ASKED + DAY)
    world.pump()
    (text,) = to_escort(world)
    assert "Thu Mar 18, 10:40 AM; Fri Mar 19, 10:40 AM" in text
    assert world.count("question") == 2
    hear(world, Intent.CONFIRM)
    assert [session(world, name).has_ride for name in ("A1", "A2")] == [True, True]


@pytest.mark.parametrize("said", [True, False])
def test_who_ever_said_yes_or_no_is_asked_no_more(store: Store, said: bool) -> None:  # noqa: FBT001 - a column of a table
    world = World(store, only("ask_escort"))
    world.sync(fetched())
    record_escort_consent(world.deps, "P1", None, ESCORT, is_granted=said, note="on the phone", by="Kim")
    world.at(ASKED)
    world.pump()
    assert to_escort(world) == []


def test_a_no_that_is_recorded_while_the_question_waits_stops_it(store: Store) -> None:
    world = World(store, only("ask_escort"))
    world.sync(fetched())
    world.at(ASKED)
    token, ids = world.claim()
    assert (len(ids), token) == (1, token)
    record_escort_consent(world.deps, "P1", None, ESCORT, is_granted=False, note="on the phone", by="Kim")
    world.pump()
    assert to_escort(world) == []


def test_an_address_that_opted_out_is_not_asked(store: Store) -> None:
    world = World(store, only("ask_escort"))
    with store.transaction() as tx:
        clinic_id = world.all(select(rows.clinic.c.id))[0].id
        key = contacts.ensure(tx, clinic_id, Channel.SMS, ESCORT, new_id=world.identity.new_id())
        contacts.opt_out(tx, [key], Source.KEYWORD, now=world.clock.now())
    world.sync(fetched())
    world.at(ASKED)
    world.pump()
    assert to_escort(world) == []


def test_who_names_their_own_phone_is_not_asked_to_fetch_themselves(store: Store) -> None:
    world = World(store, only("ask_escort"))
    world.sync(fetched(escort_phone=PHONE))
    world.at(ASKED)
    world.pump()
    assert world.bodies == []


def test_nobody_is_asked_for_a_ride_that_is_arranged(store: Store) -> None:
    world = World(store, only("ask_escort"))
    world.sync(fetched())
    with store.transaction() as tx:
        record_ride(tx, world.deps, session(world), RideState.ARRANGED, now=world.clock.now())
    world.at(ASKED)
    world.pump()
    assert world.bodies == []
    assert world.reminders()["A1", 1, "ask_escort"] == ("suppressed", "ride_arranged")


# ----- the answer


def test_a_yes_arranges_the_ride_and_the_pick_up_is_told_on_its_day(asked: World) -> None:
    assert hear(asked, Intent.CONFIRM) == "escort agreed: ride arranged"
    assert (session(asked).ride, session(asked).is_confirmed) == (RideState.ARRANGED, False)
    (consent,) = asked.all(select(rows.escort_consent))
    assert (consent.is_granted, consent.recorded_by) == (True, "text")
    assert steps(asked)["A1", 1, "pick_up"] == "planned"
    asked.at(FIRST - DAY + timedelta(hours=5))
    asked.pump()
    assert [("Pick-up: about Thu Mar 18, 10:40 AM" in text, "Reply C" in text) for text in to_escort(asked)[1:]] == [
        (True, False)
    ]
    assert worklist(asked) == []


def test_a_no_is_a_task_and_ends_all_texts(asked: World) -> None:
    assert hear(asked, Intent.RESCHEDULE) == "escort declined: task opened"
    assert session(asked).ride is RideState.NEEDED
    assert worklist(asked) == [("escort_declined", "high")]
    asked.sync(fetched(), fetched("A2", at=FIRST + 7 * DAY))
    asked.at(FIRST + 6 * DAY)
    asked.pump()
    assert len(to_escort(asked)) == 1


def test_a_stop_is_a_no_and_goes_on_to_be_an_opt_out(asked: World) -> None:
    assert hear(asked, Intent.OPT_OUT) is None
    assert worklist(asked) == [("escort_declined", "high")]
    (consent,) = asked.all(select(rows.escort_consent))
    assert not consent.is_granted


def test_after_a_stop_a_consent_of_before_rests(asked: World) -> None:
    hear(asked, Intent.CONFIRM)
    asked.later(timedelta(minutes=1))
    hear(asked, Intent.OPT_OUT)
    assert [row.is_granted for row in asked.all(select(rows.escort_consent))] == [True]
    assert (session(asked).ride, worklist(asked)) == (RideState.NEEDED, [("escort_declined", "high")])


def test_an_escort_who_agreed_and_cannot_come_after_all_leaves_the_ride_open_again(asked: World) -> None:
    hear(asked, Intent.CONFIRM)
    asked.later(DAY)
    assert hear(asked, Intent.DECLINE) == "escort declined: task opened"
    assert session(asked).ride is RideState.NEEDED
    assert steps(asked)["A1", 1, "pick_up"] == "cancelled"
    with asked.store.transaction() as tx:
        record_ride(tx, asked.deps, session(asked), RideState.ARRANGED, now=asked.clock.now())
    assert worklist(asked) == []


def test_a_session_that_moved_is_not_arranged_by_a_yes_to_its_earlier_time(asked: World) -> None:
    asked.sync(fetched(at=FIRST + DAY))
    assert hear(asked, Intent.CONFIRM) == "escort agreed to texts; the session has changed since"
    assert session(asked).ride is None
    asked.at(FIRST + timedelta(hours=5))
    asked.pump()
    assert "Pick-up: about Fri Mar 19, 10:40 AM" in to_escort(asked)[-1]
    assert "Reply C if you will be there" in to_escort(asked)[-1]
    hear(asked, Intent.CONFIRM)
    assert session(asked).ride is RideState.ARRANGED


def test_a_session_that_moves_loses_its_ride_and_its_escort_is_asked_about_the_new_time(asked: World) -> None:
    hear(asked, Intent.CONFIRM)
    asked.sync(fetched(at=FIRST + DAY))
    assert session(asked).ride is None
    asked.at(FIRST + timedelta(hours=5))
    asked.pump()
    assert "Reply C if you will be there" in to_escort(asked)[-1]


def test_other_words_of_an_escort_go_to_a_person_with_the_patients_session(asked: World) -> None:
    assert hear(asked, Intent.QUESTION) == "task opened: reply_unclear"
    (task,) = asked.all(select(rows.task))
    assert (task.kind, task.urgency, task.appointment_id, task.patient_id) == (
        "reply_unclear",
        "normal",
        session(asked).id,
        session(asked).patient_id,
    )
    assert task.inbound_id is not None
    assert hear(asked, Intent.CONFIRM, Intent.QUESTION) == "escort agreed: ride arranged; task opened: reply_unclear"
    assert hear(asked, Intent.THANKS) == "an escort wrote: nothing to do"
    assert hear(asked, Intent.HELP) is None


def test_a_red_flag_of_an_escort_reaches_staff_at_once(asked: World) -> None:
    hear(asked, Intent.CONFIRM)
    asked.at(FIRST + timedelta(hours=3))
    assert hear(asked, Intent.RED_FLAG) == "alarm raised: an escort wrote"
    assert ("escalation", "high") in worklist(asked)
    (alarm,) = asked.all(select(conversation_rows.escalation))
    assert (alarm.patient_id, alarm.is_patient_told) == (session(asked).patient_id, False)


def test_a_death_goes_to_a_person_and_ends_the_texts(asked: World) -> None:
    hear(asked, Intent.DECEASED)
    assert ("deceased", "high") in worklist(asked)
    (consent,) = asked.all(select(rows.escort_consent))
    assert not consent.is_granted


# ----- whose words they are


def test_a_number_that_nobody_asked_is_no_escorts(asked: World) -> None:
    assert hear(asked, Intent.CONFIRM, sender="+12025550199") is None
    assert hear(asked, Intent.CONFIRM, sender=PHONE) is None


def test_an_errand_is_over_a_day_after_the_session(asked: World) -> None:
    asked.at(FIRST + timedelta(days=1, hours=1))
    assert hear(asked, Intent.QUESTION) == "task opened: reply_unclear"
    asked.at(FIRST + timedelta(days=1, hours=2))
    assert hear(asked, Intent.QUESTION) is None


def test_two_patients_who_name_one_escort_leave_a_bare_yes_to_a_person(store: Store) -> None:
    world = World(store, only("ask_escort"))
    world.sync(fetched(), fetched("B1", patient="P2", at=FIRST + timedelta(hours=2)))
    world.at(ASKED)
    world.pump()
    assert len(to_escort(world)) == 2
    assert hear(world, Intent.CONFIRM) == "task opened: reply_unclear"
    (task,) = world.all(select(rows.task))
    assert (task.patient_id, task.appointment_id) == (None, None)
    assert world.count("escort_consent") == 0


@pytest.mark.both_databases
def test_a_patient_who_also_fetches_somebody_is_heard_as_what_was_asked_last(store: Store) -> None:
    world = World(store, only("ask_escort", "remind_confirm"))
    theirs = an_entry("B1", patient=a_record("P2", phone=ESCORT, email=None), booking=a_booking(FIRST + 7 * DAY))
    world.sync(fetched(), theirs)
    world.at(ASKED)
    world.pump()
    assert hear(world, Intent.CONFIRM, sender=ESCORT) == "escort agreed: ride arranged"
    assert hear(world, Intent.CONFIRM, sender=ESCORT) is None, "their answer was given: what follows is their own"
    world.at(ASKED + 7 * DAY)
    world.pump()
    assert hear(world, Intent.CONFIRM, sender=ESCORT) is None


# ----- as texts come in


@pytest.mark.both_databases
def test_the_whole_story_of_an_escort_in_their_own_words(store: Store) -> None:
    world = World(store, only("ask_escort", "remind_confirm", "ride_check", "pick_up", "pick_up_off"))
    world.sync(fetched())
    world.at(ASKED)
    world.pump()
    world.text("C")
    assert (session(world).is_confirmed, session(world).ride) == (True, None)
    world.text("Yes, I'll be there", sender=ESCORT)
    assert (session(world).is_confirmed, session(world).ride) == (True, RideState.ARRANGED)
    world.at(FIRST - 2 * DAY + timedelta(hours=2))
    world.pump()
    assert world.reminders()["A1", 1, "ride_check"] == ("suppressed", "ride_arranged")
    world.sync(fetched(at=FIRST + DAY))
    assert (session(world).is_confirmed, session(world).ride) == (False, None)
    world.at(FIRST + timedelta(hours=5))
    world.pump()
    world.text("sorry I can't make it", sender=ESCORT)
    assert session(world).ride is RideState.NEEDED
    assert ("escort_declined", "high") in worklist(world)
    world.text("my son drives me")
    assert (session(world).ride, dict(worklist(world)).get("escort_declined")) == (RideState.ARRANGED, None)
    world.check()


def test_a_stop_by_text_ends_all_texts_to_an_escort_and_tells_the_desk(asked: World) -> None:
    asked.text("STOP", sender=ESCORT)
    assert ("escort_declined", "high") in worklist(asked)
    with asked.store.reading() as tx:
        ids = [row.id for row in asked.all(select(rows.contact))]
        assert contacts.opted_out(tx, ids)
    asked.text("START", sender=ESCORT)
    asked.sync(fetched(), fetched("A2", at=FIRST + 7 * DAY))
    asked.at(FIRST + 6 * DAY)
    asked.pump()
    assert len([text for text in to_escort(asked) if "take them home" in text or "Pick-up" in text]) == 1
