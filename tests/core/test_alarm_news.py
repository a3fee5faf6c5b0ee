from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from reminders.core.alarm_news import News, Told, news, subject, text
from reminders.core.alarms import Alarm, AlarmCode

BEGUN = datetime(2027, 3, 1, 12, tzinfo=UTC)
SILENT = Alarm(AlarmCode.SILENT_PROCESS, "beat", "`beat` is silent.", "Start it.")
LATE = Alarm(AlarmCode.LATE_MESSAGES, "sms", "Texts are late.", "Look.")


class Watch:
    """A watch over alarms, at so many seconds after its beginning."""

    def __init__(self) -> None:
        self.told: tuple[Told, ...] = ()

    def at(self, seconds: float, *found: Alarm, is_blind: bool = False, has_told: bool = True) -> News:
        item = news(self.told, found, is_blind=is_blind, machine_now=BEGUN + timedelta(seconds=seconds))
        if has_told:
            self.told = item.after
        return item


def names(items: Iterable[Told]) -> list[str]:
    return [item.alarm.about for item in items]


def test_an_alarm_is_told_when_it_begins_each_hour_while_it_lasts_and_when_it_is_over() -> None:
    watch = Watch()
    assert names(watch.at(0, SILENT).begun) == ["beat"]
    assert [seconds for seconds in range(10, 10_800, 10) if watch.at(seconds, SILENT).is_any] == [3600, 7200]
    assert [seconds for seconds in range(10_800, 11_000, 10) if watch.at(seconds).over] == [10_850]
    assert not watch.told


def test_one_that_is_gone_for_a_moment_is_still_the_same() -> None:
    watch = Watch()
    watch.at(0, SILENT)
    assert not watch.at(30).is_any
    assert not watch.at(50, SILENT).is_any
    assert not watch.at(100).is_any
    assert names(watch.at(110).over) == ["beat"]


def test_several_are_told_at_once() -> None:
    item = Watch().at(0, LATE, SILENT)
    assert subject(item) == "Reminders: late messages and 1 more"
    words = text(item, machine_now=BEGUN)
    assert words.startswith(
        "New:\n- Texts are late.\n  What to do: Look.\n- `beat` is silent.\n  What to do: Start it."
    )


def test_what_could_not_be_told_is_told_later() -> None:
    watch = Watch()
    assert names(watch.at(0, SILENT, has_told=False).begun) == ["beat"]
    assert names(watch.at(30, SILENT).begun) == ["beat"]
    assert names(watch.at(3700, SILENT, has_told=False).lasting) == ["beat"]
    assert names(watch.at(3730, SILENT).lasting) == ["beat"]
    assert names(watch.at(3800, has_told=False).over) == ["beat"]
    assert names(watch.at(3830).over) == ["beat"]


def test_what_cannot_be_seen_is_not_over() -> None:
    watch = Watch()
    watch.at(0, SILENT)
    assert not watch.at(600, is_blind=True).is_any
    assert names(watch.at(700).over) == ["beat"]


def test_the_last_one_that_is_over_says_that_all_is_well() -> None:
    watch = Watch()
    watch.at(0, LATE, SILENT)
    one = watch.at(100, LATE)
    assert subject(one) == "Reminders: 1 alarm over"
    assert "Over:\n- `beat` is silent." in text(one, machine_now=BEGUN)
    assert subject(watch.at(200)) == "Reminders: all is well again"


def test_one_that_lasts_says_since_when() -> None:
    watch = Watch()
    watch.at(0, SILENT)
    item = watch.at(3600, SILENT)
    assert subject(item) == "Reminders: still wrong (1 alarm)"
    assert "Still so:\n- `beat` is silent. (told 60 minutes ago)" in text(
        item, machine_now=BEGUN + timedelta(seconds=3600)
    )
