"""T8: clocks that jump and disagree, in clinics of twelve zones, around clock changes and leap days.

Each case is a clinic whose machines' clocks go wrong one after another: the clinic's (machines and database together),
one machine's, the database's, the provider's. No text may leave in quiet hours or while clocks disagree beyond their
bounds, and once they agree again nothing may be lost or doubled. Quiet hours are judged by arithmetic of its own.
"""

from __future__ import annotations

import logging
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select

from reminders.adapters.memory import MemoryIdentity
from reminders.core.appointments import AppointmentStatus, ScheduleEntry
from reminders.core.delivery import ReceiptStatus
from reminders.core.pacing import Pace
from reminders.core.patients import Channel
from reminders.ports import Receipt
from reminders.services.apply_receipts import apply_receipts, store_receipt
from reminders.services.deps import Deps
from reminders.services.expire_overdue import expire_overdue
from reminders.services.resolve_unknowns import resolve_unknowns
from reminders.services.send_messages import pump
from reminders.store import rows
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.builders import a_booking, a_record, an_entry
from tests.chaos.checker import LEFT, UNDER_WAY, Verdict
from tests.chaos.experiments import Options, Report, kept, tell
from tests.chaos.skewed_clocks import NONE, CallSeen, Listed, Provider, SkewedClock, SkewedGateway, Truth
from tests.servers.sqlite import SqliteTemplate
from tests.servers.wiping import wipe
from tests.world import CLINIC, World

USUAL, QUICK, BETWEEN_SEEDS = 2_000, 5, 1_000_000
ZONES = (
    "America/New_York",
    "America/Phoenix",
    "Pacific/Honolulu",
    "America/St_Johns",
    "America/Havana",
    "America/Santiago",
    "Europe/London",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Kiritimati",
)
"""With clock changes and without, by half an hour, at midnight, with odd offsets, on both sides of the date line."""
YEARS = (2027, 2028)
LEAP_DAY = date(2028, 2, 29)
MOST_DATABASE_SKEW, MOST_PROVIDER_SKEW = timedelta(seconds=5), timedelta(seconds=120)
OPENS, SUNDAY_OPENS, CLOSES = 9, 12, 20
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
BEFORE, AFTER = timedelta(days=6), timedelta(days=8)
MACHINES = 2
UPKEEP, RESTARTS, ANSWERS = 0.3, 0.02, 0.8
"""How often upkeep runs with nothing in doubt, a process starts anew, and the provider answers."""
SHORT_LAG, LONG_LAG = timedelta(0), timedelta(minutes=8)
"""How late the provider's list shows a text whose call was not answered: always within the grace."""
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a disk in memory: where there is one, nothing waits for a real disk


def is_quiet(at: datetime, zone: str) -> bool:
    """Say whether nobody may be written to at this instant, by the clock on the wall of that zone."""
    local = at.astimezone(ZoneInfo(zone))
    opens = SUNDAY_OPENS if local.isoweekday() == 7 else OPENS
    return not opens <= local.hour < CLOSES


def clock_changes(zone: str) -> list[date]:
    """Return the days on which a zone's clocks change."""
    days = [date(year, 1, 1) + n * DAY for year in YEARS for n in range(365)]
    noons = [datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone)) for day in days]
    return [later.date() for earlier, later in pairwise(noons) if earlier.utcoffset() != later.utcoffset()]


def _is_apart(call: CallSeen) -> bool:
    """Say whether the provider's clock and the database's were further apart than they may be, known or not."""
    return abs(call.provider_skew - call.worker_skew) > MOST_PROVIDER_SKEW


@dataclass(frozen=True, slots=True)
class Jump:
    """A clock goes wrong by so much, and is right again later. `whose` is a machine's number or a name."""

    at: datetime
    whose: str
    by: timedelta
    until: datetime


@dataclass(slots=True)
class Tally:
    """What all cases came to."""

    counts: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unavoidable: list[str] = field(default_factory=list)
    """Those of them whose first text the provider listed under a time that was wrong by its own fault."""
    faults: list[str] = field(default_factory=list)


