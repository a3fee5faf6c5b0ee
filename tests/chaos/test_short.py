from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.load import FAST_CLOCK
from tests.chaos.processes import Forks
from tests.chaos.stack import Setup, Stack
from tests.chaos.t01_random_kills import FAULTS, run_seed
from tests.servers.postgres import Postgres

HASTE = {"lease": 4.0, "deadline": 4.0, "look_again": 0.5, "read_timeout": 1.0}
"""Seconds. The order of these times is the service's own; a call ends well before its deadline."""


@pytest.mark.timeout(240)  # twenty seconds where nothing else runs; a crowded machine is no fault
def test_nothing_is_lost_or_doubled_by_kills_and_a_bad_provider(
    postgres: Postgres, forks: Forks, tmp_path: Path
) -> None:
    """A seed of T1 in small: real Celery, Valkey, PostgreSQL and wire; only the patience is scaled down."""
    setup = Setup(sms_workers=2, grace=2, list_lag=0.2, faults=FAULTS, seed=7, clock=FAST_CLOCK, hurry=HASTE)
    with Stack(setup, tmp_path, postgres=postgres, launcher=forks) as stack:
        report = run_seed(stack, reminders=250, kills=10)
    assert report.is_good, report.text
    assert report.verdict.planned == 250
    assert report.verdict.duplicates == 0
