"""The simulator's time: the machine's own clock, and the time it shows to people.

The provider stamps everything in real UTC, as Twilio does. Pages may show the simulated time of a running demo instead,
read from a small JSON file that the demo writes: `{"start": ISO, "speed": N, "anchor": ISO, "zone": IANA name}`.
At the real instant `anchor` the simulated clock stood at `start`; it runs `speed` times as fast as the real one.
"""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The machine's time as an aware UTC instant."""
    return datetime.now(tz=UTC)


def ticks() -> float:
    """Seconds of a clock that never goes back, for measuring and for numbering changes."""
    return time.monotonic()


def rfc2822(at: datetime | None) -> str | None:
    """An instant in the form of Twilio's resources, for example `Fri, 24 May 2019 17:44:46 +0000`."""
    return None if at is None else format_datetime(at.astimezone(UTC))


def as_instant(text: str) -> datetime:
    """Read an ISO instant; one without an offset counts as UTC, as Twilio reads it.

    Raises:
        ValueError: if the text is no ISO date and time.
    """
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class _Pace:
    start_at: datetime
    anchor_at: datetime
    speed: float
    zone: ZoneInfo | None


class ShownClock:
    """Turns real instants into the time that pages show.

    Without a clock file that is the real time in `zone`. The file is read again when it changes, and may appear late.
    """

    def __init__(self, clock_file: Path | None, zone: ZoneInfo) -> None:
        self._file = clock_file
        self._zone = zone
        self._pace: _Pace | None = None
        self._read_stamp = 0

    def shown(self, at: datetime) -> datetime:
        """The time to show for a real instant, in the zone of the pages."""
        self._refresh()
        pace = self._pace
        if pace is None:
            return at.astimezone(self._zone)
        return (pace.start_at + (at - pace.anchor_at) * pace.speed).astimezone(pace.zone or self._zone)

    def is_simulated(self) -> bool:
        """Whether a clock file is in force."""
        self._refresh()
        return self._pace is not None

    def _refresh(self) -> None:
        if self._file is None:
            return
        try:
            stamp = self._file.stat().st_mtime_ns
            if stamp == self._read_stamp:
                return
            content = json.loads(self._file.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return  # not written yet, or half written: the next look finds it whole
        self._read_stamp = stamp
        zone = content.get("zone")
        self._pace = _Pace(
            start_at=as_instant(content["start"]),
            anchor_at=as_instant(content["anchor"]),
            speed=float(content["speed"]),
            zone=ZoneInfo(zone) if zone else None,
        )
