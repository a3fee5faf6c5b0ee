"""T5: the provider fails in 15 of 100 calls, and then altogether, in every way that providers know.

The clinic's clock runs six times as fast, so that half an hour without a provider takes five minutes. Nothing may be
lost or doubled; unknown outcomes are settled within the grace and two minutes once the provider is back; the circuit
opens within a minute of an outage, so that calls are no storm; and nobody is called again sooner than Retry-After asks.
"""

from __future__ import annotations

import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from sqlalchemy import select

from reminders.simulator.faults import parse_faults
from reminders.store.rows import attempt
from reminders.store.service_rows import circuit
from tests.chaos.experiments import Options, Report, kept
from tests.chaos.logs import Call
from tests.chaos.proxy import Proxy
from tests.chaos.recovery import Event, Pause, Run, Span, pace, run_events, silences, summary
from tests.chaos.stack import Setup, Stack
from tests.chaos.t01_random_kills import FAULTS

USUAL, QUICK = 20_000, 1_000
SPEED = 6
CLOCK = f"2026-11-23T14:59:50+00:00@{SPEED}"
REST = 20.0
"""Seconds between events, in which 15 of 100 calls fail."""
HALF_AN_HOUR = timedelta(minutes=30).total_seconds() / SPEED
OUTAGE, UNREACHABLE, STALLED = "outage", "unreachable", "stalled"
SLOW, FLAPPING, STORM = "slow answers", "flapping", "429 storm"
MALFORMED, HUGE, CUT = "malformed JSON", "10 MB answers", "answers cut short"
AWAY = frozenset({OUTAGE, UNREACHABLE, STALLED})
"""While these last not even a look at the provider's list may succeed, or no receipt arrives: doubt lasts as long."""
FAILING = AWAY | {FLAPPING, STORM}
BROKEN = {"error_503": 0.34, "reset": 0.33, "timeout": 0.33}
RETRY_AFTER = 60.0
"""Seconds that a 429 of the storm asks for; the service waits them on the clinic's clock, six times as fast."""
FLAPS, FLAP_SECONDS = 4, 12.0
PROBE_EVERY = 30.0 / SPEED
"""How often one call may find out whether the provider is back."""
PATIENCE = 15.0
"""Seconds after which a call of ours ends, whatever the provider does."""
OPENS_WITHIN, SETTLED_WITHIN = 60.0, 120.0
MOST_CALLS = 1.1
ROUNDING = timedelta(seconds=0.25)


@dataclass(slots=True)
class Levers:
    """What an event can do to the provider, and when the circuit was seen open, in seconds from the event."""

    stack: Stack | None = None
    opened_after: dict[str, list[float | None]] = field(default_factory=lambda: defaultdict(list))

    def set(self, faults: Mapping[str, float]) -> None:
        """Put other faults in force."""
        assert self.stack is not None
        httpx.post(f"{self.stack.simulator_url}/control/faults", json={"faults": dict(faults)}).raise_for_status()

    def watch(self, name: str, pause: Pause, seconds: float) -> None:
        """Wait, and note when the circuit opens; None where it does not."""
        began, opened = time.monotonic(), None
        while (passed := time.monotonic() - began) < seconds:
            if opened is None and self._is_open():
                opened = passed
            pause(min(0.5, seconds - passed))
        self.opened_after[name].append(opened)

    def _is_open(self) -> bool:
        assert self.stack is not None
        with self.stack.services.deps.store.reading() as tx:
            return any(tx.connection.scalars(select(circuit.c.cause).where(circuit.c.cause.is_not(None))))


def events(levers: Levers, proxy: Proxy, *, outage: float = HALF_AN_HOUR, others: float = 60.0) -> Mapping[str, Event]:
    """Return what can happen to a provider that is reached through a proxy."""
    usual = parse_faults(FAULTS)

    def failing(name: str, faults: Mapping[str, float], seconds: float) -> Event:
        def do(pause: Pause) -> None:
            levers.set({"hang_seconds": usual["hang_seconds"], **faults})
            levers.watch(name, pause, seconds)
            levers.set(usual)

        return do

    def flapping(pause: Pause) -> None:
        for _ in range(FLAPS):
            levers.set({"hang_seconds": usual["hang_seconds"], **BROKEN})
            pause(FLAP_SECONDS)
            levers.set(usual)
            pause(FLAP_SECONDS)

    def proxied(name: str, begin: Callable[[], None], seconds: float) -> Event:
        def do(pause: Pause) -> None:
            begin()
            levers.watch(name, pause, seconds)
            proxy.heal()

        return do

    return {
        OUTAGE: failing(OUTAGE, BROKEN, outage),
        UNREACHABLE: proxied(UNREACHABLE, proxy.refuse, others),
        STALLED: proxied(STALLED, proxy.stall, others),
        CUT: proxied(CUT, lambda: proxy.truncate(300), others / 4),
        SLOW: failing(SLOW, {"slow": 1.0, "slow_seconds": 9.9}, others),
        FLAPPING: flapping,
        STORM: failing(STORM, {"rate_429": 1.0, "retry_after_seconds": RETRY_AFTER}, others),
        MALFORMED: failing(MALFORMED, {"malformed": 1.0}, others / 4),
        HUGE: failing(HUGE, {"huge": 1.0}, others / 4),
    }


def t5(options: Options) -> Sequence[Report]:
    """Run every seed that has no result yet."""
    reminders = options.reminders or (QUICK if options.is_quick else USUAL)
    return [_kept(options, reminders, seed) for seed in options.all_seeds(1)]


