"""Replies: how long after a text came in what it asks for is done, at a steady rate, and when the answer leaves.

Each text comes through our web process by a signed callback; a worker reads it and commits what follows (a
confirmation, a ride, a task, the answer) in one transaction, and another worker sends the answer to the provider. The
clock begins with the callback's first byte. The database itself tells when a text was done with: by a trigger whose
word is heard only once the transaction is committed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import cycle
from statistics import quantiles
from time import time

import psycopg
from sqlalchemy import make_url

from tests.bench.callers import Answers, Order, post_all, ready_callers
from tests.bench.figures import Figure
from tests.bench.hooks import Signer, Taken, texted_site
from tests.bench.options import Options
from tests.bench.site import Round, Site
from tests.journeys.programs import free_port

A_SECOND = 50.0
CONNECTIONS = 16
LIMIT_SECONDS = 1.0
TAKEN = "200"
SETTLED_WITHIN = 120.0
WORDS = (
    "C",
    "yes",
    "Yes I'll be there",
    "confirm",
    "ok see you then",
    "can we do Thursday instead?",
    "my sister drives me home",
    "thank you!",
    "STOP",
    "what time was it again",
)
"""What patients write to a reminder that asks them to confirm; most say yes."""
PROCESSES = (("reminders", "worker", "--queues", "inbound"), ("reminders", "worker", "--queues", "sms"))
SIGNS = ("worker-inbound", "worker-sms")
TOLD = "handled"
TRIGGER = f"""
CREATE FUNCTION tell_handled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_notify('{TOLD}', NEW.provider_id); RETURN NULL; END $$;
CREATE TRIGGER tell_handled AFTER UPDATE OF handled_at ON inbound FOR EACH ROW
WHEN (OLD.handled_at IS NULL AND NEW.handled_at IS NOT NULL) EXECUTE FUNCTION tell_handled()
"""


def measure(options: Options) -> Sequence[Figure]:
    """Let one text for each patient come in, so many a second, a few rounds long."""
    count = options.size(1_500, 300)
    rounds = []
    with texted_site(count) as (site, taken):
        for _ in range(options.times(3, 2)):
            with site.round() as made:
                rounds.append(_round(site, made, taken))
    return _figures(rounds)


def _round(site: Site, made: Round, taken: Sequence[Taken]) -> tuple[Sequence[float], Sequence[float], str]:
    """Return for how long each text was not done with, for how long each answer had not left, and what is wrong."""
    port = free_port()
    made.start(*PROCESSES, ("reminders", "web", "--port", str(port)), signs=SIGNS)
    site.provider.reset(latency=0.0)
    signer = Signer(made.environment["REMINDERS_PUBLIC_URL"])
    words = cycle(WORDS)
    texts = [signer.text(f"SM{number:032x}", item.phone, next(words)) for number, item in enumerate(taken)]
    made.execute(TRIGGER)
    warm = [signer.text(f"SM{'f' * 8}{number:024x}", "+12125559999", "hello") for number in range(CONNECTIONS)]
    with (
        listening(made.environment["REMINDERS_DATABASE_URL"]) as heard,
        ready_callers(Order(port, CONNECTIONS, texts, warm, rate=A_SECOND)) as callers,
    ):
        answers = post_all(callers)
        made.wait_for(lambda: len(heard) >= len(texts) + len(warm), seconds=SETTLED_WITHIN)
        made.wait_for(lambda: _left(made) == 0, seconds=SETTLED_WITHIN)
    arrived = site.provider.arrivals().by_number
    began = {item.phone: at for item, at in zip(taken, answers.sent_at, strict=True)}
    acted = [heard[f"SM{number:032x}"] - at for number, at in enumerate(answers.sent_at)]
    answered = [times[0] - began[phone] for phone, times in arrived.items() if phone in began]
    return acted, answered, _fault(made, answers, arrived)


def _left(made: Round) -> int:
    """Return how many answers have not left yet."""
    waiting = "SELECT count(*) FROM message WHERE origin = 'answer' AND state IN ('due', 'claimed', 'sending')"
    return int(str(made.ask(waiting)[0]))


def _fault(made: Round, answers: Answers, arrived: Mapping[str, Sequence[float]]) -> str:
    if set(answers.statuses) != {TAKEN}:
        return f"answered {dict(answers.statuses)}"
    sent = "SELECT count(*) FROM message WHERE origin = 'answer' AND state = 'accepted'"
    expected, came = int(str(made.ask(sent)[0])), sum(map(len, arrived.values()))
    return f"{came} answers came of {expected}" if came != expected else ""


@contextmanager
def listening(url: str) -> Iterator[dict[str, float]]:
    """Yield when each text was done with, by the provider's id, as its transaction's commit was heard of."""
    heard: dict[str, float] = {}
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    is_over = threading.Event()
    with closing(psycopg.connect(plain, autocommit=True)) as connection:
        connection.execute(f"LISTEN {TOLD}".encode())

        def hear() -> None:
            while not is_over.is_set():
                for told in connection.notifies(timeout=0.5):
                    heard.setdefault(told.payload, time())

        thread = threading.Thread(target=hear)
        thread.start()
        try:
            yield heard
        finally:
            is_over.set()
            thread.join()


def _figures(rounds: Sequence[tuple[Sequence[float], Sequence[float], str]]) -> list[Figure]:
    fault = next((fault for *_, fault in rounds if fault), "")
    return [
        _figure("a reply to its committed action", [acted for acted, _, _ in rounds], fault, bar=LIMIT_SECONDS),
        _figure("a reply to its answer at the provider", [answered for _, answered, _ in rounds], fault),
    ]


def _figure(name: str, waits: Sequence[Sequence[float]], fault: str, *, bar: float | None = None) -> Figure:
    cuts = [quantiles(each, n=100) for each in waits]
    notes = {
        "p50 ms": 1000 * max(cut[49] for cut in cuts),
        "max ms": 1000 * max(max(each) for each in waits),
        "replies a second": A_SECOND,
    }
    return Figure("reply", f"p99 from {name}", "s", [cut[98] for cut in cuts], at_most=bar, notes=notes, fault=fault)
