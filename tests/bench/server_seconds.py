"""How much processor time a PostgreSQL on this machine has used."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import text

from reminders.store.unit_of_work import Store

TICKS = os.sysconf("SC_CLK_TCK")
USER, SYSTEM = 11, 12
"""Places in /proc/PID/stat behind the name of the program (proc(5): utime, stime)."""


def server_seconds(store: Store) -> float:
    """Return the seconds that all processes of the server that live now have used; ask before and after."""
    with store.reading() as tx:
        pids = tx.connection.scalars(text("SELECT pid FROM pg_stat_activity")).all()
    return sum(_seconds(pid) for pid in pids)


def _seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[USER]) + int(fields[SYSTEM])) / TICKS
