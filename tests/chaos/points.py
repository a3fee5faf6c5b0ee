"""Deaths at named places: a real process of ours, its real SIGKILL, and a provider that outlives it.

The child is forked from the test, so that it costs milliseconds. It takes no connection along: the parent gives all of
its own back before the fork. The provider answers over HTTP from the parent, so what it saw survives every child.
"""

from __future__ import annotations

import os
import signal
import socket
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.utils import format_datetime
from itertools import count
from uuid import UUID

from reminders.adapters.memory import MemoryClock, MemoryIdentity
from reminders.adapters.twilio.sms import TwilioConfig, TwilioSmsGateway
from reminders.core.delivery import IN_FLIGHT, WAITING, ReceiptStatus
from reminders.core.pacing import Pace
from reminders.core.patients import Channel
from reminders.failpoints import Failpoint, Harm, arm
from reminders.ports import Clock, Receipt
from reminders.services.apart import together_or_apart
from reminders.services.apply_receipts import store_receipt
from reminders.services.begin_attempts import Outgoing, begin_attempts
from reminders.services.deps import Deps
from reminders.services.expire_overdue import expire_overdue
from reminders.services.put_aside import put_aside
from reminders.store.ledger import Ledger
from reminders.store.messages import Claimed
from reminders.store.unit_of_work import Store
from tests.adapters.scripted_twilio import (
    ACCOUNT,
    Behaviour,
    Request,
    ScriptedTwilio,
    resetting,
    scripted_twilio,
    taking,
)
from tests.world import CONFIRM_AT, MINUTE, World, only, some_entries

PATIENTS = 3
PATIENCE_SECONDS = 20.0
CALLBACKS = "http://127.0.0.1:9/hooks/twilio/status/"
_seeds = count(1)


class Provider:
    """A scripted provider that dates what it takes by the clinic's clock, which the test moves."""

    def __init__(self, twilio: ScriptedTwilio) -> None:
        self.twilio = twilio
        self.clock = MemoryClock(CONFIRM_AT)
        self._dated = 0
        twilio.always = self._meeting(taking(0))

    def meet(self, *behaviours: Behaviour) -> None:
        """Behave so towards the next requests."""
        self.twilio.script.extend(self._meeting(behaviour) for behaviour in behaviours)

    @property
    def posts(self) -> list[Request]:
        """The texts that it was asked to send."""
        return [request for request in self.twilio.requests if request.method == "POST"]

    @property
    def arrived(self) -> Mapping[str, int]:
        """How many texts it took for each number."""
        return Counter(str(message["to"]) for message in self.twilio.messages)

    def _meeting(self, behaviour: Behaviour) -> Behaviour:
        def meet(line: socket.socket, good: Callable[[], bytes]) -> bool:
            return behaviour(line, lambda: self._date(good()))

        return meet

    def _date(self, content: bytes) -> bytes:
        for message in self.twilio.messages[self._dated :]:
            # A child that lives from the import on is ahead of the test's own clock.
            message["date_created"] = format_datetime(max(self.clock.machine_now(), CONFIRM_AT))
            self._dated += 1
        return content


def tag_of(request: Request) -> UUID:
    """Return the attempt that a request belongs to."""
    return UUID(request.form["StatusCallback"][0].removeprefix(CALLBACKS).partition("#")[0])


