"""A random life that can be lived again: people book, move, cancel, come, stay away, answer, and change their minds."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from random import Random

from reminders.core.appointments import AppointmentStatus
from reminders.core.patients import PatientRecord
from reminders.core.pauses import PauseKind
from reminders.services.respond_by_link import LinkAnswer
from tests.simulation.desk import Desk
from tests.simulation.facts import MessageLeft
from tests.simulation.town import MINUTE, Person, Session, Site, Town, wall

GRID = 15 * MINUTE
"""Life happens by the quarter: what falls together is done together, as on a busy day."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
READ_AT = (9, 13, 17.75)
"""When the front desk saves the schedule, in hours of its clock; what concerns today or tomorrow is saved at once."""
BOOKED, ARRIVED = AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED
CANCELLED, NOSHOW = AppointmentStatus.CANCELLED, AppointmentStatus.NOSHOW
FULFILLED = AppointmentStatus.FULFILLED
Action = Callable[[], None]


class Life:
    """The agenda of everything that is going to happen, and what to do when it does."""

    def __init__(self, town: Town, rng: Random, *, begins: datetime, days: int, dead_numbers: float = 0.0) -> None:
        self.town = town
        self.begins = begins
        self.ends = begins + timedelta(days=days)
        self.desk: Desk
        self._rng = rng
        self._dead_numbers = dead_numbers
        self._agenda: list[tuple[datetime, int, bool, Action]] = []
        self._numbers = count(1)
        self._reading: set[tuple[str, datetime]] = set()
        self._dead: set[str] = set()
        self._paused: set[tuple[PauseKind, str, str]] = set()

    # ---- the agenda ----------------------------------------------------------------------------------------------

    @property
    def next_at(self) -> datetime | None:
        """When the next thing happens."""
        return self._agenda[0][0] if self._agenda else None

    def plan(self, at: datetime, action: Action, *, needs_service: bool = False) -> None:
        """Put something on the agenda, at the next quarter of an hour."""
        at += (self.begins - at) % GRID
        heapq.heappush(self._agenda, (at, next(self._numbers), needs_service, action))

    def live(self, now: datetime, *, away_until: datetime | None) -> None:
        """Let happen what is due; what needs the service waits while that is away."""
        while self._agenda and self._agenda[0][0] <= now:
            _, _, needs_service, action = heapq.heappop(self._agenda)
            if needs_service and away_until is not None:
                self.plan(away_until + GRID, action, needs_service=True)
            else:
                action()

    # ---- people --------------------------------------------------------------------------------------------------

    def settle(self, how_many: int) -> None:
        """Let patients move to town, each with a course of treatment somewhere in the year."""
        for number in range(how_many):
            site = self.town.sites[number % len(self.town.sites)]
            person = Person(
                f"{site.key}-P{number}", site, self._record(site, number), self._rng.choice((0.0, 0.3, 0.9))
            )
            if self._chance(0.2):
                person.escort_phone = f"+1303{5550000 + number}"
            self.town.people.append(person)
            self._course(person)
        self._surprises()

    def _record(self, site: Site, number: int) -> PatientRecord:
        mail_only, phone_only = self._chance(0.08), self._chance(0.3)
        shares = number >= 3 and self._chance(0.05)
        other = self.town.people[number - 3].record.phone if shares else None
        is_late = self._chance(0.1)
        return PatientRecord(
            f"{site.key}-P{number}",
            f"Patient {number}",
            None if mail_only else other or f"+1202{5550000 + number}",
            None if phone_only and not mail_only else f"p{number}@example.org",
            self._rng.choice(("en", "en", "en", "es")),
            self._rng.choice(site.elsewhere) if self._chance(0.15) else None,
            has_sms_consent=not is_late,
            has_email_consent=not is_late and self._chance(0.8),
        )

    def _course(self, person: Person) -> None:
        """Book an induction and boosters after it."""
        site, rng = person.site, self._rng
        span = (self.ends - self.begins).days
        first = self.begins + timedelta(days=rng.randint(-20, max(1, span - 15)))
        known = first - timedelta(days=rng.choice((0, 1, 2, 4, 7, 14, 30)), hours=rng.randint(0, 9))
        pattern, most = rng.choice(site.patterns), rng.choice((5, 6, 6))
        starts = self._induction(site, first, pattern, most)
        self._book(person, starts, known, series=f"{person.key}-S1")
        last, number = starts[-1], 1
        while last < self.ends and rng.random() < 0.9:
            ahead = timedelta(weeks=rng.randint(3, 7))
            start = self._slot(site, last + ahead)
            notice = rng.choice((ahead, 14 * DAY, 7 * DAY, 3 * DAY, DAY, 5 * HOUR, 40 * MINUTE))
            series = f"{person.key}-B" if self._chance(0.2) else None
            self._book(person, [start], max(last + 2 * HOUR, start - notice), series=series, first=number)
            last, number = start, number + 1
        if not person.record.has_sms_consent and self._chance(0.7):
            self.plan(known + rng.random() * 20 * DAY, lambda: self._consent(person))
        if person.escort_phone and self._chance(0.7):
            self.plan(max(known, self.begins) + DAY, lambda: self._agree(person), needs_service=True)

    def _induction(self, site: Site, first: datetime, pattern: tuple[int, ...], most: int) -> list[datetime]:
        starts: list[datetime] = []
        hour = self._rng.randint(16, 33) / 2
        for days in range(40):
            start = wall(site, first, days, hour if self._chance(0.8) else self._rng.randint(16, 33) / 2)
            if start.astimezone(site.tz).weekday() in pattern and len(starts) < most:
                starts.append(start)
        return starts

    def _slot(self, site: Site, near: datetime) -> datetime:
        start = wall(site, near, 0, self._rng.randint(16, 33) / 2)
        while start.astimezone(site.tz).weekday() not in site.workdays:
            start = wall(site, start, 1, self._rng.randint(16, 33) / 2)
        return start

    def _book(
        self, person: Person, starts: list[datetime], known: datetime, *, series: str | None, first: int = 1
    ) -> None:
        starts = [start for start in starts if start < self.ends]
        minutes = self._rng.choice((50, 50, 80, 120))
        for place, start in enumerate(starts):
            file = f"{person.site.key}-{start.astimezone(person.site.tz):%G-W%V}"
            key = f"{person.key}-{next(self._numbers)}"
            number = first + place if series else None
            item = Session(key, person, file, start, minutes, series=series, number=number)
            at = known if known < start - 10 * MINUTE else start - 20 * MINUTE
            if at <= self.begins:
                self._add(item, None)
            else:
                self.plan(at, partial(self._add, item, at))

    def _add(self, item: Session, at: datetime | None) -> None:
        self.town.files.setdefault(item.file, []).append(item)
        if at is not None:
            self._touch(item, at)
        self._fate(item, at or self.begins)

    # ---- what becomes of a session -------------------------------------------------------------------------------

    def _fate(self, item: Session, now: datetime) -> None:
        rng, ahead, start = self._rng, item.starts_at - now, item.starts_at
        if ahead > HOUR:
            roll = rng.random()
            late = start - min(ahead, rng.random() * 60 * HOUR + 10 * MINUTE)
            early = now + ahead * rng.uniform(0.02, 0.98)
            if roll < 0.06:
                self.plan(early, lambda: self._move(item, start, early))
            elif roll < 0.11:
                self.plan(late, lambda: self._move(item, start, late))
            elif roll < 0.17:
                at = early if roll < 0.14 else late
                self.plan(at, lambda: self._mark(item, start, CANCELLED, at))
                if self._chance(0.25):
                    back = at + ahead * 0.02
                    self.plan(back, lambda: self._restore(item, start, back))
        if self._chance(0.15):
            early = start - 12 * MINUTE
            self.plan(early, lambda: self._mark(item, start, ARRIVED, early))
        self._outcome(item, start)

    def _outcome(self, item: Session, start: datetime) -> None:
        rng, site, end = self._rng, item.person.site, item.usual_end
        roll = rng.random()
        if roll < 0.05:
            at = start + rng.uniform(0.5, 10) * HOUR
            self.plan(at, lambda: self._mark(item, start, NOSHOW, at))
            return
        if roll < 0.09:
            return
        late = wall(site, end, rng.choice((1, 1, 2, 3, 5)), rng.uniform(8, 17))
        evening = max(end, wall(site, end, 0, 18))
        done = late if roll < 0.2 else evening if roll < 0.4 else end + rng.randint(-1, 3) * GRID
        self.plan(done, lambda: self._mark(item, start, FULFILLED, done))
        if self._chance(0.15):
            really = end + rng.randint(-2, 5) * GRID
            noted = max(done, really) + MINUTE
            self.plan(noted, lambda: self._end(item, start, really), needs_service=True)

    def _mark(self, item: Session, start: datetime, status: AppointmentStatus, at: datetime) -> None:
        if item.starts_at == start and item.status.is_coming and item.status is not status:
            item.status = status
            self._touch(item, at)

    def _restore(self, item: Session, start: datetime, at: datetime) -> None:
        if item.starts_at == start and item.status is CANCELLED and at < start:
            item.status = BOOKED
            self._touch(item, at)

    def _move(self, item: Session, start: datetime, at: datetime) -> None:
        if item.starts_at != start or item.status is not BOOKED:
            return
        days = self._rng.choice((0, 1, 1, 2, 3, 7, 9))
        moved = self._slot(item.person.site, start + timedelta(days=days))
        if moved > at + 30 * MINUTE and moved != start and moved < self.ends:
            item.starts_at = moved
            self._touch(item, at)
            self._fate(item, at)

    def _end(self, item: Session, start: datetime, really: datetime) -> None:
        if item.starts_at == start and item.status is FULFILLED and item.version:
            self.desk.end(item, really)

    def _touch(self, item: Session, now: datetime) -> None:
        """Let the changed file be read: at once where it is about these days, else when it is saved next."""
        site = item.person.site
        is_urgent = abs(item.starts_at - now) < DAY and item.status is not FULFILLED
        at = now + MINUTE if is_urgent else _next_reading(site, now)
        if (item.file, at) not in self._reading:
            self._reading.add((item.file, at))
            self.plan(at, lambda: self._read(item.file, at), needs_service=True)

    def _read(self, file: str, at: datetime) -> None:
        self._reading.discard((file, at))
        self.desk.read(file)

    # ---- what people and staff decide ----------------------------------------------------------------------------

    def _consent(self, person: Person) -> None:
        person.record = replace(person.record, has_sms_consent=True, has_email_consent=self._chance(0.5))
        mine = self.town.sessions_of(person)
        if mine:
            self._touch(mine[-1], self.desk.now)

    def _agree(self, person: Person) -> None:
        if person.known is not None:
            self.desk.agree(person)

    def hears(self, left: MessageLeft, answer: Callable[[str, str], None]) -> None:
        """Let somebody read a message, and perhaps answer: `answer(sender, body)` when they do."""
        rng = self._rng
        person = next((item for item in self.town.people if item.key == left.person), None)
        if person is None or left.recipient != "patient" or left.origin != "reminder":
            return
        soon = left.at + rng.choice((1, 3, 10, 60, 300, 900)) * MINUTE
        if left.channel == "email":
            choices = {"confirm": LinkAnswer.CONFIRM, "ride": LinkAnswer.RIDE}
            if left.asks in choices and self._chance(person.answers):
                pressed = choices[left.asks]
                self.plan(soon, lambda: self.desk.answer_mail(left.key, pressed), needs_service=True)
            return
        if self._chance(0.006):
            self.plan(soon, lambda: answer(left.address, "STOP"), needs_service=True)
            if self._chance(0.5):
                back = soon + rng.uniform(1, 40) * DAY
                self.plan(back, lambda: answer(left.address, "START"), needs_service=True)
        elif left.asks and self._chance(person.answers):
            body = (
                rng.choice(("C", "C", "C", "R", "yes", "ok who drives?"))
                if left.asks == "confirm"
                else rng.choice("37")
            )
            self.plan(soon, lambda: answer(left.address, body), needs_service=True)
        elif self._chance(0.01):
            self.plan(soon, lambda: answer(left.address, "HELP"), needs_service=True)

    def is_dead(self, address: str) -> bool:
        """Say whether texts to a number never arrive; a few numbers go dead."""
        if self._chance(self._dead_numbers):
            self._dead.add(address)
        return address in self._dead

    def _surprises(self) -> None:
        """Put holds, stopped series and closed days on the agenda."""
        span, rng = self.ends - self.begins, self._rng
        for _ in range(max(2, len(self.town.people) // 20)):
            person = rng.choice(self.town.people)
            self._pause_for_a_while(PauseKind.PATIENT, person.key, person)
            other = rng.choice(self.town.people)
            self._pause_for_a_while(PauseKind.SERIES, f"{other.key}-S1", other)
        for site in self.town.sites:
            for _ in range(max(1, span.days // 90)):
                at = self.begins + rng.uniform(0.1, 0.8) * span
                name = f"{(at + rng.randint(1, 9) * DAY).astimezone(site.tz):%Y-%m-%d}"
                self.plan(at, partial(self._close, site, name), needs_service=True)

    def _pause_for_a_while(self, kind: PauseKind, name: str, person: Person) -> None:
        mine = [item for item in self.town.sessions_of(person) if item.starts_at > self.begins]
        near = mine[0].starts_at - 3 * DAY if mine else self.begins + self._rng.random() * (self.ends - self.begins)
        at = max(near, self.begins + HOUR)
        self.plan(at, lambda: self._pause(kind, name, person), needs_service=True)

    def _pause(self, kind: PauseKind, name: str, person: Person) -> None:
        known = [item for item in self.town.sessions_of(person) if item.version and name in {item.series, person.key}]
        if known:
            self._pause_until(kind, name, person.site, self.desk.now + self._rng.uniform(0.2, 20) * DAY)

    def _close(self, site: Site, name: str) -> None:
        if name < f"{self.desk.now.astimezone(site.tz):%Y-%m-%d}":
            return
        back = self.desk.now + self._rng.uniform(0.1, 2) * DAY if self._chance(0.4) else None
        self._pause_until(PauseKind.DAY, name, site, back)

    def _pause_until(self, kind: PauseKind, name: str, site: Site, back: datetime | None) -> None:
        if (kind, name, site.key) in self._paused:
            return
        self._paused.add((kind, name, site.key))
        self.desk.pause(kind, name, site, is_paused=True)
        if back is not None:
            self.plan(back, lambda: self._resume(kind, name, site), needs_service=True)

    def _resume(self, kind: PauseKind, name: str, site: Site) -> None:
        self._paused.discard((kind, name, site.key))
        self.desk.pause(kind, name, site, is_paused=False)

    def _chance(self, how_likely: float) -> bool:
        return self._rng.random() < how_likely


def _next_reading(site: Site, now: datetime) -> datetime:
    for days in (0, 1):
        for hour in READ_AT:
            at = wall(site, now, days, hour).astimezone(UTC)
            if at > now:
                return at
    message = "a day has hours"
    raise AssertionError(message)
