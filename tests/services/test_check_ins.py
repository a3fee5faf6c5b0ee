"""An answer to a check-in: kept word for word, judged beside the first score, counted once whoever brings it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from reminders.adapters.random_ids import RandomIdentity
from reminders.core.check_ins import Concern
from reminders.core.ids import AppointmentId, ClinicId, InboundId, PatientId
from reminders.core.timeline.events import EventKind
from reminders.ports import InboundText
from reminders.services.explain import Query, explain
from reminders.services.read_check_ins import read_check_ins
from reminders.services.record_check_in import Answer, record_check_in
from reminders.services.sync_schedule import SyncOptions
from reminders.store import check_ins, inbound
from reminders.store.unit_of_work import Store
from tests.services.check_in_cases import (
    BY_TEXT,
    SESSION,
    a_world,
    answer,
    answers,
    ask,
    fulfilled,
    questions,
    together,
)
from tests.world import PHONE, World

DAY = timedelta(days=1)


@pytest.fixture
def world(store: Store) -> World:
    world = a_world(store)
    ask(world)
    return world


def next_session(world: World, number: int, *, series_id: str | None = "S1") -> None:
    """Let the patient's next session have taken place a day after the one before, and its check-in leave."""
    start = SESSION + (number - 1) * DAY
    rows = [
        fulfilled(f"A{n}", BY_TEXT, start=SESSION + (n - 1) * DAY, series_id=series_id, number=n, line=n + 1)
        for n in range(1, number + 1)
    ]
    world.at(start + timedelta(hours=3))
    world.sync(*rows, options=SyncOptions(is_approved=True))
    world.at(start + DAY + timedelta(hours=1, minutes=40))
    world.pump()


def a_text(world: World, body: str) -> InboundId:
    """Return a text that arrived, and that nobody has read yet."""
    key = world.identity.new_id()
    with world.store.transaction() as tx:
        text = InboundText(f"SM{key.hex}", PHONE, "+12025550100", body, 0)
        inbound.add_once(tx, key, text, now=world.clock.now())
    return InboundId(key)


@pytest.mark.both_databases
def test_the_exact_words_are_kept_and_sealed(world: World) -> None:
    answer(world, 7, "about a 7, thanks 🙂")
    ((score, sealed),) = answers(world)
    assert (score, b"thanks" in sealed) == (7, False)
    ((item, _),) = read_check_ins(world.deps, "P1").answers
    assert item.words == "about a 7, thanks 🙂"
    assert item.asked_at == questions(world)[0].answered_at == world.clock.now()


def test_the_same_text_twice_is_one_answer(world: World) -> None:
    text = a_text(world, "no change really")
    assert [answer(world, None, "no change really", inbound_id=text) for _ in range(2)] == [None, None]
    assert world.count("check_in") == 1


@pytest.mark.parametrize(
    ("scores", "concern"),
    [
        ((8,), Concern.HIGH_SCORE),
        ((3, 5), None),
        ((3, 6), Concern.JUMP),
        ((3, 2, 5), None),
        ((1, 2, 4), Concern.JUMP),
        ((9, 7), None),
    ],
)
def test_a_score_is_judged_beside_the_first_of_its_series(
    store: Store, scores: tuple[int, ...], concern: Concern | None
) -> None:
    world = a_world(store)
    found = None
    for number, score in enumerate(scores, start=1):
        next_session(world, number)
        found = answer(world, score)
    assert found is concern


def test_without_a_series_it_is_judged_beside_the_first_in_ninety_days(store: Store) -> None:
    world = a_world(store)
    found = []
    for number, score in enumerate((2, 1, 5), start=1):
        next_session(world, number, series_id=None)
        found.append(answer(world, score))
    assert found == [None, None, Concern.JUMP]


def test_the_clinic_decides_what_concerns_it(store: Store) -> None:
    world = a_world(store, check_in={"high": "off", "jump": "off"})
    ask(world)
    assert answer(world, 10) is None


def test_words_are_counted_so_that_we_ask_for_a_number_once(world: World) -> None:
    (question,) = questions(world)
    for times in (1, 2):
        answer(world, None, "so so")
        with world.store.reading() as tx:
            assert check_ins.times_unclear(tx, question.id) == times
    assert questions(world)[0].answered_at is None


def test_an_answer_that_names_no_question_answers_the_sessions_own(world: World) -> None:
    (question,) = questions(world)
    whose = ClinicId(question.clinic_id), PatientId(question.patient_id), AppointmentId(question.appointment_id)
    with world.store.transaction() as tx:
        record_check_in(tx, world.deps, Answer(*whose, score=4, words="4"), now=world.clock.now())
    assert questions(world)[0].answered_at == world.clock.now()


@pytest.mark.both_databases
def test_the_newest_answer_of_each_patient_is_at_hand(store: Store) -> None:
    world = a_world(store)
    for number, score in enumerate((6, 4), start=1):
        next_session(world, number)
        answer(world, score)
    patient = PatientId(questions(world)[0].patient_id)
    with world.store.reading() as tx:
        found = check_ins.latest(tx, [patient, PatientId(UUID(int=1))])
    assert {key: item.score for key, item in found.items()} == {patient: 4}


def test_why_tells_it_as_part_of_the_story(store: Store) -> None:
    world = a_world(store)
    for number, score in enumerate((6, 4), start=1):
        next_session(world, number)
        answer(world, score)
    world.later(timedelta(minutes=5))
    lines = [item for item in explain(world.deps, Query("P1")).events if item.kind is EventKind.CHECK_IN]
    assert [(item.what, item.why, item.text) for item in lines] == [
        ("Check-in answered: 6 of 10", "The first score; later ones are compared with it.", None),
        ("Check-in answered: 4 of 10", "2 below the first score, 6.", None),
    ]
    told = explain(world.deps, Query("A2", has_texts=True)).events
    assert [item.text for item in told if item.kind is EventKind.CHECK_IN] == ["4"]


@pytest.mark.both_databases
def test_two_answers_at_once_are_one_score(store: Store) -> None:
    world = a_world(store)
    world.change(identity=RandomIdentity())
    ask(world)
    together(lambda: answer(world, 4), lambda: answer(world, 9))
    assert world.count("check_in") == 1
