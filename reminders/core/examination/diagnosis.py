"""From facts to findings: everything that was looked at, in the order in which it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from reminders.core.examination.codes import Area, Code
from reminders.core.examination.facts import Facts
from reminders.core.examination.findings import Finding, faulty
from reminders.core.examination.judge_outside import judge_door, judge_mail, judge_provider
from reminders.core.examination.judge_running import judge_circuits, judge_running, judge_schedules
from reminders.core.examination.judge_servers import judge_broker, judge_clocks, judge_database
from reminders.core.examination.judge_setup import judge_clinics, judge_machine, judge_setup

_ORDER = {area: place for place, area in enumerate(Area)}


def diagnose(facts: Facts, *, machine_now: datetime) -> list[Finding]:
    """Return a line for everything that was looked at, by area."""
    return sorted(_all(facts, machine_now), key=lambda item: _ORDER[item.area])


def diagnose_settings(faults: Sequence[str]) -> list[Finding]:
    """Return what can be said where the settings cannot be used: nothing else can be looked at before."""
    found = []
    for fault in faults:
        name, colon, text = fault.partition(": ")
        found.append(faulty(Code.SETTINGS_UNREADABLE, "settings", fault, name if colon and text else "the settings"))
    return found


def _all(facts: Facts, machine_now: datetime) -> Iterator[Finding]:
    if facts.machine is not None:
        yield from judge_machine(facts.machine, facts.setup, machine_now=machine_now)
    yield from judge_setup(facts.setup)
    if facts.database is not None:
        yield from judge_database(facts.database)
    yield from judge_broker(facts.broker, facts.setup)
    yield from judge_provider(facts.provider, facts.setup)
    if facts.door is not None:
        yield from judge_door(facts.door, facts.setup)
    yield from judge_mail(facts.mail, facts.setup)
    yield from judge_clocks(facts)
    if facts.running is not None:
        yield from judge_clinics(facts.running.clinics)
        yield from judge_schedules(facts.running)
        yield from judge_circuits(facts.running)
    yield from judge_running(facts)
    for look, why in facts.lost.items():
        yield faulty(Code.LOOK_FAILED, look, why)
