"""C7 to C13, C17 and C19: who dies, freezes or is stopped around the provider call."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url
from typing_extensions import override

from reminders.adapters.memory import MemoryClock
from reminders.core.delivery import ReceiptStatus
from reminders.core.errors import NotReadyError
from reminders.failpoints import Failpoint, Harm, arm
from reminders.store.unit_of_work import Store
from tests.adapters.scripted_twilio import (
    Behaviour,
    accepting_then_resetting,
    answer,
    refusing,
    resetting,
)
from tests.chaos.points import PATIENTS, Site, a_site, was_killed
from tests.chaos.proxy import Break, Proxy

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
SHORTLY = timedelta(seconds=0.25)


@pytest.fixture
def site(store: Store) -> Iterator[Site]:
    with a_site(store) as found:
        yield found


def hear_of_each(site: Site) -> None:
    """Let the provider's reports arrive, as they do whoever has died here."""
    sids = {str(message["to"]): str(message["sid"]) for message in site.provider.twilio.messages}
    for post in site.provider.posts:
        site.hear(post, sids[post.form["To"][0]], ReceiptStatus.SENT)


@pytest.mark.parametrize("arrives", [True, False], ids=["reply lost", "request lost"])
def test_c07_the_connection_breaks_at_the_commit_of_the_intent(postgres_store: Store, *, arrives: bool) -> None:
    """Whether it committed, the worker was not told: it must not call for these attempts."""
    with ExitStack() as stack:
        site = stack.enter_context(a_site(postgres_store))
        site.owe()
        url = make_url(postgres_store.url)
        proxy = stack.enter_context(Proxy(Path(str(url.query["host"])) / f".s.PGSQL.{url.port or 5432}"))
        address = url.set(host="127.0.0.1", port=proxy.port, query={}).render_as_string(hide_password=False)
        store = stack.enter_context(closing(Store(address, postgres_store.vault)))
        doomed = Break(pattern=b"COMMIT\0", arrives=arrives, most=1)
        token, taken = site.world.claim()
        begin = site.beginning(replace(site.world.deps, store=store), taken, token)
        with store.reading():  # the connection is there, and the next commit on it is the intent's
            pass
        proxy.break_(doomed)
        with pytest.raises(NotReadyError):
            begin()
        assert proxy.broken == 1
        assert len(site.world.attempts()) == (PATIENTS if arrives else 0)
        site.recover()
        site.assert_each_got_one()


def test_c07_the_commit_of_the_intent_raises_after_it_happened(site: Site) -> None:
    """The attempts are there, nobody calls for them, and the resolver gives them up in the end."""
    site.owe()
    arm(f"{Failpoint.INTENT_COMMITTED}={Harm.FAIL}")
    site.world.pump()
    assert site.provider.posts == []
    assert [row.state for row in site.world.attempts()] == ["sending"] * PATIENTS
    site.recover()
    site.assert_each_got_one()


@pytest.mark.parametrize("failpoint", [Failpoint.INTENT_COMMITTED, Failpoint.CALL_LEAVES])
def test_c08_killed_after_the_intent_and_before_the_first_byte(site: Site, failpoint: Failpoint) -> None:
    """Deadline, doubt, grace, and one call by somebody else."""
    site.owe()
    site.kill_at(failpoint, site.world.pump)
    assert site.provider.posts == []
    assert [row.state for row in site.world.attempts()] == ["sending"] * PATIENTS
    site.recover()
    site.assert_each_got_one()


@pytest.mark.parametrize(
    ("is_accepted", "reports"),
    [(True, True), (True, False), (False, False)],
    ids=["accepted and reported", "accepted and listed", "not accepted"],
)
def test_c09_killed_while_the_request_is_at_the_provider(site: Site, *, is_accepted: bool, reports: bool) -> None:
    """Callback or list show what was accepted; what neither shows within the grace goes out once more."""
    site.owe()
    killing: list[Callable[[], None]] = []

    def kill(_line: socket.socket, good: Callable[[], bytes]) -> bool:
        if is_accepted:
            good()
        killing[0]()
        return False

    site.provider.twilio.lock.acquire()  # until the child is known to who kills it
    try:
        child = site.begin(site.world.pump)
        killing.append(child.kill)
        site.provider.meet(*[kill] * PATIENTS)
    finally:
        site.provider.twilio.lock.release()
    assert was_killed(child.end())
    site.provider.twilio.script.clear()
    before = sum(site.provider.arrived.values())
    assert bool(before) is is_accepted
    if reports:
        hear_of_each(site)
    site.recover()
    site.assert_each_got_one()
    assert before + len(site.world.attempts()) >= PATIENTS