class Case:
    """One clinic with its clocks."""

    def __init__(self, store: Store, tally: Tally, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self.name, self.tally = f"case {seed}", tally
        self.zone = self.chance.choice(ZONES)
        self.patients = {f"+1202555{n:04d}": self._zone() for n in range(1, self.chance.randint(2, 4))}
        on = self._anchor() + self.chance.randint(-3, 6) * DAY
        start = datetime(on.year, on.month, on.day, self.chance.randint(7, 18), tzinfo=ZoneInfo(self.zone))
        self.start = start.astimezone(UTC)
        self.truth = Truth(self.start - BEFORE)
        self.ends_at = self.start + AFTER
        self.provider = Provider(self.truth)
        self.clocks = [SkewedClock(self.truth) for _ in range(MACHINES)]
        self.world = World(store, {**CLINIC, "timezone": self.zone, "assume_fulfilled": True}, now=self.truth.now)
        self.world.change(identity=MemoryIdentity(seed), pace=Pace.of(1_000_000.0))
        self.others = MemoryIdentity(seed + 1)
        self.gateways = [SkewedGateway(self.provider, clock) for clock in self.clocks]
        self.jumps = sorted(self._jumps(), key=lambda jump: jump.at)

    def _zone(self) -> str | None:
        return self.chance.choice([None, *ZONES])

    def _anchor(self) -> date:
        zones = [self.zone, *(zone for zone in self.patients.values() if zone)]
        changes = [day for zone in zones for day in clock_changes(zone)]
        anchors = [*changes, *[LEAP_DAY] * (1 + len(changes) // 4)]
        return self.chance.choice(anchors)

    def _jumps(self) -> Iterator[Jump]:
        """Let clocks go wrong one after another, mostly while something is to leave."""
        at = self.truth.now + 2 * HOUR
        while (at := at + self.chance.uniform(1, 30) * HOUR) < self.ends_at - 2 * DAY:
            size = timedelta(seconds=round(self.chance.choice([1, -1]) * 10_800 ** self.chance.random()))
            lasts = self.chance.choice([2 * MINUTE, 20 * MINUTE, HOUR, 5 * HOUR]) * self.chance.uniform(0.5, 1.5)
            whose = self.chance.choice(["clinic", "database", "provider", *map(str, range(MACHINES))])
            yield Jump(at, whose, size, at + lasts)
            at += lasts

    def deps(self, machine: int) -> Deps:
        """Return what one machine's processes are given."""
        self.world.change(clock=self.clocks[machine], sms=self.gateways[machine])
        return self.world.deps

    def _entries(self) -> list[ScheduleEntry]:
        booking = a_booking(self.start, timezone=self.zone, status=AppointmentStatus.BOOKED)
        return [
            an_entry(f"A{n}", patient=a_record(f"P{n}", phone=phone, email=None, timezone=zone), booking=booking)
            for n, (phone, zone) in enumerate(self.patients.items())
        ]

    def run(self) -> None:
        """Live through it, and judge."""
        self.deps(0)
        self.world.sync(*self._entries())
        for at in self._moments():
            self._pass_until(at)
            self._work()
        self._judge()

    def _moments(self) -> Iterator[datetime]:
        """Yield when to work: where windows open and close, where something falls due, and whenever in doubt."""
        edges = sorted(set(self._edges()))
        while self.truth.now < self.ends_at:
            now = self.truth.now
            while edges and edges[0] <= now:
                edges.pop(0)
            coming = [*edges[:1], self.ends_at, *(at for at in [self._next_due(), self._next_look()] if at is not None)]
            yield min(at for at in coming if at > now)

    def _edges(self) -> Iterator[datetime]:
        for zone in sorted({self.zone, *(zone for zone in self.patients.values() if zone)}):
            first = self.truth.now.astimezone(ZoneInfo(zone)).date()
            for day in (first + n * DAY for n in range((self.ends_at - self.truth.now).days + 1)):
                hour = self.chance.choice([OPENS, SUNDAY_OPENS, CLOSES])
                edge = datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(zone)).astimezone(UTC)
                yield edge + self.chance.choice([-1, 0, 1, 600]) * SECOND
                yield edge + self.chance.uniform(0, 24) * HOUR
        for jump in self.jumps:
            yield from (jump.at, jump.at + SECOND, jump.until, jump.until + SECOND)

    def _next_due(self) -> datetime | None:
        found = [
            self.world.all(
                select(table.c.due_at).where(table.c.state.in_(states), table.c.due_at > self.truth.official)
            )
            for table, states in ((rows.reminder, ["planned"]), (rows.message, ["due", "held"]))
        ]
        at = min((row.due_at for some in found for row in some), default=None)
        return None if at is None else at - self.truth.database

    def _next_look(self) -> datetime | None:
        in_doubt = select(rows.message.c.id).where(rows.message.c.state.in_(["sending", "unknown", "claimed"]))
        return self.truth.now + 40 * SECOND if self.world.all(in_doubt.limit(1)) else None

    def _pass_until(self, at: datetime) -> None:
        self.truth.pass_until(at)
        for jump in list(self.jumps):
            if jump.at <= self.truth.now:
                self._set(jump, jump.by if self.truth.now < jump.until else NONE)
                if self.truth.now >= jump.until:
                    self.jumps.remove(jump)

    def _set(self, jump: Jump, by: timedelta) -> None:
        match jump.whose:
            case "provider":
                self.truth.provider = by
            case "database":
                self.truth.database = by
            case "clinic":
                self.truth.database = by
                for clock in self.clocks:
                    clock.ahead = by
            case number:
                self.clocks[int(number)].ahead = by

    def _work(self) -> None:
        """Let each machine send, in any order, and one do the upkeep; now and then a process starts anew."""
        for machine in self.chance.sample(range(MACHINES), self.chance.choice([1, 1, MACHINES])):
            if self.chance.random() < RESTARTS:
                self.gateways[machine] = SkewedGateway(self.provider, self.clocks[machine])
            self.provider.answers = [self._answer() for _ in range(8)]
            pump(self.deps(machine), Channel.SMS, lasts=timedelta(seconds=20), wake=lambda _seconds: False)
        if self._next_look() is not None or self.chance.random() < UPKEEP:
            self._keep_up(self.deps(self.chance.randrange(MACHINES)))

    def _keep_up(self, deps: Deps) -> None:
        tag = self.others.new_tag()
        store_receipt(deps, tag, Receipt(f"SM{tag.hex}", ReceiptStatus.SENT, "sent", None))
        apply_receipts(deps)
        resolve_unknowns(deps)
        ended = self._expired()
        expire_overdue(deps)
        self.tally.counts["ended early by a wrong clock"] += len(self._expired() - ended)

    def _answer(self) -> tuple[bool, bool, timedelta]:
        if self.chance.random() < ANSWERS:
            return True, True, NONE
        lag = self.chance.choice([SHORT_LAG, LONG_LAG * self.chance.random()])
        return False, self.chance.random() < 0.7, lag

    def _expired(self) -> set[object]:
        """Return what ended as too late though it is not, by more than a clock may be wrong."""
        if self.truth.database == NONE:
            return set()
        expired = select(rows.message.c.id).where(
            rows.message.c.state == "expired", rows.message.c.expires_at > self.truth.now + MOST_PROVIDER_SKEW
        )
        return {row.id for row in self.world.all(expired)}

    # Judgement --------------------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        for call in self.provider.calls:
            self._judge_call(call)
        self.world.check()
        messages = self.world.messages()
        owners = {row.tag: row.message_id for row in self.world.attempts()}
        taken: dict[object, list[Listed]] = {}
        for item in self.provider.taken:
            taken.setdefault(owners[item.call.tag], []).append(item)
        self.tally.ends.update(row.state.value for row in messages)
        arrived = {row.id for row in messages if row.id in taken or row.state.value not in LEFT}
        self.tally.lost += [
            f"{self.name}: {row.kind} {row.state.value}"
            for row in messages
            if row.state.value in UNDER_WAY or row.id not in arrived
        ]
        for found in taken.values():
            if len(found) > 1:
                self._judge_double(found)
        for key, (state, reason) in self.world.reminders().items():
            if state == "planned":
                self.tally.lost.append(f"{self.name}: {key} is still planned")
            self.tally.counts[f"reminder {reason or state}"] += 1
        self.tally.counts["clinics"] += 1
        self.tally.counts["texts"] += len(self.provider.calls)

    def _judge_double(self, found: Sequence[Listed]) -> None:
        """A text that the provider lists under a time that is wrong by its own fault is hidden from every look."""
        apart = (_is_apart(item.call) for item in found)
        how = ["before the provider had told its time" if is_apart else "by clocks that agreed" for is_apart in apart]
        self.tally.doubled.append(f"{self.name}: one text left {', and '.join(how)}")
        if all(abs(item.made - item.call.at) > MOST_PROVIDER_SKEW for item in found[:-1]):
            self.tally.unavoidable.append(f"{self.name}/{found[0].sid[-3:]}")

    def _judge_call(self, call: CallSeen) -> None:
        zone = self.patients[call.to] or self.zone
        if is_quiet(call.official, zone):
            self._blame(call, f"left in quiet hours of {zone}, at {call.official.astimezone(ZoneInfo(zone))}")
        local = call.official.astimezone(ZoneInfo(zone))
        closes = local.replace(hour=CLOSES, minute=0, second=0, microsecond=0).astimezone(UTC)
        if call.official + call.validity > closes:
            self._blame(call, f"the provider may try until {call.official + call.validity}, beyond {closes}")
        if abs(call.worker_skew) > MOST_DATABASE_SKEW:
            self._blame(call, f"left though its machine's clock and the database's are {call.worker_skew} apart")
        if call.known_skew is not None and abs(call.known_skew - call.worker_skew) > MOST_PROVIDER_SKEW:
            self._blame(call, f"left though the provider's clock was known to be {call.known_skew} ahead")
        is_apart = _is_apart(call)
        self.tally.counts["left before the provider had told its time"] += is_apart
        if is_quiet(call.at, zone):
            how = "before the provider had told its time" if is_apart else "by clocks within their bounds"
            self.tally.counts[f"in quiet hours by the real time, {how}"] += 1

    def _blame(self, call: CallSeen, words: str) -> None:
        self.tally.faults.append(f"{self.name}: {call.tag} {words}")


def t8(options: Options) -> Sequence[Report]:
    """Run every seed that has no result yet; `--reminders` is the number of cases."""
    size = options.reminders or (QUICK if options.is_quick else USUAL)
    return [
        kept(options.folder / f"T8-{size}-seed{number}.json", lambda number=number: run_cases(size, number))  # type: ignore[misc]  # mypy does not infer a lambda with a default
        for number in options.all_seeds(1)
    ]


def run_cases(cases: int, seed: int) -> Report:
    """Run so many cases, the same for the same seed."""
    began, tally = time.monotonic(), Tally()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as home:
        store = Store(
            SqliteTemplate(Path(home)).copy(Path(home) / "cases.sqlite3"), Vault(["a secret of an experiment"])
        )
        try:
            for number in range(cases):
                wipe(store)
                Case(store, tally, seed * BETWEEN_SEEDS + number).run()
                if (number + 1) % 25 == 0:
                    tell(f"T8 seed {seed}: {number + 1} cases after {time.monotonic() - began:.0f} s")
        finally:
            store.close()
    return _report(tally, seed, time.monotonic() - began)


def _report(tally: Tally, seed: int, seconds: float) -> Report:
    planned = sum(tally.ends.values())
    verdict = Verdict(
        planned=planned,
        terminal=planned - sum(n for state, n in tally.ends.items() if state in UNDER_WAY),
        left_to_staff=sum(n for state, n in tally.ends.items() if state not in UNDER_WAY | LEFT),
        lost=tally.lost,
        duplicates=len(tally.doubled),
        unavoidable=tally.unavoidable,
        ends=dict(tally.ends),
    )
    is_to_blame = len(tally.doubled) > len(tally.unavoidable)
    faults = [*tally.faults[:20], *(tally.doubled[:20] if is_to_blame else ())]
    return Report("T8", seed, verdict, 0, seconds, dict(tally.counts), faults)
