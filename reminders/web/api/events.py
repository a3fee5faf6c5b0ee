"""`/events`: what happened at the clinic, in an order that never changes, for programs that follow it."""

from __future__ import annotations

from fastapi import APIRouter

from reminders.core.api_keys import Scope
from reminders.core.feed import Told
from reminders.services.read_feed import FeedPage, read_events, session_of
from reminders.web.api import shapes
from reminders.web.api.auth import Calling, KeyedRoute, needs
from reminders.web.api.openapi import answers
from reminders.web.api.paging import Followed, cursor, number_after

router = APIRouter(prefix="/events", route_class=KeyedRoute, tags=["events"])

QUESTION = ["events"]


@router.get(
    "", operation_id="listEvents", openapi_extra=needs(Scope.READ), responses=answers(), summary="Follow what happens"
)
def list_events(caller: Calling, pages: Followed) -> shapes.Events:
    """Return what happened behind a cursor, from the beginning without one. Ask again with `next` as `after`.

    An event can be seen once what it tells of is committed, and nothing is ever put in before it.
    """
    number, limit = number_after(pages.text, QUESTION), pages.limit
    page = read_events(caller.deps, caller.clinic.id, number, limit=limit + 1)
    shown = page.items[:limit]
    following = cursor(QUESTION, str(shown[-1].number if shown else number))
    is_more = len(page.items) > limit
    pages.link("after", following)
    return shapes.Events(items=[_event(item, page) for item in shown], next=following, is_more=is_more)


def _event(item: Told, page: FeedPage) -> shapes.Event:
    session = next((page.sessions.get(key) for key in session_of(item)), None)
    facts = {name: value for name, value in item.facts.items() if name != "appointment"}
    return shapes.Event.model_validate(
        {
            "id": item.id,
            "number": item.number,
            "kind": item.kind,
            "about": item.subject,
            "about_id": (session if item.subject == "appointment" else None) or str(item.row),
            "patient": page.people.get(item.patient_id) if item.patient_id is not None else None,
            "appointment": session,
            "happened_at": item.happened_at,
            "facts": facts,
        }
    )
