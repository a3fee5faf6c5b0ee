"""Keep up with the clinic's schedule."""

from __future__ import annotations

from reminders.ports import Job
from reminders.services.watch_schedule import watch_schedule
from workers.app import task
from workers.services import services


@task(Job.SYNC_SCHEDULE)
def sync_schedule() -> None:
    """Read the configured schedule files again where they changed."""
    own = services()
    if own.facts.schedule_file is not None:
        watch_schedule(own.deps, own.facts.schedule_file, own.schedule_source)
