"""Steady arrivals: from the instant at which a text is due to the first byte of its call at the provider.

Two workers on PostgreSQL, warmed by three seconds of the same traffic that are not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median, quantiles

from tests.bench.figures import Figure
from tests.bench.options import Options
from tests.bench.saturated import SIGN, WORKER, ahead
from tests.bench.site import Round, Site, running_site
from tests.chaos.load import BEGINS_AT

RATES = (50, 200, 800)
WARM_SECONDS = 3.0
BEGINS_AFTER = timedelta(seconds=4)
WORKERS = 2
MOST_P99 = {200: 10.0, 800: 100.0}
MOST_MAX = {200: 50.0}
MOST_EARLY = 2.0
SPREAD = """
UPDATE reminder SET due_at = CAST(:base AS timestamptz) + (CAST(substr(patient.external_id, 2) AS float) / :rate)
  * interval '1 second'
FROM patient WHERE patient.id = reminder.patient_id AND reminder.state = 'planned'
"""
"""Patient P0 is due at the base, P1 one step later."""


def measure(options: Options) -> Sequence[Figure]:
    """Send at each rate for some seconds."""
    seconds = 8 if options.is_quick else 18
    figures: list[Figure] = []
    for rate in (options.rows,) if options.rows else RATES:
        with running_site(int(rate * seconds)) as site:
            figures += _figures(site, rate, [_late(site, rate) for _ in range(options.times(3, 1))])
    return figures


def _figures(site: Site, rate: int, rounds: Sequence[Sequence[float]]) -> list[Figure]:
    def figure(what: str, values: Sequence[float], at_most: float | None) -> Figure:
        fault = "" if all(len(late) == site.count for late in rounds) else "not each was called once"
        return Figure("lateness", f"{what} at {rate}/s", "ms", values, at_most=at_most, fault=fault)

    counted = [sorted(late[int(WARM_SECONDS * rate) :]) for late in rounds]
    return [
        figure("p50", [median(late) for late in counted], None),
        figure("p99", [quantiles(late, n=100)[98] for late in counted], MOST_P99.get(rate)),
        figure("latest", [late[-1] for late in counted], MOST_MAX.get(rate)),
        figure("earliest, before its time", [max(0.0, -late[0]) for late in counted], MOST_EARLY),
    ]


def _late(site: Site, rate: int) -> Sequence[float]:
    """Return by how many milliseconds each text was late, in the order of their times."""
    base = datetime.fromisoformat(BEGINS_AT) + BEGINS_AFTER
    with site.round() as made:
        made.execute(SPREAD, base=base, rate=rate)
        made.start(*[WORKER] * WORKERS, signs=[SIGN])
        site.provider.reset(latency=0.1)
        made.services.start_clock()
        made.wait_for(lambda: site.provider.count() >= site.count, every=0.5)
        return _delays(site, made, base, rate)


def _delays(site: Site, made: Round, base: datetime, rate: int) -> Sequence[float]:
    arrivals, shift = site.provider.arrivals(), ahead(made)
    delays = []
    for place in range(site.count):
        times = arrivals.by_number.get(f"+1212{2_000_000 + place:07d}", [])
        if len(times) == 1:
            delays.append(1000 * (times[0] + shift - base.timestamp() - place / rate))
    return delays
