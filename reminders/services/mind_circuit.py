"""Mind the circuit of a provider account: note how calls went, tell staff once when it opens for good reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from reminders.core.circuit import Call, Cause, Circuit, Passage
from reminders.core.delivery import resends_too_much
from reminders.core.patients import Channel
from reminders.core.tasks import USUAL_URGENCY, Resolver, TaskKind
from reminders.services.deps import Deps
from reminders.services.read_time import Moment, moment_at
from reminders.store import circuits, clinics, doubles, tasks
from reminders.store.unit_of_work import Transaction

log = structlog.get_logger()


def passage(tx: Transaction, deps: Deps, channel: Channel, *, now: datetime) -> Passage:
    """Say who may go through now; changes nothing."""
    return circuits.read(tx, deps.accounts[channel]).passage(now=now)


def read_passage(tx: Transaction, deps: Deps, channel: Channel) -> tuple[Moment, Passage]:
    """Read the clocks (see `read_moment`), and who may go through at that moment."""
    moment, found = read_circuit(tx, deps, channel)
    return moment, found.passage(now=moment.now)


def read_circuit(tx: Transaction, deps: Deps, channel: Channel) -> tuple[Moment, Circuit]:
    """Read the clocks (see `read_moment`), and the circuit as it stands, in one trip."""
    found, database_now = circuits.read_with_clock(tx, deps.accounts[channel])
    return moment_at(database_now, deps, channel), found


def take_probe(tx: Transaction, deps: Deps, channel: Channel, *, now: datetime) -> bool:
    """Take the right to make the one call that finds out; False where another worker has it or nothing is to find."""
    name = deps.accounts[channel]
    found = circuits.lock(tx, name)
    if found.passage(now=now) is not Passage.ONE:
        return False
    circuits.write(tx, name, found.probing(now=now, speed=deps.clock.speed))
    return True


def note_calls(
    tx: Transaction, deps: Deps, channel: Channel, calls: Sequence[Call], moment: Moment, *, seen: Circuit | None = None
) -> None:
    """Note how calls went. While all go well nothing is written, so that healthy workers never wait for each other.

    `seen` is the circuit, where this transaction read it already.
    """
    _change(tx, deps, channel, moment, lambda found: _after(deps, found, calls, moment), seen=seen)


def note_refused_later(tx: Transaction, deps: Deps, channel: Channel, moment: Moment) -> None:
    """Note that carriers refused a message, which the provider had taken, for the sake of how we are set up."""
    now, machine_now, speed = moment.now, moment.machine_now, deps.clock.speed
    _change(tx, deps, channel, moment, lambda found: found.refused_later(now=now, machine_now=machine_now, speed=speed))


def note_arrival(tx: Transaction, deps: Deps, channel: Channel, begun_at: datetime, moment: Moment) -> None:
    """Note that a message arrived which was called for at that time (the clinic's)."""
    _change(tx, deps, channel, moment, lambda found: found.arrived(begun_at))


def _change(
    tx: Transaction,
    deps: Deps,
    channel: Channel,
    moment: Moment,
    change: Callable[[Circuit], Circuit],
    *,
    seen: Circuit | None = None,
) -> None:
    name = deps.accounts[channel]
    seen = circuits.read(tx, name) if seen is None else seen
    if change(seen) == seen:
        return
    before = circuits.lock(tx, name)
    after = change(before)
    circuits.write(tx, name, after)
    if after.is_open and (before.cause, before.opened_at) != (after.cause, after.opened_at):
        log.warning("circuit.opened", channel=channel.value, cause=str(after.cause))
        _tell(tx, deps, after, name, moment)
    if before.is_open and not after.is_open:
        log.info("circuit.closed", channel=channel.value)
        tasks.resolve(tx, _keys(tx, before, name), by=Resolver.PROVIDER, now=moment.now)


def _after(deps: Deps, before: Circuit, calls: Sequence[Call], moment: Moment) -> Circuit:
    return before.after(calls, now=moment.now, machine_now=moment.machine_now, speed=deps.clock.speed)


def _tell(tx: Transaction, deps: Deps, item: Circuit, name: str, moment: Moment) -> None:
    """Open one task at each clinic, where a person has to do something about it (requirement 21)."""
    if item.cause is not Cause.CONFIGURATION:
        return
    kind = TaskKind.CHANNEL_PAUSED
    found = [
        (deps.identity.new_id(), tasks.Task(kind=kind, urgency=USUAL_URGENCY[kind], key=key, clinic_id=clinic_id))
        for clinic_id, key in zip(clinics.every(tx), _keys(tx, item, name), strict=True)
    ]
    tasks.open_many(tx, found, now=moment.now)


def _keys(tx: Transaction, item: Circuit, name: str) -> list[str]:
    since = item.opened_at.isoformat(timespec="seconds") if item.opened_at else ""
    return [f"{TaskKind.CHANNEL_PAUSED}:{clinic_id}:{name[:40]}:{since}" for clinic_id in clinics.every(tx)]


def hold_if_doubled(tx: Transaction, deps: Deps, *, now: datetime) -> None:
    """Hold doubtful texts from now on if too many resent ones proved to be doubles (reliability (a), step 7)."""
    name = deps.accounts[Channel.SMS]
    if circuits.holds_unknown_since(tx, name) is not None:
        return
    count, left = doubles.count(tx, now=now, after=circuits.resends_allowed_at(tx, name))
    if not resends_too_much(count, left):
        return
    circuits.hold_unknown(tx, name, now)
    log.warning("resends.held", doubles=count, count=left)
    kind = TaskKind.RESENDS_HELD
    found = [
        tasks.Task(kind=kind, urgency=USUAL_URGENCY[kind], key=f"{kind}:{key}:{now.isoformat()}", clinic_id=key)
        for key in clinics.every(tx)
    ]
    tasks.open_many(tx, [(deps.identity.new_id(), item) for item in found], now=now)
