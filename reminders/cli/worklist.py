"""`reminders worklist`: what needs a person, in the order of the morning; take it, hand it on, resolve it."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from reminders.cli.authors import author
from reminders.cli.opening import opened
from reminders.cli.tables import room
from reminders.cli.worklist_words import listing, story
from reminders.core.errors import InputError
from reminders.core.instants import iso
from reminders.core.tasks import GROUPS, TITLES, Group, Outcome, TaskKind, proofs, told
from reminders.services.read_worklist import Filter, TaskLine, Worklist, read_task, read_worklist
from reminders.services.work_tasks import Resolution, assign_task, reopen_task, resolve_task, take_task

if TYPE_CHECKING:
    from reminders.services.deps import Deps

DONE = 0


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Show the list or one task, or work on one.

    Raises NotFoundError for a task that nobody knows, InputError for a name that means several, and for a task that
    somebody else took or resolved first.
    """
    with opened(arguments, environment) as services:
        services.migrate()
        match arguments.verb:
            case None:
                _list(arguments, read_worklist(services.deps, _filter(arguments)), environment)
            case "show":
                now, line = read_task(services.deps, arguments.id)
                _show(arguments, line, now, environment)
            case _:
                line = _work(services.deps, arguments)
                _report(arguments, line, services.deps.clock.now())
    return DONE


def _filter(arguments: Namespace) -> Filter:
    owner = author(arguments.by) if arguments.mine else arguments.owner
    unknown = sorted(set(arguments.kind) - set(TaskKind))
    if unknown:
        raise InputError([f"--kind: found {', '.join(unknown)}; kinds are {', '.join(TaskKind)}"])
    kinds = {TaskKind(kind) for kind in arguments.kind}
    groups = {Group(group) for group in arguments.group}
    # A landline's task is one of an address: in which group it stands shows only beside the patient's number.
    groups |= {Group.UNDELIVERED} if Group.LANDLINE in groups else set()
    kinds |= {kind for kind, group in GROUPS.items() if group in groups}
    return Filter(arguments.clinic, kinds or None, owner, arguments.unassigned)


def _list(arguments: Namespace, shown: Worklist, environment: Mapping[str, str]) -> None:
    lines = [line for line in shown.lines if not arguments.group or line.group in arguments.group or arguments.kind]
    chosen = Worklist(shown.now, lines)
    if arguments.json:
        document = {"now": iso(chosen.now), "tasks": [to_document(line, chosen.now) for line in chosen.lines]}
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        print("\n".join(listing(chosen, room(), environment)))


def _show(arguments: Namespace, line: TaskLine, now: datetime, environment: Mapping[str, str]) -> None:
    if arguments.json:
        print(json.dumps(to_document(line, now), ensure_ascii=False, indent=2))
    else:
        print("\n".join(story(line, now, room(), environment)))


def _work(deps: Deps, arguments: Namespace) -> TaskLine:
    by = author(arguments.by)
    match arguments.verb:
        case "take":
            return take_task(deps, arguments.id, by=by)
        case "assign":
            return assign_task(deps, arguments.id, to=arguments.to, by=by)
        case "done":
            return resolve_task(deps, arguments.id, _resolution(arguments), by=by)
        case _:
            return reopen_task(deps, arguments.id, by=by, note=arguments.note)


def _report(arguments: Namespace, line: TaskLine, now: datetime) -> None:
    if arguments.json:
        print(json.dumps(to_document(line, now), ensure_ascii=False, indent=2))
        return
    task = line.task
    about = f"{line.short_id} ({TITLES[task.kind]}{f', {line.name}' if line.name is not None else ''})"
    match arguments.verb:
        case "take":
            print(f"{about} is {task.owner}'s, due {told(line.due_at, now)}. {line.next_action}")
        case "assign":
            print(f"{about} is {task.owner}'s, due {told(line.due_at, now)}")
        case "done":
            print(f"{about} is resolved: {_resolution(arguments).told}")
        case _:
            print(f"{about} is open again. {line.next_action}")


def _resolution(arguments: Namespace) -> Resolution:
    return Resolution(Outcome(arguments.outcome), arguments.note, arguments.confirmed, arguments.ride_arranged)


def to_document(line: TaskLine, now: datetime) -> dict[str, object]:
    """Return everything about a task for programs. Instants are UTC."""
    task, sent = line.task, line.about_message
    return {
        "id": str(line.id),
        "short_id": line.short_id,
        "kind": task.kind,
        "group": line.group,
        "title": TITLES[task.kind],
        "next_action": line.next_action,
        "urgency": task.urgency,
        "reason": task.reason,
        "doubt": task.doubt,
        "opened_at": _iso(task.opened_at),
        "due_at": iso(line.due_at),
        "is_overdue": task.resolved_at is None and line.due_at < now,
        "clinic": line.clinic,
        "patient": line.patient,
        "name": line.name,
        "session": line.session,
        "starts_at": _iso(line.starts_at),
        "timezone": line.timezone,
        "said": _said(line),
        "message": sent and {"at": iso(sent.at), "kind": sent.kind, "state": sent.state, "reason": sent.reason},
        "owner": task.owner,
        "acknowledged_at": _iso(task.acknowledged_at),
        "acknowledged_by": task.acknowledged_by,
        "resolved_at": _iso(task.resolved_at),
        "resolved_by": task.resolved_by,
        "outcome": task.outcome,
        "note": task.note,
    }


def _said(line: TaskLine) -> dict[str, object] | None:
    said = line.said
    if said is None:
        return None
    return {
        "at": iso(said.at),
        "text": said.text,
        "pictures": said.media_count,
        "intents": list(said.intents),
        "decision": said.decision,
        "evidence": [
            {"intent": item.intent, "words": item.words, "rule": item.rule}
            for item in proofs(said.text, said.understood)
        ],
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else iso(at)
