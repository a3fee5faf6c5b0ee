"""The benchmarks of sending measure what they say: every text is called once, by ours and by the bare loop."""

from __future__ import annotations

import pytest

from tests.bench import lateness, saturated
from tests.bench.options import Options
from tests.bench.site import running_site

pytestmark = pytest.mark.usefixtures("forked")


def test_a_backlog_is_drained_once_by_either() -> None:
    with running_site(60) as site:
        for run in (saturated.drain_bare(site, 0.0, 1), saturated.drain_ours(site, 0.0, 1)):
            assert run.fault == ""
            assert run.rate > 0
            assert run.cpu > 0


@pytest.mark.timeout(120)
def test_each_text_of_a_steady_run_is_timed_once() -> None:
    figures = lateness.measure(Options(is_quick=True, rounds=1, rows=8))
    assert [figure.fault for figure in figures] == [""] * len(figures)
    assert figures[0].name == "p50 at 8/s"
