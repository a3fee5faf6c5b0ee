from __future__ import annotations

import threading

import pytest

from workers.turns import Turn


def test_a_hint_that_comes_while_its_work_is_done_leads_to_one_more_round() -> None:
    rounds: list[int] = []

    def work() -> None:
        rounds.append(threading.get_ident())
        if len(rounds) == 1:
            others = [threading.Thread(target=turn.take) for _ in range(5)]
            for other in others:
                other.start()
            for other in others:
                other.join(5)

    turn = Turn(work)
    turn.take()
    assert rounds == [threading.get_ident()] * 2


def test_work_that_fails_leaves_the_next_hint_its_turn() -> None:
    rounds: list[int] = []

    def work() -> None:
        rounds.append(1)
        if len(rounds) == 1:
            raise ConnectionError

    turn = Turn(work)
    with pytest.raises(ConnectionError):
        turn.take()
    turn.take()
    assert len(rounds) == 2
