"""Watch: read the configured schedule files again when they change, as careful as a person would be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import structlog

from reminders.core.errors import InputError
from reminders.core.tasks import USUAL_URGENCY, TaskKind
from reminders.ports import ScheduleSource
from reminders.services.deps import Deps
from reminders.services.sync_schedule import SyncOptions, sync_schedule
from reminders.store import tasks, vital_signs

log = structlog.get_logger()


def watch_schedule(deps: Deps, path: Path, source: Callable[[Path], ScheduleSource]) -> int:
    """Sync every file that changed since it was last read; return how many were read.

    A file with faults, or one that cancels too much, changes nothing and becomes a staff task.
    """
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    return sum(_read_if_changed(deps, file, source) for file in files)


def _read_if_changed(deps: Deps, file: Path, source: Callable[[Path], ScheduleSource]) -> bool:
    try:
        digest = hashlib.sha256(file.read_bytes()).digest()
    except OSError as error:
        log.warning("schedule.unreadable", error=type(error).__name__)
        return False
    with deps.store.looking() as tx:
        if vital_signs.last_digest(tx, str(file)) == digest:
            return False
    outcome = _sync(deps, source(file))
    with deps.store.transaction() as tx:
        now = deps.clock.now()
        vital_signs.remember_file(tx, str(file), digest, outcome, now=now)
        if outcome != "applied":
            kind = TaskKind.SCHEDULE_REFUSED
            task = tasks.Task(kind=kind, urgency=USUAL_URGENCY[kind], key=f"{kind}:{digest.hex()[:32]}")
            tasks.open_once(tx, deps.identity.new_id(), task, now=now)
    log.info("schedule.read", outcome=outcome)
    return True


def _sync(deps: Deps, source: ScheduleSource) -> str:
    try:
        report = sync_schedule(deps, source, SyncOptions())
    except InputError:
        return "not readable as a schedule"
    if report.is_applied:
        return "applied"
    return "waits for a yes: it cancels too much" if report.waits_for_yes else f"{len(report.faults)} faults"
