"""T7: the provider's reports, each one to five times, shuffled, a day late, before the answer to our call, or forged.

All of them come through the real hook of the real web app, several at once. In the end every message must be where a
model says that was written from the specification (`receipt_model`), and nothing forged may have been taken.
"""

from __future__ import annotations

import asyncio
import logging
import random
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx
import structlog
from fastapi import FastAPI
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from reminders.adapters.memory import MemoryClock, MemoryScheduleSource
from reminders.adapters.random_ids import RandomIdentity
from reminders.core.delivery import Accepted, Unknown
from reminders.core.pacing import Pace
from reminders.ports import OutgoingText, Report, ScheduleReading, Sighting
from reminders.services.apply_receipts import apply_receipts
from reminders.services.sync_schedule import SyncOptions, sync_schedule
from reminders.store import ledger, rows
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.builders import NOON, a_record, an_entry
from tests.chaos.checker import Verdict
from tests.chaos.databases import a_database
from tests.chaos.experiments import Options, kept, tell
from tests.chaos.experiments import Report as Outcome
from tests.chaos.receipt_model import Fate
from tests.web.browser import ACCOUNT, AUTH_TOKEN, PUBLIC_URL, some_app
from tests.world import CONFIRM_AT, World, only

USUAL, QUICK = 100_000, 4_000
"""How many deliveries, forged ones among them."""
BY_MESSAGE = 11.5
"""How many deliveries a message has on average."""
STEPS, STEP = 48, timedelta(minutes=30)
"""Reports come up to 24 hours late, in steps; which of two opposite ones came first is then beyond doubt."""
SLOWLY = 0.001
"""The clinic's time passes so much slower than the machine's, that nothing expires meanwhile."""
AT_ONCE, IN_A_FILE = 8, 500
FAILURES = ("30006", "30003", "30001", "21610", "30005", "30004", "39999", None)
"""Codes: a landline, out of reach, a full queue, opted out, unknown number, blocked, one that nobody knows, none."""
FORGERIES = ("no signature", "wrong signature", "other account", "re-cut", "other tag", "other body")
REFUSED, TAKEN = 403, 204


@dataclass(frozen=True, slots=True)
class Delivery:
    """One callback on its way: what is posted where, and what must be answered."""

    path: str
    body: bytes
    signature: str | None
    answer: int


@dataclass(slots=True)
class Story:
    """What happens to one text at the provider: its reports, each with the steps at which its copies arrive."""

    fate: Fate
    phone: str
    reports: list[tuple[str, str | None, list[int]]] = field(default_factory=list)


class Hook:
    """The web app in this process, asked by several callers at once."""

    def __init__(self, app: FastAPI) -> None:
        self._transport = httpx.ASGITransport(app=app)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def post(self, deliveries: Sequence[Delivery]) -> list[int]:
        """Deliver, and return the status of each answer."""
        return asyncio.run_coroutine_threadsafe(self._post(deliveries), self._loop).result()

    async def _post(self, deliveries: Sequence[Delivery]) -> list[int]:
        found = [0] * len(deliveries)
        async with httpx.AsyncClient(transport=self._transport, base_url=PUBLIC_URL) as client:

            async def carry(first: int) -> None:
                for place in range(first, len(deliveries), AT_ONCE):
                    item = deliveries[place]
                    headers = {"content-type": "application/x-www-form-urlencoded"}
                    if item.signature is not None:
                        headers["X-Twilio-Signature"] = item.signature
                    answer = await client.post(item.path, content=item.body, headers=headers)
                    found[place] = answer.status_code

            await asyncio.gather(*(carry(first) for first in range(AT_ONCE)))
        return found


