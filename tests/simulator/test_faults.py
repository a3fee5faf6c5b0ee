from collections import Counter

import httpx
import pytest

from reminders.simulator import Simulator
from reminders.simulator.faults import CREATE_FAULTS, Faults, FaultSpecError, parse_faults
from tests.simulator.conftest import ACCOUNT, SENDER

MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
ANA = "+15005550101"


def create(http: httpx.Client, tag: str = "tag1", timeout: float = 5) -> httpx.Response:
    callback = f"http://127.0.0.1:9/hooks/twilio/status/{tag}#rc=0"
    params = {"To": ANA, "From": SENDER, "Body": "See you", "StatusCallback": callback}
    return http.post(MESSAGES, data=params, timeout=timeout)


def test_the_same_seed_gives_the_same_faults_whatever_the_order_of_asking() -> None:
    rates = {"accept_then_timeout": 0.1, "error_500": 0.1, "reset": 0.1}
    first, second = Faults(rates, seed=7), Faults(rates, seed=7)
    forwards = [first.of_call(number) for number in range(2000)]
    backwards = [second.of_call(number) for number in reversed(range(2000))]
    assert forwards == backwards[::-1]
    assert forwards != [Faults(rates, seed=8).of_call(number) for number in range(2000)]
    counts = Counter(forwards)
    assert all(140 < counts[kind] < 260 for kind in rates)


def test_a_specification_is_read_and_a_wrong_one_is_named() -> None:
    assert parse_faults("accept_then_timeout=0.03, callback_lost=0.05") == {
        "accept_then_timeout": 0.03,
        "callback_lost": 0.05,
    }
    for wrong in ("meteor=0.1", "error_500", "error_500=2", "slow=-1"):
        with pytest.raises(FaultSpecError, match=wrong.split("=")[0]):
            parse_faults(wrong)


@pytest.mark.parametrize(
    ("kind", "status", "code"), [("error_500", 500, 20500), ("error_503", 503, 20503), ("rate_429", 429, 20429)]
)
def test_a_failing_provider_accepts_nothing(
    http: httpx.Client, simulator: Simulator, kind: str, status: int, code: int
) -> None:
    simulator.fail_next(kind)
    answer = create(http)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("Retry-After" in answer.headers) == (kind == "rate_429")
    assert simulator.messages == []
    assert create(http).status_code == 201


@pytest.mark.parametrize(("kind", "accepted"), [("timeout", 0), ("accept_then_timeout", 1)])
def test_a_silent_provider_may_or_may_not_have_accepted(
    http: httpx.Client, simulator: Simulator, kind: str, accepted: int
) -> None:
    simulator.fail_next(kind)
    with pytest.raises(httpx.ReadTimeout):
        create(http, timeout=0.2)
    assert len(simulator.messages) == accepted


@pytest.mark.parametrize(("kind", "accepted"), [("reset", 0), ("accept_then_reset", 1)])
def test_a_broken_connection_may_or_may_not_have_accepted(
    http: httpx.Client, simulator: Simulator, kind: str, accepted: int
) -> None:
    simulator.fail_next(kind)
    with pytest.raises(httpx.ReadError, match="reset"):
        create(http)
    assert len(simulator.messages) == accepted


def test_an_error_after_acceptance_hides_a_message_that_is_delivered(http: httpx.Client, simulator: Simulator) -> None:
    simulator.fail_next("accept_then_500")
    assert create(http).status_code == 500
    simulator.settle()
    assert [message.status for message in simulator.messages] == ["delivered"]


def test_a_slow_provider_answers_late(http: httpx.Client, simulator: Simulator) -> None:
    simulator.set_faults(slow=1, slow_seconds=0.2)
    answer = create(http)
    assert answer.status_code == 201
    assert answer.elapsed.total_seconds() > 0.2


def test_a_success_may_be_cut_off_in_the_middle_of_its_json(http: httpx.Client, simulator: Simulator) -> None:
    simulator.fail_next("malformed")
    answer = create(http)
    assert answer.status_code == 201
    with pytest.raises(ValueError, match="line 1 column"):
        answer.json()
    assert len(simulator.messages) == 1


def test_a_success_may_be_larger_than_anybody_wants_to_read(http: httpx.Client, simulator: Simulator) -> None:
    simulator.fail_next("huge")
    answer = create(http)
    assert answer.json()["sid"] == simulator.messages[0].sid
    assert len(answer.content) > 10_000_000


def test_every_call_is_in_the_log_with_its_tag_and_its_fate(http: httpx.Client, simulator: Simulator) -> None:
    simulator.fail_next("accept_then_500", "error_503", "none")
    for tag in ("one", "two", "two"):
        create(http, tag)
    log = http.get("/control/calls").json()["calls"]
    assert [(call["tag"], call["fault"], call["status"], bool(call["sid"])) for call in log] == [
        ("one", "accept_then_500", 500, True),
        ("two", "error_503", 503, False),
        ("two", None, 201, True),
    ]


def test_faults_are_set_and_shown_at_run_time(http: httpx.Client, simulator: Simulator) -> None:
    answer = http.post("/control/faults", json={"faults": {"error_500": 1}, "refused_mail": {"A@B.c": "550 no"}})
    assert answer.json() == {"faults": {"error_500": 1.0}, "refused_mail": {"a@b.c": "550 no"}}
    assert create(http).status_code == 500
    assert http.post("/control/faults", json={"faults": {"meteor": 1}}).status_code == 400
    assert http.get("/control/faults").json()["faults"] == {"error_500": 1.0}
    http.post("/control/reset")
    assert create(http).status_code == 201


def test_every_fault_of_a_call_can_be_asked_for_by_name() -> None:
    faults = Faults({}, seed=1)
    faults.fail_next(CREATE_FAULTS)
    assert [faults.of_call(number) for number, _ in enumerate(CREATE_FAULTS)] == list(CREATE_FAULTS)
    with pytest.raises(FaultSpecError):
        faults.fail_next(["meteor"])
