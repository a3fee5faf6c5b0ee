"""`reminders status`: the ledger, the processes, the coming appointments with their answers, and the worklist."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from reminders.cli.opening import opened
from reminders.cli.tables import BOLD, GREEN, RED, paint, print_table
from reminders.cli.watch import to_list
from reminders.core.alarms import Vitals, alarms, minutes
from reminders.core.canaries import last_through
from reminders.core.delivery import MessageState
from reminders.core.labels import MESSAGE_STATES, RIDES, title
from reminders.core.pauses import Pause
from reminders.core.tasks import TITLES
from reminders.core.transport import RideState
from reminders.services.apply_clinics import known_clinics
from reminders.services.pause import list_pauses
from reminders.services.read_status import AppointmentLine, Status, read_status
from reminders.services.read_worklist import TaskLine
from reminders.services.watch_vitals import read_vitals
from reminders.supervisor import TreeState, read_state

if TYPE_CHECKING:
    from reminders.bootstrap import Facts
    from reminders.core.clinics import Clinic

DONE = 0
DAY_AND_TIME = "%a %d %b %H:%M"
NO_CANARY = "no test message came through in the last hour"
COMING = {"booked", "arrived"}


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Show the state of things; with `--json` all of it, for programs."""
    with opened(arguments, environment) as services:
        services.migrate()
        status = read_status(services.deps, days=arguments.days)
        facts, speed = services.facts, services.deps.clock.speed
        pauses = list_pauses(services.deps, None, with_ended=False)
        vitals = read_vitals(services.deps, is_told_outside=services.heartbeat is not None)
        zones = sorted({clinic.tz.key for clinic in known_clinics(services.deps)}) or ["UTC"]
    tree = read_state(facts.data_dir)
    if arguments.json:
        print(json.dumps(to_document(status, facts, tree, vitals, speed=speed), ensure_ascii=False, indent=2))
    else:
        now = ", ".join(f"{_local(status.now, zone)} ({zone})" for zone in zones)
        print(f"{now}{_pace(speed) if facts.is_simulated else ''}")
        _show(status, tree, vitals, pauses, environment)
    return DONE


def _pace(speed: float) -> str:
    return ", simulated" if speed == 1 else f", simulated, {speed:g} times as fast"


