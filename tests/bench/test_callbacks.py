"""Small runs: do the parts about callbacks measure what they say. How fast is nobody's business here."""

from __future__ import annotations

import pytest

from tests.bench import inbound, reply
from tests.bench.options import Options

pytestmark = pytest.mark.usefixtures("forked")

SMALL = Options(is_quick=True, rounds=1, rows=12)


def test_reports_are_all_stored_and_applied_and_the_limits_are_measured_beside_them() -> None:
    of_bare, of_one_each, cpu, applied = inbound.measure(SMALL)
    assert [figure.fault for figure in (of_bare, of_one_each, cpu, applied)] == ["", "", "", ""]
    assert (len(of_bare.ratios), len(of_one_each.ratios), len(cpu.ratios)) == (1, 1, 1)
    commits = of_bare.notes["commits a report"]
    assert isinstance(commits, float)
    assert commits < 1


def test_every_reply_is_acted_on_and_every_answer_leaves_once() -> None:
    acted, answered = reply.measure(SMALL)
    assert (acted.fault, answered.fault) == ("", "")
    assert acted.judged > 0
    assert answered.judged > 0