class Teller:
    """The provider: takes texts, writes their stories, and signs what it says of them."""

    def __init__(self, chance: random.Random) -> None:
        self.skew: timedelta | None = None
        self.stories: dict[UUID, Story] = {}
        self.wrong: Counter[str] = Counter()
        self.posted = self.early = self.forged = 0
        self.hook: Hook | None = None
        self._chance = chance
        self._validator = RequestValidator(AUTH_TOKEN)

    def send_many(self, texts: Sequence[OutgoingText], report: Report) -> None:
        """Take texts; of some the reports come before the answer, and of some the answer never comes."""
        early: list[Delivery] = []
        for text in texts:
            story = self.stories[text.tag] = self._story(text)
            for place, (status, code, steps) in enumerate(story.reports):
                copies = [self._genuine(text.tag, story, status, code) for step in steps if step < 0]
                early += copies
                if copies:
                    story.fate.heard(story.fate.sid, status, code)
                    story.reports[place] = (status, code, [step for step in steps if step >= 0])
        self.early += len(early)
        self.post(early)
        for text in texts:
            fate = self.stories[text.tag].fate
            if fate.is_told:
                fate.answered()
            report(text.tag, Accepted(fate.sid, "queued") if fate.is_told else Unknown("no answer"))

    def find(self, to: str, body: str, *, since: datetime) -> Sequence[Sighting] | None:  # noqa: ARG002 - never asked
        """Nobody resolves anything here: reports must do it alone."""
        return None

    def fetch(self, provider_id: str) -> Sighting | None:  # noqa: ARG002 - never asked
        """Nobody polls here."""
        return None

    def post(self, deliveries: Sequence[Delivery]) -> None:
        """Deliver, and count wrong answers."""
        assert self.hook is not None
        self.posted += len(deliveries)
        for item, status in zip(deliveries, self.hook.post(deliveries), strict=True):
            if status != item.answer:
                self.wrong[f"{status} instead of {item.answer}"] += 1

    def step(self, number: int) -> list[Delivery]:
        """Return what arrives at a step, shuffled, and tell the model."""
        found = []
        for tag, story in self.stories.items():
            for status, code, steps in story.reports:
                copies = steps.count(number)
                found += [self._genuine(tag, story, status, code)] * copies
                if copies:
                    story.fate.heard(story.fate.sid, status, code)
        self._chance.shuffle(found)
        return found

    def noise(self, count: int) -> list[Delivery]:
        """Return deliveries that must change nothing: forged ones, and genuine ones about nothing of ours."""
        tags = self._chance.choices(list(self.stories), k=count)
        return [self._forged(tag) if self._chance.random() < 2 / 3 else self._unknown() for tag in tags]

    def _story(self, text: OutgoingText) -> Story:
        chance = self._chance
        story = Story(Fate(f"SM{uuid4().hex}", is_told=chance.random() < 0.85), text.to)
        first_end = chance.randrange(STEPS)
        ends = chance.choices(["delivered", "failure", "both", "never", "silence"], [60, 20, 8, 8, 4])[0]
        if ends == "silence":
            return story
        for status in ("queued", "sending", "sent", "a_new_word"):
            if chance.random() < (0.9 if status != "a_new_word" else 0.05):
                story.reports.append((status, None, self._steps(-1)))
        failure = (chance.choice(["undelivered", "failed"]), chance.choice(FAILURES))
        if ends in ("delivered", "failure"):
            last = ("delivered", None) if ends == "delivered" else failure
            story.reports.append((*last, self._steps(-1)))
        elif ends == "both" and first_end < STEPS - 1:
            two = chance.sample([("delivered", None), failure], 2)
            story.reports.append((*two[0], [first_end, *self._steps(first_end)]))
            story.reports.append((*two[1], self._steps(first_end + 1)))
        return story

    def _steps(self, first: int) -> list[int]:
        """Return when one to five copies arrive; step -1 is before the answer to our call."""
        return [self._chance.randrange(first, STEPS) for _ in range(self._chance.randint(1, 5))]

    def _fields(self, sid: str, status: str, code: str | None) -> dict[str, str]:
        coded = {"ErrorCode": code} if code else {}
        return {"MessageSid": sid, "AccountSid": ACCOUNT, "MessageStatus": status, "To": "+12025550101", **coded}

    def _sign(self, path: str, fields: dict[str, str]) -> str:
        made: str = self._validator.compute_signature(PUBLIC_URL + path, fields)
        return made

    def _genuine(self, tag: UUID, story: Story, status: str, code: str | None) -> Delivery:
        path, fields = f"/hooks/twilio/status/{tag}", self._fields(story.fate.sid, status, code)
        return Delivery(path, urlencode(fields).encode(), self._sign(path, fields), TAKEN)

    def _unknown(self) -> Delivery:
        path = f"/hooks/twilio/status/{self._chance.choice([str(uuid4()), 'no-tag'])}"
        fields = self._fields(f"SM{uuid4().hex}", "delivered", None)
        return Delivery(path, urlencode(fields).encode(), self._sign(path, fields), TAKEN)

    def _forged(self, tag: UUID) -> Delivery:
        """Try to make a text delivered, or its phone opted out, without the key."""
        self.forged += 1
        kind, sid = self._chance.choice(FORGERIES), self.stories[tag].fate.sid
        path, fields = f"/hooks/twilio/status/{tag}", self._fields(sid, "failed", "21610")
        signature: str | None = self._sign(path, fields)
        match kind:
            case "no signature":
                signature = None
            case "wrong signature":
                signature = RequestValidator("a token of somebody else").compute_signature(PUBLIC_URL + path, fields)
            case "other account":
                fields["AccountSid"] = "AC" + "b" * 32
                signature = self._sign(path, fields)
            case "re-cut":
                # The same characters under the signature, cut into other names and values.
                del fields["MessageStatus"]
                fields["MessageStatus"[:-1]] = "sfailed"
            case "other tag":
                path = f"/hooks/twilio/status/{self._chance.choice(list(self.stories))}x"
            case _:
                fields["MessageStatus"] = "undelivered"
        return Delivery(path, urlencode(fields).encode(), signature, REFUSED)


