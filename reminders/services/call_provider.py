"""Call: hand groups of messages to the provider while others are under way, and record each outcome as it comes.

A slow answer holds up nothing but its own slot. Whatever a gateway raises is raised here, after everything that it had
reported is recorded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Condition, Event, Thread
from time import monotonic, sleep
from types import TracebackType
from typing import Self

import structlog

from reminders.core.delivery import Absent, Blame, Outcome
from reminders.core.ids import AttemptTag
from reminders.core.patients import Channel
from reminders.ports import OutgoingMail, OutgoingText
from reminders.services.apart import together_or_apart
from reminders.services.begin_attempts import Outgoing
from reminders.services.deps import Deps
from reminders.services.record_outcomes import record_outcomes

FLUSH_AT = 100
PATIENCE = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between tries to record outcomes."""
AT_LEAST = 0.05
"""Seconds for which an outcome is waited for when there is nothing else to do."""
QUICK = 1.0
"""Seconds: where the oldest call has been under way for longer, no more are begun than the wire takes."""
ROOM_WITHIN = 0.25
"""Seconds for which a group that was judged ahead waits for room: so long at most it keeps its rows locked."""
Told = tuple[AttemptTag, Outcome]
log = structlog.get_logger()


class _Inbox:
    """What was reported and not recorded yet. Whoever waits is woken by the first, or by the last of those it awaits.

    Not by each: threads that take turns for every outcome cost more than to store it.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self._told: deque[Told] = deque()
        self._awaited = 1
        self._are_there = Event()

    def put(self, tag: AttemptTag, outcome: Outcome) -> None:
        """Take in what is reported, on any thread."""
        self._told.append((tag, outcome))
        if len(self._told) >= self._awaited:
            self._are_there.set()

    def take(self, first: float, more: float, *, most: int) -> list[Told]:
        """Wait `first` seconds for one, then `more` for others, so that many are recorded together; return them."""
        if self._wait_for(1, first):
            self._wait_for(most, more)
        return [self._told.popleft() for _ in range(min(most, len(self._told)))]

    def _wait_for(self, count: int, seconds: float) -> bool:
        # In this order: what comes before the look is seen by it, what comes after it finds its number awaited.
        self._are_there.clear()
        self._awaited = count
        return len(self._told) >= count or self._are_there.wait(seconds)

    def __bool__(self) -> bool:
        """Say whether there is any."""
        return bool(self._told)


class Calls:
    """The calls of one pump that are under way."""

    def __init__(self, deps: Deps, channel: Channel) -> None:
        """Begin with none."""
        self._deps = deps
        self._channel = channel
        self._told = _Inbox()
        self._open: dict[AttemptTag, float] = {}
        """When each was begun, the oldest first."""
        self._batches: dict[Future[None], frozenset[AttemptTag]] = {}
        self._changed = Condition()
        """Held while either of these two changes."""
        self._is_closing = False
        self._fault: Exception | None = None
        """What the thread that records ran into and nobody was told yet."""
        self._recorder = Thread(target=self._keep_recording, name=f"record-{channel}", daemon=True)
        self._is_aside = deps.policy.works_aside
        self._callers = ThreadPoolExecutor(
            # Threads are made as they are needed: one for each call only where every call was begun alone.
            max_workers=deps.policy.in_flight,
            thread_name_prefix=f"calls-{channel}",
        )

    def __enter__(self) -> Self:
        """Keep threads for calling, and one for recording where that is done aside."""
        if self._is_aside:
            self._recorder.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Record what is still under way, unless the caller is being torn down; then the database will find out."""
        try:
            if kind is None or issubclass(kind, Exception):
                self.finish()
        finally:
            with self._changed:
                self._is_closing = True
                self._changed.notify_all()
            self._callers.shutdown(wait=True)

    @property
    def room(self) -> int:
        """How many more calls may be begun."""
        policy = self._deps.policy
        if self._channel is Channel.EMAIL:
            # One mail after the other over one connection: a second batch would only open another, and the last of
            # a long one would not begin in time.
            return 0 if self._open else policy.mails_at_once
        return policy.in_flight + (policy.on_deck if self.are_quick else 0) - len(self._open)

    def has_room(self, count: int) -> bool:
        """Say whether so many may be begun; where outcomes are recorded aside, wait a moment for it."""
        with self._changed:
            return count == 0 or self._changed.wait_for(
                lambda: self.room >= count, ROOM_WITHIN if self._is_aside else 0.0
            )

    @property
    def are_quick(self) -> bool:
        """Say whether slots come free soon: what waits longer for one than `start_within` is not sent at all."""
        with self._changed:
            return not self._open or monotonic() - next(iter(self._open.values())) < QUICK

    @property
    def are_under_way(self) -> bool:
        """Say whether any call has no outcome recorded yet."""
        return bool(self._open)

    def begin(self, outgoing: Sequence[Outgoing]) -> None:
        """Call the provider for each of these, concurrently; return at once."""
        if outgoing:
            tags = frozenset(item.tag for item in outgoing)
            with self._changed:
                self._open |= dict.fromkeys(tags, monotonic())
                self._batches[self._callers.submit(self._deliver, outgoing)] = tags
                self._changed.notify_all()

    def record(self) -> None:
        """Record what has been reported, waiting a moment for the first and for those that follow closely.

        Where that is done aside, wait a moment for the next that is. Raises what a gateway raised.
        """
        if not self._is_aside:
            self._record()
            return
        with self._changed:
            if self._open or self._batches:
                self._changed.wait(AT_LEAST)
            failed, self._fault = self._fault, None
        if failed is not None:
            raise failed

    def finish(self) -> None:
        """Record outcomes until every call has one or its gateway has returned without."""
        failed: Exception | None = None
        while self._open or self._batches or self._fault is not None:
            try:
                self.record()
            except Exception as error:  # noqa: BLE001 - a fault of one batch must not cost the outcomes of another
                failed = failed or error
        if failed is not None:
            raise failed

    def _keep_recording(self) -> None:
        """Record until the pump is over and nothing is under way any more."""
        while self._has_work():
            try:
                self._record()
            except Exception as error:  # noqa: BLE001 - it is raised where the pump asks next
                with self._changed:
                    self._fault = self._fault or error
                    self._changed.notify_all()

    def _has_work(self) -> bool:
        """Wait until a call is under way; False once none will be."""
        with self._changed:
            self._changed.wait_for(lambda: self._open or self._batches or self._is_closing)
            return not self._is_closing

    def _record(self) -> None:
        patience = self._deps.policy.flush_after.total_seconds()
        if self._open:
            found = self._told.take(max(patience, AT_LEAST), patience, most=min(FLUSH_AT, len(self._open)))
            if found:
                _record_surely(self._deps, found)
                self._end(tag for tag, _ in found)
        else:
            wait(self._batches, timeout=AT_LEAST)
        self._end_batches()

    def _end(self, tags: Iterable[AttemptTag]) -> None:
        with self._changed:
            for tag in tags:
                self._open.pop(tag, None)
            self._changed.notify_all()

    def _end_batches(self) -> None:
        """Let go of batches that have returned, once nothing that they reported is left to record.

        What a gateway never reported stays in doubt until its deadline. What it raised is raised here.
        """
        ended = [batch for batch in self._batches if batch.done()]
        if self._told:
            return
        failed = [error for batch in ended if (error := batch.exception()) is not None]
        for batch in ended:
            with self._changed:
                tags = self._batches.pop(batch)
            self._end(tags)
        if failed:
            raise failed[0]

    def _deliver(self, outgoing: Sequence[Outgoing]) -> None:
        deps = self._deps
        if self._channel is Channel.SMS and deps.sms is not None:
            deps.sms.send_many([item for item in outgoing if isinstance(item, OutgoingText)], self._report)
        elif self._channel is Channel.EMAIL and deps.email is not None:
            deps.email.send_many([item for item in outgoing if isinstance(item, OutgoingMail)], self._report)
        else:
            for item in outgoing:
                self._report(item.tag, Absent("no provider is configured", blame=Blame.MESSAGE))

    def _report(self, tag: AttemptTag, outcome: Outcome) -> None:
        self._told.put(tag, outcome)


def _record_surely(deps: Deps, found: Sequence[Told]) -> None:
    """Record outcomes even if the database is away for a moment; recording them twice changes nothing.

    What cannot be recorded at all is found again by receipt or look-up, so giving up loses time, not messages.
    """
    for pause in PATIENCE:
        try:
            together_or_apart(found, lambda some: record_outcomes(deps, some), _leave_in_doubt)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the outcome is still true
            log.warning("outcomes.not_recorded", count=len(found), exc=error)
            sleep(pause)
        else:
            return


def _leave_in_doubt(told: Told) -> None:
    """An outcome that the database cannot store alone takes no other with it; its attempt is in doubt in the end."""
    log.warning("outcome.not_stored", tag=str(told[0]))
