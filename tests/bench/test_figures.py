"""How benchmarks judge: by ratios of the same round, and not at all where the machine was too loud."""

from __future__ import annotations

import pytest

from tests.bench import plan
from tests.bench.figures import Figure, Verdict, table
from tests.bench.options import Options


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (Figure("p", "fast", "/s", [90, 95, 99], [100, 100, 100], "bare", at_least=0.95), Verdict.GOOD),
        (Figure("p", "slow", "/s", [90, 94, 99], [100, 100, 100], "bare", at_least=0.95), Verdict.MISSED),
        (Figure("p", "loud", "/s", [90, 40, 99], [100, 45, 100], "bare", at_least=0.95), Verdict.NOISY),
        (Figure("p", "late", "ms", [9], at_most=10), Verdict.GOOD),
        (Figure("p", "too late", "ms", [11], at_most=10), Verdict.MISSED),
        (Figure("p", "a peer", "/s", [9]), Verdict.TOLD),
        (Figure("p", "lossy", "/s", [99], [100], "bare", at_least=0.5, fault="1 lost"), Verdict.MISSED),
        (Figure("p", "loud and lossy", "/s", [9, 9], [1, 9], "bare", at_least=0.5, fault="1 lost"), Verdict.MISSED),
    ],
)
def test_a_figure_is_judged_by_its_own_rounds(figure: Figure, verdict: Verdict) -> None:
    assert figure.verdict is verdict


def test_the_ratio_is_formed_for_each_round_before_its_median() -> None:
    figure = Figure("p", "x", "/s", [50, 100, 190], [100, 100, 100], "bare")
    assert figure.judged == 1.0


def test_the_table_shows_ranges_bars_and_what_went_wrong() -> None:
    shown = table(
        [Figure("p", "x", "/s", [1234, 1250], [1000, 1000], "bare", at_least=2, notes={"sent": 5}, fault="2 lost")]
    )
    assert "1,242 (1,234-1,250) /s" in shown
    assert ">= 2" in shown
    assert "p x: FAULT: 2 lost; sent 5" in shown


def test_planning_is_measured_beside_its_limit() -> None:
    [figure] = plan.measure(Options(rounds=1, rows=60))
    assert figure.notes["sessions"] == 60
    assert 0 < figure.judged < 1
