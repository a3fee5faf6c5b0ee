"""The collector of cycles rests while a schedule is in hand, and never longer."""

from __future__ import annotations

import gc

import pytest

from reminders.services import collector


def test_it_rests_within_the_block_and_works_behind_it() -> None:
    with collector.held_off():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_works_again_where_the_block_fails() -> None:
    with pytest.raises(ValueError, match="of the block"), collector.held_off():
        raise ValueError("of the block")
    assert gc.isenabled()


def test_who_had_stopped_it_finds_it_at_rest() -> None:
    gc.disable()
    try:
        with collector.held_off():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
