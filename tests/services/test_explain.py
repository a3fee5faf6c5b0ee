"""Promise 6: every message can explain itself: why it was or was not sent, by which rule, on which version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from reminders.core.appointments import AppointmentStatus
from reminders.core.delivery import Absent, ReceiptStatus, Refusal, Rejected
from reminders.core.errors import InputError, NotFoundError
from reminders.core.overrides import Change
from reminders.core.pauses import PauseKind
from reminders.core.tasks import TITLES, TaskKind
from reminders.core.timeline.events import Event, EventKind
from reminders.core.timeline.history import SubjectKind
from reminders.services.escort_consent import record_escort_consent
from reminders.services.explain import Account, Query, explain
from reminders.services.override import override_cadence
from reminders.services.pause import Subject, pause, resume
from reminders.services.sync_schedule import SyncOptions
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry, local
from tests.servers.wiping import wipe
from tests.services.test_statements import counting
from tests.world import CLINIC, CONFIRM_AT, MINUTE, PHONE, World, only, some_entries

START = NOON + timedelta(days=14)
LATER = START + timedelta(days=1)


def asked(world: World, name: str = "A1", *, kind: SubjectKind | None = None, has_texts: bool = False) -> Account:
    return explain(world.deps, Query(name, kind, has_texts=has_texts))


def lines(account: Account, *kinds: EventKind) -> list[tuple[str, str]]:
    """Return what happened and how it stands, of these kinds."""
    return [(line.what, line.state) for line in account.events if line.kind in kinds]


def whys(events: Sequence[Event], what: str) -> list[str]:
    return [line.why for line in events if line.what.startswith(what)]


@pytest.fixture
def quiet(store: Store) -> World:
    return World(store, only("remind_confirm", "remind_final", "moved", "cancelled"))


def told_confirmed_and_moved(world: World) -> None:
    """Let the patient be asked, say that they come, and then let the schedule move the session."""
    world.sync(an_entry(booking=a_booking(START)))
    world.at(CONFIRM_AT)
    assert world.pump() == 1
    world.later(5 * MINUTE)
    world.text("C")
    world.later(30 * MINUTE)
    world.sync(an_entry(booking=a_booking(LATER)))
    world.pump()


def test_a_move_shows_what_died_that_the_patient_was_told_once_and_that_the_confirmation_ended(quiet: World) -> None:
    told_confirmed_and_moved(quiet)
    account = asked(quiet)
    assert lines(account, EventKind.SESSION) == [
        ("Session booked for Tue 16 Mar 13:00", "version 1"),
        ("Session moved from Tue 16 Mar 13:00 to Wed 17 Mar 13:00", "version 2, the present one"),
    ]
    assert whys(account.events, "Session moved") == [
        "The schedule says so. The confirmation of version 1 no longer counts."
    ]
    assert lines(account, EventKind.REMINDER) == [
        ("Asks to confirm, text (version 1)", "text handed over"),
        ("Final reminder, text (version 1)", "withdrawn"),
        ("New time, text (version 2)", "text handed over"),
        ("Asks to confirm, text (version 2)", "planned"),
        ("Final reminder, text (version 2)", "planned"),
    ]
    (why,) = whys(account.events, "Final reminder, text (version 1)")
    assert why.startswith("The session changed; its new version has its own reminders. It was due Mon 15 Mar 10:00:")
    assert why.endswith(": the day before the session at 10:00, clinic time.")
    assert lines(account, EventKind.CONFIRMATION) == [("Confirmed by the patient (version 1)", "no longer counts")]
    assert lines(account, EventKind.MESSAGE) == [
        ("Text: Asks to confirm (version 1)", "handed over"),
        ("Text: Answer: confirmed (version 1)", "handed over"),
        ("Text: New time (version 2)", "handed over"),
    ]
    assert len([body for body in quiet.bodies if "new time" in body.lower() or "moved" in body.lower()]) == 1
    assert account.outlook.what.startswith("Asks to confirm by text, Sun 14 Mar 12:00.")


def test_lines_are_in_order_of_time_and_causes_come_before_what_follows(quiet: World) -> None:
    told_confirmed_and_moved(quiet)
    account = asked(quiet)
    assert [line.at for line in account.events] == sorted(line.at for line in account.events)
    at_the_move = [line.kind for line in account.events if line.at == local("2027-03-13 10:35")]
    assert at_the_move[0] is EventKind.SESSION
    sent = at_the_move[at_the_move.index(EventKind.MESSAGE) :]
    assert EventKind.ATTEMPT in sent, "the text that tells of it comes before its call"


def test_a_text_of_the_old_time_that_had_not_left_is_shown_as_withdrawn_with_its_reason(quiet: World) -> None:
    quiet.sync(an_entry(booking=a_booking(START)))
    quiet.at(CONFIRM_AT)
    quiet.claim()
    quiet.later(MINUTE)
    quiet.sync(an_entry(booking=a_booking(LATER)))
    account = asked(quiet)
    made, end = [line for line in account.events if line.kind is EventKind.MESSAGE]
    assert (made.state, end.state) == ("withdrawn", "withdrawn")
    assert end.why == "The session changed; its new version has its own reminders."
    assert end.at == local("2027-03-13 10:01")
    assert lines(account, EventKind.QUESTION) == [("Asked: does the patient come? (version 1)", "not asked")]


def test_a_message_explains_itself_with_its_calls_and_receipts(quiet: World) -> None:
    quiet.sync(an_entry())
    quiet.at(CONFIRM_AT)
    quiet.sms.answer_next(Absent("busy", retry_after=MINUTE))
    quiet.pump()
    quiet.later(10 * MINUTE)
    quiet.pump()
    quiet.later(MINUTE)
    quiet.receipt(quiet.sms.sent[-1].text.tag, ReceiptStatus.DELIVERED)
    (row,) = quiet.messages()
    account = asked(quiet, str(row.id))
    assert account.subject.kind is SubjectKind.MESSAGE
    assert lines(account, EventKind.ATTEMPT) == [
        ("Handed to the provider", "provably not sent"),
        ("Handed to the provider, call 2", "accepted"),
    ]
    assert lines(account, EventKind.RECEIPT) == [("Provider's receipt", "delivered")]
    assert quiet.sms.sent[-1].provider_id in whys(account.events, "Handed to the provider, call 2")[0]
    assert lines(account, EventKind.REMINDER) == [("Asks to confirm, text", "text delivered")]
    assert account.outlook.what == "Nothing more: it is delivered."


def test_a_message_is_found_by_the_start_of_its_id_and_a_start_that_fits_several_is_refused(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(*some_entries(2))
    world.at(CONFIRM_AT)
    world.pump()
    first, second = (str(row.id) for row in world.messages())
    assert asked(world, first[:18]).subject.id == asked(world, first.upper()).subject.id
    with pytest.raises(InputError, match="give more of the message's id") as refused:
        asked(world, first[:8])
    assert first in str(refused.value)
    assert second in str(refused.value)
    with pytest.raises(NotFoundError):
        asked(world, first[:7])


def test_a_name_that_may_mean_several_things_says_how_to_choose(quiet: World) -> None:
    quiet.sync(an_entry("P1"))
    with pytest.raises(InputError) as refused:
        asked(quiet, "P1")
    assert refused.value.faults == (
        "'P1' may mean patient P1, appointment P1 from memory; add --as patient or --as appointment",
    )
    assert asked(quiet, "P1", kind=SubjectKind.PATIENT).subject.kind is SubjectKind.PATIENT
    assert asked(quiet, "P1", kind=SubjectKind.APPOINTMENT).subject.kind is SubjectKind.APPOINTMENT


def test_the_same_name_at_two_clinics_is_told_apart_by_clinic(store: Store) -> None:
    world = World(store, CLINIC, {**CLINIC, "slug": "hillside"})
    world.sync(("riverside", an_entry()), ("hillside", an_entry()))
    with pytest.raises(InputError, match="add --clinic SLUG"):
        asked(world, "A1")
    assert explain(world.deps, Query("A1", clinic_slug="hillside")).clinic.slug == "hillside"
    with pytest.raises(InputError, match="name one of: hillside, riverside"):
        explain(world.deps, Query("A1", clinic_slug="elsewhere"))


@pytest.mark.parametrize("name", ["nobody", "", "%", "00000000-0000-7000-8000-000000000000"])
def test_an_unknown_name_is_not_found(quiet: World, name: str) -> None:
    with pytest.raises(NotFoundError, match="no patient, appointment or message"):
        asked(quiet, name)


def test_texts_are_shown_only_where_asked_for(quiet: World) -> None:
    told_confirmed_and_moved(quiet)
    assert {line.text for line in asked(quiet).events} == {None}
    shown = {line.text for line in asked(quiet, has_texts=True).events if line.text is not None}
    assert shown == {"C", *quiet.bodies}


def test_what_went_along_names_the_message_it_went_in(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    pair = [an_entry("A1", booking=a_booking(START)), an_entry("A2", booking=a_booking(START + timedelta(hours=3)))]
    world.sync(*pair)
    world.at(CONFIRM_AT)
    assert world.pump() == 1
    account = asked(world, "A2")
    assert lines(account, EventKind.REMINDER) == [("Asks to confirm, text", "goes with 'Asks to confirm' of A1")]
    (text,) = [line for line in account.events if line.kind is EventKind.MESSAGE]
    assert text.why.startswith("Carries along: Asks to confirm of A2.")
    assert {line.what for line in asked(world, "P1").events if line.kind is EventKind.SESSION} == {
        "Session booked for Tue 16 Mar 13:00",
        "Session booked for Tue 16 Mar 16:00",
    }


def test_a_held_message_says_until_when_and_why(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(an_entry())
    world.at(local("2027-03-13 20:30"))
    world.pump()
    account = asked(world)
    (held,) = [line for line in account.events if line.kind is EventKind.MESSAGE]
    assert held.state == "on hold until Sun 14 Mar 12:00"
    assert held.why.startswith("These are quiet hours. Of use until Mon 15 Mar 11:00.")
    assert asked(world, str(held.message_id)).outlook.what == (
        "It leaves Sun 14 Mar 12:00 if the gate lets it (These are quiet hours)."
    )


def test_an_opt_out_shows_as_the_reason_of_what_was_not_sent(quiet: World) -> None:
    quiet.sync(an_entry(patient=a_record(email=None)))
    quiet.text("STOP")
    quiet.at(CONFIRM_AT)
    quiet.pump()
    account = asked(quiet)
    assert ("Patient opted out of texts", "holds") in lines(account, EventKind.ADDRESS)
    assert lines(account, EventKind.REPLY) == [("Patient wrote", "opted out; answered: opt out confirmed")]
    assert "The patient opted out of messages." in " ".join(line.why for line in account.events)


def test_consent_that_was_never_given_and_its_task_are_shown(quiet: World) -> None:
    quiet.sync(an_entry(patient=a_record(has_sms_consent=False, has_email_consent=False)))
    account = asked(quiet)
    assert whys(account.events, "Final reminder")[0].startswith("The patient has given no consent to messages.")
    assert lines(account, EventKind.TASK) == [(f"Task: {TITLES[TaskKind.NO_CONSENT]}", "open")]
    assert f"For staff: {TITLES[TaskKind.NO_CONSENT]}." in account.outlook.what


def test_a_refusal_of_the_provider_is_told_with_the_address(quiet: World) -> None:
    quiet.sync(an_entry(patient=a_record(email=None)))
    quiet.at(CONFIRM_AT)
    quiet.sms.answer_next(Rejected(Refusal.ADDRESS, "21614", "not a mobile number"))
    quiet.pump()
    account = asked(quiet)
    assert lines(account, EventKind.ATTEMPT) == [("Handed to the provider", "refused")]
    assert whys(account.events, "Handed to the provider") == ["21614; not a mobile number."]
    assert ("Patient's phone number does not work", "closed") in lines(account, EventKind.ADDRESS)
    assert ("Text: Asks to confirm", "refused") in lines(account, EventKind.MESSAGE)


def test_a_cancellation_says_that_nothing_is_left_to_do(quiet: World) -> None:
    quiet.sync(an_entry())
    quiet.later(MINUTE)
    off = a_booking(status=AppointmentStatus.CANCELLED)
    quiet.sync(an_entry(booking=off), options=SyncOptions(is_approved=True))
    account = asked(quiet)
    assert lines(account, EventKind.SESSION)[-1] == (
        "Session cancelled, Tue 16 Mar 13:00",
        "version 2, the present one",
    )
    assert account.outlook.what == "Nothing is planned: the session is cancelled."


def test_a_confirmation_of_a_session_that_took_place_is_not_called_void(quiet: World) -> None:
    quiet.sync(an_entry())
    quiet.at(CONFIRM_AT)
    quiet.pump()
    quiet.text("C")
    quiet.at(START + timedelta(hours=2))
    quiet.sync(an_entry(booking=a_booking(START, status=AppointmentStatus.FULFILLED)))
    account = asked(quiet)
    assert lines(account, EventKind.CONFIRMATION) == [("Confirmed by the patient (version 1)", "held")]
    assert whys(account.events, "Session marked: took place") == ["The schedule says so."]


def test_a_session_that_passed_to_another_patient_stays_explained_for_both(quiet: World) -> None:
    quiet.sync(an_entry(patient=a_record("P1")))
    quiet.sync(an_entry(patient=a_record("P2", name="Lee Moss", phone="+12025550199", email=None)))
    assert whys(asked(quiet, "P1").events, "Final reminder")[0].startswith("The session changed")
    assert ("Session passed to this patient", "version 2, the present one") in lines(
        asked(quiet, "P2"), EventKind.SESSION
    )


@pytest.mark.both_databases
def test_a_text_from_a_phone_that_several_share_is_not_put_in_one_mouth(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(*(replace(entry, patient=replace(entry.patient, phone=PHONE)) for entry in some_entries(2)))
    world.text("maybe")
    assert [what for what, _ in lines(asked(world, "P1"), EventKind.REPLY)] == ["Somebody wrote from this phone"]
    world.text("HELP")
    (answer,) = [row for row in world.messages() if row.origin == "answer"]
    assert answer.patient_id is None
    account = asked(world, str(answer.id))
    assert account.patient is None
    assert whys(account.events, "Text: Help answer")[0].startswith("Our answer to what the patient wrote.")


def test_what_staff_decided_is_shown_with_their_reason(quiet: World) -> None:
    quiet.sync(an_entry())
    quiet.later(MINUTE)
    hold = Subject(PauseKind.PATIENT, "P1", None)
    pause(quiet.deps, hold, reason="in hospital", by="Ana")
    assert asked(quiet).outlook.what == "Nothing is planned while the patient is on hold."
    assert whys(asked(quiet).events, "Final reminder")[0].startswith("Staff put the patient on hold.")
    quiet.later(MINUTE)
    resume(quiet.deps, hold, by="Ben")
    pause(quiet.deps, Subject(PauseKind.DAY, "2027-03-15", None), reason="stocktaking", by="Ana")
    pause(quiet.deps, Subject(PauseKind.DAY, "2027-05-01", None), reason="holiday", by="Ana")
    account = asked(quiet)
    assert lines(account, EventKind.PAUSE) == [
        ("Patient put on hold", "until Tue 02 Mar 12:02"),
        ("Patient no longer on hold", ""),
        ("Clinic closed on Mon 15 Mar", "holds"),
    ]
    assert whys(account.events, "Patient put on hold") == ["in hospital (by Ana)"]
    assert "the clinic is closed on Mon 15 Mar, so the open day before" in whys(account.events, "Final reminder")[0]


def test_a_changed_cadence_and_an_escorts_word_are_shown(quiet: World) -> None:
    quiet.sync(an_entry())
    override_cadence(quiet.deps, "P1", None, Change(off=("remind_final",)), reason="asked for fewer", by="Ana")
    record_escort_consent(quiet.deps, "P1", None, "+12025550177", is_granted=True, note="on the phone", by="Ana")
    account = asked(quiet)
    (changed,) = [line for line in account.events if line.kind is EventKind.OVERRIDE]
    assert changed.what.startswith("For this patient: ")
    assert "remind_final" in changed.what
    assert (changed.why, changed.state) == ("asked for fewer (by Ana)", "holds")
    assert lines(account, EventKind.ESCORT) == [("Escort agrees to be texted", "")]
    assert whys(account.events, "Escort") == ["on the phone (recorded by Ana)"]


def test_a_long_history_costs_no_more_statements_than_a_short_one(store: Store) -> None:
    costs = []
    for sessions in (1, 12):
        wipe(store)
        world = World(store, only("remind_confirm", "remind_final"))
        world.sync(*(an_entry(f"A{n}", booking=a_booking(START + n * timedelta(days=2))) for n in range(sessions)))
        for day in range(13, 30, 2):
            world.at(local(f"2027-03-{day} 12:30"))
            world.pump()
        with counting(store) as seen:
            account = asked(world, "P1")
        assert len(account.events) > 5 * sessions
        costs.append(len(seen))
    assert costs[0] == costs[1]
