"""One pump for each channel and process: a second hint while it runs has nothing to add."""

from __future__ import annotations

import threading
from datetime import timedelta

from reminders.core.patients import Channel
from reminders.services.send_messages import pump
from workers.services import services

LASTS = timedelta(seconds=20)
_running = {channel: threading.Lock() for channel in Channel}
stopping = threading.Event()
"""Set when this process is told to stop: pumps then begin nothing new."""


def run_pump(channel: Channel) -> int:
    """Send what is due on a channel, unless this process is at it already; return how many left."""
    lock = _running[channel]
    if stopping.is_set() or not lock.acquire(blocking=False):
        return 0
    try:
        return pump(services().deps, channel, lasts=LASTS, wake=stopping.wait)
    finally:
        lock.release()
