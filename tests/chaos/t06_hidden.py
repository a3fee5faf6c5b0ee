"""T6: the provider takes texts, and hides them from its list and its callbacks for longer than the grace.

Then doubles cannot be avoided. They must be counted, as many as the provider itself counts, and after the first of them
doubtful texts must go to staff instead of out again, by themselves.
"""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

from sqlalchemy import func, select

from reminders.adapters.memory import MemoryClock, MemoryScheduleSource
from reminders.adapters.random_ids import RandomIdentity
from reminders.core.delivery import IN_FLIGHT, WAITING, Accepted, ReceiptStatus, Unknown
from reminders.core.pacing import Pace
from reminders.ports import OutgoingText, Receipt, Report, ScheduleReading, Sighting
from reminders.services.apply_receipts import apply_receipts, store_receipt
from reminders.services.sync_schedule import SyncOptions, sync_schedule
from reminders.store import ledger, rows
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.builders import NOON, a_record, an_entry
from tests.chaos.checker import Verdict
from tests.chaos.databases import a_database
from tests.chaos.experiments import Options, kept, tell
from tests.chaos.experiments import Report as Outcome
from tests.world import CONFIRM_AT, World, only

USUAL, QUICK = 10_000, 600
WAVES = 10
"""The load leaves in so many waves, so that what is learnt from the first is seen in the later ones."""
WAVE_LASTS, STEP = timedelta(hours=3), timedelta(minutes=2)
LIST_LAG = timedelta(minutes=40)
"""How late the list shows what was hidden; the grace is 10 minutes."""
HIDDEN, GONE = 0.04, 0.01
"""Which part of the calls is taken and hidden, and which is not taken; neither is answered."""
SECOND_FAILS = 0.3
"""Which part of the second calls has the same fate as the first."""
NEVER_HEARD = 0.5
"""Of how many hidden texts no callback ever comes: only the list shows them."""
SLOWLY = 0.001


@dataclass(slots=True)
class Taken:
    """A text that the provider took: from when on its list shows it, and when its callback comes, if ever."""

    text: OutgoingText
    sid: str
    at: datetime
    shown_at: datetime
    told_at: datetime | None


class HidingSms:
    """A provider that hides some of what it took."""

    def __init__(self, clock: MemoryClock, chance: random.Random, *, never_heard: float) -> None:
        self._never_heard = never_heard
        self.skew: timedelta | None = None
        self.taken: list[Taken] = []
        self.calls: Counter[str] = Counter()
        self._clock, self._chance = clock, chance
        self._by_phone: defaultdict[str, list[Taken]] = defaultdict(list)
        self._untold: list[Taken] = []

    @property
    def doubles(self) -> int:
        """How many texts beyond the first each phone got, by the provider's own book."""
        return sum(len(texts) - 1 for texts in self._by_phone.values() if texts)

    @property
    def unavoidable(self) -> list[str]:
        """The tags of texts that were still hidden, from list and callbacks, when the next one to their phone came."""
        return [
            str(earlier.text.tag)
            for texts in self._by_phone.values()
            for earlier, later in pairwise(texts)
            if later.at < earlier.shown_at and (earlier.told_at is None or later.at < earlier.told_at)
        ]

    def send_many(self, texts: Sequence[OutgoingText], report: Report) -> None:
        """Take, hide or drop."""
        for text in texts:
            report(text.tag, self._send(text))

    def _send(self, text: OutgoingText) -> Accepted | Unknown:
        chance, now = self._chance, self._clock.machine_now()
        self.calls[text.to] += 1
        is_first = self.calls[text.to] == 1
        drawn = chance.random() if is_first or chance.random() < SECOND_FAILS else 1.0
        drawn = drawn * (HIDDEN + GONE) if not is_first and drawn < 1.0 else drawn
        if HIDDEN <= drawn < HIDDEN + GONE:
            return Unknown("no answer")
        is_hidden = drawn < HIDDEN
        shown_at = now + LIST_LAG if is_hidden else now
        told_at = shown_at + timedelta(minutes=chance.uniform(0, 60)) if is_hidden else now
        item = Taken(
            text,
            f"SM{uuid4().hex}",
            now,
            shown_at,
            None if is_hidden and chance.random() < self._never_heard else told_at,
        )
        self.taken.append(item)
        self._by_phone[text.to].append(item)
        self._untold.append(item)
        return Unknown("no answer") if is_hidden else Accepted(item.sid, "queued")

    def find(self, to: str, body: str, *, since: datetime) -> Sequence[Sighting] | None:
        """Show what is not hidden by now, newest first."""
        now = self._clock.machine_now()
        found = [
            item for item in self._by_phone[to] if item.text.body == body and item.at >= since and item.shown_at <= now
        ]
        return [Sighting(item.sid, ReceiptStatus.DELIVERED, "delivered", item.at) for item in reversed(found)]

    def fetch(self, provider_id: str) -> Sighting | None:
        """Show one message."""
        found = (item for item in self.taken if item.sid == provider_id)
        return next((Sighting(item.sid, ReceiptStatus.DELIVERED, "delivered", item.at) for item in found), None)

    def told(self) -> list[tuple[UUID, str]]:
        """Return the callbacks that come now."""
        now = self._clock.machine_now()
        due = [item for item in self._untold if item.told_at is not None and item.told_at <= now]
        self._untold = [item for item in self._untold if item.told_at is not None and item.told_at > now]
        return [(item.text.tag, item.sid) for item in due]


