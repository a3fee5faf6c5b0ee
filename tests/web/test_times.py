"""Times on the pages of staff: one way everywhere, the clinic's own, with the instant for machines."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from reminders.core.staff import Role
from reminders.core.wording import StaffClock
from reminders.services.sync_schedule import SyncOptions
from reminders.store.unit_of_work import Store
from reminders.web.console.times import Times, When
from tests.builders import NEW_YORK, NOON, a_booking, a_record, an_entry, local
from tests.web.people import signed_in
from tests.web.test_patients import Desk, words
from tests.world import CLINIC, World

PAGES = ("/", "/inbox", "/inbox?show=all", "/patients?q=P1", "/plan", "/plan/versions", "/audit", "/staff", "/batches")
HALVES = re.compile(r"\d{1,2}:\d\d [AP]M\b")
WHOLE = re.compile(r"\b\d{1,2}:\d\d\b(?! [AP]M)")


def at_work(store: Store, **parts: str) -> World:
    """A clinic where somebody wrote about a session in the afternoon, and one message left."""
    world = World(store, {**CLINIC, **parts}, now=local("2027-03-01 15:10"))
    late = a_booking(NOON + timedelta(days=7, hours=2, minutes=5))
    dana = a_record("P1", name="Dana Rivers", language=parts.get("language", "en"))
    world.sync(an_entry("A1", patient=dana, booking=late), options=SyncOptions(is_approved=True))
    world.at(local("2027-03-05 15:20"))
    world.pump()
    world.text("What do I wear?")
    return world


@pytest.mark.parametrize(("language", "wanted", "foreign"), [("en", HALVES, WHOLE), ("es", WHOLE, HALVES)])
def test_every_page_writes_times_as_the_clinic_does(
    sqlite_store: Store, tmp_path: Path, language: str, wanted: re.Pattern[str], foreign: re.Pattern[str]
) -> None:
    world = at_work(sqlite_store, language=language)
    desk = signed_in(world, tmp_path, "kim.lee", riverside=Role.MANAGER)
    seen = ""
    for path in (*PAGES, Desk(desk, world).path):
        page = words(desk.get(path).text)
        assert not foreign.search(page), (path, foreign.findall(page))
        seen += page
    assert wanted.search(seen)


def test_the_instant_stands_beside_the_words(sqlite_store: Store, tmp_path: Path) -> None:
    world = at_work(sqlite_store)
    desk = signed_in(world, tmp_path, "kim.lee", riverside=Role.MANAGER)
    page = desk.get(Desk(desk, world).path).text
    assert '<time datetime="2027-03-09T19:05:00Z">Tue Mar 9 2027, 2:05 PM</time>' in page
    assert page.count("Times are those of America/New York") == 1


def test_a_time_of_another_zone_carries_its_name() -> None:
    times = Times(StaffClock(ZoneInfo(NEW_YORK), "en"))
    at = local("2027-03-16 14:05")
    assert str(times.moment(at, times.in_zone(ZoneInfo("America/Chicago")))) == "Tue Mar 16, 1:05 PM CDT"
    assert str(times.moment(at, times.in_zone(ZoneInfo("America/Detroit")))) == "Tue Mar 16, 2:05 PM"


def test_an_instant_of_another_zone_is_written_in_utc_to_the_second() -> None:
    at = local("2027-03-16 14:05").astimezone(ZoneInfo(NEW_YORK)).replace(second=9, microsecond=5)
    assert When(at, "then").__html__() == '<time datetime="2027-03-16T18:05:09Z">then</time>'


def test_one_instant_is_told_to_each_clinic_in_its_own_way() -> None:
    at = local("2027-03-16 14:05")
    clocks = [StaffClock(ZoneInfo(zone), way) for zone in (NEW_YORK, "America/Denver") for way in ("en", "es")]
    told = ["Tue Mar 16, 2:05 PM", "Tue 16 Mar, 14:05", "Tue Mar 16, 12:05 PM", "Tue 16 Mar, 12:05"]
    assert [str(Times(clock).moment(at)) for clock in clocks] == told == [clock.moment(at) for clock in clocks]


def test_words_in_a_time_are_escaped_with_it() -> None:
    assert When(local("2027-03-16 14:05"), "<b>").__html__() == '<time datetime="2027-03-16T18:05:00Z">&lt;b&gt;</time>'
