"""Send what is due: one pump for each channel."""

from __future__ import annotations

from reminders.core.patients import Channel
from reminders.ports import Job
from reminders.services.fly_canaries import fly_canary as fly
from workers.app import task
from workers.pumps import run_pump
from workers.services import services


@task(Job.SEND_SMS)
def send_sms() -> None:
    """Send texts until nothing is due."""
    run_pump(Channel.SMS)


@task(Job.SEND_EMAIL)
def send_email() -> None:
    """Send e-mails until nothing is due."""
    run_pump(Channel.EMAIL)


@task(Job.FLY_CANARY)
def fly_canary() -> None:
    """Fly the newest canary. No thread that looks for itself does this: it proves that the broker wakes us."""
    fly(services().deps, services().stub_provider)
