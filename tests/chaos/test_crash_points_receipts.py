"""C18 and C20 to C22: who dies while doubts are settled and reports arrive."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from reminders.core.delivery import ReceiptStatus
from reminders.failpoints import Failpoint, Harm
from reminders.ports import Receipt
from reminders.services.apply_receipts import apply_receipts, store_receipt
from reminders.services.resolve_unknowns import poll_stuck
from reminders.store.unit_of_work import Store
from tests.adapters.scripted_twilio import accepting_then_resetting
from tests.chaos.points import PATIENTS, Site, a_site, tag_of, was_killed
from tests.world import MINUTE

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
DELIVERED = ReceiptStatus.DELIVERED


@pytest.fixture
def site(store: Store) -> Iterator[Site]:
    with a_site(store) as found:
        yield found


def test_c18_a_resolver_is_killed_before_it_commits(site: Site) -> None:
    """Whatever it had found out is found out again."""
    site.owe()
    site.come_to_doubt()
    site.kill_at(Failpoint.RESOLVE_BEFORE_COMMIT, site.world.resolve)
    site.recover()
    assert {row.resends for row in site.world.messages()} == {1}
    site.assert_each_got_one()


def test_c18_two_resolvers_at_once_and_one_is_killed(site: Site) -> None:
    """The other waits for what the first had locked, and goes on: each text is given up once and sent again once."""
    site.owe()
    site.come_to_doubt()
    first = site.begin(site.world.resolve, f"{Failpoint.RESOLVE_BEFORE_COMMIT}={Harm.STOP}")
    first.freeze()
    second = site.begin(site.world.resolve)
    first.kill()
    assert was_killed(first.end())
    assert second.end() == 0
    site.recover()
    assert {row.resends for row in site.world.messages()} == {1}
    site.assert_each_got_one()


def test_c18_two_resolvers_find_what_was_accepted(site: Site) -> None:
    """One text in the provider's list belongs to one attempt, whoever finds it."""
    site.owe()
    site.provider.meet(*[accepting_then_resetting] * PATIENTS)
    site.world.pump()
    site.world.later(MINUTE)
    both = [site.begin(site.world.resolve) for _ in range(2)]
    assert [child.end() for child in both] == [0, 0]
    site.recover()
    assert len(site.provider.posts) == PATIENTS
    site.assert_each_got_one()


def assert_delivered(site: Site) -> None:
    assert site.world.states() == [("delivered", None)] * PATIENTS
    site.assert_each_got_one()


def test_c20_the_web_process_is_killed_after_storing_a_report(site: Site) -> None:
    """It is applied by whoever looks next; the provider's second try changes nothing."""
    site.owe()
    site.world.pump()
    site.kill_at(Failpoint.RECEIPT_STORED, site.report, at=PATIENTS)
    assert apply_receipts(site.world.deps) == PATIENTS
    site.report()
    assert apply_receipts(site.world.deps) == 0
    assert_delivered(site)


def test_c20_a_worker_is_killed_while_it_applies_reports(site: Site) -> None:
    """What did not commit waits for the next."""
    site.owe()
    site.world.pump()
    site.report()
    site.kill_at(Failpoint.RECEIPT_BEFORE_COMMIT, lambda: apply_receipts(site.world.deps))
    assert {state for state, _ in site.world.states()} == {"accepted"}
    assert apply_receipts(site.world.deps) == PATIENTS
    assert_delivered(site)


def test_c21_the_web_process_is_killed_before_storing_a_report(site: Site) -> None:
    """If the provider never tries again, we ask after an hour."""
    site.owe()
    site.world.pump()
    site.kill_at(Failpoint.RECEIPT_ARRIVED, site.report)
    assert site.world.count("receipt") == 0
    for message in site.provider.twilio.messages:
        message["status"] = "delivered"
    site.world.later(61 * MINUTE)
    assert poll_stuck(site.world.deps) == PATIENTS
    assert_delivered(site)


def test_c22_the_report_comes_before_our_own_answer(site: Site) -> None:
    """The tag proves acceptance; the 201 that follows is old news."""
    site.owe()

    def report_first(line: socket.socket, good: Callable[[], bytes]) -> bool:
        content = good()
        post = site.provider.posts[-1]
        sid = next(str(m["sid"]) for m in site.provider.twilio.messages if m["to"] == post.form["To"][0])
        store_receipt(site.world.deps, tag_of(post), Receipt(sid, DELIVERED, DELIVERED.value, None))
        apply_receipts(site.world.deps)
        line.sendall(content)
        return True

    site.world.change(policy=replace(site.world.deps.policy, in_flight=1, least_group=1))
    site.provider.meet(*[report_first] * PATIENTS)
    site.world.pump()
    assert_delivered(site)
