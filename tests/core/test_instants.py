"""Instants are aware and written in UTC; an address may be written to only if the allow-list says so."""

from __future__ import annotations

from datetime import datetime

import pytest

from reminders.core.allow_list import AllowList
from reminders.core.errors import NaiveDatetimeError
from reminders.core.instants import as_utc, iso
from tests.builders import NOON, local


def test_an_instant_is_written_in_utc_to_the_second() -> None:
    assert iso(local("2027-03-14 03:00")) == "2027-03-14T07:00:00Z"
    assert as_utc(NOON) == NOON


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveDatetimeError, match="has no zone"):
        as_utc(datetime(2027, 3, 2, 12))  # noqa: DTZ001 - the naive time is the point


@pytest.mark.parametrize(
    ("text", "address", "expected"),
    [
        ("", "+12025550101", False),
        ("off", "+12025550101", True),
        (" OFF ", "+12025550101", True),
        ("+12025550101, Dana@Example.org", "+12025550101", True),
        ("+12025550101 dana@example.org", "dana@EXAMPLE.org", True),
        ("+12025550101", "+12025550102", False),
    ],
)
def test_only_listed_addresses_may_be_written_to(text: str, address: str, *, expected: bool) -> None:
    assert AllowList.parse(text).permits(address) is expected


def test_the_default_permits_nobody() -> None:
    assert not AllowList().permits("+12025550101")
    assert not AllowList().is_off
    assert AllowList.parse("off").is_off
