"""Ways for a worker to die: at any transaction, and at any moment of a provider call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum, auto

from typing_extensions import override

from reminders.core.delivery import Outcome
from reminders.core.ids import AttemptTag
from reminders.ports import OutgoingText, Report, Sighting, SmsGateway
from reminders.store.unit_of_work import Store, Transaction


class Killed(BaseException):
    """The process is gone: nothing after this line ran, not even `except Exception`."""


class When(Enum):
    """On which side of the commit a worker dies."""

    BEFORE_COMMIT = auto()
    AFTER_COMMIT = auto()


class DyingStore(Store):
    """A database whose user dies at its n-th writing transaction."""

    def __init__(self, store: Store, *, at: int, when: When) -> None:
        super().__init__(store.url, store.vault)
        self._engine = store.engine
        self._at = at
        self._when = when
        self.begun = 0

    @override
    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        self.begun += 1
        is_last = self.begun == self._at
        with super().transaction() as tx:
            yield tx
            if is_last and self._when is When.BEFORE_COMMIT:
                raise Killed
        if is_last:
            raise Killed


class Interrupted:
    """A gateway to which something happens around each call."""

    def __init__(
        self,
        inner: SmsGateway,
        *,
        before: Callable[[], None] = lambda: None,
        after: Callable[[], None] = lambda: None,
        on_find: Callable[[], None] = lambda: None,
        is_silent: bool = False,
    ) -> None:
        self._inner = inner
        self._before = before
        self._after = after
        self._on_find = on_find
        self._is_silent = is_silent

    @property
    def skew(self) -> timedelta | None:
        return self._inner.skew

    def send_many(self, texts: Sequence[OutgoingText], report: Report) -> None:
        told: list[tuple[AttemptTag, Outcome]] = []
        self._before()
        self._inner.send_many(texts, lambda tag, outcome: told.append((tag, outcome)))
        self._after()
        if not self._is_silent:
            for tag, outcome in told:
                report(tag, outcome)

    def find(self, to: str, body: str, *, since: datetime) -> Sequence[Sighting] | None:
        found = self._inner.find(to, body, since=since)
        self._on_find()
        return found

    def fetch(self, provider_id: str) -> Sighting | None:
        return self._inner.fetch(provider_id)


def die() -> None:
    """Be killed here."""
    raise Killed
