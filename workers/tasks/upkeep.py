"""Sweep: settle doubts, end what is past its use, ask about what nobody reported, open what time alone brings."""

from __future__ import annotations

from reminders.ports import Job
from reminders.services.expire_overdue import expire_overdue as expire
from reminders.services.fly_canaries import release_canary as release
from reminders.services.follow_up import follow_up as ask_again
from reminders.services.hurry_opt_outs import hurry_opt_outs as hurry
from reminders.services.index_patients import index_patients as index
from reminders.services.keep_feed import keep_feed as keep
from reminders.services.look_up_lines import look_up_lines as look_up
from reminders.services.purge import purge as let_go
from reminders.services.resolve_unknowns import poll_stuck as poll
from reminders.services.resolve_unknowns import resolve_unknowns as resolve
from reminders.services.watch_appointments import watch_appointments as watch
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


@task(Job.WATCH_APPOINTMENTS)
def watch_appointments() -> None:
    """Open the tasks about rides and outcomes whose time has come."""
    watch(services().deps)


@task(Job.FOLLOW_UP)
def follow_up() -> None:
    """Ask once more where a check-in has no answer, and open the tasks about those that stay without."""
    ask_again(services().deps)


@task(Job.HURRY_OPT_OUTS)
def hurry_opt_outs() -> None:
    """Bring opt-out requests to the top of the worklist whose deadline comes near."""
    hurry(services().deps)


@task(Job.LOOK_UP_LINES)
def look_up_lines() -> None:
    """Ask what kind of line the numbers are that will be texted next."""
    look_up(services().deps)


@task(Job.KEEP_FEED)
def keep_feed() -> None:
    """Number what happened, and forget old answers of the API."""
    keep(services().deps)


@task(Job.INDEX_PATIENTS)
def index_patients() -> None:
    """Make patients who were stored before there was an index searchable by it."""
    index(services().deps)


@task(Job.PURGE)
def purge() -> None:
    """Let go what may be kept no longer."""
    let_go(services().deps)


@task(Job.RELEASE_CANARY)
def release_canary() -> None:
    """Begin this minute's canary, and tell outside of the last one that came through."""
    own = services()
    release(own.deps, own.heartbeat)
