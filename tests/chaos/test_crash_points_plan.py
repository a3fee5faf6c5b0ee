"""C1 to C6: who dies before any text was on its way, from the import to the intent."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from socket import create_server

import pytest
from redis import Redis

from reminders.adapters.celery_queue import CeleryJobQueue
from reminders.bootstrap import KEY_PREFIX, open_services
from reminders.core.errors import SettingsError
from reminders.failpoints import Failpoint, FailpointError, Harm, arm, reach
from reminders.ports import QUEUES, Job, Queue
from reminders.store.unit_of_work import Store
from tests.chaos.points import PATIENTS, Site, a_site, was_killed
from tests.servers.valkey import Valkey

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
SOURCES = [path for folder in ("reminders", "workers") for path in Path(folder).rglob("*.py")]


@pytest.fixture
def site(store: Store) -> Iterator[Site]:
    with a_site(store) as found:
        yield found


@pytest.fixture
def small_site(sqlite_store: Store) -> Iterator[Site]:
    with a_site(sqlite_store) as found:
        yield found


def test_every_failpoint_is_reached_somewhere_in_the_sources() -> None:
    written = "\n".join(path.read_text() for path in SOURCES)
    assert [point.name for point in Failpoint if f"reach(Failpoint.{point.name})" not in written] == []


def test_failpoints_do_nothing_unless_armed() -> None:
    arm("")
    for failpoint in Failpoint:
        reach(failpoint)


def test_settings_arm_them_and_the_real_provider_forbids_it(tmp_path: Path) -> None:
    spec = f"{Failpoint.CLAIMED}={Harm.FAIL}"
    environment = {"REMINDERS_DATA_DIR": str(tmp_path), "REMINDERS_FAILPOINTS": spec}
    with pytest.raises(SettingsError, match="FAILPOINTS"):
        open_services(environment)
    open_services({**environment, "REMINDERS_TWILIO_BASE_URL": "http://127.0.0.1:1"})
    try:
        with pytest.raises(FailpointError):
            reach(Failpoint.CLAIMED)
        reach(Failpoint.CLAIMED)
    finally:
        arm("")


@pytest.mark.parametrize("spec", ["claimed", "claimed=", "claimed=explode", "nowhere=kill", "claimed=kill@0"])
def test_a_failpoint_that_does_not_exist_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match=r"name=harm|is not a valid"):
        arm(spec)


def test_c01_killed_before_the_plan_commits(site: Site) -> None:
    """Nothing is stored; the import runs again."""
    site.kill_at(Failpoint.PLAN_BEFORE_COMMIT, site.import_all)
    assert site.world.count("appointment") == 0
    site.owe()
    site.recover()
    site.assert_each_got_one()


def test_c02_killed_after_the_plan_and_before_anybody_was_woken(site: Site) -> None:
    """The plan is there, and the next look at the database finds it."""
    site.kill_at(Failpoint.PLAN_COMMITTED, site.owe)
    site.owe()
    assert site.world.pump() == PATIENTS
    site.assert_each_got_one()


@pytest.mark.parametrize("harm", [Harm.KILL, Harm.FAIL])
def test_c03_killed_or_failed_while_the_hint_is_published(small_site: Site, harm: Harm) -> None:
    """The import stays; a hint that fails does not even disturb it."""
    site, queue = small_site, CeleryJobQueue("redis://127.0.0.1:1/0", QUEUES)
    site.world.change(queue=queue)
    status = site.begin(site.owe, f"{Failpoint.HINT}={harm}").end()
    assert was_killed(status) if harm is Harm.KILL else status == 0
    site.owe()
    site.recover()
    site.assert_each_got_one()


def test_c03_publishing_hangs(small_site: Site) -> None:
    """A broker that accepts and says nothing costs an import two seconds, once, and no text."""
    site = small_site
    with create_server(("127.0.0.1", 0)) as silent:
        site.world.change(queue=CeleryJobQueue(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", QUEUES))
        began = time.monotonic()
        site.owe()
        assert time.monotonic() - began < 4
        assert site.world.pump() == PATIENTS
    site.assert_each_got_one()


def test_c04_a_worker_takes_a_hint_and_is_killed(small_site: Site, valkey: Valkey, tmp_path: Path) -> None:
    """The hint is gone from the broker with nothing done; the rows are the work."""
    site = small_site
    site.owe()
    CeleryJobQueue(valkey.broker_url, QUEUES, key_prefix=KEY_PREFIX).hint([Job.SEND_SMS])

    def work() -> None:
        os.environ |= {
            "REMINDERS_DATA_DIR": str(tmp_path),
            "REMINDERS_TWILIO_BASE_URL": site.provider.twilio.url,
            "REMINDERS_FAILPOINTS": f"{Failpoint.TASK_BEGUN}={Harm.KILL}",
        }
        from workers.app import app  # noqa: PLC0415 - reads the environment of the process that it is in
        from workers.services import services  # noqa: PLC0415 - as above

        warnings.simplefilter("ignore")  # Celery warns of root, whom containers of tests often are
        services()
        app.conf.broker_url = valkey.broker_url
        app.worker_main(["worker", "--pool", "solo", "--queues", Queue.SMS, "--without-gossip", "--without-mingle"])

    assert was_killed(site.begin(work).end())
    with Redis.from_url(valkey.redis_url) as client:
        assert client.llen(f"{KEY_PREFIX}{Queue.SMS}") == 0
    assert site.provider.posts == []
    assert site.world.pump() == PATIENTS
    site.assert_each_got_one()


def test_c05_a_hint_comes_twice(store: Store) -> None:
    """Two workers that were woken for the same texts share them, and the third finds nothing left."""
    with a_site(store, patients=24) as site:
        site.owe()
        both = [site.begin(site.world.pump) for _ in range(2)]
        assert [child.end() for child in both] == [0, 0]
        assert site.world.pump() == 0
        site.assert_each_got_one()


@pytest.mark.parametrize("failpoint", [Failpoint.CLAIMED, Failpoint.INTENT_BEFORE_COMMIT])
def test_c06_killed_in_the_gate_before_the_intent_commits(site: Site, failpoint: Failpoint) -> None:
    """The claim runs out, the intent never was: another worker takes the texts."""
    site.owe()
    site.kill_at(failpoint, site.world.pump)
    assert site.world.attempts() == []
    assert site.provider.posts == []
    site.recover()
    site.assert_each_got_one()