@pytest.mark.parametrize("reports", [True, False], ids=["reported", "found in the list"])
def test_c10_the_answer_of_the_provider_is_lost(site: Site, *, reports: bool) -> None:
    """Accepted, and the connection is reset before the 201: the callback brings the id, or the list does."""
    in_doubt_then_found(site, accepting_then_resetting, reports=reports)


def test_c11_the_provider_says_500_after_accepting(site: Site) -> None:
    """An error that proves nothing: never a blind resend."""

    def accept_then_fail(line: socket.socket, good: Callable[[], bytes]) -> bool:
        good()
        line.sendall(answer(500, {"code": 20500, "status": 500, "message": "internal"}))
        return True

    in_doubt_then_found(site, accept_then_fail, reports=False)


def in_doubt_then_found(site: Site, behaviour: Behaviour, *, reports: bool) -> None:
    site.owe()
    site.provider.meet(*[behaviour] * PATIENTS)
    site.world.pump()
    assert {state for state, _ in site.world.states()} == {"unknown"}
    if reports:
        hear_of_each(site)
        assert {state for state, _ in site.world.states()} == {"sent"}
    site.recover()
    assert len(site.provider.posts) == PATIENTS, "called once"
    site.assert_each_got_one()


def test_c10_nothing_was_accepted_and_the_answer_is_lost(site: Site) -> None:
    """The same to us as C10; two empty looks and the grace tell them apart."""
    site.owe()
    site.provider.meet(*[resetting] * PATIENTS)
    site.world.pump()
    site.recover()
    assert len(site.provider.posts) == 2 * PATIENTS
    site.assert_each_got_one()


@pytest.mark.parametrize(
    ("failpoint", "reports"), [(Failpoint.CALL_ANSWERED, True), (Failpoint.OUTCOME_BEFORE_COMMIT, False)]
)
def test_c12_killed_after_the_answer_and_before_it_is_recorded(
    site: Site, failpoint: Failpoint, *, reports: bool
) -> None:
    """As C10: only the provider knows, and it is asked."""
    site.owe()
    site.kill_at(failpoint, site.world.pump)
    assert sum(site.provider.arrived.values()) > 0
    if reports:
        hear_of_each(site)
    site.recover()
    site.assert_each_got_one()


def test_c13_killed_after_recording_and_before_the_hint_is_acknowledged(site: Site) -> None:
    """The hint comes again and finds nothing to do."""
    site.owe()
    site.kill_at(Failpoint.OUTCOME_COMMITTED, site.world.pump)
    before = len(site.provider.posts)
    assert before > 0
    assert site.world.pump() == PATIENTS - before
    site.recover()
    site.assert_each_got_one()
    assert len(site.provider.posts) == PATIENTS


class WakefulClock(MemoryClock):
    """Stands still, except for what measures how long something took."""

    @override
    def monotonic(self) -> float:
        return time.monotonic()


def test_c17_frozen_between_the_intent_and_the_call(site: Site) -> None:
    """A worker that slept past its time finds that out and does not call, though others long have."""
    site.owe()
    site.world.change(policy=replace(site.world.deps.policy, start_within=SHORTLY))
    clock = WakefulClock(site.world.clock.now())

    def pump_awake() -> None:
        site.world.change(clock=clock, sms=site.gateway_by(clock))
        site.world.pump()

    frozen = site.begin(pump_awake, f"{Failpoint.INTENT_COMMITTED}={Harm.STOP}")
    frozen.freeze()
    site.recover()
    time.sleep(SHORTLY.total_seconds())
    frozen.thaw()
    assert frozen.end() == 0
    assert len(site.provider.posts) == PATIENTS, "the frozen worker called after all"
    site.assert_each_got_one()


def test_c19_stop_arrives_while_the_text_is_on_its_way(site: Site) -> None:
    """That one text may arrive; nothing after it leaves, and the opt-out is on record."""
    site.world.change(provider_answers_keywords=True)
    site.owe()
    first = site.entries[0].patient.phone or ""

    def stop(line: socket.socket, good: Callable[[], bytes]) -> bool:
        site.world.text("STOP", sender=first)
        line.sendall(good())
        return True

    site.provider.meet(stop)
    site.world.pump()
    assert len(site.provider.posts) == PATIENTS
    site.world.later(timedelta(days=1))
    site.import_all()
    site.recover()
    assert site.provider.arrived[first] == 1
    site.world.check()


def test_c19_the_provider_knows_of_a_stop_that_we_have_not_heard_of(site: Site) -> None:
    """Its 21610 closes the address here too."""
    site.owe()
    site.provider.meet(refusing(400, 21610, "blacklisted"))
    site.world.pump()
    assert sorted(site.world.states()) == [("accepted", None)] * (PATIENTS - 1) + [("suppressed", "opted_out")]
    site.recover()
    assert len(site.provider.posts) == PATIENTS
    site.world.check()
