"""Health: is the process up, can it serve, and how do the counts stand. Nothing here tells who anybody is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from typing_extensions import override

from reminders.services.deps import Deps
from reminders.services.read_status import is_database_there, read_ledger
from reminders.web.guards import only_local

router = APIRouter()

ANSWER_LASTS_SECONDS = 2.0


class Readiness:
    """Whether the database is there, asked at most every two seconds: this door is open to everybody."""

    def __init__(self, deps: Deps) -> None:
        """Know nothing yet."""
        self._deps = deps
        self._lock = Lock()
        self._asked: float | None = None
        self._is_there = False

    def is_ready(self) -> bool:
        """Say whether the database answers with the tables we know."""
        with self._lock:
            now = self._deps.clock.monotonic()
            if self._asked is None or now - self._asked >= ANSWER_LASTS_SECONDS:
                self._is_there = is_database_there(self._deps)
                self._asked = self._deps.clock.monotonic()
            return self._is_there


@dataclass(frozen=True, slots=True, eq=False)  # a registry keeps collectors by identity
class _LedgerCollector(Collector):
    """Reads the ledger whenever somebody asks for the figures."""

    deps: Deps

    def describe(self) -> list[Metric]:
        """Name nothing in advance: being registered must not need a database."""
        return []

    @override
    def collect(self) -> Iterator[Metric]:
        """Return the counts of this moment."""
        ledger = read_ledger(self.deps)
        for noun, counts in (
            ("reminders", ledger.reminders),
            ("messages", ledger.messages),
            ("attempts", ledger.attempts),
        ):
            found = GaugeMetricFamily(f"reminders_{noun}", f"How many {noun} are in each state.", labels=["state"])
            for state, count in counts.items():
                found.add_metric([state], count)
            yield found
        broken = GaugeMetricFamily("reminders_contradictions", "Rows that contradict a promise: 0.", labels=["promise"])
        for promise, count in ledger.contradictions.items():
            broken.add_metric([promise], count)
        yield broken
        yield GaugeMetricFamily(
            "reminders_possible_doubles", "Messages that may have arrived twice.", value=ledger.possible_doubles
        )
        yield GaugeMetricFamily(
            "reminders_proven_doubles", "Messages that the provider took twice.", value=ledger.proven_doubles
        )


class Metrics:
    """The figures of one app, in a registry of its own."""

    def __init__(self, deps: Deps) -> None:
        """Register everything; the database is read when somebody asks."""
        self.registry = CollectorRegistry()
        self.registry.register(_LedgerCollector(deps))
        self._hooks = Counter(
            "reminders_hooks", "Callbacks of the provider, by result.", ["hook", "result"], registry=self.registry
        )

    def count_hook(self, hook: str, result: str) -> None:
        """Count one callback."""
        self._hooks.labels(hook, result).inc()


def readiness_of(request: Request) -> Readiness:
    """Return the app's memory of whether it is ready."""
    found: Readiness = request.app.state.readiness
    return found


@router.head("/healthz")
@router.get("/healthz")
def is_up() -> Response:
    """Say that the process answers."""
    return PlainTextResponse("ok\n")


@router.head("/readyz")
@router.get("/readyz")
def is_ready(readiness: Annotated[Readiness, Depends(readiness_of)]) -> Response:
    """Say whether requests can be served."""
    if readiness.is_ready():
        return PlainTextResponse("ready\n")
    return PlainTextResponse("not ready\n", status_code=503)


@router.get("/metrics", dependencies=[Depends(only_local)])
def metrics(request: Request) -> Response:
    """Return the figures in Prometheus' text format, to this machine only."""
    found: Metrics = request.app.state.metrics
    return Response(generate_latest(found.registry), media_type=CONTENT_TYPE_LATEST)
