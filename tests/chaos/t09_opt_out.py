"""T9: a STOP at random offsets around the send; and a cancellation, a move, a pause and a dead number likewise.

Pumps in threads race against whoever changes their mind. No intent may commit after what forbids it did; which of them
was first is asked of the database (`commit_order`), not of a clock.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, select

from reminders.adapters.memory import MemoryScheduleSource
from reminders.adapters.random_ids import RandomIdentity
from reminders.core.appointments import AppointmentStatus, ScheduleEntry
from reminders.core.consent import OPT_OUT_CONFIRMED
from reminders.core.delivery import IN_FLIGHT, WAITING, Accepted, MessageState, ReceiptStatus, Refusal
from reminders.core.pacing import Pace
from reminders.core.patients import Channel
from reminders.core.pauses import PauseKind
from reminders.ports import InboundText, OutgoingText, Receipt, Report, ScheduleReading, Sighting
from reminders.services.apply_receipts import apply_receipts, store_receipt
from reminders.services.dispatch_due import dispatch_due
from reminders.services.pause import Subject, pause
from reminders.services.receive_replies import receive_replies, store_text
from reminders.services.send_messages import pump
from reminders.services.sync_schedule import SyncOptions, sync_schedule
from reminders.store import ledger, rows
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.builders import NOON, a_booking, a_record, an_entry
from tests.chaos.checker import Verdict
from tests.chaos.commit_order import CommitOrder, Told
from tests.chaos.databases import a_database
from tests.chaos.experiments import Options, kept, tell
from tests.chaos.experiments import Report as Outcome
from tests.chaos.stop_words import STOP_WORDS
from tests.world import CONFIRM_AT, World, only

OUR_NUMBERS = ("+12025550100", "+12025550199")
SLUGS = ("riverside", "lakeside")
AT_BOTH, STAYS = 0.3, 0.1
"""Which part of the patients both clinics know by one phone, and which part changes nothing and must get its text."""
BY_ONE = 8
"""How many sessions one small race is about, and one reading of a schedule cancels or moves."""
IN_A_ROUND = 200
USUAL = {"stop": 8_000, "unseen": 2_000, "cancel": 2_000, "move": 2_000, "pause": 2_000, "fault": 2_000}
QUICK = {"stop": 300, "unseen": 100, "cancel": 100, "move": 100, "pause": 100, "fault": 100}
"""How many races of each kind. `unseen` is a STOP from a phone whose rows are being made by the dispatch."""
SENDERS, OTHERS = 2, 2
SETTLED = frozenset(MessageState) - WAITING - IN_FLIGHT

Act = Callable[[], object]


class QuickSms:
    """A provider that takes everything at once, from any thread."""

    def __init__(self) -> None:
        self.taken: list[OutgoingText] = []
        self.sids: dict[UUID, str] = {}
        self.skew: timedelta | None = None

    def send_many(self, texts: Sequence[OutgoingText], report: Report) -> None:
        """Take them."""
        for text in texts:
            self.taken.append(text)
            self.sids[text.tag] = f"SM{uuid4().hex}"
            report(text.tag, Accepted(self.sids[text.tag], "queued"))

    def find(self, to: str, body: str, *, since: datetime) -> Sequence[Sighting] | None:  # noqa: ARG002 - never asked
        """Nothing is ever in doubt here."""
        return None

    def fetch(self, provider_id: str) -> Sighting | None:  # noqa: ARG002 - never asked
        """Nothing is ever stuck here."""
        return None


@dataclass(slots=True)
class Races:
    """One database, its clinics, and the races run in it."""

    world: World
    order: CommitOrder
    chance: random.Random
    sms: QuickSms = field(default_factory=QuickSms)
    numbers: int = 0
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(SENDERS + OTHERS))
    span: float = 0.1
    """How long the pumps take for one race, in seconds: offsets are drawn around it."""
    told: list[Told] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        # A pump that takes few at a time is as slow as the others, so that they meet all along the way.
        policy = replace(self.world.deps.policy, claim_size=4)
        self.world.change(sms=self.sms, identity=RandomIdentity(), pace=Pace.of(1_000_000.0), policy=policy)

    def run(self, kind: str, count: int) -> None:
        """Run so many races of a kind."""
        left = count
        while left > 0:
            size = min(left, IN_A_ROUND)
            self._round(kind, size)
            self.kinds[kind] += size
            left -= size

    def _round(self, kind: str, size: int) -> None:
        entries = self._people(size)
        self.world.clock.set(NOON)
        batches = [entries[at : at + BY_ONE] for at in range(0, len(entries), BY_ONE)]
        for batch in batches:
            self._sync(batch)
        self.world.clock.set(CONFIRM_AT)
        if kind == "unseen":
            self._race(list(ACTS[kind](self, entries)))
        else:
            while dispatch_due(self.world.deps):
                pass
            self._put_off()
            for batch in batches:
                acts = list(ACTS[kind](self, batch))
                self._make_due(batch)
                self._race(acts)
        self._settle()
        self.told += self.order.read()

    def _put_off(self) -> None:
        """Let everything that waits wait longer, so that each small race is about its own messages only."""
        with self.world.store.transaction() as tx:
            waiting = rows.message.update().where(rows.message.c.state.in_(WAITING))
            tx.connection.execute(waiting.values(due_at=CONFIRM_AT + timedelta(minutes=30)))

    def _make_due(self, entries: Sequence[tuple[str, ScheduleEntry]]) -> None:
        names = [entry.external_id for _, entry in entries]
        about = select(rows.appointment.c.id).where(rows.appointment.c.external_id.in_(names))
        with self.world.store.transaction() as tx:
            theirs = rows.message.update().where(rows.message.c.appointment_id.in_(about))
            tx.connection.execute(theirs.values(due_at=CONFIRM_AT))

    def _people(self, size: int) -> list[tuple[str, ScheduleEntry]]:
        found = []
        for _ in range(size):
            self.numbers += 1
            phone, name = f"+1212{2_000_000 + self.numbers:07d}", f"{self.numbers}"
            slugs = SLUGS if self.chance.random() < AT_BOTH else SLUGS[:1]
            patient = a_record(f"P{name}", phone=phone, email=self.chance.choice([None, f"p{name}@example.org"]))
            found += [(slug, an_entry(f"A{name}", patient=patient)) for slug in slugs]
        return found

    def _sync(self, entries: Sequence[tuple[str, ScheduleEntry]]) -> None:
        """Read a schedule that is all that its source has; its name is that of its first row."""
        source = MemoryScheduleSource(ScheduleReading(tuple(entries), ()), name=entries[0][1].external_id)
        report = sync_schedule(self.world.deps, source, SyncOptions(is_approved=True))
        assert report.is_applied, report

    def change(self, entries: Sequence[tuple[str, ScheduleEntry]], **parts: object) -> Act:
        """Return the reading that changes sessions."""
        changed = [
            (slug, an_entry(entry.external_id, patient=entry.patient, booking=a_booking(**parts)))  # type: ignore[arg-type]  # parts of a booking
            for slug, entry in entries
        ]
        return lambda: self._sync(changed)

    def _race(self, acts: Sequence[Act]) -> None:
        began = time.monotonic()
        timed = sorted(((self.chance.uniform(-0.3, 1.0) * self.span, act) for act in acts), key=lambda item: item[0])
        others = [self.pool.submit(_at_their_times, timed[n::OTHERS], began) for n in range(OTHERS)]
        senders = [self.pool.submit(self.pump) for _ in range(SENDERS)]
        for sender in senders:
            sender.result()
        took = time.monotonic() - began
        for other in others:
            other.result()
        # Each race is drawn around the time that the last ones took.
        self.span = min(2.0, 0.7 * self.span + 0.3 * took)

    def pump(self) -> None:
        """Send what is due, a few at a time."""
        pump(self.world.deps, Channel.SMS, lasts=timedelta(seconds=60), wake=lambda _seconds: False)

    def _settle(self) -> None:
        receive_replies(self.world.deps)
        apply_receipts(self.world.deps)
        self.pump()


def _at_their_times(timed: Sequence[tuple[float, Act]], began: float) -> None:
    for offset, act in timed:
        time.sleep(max(0.0, began + offset - time.monotonic()))
        act()


def _stops(races: Races, entries: Sequence[tuple[str, ScheduleEntry]]) -> Iterator[Act]:
    for phone in dict.fromkeys(entry.patient.phone for _, entry in entries):
        if races.chance.random() >= STAYS:
            yield _text(races, phone or "", races.chance.choice(STOP_WORDS))


def _text(races: Races, phone: str, body: str) -> Act:
    text = InboundText(f"SM{uuid4().hex}", phone, races.chance.choice(OUR_NUMBERS), body, 0)

    def act() -> None:
        store_text(races.world.deps, text)
        receive_replies(races.world.deps)

    return act


def _cancels(races: Races, entries: Sequence[tuple[str, ScheduleEntry]]) -> Iterator[Act]:
    for at in range(0, len(entries), BY_ONE):
        yield races.change(entries[at : at + BY_ONE], status=AppointmentStatus.CANCELLED)


def _moves(races: Races, entries: Sequence[tuple[str, ScheduleEntry]]) -> Iterator[Act]:
    for at in range(0, len(entries), BY_ONE):
        yield races.change(entries[at : at + BY_ONE], starts_at=NOON + timedelta(days=20))


def _pauses(races: Races, entries: Sequence[tuple[str, ScheduleEntry]]) -> Iterator[Act]:
    for slug, entry in entries:
        if races.chance.random() >= STAYS:
            yield _pause(races, Subject(PauseKind.PATIENT, entry.patient.external_id, slug))


def _pause(races: Races, subject: Subject) -> Act:
    return lambda: pause(races.world.deps, subject, reason="on holiday", by="desk")


def _faults(races: Races, entries: Sequence[tuple[str, ScheduleEntry]]) -> Iterator[Act]:
    """Let an answer leave first; the report that its number is dead comes while the reminder leaves."""
    done = len(races.sms.taken)
    phones = dict.fromkeys(entry.patient.phone or "" for _, entry in entries)
    for phone in phones:
        _text(races, phone, "HELP")()
    races.pump()
    for text in races.sms.taken[done:]:
        receipt = Receipt(races.sms.sids[text.tag], ReceiptStatus.UNDELIVERED, "undelivered", "30006", Refusal.ADDRESS)
        yield _receipt(races, text, receipt)


def _receipt(races: Races, text: OutgoingText, receipt: Receipt) -> Act:
    def act() -> None:
        store_receipt(races.world.deps, text.tag, receipt)
        apply_receipts(races.world.deps)

    return act


ACTS: dict[str, Callable[[Races, Sequence[tuple[str, ScheduleEntry]]], Iterator[Act]]] = {
    "stop": _stops,
    "unseen": _stops,
    "cancel": _cancels,
    "move": _moves,
    "pause": _pauses,
    "fault": _faults,
}


@dataclass(slots=True)
class Judgement:
    """What the order of commits shows. `late` are intents that committed after what forbids them."""

    late: list[str] = field(default_factory=list)
    intents: int = 0
    confirmed: Counter[str] = field(default_factory=Counter)
    """By phone, the one message that an opt-out lets pass: that it holds (requirement 34)."""
    first: Counter[str] = field(default_factory=Counter)
    """Changes that committed before any intent that they forbid."""
    after: Counter[str] = field(default_factory=Counter)
    """Changes that committed after the intent they would have forbidden: it had left."""
    overlapping: Counter[str] = field(default_factory=Counter)
    """Those of them whose transaction was open already when the intent committed: the hardest races."""


def judge(told: Sequence[Told]) -> Judgement:
    """Go through the commits in their order."""
    found = Judgement()
    forbidden: dict[str, Told] = {}
    left: dict[str, Told] = {}
    versions: dict[str, int] = {}
    for item in told:
        match item.words:
            case ("intent", tag, phone, _, _, _, _, kind) if kind == OPT_OUT_CONFIRMED:
                found.intents += 1
                found.confirmed[phone] += 1
                found.late += [f"{tag} confirms what did not happen"] if phone not in forbidden else []
                found.late += [f"{tag} confirms it again"] if found.confirmed[phone] > 1 else []
            case ("intent", tag, phone, contact, patient, appointment, version, _):
                found.intents += 1
                is_old = int(version) < versions.get(appointment, 0)
                keys = [phone, contact, patient, *([appointment] if is_old else [])]
                found.late += [f"{tag} after {forbidden[key].words}" for key in keys if key in forbidden]
                if appointment != "-":  # an answer is nothing that a dead number, a pause or a move would stop
                    left |= dict.fromkeys([phone, contact, patient, appointment], item)
            case [kind, key, *rest]:
                forbidden.setdefault(key, item)
                versions[key] = int(rest[0]) if rest else 0
                _count(found, kind, item, left.get(key))
            case _:
                raise AssertionError(item)
    return found


def _count(found: Judgement, kind: str, item: Told, intent: Told | None) -> None:
    (found.first if intent is None else found.after)[kind] += 1
    found.overlapping[kind] += intent is not None and item.began < intent.at


def t9(options: Options) -> Sequence[Outcome]:
    """Run every seed that has no result yet."""
    sizes = QUICK if options.is_quick else USUAL
    if options.reminders is not None:
        whole = sum(sizes.values())
        sizes = {kind: max(1, size * options.reminders // whole) for kind, size in sizes.items()}
    return [_kept(options, sizes, seed) for seed in options.all_seeds(1)]


def _kept(options: Options, sizes: dict[str, int], seed: int) -> Outcome:
    name = f"T9-{options.database}-{sum(sizes.values())}-seed{seed}"

    def run() -> Outcome:
        with a_database(options.database) as url:
            return run_races(url, sizes, seed)

    return kept(options.folder / f"{name}.json", run)


def run_races(url: str, sizes: dict[str, int], seed: int) -> Outcome:
    """Race in a fresh database with our tables, and judge."""
    began = time.monotonic()
    store = Store(url, Vault(["a secret of an experiment"]))
    order = CommitOrder(store)
    order.watch()
    try:
        clinics = [
            only("remind_confirm", slug=slug, phone=phone) for slug, phone in zip(SLUGS, OUR_NUMBERS, strict=True)
        ]
        races = Races(World(store, *clinics), order, random.Random(seed))  # noqa: S311 - repeatable on purpose
        for kind, size in sizes.items():
            races.run(kind, size)
            tell(f"T9 seed {seed}: {size} races of {kind} after {time.monotonic() - began:.0f} s")
        return _report(races, seed, time.monotonic() - began)
    finally:
        order.close()
        store.close()


def _report(races: Races, seed: int, seconds: float) -> Outcome:
    found = judge(races.told)
    with races.world.store.reading() as tx:
        book = ledger.read(tx)
        of_phone = select(rows.message.c.state, func.count()).where(rows.message.c.channel == Channel.SMS)
        ends = Counter({str(state): n for state, n in tx.connection.execute(of_phone.group_by(rows.message.c.state))})
        open_ids = select(rows.message.c.id).where(
            rows.message.c.channel == Channel.SMS, rows.message.c.state.not_in(SETTLED)
        )
        unfinished = [str(key) for key in tx.connection.scalars(open_ids)]
        owners = {row.tag: row.message_id for row in tx.connection.execute(select(rows.attempt))}
    planned = sum(ends.values())
    verdict = Verdict(
        planned=planned,
        terminal=planned - len(unfinished),
        unfinished=unfinished,
        ends=dict(ends),
        contradictions={name: n for name, n in book.contradictions.items() if n},
        duplicates=sum(n - 1 for n in Counter(owners[text.tag] for text in races.sms.taken).values()),
    )
    figures = {
        "races": dict(races.kinds),
        "intents": found.intents,
        "opt-outs confirmed": found.confirmed.total(),
        "changes that came first": dict(found.first),
        "changes after the intent": dict(found.after),
        "while it committed": dict(found.overlapping),
        "deadlocks": _deadlocks(races.world.store),
    }
    faults = [f"{len(found.late)} intents committed after what forbids them: {found.late[:5]}"] if found.late else []
    return Outcome("T9", seed, verdict, sum(races.kinds.values()), seconds, figures, faults)


def _deadlocks(store: Store) -> int:
    if store.engine.dialect.name != "postgresql":
        return 0
    with store.reading() as tx:
        found = tx.connection.exec_driver_sql(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(found.scalar() or 0)
