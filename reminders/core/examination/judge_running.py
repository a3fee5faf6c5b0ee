"""Judge the service at work: its processes, its circuits, the test message, and what waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from reminders.core.alarms import SILENT
from reminders.core.canaries import TOLD_WITHIN, Stop, last_through, stuck_at
from reminders.core.circuit import Cause
from reminders.core.examination.codes import Area, Code
from reminders.core.examination.facts import ChildFacts, Facts, RunningFacts, SetupFacts
from reminders.core.examination.findings import Finding, faulty, judged, well
from reminders.core.examination.sizes import span

MANY_RESTARTS = 3
BEAT, WATCH, WORKER = "beat", "watch", "worker"
APPLIED = "applied"
_PR = Area.PROCESSES
_STOPPED = {"sms": Code.TEXTS_STOPPED, "email": Code.MAILS_STOPPED}
_PAUSED = {"sms": Code.TEXTS_PAUSED, "email": Code.MAILS_PAUSED}
_AREAS = {"sms": Area.PROVIDER, "email": Area.MAIL}
_CAUSES = {
    Cause.FAILURES: "too many calls failed",
    Cause.CONFIGURATION: "it refuses how we are set up",
    Cause.LIMIT: "it asked us to slow down",
}
_STOPS = {
    Stop.BEGIN: f"none in the last {span(TOLD_WITHIN)}",
    Stop.CALL: "the broker brought it to no worker that sends texts",
    Stop.RECEIPT: "the web process did not take its receipt",
    Stop.HEARING: "the worker of inbound does not apply its receipt",
    Stop.TELLING: "it came through, but REMINDERS_HEARTBEAT_URL does not answer",
}


def judge_running(facts: Facts) -> Iterator[Finding]:
    """Judge what the database and the supervisor tell of the processes."""
    running, children = facts.running, facts.children
    yield from _children(children, facts.setup)
    if running is None:
        if not children:
            yield faulty(Code.NOTHING_RUNS, "processes", "no sign of life")
        return
    names = {name for name, at in running.beats.items() if running.machine_now - at <= SILENT}
    if not names and not children:
        latest = max(running.beats.values(), default=None)
        text = "no sign of life yet" if latest is None else f"last sign of life {_ago(running, latest)}"
        yield faulty(Code.NOTHING_RUNS, "processes", text)
    else:
        yield from _signs(running, facts.setup, names)
        yield from _canary(running, facts.setup)
    yield from _waiting(running)


def _children(children: tuple[ChildFacts, ...], setup: SetupFacts) -> Iterator[Finding]:
    for child in children:
        log = f"{setup.data_dir}/logs/{child.name}.log"
        if not child.is_ready:
            yield faulty(Code.PROCESS_DOWN, child.name, f"{child.phase}, {child.restarts} restarts", log)
        elif child.restarts >= MANY_RESTARTS:
            yield faulty(Code.PROCESS_RESTARTS, child.name, f"{child.restarts} restarts", log)
    good = [child.name for child in children if child.is_ready]
    if good:
        yield well(_PR, "supervisor", f"keeps up {', '.join(good)}")


def _signs(running: RunningFacts, setup: SetupFacts, fresh: set[str]) -> Iterator[Finding]:
    for name in _expected(setup, fresh):
        at = running.beats.get(name)
        text = "no sign of life ever" if at is None else f"last sign of life {_ago(running, at)}"
        yield judged(None if name in fresh else Code.PROCESS_SILENT, _PR, name, text)


def _expected(setup: SetupFacts, fresh: set[str]) -> list[str]:
    """Return who must be there: one worker for everything, or one for each kind of work."""
    if WORKER in fresh or not any(name.startswith(f"{WORKER}-") for name in fresh):
        return [WORKER, BEAT, WATCH]
    kinds = {"sms": setup.sms_host is not None, "email": setup.has_email, "inbound": True, "upkeep": True}
    return [*(f"{WORKER}-{kind}" for kind, is_needed in kinds.items() if is_needed), BEAT, WATCH]


def _ago(running: RunningFacts, at: datetime) -> str:
    return f"{span(running.machine_now - at)} ago"


def _canary(running: RunningFacts, setup: SetupFacts) -> Iterator[Finding]:
    subject, is_told_outside = "test message", setup.has_heartbeat
    through = last_through(running.canaries, is_told_outside=is_told_outside)
    if through is not None and running.machine_now - through <= TOLD_WITHIN:
        yield well(_PR, subject, f"one begun {_ago(running, through)} came through all parts")
        return
    stop = stuck_at(running.canaries, is_told_outside=is_told_outside, machine_now=running.machine_now)
    code = Code.CANARY_MISSING if stop is Stop.BEGIN else Code.CANARY_STUCK
    yield faulty(code, subject, _STOPS[stop])


def _waiting(running: RunningFacts) -> Iterator[Finding]:
    for account, since in running.held_since.items():
        yield faulty(Code.RESENDS_HELD, account.partition(":")[0], f"since {since:%d %b %H:%M} UTC")
    late = running.overdue
    if late is None:
        yield well(_PR, "due messages", "none waits longer than it should")
        return
    waits = span((running.now - late.due_at) / running.speed)
    yield faulty(Code.MESSAGES_OVERDUE, "due messages", f"{late.count} late, one by {waits}", late.message)


def judge_circuits(running: RunningFacts) -> Iterator[Finding]:
    """Judge whether calls are held back, and why; each circuit in the area of what it guards."""
    for account, circuit in running.circuits.items():
        channel = account.partition(":")[0]
        if channel not in _AREAS:
            continue
        if circuit.cause is None:
            yield well(_AREAS[channel], "circuit", "closed: calls are made")
            continue
        code = (_STOPPED if circuit.cause is Cause.CONFIGURATION else _PAUSED)[channel]
        since = f" since {circuit.opened_at:%d %b %H:%M} UTC" if circuit.opened_at else ""
        yield faulty(code, "circuit", f"open{since}: {_CAUSES[circuit.cause]}")


def judge_schedules(running: RunningFacts) -> Iterator[Finding]:
    """Judge how the last reading of each watched schedule file ended."""
    for path, outcome in running.schedules.items():
        code = None if outcome == APPLIED else Code.SCHEDULE_REFUSED
        yield (
            faulty(code, "schedule", f"{path}: {outcome}", path)
            if code
            else well(Area.CONFIGURATION, "schedule", f"{path}: {outcome}")
        )