def t6(options: Options) -> Sequence[Outcome]:
    """Run every seed that has no result yet."""
    size = options.reminders or (QUICK if options.is_quick else USUAL)
    return [_kept(options, size, seed) for seed in options.all_seeds(1)]


def _kept(options: Options, size: int, seed: int) -> Outcome:
    def run() -> Outcome:
        with a_database(options.database) as url:
            return run_hidden(url, reminders=size, seed=seed)

    return kept(options.folder / f"T6-{options.database}-{size}-seed{seed}.json", run)


def run_hidden(url: str, *, reminders: int, seed: int, waves: int = WAVES, never_heard: float = NEVER_HEARD) -> Outcome:
    """Send in waves, let a provider hide, and compare its books with ours."""
    began = time.monotonic()
    with ExitStack() as stack:
        store = Store(url, Vault(["a secret of an experiment"]))
        stack.callback(store.close)
        world = World(store, only("remind_confirm"))
        world.clock = MemoryClock(NOON, speed=SLOWLY)
        sms = HidingSms(world.clock, random.Random(seed), never_heard=never_heard)  # noqa: S311 - repeatable
        world.change(sms=sms, clock=world.clock, identity=RandomIdentity(), pace=Pace.of(1_000_000.0))
        again: list[int] = []
        for wave in range(waves):
            size = reminders * (wave + 1) // waves - reminders * wave // waves
            again.append(_wave(world, sms, wave, size))
            tell(f"T6 seed {seed}: wave {wave + 1} after {time.monotonic() - began:.0f} s, {sms.doubles} doubles")
        return _report(world, sms, seed, again, time.monotonic() - began)


def _wave(world: World, sms: HidingSms, wave: int, size: int) -> int:
    """Let one wave leave and settle; return how many second calls it led to."""
    world.clock.set(NOON)
    phones = [f"+1212{2_000_000 + wave * 100_000 + number:07d}" for number in range(size)]
    entries = tuple(
        (None, an_entry(f"A{phone}", patient=a_record(f"P{phone}", phone=phone, email=None))) for phone in phones
    )
    source = MemoryScheduleSource(ScheduleReading(entries, ()), name=f"wave {wave}")
    assert sync_schedule(world.deps, source, SyncOptions(is_approved=True)).is_applied
    world.clock.set(CONFIRM_AT)
    before = sum(sms.calls.values())
    for _ in range(WAVE_LASTS // STEP):
        while world.pump():
            pass
        world.clock.advance(STEP * SLOWLY)
        for tag, sid in sms.told():
            store_receipt(world.deps, tag, Receipt(sid, ReceiptStatus.DELIVERED, "delivered", None))
        apply_receipts(world.deps)
        world.resolve()
    return sum(sms.calls.values()) - before - size


def _report(world: World, sms: HidingSms, seed: int, again: Sequence[int], seconds: float) -> Outcome:
    with world.store.reading() as tx:
        book = ledger.read(tx)
        by_state = select(rows.message.c.state, func.count()).group_by(rows.message.c.state)
        ends = {str(state): number for state, number in tx.connection.execute(by_state)}
    planned, open_states = sum(ends.values()), {str(state) for state in WAITING | IN_FLIGHT}
    unfinished = [f"{number} {state}" for state, number in ends.items() if state in open_states]
    counted = book.proven_doubles
    is_held = "resends_held" in world.tasks()
    faults = [
        *([f"the provider counts {sms.doubles} doubles, we count {counted}"] if counted != sms.doubles else []),
        *(["resends were not held in spite of doubles"] if sms.doubles > planned / 1000 and not is_held else []),
        *([f"texts went out again after the first waves: {list(again)}"] if is_held and any(again[2:]) else []),
    ]
    verdict = Verdict(
        planned=planned,
        terminal=planned - sum(ends.get(state, 0) for state in open_states),
        left_to_staff=ends.get("needs_staff", 0) + ends.get("expired", 0),
        unfinished=unfinished,
        duplicates=sms.doubles,
        unavoidable=sms.unavoidable,
        ends=ends,
        contradictions={name: number for name, number in book.contradictions.items() if number},
    )
    figures = {
        "taken and hidden": sum(item.shown_at > item.at for item in sms.taken),
        "never heard of": sum(item.told_at is None for item in sms.taken),
        "doubles by the provider's book": sms.doubles,
        "by ours": counted,
        "held": is_held,
        "second calls in each wave": list(again),
    }
    return Outcome("T6", seed, verdict, 0, seconds, figures, faults)
