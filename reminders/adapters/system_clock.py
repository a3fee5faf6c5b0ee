"""The machine's clock, and a clinic's time that can be simulated and run fast."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile

from reminders.core.errors import SettingsError

_LONGEST_NAP_SECONDS = 30.0
"""The wall clock may be set while we sleep."""
_NAP_BEFORE_START_SECONDS = 0.1


class SystemClock:
    """The clinic's time is the machine's time."""

    @property
    def speed(self) -> float:
        """Real time."""
        return 1.0

    def now(self) -> datetime:
        """Return the machine's time, UTC."""
        return datetime.now(UTC)

    def machine_now(self) -> datetime:
        """Return the machine's time, UTC."""
        return datetime.now(UTC)

    def skew_from(self, other: datetime) -> timedelta:
        """Return how far another machine's clock, read just now, is ahead of this machine's."""
        return other - self.machine_now()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def sleep_until(self, at: datetime, *, at_most: timedelta, wake: Callable[[float], bool]) -> None:
        """Wait until the machine's time is `at`, at most so long, or until `wake` says to stop."""
        deadline = self.monotonic() + at_most.total_seconds()
        while (left := min((at - self.now()).total_seconds(), deadline - self.monotonic())) > 0:
            if wake(min(left, _LONGEST_NAP_SECONDS)):
                return


@dataclass(frozen=True, slots=True)
class SimulatedTime:
    """Where a simulated time begins (UTC), and how many of its seconds pass in one of the machine's."""

    start: datetime
    speed: float

    @property
    def text(self) -> str:
        """The form that `parse_clock` reads."""
        return f"{self.start.isoformat()}@{self.speed:g}"


def parse_clock(text: str) -> SimulatedTime:
    """Read START_ISO@SPEED. Raises SettingsError that says what would be right."""
    start, at_sign, speed = text.strip().rpartition("@")
    wanted = "wanted is START@SPEED, such as 2027-03-01T08:00:00-05:00@600, or the word system"
    if not at_sign:
        raise SettingsError([f"REMINDERS_CLOCK: {text!r} has no speed; {wanted}"])
    try:
        begins_at = datetime.fromisoformat(start)
    except ValueError:
        raise SettingsError([f"REMINDERS_CLOCK: {start!r} is not an ISO 8601 date and time; {wanted}"]) from None
    if begins_at.tzinfo is None:
        raise SettingsError([f"REMINDERS_CLOCK: {start!r} lacks an offset, such as Z or -05:00; {wanted}"])
    return SimulatedTime(begins_at.astimezone(UTC), _speed(speed, wanted))


def _speed(text: str, wanted: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not (math.isfinite(speed) and speed > 0):
        raise SettingsError([f"REMINDERS_CLOCK: the speed {text!r} is not a number above zero; {wanted}"])
    return speed


class SimulatedClock:
    """A clinic's time that stands at its start until somebody lets it run, and then runs alike in every process.

    What the processes share is the anchor file: the machine's time at which this simulated time began to run.
    """

    def __init__(self, start: datetime, speed: float, anchor_file: Path) -> None:
        """Stand still at `start` until the anchor file says otherwise."""
        self._time = SimulatedTime(start.astimezone(UTC), speed)
        self._file = anchor_file
        self._anchor: datetime | None = None

    @property
    def speed(self) -> float:
        """How many seconds of clinic time pass in one of machine time."""
        return self._time.speed

    def now(self) -> datetime:
        """Return the simulated time, UTC; never before its start."""
        anchor = self._find_anchor()
        if anchor is None:
            return self._time.start
        return self._time.start + max(self.machine_now() - anchor, timedelta(0)) * self._time.speed

    def machine_now(self) -> datetime:
        """Return the machine's time, UTC."""
        return datetime.now(UTC)

    def skew_from(self, other: datetime) -> timedelta:
        """Return how far another machine's clock, read just now, is ahead of this machine's."""
        return other - self.machine_now()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def sleep_until(self, at: datetime, *, at_most: timedelta, wake: Callable[[float], bool]) -> None:
        """Wait until the simulated time is `at`, at most so long in machine time, or until `wake` says to stop."""
        deadline = self.monotonic() + at_most.total_seconds()
        while True:
            to_wait = (at - self.now()).total_seconds() / self.speed
            left = min(to_wait, deadline - self.monotonic())
            longest = _NAP_BEFORE_START_SECONDS if self._anchor is None else _LONGEST_NAP_SECONDS
            if left <= 0 or wake(min(left, longest)):
                return

    def start_running(self) -> None:
        """Let the time run from its start, unless it runs already: then it goes on where a restart left it."""
        if self._find_anchor() is not None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"clock": self._time.text, "anchor": self.machine_now().isoformat()})
        with NamedTemporaryFile("w", dir=self._file.parent, prefix=self._file.name, delete=False) as draft:
            draft.write(text)
        Path(draft.name).replace(self._file)  # other processes see the whole file or none

    def _find_anchor(self) -> datetime | None:
        if self._anchor is None:
            self._anchor = self._read_anchor()
        return self._anchor

    def _read_anchor(self) -> datetime | None:
        try:
            content = json.loads(self._file.read_text(encoding="utf-8"))
            is_ours = content["clock"] == self._time.text
            return datetime.fromisoformat(content["anchor"]) if is_ours else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return None  # a file that cannot be read is replaced by the next start
