"""A whole installation in miniature: each process does its work every ten seconds unless it is stopped."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from reminders.adapters.memory_canary import MemoryHeartbeat, MemoryStubProvider
from reminders.core.alarms import Alarm, Vitals, alarms
from reminders.ports import Job
from reminders.services.apply_receipts import apply_receipts
from reminders.services.fly_canaries import fly_canary, hear_canaries, is_genuine, release_canary, store_canary_receipt
from reminders.services.read_status import leave_beat
from reminders.services.receive_replies import receive_replies
from reminders.services.watch_vitals import read_vitals
from tests.world import World

ROUND = timedelta(seconds=10)
PROCESSES = ("worker-sms", "worker-inbound", "worker-upkeep", "worker-email", "beat")
"""Those that leave signs of life; `web` and `broker` leave none, so only the canary misses them."""


class Installation:
    """Processes over a world, a broker that is the world's queue, and a watcher that began with them."""

    def __init__(self, world: World, *, has_texts: bool = False) -> None:
        self.world = world
        self._has_texts = has_texts
        self.stopped: set[str] = set()
        self.heartbeat = MemoryHeartbeat()
        self.provider = MemoryStubProvider(self._hook)
        self.since = world.clock.machine_now()
        self._hints: set[Job] = set()

    def run(self, span: timedelta) -> None:
        """Let everything that is not stopped work for so long (machine time)."""
        until = self.world.clock.machine_now() + span
        while self.world.clock.machine_now() < until:
            self._one_round()

    def seconds_to_alarm(self, *, at_most: timedelta = timedelta(minutes=6)) -> tuple[float, list[Alarm]]:
        """Go on until the watcher finds something; return after how long, and what."""
        begun = self.world.clock.machine_now()
        while not (found := self.alarms()) and self.world.clock.machine_now() - begun < at_most:
            self._one_round()
        return (self.world.clock.machine_now() - begun).total_seconds(), found

    def alarms(self) -> list[Alarm]:
        """What the watcher finds now."""
        return alarms(self.vitals(), self.world.clock.machine_now())

    def vitals(self) -> Vitals:
        """What the watcher reads now."""
        found = read_vitals(self.world.deps, is_told_outside=True)
        return Vitals(**{name: getattr(found, name) for name in Vitals.__slots__} | {"watched_since": self.since})

    def _one_round(self) -> None:
        self._take_hints()
        for name in PROCESSES:
            if self._works(name):
                leave_beat(self.world.deps, name)
        if self._works("worker-upkeep"):
            release_canary(self.world.deps, self.heartbeat)
        self._take_hints()
        if self._works("worker-sms"):
            if Job.FLY_CANARY in self._hints:
                fly_canary(self.world.deps, self.provider)
            if self._has_texts:
                self.world.pump()
        self._hints.clear()
        if self._works("worker-inbound"):
            apply_receipts(self.world.deps)
            hear_canaries(self.world.deps)
            receive_replies(self.world.deps)
        self.world.later(ROUND * self.world.clock.speed)

    def _works(self, name: str) -> bool:
        return name not in self.stopped

    def _take_hints(self) -> None:
        """Let the broker bring hints; one that is stopped brings none, and they are lost."""
        taken = self.world.queue.take()
        if self._works("broker"):
            self._hints.update(taken)

    def _hook(self, canary: UUID, seal: str) -> bool:
        if not self._works("web"):
            return False
        assert is_genuine(self.world.deps, canary, seal)
        store_canary_receipt(self.world.deps, canary)
        return True
