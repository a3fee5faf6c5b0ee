"""The retry budget pays for second tries that reach the provider, and for no others (reliability, section 5)."""

from __future__ import annotations

import pytest

from reminders.core.delivery import Absent, Blame, Unknown
from reminders.core.patients import Channel
from reminders.services.claim_due import claim_due, release
from reminders.services.resolve_unknowns import resolve_unknowns
from reminders.services.retry_budget import budget_of
from reminders.store import buckets
from reminders.store.unit_of_work import Store
from tests.builders import a_record, an_entry
from tests.world import CONFIRM_AT, MINUTE, World, only

pytestmark = pytest.mark.both_databases

RESTS_AT = 50.0


@pytest.fixture
def world(store: Store) -> World:
    """Return a clinic whose one text was refused once and waits to be tried again."""
    world = World(store, only("remind_confirm"))
    world.sync(an_entry(patient=a_record(email=None)))
    world.at(CONFIRM_AT)
    world.sms.answer_next(Absent("HTTP 503 not taken", blame=Blame.MESSAGE))
    world.pump()
    world.later(10 * MINUTE)
    return world


def left(world: World) -> float:
    with world.deps.store.reading() as tx:
        bucket = buckets.read(tx, budget_of(world.deps, Channel.SMS))
    assert bucket is not None
    return bucket.tokens


def test_a_second_try_is_paid_for_when_it_is_taken(world: World) -> None:
    assert len(claim_due(world.deps, Channel.SMS).due) == 1
    assert left(world) == pytest.approx(RESTS_AT - 1, abs=0.2)


def test_what_is_given_back_unattempted_is_paid_back(world: World) -> None:
    release(world.deps, claim_due(world.deps, Channel.SMS).token)
    assert left(world) == pytest.approx(RESTS_AT, abs=0.2)


def test_what_a_dead_worker_had_taken_is_paid_back_when_its_lease_ends(world: World) -> None:
    claim_due(world.deps, Channel.SMS)
    world.later(world.deps.policy.lease + MINUTE)
    resolve_unknowns(world.deps)
    assert left(world) == RESTS_AT + 1, "time has filled it up again, and the one came back"


def test_what_the_provider_never_had_is_paid_back(world: World) -> None:
    world.sms.answer_next(Unknown("no answer"), has_arrived=False)
    assert world.pump() == 1
    world.hear_receipts()
    world.resolve_for(12 * MINUTE, every=2 * MINUTE)
    assert world.states() == [("due", None)]
    assert left(world) == RESTS_AT + 1
