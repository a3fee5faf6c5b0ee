"""Work off what came in."""

from __future__ import annotations

from reminders.ports import Job
from reminders.services.apply_receipts import apply_receipts as apply_stored
from reminders.services.escalate import climb as climb_on
from reminders.services.fly_canaries import hear_canaries
from reminders.services.receive_replies import receive_replies as receive_stored
from workers.app import task
from workers.services import services
from workers.turns import Turn


def _apply() -> None:
    apply_stored(services().deps)
    hear_canaries(services().deps)


def _receive() -> None:
    receive_stored(services().deps)


_applying, _receiving = Turn(_apply), Turn(_receive)
"""Every group that arrives brings a hint: side by side they would only look at what another holds."""


@task(Job.APPLY_RECEIPTS)
def apply_receipts() -> None:
    """Apply receipts that were stored, canaries' among them."""
    _applying.take()


@task(Job.RECEIVE_REPLIES)
def receive_replies() -> None:
    """Read replies that were stored."""
    _receiving.take()


@task(Job.CLIMB)
def climb() -> None:
    """Tell the next of those who are called about a patient, until somebody takes over."""
    climb_on(services().deps)
