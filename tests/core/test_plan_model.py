"""The planner agrees, on random schedules, with a second one that was written apart from it."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given

from reminders.core.foresight import Touch, foresee_schedule
from tests.core.plan_model import Line, plan
from tests.core.schedules import Schedule, schedules


def _as_lines(touches: Sequence[Touch]) -> dict[str, tuple[object, ...]]:
    return {
        f"{touch.entry.external_id}/{touch.step}": (
            touch.due_at,
            touch.expires_at,
            touch.state.value,
            touch.reason and touch.reason.value,
            touch.merged_into,
            touch.channel.value,
        )
        for touch in touches
    }


def _as_told(line: Line) -> tuple[object, ...]:
    return line.at, line.expires, line.state, line.reason, line.merged_into, line.channel


@given(schedules())
def test_the_planner_agrees_with_a_naive_one(schedule: Schedule) -> None:
    clinic, rows, now = schedule
    expected = {name: _as_told(line) for name, line in plan(clinic, rows, now).items()}
    found = _as_lines(foresee_schedule(clinic, rows, now=now))
    differing = {name for name in {*expected, *found} if expected.get(name) != found.get(name)}
    assert {name: found.get(name) for name in differing} == {name: expected.get(name) for name in differing}
