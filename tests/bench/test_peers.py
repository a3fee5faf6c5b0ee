"""The part about other libraries measures what it says, with the two of them that our own environment has."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench import peers
from tests.bench.options import Options
from tests.bench.peer_runs import Peer

pytestmark = pytest.mark.usefixtures("forked")

HERE = Path(sys.executable).parent
ABSENT = Peer("another", "huey_each", [("no_such_program",)])


@pytest.mark.timeout(120)
def test_every_text_leaves_once_with_each_library_and_one_that_is_not_there_is_told() -> None:
    options = Options(is_quick=True, rounds=1, rows=40)
    figures = peers.measured(options, [peers.CELERY, ABSENT], HERE, delayed=5)
    by_name = {figure.name: figure for figure in figures}
    assert [figure.fault for figure in figures] == [""] * len(figures)
    texts, cpu = by_name["texts beside Celery, a task each"], by_name["CPU a text beside Celery, a task each"]
    assert (texts.at_least, cpu.at_most) == (10.0, 1 / 8)
    assert texts.notes["its faults"] == "none lost, none doubled"
    assert min(*texts.ours, *texts.limit, *cpu.ours, *cpu.limit) > 0
    late = by_name["late at 20/s, beside Celery, a task each"]
    assert late.notes["its faults"] == "none lost, none doubled"
    assert "huey" in str(by_name["texts beside another"].notes["not measured"])


def test_without_their_environment_ours_is_measured_alone() -> None:
    options = Options(is_quick=True, rounds=1, rows=10)
    [figure] = peers.measured(options, [ABSENT], HERE, delayed=0, reason="not installed: no network")
    assert figure.notes == {"not measured": "not installed: no network"}
    assert figure.ours
    assert figure.verdict == "told"
