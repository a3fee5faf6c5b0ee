"""Read the time by which messages leave and end: the database's, unless this machine's clock contradicts it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reminders.core.clock_sanity import ClockFault, clock_fault, correction
from reminders.core.patients import Channel
from reminders.core.tasks import USUAL_URGENCY, Resolver, TaskKind
from reminders.services.deps import Deps
from reminders.store import clinics, database_clock, tasks
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Moment:
    """One reading: the clinic's time and the machine's, both by the database's clock, and what is wrong with clocks."""

    now: datetime
    machine_now: datetime
    fault: ClockFault | None


def read_moment(tx: Transaction, deps: Deps, channel: Channel = Channel.SMS) -> Moment:
    """Read the clocks. With a fault nothing may leave: neither quiet hours nor leases could be trusted.

    What the provider of texts says of the time counts for texts; a mail server says nothing.
    """
    return moment_at(database_clock.read(tx), deps, channel)


def moment_at(database_now: datetime, deps: Deps, channel: Channel = Channel.SMS) -> Moment:
    """Return the moment at which the database's clock said this."""
    skew = deps.clock.skew_from(database_now)
    shift = correction(skew)
    provider = deps.sms.skew if deps.sms is not None and channel is Channel.SMS else None
    fault = clock_fault(skew, provider)
    return Moment(deps.clock.now() + shift * deps.clock.speed, deps.clock.machine_now() + shift, fault)


def report_clocks(tx: Transaction, deps: Deps, *, now: datetime) -> None:
    """Tell each clinic, once a day, that sending waits for the clocks."""
    kind = TaskKind.CLOCK_WRONG
    day = now.date().isoformat()
    found = [
        tasks.Task(kind=kind, urgency=USUAL_URGENCY[kind], key=f"{kind}:{clinic_id}:{day}", clinic_id=clinic_id)
        for clinic_id in clinics.every(tx)
    ]
    # What time settled that day is open again once they disagree anew.
    tasks.open_anew(tx, [(deps.identity.new_id(), item) for item in found], now=now, settled_by=Resolver.TIME)