def to_document(
    status: Status, facts: Facts, tree: TreeState | None, vitals: Vitals, *, speed: float
) -> dict[str, object]:
    """Return everything for programs. Instants are UTC in ISO 8601: the clinic's time but for signs of life."""
    found = status.ledger
    return {
        "now": status.now.isoformat(),
        "clock": {"simulated": facts.is_simulated, "speed": speed, "machine_now": status.machine_now.isoformat()},
        "ledger": {
            "reminders": found.reminders,
            "messages": found.messages,
            "attempts": found.attempts,
            "contradictions": found.contradictions,
            "balanced": found.is_balanced,
            "possible_doubles": found.possible_doubles,
            "proven_doubles": found.proven_doubles,
        },
        "appointments": [_appointment(line) for line in status.appointments],
        "tasks": [_task(line) for line in status.tasks],
        "processes": _processes(status, tree),
        "canary": _iso(last_through(vitals.canaries, is_told_outside=vitals.is_told_outside)),
        "alarms": to_list(alarms(vitals, status.machine_now)) if vitals.signs else [],
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _appointment(line: AppointmentLine) -> dict[str, object]:
    message, reply = line.last_message, line.last_reply
    return {
        "clinic": line.clinic,
        "external_id": line.external_id,
        "patient": line.patient,
        "name": line.name,
        "starts_at": line.starts_at.isoformat(),
        "timezone": line.timezone,
        "status": line.status,
        "confirmed": line.is_confirmed,
        "ride": line.ride is RideState.ARRANGED,
        "ride_state": line.ride,
        "last_message": message
        and {"at": message.at.isoformat(), "kind": message.kind, "state": message.state, "reason": message.reason},
        "last_reply": reply and {"at": reply.at.isoformat(), "intent": reply.kind, "decision": reply.state},
    }


def _task(line: TaskLine) -> dict[str, object]:
    task = line.task
    return {
        "kind": task.kind,
        "title": TITLES[task.kind],
        "next_action": line.next_action,
        "urgency": task.urgency,
        "id": line.short_id,
        "due_at": line.due_at.isoformat(),
        "owner": task.owner,
        "name": line.name,
        "starts_at": line.starts_at.isoformat() if line.starts_at else None,
        "opened_at": task.opened_at.isoformat() if task.opened_at else None,
        "reason": task.reason,
    }


def _processes(status: Status, tree: TreeState | None) -> list[dict[str, object]]:
    """Join what the supervisor knows with the signs of life; either may know of a process that the other does not."""
    children = {child.name: child for child in tree.children} if tree else {}
    return [
        {
            "name": name,
            "phase": children[name].phase if name in children else None,
            "pid": children[name].pid if name in children else None,
            "restarts": children[name].restarts if name in children else None,
            "since": children[name].since if name in children else None,
            "last_sign_of_life": status.beats[name].isoformat() if name in status.beats else None,
        }
        for name in dict.fromkeys((*children, *status.beats))
    ]


def _show(
    status: Status,
    tree: TreeState | None,
    vitals: Vitals,
    pauses: Sequence[tuple[Clinic, Pause]],
    environment: Mapping[str, str],
) -> None:
    _show_ledger(status, environment)
    _show_processes(status, tree, environment)
    _show_vitals(vitals, status.machine_now, environment)
    _show_appointments(status, environment)
    _show_pauses(pauses, environment)
    _show_tasks(status, environment)


def _show_ledger(status: Status, environment: Mapping[str, str]) -> None:
    found = status.ledger
    for name, counts in (("reminders", found.reminders), ("messages", found.messages)):
        parts = " + ".join(f"{number} {state}" for state, number in counts.items() if number)
        total = sum(counts.values())
        print(f"{name}: {total} = {parts}" if total else f"{name}: none")
    if found.is_balanced:
        print(paint("the ledger balances", GREEN, environment), end="")
    else:
        wrong = ", ".join(f"{name} {number}" for name, number in found.contradictions.items() if number)
        print(paint(f"THE LEDGER DOES NOT BALANCE: {wrong}", RED, environment), end="")
    print(f"; possible doubles: {found.possible_doubles}, proven: {found.proven_doubles}")


def _show_processes(status: Status, tree: TreeState | None, environment: Mapping[str, str]) -> None:
    _headline("Processes", environment)
    if tree is None:
        print("nothing is running on this data folder under `up` or `demo`")
    rows = [
        (
            str(item["name"]),
            str(item["phase"] or ""),
            str(item["pid"] or ""),
            "" if item["restarts"] is None else str(item["restarts"]),
            _ago(status, str(item["name"])),
        )
        for item in _processes(status, tree)
    ]
    print_table(("Name", "State", "Process", "Restarts", "Sign of life"), rows, environment)


def _show_vitals(vitals: Vitals, machine_now: datetime, environment: Mapping[str, str]) -> None:
    """Say in two lines whether everything works; where nothing ever ran there is nothing to say."""
    if not vitals.signs:
        return
    through = last_through(vitals.canaries, is_told_outside=vitals.is_told_outside)
    print(f"the last test message came through {minutes(machine_now - through)} ago" if through else NO_CANARY)
    found = alarms(vitals, machine_now)
    names = ", ".join(" ".join(filter(None, alarm.key)) for alarm in found)
    wrong = f"ALARMS ({len(found)}): {names}; `reminders watch --once` says what to do"
    print(paint(wrong, RED, environment) if found else "no alarms")


def _ago(status: Status, name: str) -> str:
    beat = status.beats.get(name)
    return "" if beat is None else f"{max(0, round((status.machine_now - beat).total_seconds()))} s ago"


def _show_appointments(status: Status, environment: Mapping[str, str]) -> None:
    coming = [line for line in status.appointments if line.status in COMING and line.starts_at >= status.now]
    _headline(f"Coming sessions ({len(coming)})", environment)
    rows = [
        (
            _local(line.starts_at, line.timezone),
            line.name,
            line.external_id,
            "confirmed" if line.is_confirmed else "",
            RIDES[line.ride],
            _last_message(line),
        )
        for line in coming
    ]
    print_table(("Start", "Patient", "Session", "Confirmed", "Ride", "Last message"), rows, environment)


def _last_message(line: AppointmentLine) -> str:
    last = line.last_message
    return "" if last is None else f"{title(last.kind)}, {MESSAGE_STATES[MessageState(last.state)]}"


def _show_pauses(found: Sequence[tuple[Clinic, Pause]], environment: Mapping[str, str]) -> None:
    """Say what is held back, or a patient who hears nothing looks like a fault."""
    if found:
        _headline(f"Paused ({len(found)})", environment)
        rows = [(item.kind.value, item.subject, item.reason, clinic.slug) for clinic, item in found]
        print_table(("What", "Which", "Reason", "Clinic"), rows, environment)


def _show_tasks(status: Status, environment: Mapping[str, str]) -> None:
    _headline(f"Tasks for people ({len(status.tasks)})", environment)
    rows = [
        (
            line.task.urgency,
            line.name or "",
            _local(line.starts_at, line.timezone) if line.starts_at else "",
            f"{TITLES[line.task.kind]}. {line.next_action}",
        )
        for line in status.tasks
    ]
    print_table(("Urgency", "Patient", "Session", "What to do"), rows, environment)


def _headline(text: str, environment: Mapping[str, str]) -> None:
    print(f"\n{paint(text, BOLD, environment)}")


def _local(at: datetime, timezone: str) -> str:
    return at.astimezone(ZoneInfo(timezone)).strftime(DAY_AND_TIME)
