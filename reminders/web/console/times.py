"""Times on a page of the console: words for people, the instant for machines, the zone named once.

What is told in another zone than the page's own carries that one's name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape
from typing_extensions import override

from reminders.core.clinics import Clinic
from reminders.core.instants import as_utc
from reminders.core.wording import StaffClock

MOST_KEPT = 8_192
"""How many instants are kept in words: a page that is open all day tells the same ones again and again."""


@dataclass(frozen=True, slots=True)
class When:
    """An instant as a page shows it. Where words alone are wanted, such as in an attribute, it is its words."""

    at: datetime
    words: str

    @override
    def __str__(self) -> str:
        """Return the words."""
        return self.words

    def __html__(self) -> Markup:
        """Return the words with the instant beside them."""
        return _marked(self.at, self.words)


@dataclass(frozen=True, slots=True)
class Times:
    """How one page tells times: `own` is whose clock it goes by where nothing else is said."""

    own: StaffClock

    @property
    def zone(self) -> str:
        """The page's zone, as people write it."""
        return self.own.tz.key.replace("_", " ")

    def moment(self, at: datetime, clock: StaffClock | None = None) -> When:
        """Return an instant of these days."""
        shown = clock or self.own
        return When(at, _moment(at, shown.tz, shown.language) + self.foreign(at, shown.tz))

    def dated(self, at: datetime, clock: StaffClock | None = None) -> When:
        """Return an instant that may be long ago."""
        shown = clock or self.own
        return When(at, shown.dated(at) + self.foreign(at, shown.tz))

    def in_zone(self, tz: ZoneInfo) -> StaffClock:
        """Return this page's way of telling times, in another zone."""
        return replace(self.own, tz=tz)

    def foreign(self, at: datetime, tz: ZoneInfo) -> str:
        """Return the name of a zone, with a space before it, where its clock shows another time than the page's."""
        if tz is self.own.tz:
            return ""
        is_same = at.astimezone(tz).utcoffset() == at.astimezone(self.own.tz).utcoffset()
        return "" if is_same else f" {at.astimezone(tz):%Z}"


@lru_cache(maxsize=MOST_KEPT)
def _marked(at: datetime, words: str) -> Markup:
    machine = as_utc(at).replace(tzinfo=None).isoformat(timespec="seconds")
    return Markup(f'<time datetime="{machine}Z">{escape(words)}</time>')  # noqa: S704 - the words are escaped


@lru_cache(maxsize=MOST_KEPT)
def _moment(at: datetime, tz: ZoneInfo, language: str) -> str:
    return StaffClock(tz, language).moment(at)


def times_of(clinics: Iterable[Clinic]) -> Times:
    """Return how times are told on a page of these clinics: as the first of them does."""
    return Times(next((clinic.clock for clinic in clinics), StaffClock(ZoneInfo("UTC"))))
