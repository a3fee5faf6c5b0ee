from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reminders.core.lookout import OLD_AFTER, REST_PER_SECOND, WHOLE_AT_LEAST_EVERY, WHOLE_EVERY, Lookout
from tests.builders import NOON

SECOND = timedelta(seconds=1)
OLD_BEFORE = NOON - OLD_AFTER


@pytest.mark.parametrize(
    ("first", "since"),
    [(None, OLD_BEFORE), (NOON + SECOND, OLD_BEFORE), (OLD_BEFORE, OLD_BEFORE), (OLD_BEFORE - SECOND, None)],
)
def test_the_past_is_left_out_where_nothing_old_was_seen(first: datetime | None, since: datetime | None) -> None:
    lookout = Lookout()
    lookout.saw_everything("texts", first, at=100.0, took=0.001, old_before=OLD_BEFORE)
    assert lookout.since("texts", at=100.0 + WHOLE_EVERY / 2) == since
    assert lookout.since("mails", at=100.0) is None, "each is looked for by itself"


@pytest.mark.parametrize("at", [100.0 + WHOLE_EVERY, 99.0])
def test_after_a_while_and_where_time_went_back_everything_is_looked_at(at: float) -> None:
    lookout = Lookout()
    lookout.saw_everything("texts", None, at=100.0, took=0.001, old_before=OLD_BEFORE)
    assert lookout.since("texts", at=at) is None


def test_whoever_brings_something_old_has_everything_looked_at() -> None:
    lookout = Lookout()
    lookout.saw_everything("texts", None, at=100.0, took=0.001, old_before=OLD_BEFORE)
    lookout.forget()
    assert lookout.since("texts", at=101.0) is None


@pytest.mark.parametrize("is_known", [True, False])
def test_what_somebody_brought_does_not_concern_another_search(*, is_known: bool) -> None:
    lookout = Lookout()
    lookout.saw_everything("texts", None, at=100.0, took=0.001, old_before=OLD_BEFORE)
    if is_known:
        lookout.saw_everything("late", None, at=100.0, took=0.001, old_before=OLD_BEFORE)
    lookout.forget(but="late")
    assert lookout.since("texts", at=101.0) is None
    assert lookout.since("late", at=101.0) == (OLD_BEFORE if is_known else None)


@pytest.mark.parametrize(
    ("took", "rest"),
    [(0.0, WHOLE_EVERY), (0.008, 0.008 * REST_PER_SECOND), (0.5, WHOLE_AT_LEAST_EVERY)],
)
def test_a_look_that_took_long_is_repeated_later_but_is(took: float, rest: float) -> None:
    lookout = Lookout()
    lookout.saw_everything("texts", None, at=100.0, took=took, old_before=OLD_BEFORE)
    assert lookout.since("texts", at=100.0 + rest - 0.1) == OLD_BEFORE
    assert lookout.since("texts", at=100.0 + rest) is None
