"""Sweep: settle doubts, end what is past its use, ask about what nobody reported."""

from __future__ import annotations

from reminders.ports import Job
from reminders.services.expire_overdue import expire_overdue as expire
from reminders.services.resolve_unknowns import poll_stuck as poll
from reminders.services.resolve_unknowns import resolve_unknowns as resolve
from workers.app import task
from workers.services import services


@task(Job.RESOLVE_UNKNOWNS)
def resolve_unknowns() -> None:
    """Find out what became of attempts without an outcome."""
    resolve(services().deps)


@task(Job.POLL_STUCK)
def poll_stuck() -> None:
    """Ask about texts that no final receipt followed."""
    poll(services().deps)


@task(Job.EXPIRE_OVERDUE)
def expire_overdue() -> None:
    """End reminders and messages that are past their use."""
    expire(services().deps)
