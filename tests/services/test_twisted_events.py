"""What comes in an order that nobody planned: answers after their receipts, looks that are old, clocks that are off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from typing_extensions import override

from reminders.core.alarm_news import news
from reminders.core.alarms import Alarm, AlarmCode
from reminders.core.delivery import Absent, Accepted, Blame, Outcome, ReceiptStatus, Refusal, Unknown
from reminders.core.ids import AttemptTag
from reminders.core.patients import Channel
from reminders.ports import OutgoingText, Sighting, SmsGateway
from reminders.services.begin_attempts import begin_attempts
from reminders.services.call_provider import Calls
from reminders.services.claim_due import claim_due
from reminders.services.expire_overdue import expire_overdue
from reminders.services.record_outcomes import record_outcomes
from reminders.services.resolve_unknowns import look_back, poll_stuck
from reminders.services.watch_vitals import mail_news
from reminders.store import doubles, messages
from reminders.store.unit_of_work import Store
from tests.builders import NOON
from tests.services.deaths import Interrupted
from tests.world import CONFIRM_AT, MINUTE, World, only, some_entries

pytestmark = pytest.mark.both_databases

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SID = f"SM{1:032x}"
UNREACHABLE = "30003"


class SlowLooks(Interrupted):
    """A gateway that is busy with a look while something else happens; what it shows of one text has this refusal."""

    def __init__(
        self,
        inner: SmsGateway,
        *,
        during_find: Callable[[], None] = lambda: None,
        during_fetch: Callable[[], None] = lambda: None,
        refusal: Refusal | None = None,
    ) -> None:
        super().__init__(inner)
        self._during_find = during_find
        self._during_fetch = during_fetch
        self._refusal = refusal

    @override
    def find(self, to: str, body: str, *, since: datetime) -> list[Sighting] | None:
        self._during_find()
        found = self._inner.find(to, body, since=since)
        return None if found is None else list(found)

    @override
    def fetch(self, provider_id: str) -> Sighting | None:
        seen = self._inner.fetch(provider_id)
        self._during_fetch()
        return None if seen is None else replace(seen, refusal=self._refusal)


def a_world(store: Store, patients: int = 1) -> World:
    """Return a clinic that owes each of so many patients one text."""
    world = World(store, only("remind_confirm"))
    world.sync(*some_entries(patients))
    world.at(CONFIRM_AT)
    return world


def begun(world: World) -> list[OutgoingText]:
    """Return the texts of which the intent is committed, and no call made."""
    token, taken = world.claim()
    return [item for item in begin_attempts(world.deps, Channel.SMS, taken, token) if isinstance(item, OutgoingText)]


def fail(world: World, tag: AttemptTag, *, provider_id: str | None = None) -> None:
    """Let a receipt arrive by which a phone could not be reached."""
    status, refusal = ReceiptStatus.UNDELIVERED, Refusal.TRANSIENT
    world.receipt(tag, status, provider_id=provider_id, code=UNREACHABLE, refusal=refusal)


def prove_absent(world: World) -> None:
    """Let so much time pass with empty looks that what was in doubt is to be sent again."""
    world.sms.answer_next(Unknown("no answer"), has_arrived=False)
    world.pump()
    for _ in range(3):
        world.later(6 * MINUTE)
        world.hear_receipts()
        world.resolve()
    assert world.states() == [("due", None)]


def proven_doubles(world: World) -> int:
    with world.store.reading() as tx:
        return doubles.count(tx, now=world.clock.now(), after=None)[0]


def let_clock_run_ahead(world: World, by: timedelta) -> None:
    """Be a worker on a machine whose clock is wrong, and whose database says so."""
    world.clock.set(world.clock.now() + by)
    world.clock.skew = -by


def test_a_failure_that_overtook_the_answer_of_its_call_is_tried_again(sqlite_store: Store) -> None:
    world = a_world(sqlite_store)
    [text] = begun(world)
    fail(world, text.tag, provider_id=SID)
    assert world.states() == [("due", None)]
    record_outcomes(world.deps, [(text.tag, Accepted(SID, "queued"))])
    assert world.states() == [("due", None)], "the redelivery that was promised is gone"
    world.later(20 * MINUTE)
    assert world.pump() == 1


@pytest.mark.parametrize(
    ("shown", "refusal"), [(ReceiptStatus.SENT, None), (ReceiptStatus.UNDELIVERED, Refusal.TRANSIENT)]
)
def test_an_old_look_does_not_end_a_redelivery(
    sqlite_store: Store, shown: ReceiptStatus, refusal: Refusal | None
) -> None:
    world = a_world(sqlite_store)
    world.pump()
    [sent] = world.sms.sent
    world.receipt(sent.text.tag, ReceiptStatus.SENT)
    world.later(HOUR + MINUTE)
    world.sms.report_status(sent.provider_id, shown)
    world.change(sms=SlowLooks(world.sms, during_fetch=lambda: fail(world, sent.text.tag), refusal=refusal))
    poll_stuck(world.deps)
    assert world.states() == [("due", None)]
    world.later(20 * MINUTE)
    world.pump()
    assert len(world.sms.calls) == 2
    world.check()


def test_looking_back_does_not_take_the_text_of_the_second_attempt_for_the_first(sqlite_store: Store) -> None:
    world = a_world(sqlite_store)
    prove_absent(world)
    world.later(31 * MINUTE)
    told: list[tuple[AttemptTag, Outcome]] = []

    def send_again() -> None:
        token, lease = world.identity.new_id(), world.clock.machine_now() + MINUTE
        before = world.clock.now()
        with world.store.transaction() as tx:
            taken = messages.claim(
                tx, Channel.SMS, before=before, limit=5, token=token, lease_until=lease, is_again=True
            )
        out = begin_attempts(world.deps, Channel.SMS, taken, token)
        texts = [item for item in out if isinstance(item, OutgoingText)]
        world.sms.send_many(texts, lambda tag, outcome: told.append((tag, outcome)))

    world.change(sms=SlowLooks(world.sms, during_find=send_again))
    look_back(world.deps)
    assert (len(world.sms.sent), len(told)) == (1, 1)
    record_outcomes(world.deps, told)
    assert proven_doubles(world) == 0, "one text arrived"
    assert "resends_held" not in world.tasks()


def test_a_double_that_is_proven_while_the_second_call_is_in_doubt_holds_resends(sqlite_store: Store) -> None:
    world = a_world(sqlite_store)
    prove_absent(world)
    first = world.attempts()[0].tag
    world.sms.answer_next(Unknown("no answer"), has_arrived=True)
    world.pump()
    world.receipt(first, ReceiptStatus.SENT, provider_id=f"SM{9:032x}")
    world.later(MINUTE)
    world.resolve()
    assert proven_doubles(world) == 1
    assert "resends_held" in world.tasks()


def test_what_a_gateway_reports_twice_in_one_breath_is_not_lost(sqlite_store: Store) -> None:
    world = a_world(sqlite_store)
    [text] = begun(world)
    record_outcomes(world.deps, [(text.tag, Absent("cut short")), (text.tag, Accepted(SID, "queued"))])
    assert world.states() == [("accepted", None)], "it would be sent again"


def test_a_worker_whose_clock_is_wrong_proves_nothing_absent(sqlite_store: Store) -> None:
    world = a_world(sqlite_store)
    begun(world)
    let_clock_run_ahead(world, HOUR)
    for _ in range(5):
        world.hear_receipts()
        world.resolve()
        world.later(timedelta(seconds=40))
    assert world.attempts()[0].state in {"sending", "unknown"}, "minutes old, and a provider may hide it for longer"


def test_a_worker_whose_clock_is_wrong_expires_nothing(sqlite_store: Store) -> None:
    world = a_world(sqlite_store)
    world.claim()
    let_clock_run_ahead(world, 5 * DAY)
    expire_overdue(world.deps)
    assert world.states()[0][0] in {"due", "claimed"}


def test_slow_calls_that_were_begun_one_by_one_hold_up_only_their_own_slots(sqlite_store: Store) -> None:
    world = a_world(sqlite_store, patients=10)
    together = Barrier(10)

    def wait_for_others() -> None:
        together.wait(timeout=5)

    world.change(sms=Interrupted(world.sms, before=wait_for_others))
    token, taken = world.claim()
    with Calls(world.deps, Channel.SMS) as calls:
        for item in taken:
            calls.begin(begin_attempts(world.deps, Channel.SMS, [item], token))
        assert calls.room == world.deps.policy.in_flight - 10
    assert world.states() == [("accepted", None)] * 10, "none could end before all ten had begun"


def test_second_tries_do_not_wait_for_all_first_ones(sqlite_store: Store) -> None:
    world = a_world(sqlite_store, patients=20)
    world.change(policy=replace(world.deps.policy, claim_size=8))
    world.sms.answer_next(Absent("HTTP 503 not taken", blame=Blame.MESSAGE))
    world.pump(wake=lambda _seconds: len(world.sms.calls) >= 8)
    world.later(MINUTE)
    [again] = [row.id for row in world.messages() if row.fence == 1 and row.state == "due"]
    taken = claim_due(world.deps, Channel.SMS)
    assert again in {item.id for item in taken.due}, "tries are saved, and none is used while first ones wait"


def test_an_alarm_whose_mail_may_have_arrived_counts_as_told(sqlite_store: Store) -> None:
    """Otherwise it would be mailed again at every look."""
    world = a_world(sqlite_store)
    world.email.answer_next(Unknown("no answer to DATA"), has_arrived=True)
    found = news((), [Alarm(AlarmCode.RESENDS_HELD, "", "Held.", "Look.")], is_blind=False, machine_now=NOON)
    assert mail_news(world.deps, world.email, ["ops@example.org"], found)
