import pytest

from reminders.supervisor import BackOff, Child, Phase, Timing
from reminders.supervisor.children import in_start_order, may_give_up, may_start, may_stop


def a_child(name: str, *after: str) -> Child:
    return Child(name, ("true",), after=after)


def test_each_end_in_a_row_doubles_the_wait_up_to_its_limit() -> None:
    back_off = BackOff()
    streak, delays = 0, []
    for _ in range(8):
        streak = back_off.streak(streak, healthy_for=1.0)
        delays.append(back_off.delay(streak))
    assert delays == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_half_a_minute_of_health_is_forgiven_everything() -> None:
    assert BackOff().streak(7, healthy_for=30.0) == 1
    assert BackOff().streak(7, healthy_for=29.9) == 8


def test_a_child_that_fails_for_months_still_gets_a_finite_wait() -> None:
    assert BackOff().delay(1_000_000) == 10.0


def test_children_start_after_those_they_need() -> None:
    order = in_start_order([a_child("web", "worker", "valkey"), a_child("worker", "valkey"), a_child("valkey")])
    assert [child.name for child in order] == ["valkey", "worker", "web"]


@pytest.mark.parametrize(
    ("children", "fault"),
    [
        ([a_child("web"), a_child("web")], "two children are named 'web'"),
        ([a_child("web", "valkey")], "'web' starts after valkey, which is not among the children"),
        ([a_child("web", "beat"), a_child("beat", "web")], "children wait for each other"),
        ([a_child("../web")], "must be lower-case letters"),
    ],
)
def test_a_tree_that_cannot_work_is_refused_with_its_reason(children: list[Child], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        in_start_order(children)


def test_a_child_starts_when_all_it_needs_is_ready() -> None:
    web = a_child("web", "valkey", "worker")
    assert may_start(web, {"valkey": Phase.READY, "worker": Phase.READY})
    assert not may_start(web, {"valkey": Phase.READY, "worker": Phase.STARTING})


def test_a_child_stops_when_nothing_that_needs_it_runs() -> None:
    valkey, worker = a_child("valkey"), a_child("worker", "valkey")
    assert may_stop(valkey, [valkey, worker], {"valkey": Phase.READY, "worker": Phase.STOPPED})
    assert not may_stop(valkey, [valkey, worker], {"valkey": Phase.READY, "worker": Phase.STOPPING})


@pytest.mark.parametrize(
    ("was_ever_ready", "streak", "waited", "gives_up"),
    [
        (False, 1, 29.0, False),
        (False, 1, 30.0, True),
        (False, 5, 3.0, True),
        (True, 500, 3000.0, False),
    ],
)
def test_only_a_child_that_was_never_ready_is_given_up(
    *, was_ever_ready: bool, streak: int, waited: float, gives_up: bool
) -> None:
    answer = may_give_up(
        was_ever_ready=was_ever_ready, streak=streak, waited=waited, child=a_child("web"), timing=Timing()
    )
    assert answer is gives_up
