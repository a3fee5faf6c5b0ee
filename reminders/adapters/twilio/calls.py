"""The calls of one batch: what each may still do, and one report for each, whatever happens to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from reminders.adapters.twilio.passage import EndedError
from reminders.core.delivery import Absent, Blame, Outcome, Unknown
from reminders.failpoints import Failpoint, reach
from reminders.ports import OutgoingText, Report

OUR_OWN = frozenset({"cancelled", "interrupted", EndedError.__name__})
"""Ends of a call that say nothing about the provider."""


class Call:
    """One text on its way out."""

    def __init__(self, text: OutgoingText, monotonic: Callable[[], float]) -> None:
        """Begin with nothing sent."""
        self.text = text
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._may_have_left = False
        self._is_settled = False

    def leave(self) -> bool:
        """Say whether the request may be written now; from here on only an answer proves anything.

        The time is asked once more: a process that was held up while it connected must not send what somebody else,
        after a look at the provider's list, may take for never sent.
        """
        with self._lock:
            may_leave = not self._is_settled and self._monotonic() <= self.text.start_by
            self._may_have_left |= may_leave
        if may_leave:
            reach(Failpoint.CALL_LEAVES)
        return may_leave

    def settle(self) -> bool:
        """Claim the right to report; only the first who asks has it."""
        with self._lock:
            is_first, self._is_settled = not self._is_settled, True
            return is_first

    def cut_short(self, detail: str) -> Outcome:
        """Return what is known where no answer was read."""
        with self._lock:
            if self._may_have_left:
                return Unknown(detail)
            blame = Blame.MESSAGE if detail in OUR_OWN else Blame.PROVIDER
            return Absent(f"{detail} before anything was sent", blame=blame)


class Batch:
    """The texts of one `send_many`."""

    def __init__(self, texts: Sequence[OutgoingText], report: Report, monotonic: Callable[[], float]) -> None:
        """Owe a report for each text. `monotonic` is the clock of their `start_by`."""
        self.calls = tuple(Call(text, monotonic) for text in texts)
        self.fault: Exception | None = None
        self._report = report
        self._lock = threading.Lock()
        self._left = len(self.calls)
        self._is_done = threading.Event()

    def settle(self, call: Call, outcome: Outcome) -> None:
        """Report the outcome of a call, once. A fault of the caller's own report is kept and stops no other call."""
        if not call.settle():
            return
        try:
            self._report(call.text.tag, outcome)
        except Exception as error:  # noqa: BLE001 - the caller's code; raised again when every call has ended
            self.fault = self.fault or error
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self._is_done.set()

    def settle_rest(self, *, patience: float) -> None:
        """Give running calls so many seconds to end, then report what is known of those that did not."""
        self._is_done.wait(patience)
        for call in self.calls:
            self.settle(call, call.cut_short("interrupted"))
