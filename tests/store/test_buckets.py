from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from reminders.core.pacing import Bucket
from reminders.store import buckets
from reminders.store.unit_of_work import Store
from tests.builders import NOON


def test_a_bucket_that_nobody_filled_is_none_and_what_was_written_is_read(store: Store) -> None:
    with store.transaction() as tx:
        assert buckets.read(tx, "a") is None
        assert buckets.lock(tx, "a") is None
        buckets.write(tx, "a", Bucket(2.5, NOON))

    with store.transaction() as tx:
        assert buckets.lock(tx, "a") == Bucket(2.5, NOON)
        buckets.write(tx, "a", Bucket(-1.25, NOON + timedelta(milliseconds=1500)))
    with store.reading() as tx:
        assert buckets.read(tx, "a") == Bucket(-1.25, NOON + timedelta(milliseconds=1500))
        assert buckets.read(tx, "b") is None


def test_many_at_once_count_in_one_bucket_even_when_it_is_new(store: Store) -> None:
    def add(_: int) -> None:
        with store.transaction() as tx:
            held = buckets.lock(tx, "a") or Bucket(0.0, NOON)
            buckets.write(tx, "a", Bucket(held.tokens + 1, NOON))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(20)))

    with store.reading() as tx:
        assert buckets.read(tx, "a") == Bucket(20.0, NOON)