def _kept(options: Options, reminders: int, seed: int) -> Report:
    name = f"T5-{options.database}-{reminders}-seed{seed}"

    def run() -> Report:
        home = options.folder / name
        shutil.rmtree(home, ignore_errors=True)
        with provider_stack(options, home, reminders=reminders, seed=seed) as (stack, kinds, levers):
            return run_seed(stack, kinds, levers, reminders=reminders)

    return kept(options.folder / f"{name}.json", run)


@contextmanager
def provider_stack(
    options: Options, home: Path, *, reminders: int, seed: int
) -> Iterator[tuple[Stack, Mapping[str, Event], Levers]]:
    """Yield a stack whose provider is reached through a proxy, and what can happen to it."""
    proxies: list[Proxy] = []
    with ExitStack() as exit_stack:

        def in_between(url: str) -> str:
            port = urlsplit(url).port
            assert port is not None
            proxies.append(exit_stack.enter_context(Proxy(("127.0.0.1", port), seed=seed)))
            return f"http://127.0.0.1:{proxies[0].port}"

        # Longer than it takes: nothing leaves while the provider is away, and something shall be due at every event.
        seconds = (9 * REST + (100.0 if options.is_quick else 330.0)) * SPEED
        setup = Setup(
            database=options.database,
            faults=FAULTS,
            seed=seed,
            clock=CLOCK,
            provider=in_between,
            settings=pace(reminders, seconds=seconds),
        )
        stack = exit_stack.enter_context(Stack(setup, home))
        levers = Levers(stack)
        times = {"outage": 40.0, "others": 20.0} if options.is_quick else {}
        yield stack, events(levers, proxies[0], **times), levers


def run_seed(stack: Stack, kinds: Mapping[str, Event], levers: Levers, *, reminders: int, rest: float = REST) -> Report:
    """Run one seed and judge what is T5's own."""
    run = run_events(stack, kinds, reminders=reminders, count=len(kinds), rest=rest)
    spans = {span.name: span for span in run.nemesis.done}
    doubt = max(_doubts(stack, run.nemesis.done), default=0.0)
    calls, early = _calls_within(run, spans), _too_early(run.seen.calls, spans[STORM])
    ratio = sum(1 for call in run.seen.calls if not any(_holds(span, call.at) for span in _failing(spans))) / reminders
    figures = {
        "longest doubt": f"{doubt:.0f} s",
        "circuit open after": {name: found for name, found in levers.opened_after.items() if name in FAILING},
        "calls while it failed": calls,
        "calls a message otherwise": f"{ratio:.3f}",
        "silence once mended": summary(silences(run.nemesis.done, run.seen.texts, is_from_mending=True)),
    }
    longest = PATIENCE + stack.setup.grace + SETTLED_WITHIN
    faults = [
        *_too_many(calls, spans, in_flight=stack.setup.sms_workers * 32),
        *([f"{len(early)} calls came sooner than Retry-After asks: {early[:5]}"] if early else []),
        *([f"an outcome was unknown for {doubt:.0f} s"] if doubt > longest else []),
        *([f"{ratio:.3f} calls a message"] if ratio > MOST_CALLS else []),
        *_never_open(levers),
    ]
    return run.report("T5", figures, faults)


def _failing(spans: Mapping[str, Span]) -> Iterable[Span]:
    return [span for name, span in spans.items() if name in FAILING]


def _holds(span: Span, at: datetime) -> bool:
    return span.began_at <= at <= span.mended_at


def _calls_within(run: Run, spans: Mapping[str, Span]) -> dict[str, int]:
    return {span.name: sum(_holds(span, call.at) for call in run.seen.calls) for span in _failing(spans)}


def _too_many(calls: Mapping[str, int], spans: Mapping[str, Span], *, in_flight: int) -> list[str]:
    """Name outages with more calls than were under way when they began, and one for each probe."""
    found = []
    for name in calls.keys() & {OUTAGE, STORM}:
        seconds = (spans[name].mended_at - spans[name].began_at).total_seconds()
        most = 2 * in_flight + seconds / PROBE_EVERY
        if calls[name] > most:
            found.append(f"{calls[name]} calls in {name}, at most {most:.0f} are no storm")
    return found


def _never_open(levers: Levers) -> list[str]:
    late = [(name, found) for name in (OUTAGE, UNREACHABLE, STALLED) for found in levers.opened_after[name]]
    return [f"circuit open {found} s after {name}" for name, found in late if found is None or found > OPENS_WITHIN]


def _too_early(calls: Sequence[Call], storm: Span) -> list[str]:
    """Return the tags of calls to a phone that came before the time which the last answer had asked for."""
    by_phone: dict[str, list[Call]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: call.at):
        by_phone[call.to].append(call)
    wanted = timedelta(seconds=RETRY_AFTER / SPEED) - ROUNDING
    return [
        later.tag or ""
        for same in by_phone.values()
        for earlier, later in pairwise(same)
        if earlier.fault == "rate_429" and _holds(storm, earlier.at) and later.at - earlier.at < wanted
    ]


def _doubts(stack: Stack, spans: Sequence[Span]) -> Iterator[float]:
    """Yield how long each attempt's outcome was open, in seconds of machine time in which the provider was there."""
    columns = (attempt.c.machine_begun_at, attempt.c.begun_at, attempt.c.finished_at)
    with stack.services.deps.store.reading() as tx:
        rows = list(tx.connection.execute(select(*columns).where(attempt.c.finished_at.is_not(None))))
    away = [span for span in spans if span.name in AWAY]
    for row in rows:
        end = row.machine_begun_at + (row.finished_at - row.begun_at) / SPEED
        without = sum((_overlap(span, row.machine_begun_at, end) for span in away), timedelta(0))
        yield (end - row.machine_begun_at - without).total_seconds()


def _overlap(span: Span, begin: datetime, end: datetime) -> timedelta:
    return max(timedelta(0), min(span.mended_at, end) - max(span.began_at, begin))