class Child:
    """A process of ours that acts on the site's database."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def end(self) -> int:
        """Wait for its end; return its status as `os.waitpid` tells it."""
        return self._await(0)

    def freeze(self) -> None:
        """Wait until it has stopped itself."""
        assert os.WIFSTOPPED(self._await(os.WUNTRACED)), "it did not freeze"

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """Kill it from outside."""
        os.kill(self.pid, signal.SIGKILL)

    def _await(self, options: int) -> int:
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            pid, status = os.waitpid(self.pid, options | os.WNOHANG)
            if pid:
                return status
            time.sleep(0.002)
        self.kill()
        os.waitpid(self.pid, 0)
        raise AssertionError("the child did not end")


class Site:
    """A clinic that owes one text to each of some patients, and its provider."""

    def __init__(self, store: Store, provider: Provider, *, patients: int = PATIENTS) -> None:
        """Begin before anything was imported."""
        self.world = World(store, only("remind_confirm"))
        self.provider = provider
        self.entries = some_entries(patients)
        provider.clock = self.world.clock
        self._gateways: list[TwilioSmsGateway] = []
        self.world.change(sms=self.gateway_by(self.world.clock), pace=Pace.of(10_000.0))

    def gateway_by(self, clock: Clock, *, read_timeout: float = 5.0) -> TwilioSmsGateway:
        """Return a gateway that measures its time by a clock."""
        url = self.provider.twilio.url
        config = TwilioConfig(
            ACCOUNT, CALLBACKS, auth_token="t", sender="+15005550006", base_url=url, read_timeout=read_timeout
        )
        gateway = TwilioSmsGateway(config, clock)
        self._gateways.append(gateway)
        return gateway

    def hear(self, post: Request, provider_id: str, status: ReceiptStatus) -> None:
        """Let a report about a call arrive, and apply it."""
        self.world.receipt(tag_of(post), status, provider_id=provider_id)

    def beginning(self, deps: Deps, taken: Sequence[Claimed], token: UUID) -> Callable[[], list[Outgoing]]:
        """Return what a pump does between a claim and its calls."""
        return lambda: [
            item
            for outgoing in together_or_apart(
                taken,
                lambda some: begin_attempts(deps, Channel.SMS, some, token),
                lambda item: put_aside(self.world.deps, item.id, token),
            )
            for item in outgoing
        ]

    def import_all(self) -> None:
        """Read the schedule."""
        self.world.sync(*self.entries)

    def owe(self) -> None:
        """Read the schedule and let the texts fall due."""
        self.import_all()
        self.world.at(CONFIRM_AT)

    def come_to_doubt(self) -> None:
        """Lose every text on its way, and come to the look that settles it."""
        self.provider.meet(*[resetting] * len(self.entries))
        self.world.pump()
        self.world.later(6 * MINUTE)
        self.world.hear_receipts()
        self.world.resolve()
        self.world.later(6 * MINUTE)

    def report(self, status: ReceiptStatus = ReceiptStatus.DELIVERED) -> None:
        """Let the provider report of each text, as the web process takes it."""
        sids = {str(message["to"]): str(message["sid"]) for message in self.provider.twilio.messages}
        for post in self.provider.posts:
            receipt = Receipt(sids[post.form["To"][0]], status, status.value, None)
            store_receipt(self.world.deps, tag_of(post), receipt)

    def begin(self, act: Callable[[], object], failpoints: str = "") -> Child:
        """Let another process do something, with failpoints armed."""
        self.world.store.engine.dispose()
        seed = next(_seeds)
        pid = os.fork()
        if pid == 0:
            self._live(act, failpoints, seed)
        return Child(pid)

    def kill_at(self, failpoint: Failpoint, act: Callable[[], object], *, at: int = 1) -> None:
        """Let another process do something, and die by SIGKILL where it reaches a place for the n-th time."""
        status = self.begin(act, f"{failpoint}={Harm.KILL}@{at}").end()
        assert was_killed(status), f"{failpoint} was not reached {at} times"

    def recover(self) -> None:
        """Go on as other workers do, until nothing waits or is in doubt, at most for twice the grace."""
        for _ in range(4):
            self.world.later(6 * MINUTE)
            self.world.hear_receipts()
            self.world.resolve()
            self.world.pump()
            expire_overdue(self.world.deps)
            states = {state for state, _ in self.world.states()}
            if states and not states & (WAITING | IN_FLIGHT):
                return

    def assert_each_got_one(self) -> Ledger:
        """Check that nothing is lost, nothing doubled, and every row accounted for."""
        assert self.provider.arrived == {entry.patient.phone: 1 for entry in self.entries}
        book = self.world.check()
        assert book.reminders["dispatched"] == len(self.entries)
        assert book.attempts["accepted"] == len(self.entries)
        assert sum(book.messages[state] for state in ("accepted", "sent", "delivered")) == len(self.entries)
        assert (book.reminders["planned"], book.possible_doubles) == (0, 0)
        called = {tag_of(request) for request in self.provider.posts}
        assert called <= {row.tag for row in self.world.attempts()}, "a call without an intent"
        return book

    def close(self) -> None:
        """Hang up."""
        for gateway in self._gateways:
            gateway.close()

    def _live(self, act: Callable[[], object], failpoints: str, seed: int) -> None:
        """Be the child: never return into the test."""
        code = 1
        try:
            self.world.identity = MemoryIdentity(seed)
            self.world.change(identity=self.world.identity)
            arm(failpoints)
            act()
            code = 0
        except BaseException:  # noqa: BLE001 - nothing of the parent's may run in the child, whatever happened
            traceback.print_exc()
        finally:
            os._exit(code)


def was_killed(status: int) -> bool:
    """Say whether a process ended by SIGKILL."""
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


@contextmanager
def a_site(store: Store, *, patients: int = PATIENTS) -> Iterator[Site]:
    """Yield a clinic over a database."""
    with scripted_twilio() as twilio:
        site = Site(store, Provider(twilio), patients=patients)
        try:
            yield site
        finally:
            arm("")
            site.close()
