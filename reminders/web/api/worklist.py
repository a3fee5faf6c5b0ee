"""`/worklist`: what needs a person, taken over and resolved from another program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from reminders.core.api_keys import Scope
from reminders.core.errors import ConflictError, InputError
from reminders.core.tasks import TaskKind
from reminders.services.read_feed import read_tasks
from reminders.services.read_worklist import TaskLine
from reminders.services.work_tasks import Resolution, resolve_task, take_task
from reminders.web.api import documents, shapes
from reminders.web.api.auth import Caller, Calling, KeyedRoute, needs
from reminders.web.api.openapi import answers
from reminders.web.api.paging import Paged, cursor, row_after
from reminders.web.api.problem import Kind, ProblemError, Wrong

router = APIRouter(prefix="/worklist", route_class=KeyedRoute, tags=["worklist"])

MEMBERS = {"--confirmed": "/is_confirmed", "--ride-arranged": "/is_ride_arranged", "--note": "/note"}
"""Where in the body stands what the command line has in these options."""


@router.get(
    "", operation_id="listTasks", openapi_extra=needs(Scope.READ), responses=answers(), summary="List open tasks"
)
def list_tasks(
    caller: Calling,
    pages: Paged,
    kind: Annotated[list[TaskKind], Query(max_length=50, description="Only these.")] = [],  # noqa: B006 - FastAPI copies it
) -> shapes.Tasks:
    """Return the clinic's open tasks, the oldest first. What is most pressing `urgency` and `due_at` tell."""
    question = ["worklist", *sorted(kind)]
    place, limit = row_after(pages.text, question), pages.limit
    found = read_tasks(caller.deps, caller.clinic.id, kinds=kind, after=place, limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    following = None
    if last is not None and last.task.opened_at is not None:
        following = cursor(question, last.task.opened_at.isoformat(), str(last.id))
    pages.link("cursor", following)
    now = caller.deps.clock.now()
    return shapes.Tasks(items=[documents.task(line, now) for line in found[:limit]], next=following)


@router.post(
    "/{task_id}/take",
    operation_id="takeTask",
    openapi_extra=needs(Scope.WRITE),
    responses=answers(404, 409),
    summary="Take a task over",
)
def take(caller: Calling, task_id: UUID) -> shapes.Task:
    """Make a task the key's own; an alarm behind it stops climbing. 409 where somebody else was first."""
    return _worked(caller, lambda: take_task(caller.deps, str(task_id), by=caller.who.name, who=caller.who))


@router.post(
    "/{task_id}/resolve",
    operation_id="resolveTask",
    openapi_extra=needs(Scope.WRITE),
    responses=answers(404, 409),
    summary="Resolve a task",
)
def resolve(caller: Calling, task_id: UUID, body: shapes.Ending) -> shapes.Task:
    """End a task, and record what was learned with it. 409 where it is resolved already."""
    ending = Resolution(body.outcome, body.note.strip(), body.is_confirmed, body.is_ride_arranged)
    return _worked(caller, lambda: resolve_task(caller.deps, str(task_id), ending, by=caller.who.name, who=caller.who))


def _worked(caller: Caller, work: Callable[[], TaskLine]) -> shapes.Task:
    try:
        line = work()
    except InputError as error:
        wrong = [
            Wrong(fault, pointer=MEMBERS[option]) for fault in error.faults for option in MEMBERS if option in fault
        ]
        if wrong:
            raise ProblemError(Kind.INVALID_REQUEST, wrong=wrong) from error
        raise ConflictError(str(error)) from error
    return documents.task(line, caller.deps.clock.now())
