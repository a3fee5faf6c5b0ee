"""What the reference of delivery (T10) and the judge of clocks (T8) know of time. Their runs are commands."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from reminders.store.unit_of_work import Store
from tests.chaos.delivery_draws import HIDDEN
from tests.chaos.delivery_machine import DeliveryMachine, Figures
from tests.chaos.delivery_stored import StoredDeliveries
from tests.chaos.delivery_words import MINUTE, Word, opening
from tests.chaos.t08_clocks import clock_changes, is_quiet


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2027-03-04 16:59", "2027-03-04 16:59"),
        ("2027-03-05 03:00", "2027-03-05 16:00"),
        ("2027-03-05 15:59", "2027-03-05 16:00"),
        ("2027-03-07 03:30", "2027-03-07 19:00"),
        ("2027-03-07 18:00", "2027-03-07 19:00"),
        ("2027-03-08 02:59", "2027-03-08 02:59"),
    ],
    ids=["open", "closing", "early", "Saturday night", "Sunday morning", "Sunday evening"],
)
def test_the_reference_waits_for_nine_and_on_sundays_for_noon(at: str, opens: str) -> None:
    begun, ends = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (at, opens))
    assert opening(begun) == ends


LOST, LATER = Word("unknown", has_arrived=False), Word("absent", blame="message", wait=11 * MINUTE, has_arrived=False)


def test_a_double_that_is_found_holds_what_is_looked_for_after_it_and_nothing_before(sqlite_store: Store) -> None:
    stored = StoredDeliveries(sqlite_store)
    machine = DeliveryMachine(sqlite_store, stored, Figures())
    machine.begin(patients=2, is_shared=False, hours=(10, 10), jitter=0.5, is_due=True)
    machine.the_pump_runs([HIDDEN, LATER])
    machine.upkeep_goes_on_for_a_while(185, 4)
    machine.the_pump_runs([LOST, HIDDEN])  # the second text was due before the first was to be sent again
    machine.what_is_stored_equals_the_reference()
    machine._hear_of(0, "sent", None, is_tagged=True)  # noqa: SLF001 - the machine draws which; here it is the first
    machine.upkeep_goes_on_for_a_while(185, 3)
    machine.the_provider_shows_what_it_hid()
    machine.upkeep_goes_on_for_a_while(185, 1)
    machine.what_is_stored_equals_the_reference()
    states = {key: (text.state, text.resends) for key, text in machine.model.texts.items()}
    stored.close()
    assert states == {(0, 1): ("accepted", 1), (1, 1): ("due", 1)}
    assert machine.model.holds


def test_the_judge_of_clocks_knows_quiet_hours_and_clock_changes() -> None:
    assert is_quiet(datetime(2027, 3, 14, 15, 59, tzinfo=UTC), "America/New_York")
    assert not is_quiet(datetime(2027, 3, 14, 16, 0, tzinfo=UTC), "America/New_York")
    assert is_quiet(datetime(2027, 3, 15, 3, 0, tzinfo=UTC), "Asia/Kolkata")
    assert not is_quiet(datetime(2027, 3, 15, 3, 30, tzinfo=UTC), "Asia/Kolkata")
    assert clock_changes("America/Phoenix") == []
    assert date(2027, 3, 14) in clock_changes("America/New_York")
    assert len(clock_changes("Australia/Lord_Howe")) == 4