def t7(options: Options) -> Sequence[Outcome]:
    """Run every seed that has no result yet; `--reminders` is the number of deliveries here."""
    size = options.reminders or (QUICK if options.is_quick else USUAL)
    return [_kept(options, size, seed) for seed in options.all_seeds(1)]


def _kept(options: Options, size: int, seed: int) -> Outcome:
    def run() -> Outcome:
        # A line for each of a hundred thousand requests is of no use to anybody.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
        with a_database(options.database) as url:
            return run_receipts(url, deliveries=size, seed=seed)

    return kept(options.folder / f"T7-{options.database}-{size}-seed{seed}.json", run)


def run_receipts(url: str, *, deliveries: int, seed: int) -> Outcome:
    """Send texts, let their reports arrive, and compare."""
    began = time.monotonic()
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    with ExitStack() as stack:
        store = Store(url, Vault(["a secret of an experiment"]))
        stack.callback(store.close)
        world, teller = World(store, only("remind_confirm")), Teller(chance)
        world.clock = MemoryClock(NOON, speed=SLOWLY)
        world.change(sms=teller, clock=world.clock, identity=RandomIdentity(), pace=Pace.of(1_000_000.0))
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        teller.hook = stack.enter_context(Hook(some_app(world, home)))
        _import(world, max(1, round(deliveries / BY_MESSAGE)))
        world.clock.set(CONFIRM_AT)
        while world.pump():
            pass
        tell(f"T7 seed {seed}: {len(teller.stories)} texts taken after {time.monotonic() - began:.0f} s")
        _let_arrive(world, teller, chance, deliveries)
        return _report(world, teller, seed, time.monotonic() - began)


def _import(world: World, count: int) -> None:
    for first in range(0, count, IN_A_FILE):
        numbers = range(first, min(count, first + IN_A_FILE))
        entries = tuple(
            (None, an_entry(f"A{n}", patient=a_record(f"P{n}", phone=f"+1212{2_000_000 + n:07d}", email=None)))
            for n in numbers
        )
        source = MemoryScheduleSource(ScheduleReading(entries, ()), name=f"file {first}")
        assert sync_schedule(world.deps, source, SyncOptions(is_approved=True)).is_applied


