"""Send what is due: one pump for each channel."""

from __future__ import annotations

from reminders.core.patients import Channel
from reminders.ports import Job
from workers.app import task
from workers.pumps import run_pump


@task(Job.SEND_SMS)
def send_sms() -> None:
    """Send texts until nothing is due."""
    run_pump(Channel.SMS)


@task(Job.SEND_EMAIL)
def send_email() -> None:
    """Send e-mails until nothing is due."""
    run_pump(Channel.EMAIL)
