"""The limit of sending: a bare loop over twilio-python's async client, with the same connections, body and certificate.

It renders nothing, stores nothing, asks nobody, and reads no more of the answer than we do. Started as a process of
its own by `saturated`, one for each worker.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import uvloop
from twilio.rest import Client

from reminders.adapters.twilio.passage import Passage, passing
from reminders.adapters.twilio.wire import Wire

TIMEOUT = 10.0
VALIDITY = 3600
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


async def call_all(url: str, who: tuple[str, str, str], texts: Sequence[Mapping[str, str]], in_flight: int) -> None:
    """Call for every text, so many at a time."""
    account, token, sender = who
    wire = Wire(url, connections=in_flight, connect_timeout=TIMEOUT, read_timeout=TIMEOUT, hear_time=_deaf)
    nothing = {"TWILIO_EDGE": ""}
    client = Client(account, token, account, http_client=wire, environment=nothing)
    there = f"{url}/2010-04-01/Accounts/{account}/Messages.json"
    waiting = iter(texts)

    async def lane() -> None:
        for text in waiting:
            with passing(Passage(TIMEOUT)):
                form = {"To": text["to"], "Body": text["body"], "StatusCallback": text["callback"]}
                form |= {"ValidityPeriod": str(VALIDITY), "From": sender}
                made = await client.request_async("POST", there, data=form, headers=FORM)
            assert json.loads(made.text)["sid"]

    try:
        await asyncio.gather(*(lane() for _ in range(in_flight)))
    finally:
        await wire.close()


def _deaf(_at: datetime) -> None:
    """The bare loop needs no clock."""


def _main() -> None:
    """Read the order, say when ready, wait for the word, and tell wall and CPU seconds."""
    order = json.loads(sys.stdin.readline())
    _tell("ready")
    sys.stdin.readline()
    before, began = os.times(), time.time()
    uvloop.run(call_all(order["url"], tuple(order["who"]), order["texts"], order["in_flight"]))
    after = os.times()
    cpu = after.user + after.system - before.user - before.system
    _tell(json.dumps({"began": began, "ended": time.time(), "cpu": cpu}))


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def texts(count: int, *, now: datetime) -> Sequence[Mapping[str, str]]:
    """Return texts as long as those of the measurement beside it."""
    day = (now.astimezone(UTC) + timedelta(days=3)).strftime("%A, %B %d at %H:%M")
    body = f"North Clinic: your visit is on {day}. Reply C to confirm or R to reschedule. Reply STOP to opt out."
    callback = "https://reminders.example/hooks/twilio/status/" + "t" * 22
    return [{"to": f"+1212{2_000_000 + n:07d}", "body": body, "callback": callback} for n in range(count)]


if __name__ == "__main__":
    _main()
