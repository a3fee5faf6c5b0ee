import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import redis
from kombu import connection

from reminders.supervisor import EventKind, NoBrokerError, answers_ping, broker_url, embedded_valkey, redis_url
from reminders.supervisor.valkey import server_binary
from tests.supervisor.trees import Tree, kill


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """A data folder whose path is too long for a socket."""
    folder = tmp_path / ("deep" * 25)
    yield folder
    record = folder / "run/valkey-socket-folder"
    if record.exists():
        shutil.rmtree(record.read_text())


@pytest.fixture
def blank() -> Iterator[Path]:
    """A data folder with everything in its name that a configuration or an address could stumble over."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / 'a "b" %20 é'


def client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, decode_responses=True)


def test_the_broker_keeps_its_data_when_it_is_killed_and_when_it_is_stopped(tree: Tree) -> None:
    broker = embedded_valkey(tree.data_dir)
    tree.run(broker.child)
    tree.wait_for(EventKind.READY, "valkey")
    with client(broker.redis_url) as valkey:
        valkey.set("hint", "42")
        time.sleep(1.2)  # appendfsync everysec
        kill(tree.pid("valkey"))
        tree.wait_for(EventKind.READY, "valkey", times=2)
        assert valkey.get("hint") == "42"
        valkey.set("hint", "43")
    assert tree.stop() == 0
    assert tree.count(EventKind.KILLED, "valkey") == 0

    again = Tree(tree.data_dir)
    again.run(embedded_valkey(tree.data_dir).child)
    again.wait_for(EventKind.READY, "valkey")
    with client(broker.redis_url) as valkey:
        assert valkey.get("hint") == "43"
    assert again.stop() == 0


def test_a_file_cut_in_half_a_command_still_loads(tree: Tree) -> None:
    broker = embedded_valkey(tree.data_dir)
    tree.run(broker.child)
    tree.wait_for(EventKind.READY, "valkey")
    with client(broker.redis_url) as valkey:
        valkey.set("first", "1")
        valkey.set("second", "2")
    assert tree.stop() == 0
    [file] = (tree.data_dir / "valkey/appendonlydir").glob("*.incr.aof")
    os.truncate(file, file.stat().st_size - 3)

    again = Tree(tree.data_dir)
    again.run(broker.child)
    again.wait_for(EventKind.READY, "valkey")
    with client(broker.redis_url) as valkey:
        assert valkey.mget("first", "second") == ["1", None]
    assert again.stop() == 0


def test_it_runs_as_a_broker_must_and_only_its_owner_reaches_it(blank: Path) -> None:
    tree = Tree(blank)
    broker = embedded_valkey(blank)
    tree.run(broker.child)
    tree.wait_for(EventKind.READY, "valkey")
    with client(broker.redis_url) as valkey:
        wanted = {
            "port": "0",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "aof-load-truncated": "yes",
            "dir": str(blank.resolve() / "valkey"),
        }
        assert cast("dict[str, str]", valkey.config_get(*wanted)) == wanted
    connect: Any = connection.Connection  # kombu has no types
    with connect(broker.broker_url) as celery_side:
        celery_side.ensure_connection(max_retries=1, timeout=2)
        assert celery_side.default_channel.client.ping()
    assert stat.S_IMODE((blank / "valkey").stat().st_mode) == 0o700
    assert stat.S_IMODE(broker.socket_path.stat().st_mode) == 0o700
    assert tree.stop() == 0


def test_a_path_too_long_for_a_socket_gets_a_private_folder_and_keeps_it(deep: Path) -> None:
    broker = embedded_valkey(deep)
    folder = broker.socket_path.parent
    assert not folder.is_relative_to(deep)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    tree = Tree(deep)
    tree.run(broker.child)
    tree.wait_for(EventKind.READY, "valkey")
    assert answers_ping(broker.socket_path)
    assert tree.stop() == 0
    assert embedded_valkey(deep).socket_path == broker.socket_path


def test_a_recorded_folder_that_others_may_enter_is_not_used_again(deep: Path) -> None:
    first = embedded_valkey(deep).socket_path.parent
    first.chmod(0o755)
    second = embedded_valkey(deep).socket_path.parent
    assert second != first
    first.rmdir()


def test_nobody_answers_where_no_server_is(tmp_path: Path) -> None:
    assert not answers_ping(tmp_path / "v.sock")


def test_addresses_are_what_celery_and_redis_py_ask_for() -> None:
    path = Path("/srv/my clinic/v.sock")
    assert broker_url(path) == "redis+socket:///srv/my%20clinic/v.sock"
    assert redis_url(path) == "unix:///srv/my%20clinic/v.sock"


def test_a_binary_that_is_missing_or_does_not_run_here_is_passed_over(tmp_path: Path) -> None:
    foreign = tmp_path / "valkey-server"
    foreign.write_bytes(b"\x7fELF of another machine")
    foreign.chmod(0o755)
    works = server_binary()
    assert server_binary([tmp_path / "missing", foreign, works]) == works


def test_without_any_server_the_user_learns_which_setting_helps(tmp_path: Path) -> None:
    with pytest.raises(NoBrokerError, match="set REMINDERS_REDIS_URL"):
        server_binary([tmp_path / "missing"])
