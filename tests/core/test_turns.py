"""Which texts are read together, and what goes before them."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from reminders.core.conversation.rounds import Round
from reminders.core.conversation.turns import MOST_SIGNS, MOST_TEXTS, WaitingText, pressing, turns
from reminders.core.ids import InboundId

PHONES = st.sampled_from([b"a", b"b", b"c"])
WORDS = st.sampled_from(["yes", "STOP", "my chest hurts", "x" * MOST_SIGNS, None])
TEXTS = st.lists(st.tuples(PHONES, WORDS, st.booleans()), max_size=40)


def waiting(*texts: tuple[bytes, str | None]) -> list[WaitingText]:
    return [WaitingText(InboundId(UUID(int=n)), *text) for n, text in enumerate(texts, 1)]


def shown(*texts: tuple[bytes, str | None]) -> list[tuple[list[int], list[int]]]:
    return [
        ([key.int for key in (*turn.alone, *turn.opt_outs)], [key.int for key in turn.together])
        for turn in turns(waiting(*texts))
    ]


def test_texts_of_different_phones_are_read_together() -> None:
    assert shown((b"a", "yes"), (b"b", "no"), (b"c", "ok")) == [([], [1, 2, 3])]


def test_danger_goes_first_and_then_opt_outs() -> None:
    texts = (b"a", "yes"), (b"b", "STOP"), (b"c", "i cant breathe"), (b"d", "ok")
    assert shown(*texts) == [([3, 2], [1, 4])]


def test_what_the_provider_took_for_an_opt_out_is_one() -> None:
    [text] = waiting((b"a", "zzz"))
    [turn] = turns([WaitingText(text.id, text.sender, text.body, opt_out_type="STOP")])
    assert turn.opt_outs == [text.id]


def test_danger_is_read_alone_and_opt_outs_of_different_phones_together() -> None:
    [turn] = turns(waiting((b"a", "STOP"), (b"b", "my chest hurts"), (b"c", "STOP"), (b"d", "i cant breathe")))
    assert [key.int for key in turn.alone] == [2, 4]
    assert [key.int for key in turn.opt_outs] == [1, 3]


def test_the_second_text_of_a_phone_is_in_a_later_turn() -> None:
    assert shown((b"a", "yes"), (b"b", "ok"), (b"a", "STOP")) == [([], [1, 2]), ([3], [])]


def test_nobody_waits_for_a_phone_that_writes_much() -> None:
    texts = [*[(b"a", "hello")] * 3, (b"b", "ok"), (b"c", "STOP")]
    assert shown(*texts) == [([5], [1, 4]), ([], [2]), ([], [3])]


def test_a_phone_with_an_opt_out_or_danger_among_its_texts_comes_before_all_others() -> None:
    many = [(n.to_bytes(2), "ok") for n in range(MOST_TEXTS)]
    texts = [*many, (b"x", "yes"), (b"x", "STOP"), (b"y", "i cant breathe")]
    first, second, *_ = turns(waiting(*texts))
    assert [key.int for key in first.alone] == [MOST_TEXTS + 3]
    assert first.together[0].int == MOST_TEXTS + 1
    assert [key.int for key in second.opt_outs] == [MOST_TEXTS + 2]


def test_what_is_written_on_a_page_or_does_not_open_stands_alone_in_its_place() -> None:
    assert shown((b"a", "yes"), (b"b", None), (b"c", "ok")) == [([], [1]), ([2], []), ([], [3])]
    page = WaitingText(InboundId(UUID(int=1)), b"a", "yes", is_page=True)
    assert [turn.alone for turn in turns([page])] == [[page.id]]


def test_a_turn_is_over_when_it_holds_much() -> None:
    many = [(n.to_bytes(2), "ok") for n in range(MOST_TEXTS + 1)]
    assert [len(together) for _, together in shown(*many)] == [MOST_TEXTS, 1]
    assert shown((b"a", "x" * MOST_SIGNS), (b"b", "x")) == [([], [1]), ([], [2])]


def test_of_many_texts_those_press_whose_phones_wrote_of_danger_or_opted_out() -> None:
    texts = waiting((b"a", "yes"), (b"b", "ok"), (b"a", "i cant breathe"), (b"c", "STOP"), (b"b", "thanks"))
    assert [text.id.int for text in pressing(texts)] == [1, 3, 4]


def test_nothing_presses_before_what_its_phone_wrote_that_does_not_open_or_stands_on_a_page() -> None:
    texts = waiting((b"a", None), (b"a", "i cant breathe"), (b"b", "yes"), (b"b", "i cant breathe"))
    assert [text.id.int for text in pressing(texts)] == [3, 4]
    page = WaitingText(InboundId(UUID(int=9)), b"b", "yes", is_page=True)
    assert pressing([page, *texts[2:]]) == []


def test_what_presses_far_behind_is_read_first_and_all_of_its_phone_in_order() -> None:
    reading = Round()
    oldest = waiting(*[(n.to_bytes(2), "ok") for n in range(MOST_TEXTS)])
    late = [replace(text, id=InboundId(UUID(int=text.id.int + 900))) for text in waiting((b"x", "yes"), (b"x", "STOP"))]
    reading.see_far([*oldest, *late])
    first, second = reading.turn_of(oldest), reading.turn_of(oldest)
    assert first is not None
    assert second is not None
    assert first.together[0] == late[0].id
    assert second.opt_outs == [late[1].id]
    assert reading.turn_of(oldest) is None


def test_who_has_a_text_with_another_worker_is_left_to_it_wherever_the_next_one_waits() -> None:
    reading = Round()
    mine, theirs, later = waiting((b"a", "ok"), (b"x", "yes"), (b"x", "STOP"))
    reading.elsewhere.add(theirs.id)
    reading.see_far([mine, theirs, later])
    turn = reading.turn_of([mine])
    assert turn is not None
    assert turn.in_order == [mine.id]
    reading.pass_by([mine, theirs])
    assert reading.turn_of([later]) is None


def test_nobody_is_held_by_what_was_seen_far_once_the_oldest_are_all_that_waits() -> None:
    reading = Round()
    seen, later = waiting((b"x", "STOP"), (b"x", "i cant breathe"))
    reading.see_far([seen])
    reading.elsewhere.add(seen.id)
    assert reading.turn_of([later]) is None
    reading.see_far(())
    turn = reading.turn_of([later])
    assert turn is not None
    assert turn.alone == [later.id]


@given(TEXTS)
def test_each_text_has_its_turn_once_and_no_phone_is_heard_out_of_order(
    texts: list[tuple[bytes, str | None, bool]],
) -> None:
    numbers = count(1)
    given_texts = [
        WaitingText(InboundId(UUID(int=next(numbers))), sender, body, is_page=is_page)
        for sender, body, is_page in texts
    ]
    read = [turn.in_order for turn in turns(given_texts)]
    flat = [key for turn in read for key in turn]
    assert sorted(flat) == [text.id for text in given_texts]
    of = {text.id: text.sender for text in given_texts}
    for phone in set(of.values()):
        theirs = [key for key in flat if of[key] == phone]
        assert theirs == sorted(theirs)
    assert all(len({of[key] for key in turn}) == len(turn) for turn in read)
