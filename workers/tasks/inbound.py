"""Work off what came in."""

from __future__ import annotations

from reminders.ports import Job
from reminders.services.apply_receipts import apply_receipts as apply_stored
from reminders.services.receive_replies import receive_replies as receive_stored
from workers.app import task
from workers.services import services


@task(Job.APPLY_RECEIPTS)
def apply_receipts() -> None:
    """Apply receipts that were stored."""
    apply_stored(services().deps)


@task(Job.RECEIVE_REPLIES)
def receive_replies() -> None:
    """Read replies that were stored."""
    receive_stored(services().deps)