def _let_arrive(world: World, teller: Teller, chance: random.Random, deliveries: int) -> None:
    left = sum(len(steps) for story in teller.stories.values() for *_, steps in story.reports)
    noise = max(STEPS, deliveries - teller.posted - left)
    for number in range(STEPS):
        world.clock.advance(STEP * SLOWLY)
        arriving = teller.step(number) + teller.noise(noise // STEPS)
        chance.shuffle(arriving)
        middle = chance.randrange(len(arriving) + 1)
        teller.post(arriving[:middle])
        if chance.random() < 0.5:
            _apply(world)
        teller.post(arriving[middle:])
        _apply(world)


def _apply(world: World) -> None:
    """Let two workers apply what waits, at once; what one still held when the other ended is applied after them."""
    with ThreadPoolExecutor(2) as pool:
        for worker in [pool.submit(apply_receipts, world.deps) for _ in range(2)]:
            worker.result()
    apply_receipts(world.deps)


def _report(world: World, teller: Teller, seed: int, seconds: float) -> Outcome:
    with world.store.reading() as tx:
        book = ledger.read(tx)
        joined = rows.attempt.join(rows.message, rows.message.c.id == rows.attempt.c.message_id)
        states = {
            row.tag: str(row.state)
            for row in tx.connection.execute(select(rows.attempt.c.tag, rows.message.c.state).select_from(joined))
        }
        closed: dict[str, set[str]] = defaultdict(set)
        for row in tx.connection.execute(select(rows.contact)):
            phone = tx.vault.open("contact.address", row.id, row.address)
            closed["opted out"] |= {phone} if row.opted_out_at else set()
            closed["dead"] |= {phone} if row.fault_at else set()
        stored = {(row.provider_id, row.provider_status) for row in tx.connection.execute(select(rows.receipt))}
    wrong = [
        f"{tag} is {states.get(tag)}, the model says {story.fate.state}, told {sorted(story.fate.kept)}"
        for tag, story in teller.stories.items()
        if states.get(tag) != story.fate.state
    ]
    told = {pair for story in teller.stories.values() for pair in story.fate.kept}
    of_ours = {story.fate.sid for story in teller.stories.values()}
    forged = {pair for pair in stored if pair[0] in of_ours} - told
    faults = [
        *([f"{len(wrong)} messages are not where the model has them: {'; '.join(wrong[:3])}"] if wrong else []),
        *([f"answers that were wrong: {dict(teller.wrong)}"] if teller.wrong else []),
        *([f"{len(forged)} forged reports were kept"] if forged else []),
        *([f"{len(told - stored)} genuine reports were lost"] if told - stored else []),
        *_compare("opted out", closed, {s.phone for s in teller.stories.values() if s.fate.is_opted_out}),
        *_compare("dead", closed, {s.phone for s in teller.stories.values() if s.fate.is_dead}),
    ]
    verdict = Verdict(
        planned=len(teller.stories),
        terminal=len(states),
        ends=dict(Counter(states.values())),
        contradictions={name: n for name, n in book.contradictions.items() if n},
    )
    figures = {
        "deliveries": teller.posted,
        "before the answer": teller.early,
        "forged": teller.forged,
        "forged and accepted": len(forged),
        "kept": len(stored),
        "by the model": dict(Counter(story.fate.state for story in teller.stories.values())),
    }
    return Outcome("T7", seed, verdict, teller.posted, seconds, figures, faults)


def _compare(what: str, closed: dict[str, set[str]], expected: set[str]) -> list[str]:
    if closed[what] == expected:
        return []
    return [f"{what}: {len(closed[what] - expected)} phones too many, {len(expected - closed[what])} missing"]
