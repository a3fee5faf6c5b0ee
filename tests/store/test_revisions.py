"""Our own look at the migrations says what Alembic says of them."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from reminders.store import revisions
from reminders.store.migrating import configuration
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.servers.postgres import Postgres


def test_the_newest_and_all_others_are_those_of_alembic() -> None:
    scripts = ScriptDirectory.from_config(configuration("sqlite://"))
    assert revisions.newest() == scripts.get_current_head()
    assert revisions.known() == {script.revision for script in scripts.walk_revisions()}


def test_a_file_is_read_as_far_as_it_was_brought(tmp_path: Path, vault: Vault) -> None:
    store = Store(f"sqlite:///{tmp_path / 'bare.sqlite3'}", vault)
    check_as_far_as_it_was_brought(store)


def test_a_server_is_read_as_far_as_it_was_brought(postgres: Postgres, vault: Vault) -> None:
    with postgres.database(is_bare=True) as url:
        check_as_far_as_it_was_brought(Store(url, vault))


def check_as_far_as_it_was_brought(store: Store) -> None:
    seen = []
    for revision in (None, "0001", "head"):
        if revision is not None:
            command.stamp(configuration(store.url), revision)
        with store.reading() as tx:
            seen.append((revisions.current(tx), revisions.is_current(store)))
    store.close()
    assert seen == [(None, False), ("0001", False), (revisions.newest(), True)]
